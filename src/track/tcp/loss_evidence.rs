//! ACKs that reported a gap, and its place: a duplicate ACK reports one at its own number (RFC 5681 §2), a SACK block
//! gaps below it (RFC 2018). An ACK that reports one gap need not report the next.

use super::dup_acks::{DupAck, LossEvidence};
use super::endpoint::TcpEndpoint;
use super::segment::RetransmittedSegment;
use crate::model::SeqNumber;

impl TcpEndpoint {
    /// The evidence of its ACKs after frame `since` that the retransmitted bytes are missing: their ACK number is in
    /// these bytes, or a SACK block is above them.
    pub(super) fn loss_evidence(&self, again: &RetransmittedSegment, since: u64) -> Option<LossEvidence> {
        let later = self.loss().dup_acks.acks.iter().filter(|dup_ack| dup_ack.frame > since);
        later.filter_map(|dup_ack| dup_ack.reports(again)).reduce(|all, next| LossEvidence {
            acks: all.acks.saturating_add(next.acks),
            enough_at: if all.is_enough() { all.enough_at } else { next.enough_at },
            last: next.last,
            sack: all.sack || next.sack,
            ..all
        })
    }

    /// The first of its ACKs that reported bytes missing which have come since.
    pub(super) fn had_reported(&self, again: &RetransmittedSegment) -> Option<u64> {
        let reports = |first: &DupAck| !first.ack.is_after(again.seq) && first.reports(again).is_some();
        let dup_acks = &self.loss().dup_acks;
        let before = [dup_acks.first, dup_acks.last].into_iter().flatten().find(reports);
        self.loss_evidence(again, 0).map(|evidence| evidence.first).or(before.map(|before| before.frame))
    }

    /// Returns `true` if its ACKs are enough evidence to retransmit the bytes.
    pub(super) fn has_asked_for(&self, again: &RetransmittedSegment) -> bool {
        self.loss_evidence(again, 0).is_some_and(|evidence| evidence.is_enough())
    }

    /// The lowest byte that its remembered ACKs have reported by SACK.
    pub(super) fn lowest_sacked(&self) -> Option<SeqNumber> {
        let blocks = self.loss().dup_acks.acks.iter().filter_map(|dup_ack| dup_ack.block);
        blocks.map(|(left, _)| SeqNumber(left)).reduce(|low, left| if left.is_before(low) { left } else { low })
    }

    /// Its last ACK, where that is the first or second duplicate in a row.
    pub(super) fn first_duplicates(&self) -> Option<u64> {
        let acks = &self.loss().dup_acks.acks;
        acks.back().filter(|_| acks.len() <= 2).map(|dup_ack| dup_ack.frame)
    }

    /// Returns `true` if none of its ACKs reported a gap since the last that acknowledged new data.
    pub(super) fn has_reported_no_gap(&self) -> bool {
        self.loss().dup_acks.is_empty()
    }

    /// The last of its remembered ACKs with a SACK block.
    pub(super) fn last_with_sack(&self) -> Option<u64> {
        self.loss().dup_acks.acks.iter().rev().find(|dup_ack| dup_ack.sacked.is_some()).map(|dup_ack| dup_ack.frame)
    }

    /// The first of its remembered ACKs with a SACK block.
    pub(super) fn first_with_sack(&self) -> Option<&DupAck> {
        self.loss().dup_acks.acks.iter().find(|dup_ack| dup_ack.sacked.is_some())
    }

    /// The first of its ACKs whose SACK said that the bytes had arrived.
    pub(super) fn had_sacked(&self, again: &RetransmittedSegment) -> Option<u64> {
        let covers =
            |(left, right): (u32, u32)| !SeqNumber(left).is_after(again.seq) && !SeqNumber(right).is_before(again.end);
        self.loss().dup_acks.acks.iter().find(|dup_ack| dup_ack.block.is_some_and(covers)).map(|dup_ack| dup_ack.frame)
    }
}
