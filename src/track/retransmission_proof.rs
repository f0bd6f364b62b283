//! The frames, counts and times that prove the cause of a retransmission.

use std::num::NonZeroU64;

use super::capture_point::CapturePoint;
use crate::model::{Direction, Nanos};

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
    pub deciding_frame: Option<u64>,
    /// A second such frame: the last of several ACKs, the frame that began a recovery, the probe that restarted a timer.
    pub second: Option<NonZeroU64>,
    /// A count: of the ACKs that reported the gap, of the timeouts in a row, of this handshake segment's retransmissions.
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
    /// The sender's last segment that an ICMP error reported as discarded.
    pub discarded: Option<Discarded>,
}

/// A segment that an ICMP error reported as discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discarded {
    /// Its frame.
    pub frame: u64,
    /// The frame of the error.
    pub by: NonZeroU64,
}

impl RetransmissionProof {
    /// The ICMP error that reported an earlier transmission of the bytes as discarded: its last one, or else the first.
    pub fn discarded_before(&self) -> Option<Discarded> {
        let earlier = [self.original, self.last.map(NonZeroU64::get), self.through.map(NonZeroU64::get)];
        self.discarded.filter(|discarded| earlier.contains(&Some(discarded.frame)))
    }

    /// Returns the number of the segment's `len` payload bytes that no earlier packet of the capture holds.
    pub(super) fn not_captured_before(&self, len: u32) -> u32 {
        match self.first_copy {
            FirstCopy::NotCaptured => len,
            FirstCopy::Partly(skipped) => skipped,
            FirstCopy::Captured | FirstCopy::Corrupted | FirstCopy::NotKnown => 0,
        }
    }
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
    OtherConversations,
}

impl View {
    /// The view of `sender`'s segments from a capture point.
    pub fn of(capture_point: Option<CapturePoint>, sender: Direction) -> Self {
        match (capture_point, sender) {
            (Some(CapturePoint::SameHost), _) => Self::Both,
            (Some(CapturePoint::Client), Direction::ClientToServer)
            | (Some(CapturePoint::Server), Direction::ServerToClient) => Self::Sender,
            (Some(CapturePoint::Client | CapturePoint::Server), _) => Self::Receiver,
            (Some(CapturePoint::Between) | None, _) => Self::OtherConversations,
        }
    }

    /// Returns `true` if a packet in the capture has reached its receiver's host.
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
    /// Those that a packet carries; an identification of 0 proves nothing.
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

/// The capture's knowledge of the first copy of bytes that are retransmitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstCopy {
    /// It is in the capture.
    Captured,
    /// It is in the capture, with an invalid checksum: if it arrived so, its receiver discarded it.
    Corrupted,
    /// The capture shows a gap instead of it.
    NotCaptured,
    /// The number of bytes that fill a gap; the others are in the capture, in earlier segments with other boundaries.
    Partly(u32),
    /// It is not in the capture, or is no longer remembered.
    #[default]
    NotKnown,
}
