//! What is known of a whole conversation when it ends.

use super::analysis::AnalysisCounts;
use super::early::Early;
use super::event::{RolesFrom, StreamId};
use super::facts::{Echo, EchoKind};
use super::tcp::{Sighting, TcpStory};
use super::vantage::Standpoint;
use crate::model::{Direction, Endpoint, Nanos, PerDirection, Timestamp};

/// How much of the handshake was captured, and how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// SYN, SYN-ACK and the ACK of it.
    Complete,
    /// Some of it.
    Partial,
    /// None of it: the capture began later.
    Absent,
    /// The SYN was answered by a RST.
    Refused,
}

impl Handshake {
    /// The name in the JSON Lines output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Absent => "absent",
            Self::Refused => "refused",
        }
    }
}

/// How a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// A FIN from both sides.
    Fin,
    /// A reset, even after a FIN.
    Rst,
    /// A FIN from one side only.
    Half,
    /// Not within the capture.
    None,
}

impl Close {
    /// The name in the JSON Lines output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Half => "half",
            Self::None => "none",
        }
    }
}

/// How large a conversation is, and when it was: enough to choose among conversations, at no cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Number of its first frame.
    pub first_frame: u64,
    /// Time of its first frame.
    pub start: Option<Timestamp>,
    /// From its first frame to its last.
    pub duration: Option<Nanos>,
    /// Frames each way.
    pub packets: PerDirection<u64>,
    /// Frame bytes on the wire each way.
    pub bytes: PerDirection<u64>,
}

/// A conversation's totals.
#[derive(Clone, Debug)]
pub struct ConversationTotals {
    /// Its name.
    pub stream: StreamId,
    /// Who asked.
    pub client: Endpoint,
    /// Who answered.
    pub server: Endpoint,
    /// How that was decided.
    pub roles_from: RolesFrom,
    /// Number of its first frame.
    pub first_frame: u64,
    /// Number of its last frame.
    pub last_frame: u64,
    /// Time of its first frame.
    pub start: Option<Timestamp>,
    /// From its first frame to its last.
    pub duration: Option<Nanos>,
    /// Frames each way.
    pub packets: PerDirection<u64>,
    /// Frame bytes on the wire each way.
    pub bytes: PerDirection<u64>,
    /// Payload bytes on the wire each way, repeats included.
    pub payload: PerDirection<u64>,
    /// What only TCP has.
    pub tcp: Option<TcpTotals>,
    /// How far the server's bytes echo the client's.
    pub echo: Option<EchoTotals>,
    /// The echoes by kind.
    pub echo_story: EchoStory,
    /// What only UDP has.
    pub udp: Option<UdpTotals>,
    /// Round-trip times.
    pub rtt: Option<RttTotals>,
    /// What ended the capture while the conversation might still go on.
    pub early: Option<Early>,
}

impl ConversationTotals {
    /// How large it is, and when it was.
    pub fn extent(&self) -> Extent {
        Extent {
            first_frame: self.first_frame,
            start: self.start,
            duration: self.duration,
            packets: self.packets,
            bytes: self.bytes,
        }
    }

    /// Where the capture was made.
    pub fn standpoint(&self) -> Standpoint {
        match (&self.tcp, &self.udp) {
            (Some(tcp), _) => tcp.story.standpoint,
            (None, Some(udp)) => udp.standpoint,
            (None, None) => Standpoint::default(),
        }
    }
}

/// What only TCP has.
#[derive(Clone, Debug)]
pub struct TcpTotals {
    /// The client's initial sequence number, X.
    pub client_isn: Option<u32>,
    /// The server's initial sequence number, Y.
    pub server_isn: Option<u32>,
    /// The handshake.
    pub handshake: Handshake,
    /// The close.
    pub close: Close,
    /// Who sent the first FIN or RST.
    pub closed_first: Option<Direction>,
    /// How often Wireshark's flags were set.
    pub analysis: AnalysisCounts,
    /// What happened, beyond the totals.
    pub story: Box<TcpStory>,
}

