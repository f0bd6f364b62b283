//! The bytes that a segment carries: new, filling a hole, or again.

use crate::model::thresholds::{COMPARABLE_RTT, DUPLICATE_WITHIN, MIN_RTO, NO_TIMER_WITHIN};
use std::num::NonZeroU64;

use super::endpoint::{SynAgain, TcpEndpoint};
use super::gaps::Fill;
use super::reordering;
use super::rules::handshake::{HANDSHAKE_RETRY, RetryCase};
use super::scoreboard::SentSegment;
use super::verdict::{self, RetransmittedSegment};
use super::{CONTROL, Connection, PacketRef, rules};
use crate::model::OptTime;
use crate::model::{Checksum, IpHeader, Nanos, Segment, SeqNumber, TcpFlags};
use crate::track::facts::Probe;
use crate::track::retransmission::{PacketIds, Retransmission, RetransmitCause};

impl Connection {
    /// Places the segment's sequence space. Nearly every segment carries nothing, or the bytes that are due.
    #[inline]
    pub(super) fn take_bytes(
        &mut self,
        moment: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        probe: Option<Probe>,
    ) -> Option<Retransmission> {
        let own = self.sides.get_mut(moment.direction);
        let syn = u32::from(segment.flags.contains(TcpFlags::SYN));
        let fin = u32::from(segment.flags.contains(TcpFlags::FIN));
        let end = segment.seq.plus(segment.len).plus(syn + fin);
        own.learn_marks(ip);
        let nothing = end == segment.seq || segment.flags.contains(TcpFlags::RST);
        let before = std::mem::replace(&mut own.last_ip_id, ip.id);
        // where identifications do not vary, only the very same moment tells
        if nothing && before == ip.id && probe.is_none() && (own.ip_ids_vary || moment.at == own.ack_at) {
            return copied_ack(moment, segment, ip, own);
        }
        if nothing || matches!(probe, Some(Probe::KeepAlive { .. } | Probe::ZeroWindow)) {
            own.snd_nxt.get_or_insert(end);
            return None;
        }
        if own.snd_nxt == Some(segment.seq) && syn == 0 {
            own.snd_nxt = Some(end);
            own.sent.push(sent(moment, segment, end, ip));
            return None;
        }
        self.take_unusual(moment, segment, end, ip)
    }

