//! The facts known about a whole conversation at its end.

use super::analysis::AnalysisCounts;
use super::capture_point::CapturePointEvidence;
use super::ledger::{Ledger, Wait};
use super::rtt::RttTotals;
use super::stop_reason::StopReason;
use super::stream::{RolesFrom, StreamId};
use super::tcp::TcpSummary;
use super::tcp::fragments::EarlierFragments;
use super::udp_clients::LinkedConversation;
use crate::echo::{EchoLog, EchoTotals};
use crate::model::thresholds::ONE_WAY_DATAGRAMS;
use crate::model::{Direction, Endpoint, Nanos, Occurrences, PerDirection, Timestamp, Unknown};

/// The captured part of the handshake, and its outcome.
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

/// The way a connection was closed.
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

/// A conversation's totals.
#[derive(Clone, Debug)]
pub struct ConversationTotals {
    /// Its name.
    pub stream: StreamId,
    /// The side that sent the requests.
    pub client: Endpoint,
    /// The side that answered.
    pub server: Endpoint,
    /// The evidence for these roles.
    pub roles_from: RolesFrom,
    /// Number of its first frame.
    pub first_frame: u64,
    /// Number of its last frame.
    pub last_frame: u64,
    /// Time of its first frame.
    pub start: Option<Timestamp>,
    /// From its first frame to its last.
    pub duration: Option<Nanos>,
    /// Its segments with RST.
    pub resets: u32,
    /// The longest time between two of its frames.
    pub longest_stall: Option<Nanos>,
    /// The duration by cause; `None` for UDP without answers, and where no frame has a time.
    pub ledger: Option<Ledger>,
    /// Frames each way.
    pub packets: PerDirection<u64>,
    /// Frame bytes on the wire each way.
    pub bytes: PerDirection<u64>,
    /// Payload bytes on the wire each way, repeats included.
    pub payload: PerDirection<u64>,
    /// The totals of TCP; `None` for UDP.
    pub tcp: Option<TcpTotals>,
    /// The extent to which the server's bytes echo the client's.
    pub echo: Option<EchoTotals>,
    /// The echoes by kind.
    pub echo_log: EchoLog,
    /// The totals of UDP; `None` for TCP.
    pub udp: Option<Box<UdpTotals>>,
    /// Round-trip times.
    pub rtt: Option<RttTotals>,
    /// From the last byte of each request of the client to the first of the server's answer.
    pub response_times: Option<RttTotals>,
    /// It came to nothing, and is part of a flood or scan, which is reported once for the capture.
    pub in_surge: bool,
    /// The fields of its packets that the source does not show.
    pub unknown: Unknown,
    /// The event that ended the capture while the conversation might still have continued.
    pub early: Option<StopReason>,
}

impl ConversationTotals {
    /// The initial sequence numbers of client and server as on the wire.
    pub fn isns(&self) -> (Option<u32>, Option<u32>) {
        let shown = self.tcp.as_ref().filter(|_| !self.unknown.contains(Unknown::ACK));
        (shown.and_then(|tcp| tcp.client_isn), shown.and_then(|tcp| tcp.server_isn))
    }

    /// Fragments that came before the one that completed their packet: their frames are no steps, and not counted.
    pub fn earlier_fragments(&self) -> PerDirection<EarlierFragments> {
        match (&self.tcp, &self.udp) {
            (Some(tcp), _) => tcp.summary.rare().earlier_fragments,
            (None, Some(udp)) => udp.earlier_fragments,
            (None, None) => PerDirection::default(),
        }
    }

    /// Returns `true` if it has neither a byte of data nor a complete handshake.
    pub(super) fn failed_to_open(&self) -> bool {
        let silent = self.payload.client_to_server == 0 && self.payload.server_to_client == 0;
        silent && self.tcp.as_ref().is_some_and(|tcp| tcp.handshake != Handshake::Complete)
    }

    /// The place where the capture was made, and the evidence.
    pub fn capture_point_evidence(&self) -> CapturePointEvidence {
        match (&self.tcp, &self.udp) {
            (Some(tcp), _) => tcp.summary.capture_point_evidence,
            (None, Some(udp)) => udp.capture_point_evidence,
            (None, None) => CapturePointEvidence::default(),
        }
    }
}

/// The totals that only TCP has.
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
    /// The sender of the first FIN or RST.
    pub closed_first: Option<Direction>,
    /// The number of times each of Wireshark's flags was set.
    pub analysis: AnalysisCounts,
    /// The events on the connection, beyond its totals.
    pub summary: Box<TcpSummary>,
}

/// A datagram whose bytes were retransmitted for lack of an answer, which then came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetransmittedRequest {
    /// The frame of the first.
    pub first: u64,
    /// The frame of the last, which is taken for what was answered.
    pub last: u64,
    /// The answer's frame.
    pub answer: u64,
}

