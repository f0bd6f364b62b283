//! Bytes that a capture holds again, or later than bytes sent after them: the rule that explains them, and its proof.

use std::num::NonZeroU64;

use super::capture_point::CapturePoint;
use super::cause::{Candidates, Cause};
use super::tcp::rules::Rule;
use super::tcp::rules::retransmission::{RetransmissionFamily, Transmission};
use crate::model::{Direction, Nanos};

/// A segment whose bytes were in the capture before, or should have been, and the rule that explains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retransmission {
    /// The rule that applies: its cause, its label, its sentences, its consequences.
    pub rule: &'static Rule<RetransmissionFamily>,
    /// The frames, counts and times that the rule's sentences are made of.
    pub proof: RetransmissionProof,
}

/// The frames, counts and times that prove why a segment was retransmitted, duplicated or late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetransmissionProof {
    /// The frame that carried the bytes first; `None` when there is none in the capture, or it is forgotten.
    pub original: Option<u64>,
    /// The frame that carried the last of the bytes first, where that is another one; of bytes that were captured only
    /// partly, one that carried a part.
    pub through: Option<NonZeroU64>,
    /// The transmission before this one, where it is not the original.
    pub last: Option<NonZeroU64>,
    /// The time since the bytes were sent last.
    pub after: Option<Nanos>,
    /// The frame that decides beside the original: the first ACK that reported the gap, the ACK that covers the bytes, the
    /// ICMP error, the frame that showed the gap, the answer to a SYN.
    pub witness: Option<u64>,
    /// A second such frame: the last of several ACKs, the frame that began a recovery, the probe that restarted a timer.
    pub second: Option<NonZeroU64>,
    /// A count: of the ACKs that reported the gap, of the time-outs in a row, of this handshake segment's retransmissions.
    pub count: u32,
    /// A number that the rule's sentences need beside the frames.
    pub number: u64,
    /// A time: the wait of the timer since it was restarted.
    pub wait: Option<Nanos>,
    /// Payload bytes that the segment brings for the first time, behind those that it repeats.
    pub fresh: u32,
    /// The capture's knowledge of the first copy.
    pub first_copy: FirstCopy,
    /// The header fields that show a duplicate, or an older or newer packet.
    pub marks: PacketIds,
    /// The side of the path that the capture shows, as far as was known by then.
    pub view: View,
    /// A circumstance that the rule distinguishes in its sentences.
    pub detail: ProofDetail,
}

/// The side of the path that a capture shows, as seen by the sender of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// At the sender: what it sent, and what reached it.
    Sender,
    /// At the receiver: what reached it, and what it answered.
    Receiver,
    /// Both ends are on the capturing host.
    Both,
    /// Between the endpoints, or unknown.
    #[default]
    Elsewhere,
}

impl View {
    /// The view of `sender`'s segments from a capture point.
    pub fn of(capture_point: Option<CapturePoint>, sender: Direction) -> Self {
        match (capture_point, sender) {
            (Some(CapturePoint::SameHost), _) => Self::Both,
            (Some(CapturePoint::Client), Direction::ClientToServer)
            | (Some(CapturePoint::Server), Direction::ServerToClient) => Self::Sender,
            (Some(CapturePoint::Client | CapturePoint::Server), _) => Self::Receiver,
            (Some(CapturePoint::Between) | None, _) => Self::Elsewhere,
        }
    }

    /// Whether a packet in the capture has reached its receiver's host.
    pub fn shows_arrival(self) -> bool {
        matches!(self, Self::Receiver | Self::Both)
    }
}

/// A circumstance that a rule distinguishes in its sentences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProofDetail {
    /// None.
    #[default]
    Plain,
    /// The one that the rule names its alternative.
    Alternative,
}

/// The header fields that tell a packet from others. None of them: only the time tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketIds {
    /// The IP identification (RFC 6864).
    pub ip_id: bool,
    /// The timestamp (RFC 7323 §3).
    pub timestamp: bool,
}

