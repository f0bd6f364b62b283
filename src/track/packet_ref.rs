//! A captured packet: its frame, time and direction.

use std::num::NonZeroU64;

use crate::model::{Direction, Nanos, OptTime, Unknown};

/// The frame and the time at which a segment was captured.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketRef {
    pub(super) frame: u64,
    /// Time since the conversation's start.
    pub(super) at: OptTime,
    pub(super) direction: Direction,
    /// The fields that the source does not show.
    pub(super) unknown: Unknown,
}

impl PacketRef {
    /// The frame and its time, to be kept.
    pub(super) fn place(&self) -> Option<(NonZeroU64, OptTime)> {
        Some((NonZeroU64::new(self.frame)?, self.at))
    }

    /// Returns the time from `then` to this packet; `None` where either time is unknown.
    #[inline]
    pub(super) fn since(&self, then: OptTime) -> Option<Nanos> {
        self.at.since(then)
    }
}
