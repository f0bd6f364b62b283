//! Bytes that come again, or late: which, and what shows why.

use std::num::NonZeroU64;

use super::tcp::rules::Rule;
use super::tcp::rules::handshake::{HandshakeRetry, RetryProof};
use crate::model::Nanos;

/// A segment whose bytes come again, or later than bytes sent after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retransmission {
    /// What it is.
    pub cause: RetransmitCause,
    /// The frame that carried the bytes before; `None` when there is none in the capture, or it is forgotten.
    pub original: Option<u64>,
    /// How long after the bytes were sent last.
    pub after: Option<Nanos>,
    /// The frame that decides the verdict beside the original: the ACK, the hole's frame, the duplicate ACK. For a SYN
    /// or SYN-ACK, the peer's segment that answered it before, or that it answers again.
    pub witness: Option<u64>,
    /// The frame that carried the last of the bytes before, where that is another one; of bytes that came only partly
    /// before, one that carried a part.
    pub through: Option<NonZeroU64>,
    /// The copy before this one, where it is not the original: `after` counts from it.
    pub last: Option<NonZeroU64>,
    /// How many payload bytes it brings for the first time, behind those that come again.
    pub fresh: u32,
    /// What is known of the first copy.
    pub first_copy: FirstCopy,
    /// What shows that it is a copy, or that it is older or newer than others.
    pub marks: PacketIds,
}

/// The marks of a packet that tell it from others. None of them: only the time tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketIds {
    /// The IP identification (RFC 6864).
    pub ip_id: bool,
    /// The time stamp (RFC 7323 §3).
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
            (true, true) => Some("IP identification and time stamp"),
            (true, false) => Some("IP identification"),
            (false, true) => Some("time stamp"),
            (false, false) => None,
        }
    }
}

impl Retransmission {
    /// A repeat whose first copy is in the capture.
    pub(super) fn of(cause: RetransmitCause, original: u64) -> Self {
        let original = Some(original);
        Self { original, first_copy: FirstCopy::Captured, ..Self::unproved(cause) }
    }

    /// A repeat of which nothing else is known.
    pub fn unproved(cause: RetransmitCause) -> Self {
        Self {
            cause,
            original: None,
            after: None,
            witness: None,
            through: None,
            last: None,
            fresh: 0,
            first_copy: FirstCopy::NotKnown,
            marks: PacketIds::default(),
        }
    }

    /// How many of its `len` payload bytes the capture did not hold before.
    pub(super) fn brings(&self, len: u32) -> u32 {
        match self.first_copy {
            FirstCopy::NotCaptured => len,
            FirstCopy::Partly(skipped) => skipped.saturating_add(self.fresh).min(len),
            FirstCopy::Captured | FirstCopy::Damaged | FirstCopy::NotKnown => self.fresh.min(len),
        }
    }

    /// Whether the bytes may not have arrived before: what is answered then may be this copy.
    pub fn may_arrive_first(&self) -> bool {
        !matches!(self.cause, RetransmitCause::DuplicateFrame | RetransmitCause::Spurious(_) | RetransmitCause::Sacked)
    }

    /// Whether its sender sent the bytes again, as far as that can be told: neither a copy nor late.
    pub(super) fn is_sent_again(&self) -> bool {
        use RetransmitCause::{CaptureOutOfOrder, DuplicateFrame, OrderUnknown, Reordered};
        !matches!(self.cause, DuplicateFrame | Reordered | CaptureOutOfOrder | OrderUnknown)
    }
}

/// What is known of the first copy of bytes that come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstCopy {
    /// It is in the capture.
    Captured,
    /// It is in the capture, with a checksum that does not fit: if it arrived so, its receiver threw it away.
    Damaged,
    /// The capture shows a hole in its place.
    NotCaptured,
    /// So many bytes fill a hole; the others are in the capture, and the segment before had other borders.
    Partly(u32),
    /// It is not in the capture, or is no longer remembered.
    NotKnown,
}

/// How long the sender waited before a repeat that nothing asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtoBackoff {
    /// The first one.
    First,
    /// The first one, of a lone last segment: a tail-loss probe waits about as long (RFC 8985 §7.2).
    FirstOfLast,
    /// The first one, though the witness had told of a hole, too long ago to have caused it.
    FirstThoughAsked,
    /// However long, with the receiver's window shut: the repeat asks at the same time whether it has opened.
    ZeroWindow,
    /// Nearly twice the wait before, or more (RFC 6298 §5.5).
    Longer,
    /// Far from twice the wait before.
    NoLonger,
}

