//! What the programs did, kept beside what the network saw.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::{Call, CallKind, Endpoint, Side, Timestamp};

/// The calls of one side, in the order in which they returned. Clones write to the same transcript.
#[derive(Clone, Debug)]
pub struct Transcript {
    side: Side,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Transcript {
    /// Calls kept; later ones are not noted, so that a long-lived server's memory has an end.
    pub const LIMIT: usize = 100_000;

    /// An empty transcript of `side`.
    pub fn new(side: Side) -> Self {
        Self { side, calls: Arc::default() }
    }

    /// Notes a call that has just returned.
    pub fn note(&self, connection: u64, peer: Option<Endpoint>, kind: CallKind) {
        let time = now();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() < Self::LIMIT {
            calls.push(Call { time, side: self.side, connection, peer, kind });
        }
    }

    /// Takes what was noted so far.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The clock that stamps captured frames: `CLOCK_REALTIME`.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
}
