//! Bytes that a capture holds again, or later than bytes sent after them: the rule that explains them, and its proof.

use std::num::NonZeroU64;

use super::cause::{Candidates, Cause};
use super::retransmission_proof::{FirstCopy, RetransmissionProof};
use super::tcp::rules::retransmission::family::{RetransmissionFamily, Transmission};
use super::tcp::rules::rule::Rule;
use crate::model::Nanos;

/// A segment whose bytes were in the capture before, or should have been, and the rule that explains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retransmission {
    /// The rule that applies: its cause, its label, its sentences, its consequences.
    pub rule: &'static Rule<RetransmissionFamily>,
    /// The frames, counts and times that the rule's sentences are made of.
    pub proof: RetransmissionProof,
}

impl Retransmission {
    /// One without proof, by the first rule with this finding code.
    #[cfg(test)]
    pub fn of_code(code: crate::model::FindingCode) -> Self {
        let rules = super::tcp::rules::retransmission::RETRANSMISSION;
        let rule = rules.iter().find(|rule| rule.code == code).expect("a rule has this code");
        Self { rule, proof: RetransmissionProof::default() }
    }

    /// The event that made the sender send it.
    pub fn cause(&self) -> Cause {
        (self.rule.cause)(&self.proof)
    }

    /// The events that fit, where the cause is unknown.
    pub fn candidates(&self) -> Candidates {
        (self.rule.candidates)(&self.proof)
    }

    /// Returns the number of its `len` payload bytes that the capture did not hold before.
    pub(super) fn brings(&self, len: u32) -> u32 {
        match self.proof.first_copy {
            FirstCopy::NotCaptured => len,
            FirstCopy::Partly(skipped) => skipped.saturating_add(self.proof.fresh).min(len),
            FirstCopy::Captured | FirstCopy::Corrupted | FirstCopy::NotKnown => self.proof.fresh.min(len),
        }
    }

    /// The same packet twice: TCP sent it once.
    pub fn is_duplicate(&self) -> bool {
        self.rule.effect.transmission == Transmission::Duplicate
    }

    /// Sent once, and late; or, for one that fills a gap, possibly so.
    pub fn may_be_late(&self) -> bool {
        matches!(
            self.rule.effect.transmission,
            Transmission::Late | Transmission::CapturedLate | Transmission::LateOrRetransmitted
        )
    }

    /// Sent once, and overtaken or captured late.
    pub fn is_late(&self) -> bool {
        matches!(self.rule.effect.transmission, Transmission::Late | Transmission::CapturedLate)
    }

    /// Captured behind the ACK that covers it: the capture is out of order.
    pub fn is_captured_late(&self) -> bool {
        self.rule.effect.transmission == Transmission::CapturedLate
    }

    /// Retransmitted although the bytes had arrived, as an ACK or SACK before it says.
    pub fn is_spurious(&self) -> bool {
        self.rule.effect.transmission == Transmission::Spurious
    }

    /// Returns `true` if the bytes may not have arrived before. An answer may then be to this copy.
    pub fn may_arrive_first(&self) -> bool {
        !self.is_duplicate() && !self.is_spurious()
    }

    /// Returns `true` if its sender retransmitted the bytes, as far as the capture shows: neither a duplicate nor late.
    pub fn is_retransmitted(&self) -> bool {
        matches!(self.rule.effect.transmission, Transmission::Retransmitted | Transmission::Spurious)
    }
}

/// The reason why bytes reached their receiver twice, as a DSACK reports (RFC 2883).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DsackReport {
    /// This frame retransmitted them, and the copy in `other` arrived too; 0 where that is any earlier one.
    Retransmitted {
        /// The retransmission.
        again: u64,
        /// A late original that arrived behind it, or 0.
        other: u64,
    },
    /// A part of the bytes that this frame retransmitted.
    Partly {
        /// The frame.
        again: u64,
        /// The bytes.
        bytes: u32,
        /// Its FIN arrived twice, too.
        fin: bool,
    },
    /// Several transmissions, from frame `first` to frame `last`; which of them arrived is unknown.
    OneOf {
        /// The first of these.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The network duplicated the packet.
    Duplicated {
        /// The frame that carried them.
        first: u64,
        /// The duplicate, where it is in the capture.
        copy: Option<NonZeroU64>,
    },
    /// Transmissions that are not in the capture, or are no longer remembered; the frame that carried them once, or 0.
    Unknown {
        /// The frame, or 0.
        once: u64,
    },
}

/// Evidence in an ACK about which copy of the bytes it acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpuriousEvidence {
    /// It is not of the copy in frame `again`: an earlier one had arrived. It echoes a timestamp older than that copy's
    /// (RFC 3522), or comes too soon after it.
    Earlier {
        /// The copy that was not needed.
        again: NonZeroU64,
        /// The frame that carried the bytes first.
        first: NonZeroU64,
        /// The time since that copy, where it is evidence: less than half a round trip.
        after: Option<Nanos>,
        /// `true` if the first transmission arrived; otherwise the first or a retransmission before this one did.
        original: bool,
    },
    /// The first one with an invalid checksum, of which no other copy is in the capture.
    BadChecksum {
        /// Its frame.
        frame: NonZeroU64,
    },
    /// One that is not in the capture, instead of one with an invalid checksum.
    Unseen {
        /// The frame with the invalid checksum.
        frame: NonZeroU64,
        /// The first ACK that had reported a gap in its place.
        reported_by: NonZeroU64,
    },
    /// The only one: SACK had reported a gap in its place, and it was not retransmitted, so it arrived late.
    Late {
        /// The frame of the first late byte.
        frame: NonZeroU64,
        /// The first ACK whose SACK had reported the gap.
        reported_by: NonZeroU64,
    },
}
