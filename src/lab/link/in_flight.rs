//! A frame in transit, ordered by its arrival.

use std::cmp::Ordering;
use std::time::Duration;

use super::log::LinkFrame;

/// A frame in transit.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) due: Duration,
    /// Frames that are due at the same time arrive in this order.
    pub(super) serial: u64,
    pub(super) frame: LinkFrame,
    pub(super) bytes: Vec<u8>,
}

impl Ord for InFlight {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.serial).cmp(&(other.due, other.serial))
    }
}

impl PartialOrd for InFlight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for InFlight {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for InFlight {}
