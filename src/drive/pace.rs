//! Holds programs up that send faster than their packets can be captured.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::model::Side;

/// What a send takes of the stretches beyond its bytes: headers and the ACK.
const PER_SEND: u64 = 512;

/// After so many bytes the program that has sent them waits until the captures have taken everything. Clones are the same.
#[derive(Clone)]
pub struct Pace(Arc<Shared>);

struct Shared {
    client_stretch: u64,
    server_stretch: u64,
    catch_up: Box<dyn Fn() + Send + Sync>,
    /// Bytes sent since the last wait.
    since: AtomicU64,
    /// Programs that wait.
    holding: AtomicUsize,
    /// Waits begun, and waits ended.
    holds: AtomicU64,
}

impl Pace {
    /// `catch_up` returns when the captures have taken everything. It is called by a client when `client_stretch` bytes were
    /// sent since the last time, by whichever program, and by a server when `server_stretch` were.
    pub fn new(client_stretch: u64, server_stretch: u64, catch_up: impl Fn() + Send + Sync + 'static) -> Self {
        let catch_up = Box::new(catch_up);
        let (since, holding, holds) = Default::default();
        Self(Arc::new(Shared { client_stretch, server_stretch, catch_up, since, holding, holds }))
    }

    /// The program of `side` has sent so many bytes; returns when it may go on.
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
        shared.holding.fetch_add(1, Ordering::SeqCst);
        shared.holds.fetch_add(1, Ordering::SeqCst);
        (shared.catch_up)();
        shared.holds.fetch_add(1, Ordering::SeqCst);
        shared.holding.fetch_sub(1, Ordering::SeqCst);
    }

    /// To be kept for [`Pace::held_since`].
    pub(super) fn mark(&self) -> u64 {
        self.0.holds.load(Ordering::SeqCst)
    }

    /// Whether a program was held up at any time since the mark was made: the other may have waited for it.
    pub(super) fn held_since(&self, mark: u64) -> bool {
        self.0.holding.load(Ordering::SeqCst) > 0 || self.mark() != mark
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_waits_after_its_stretch() {
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
        let mark = pace.mark();
        assert!(!pace.held_since(mark));
        assert_eq!(waits(Side::Client, 1), 1);
        assert!(pace.held_since(mark) && !pace.held_since(pace.mark()));
        assert_eq!(waits(Side::Client, 9_000), 0, "counted anew");
        assert_eq!(waits(Side::Server, 10_000), 1);
        assert_eq!((0..19).map(|_| waits(Side::Client, 0)).sum::<usize>(), 0);
        assert_eq!(waits(Side::Client, 0), 1, "sends without bytes are packets too");
    }

    #[test]
    fn who_waits_meanwhile_is_told() {
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
        let mark = pace.mark();
        assert!(pace.held_since(mark), "it has not ended");
        end.send(()).unwrap();
        thread.join().unwrap();
        assert!(pace.held_since(mark), "it ended after the mark");
        assert!(!pace.held_since(pace.mark()));
    }
}
