//! The rare state of an endpoint: its retransmissions, the gaps that its ACKs reported, its zero window, its probes.
//! Nearly every endpoint has none, and pays a pointer for it: state is kept for every connection, and each cache
//! line of it counts.

use std::num::NonZeroU64;
use std::sync::LazyLock;

use super::dup_acks::DupAcks;
use super::fin::Fin;
use super::gaps::GapList;
use super::refused::Refused;
use super::segment::RetransmittedSegment;
use super::two_ttls::TwoTtls;
use super::unseen::UnseenSide;
use crate::model::{Nanos, OptTime, SeqNumber};
use crate::track::retransmission_proof::Discarded;

/// The SACK blocks of one segment: at most 4 fit into the options (RFC 2018 §3).
pub(super) type SackBlocks = [Option<(SeqNumber, SeqNumber)>; 4];

/// The rare state of an endpoint.
#[derive(Clone, Debug, Default)]
pub(in crate::track) struct LossState {
    /// The probe that waits for an answer.
    pub(super) probe: Option<(NonZeroU64, Asks)>,
    pub(super) zero_window: Option<ZeroWindowPeriod>,
    /// The frame that opened its window last after it was zero.
    pub(super) opened_in: u64,
    /// The time of that frame; `probed` if the peer had probed the window before.
    pub(super) opened_at: OptTime,
    pub(super) probed: bool,
    /// The SACK blocks of its last ACK that had any.
    pub(super) sack_blocks: SackBlocks,
    /// The highest byte that it reported by SACK.
    pub(super) sacked: Option<SeqNumber>,
    /// Its ACK that no longer reported bytes which it had reported by SACK, and these bytes.
    pub(super) reneged: Option<(u64, SeqNumber, SeqNumber)>,
    /// The last ICMP error that reported a packet of this side as too long for a link, and its time.
    pub(super) too_big: Option<(NonZeroU64, OptTime)>,
    /// The last ICMP error that reported its peer's host or network unreachable, and when it came.
    pub(super) unreachable: Option<(NonZeroU64, OptTime)>,
    /// Its last segment that an ICMP error reported as discarded.
    pub(super) discarded: Option<Discarded>,
    /// Its last segment that the peer does not accept, until another one is accepted.
    pub(super) refused: Option<Refused>,
    /// The FIN on its SYN: most hosts ignore it, or discard the whole segment. The number of the ACK tells.
    pub(super) fin_on_syn: Option<Fin>,
    /// A FIN of it at another number than its first one; the lowest. The number of the ACK tells which ended its stream.
    pub(super) other_fin: Option<Fin>,
    pub(super) gaps: GapList,
    /// Its bytes that were acknowledged before the capture held any packet of it.
    pub(super) unseen: UnseenSide,
    /// Its last ACKs that reported a gap.
    pub(super) dup_acks: DupAcks,
    /// The last retransmitted segments, and the recovery in progress.
    pub(super) retransmissions: Vec<RetransmittedSegment>,
    pub(super) recovery: Option<Recovery>,
    /// Its packets have two TTLs.
    pub(super) two_ttls: Option<Box<TwoTtls>>,
    pub(super) timer: RetransmissionTimer,
    /// Captured duplicates of segments that were sent once, the last ones.
    pub(super) copies: Vec<RetransmittedSegment>,
    pub(super) resets: Resets,
    /// TTLs of its packets before the newest, where they differ; 0 for none.
    pub(super) ttls: [u8; 4],
}

/// RSTs of a side.
#[derive(Clone, Debug, Default)]
pub(super) struct Resets {
    /// The last one: its frame, time and numbers.
    pub(super) frame: u64,
    pub(super) at: OptTime,
    pub(super) seq: SeqNumber,
    pub(super) ack: Option<SeqNumber>,
    /// The time of the segment that ended the connection.
    pub(super) ended_at: OptTime,
    /// The last segment of the peer that a RST has answered.
    pub(super) answered: u64,
    /// The end of the peer's bytes that RSTs have reported as lost: each byte is reported once.
    pub(super) reported: Option<SeqNumber>,
    /// Of an ended connection: segments of the peer that were not acknowledged, by frame, time and payload bytes.
    pub(super) open: Vec<(u64, OptTime, u32)>,
    /// Those of them that are not remembered one by one.
    pub(super) rest: Option<OpenRest>,
    /// Another host sent the one that ended the connection.
    pub(super) foreign: bool,
    /// Its sender had lost the connection before that one.
    pub(super) half_open: bool,
    /// It refused a connection.
    pub(super) refused: bool,
    /// The label of its cause.
    pub(super) label: &'static str,
}

/// Segments of an ended connection that were not acknowledged, beyond those that are remembered one by one.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenRest {
    /// The first and the last.
    pub(super) frames: (u64, u64),
    /// The time of the last one.
    pub(super) at: OptTime,
    /// The number of them that no RST has answered.
    pub(super) count: u16,
}

/// Most segments that are remembered of an ended connection for the RSTs that answer them.
pub(super) const OPEN_AT_END: usize = 64;

/// The state of a side without losses or other rare events.
pub(super) static NONE: LazyLock<LossState> = LazyLock::new(LossState::default);

/// A stretch of time in which a receiver's window was zero.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct ZeroWindowPeriod {
    pub(super) frame: NonZeroU64,
    pub(super) at: OptTime,
    /// The newest segment that advertises the zero window.
    pub(super) last: (u64, OptTime),
    /// The connection's first RST since, and when it came.
    pub(super) reset: Option<(NonZeroU64, OptTime)>,
    /// The peer has probed it.
    pub(super) probed: bool,
}

/// The question of a segment that waits for a bare ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Is the peer still there?
    Alive,
    /// Has the peer's window reopened?
    Window,
    /// None: a RST that is not at the number expected.
    Reset,
}

/// A recovery in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovery {
    /// The segment that was retransmitted first, since a timer expired or upon duplicate ACKs.
    pub(super) frame: u64,
    pub(super) timeout: bool,
    /// The ACK number at its start (`acked`), and the one that ends it (`until`).
    pub(super) acked: Option<SeqNumber>,
    pub(super) until: SeqNumber,
    /// The ACK that released the last retransmission of it, and when that one was captured.
    pub(super) released: Option<(u64, OptTime)>,
}

/// The retransmission timer of a sender, as its transmissions show it (RFC 6298 §5).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RetransmissionTimer {
    /// The last transmission that restarted it, other than new data: a timeout's, a probe, the head of a fast recovery.
    pub(super) restarted: Option<(u64, OptTime)>,
    /// The last restart was by a tail-loss probe.
    pub(super) probe: bool,
    /// The last restart was by a timeout or a tail-loss probe; unknown which.
    pub(super) may_be_probe: bool,
    /// The time that the timer had run before the last timeout.
    pub(super) wait: Option<Nanos>,
    /// Timeouts in a row.
    pub(super) in_row: u32,
}
