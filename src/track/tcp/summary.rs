//! The facts from which a connection's findings are made: the frames that matter, counted and bounded.

use std::num::NonZeroU64;
use std::sync::LazyLock;

use super::fragments::EarlierFragments;
use super::keep_alive::KeepAlives;
use super::rules::window::ProvenZeroWindow;
use super::scoreboard::BadChecksums;
use super::two_ttls::TwoTtls;
use super::unseen::UnseenSide;
use crate::model::{Direction, Nanos, Occurrences, OptionKinds, PerDirection, Segment};
use crate::track::capture_point::CapturePointEvidence;

/// Bytes of an IPv4 header without options (RFC 791 §3.1).
const MIN_IP_HEADER: u32 = 20;

/// A side's FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fins {
    /// Its frame.
    pub frame: u64,
    /// Time since the conversation's start.
    pub at: Option<Nanos>,
    /// The frame that acknowledged it.
    pub acked_by: Option<u64>,
    /// `true` if it carried the ACK of the peer's FIN.
    pub acks_peer_fin: bool,
}

/// Data that a side sent after the peer's FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterFin {
    /// The first frame of it.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// The time of the last frame, since the conversation's start.
    pub until: Option<Nanos>,
}

/// The options of a side's SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale shift.
    pub window_scale: Option<u8>,
    /// SACK permitted.
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: bool,
}

/// The zero windows of a receiver, and their duration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZeroWindow {
    /// The segments that closed it.
    pub closings: Occurrences,
    /// The first of them.
    pub how: Option<ProvenZeroWindow>,
    /// The segments that opened it.
    pub opened: Occurrences,
    /// Those of them that answered a probe: an update before it may have been lost.
    pub opened_by_answer: u64,
    /// Probes.
    pub probes: Occurrences,
    /// The number of them that were answered.
    pub answered: u64,
    /// The total time it was zero.
    pub blocked: Nanos,
}

/// Bytes that did not come, though later ones did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnfilledGap {
    /// The number of bytes.
    pub bytes: u32,
    /// The frame with later bytes, which showed the gap.
    pub shown_by: u64,
    /// The receiver's last ACK, which still asks for the first of them.
    pub asked_by: u64,
}

/// A zero window that did not reopen, by frames and when they came since the conversation's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StillZeroWindow {
    /// The segment that closed it.
    pub by: (u64, Option<Nanos>),
    /// The last segment that advertises the zero window; may be the same.
    pub last: (u64, Option<Nanos>),
    /// The RST that ended the connection meanwhile.
    pub reset: Option<(u64, Option<Nanos>)>,
}

/// Data and a FIN of one side that no ACK covers and no SACK block reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unacked {
    /// Payload bytes.
    pub bytes: u32,
    /// Its FIN is among them.
    pub fin: bool,
    /// The number of times the first of them was retransmitted, as far as it is remembered.
    pub retransmissions: u16,
    /// From the first time that it was sent to the last.
    pub tried: Nanos,
    /// From its last copy to the end of the conversation.
    pub waited: Nanos,
    /// The frames that carried the first of them first and last.
    pub frames: (u64, u64),
}

/// A packet that was longer than a link takes, reported by ICMP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathMtu {
    /// The last such ICMP error.
    pub error: u64,
    /// The link's MTU in bytes, if the error reports it.
    pub mtu: Option<u32>,
    /// Retransmissions for it.
    pub retransmitted: Occurrences,
    /// Later retransmissions that are still longer than the link takes.
    pub too_long: Occurrences,
    /// Their payload bytes.
    pub bytes: u64,
}

impl PathMtu {
    /// Takes a retransmission after the error; `for_it`: the error made its sender retransmit.
    pub(super) fn follow(&mut self, frame: u64, segment: &Segment, for_it: bool) {
        if for_it {
            self.retransmitted.see(frame);
            self.bytes += u64::from(segment.len);
            return;
        }
        // an IPv6 header is longer: what is too long here is too long there
        let length = segment.len + u32::from(segment.header_len) + MIN_IP_HEADER;
        if self.mtu.is_some_and(|mtu| length > mtu) {
            self.too_long.see(frame);
        }
    }
}

