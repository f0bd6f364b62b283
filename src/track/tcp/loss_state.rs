//! What is remembered of a side in trouble: what it sent again and what its ACKs told of holes, its shut window, its
//! probes. Nearly every side is in none, and pays a pointer for it: state is kept for every connection, and each cache
//! line of it counts.

use std::num::NonZeroU64;
use std::sync::LazyLock;

use super::endpoint::{TcpEndpoint, ZeroWindowPeriod};
use super::gaps::GapList;
use super::loss_evidence::DupAcks;
use super::probe::Asks;
use super::recovery::Recovery;
use super::rules::acceptability::Refused;
use super::verdict::RetransmittedSegment;
use crate::model::OptTime;
use crate::model::SeqNumber;

/// A side's trouble.
#[derive(Clone, Debug, Default)]
pub(super) struct LossState {
    /// The probe that waits for an answer.
    pub(super) probe: Option<(NonZeroU64, Asks)>,
    pub(super) zero_window: Option<ZeroWindowPeriod>,
    /// The frame that opened its window last after it was shut.
    pub(super) opened_in: u64,
    /// The highest byte that it reported by SACK.
    pub(super) sacked: Option<SeqNumber>,
    /// The last ICMP error that said that a packet of its was too long for a link, and when it came.
    pub(super) too_big: Option<(NonZeroU64, OptTime)>,
    /// Its last segment that the peer does not accept, until another one is accepted.
    pub(super) refused: Option<Refused>,
    pub(super) gaps: GapList,
    /// Its last ACKs that told of a hole.
    pub(super) dup_acks: DupAcks,
    /// The last segments that came again, and the recovery under way.
    pub(super) repeats: Vec<RetransmittedSegment>,
    pub(super) recovery: Option<Recovery>,
}

/// That of a side in none.
static NONE: LazyLock<LossState> = LazyLock::new(LossState::default);

impl TcpEndpoint {
    /// Its trouble so far.
    #[inline]
    pub(super) fn loss(&self) -> &LossState {
        self.loss.as_deref().unwrap_or(&NONE)
    }

    /// The same, to be noted.
    pub(super) fn loss_mut(&mut self) -> &mut LossState {
        self.loss.get_or_insert_default()
    }
}
