//! The same packet twice: captured twice (a mirrored port), or duplicated by the network. A duplicate has the numbers and
//! the identifying fields of its packet, and comes soon after it.

use std::num::NonZeroU64;

use super::endpoint::TcpEndpoint;
use super::segment::RetransmittedSegment;
use crate::model::thresholds::{DUPLICATE_WITHIN, NO_TIMER_WITHIN, TIMESTAMP_TICK};
use crate::model::{Nanos, OptTime, SeqNumber};
use crate::track::retransmission_proof::{FirstCopy, PacketIds, RetransmissionProof};

/// The most retransmitted segments remembered of one side; the newest are kept.
const REPEATS: usize = 8;

impl TcpEndpoint {
    /// Remembers a retransmitted segment, since a duplicate of it may follow.
    pub(super) fn remember_repeat(&mut self, again: RetransmittedSegment) {
        let retransmissions = &mut self.loss_mut().retransmissions;
        if retransmissions.len() >= REPEATS {
            retransmissions.remove(0);
        }
        retransmissions.push(again);
    }

    /// The packet of which this one is a copy, if any: the last with exactly these bytes. If the bytes were sent once
    /// and the receiver has reported them missing since, the segment may be an immediate retransmission.
    pub(super) fn copied(&mut self, again: &RetransmittedSegment, asked: bool) -> Option<RetransmissionProof> {
        let ids_vary = self.ip_ids_vary || again.ip_id.is_none();
        let repeated = self
            .loss()
            .retransmissions
            .iter()
            .rev()
            .find(|other| other.seq == again.seq && other.packet_end == again.packet_end)
            .copied();
        let original =
            self.sent.carrying(again.seq).filter(|sent| sent.seq == again.seq && sent.end == again.packet_end);
        let first = || original.as_deref().filter(|sent| !sent.part).map(RetransmittedSegment::whole);
        let packet = repeated.or_else(first)?;
        let after = again.at.since(packet.at);
        let same_marks = again.ip_id == packet.ip_id && again.timestamp == packet.timestamp;
        let too_soon =
            same_marks && (repeated.is_some() || !asked) && after.is_some_and(|after| after < NO_TIMER_WITHIN);
        if !(too_soon || ids_vary && same_packet(again, &packet, after)) {
            return None;
        }
        let carried = PacketIds::carried(again.ip_id, again.timestamp);
        let marks = PacketIds {
            ip_id: carried.ip_id && again.ip_id == packet.ip_id,
            timestamp: carried.timestamp && again.timestamp == packet.timestamp,
        };
        self.note_copy(again, &packet);
        let (original, first_copy) = (Some(packet.frame), FirstCopy::Captured);
        Some(RetransmissionProof { original, after, marks, first_copy, ..RetransmissionProof::default() })
    }

    /// Remembers a captured duplicate: a DSACK may report it.
    fn note_copy(&mut self, again: &RetransmittedSegment, packet: &RetransmittedSegment) {
        let copy = NonZeroU64::new(again.frame);
        let loss = self.loss_mut();
        if let Some(repeat) = loss.retransmissions.iter_mut().find(|repeat| repeat.frame == packet.frame) {
            repeat.copy = copy;
            return;
        }
        if loss.copies.len() >= REPEATS {
            loss.copies.remove(0);
        }
        loss.copies.push(RetransmittedSegment { copy, ..*packet });
    }
}

impl TcpEndpoint {
    /// The packet that brought these bytes last, where what was sent is forgotten since the connection had
    /// ended: the FIN's, the last repeat's, or that of one of the last segments, if nothing came between that is not in
    /// its order.
    pub(super) fn recall(&self, again: &RetransmittedSegment) -> Option<RetransmittedSegment> {
        let is_same = |seq: SeqNumber, end: SeqNumber| seq == again.seq && end == again.packet_end;
        if let Some(repeat) =
            self.loss().retransmissions.iter().rev().find(|repeat| is_same(repeat.seq, repeat.packet_end))
        {
            return Some(*repeat);
        }
        if let Some(fin) = self.fin.filter(|fin| is_same(fin.end.plus(u32::MAX), fin.end)) {
            let (ip_id, timestamp) = (fin.ip_id, fin.stamp);
            return Some(RetransmittedSegment {
                frame: fin.frame,
                at: fin.at,
                first: None,
                ip_id,
                timestamp,
                ..*again
            });
        }
        let mut last = self.recent;
        last.sort_unstable_by_key(|recent| std::cmp::Reverse(recent.frame));
        let mut end = self.snd_nxt.filter(|_| {
            self.sent.iter().next().is_none()
                && self.loss().retransmissions.iter().all(|repeat| Some(repeat.seq) == self.isn)
        })?;
        let same = last.iter().find(|recent| {
            let fin = self.fin.is_some_and(|fin| fin.frame == recent.frame);
            let taken = recent.len.wrapping_add(fin.into());
            let seq = SeqNumber(end.0.wrapping_sub(taken));
            let carried = std::mem::replace(&mut end, seq);
            recent.frame > 0 && is_same(seq, carried)
        })?;
        let (at, ip_id, timestamp) = (OptTime::UNKNOWN, None, None);
        Some(RetransmittedSegment { frame: same.frame, at, first: None, ip_id, timestamp, ..*again })
    }
}

/// The same IP identification (0 proves nothing) and the same timestamp, or without timestamps soon after. A
/// retransmission has newer ones, however late it comes.
pub(super) fn same_packet(again: &RetransmittedSegment, before: &RetransmittedSegment, after: Option<Nanos>) -> bool {
    let same_stamp = again.timestamp == before.timestamp;
    let soon = after.is_none_or(|after| after < DUPLICATE_WITHIN);
    match (again.ip_id, before.ip_id) {
        (Some(id), Some(first)) if id != 0 || first != 0 => {
            id == first && same_stamp && (soon || again.timestamp.is_some())
        }
        // without an identification only the same clock tick at almost the same time tells; a tail-loss probe has another
        _ => same_stamp && again.timestamp.is_some() && after.is_some_and(|after| after < TIMESTAMP_TICK),
    }
}