/// The events of a connection, beyond its totals.
#[derive(Clone, Debug, Default)]
pub struct TcpSummary {
    /// Frames of the SYN, the SYN-ACK and the ACK of it.
    pub handshake: [Option<u64>; 3],
    /// From the first SYN to the ACK that completed the handshake, however often they were sent.
    pub opened_after: Option<Nanos>,
    /// No bare ACK of the SYN-ACK was captured: the client's first data or FIN completed the handshake.
    pub opened_by_data: bool,
    /// Both sides sent a SYN first.
    pub simultaneous_open: bool,
    /// SYNs, and nothing in answer.
    pub unanswered_syn: bool,
    /// A RST came instead of the ACK of the SYN-ACK, before any data: anything after it opened nothing.
    pub reset_in_opening: bool,
    /// The place where the capture was made, and the evidence.
    pub capture_point_evidence: CapturePointEvidence,
    /// Each side's FIN.
    pub fins: PerDirection<Option<Fins>>,
    /// Each side's first RST that may have ended the connection.
    pub resets: PerDirection<Option<u64>>,
    /// The label of that RST's cause.
    pub reset_labels: PerDirection<Option<&'static str>>,
    /// The SYN that was refused by a challenge ACK, that ACK, and the stream of the connection that it belongs to, where
    /// the capture holds that.
    pub challenged_syn: Option<(u64, u64, Option<u32>)>,
    /// Each side's SYN.
    pub negotiated: PerDirection<Option<Negotiated>>,
    /// Each side's data and FIN that were never acknowledged.
    pub unacked: PerDirection<Unacked>,
    /// The ECN negotiation in the handshake.
    pub ecn: super::Ecn,
    /// Segments with an offloaded checksum.
    pub offloaded: Occurrences,
    /// Segments of each side came with valid checksums.
    pub has_valid: PerDirection<bool>,
    /// The last data segments' frame of each side that is not acknowledged.
    pub first_frame: u64,
    /// The last frame of each side.
    pub last_frame: PerDirection<u64>,
    /// The rare events; most connections have none.
    pub(super) rare: Option<Box<RareEvents>>,
}

/// The rare events of a connection. They take much room, and are allocated with the first of them.
#[derive(Clone, Debug, Default)]
pub struct RareEvents {
    /// The lowest gap in each side's bytes that was not filled, though the peer's ACKs ask for it.
    pub unfilled: PerDirection<Option<UnfilledGap>>,
    /// Each side's window, where it is zero at the end.
    pub still_zero_window: PerDirection<Option<StillZeroWindow>>,
    /// Those of each side that take sequence space, by what ACKs show of them.
    pub bad_checksums: PerDirection<BadChecksums>,
    /// ACKs of each side's bytes before the capture held any packet of it.
    pub unseen: PerDirection<UnseenSide>,
    /// Packets of another host in each side's name.
    pub other_hosts: PerDirection<Option<TwoTtls>>,
    /// Each side's first RST that ended nothing: its frame, the frame of the next segment sent after it, and the frame
    /// of the ACK of that segment or of the challenge ACK; 0 for none.
    pub ignored_resets: PerDirection<Option<[u64; 3]>>,
    /// The first data that a side sent after its own RST, as if it had sent none.
    pub continued_after_reset: PerDirection<Option<u64>>,
    /// The first segment that answered the SYN and did not fit it.
    pub wrong_handshake_ack: Option<u64>,
    /// The SYN on the same ports that began another stream while this connection was open.
    pub superseded_by: Option<u64>,
    /// Each side's options by kind, on any segment, but MSS, window scale, SACK and timestamps.
    pub options: PerDirection<OptionKinds>,
    /// Data that a side sent after the peer's FIN: a half-close.
    pub after_fin: PerDirection<Option<AfterFin>>,
    /// Each side's zero windows.
    pub zero_window: PerDirection<ZeroWindow>,
    /// Segments that filled the peer's window.
    pub window_filled: PerDirection<Occurrences>,
    /// Segments with a wrong checksum.
    pub invalid: PerDirection<Occurrences>,
    /// Segments without data that their receiver does not accept.
    pub foreign_acks: Occurrences,
    /// ACKs that refuse such segments, or others.
    pub refusals: Occurrences,
    /// Segments in fragments.
    pub fragmented: Occurrences,
    /// Fragments of those of each side that came before the last one.
    pub earlier_fragments: PerDirection<EarlierFragments>,
    /// ICMP errors about the connection.
    pub errors: Occurrences,
    /// Segments whose bytes were captured before, without packets captured twice.
    pub retransmissions: PerDirection<Occurrences>,
    /// Each side's keep-alives, if there were any.
    pub keep_alives: Option<Box<PerDirection<KeepAlives>>>,
    /// The path MTU that an ICMP error told each side, where it retransmitted in smaller segments.
    pub path_mtu: PerDirection<Option<PathMtu>>,
    /// A request that was not answered before the connection was closed.
    pub unanswered: Option<UnansweredRequest>,
}

/// The rare events of a connection that has none.
static NO_RARE_EVENTS: LazyLock<RareEvents> = LazyLock::new(RareEvents::default);

impl TcpSummary {
    /// The rare events.
    #[inline]
    pub fn rare(&self) -> &RareEvents {
        self.rare.as_deref().unwrap_or_else(|| &NO_RARE_EVENTS)
    }

    /// The same, for noting one.
    pub(super) fn rare_mut(&mut self) -> &mut RareEvents {
        self.rare.get_or_insert_default()
    }
}

/// A request that was acknowledged and not answered before a FIN or RST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnansweredRequest {
    /// The frame of its last byte.
    pub request: u64,
    /// Payload bytes since the last answer.
    pub bytes: u32,
    /// The frame that acknowledged it.
    pub acked_by: NonZeroU64,
    /// The FIN or RST.
    pub closed_in: u64,
    /// The sender of the FIN or RST.
    pub closed_by: Direction,
    /// It was a RST.
    pub reset: bool,
    /// From the request's last byte to it.
    pub waited: Nanos,
    /// The server had answered requests before.
    pub answered_before: bool,
}
