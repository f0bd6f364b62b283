//! The last segment that a receiver did not accept.

use std::num::NonZeroU64;

use crate::model::SeqNumber;

/// The receiver's reaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It discards the segment silently.
    Nothing,
    /// It discards the segment and sends an ACK with its own numbers.
    Ack,
}

/// The last segment of a side that its peer does not accept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(in crate::track::tcp) frame: NonZeroU64,
    pub(in crate::track::tcp) seq: SeqNumber,
    pub(in crate::track::tcp) end: SeqNumber,
    pub(in crate::track::tcp) ack: SeqNumber,
    pub(in crate::track::tcp) reaction: Reaction,
}
