//! The wish of who makes traffic that the ring be emptied before more is made.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Waits until a capture has taken everything out of its ring. Clones are of the same capture.
#[derive(Clone, Debug)]
pub(crate) struct Drainer(Arc<Shared>);

/// The capture's end of it.
#[derive(Debug)]
pub(super) struct DrainReceiver {
    shared: Arc<Shared>,
    pub(super) asked: PipeReader,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<DrainState>,
    done: Condvar,
    /// Wakes the capture.
    ask: PipeWriter,
}

#[derive(Debug, Default)]
struct DrainState {
    asked: u64,
    done: u64,
    /// Batches that were handed over.
    progress: u64,
    /// The capture has ended.
    over: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, DrainState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both ends.
///
/// # Errors
/// If the system gives no pipe.
pub(super) fn pair() -> io::Result<(Drainer, DrainReceiver)> {
    let (asked, ask) = io::pipe()?;
    let shared = Arc::new(Shared { state: Mutex::default(), done: Condvar::new(), ask });
    Ok((Drainer(Arc::clone(&shared)), DrainReceiver { shared, asked }))
}

impl Drainer {
    /// Returns when every block that the kernel has filled by now is taken out of the ring, or when no reader has read
    /// anything of the capture for as long as `stuck`.
    pub(crate) fn drain(&self, stuck: Duration) {
        let mut state = self.0.state();
        state.asked += 1;
        let request = state.asked;
        // a capture that has ended fills no ring; the pipe is never full: there are fewer threads than it has room
        if state.over || (&self.0.ask).write(&[1]).is_err() {
            return;
        }
        let mut seen = state.progress;
        let mut deadline = Instant::now() + stuck;
        while state.done < request && !state.over {
            if state.progress != seen {
                (seen, deadline) = (state.progress, Instant::now() + stuck);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.0.done.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl DrainReceiver {
    /// Takes the wishes before the ring is emptied; `is_asked` says that there is something to read.
    pub(super) fn take(&mut self, is_asked: bool) -> u64 {
        if is_asked {
            let mut bytes = [0; 64];
            // what is left wakes the capture again
            let _ = self.asked.read(&mut bytes);
        }
        self.shared.state().asked
    }

    /// The reader has taken something.
    pub(super) fn progressed(&self) {
        self.shared.state().progress += 1;
        self.shared.done.notify_all();
    }

    /// The ring is empty: the wishes that were taken before are met.
    pub(super) fn complete(&self, asked: u64) {
        let mut state = self.shared.state();
        if state.done < asked {
            state.done = asked;
            self.shared.done.notify_all();
        }
    }
}

impl Drop for DrainReceiver {
    fn drop(&mut self) {
        self.shared.state().over = true;
        self.shared.done.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flush_request_is_answered_by_the_next_ring_drain() -> io::Result<()> {
        let (drainer, mut drain_receiver) = pair()?;
        let other = drainer.clone();
        let waiting = std::thread::spawn(move || other.drain(Duration::from_secs(3600)));
        let mut byte = [0; 1];
        drain_receiver.asked.read_exact(&mut byte)?;
        let asked = drain_receiver.take(false);
        assert_eq!(asked, 1);
        drain_receiver.complete(asked);
        assert!(waiting.join().is_ok());
        // this request is never completed
        drainer.drain(Duration::from_millis(1));
        Ok(())
    }

    #[test]
    fn ended_capture_blocks_nobody() -> io::Result<()> {
        let (drainer, drain_receiver) = pair()?;
        let other = drainer.clone();
        let waiting = std::thread::spawn(move || other.drain(Duration::from_secs(3600)));
        drop(drain_receiver);
        assert!(waiting.join().is_ok());
        drainer.drain(Duration::from_secs(3600));
        Ok(())
    }
}