/// Exchanges of request and echo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EchoTotals {
    /// Requests seen.
    pub requests: u64,
    /// Answered with the same bytes.
    pub matched: u64,
    /// Answered with changed bytes.
    pub transformed: u64,
    /// Never answered, or not in full.
    pub unanswered: u64,
    /// Request bytes that were not answered.
    pub pending_bytes: u64,
}

/// The echoes of a conversation by their kind, with the frames of the answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EchoStory {
    /// Answered with the same bytes.
    pub identical: Sighting,
    /// Answered in upper case.
    pub upper: Sighting,
    /// Answered behind a prefix; and its length.
    pub prefixed: Sighting,
    /// The last prefix's length in bytes.
    pub prefix_len: u32,
    /// Answered several times over.
    pub repeated: Sighting,
    /// The most repetitions.
    pub times: u64,
    /// Answered with other bytes.
    pub different: Sighting,
    /// Requests of which only the beginning came back.
    pub partial: Sighting,
    /// How many of their bytes came back.
    pub partial_back: u64,
    /// How many bytes they had.
    pub partial_of: u64,
    /// Bytes of either side that their receiver has and the capture lacks: nothing is known of them.
    pub lost: u64,
    /// Requests whose answers could not be compared, since not all of their bytes were kept or captured.
    pub uncompared: u64,
    /// Answers that completed several requests at once: how many requests they were, and the frames.
    pub merged: Sighting,
    /// Most requests that one answer completed.
    pub most_merged: u64,
    /// Why comparing was given up, and in which frame.
    pub gave_up: Option<(GaveUp, u64)>,
}

/// Why answers were not compared with requests any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// One answer after the other was no echo.
    Unlike,
    /// The capture does not hold whole packets.
    Cut,
    /// Too many request bytes waited for their echo.
    Unanswered,
    /// Too many bytes were missing.
    Missing,
}

impl EchoStory {
    /// Counts a complete answer to so many requests.
    pub(super) fn see(&mut self, echo: &Echo, requests: u64, frame: u64) {
        match echo.kind {
            EchoKind::Identical => self.identical.see(frame),
            EchoKind::Upper => self.upper.see(frame),
            EchoKind::Prefixed(len) => {
                self.prefix_len = len;
                self.prefixed.see(frame);
            }
            EchoKind::Repeated(times) => self.repeated(times as usize, frame),
            EchoKind::Different => self.different.see(frame),
            // said with the number of bytes
            EchoKind::Partial => {}
        }
        if requests > 1 && echo.kind != EchoKind::Different {
            self.most_merged = self.most_merged.max(requests);
            self.merged.see(frame);
        }
    }

    /// Notes a request of which only the first `back` of `of` bytes came back, the last of them in `frame`.
    pub(super) fn came_in_part(&mut self, back: usize, of: usize, frame: u64) {
        self.partial.see(frame);
        self.partial_back += back as u64;
        self.partial_of += of as u64;
    }

    /// Notes that the answer has come so many times over.
    pub(super) fn repeated(&mut self, times: usize, frame: u64) {
        self.times = self.times.max(times as u64);
        self.repeated.see(frame);
    }
}

/// Round-trip times of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RttTotals {
    /// From the SYN to the ACK that ends the handshake.
    pub handshake: Option<Nanos>,
    /// The smallest sample.
    pub min: Option<Nanos>,
    /// The middle sample.
    pub median: Option<Nanos>,
    /// The largest sample.
    pub max: Option<Nanos>,
    /// How many samples there are.
    pub count: u64,
}

/// What only UDP has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UdpTotals {
    /// Where the capture was made.
    pub standpoint: Standpoint,
    /// Datagrams of the client that no datagram answers, and the first frames.
    pub unanswered: Sighting,
    /// Datagrams captured twice.
    pub duplicates: Sighting,
    /// Answers to older requests that came late, each behind the answer that overtook it.
    pub reordered: Sighting,
    /// ICMP errors about the conversation.
    pub errors: Sighting,
    /// Datagrams in fragments.
    pub fragmented: Sighting,
    /// Datagrams with an offloaded checksum.
    pub offloaded: Sighting,
    /// Datagrams with a wrong checksum.
    pub invalid: Sighting,
}