impl PacketIds {
    /// Those that a packet carries; an identification of 0 tells nothing.
    pub fn carried(ip_id: Option<u16>, timestamp: Option<u32>) -> Self {
        Self { ip_id: ip_id.is_some_and(|id| id != 0), timestamp: timestamp.is_some() }
    }

    /// Their names; `None` where there is none.
    pub fn name(self) -> Option<&'static str> {
        match (self.ip_id, self.timestamp) {
            (true, true) => Some("IP identification and timestamp"),
            (true, false) => Some("IP identification"),
            (false, true) => Some("timestamp"),
            (false, false) => None,
        }
    }
}

impl Retransmission {
    /// One without proof, by the first rule with this finding code.
    #[cfg(test)]
    pub fn of_code(code: crate::model::FindingCode) -> Self {
        let rules = super::tcp::rules::retransmission::RETRANSMISSION;
        let rule = rules.iter().find(|rule| rule.code == code).expect("a rule has this code");
        Self { rule, proof: RetransmissionProof::default() }
    }

    /// A captured duplicate of the packet in frame `original`.
    pub(super) fn duplicate(original: u64) -> Self {
        let (original, first_copy) = (Some(original), FirstCopy::Captured);
        let proof = RetransmissionProof { original, first_copy, ..RetransmissionProof::default() };
        Self { rule: &super::tcp::rules::retransmission::SAME_PACKET, proof }
    }

    /// The event that made the sender send it.
    pub fn cause(&self) -> Cause {
        (self.rule.cause)(&self.proof)
    }

    /// The events that fit, where the cause is unknown.
    pub fn candidates(&self) -> Candidates {
        (self.rule.candidates)(&self.proof)
    }

    /// How many of its `len` payload bytes the capture did not hold before.
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

    /// Whether the bytes may not have arrived before: what is answered then may be this copy.
    pub fn may_arrive_first(&self) -> bool {
        !self.is_duplicate() && !self.is_spurious()
    }

    /// Whether its sender retransmitted the bytes, as far as the capture shows: neither a duplicate nor late.
    pub fn is_retransmitted(&self) -> bool {
        matches!(self.rule.effect.transmission, Transmission::Retransmitted | Transmission::Spurious)
    }
}

/// The capture's knowledge of the first copy of bytes that are retransmitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstCopy {
    /// It is in the capture.
    Captured,
    /// It is in the capture, with an invalid checksum: if it arrived so, its receiver discarded it.
    Corrupted,
    /// The capture shows a gap instead of it.
    NotCaptured,
    /// So many bytes fill a gap; the others are in the capture, and the segment before had other boundaries.
    Partly(u32),
    /// It is not in the capture, or is no longer remembered.
    #[default]
    NotKnown,
}

/// Why bytes reached their receiver twice, as a DSACK reports (RFC 2883).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DsackReport {
    /// This frame retransmitted them, and the copy in `other` arrived too; 0 where that is any earlier one.
    Retransmitted {
        /// The retransmission.
        again: u64,
        /// A late original that arrived behind it, or 0.
        other: u64,
    },
    /// Not all that this frame retransmitted, but so many bytes of it.
    Partly {
        /// The frame.
        again: u64,
        /// The bytes.
        bytes: u32,
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
        /// How soon it comes after that copy, where that tells: in less than half the time that a round trip takes.
        after: Option<Nanos>,
    },
    /// The first one with an invalid checksum, of which no other copy is in the capture.
    Misfit {
        /// Its frame.
        frame: NonZeroU64,
    },
    /// One that is not in the capture, instead of one with an invalid checksum.
    Unseen {
        /// The frame with the invalid checksum.
        frame: NonZeroU64,
        /// The first ACK that had reported a gap in its place.
        told_by: NonZeroU64,
    },
    /// The only one: SACK had reported a gap in its place, and it was not retransmitted, so it arrived late.
    Late {
        /// The frame of the first late byte.
        frame: NonZeroU64,
        /// The first ACK whose SACK had reported the gap.
        told_by: NonZeroU64,
    },
}
