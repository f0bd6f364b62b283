//! Which ACKs told of a hole, and where: a duplicate tells of one at its own number (RFC 5681 §2), a SACK block of holes
//! below it (RFC 2018). What tells of one hole need not tell of the next.

use std::collections::VecDeque;

use super::endpoint::TcpEndpoint;
use super::segment::RetransmittedSegment;
use crate::model::OptTime;
use crate::model::SeqNumber;

/// Most ACKs remembered, as many as segments that they may tell of.
const MOST: usize = 1024;

/// An ACK that told of a hole.
#[derive(Clone, Copy, Debug)]
pub(super) struct DupAck {
    pub(super) frame: u64,
    pub(super) at: OptTime,
    pub(super) ack: SeqNumber,
    /// The end of its highest SACK block.
    pub(super) sacked: Option<SeqNumber>,
    /// Its first SACK block that is no DSACK: the last bytes that arrived, and those beside them (RFC 2018 §4).
    pub(super) block: Option<(u32, u32)>,
    /// For how many it stands.
    pub(super) acks: u32,
}

/// The ACKs in a row that told of a hole: duplicates without data, or with SACK blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct DupAcks {
    acks: VecDeque<DupAck>,
    /// The first of them, or of the last ones before.
    first: Option<DupAck>,
}

/// What told of the hole at some bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct LossEvidence {
    /// How many ACKs did, the first of them and the last.
    pub(super) acks: u32,
    pub(super) first: u64,
    pub(super) first_at: OptTime,
    /// When the last of those came that were needed to be enough.
    pub(super) enough_at: OptTime,
    pub(super) last: u64,
    /// Whether a SACK block did.
    pub(super) sack: bool,
}

impl LossEvidence {
    /// Whether it is enough to send the bytes again: SACK blocks behind them, or three duplicates.
    pub(super) fn is_enough(&self) -> bool {
        self.sack || self.acks >= 3
    }
}

impl DupAck {
    /// What it tells of a hole at these bytes: it stands at them, or has a SACK block behind them.
    fn tells_of(&self, again: &RetransmittedSegment) -> Option<LossEvidence> {
        let sack = self.sacked.is_some_and(|sacked| sacked.is_after(again.seq)) && self.ack.is_before(again.end);
        let here = !self.ack.is_before(again.seq) && self.ack.is_before(again.end);
        (sack || here).then_some(LossEvidence {
            acks: self.acks,
            first: self.frame,
            first_at: self.at,
            enough_at: self.at,
            last: self.frame,
            sack,
        })
    }
}

impl DupAcks {
    /// Notes one more. Of too many the second is forgotten, and the first stands for it.
    #[cold]
    pub(super) fn push(&mut self, told: DupAck) {
        if self.acks.len() >= MOST
            && self.acks.remove(1).is_some()
            && let Some(first) = self.acks.front_mut()
        {
            first.acks = first.acks.saturating_add(1);
        }
        if self.acks.is_empty() {
            self.first = Some(told);
        }
        self.acks.push_back(told);
    }

    /// Whether there are none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.acks.is_empty()
    }

    /// What cannot tell of the next hole is forgotten.
    #[inline]
    pub(super) fn clear(&mut self) {
        if !self.acks.is_empty() {
            self.acks.clear();
        }
    }
}

impl TcpEndpoint {
    /// What its ACKs after frame `since` tell of a hole at the bytes that come again: one stands at them, or has SACK
    /// blocks behind them.
    pub(super) fn loss_evidence(&self, again: &RetransmittedSegment, since: u64) -> Option<LossEvidence> {
        let later = self.loss().dup_acks.acks.iter().filter(|told| told.frame > since);
        later.filter_map(|told| told.tells_of(again)).reduce(|all, next| LossEvidence {
            acks: all.acks.saturating_add(next.acks),
            enough_at: if all.is_enough() { all.enough_at } else { next.enough_at },
            last: next.last,
            sack: all.sack || next.sack,
            ..all
        })
    }

    /// The first of its ACKs that told of a hole at bytes that have come since.
    pub(super) fn had_told_of(&self, again: &RetransmittedSegment) -> Option<u64> {
        let tells = |first: &DupAck| !first.ack.is_after(again.seq) && first.tells_of(again).is_some();
        let first = self.loss().dup_acks.first.filter(tells).map(|first| first.frame);
        self.loss_evidence(again, 0).map(|told| told.first).or(first)
    }

    /// Whether they are enough to retransmit the bytes.
    pub(super) fn has_asked_for(&self, again: &RetransmittedSegment) -> bool {
        self.loss_evidence(again, 0).is_some_and(|told| told.is_enough())
    }

    /// The lowest byte that its remembered ACKs have reported by SACK.
    pub(super) fn lowest_sacked(&self) -> Option<SeqNumber> {
        let blocks = self.loss().dup_acks.acks.iter().filter_map(|told| told.block);
        blocks.map(|(left, _)| SeqNumber(left)).reduce(|low, left| if left.is_before(low) { left } else { low })
    }

    /// Its last ACK, where that is the first or second duplicate in a row.
    pub(super) fn first_duplicates(&self) -> Option<u64> {
        let acks = &self.loss().dup_acks.acks;
        acks.back().filter(|_| acks.len() <= 2).map(|told| told.frame)
    }

    /// Whether none of its ACKs since its last of new data reported a gap.
    pub(super) fn has_reported_no_gap(&self) -> bool {
        self.loss().dup_acks.is_empty()
    }

    /// The last of its remembered ACKs with a SACK block.
    pub(super) fn last_with_sack(&self) -> Option<u64> {
        self.loss().dup_acks.acks.iter().rev().find(|told| told.sacked.is_some()).map(|told| told.frame)
    }

    /// The first of its remembered ACKs with a SACK block.
    pub(super) fn first_with_sack(&self) -> Option<&DupAck> {
        self.loss().dup_acks.acks.iter().find(|told| told.sacked.is_some())
    }

    /// The first of its ACKs whose SACK said that the bytes had arrived.
    pub(super) fn had_sacked(&self, again: &RetransmittedSegment) -> Option<u64> {
        let covers =
            |(left, right): (u32, u32)| !SeqNumber(left).is_after(again.seq) && !SeqNumber(right).is_before(again.end);
        self.loss().dup_acks.acks.iter().find(|told| told.block.is_some_and(covers)).map(|told| told.frame)
    }
}
