//! ACKs that reported a gap, as they are remembered.

use std::collections::VecDeque;

use super::segment::RetransmittedSegment;
use crate::model::{OptTime, SeqNumber};

/// Most ACKs remembered, as many as segments that they may report.
const MOST: usize = 1024;

/// An ACK that reported a gap.
#[derive(Clone, Copy, Debug)]
pub(super) struct DupAck {
    pub(super) frame: u64,
    pub(super) at: OptTime,
    pub(super) ack: SeqNumber,
    /// The end of its highest SACK block.
    pub(super) sacked: Option<SeqNumber>,
    /// Its first SACK block that is no DSACK: the last bytes that arrived, and those beside them (RFC 2018 §4).
    pub(super) block: Option<(u32, u32)>,
    /// The capture cut its options, so that SACK blocks may be missing.
    pub(super) cut: bool,
    /// The number of ACKs that it stands for.
    pub(super) acks: u32,
}

/// The ACKs in a row that reported a gap: duplicates without data, or with SACK blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct DupAcks {
    pub(super) acks: VecDeque<DupAck>,
    /// The first of them, or of the last ones before.
    pub(super) first: Option<DupAck>,
    /// The last of these: its SACK blocks reach as far as any of them.
    pub(super) last: Option<DupAck>,
}

/// The ACKs that reported some bytes missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct LossEvidence {
    /// The number of ACKs that did; the first and the last of them follow.
    pub(super) acks: u32,
    pub(super) first: u64,
    pub(super) first_at: OptTime,
    /// The time of the ACK that completed the evidence needed for a retransmission.
    pub(super) enough_at: OptTime,
    pub(super) last: u64,
    /// A SACK block did.
    pub(super) sack: bool,
}

impl LossEvidence {
    /// Returns `true` if the evidence is enough to retransmit the bytes: SACK blocks above them, or three duplicate
    /// ACKs.
    pub(super) fn is_enough(&self) -> bool {
        self.sack || self.acks >= 3
    }
}

impl DupAck {
    /// The evidence that these bytes are missing: its ACK number is in them, or a SACK block is above them.
    pub(super) fn reports(&self, again: &RetransmittedSegment) -> Option<LossEvidence> {
        let sack = self.sacked.is_some_and(|sacked| sacked.is_after(again.seq)) && self.ack.is_before(again.end);
        let here = !self.ack.is_before(again.seq) && self.ack.is_before(again.end);
        (sack || here).then_some(LossEvidence {
            acks: self.acks,
            first: self.frame,
            first_at: self.at,
            enough_at: self.at,
            last: self.frame,
            sack: sack || self.cut,
        })
    }
}

impl DupAcks {
    /// Notes one more. Of too many the second is forgotten, and the first stands for it.
    #[cold]
    pub(super) fn push(&mut self, dup_ack: DupAck) {
        if self.acks.len() >= MOST
            && self.acks.remove(1).is_some()
            && let Some(first) = self.acks.front_mut()
        {
            first.acks = first.acks.saturating_add(1);
        }
        if self.acks.is_empty() {
            self.first = Some(dup_ack);
        }
        self.last = Some(dup_ack);
        self.acks.push_back(dup_ack);
    }

    /// Returns `true` if there are none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.acks.is_empty()
    }

    /// ACKs that cannot report the next gap are forgotten.
    #[inline]
    pub(super) fn clear(&mut self) {
        if !self.acks.is_empty() {
            self.acks.clear();
        }
    }
}