    /// A SYN, the first segment captured, and whatever is not the bytes that are due.
    #[cold]
    fn take_unusual(
        &mut self,
        moment: &PacketRef,
        segment: &Segment,
        end: SeqNumber,
        ip: &IpHeader,
    ) -> Option<Retransmission> {
        let (own, peer) = self.sides.both_mut(moment.direction);
        let sent = sent(moment, segment, end, ip);
        if segment.flags.contains(TcpFlags::SYN) {
            let with_ack = segment.flags.contains(TcpFlags::ACK);
            let before = own.syn;
            if with_ack && before.is_some() && !own.has_asked_with(segment.seq) {
                moment.place().into_iter().for_each(|(frame, _)| own.take_another_syn(&sent, frame));
                return None;
            }
            // a SYN that came again is answered again; else the answer was lost
            let too_soon = before
                .and_then(|(_, at)| moment.since(at))
                .is_some_and(|since| since >= NO_TIMER_WITHIN && since < MIN_RTO);
            let usual = first_answer(own, peer);
            let again = peer.syn.filter(|(frame, at)| {
                let answers = |answer: OptTime| {
                    answer.since(*at).zip(usual).is_none_or(|(took, usual)| took.0 >= usual.0.saturating_mul(3) / 4)
                };
                let since = before.is_some_and(|(own, own_at)| *frame > own || !answers(own_at));
                with_ack && answers(moment.at) && (since || too_soon && own.syn_count < peer.syn_count)
            });
            let misfit = peer.newest().filter(|misfit| before.is_some_and(|(own, _)| misfit.frame > own.get()));
            let misfit = misfit.filter(|_| !with_ack && !own.syn_acked).map(|misfit| misfit.frame);
            // of several SYN-ACKs the first had the most time to arrive; the last may have crossed this SYN
            let first = peer.sent.iter().find(|sent| Some(sent.seq) == peer.isn && !self.handshake.simultaneous);
            let first = first.and_then(|sent| Some((NonZeroU64::new(sent.frame)?, sent.at)));
            let answer = if with_ack { self.handshake.ack() } else { first.or(peer.syn).filter(|_| peer.syn_with_ack) };
            if let Some(overtaken) = self.handshake.overtaken_syn(own, moment, segment) {
                return Some(overtaken);
            }
            let superseded = own.is_not_taken(segment.seq);
            let first_had = |own: &TcpEndpoint| {
                let data = own.sent.iter().any(|sent| Some(sent.seq) == own.isn && sent.len > 0);
                own.fast_open.is_some() || data
            };
            let without_fast_open =
                !with_ack && segment.options.fast_open.is_none() && segment.len == 0 && first_had(own);
            let (nth, first, last, after) = match own.take_syn(sent, with_ack, again.is_some())? {
                SynAgain::Copy(copy) => {
                    return Some(Retransmission { marks: PacketIds::carried(sent.ip_id, sent.timestamp), ..copy });
                }
                SynAgain::Sent { nth, first, last, after } => (nth, first, last, after),
            };
            let frame_of = |seen: Option<(NonZeroU64, OptTime)>| seen.map(|(frame, _)| frame.get());
            let answer = frame_of(answer);
            let unacked = peer.newest_data().filter(|data| peer.sent.in_flight() > 0 && Some(data.frame) > answer);
            let case = RetryCase {
                syn_ack: with_ack,
                nth,
                first,
                last,
                after,
                wrong_answer: misfit,
                answer,
                open_since: frame_of(self.handshake.ack().filter(|_| !with_ack && peer.syn_acked)),
                refused: peer.reset.map(NonZeroU64::get).filter(|_| !with_ack && !peer.syn_with_ack),
                asked: frame_of(again.filter(|_| !superseded)),
                superseded,
                data_after: unacked.map(|data| data.frame).filter(|_| with_ack && answer.is_some()),
                without_fast_open,
                without_ecn: !with_ack && self.ecn.is_offered() && segment.flags.ace() == 0,
                capture_point: self.clues.tell(self.handshake.halves()).capture_point,
            };
            let (rule, proof) = rules::first(HANDSHAKE_RETRY, &case)?;
            return Some(Retransmission {
                after,
                last,
                marks: PacketIds::carried(sent.ip_id, sent.timestamp),
                witness: misfit.or(case.asked).or(answer),
                ..Retransmission::of(RetransmitCause::Handshake { rule, proof }, first)
            });
        }
        let next = own.snd_nxt.unwrap_or(segment.seq);
        if !segment.seq.is_before(next) {
            if segment.seq.is_after(next) {
                own.loss_mut().gaps.open(next, segment.seq, moment.frame);
            }
            own.snd_nxt = Some(end);
            own.sent.push(sent);
            return None;
        }
        if end.is_after(next) {
            own.snd_nxt = Some(end);
        }
        let timestamp = sent.timestamp;
        let again = RetransmittedSegment {
            frame: moment.frame,
            seq: segment.seq,
            end,
            at: moment.at,
            ip_id: ip.id,
            timestamp,
            packet_end: end,
            first: None,
            had: None,
            fin_on_ack: segment.len == 0 && own.ack_sent.is_some_and(|acked| segment.ack.is_after(acked)),
        };
        let handshake = self.handshake.round_trip();
        Some(match own.loss_mut().gaps.fill(segment.seq, end) {
            Fill::Gap { shown_by, bytes } => {
                let old = if end.is_after(next) { next } else { end };
                let seen = old.relative_to(segment.seq) > bytes;
                let repeat = reordering::fills_gap(&again, shown_by, seen.then_some(bytes), own, peer, handshake);
                own.recover(&again, &repeat, peer);
                own.sent.push(SentSegment { late: true, ..sent });
                let late = matches!(repeat.cause, RetransmitCause::Reordered | RetransmitCause::OrderUnknown);
                if !late {
                    own.remember_repeat(again);
                }
                Retransmission { fresh: if seen && !late { end.relative_to(old) } else { 0 }, ..repeat }
            }
            Fill::AckedUnseen(ack) => match reordering::captured_late(&again, &ack, own) {
                Some(late) => {
                    own.sent.insert_acked(SentSegment { late: true, acked_by: NonZeroU64::new(ack.frame), ..sent });
                    late
                }
                None => verdict::repeated(&again, own, peer, handshake),
            },
            // the first FIN at a number that was used before is no copy of what used it
            Fill::Nothing if own.fin.is_none() && segment.len == 0 && segment.flags.contains(TcpFlags::FIN) => {
                return None;
            }
            Fill::Nothing if own.loss().gaps.forgot_some() && own.sent.carrying(segment.seq).is_none() => {
                Retransmission::unproved(RetransmitCause::Unknown)
            }
            // the end of it is new: the sender put new data behind what it sends again
            Fill::Nothing if end.is_after(next) && segment.seq.plus(1) != next => {
                let repeat = verdict::repeated(&RetransmittedSegment { end: next, ..again }, own, peer, handshake);
                let fresh = segment.len.saturating_sub(next.relative_to(segment.seq));
                own.sent.push(SentSegment { seq: next, len: fresh, part: true, ..sent });
                Retransmission { fresh, ..repeat }
            }
            Fill::Nothing => verdict::repeated(&again, own, peer, handshake),
        })
    }
}