/// The totals that only UDP has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UdpTotals {
    /// The place where the capture was made, and the evidence.
    pub capture_point_evidence: CapturePointEvidence,
    /// Datagrams of the client that no datagram answers, and the first frames.
    pub unanswered: Occurrences,
    /// The request that the first datagram answers, in another conversation.
    pub request_elsewhere: Option<LinkedConversation>,
    /// The answer to the client's datagrams, in another conversation.
    pub reply_elsewhere: Option<LinkedConversation>,
    /// Datagrams captured twice.
    pub duplicates: Occurrences,
    /// The first request that was answered only when its bytes had been retransmitted, long after.
    pub retransmitted: Option<RetransmittedRequest>,
    /// The number of such requests.
    pub sent_again_count: u64,
    /// Answers that match several requests: each is attributed to the oldest.
    pub in_doubt: u64,
    /// An ICMP error may be about another of the unanswered datagrams than the one that it is taken for.
    pub refused_in_doubt: bool,
    /// Answers to older requests that came late, each after the answer that overtook it.
    pub reordered: Occurrences,
    /// ICMP errors about the conversation.
    pub errors: Occurrences,
    /// Datagrams in fragments.
    pub fragmented: Occurrences,
    /// Fragments of those of each side that came before the last one.
    pub earlier_fragments: PerDirection<EarlierFragments>,
    /// Datagrams with an offloaded checksum.
    pub offloaded: Occurrences,
    /// Datagrams without a checksum.
    pub unchecked: Occurrences,
    /// Datagrams with a wrong checksum.
    pub invalid: Occurrences,
    /// Those of them with none, over IPv6.
    pub lacking: Occurrences,
    /// Those of them that the server answered.
    pub accepted: AnsweredInvalid,
}

/// Answers to datagrams whose checksum is wrong: the server accepted these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnsweredInvalid {
    /// Answered datagrams of the client with a wrong checksum.
    pub requests: Occurrences,
    /// The first of them, and its answer.
    pub first: Option<(u64, u64)>,
    /// Datagrams of the server whose checksum is wrong: nothing shows that the client accepted these.
    pub from_server: u64,
    /// A duplicate with a fitting checksum may have been answered instead.
    pub doubtful: bool,
    /// A datagram of the client has a checksum that is not wrong.
    pub has_valid: bool,
}

impl AnsweredInvalid {
    /// Returns `true` if none of the `invalid` datagrams was corrupted: each was answered, or no checksum of the client
    /// is valid, so that one answer holds for all.
    pub fn holds_for_all(&self, invalid: &Occurrences) -> bool {
        let every = self.requests.count == invalid.count;
        self.requests.count > 0 && self.from_server == 0 && !self.doubtful && (every || !self.has_valid)
    }
}

impl ConversationTotals {
    /// Returns `true` if frames of it may follow that were not read: then nothing follows from missing frames.
    pub fn may_go_on(&self) -> bool {
        self.early.is_some_and(StopReason::may_go_on) && !self.tcp.as_ref().is_some_and(TcpTotals::is_over)
    }

    /// Returns `true` if a client sent so many datagrams without any from the server that the service may send none.
    pub fn is_one_way(&self) -> bool {
        let PerDirection { client_to_server: sent, server_to_client: received } = self.packets;
        self.udp.is_some() && received == 0 && sent >= ONE_WAY_DATAGRAMS && !self.may_go_on()
    }

    /// The handshake came as far as the SYN-ACK and no further, and nothing shows that the connection opened.
    pub fn never_opened(&self) -> bool {
        let silent = self.payload.client_to_server == 0 && self.payload.server_to_client == 0;
        self.tcp.as_ref().is_some_and(|tcp| {
            let fins = tcp.summary.fins.client_to_server.or(tcp.summary.fins.server_to_client);
            let begun =
                matches!(tcp.summary.handshake, [Some(_), Some(_), None]) && tcp.handshake == Handshake::Partial;
            begun && (silent && fins.is_none() || tcp.summary.reset_in_opening) && !self.may_go_on()
        })
    }
}

/// The cost of losses and errors.
impl ConversationTotals {
    /// The time spent on what a healthy conversation does not wait for: retransmission timers, the repair of losses, a
    /// receiver's window, and waits of unknown cause.
    pub fn time_lost(&self) -> Nanos {
        let lost = [Wait::Timeout, Wait::Recovery, Wait::Window, Wait::Unknown];
        let time = |ledger: &Ledger| lost.iter().fold(Nanos(0), |sum, wait| sum.plus(ledger.share(*wait).time));
        self.ledger.as_ref().map_or(Nanos(0), time)
    }

    /// The payload bytes of TCP of which the capture does not show that they arrived: those of a gap that was never filled,
    /// and those at the end that were never acknowledged.
    pub fn bytes_lost(&self) -> u64 {
        let Some(tcp) = &self.tcp else { return 0 };
        let lost = |direction: Direction| {
            let gap = tcp.summary.rare().unfilled.get(direction).map_or(0, |gap| u64::from(gap.bytes));
            gap + u64::from(tcp.summary.unacked.get(direction).bytes)
        };
        lost(Direction::ClientToServer) + lost(Direction::ServerToClient)
    }
}

impl TcpTotals {
    /// The first RST that may have ended the connection, and its direction.
    pub fn first_reset(&self) -> Option<(u64, Direction)> {
        let sent_by = |direction: Direction| self.summary.resets.get(direction).map(|frame| (frame, direction));
        let (client, server) = (sent_by(Direction::ClientToServer), sent_by(Direction::ServerToClient));
        client.into_iter().chain(server).min_by_key(|(frame, _)| *frame)
    }

    /// The sender of that RST, where it continued as if it had sent none, and the frame of its next data.
    pub fn continued_after_reset(&self) -> Option<(&'static str, u64)> {
        let (_, sender) = self.first_reset()?;
        self.summary.rare().continued_after_reset.get(sender).map(|frame| (sender.sender(), frame))
    }

    /// Returns `true` if the connection is closed on both sides, or was reset.
    fn is_over(&self) -> bool {
        let fins = [self.summary.fins.client_to_server, self.summary.fins.server_to_client];
        self.close == Close::Rst || fins.iter().all(|fin| fin.is_some_and(|fin| fin.acked_by.is_some()))
    }
}