/// What a repeated or late segment is, and what shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetransmitCause {
    /// The same packet twice in the capture, as the marks tell, or the time alone.
    DuplicateFrame,
    /// Sent before bytes that were captured earlier: the mark is older, or nothing made its sender send it again so soon.
    Reordered,
    /// The bytes were acknowledged by the witness before they were captured, but sent before: the capture is out of order.
    CaptureOutOfOrder,
    /// The bytes were acknowledged before, by the witness. With the first of the ACKs that told of a hole in their place
    /// before they came, late.
    Spurious(Option<NonZeroU64>),
    /// The witness had said by SACK that the bytes had arrived (RFC 2018).
    Sacked,
    /// Duplicate ACKs or SACK blocks had told of the hole, the witness first.
    Fast {
        /// How many ACKs did.
        acks: u32,
        /// The last of them.
        last: u64,
    },
    /// Data of a SYN, which the SYN-ACK, the witness, did not cover.
    SynDataNotAcked {
        /// The SYN had the option of TCP Fast Open (RFC 7413 §4.2.2).
        fast_open: bool,
    },
    /// The last data in flight, sent again to provoke an ACK (RFC 8985 §7).
    TailLossProbe {
        /// A retransmission timer may have run out, but would send what is not acknowledged before it. Else it could not
        /// have run out yet.
        late: bool,
    },
    /// Sent again after a wait, though a retransmission timer sends what is not acknowledged first (RFC 6298 §5.4).
    NotHeadOfQueue,
    /// No ACK came in time (RFC 6298 §5).
    Timeout {
        /// The how-manieth repeat of these bytes it is.
        nth: u16,
        /// How long it took.
        wait: RtoBackoff,
    },
    /// An ICMP error, the witness, had said that the packet was longer than the next link takes.
    PathMtuDiscovery,
    /// A FIN alone, on an ACK of new bytes: its sender sets FIN on whatever it sends after it.
    FinOnAck,
    /// The window had been shut, and the witness has just opened it.
    WindowOpened,
    /// A recovery goes on: the witness acknowledged some of what was under way when it began.
    RecoveryContinues {
        /// The segment that began it.
        since: u64,
        /// A timer had run out; else duplicate ACKs had told of a hole.
        timeout: bool,
    },
    /// Sent again or late; the capture can't tell why.
    Unknown,
    /// Sent again, nothing asked for it, and the witness, an ACK of new data, had started the timer anew (RFC 6298 §5.3).
    TimerRestarted,
    /// Sent again or late; no segment of the other direction is in the capture, which could tell why.
    OneWayCapture,
    /// Brings bytes that were skipped; whether late or sent again can't be told.
    OrderUnknown,
    /// The SYN or SYN-ACK again.
    Handshake {
        /// Why.
        rule: &'static Rule<HandshakeRetry>,
        /// What shows it.
        proof: RetryProof,
    },
}

/// Why bytes came twice to their receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DsackReport {
    /// They were sent again in this frame.
    Retransmitted(u64),
    /// Not all that was sent again in this frame, but so many bytes of it.
    Partly {
        /// The frame.
        again: u64,
        /// The bytes.
        bytes: u32,
    },
    /// They were sent again several times, from frame `first` to frame `last`; which copy came in vain can't be told.
    OneOf {
        /// The first of these.
        first: u64,
        /// The last.
        last: u64,
    },
    /// They were sent once, so the network doubled the packet.
    Doubled {
        /// The frame that carried them.
        first: u64,
        /// The copy, where it is in the capture.
        copy: Option<NonZeroU64>,
    },
    /// The packet that carried them is not in the capture, or is no longer remembered.
    Unknown,
}

/// What an ACK tells of a copy of the bytes that it acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpuriousEvidence {
    /// It is not of the copy in frame `again`: an earlier one had arrived. It echoes a time stamp older than that copy's
    /// (RFC 3522), or comes too soon after it.
    Earlier {
        /// The copy that was not needed.
        again: NonZeroU64,
        /// The frame that carried the bytes first.
        first: NonZeroU64,
        /// How soon it comes after that copy, where that tells: in less than half the time that a round trip takes.
        after: Option<Nanos>,
    },
    /// The first one whose checksum does not fit, of which no other copy is in the capture.
    Misfit {
        /// Its frame.
        frame: NonZeroU64,
    },
    /// One that is not in the capture, in place of one whose checksum does not fit.
    Unseen {
        /// The frame that does not fit.
        frame: NonZeroU64,
        /// The first ACK that had told of a hole in its place.
        told_by: NonZeroU64,
    },
}