/// How long the first SYN-ACK came after the first SYN, where there was but one to answer: none comes sooner.
#[cold]
fn first_answer(own: &TcpEndpoint, peer: &TcpEndpoint) -> Option<Nanos> {
    let (answer, asked) = (own.sent.iter().next()?, peer.sent.iter().next()?);
    let second = peer.syn.filter(|_| peer.syn_count == 2).map(|(frame, _)| frame.get())?;
    let alone = own.seq_base == Some(answer.seq) && peer.seq_base == Some(asked.seq) && answer.frame < second;
    answer.at.since(asked.at).filter(|took| alone && *took >= COMPARABLE_RTT)
}

/// An ACK with the IP identification of its sender's packet before, which was the same ACK. An identification that its
/// sender gives to all packets tells nothing by itself, but at the very same moment nobody sends two.
#[cold]
fn copied_ack(moment: &PacketRef, segment: &Segment, ip: &IpHeader, own: &TcpEndpoint) -> Option<Retransmission> {
    let after = moment.since(own.ack_at);
    let ack = segment.flags.contains(TcpFlags::ACK) && !segment.flags.intersects(CONTROL);
    let numbered = ip.id.is_some_and(|id| id != 0);
    let soon =
        if own.ip_ids_vary { after.is_none_or(|after| after < DUPLICATE_WITHIN) } else { after == Some(Nanos(0)) };
    let marks = PacketIds { ip_id: own.ip_ids_vary, timestamp: false };
    let newest = own.newest().filter(|newest| newest.len == 0 && !newest.syn && newest.ack == Some(segment.ack))?;
    let copy = Retransmission { after, marks, ..Retransmission::of(RetransmitCause::DuplicateFrame, own.ack_frame) };
    // a copy of it counted no more
    let same = own.ack_frame == newest.frame || newest.copy;
    (ack && soon && numbered && own.snd_nxt == Some(segment.seq) && same).then_some(copy)
}

/// The segment as it is remembered.
#[inline]
fn sent(moment: &PacketRef, segment: &Segment, end: SeqNumber, ip: &IpHeader) -> SentSegment {
    SentSegment {
        seq: segment.seq,
        end,
        len: segment.len,
        frame: moment.frame,
        at: moment.at,
        last: (moment.frame, moment.at),
        ip_id: ip.id,
        timestamp: segment.options.timestamps.map(|stamps| stamps.value),
        repeats: 0,
        timeouts: 0,
        damaged: segment.checksum == Checksum::Invalid,
        late: false,
        part: false,
        acked_by: None,
    }
}
