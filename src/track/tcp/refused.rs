//! The last segment that a receiver did not accept, and what it changes if it was acceptable nevertheless.

use std::num::NonZeroU64;

use super::fin::Fin;
use super::segment::SentSegment;
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
    /// Its ACK number lies beyond all that its receiver has sent in the capture.
    pub(in crate::track::tcp) ahead: bool,
    /// Kept while packets missing from the capture could still make it acceptable.
    pub(in crate::track::tcp) kept: Option<Kept>,
}

/// A segment that is acceptable if the capture lacks packets of its receiver: what it changes then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(in crate::track::tcp) sent: SentSegment,
    pub(in crate::track::tcp) fin: Option<Fin>,
    /// The receiver's next number by the capture, where the ACK number lies beyond it.
    pub(in crate::track::tcp) next: Option<SeqNumber>,
}
