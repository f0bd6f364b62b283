//! What is remembered of a side in trouble: what it sent again and what its ACKs told of holes, its shut window, its
//! probes. Nearly every side is in none, and pays a pointer for it: state is kept for every connection, and each cache
//! line of it counts.

use std::num::NonZeroU64;
use std::sync::LazyLock;

use super::endpoint::{TcpEndpoint, ZeroWindowPeriod};
use super::gaps::GapList;
use super::loss_evidence::DupAcks;
use super::other_host::TwoTtls;
use super::probe::Asks;
use super::recovery::{Recovery, RetransmissionTimer};
use super::rules::acceptability::Refused;
use super::segment::RetransmittedSegment;
use crate::model::OptTime;
use crate::model::SeqNumber;

/// As many SACK blocks fit into the options (RFC 2018 §3).
pub(super) type SackBlocks = [Option<(SeqNumber, SeqNumber)>; 4];

/// A side's trouble.
#[derive(Clone, Debug, Default)]
pub(in crate::track) struct LossState {
    /// The probe that waits for an answer.
    pub(super) probe: Option<(NonZeroU64, Asks)>,
    pub(super) zero_window: Option<ZeroWindowPeriod>,
    /// The frame that opened its window last after it was shut.
    pub(super) opened_in: u64,
    /// When that was, and whether the peer had probed the window before.
    pub(super) opened_at: OptTime,
    pub(super) probed: bool,
    /// The SACK blocks of its last ACK that had any.
    pub(super) sack_blocks: SackBlocks,
    /// The highest byte that it reported by SACK.
    pub(super) sacked: Option<SeqNumber>,
    /// Its ACK that no longer reported bytes which it had reported by SACK, and these bytes.
    pub(super) reneged: Option<(u64, SeqNumber, SeqNumber)>,
    /// The last ICMP error that said that a packet of its was too long for a link, and when it came.
    pub(super) too_big: Option<(NonZeroU64, OptTime)>,
    /// The last ICMP error that reported its peer's host or network unreachable, and when it came.
    pub(super) unreachable: Option<(NonZeroU64, OptTime)>,
    /// Its last segment that the peer does not accept, until another one is accepted.
    pub(super) refused: Option<Refused>,
    pub(super) gaps: GapList,
    /// Its last ACKs that told of a hole.
    pub(super) dup_acks: DupAcks,
    /// The last segments that came again, and the recovery under way.
    pub(super) repeats: Vec<RetransmittedSegment>,
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
    /// The last segment of the peer that a RST has answered.
    pub(super) answered: u64,
    /// Of an ended connection: segments of the peer that were not acknowledged, by frame, time and payload bytes.
    pub(super) open: Vec<(u64, OptTime, u32)>,
    /// Another host sent the one that ended the connection.
    pub(super) foreign: bool,
    /// Its sender had lost the connection before that one.
    pub(super) half_open: bool,
    /// It refused a connection.
    pub(super) refused: bool,
    /// The label of its cause.
    pub(super) label: &'static str,
}

/// Most segments that are remembered of an ended connection for the RSTs that answer them.
pub(super) const OPEN_AT_END: usize = 64;

/// That of a side in none.
static NONE: LazyLock<LossState> = LazyLock::new(LossState::default);

impl TcpEndpoint {
    /// Its trouble so far.
    #[inline]
    pub(in crate::track) fn loss(&self) -> &LossState {
        self.loss.as_deref().unwrap_or(&NONE)
    }

    /// Of its peer's data above `ack`, up to `end`, the bytes that its last SACK blocks report as received.
    pub(super) fn sacked_bytes(&self, ack: SeqNumber, end: SeqNumber) -> u32 {
        let blocks = self.loss().sack_blocks.iter().flatten();
        blocks
            .filter(|(left, right)| !left.is_before(ack) && right.is_after(*left) && !right.is_after(end))
            .map(|(left, right)| right.relative_to(*left))
            .fold(0, u32::saturating_add)
    }

    /// The same, to be noted.
    pub(super) fn loss_mut(&mut self) -> &mut LossState {
        self.loss.get_or_insert_default()
    }
}
