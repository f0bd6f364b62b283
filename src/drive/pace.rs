//! Delays programs that send faster than their packets can be captured.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::Side;

/// Bytes that a send adds to the count beyond its data: headers and the ACK.
const PER_SEND: u64 = 512;

/// Delays a program, after a number of bytes, until the captures have taken every packet. Clones share the same count.
#[derive(Clone)]
pub struct Pace(Arc<Shared>);

struct Shared {
    client_stretch: u64,
    server_stretch: u64,
    catch_up: Box<dyn Fn() + Send + Sync>,
    /// Bytes sent since the last wait.
    since: AtomicU64,
    held: Mutex<Delays>,
}

/// The time for which programs were delayed.
#[derive(Debug, Default)]
struct Delays {
    /// The number of programs waiting.
    holding: usize,
    /// The time from which on at least one has been waiting.
    since: Option<Instant>,
    /// The total of earlier delays.
    total: Duration,
}

impl Pace {
    /// `catch_up` returns when the captures have taken every packet. A client calls it once both programs have sent
    /// `client_stretch` bytes since the last call, a server once they have sent `server_stretch`.
    pub fn new(client_stretch: u64, server_stretch: u64, catch_up: impl Fn() + Send + Sync + 'static) -> Self {
        let catch_up = Box::new(catch_up);
        let (since, held) = Default::default();
        Self(Arc::new(Shared { client_stretch, server_stretch, catch_up, since, held }))
    }

    /// Counts `bytes` sent by the program of `side`; returns when the program may continue.
    pub(super) fn sent(&self, side: Side, bytes: u64) {
        let shared = &self.0;
        let stretch = match side {
            Side::Client => shared.client_stretch,
            Side::Server => shared.server_stretch,
        };
        let sent = bytes.saturating_add(PER_SEND);
        if shared.since.fetch_add(sent, Ordering::Relaxed).saturating_add(sent) < stretch {
            return;
        }
        shared.since.store(0, Ordering::Relaxed);
        shared.change(|held, now| {
            held.holding += 1;
            held.since.get_or_insert(now);
        });
        (shared.catch_up)();
        shared.change(|held, now| {
            held.holding = held.holding.saturating_sub(1);
            if held.holding == 0
                && let Some(since) = held.since.take()
            {
                held.total = held.total.saturating_add(now.saturating_duration_since(since));
            }
        });
    }

    /// The total time for which any program has been delayed: the other may have waited for it.
    pub(super) fn held(&self) -> Duration {
        let now = |held: &mut Delays, now: Instant| {
            held.total.saturating_add(held.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since)))
        };
        self.0.change(now)
    }
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut Delays, Instant) -> T) -> T {
        change(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner), Instant::now())
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn each_side_pauses_after_its_share() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let pace = Pace::new(10_000, 20_000, move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let waits = |side, bytes| {
            let before = calls.load(Ordering::SeqCst);
            pace.sent(side, bytes);
            calls.load(Ordering::SeqCst) - before
        };
        assert_eq!(waits(Side::Client, 9_000), 0);
        assert_eq!(waits(Side::Server, 9_000), 0, "a server goes on while a client may wait instead");
        assert_eq!(pace.held(), Duration::ZERO);
        assert_eq!(waits(Side::Client, 1), 1);
        assert!(pace.held() == pace.held(), "nobody is held up now");
        assert_eq!(waits(Side::Client, 9_000), 0, "counted anew");
        assert_eq!(waits(Side::Server, 10_000), 1);
        assert_eq!((0..19).map(|_| waits(Side::Client, 0)).sum::<usize>(), 0);
        assert_eq!(waits(Side::Client, 0), 1, "sends without bytes are packets too");
    }

    #[test]
    fn time_of_an_unfinished_delay_counts() {
        let (begun, begins) = std::sync::mpsc::sync_channel(0);
        let (end, ends) = std::sync::mpsc::sync_channel::<()>(0);
        let ends = std::sync::Mutex::new(ends);
        let pace = Pace::new(1, 1, move || {
            begun.send(()).unwrap();
            ends.lock().unwrap().recv().unwrap();
        });
        let held = pace.clone();
        let thread = std::thread::spawn(move || held.sent(Side::Server, 1));
        begins.recv().unwrap();
        let mark = pace.held();
        std::thread::sleep(Duration::from_millis(1));
        assert!(pace.held() > mark, "it has not ended");
        end.send(()).unwrap();
        thread.join().unwrap();
        let held = pace.held();
        assert!(held > mark && held == pace.held(), "it ended after the mark");
    }
}
