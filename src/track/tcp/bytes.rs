//! The bytes that a segment carries: new, filling a gap, or retransmitted.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::duplicate::same_packet;
use super::endpoint::TcpEndpoint;
use super::gaps::GapOverlap;
use super::reordering;
use super::rules::retransmission::{Before, Case, Path, SynCase, explain, of_segment};
use super::segment::{RetransmittedSegment, SentSegment};
use crate::model::thresholds::{COMPARABLE_RTT, DUPLICATE_WITHIN, MIN_RTO, NO_TIMER_WITHIN};
use crate::model::{Checksum, Direction, IpHeader, Nanos, OptTime, Segment, SeqNumber, TcpFlags};
use crate::track::facts::Probe;
use crate::track::packet_ref::PacketRef;
use crate::track::retransmission::Retransmission;
use crate::track::retransmission_proof::{FirstCopy, PacketIds, ProofDetail, RetransmissionProof, View};

impl Connection {
    /// Places the segment's sequence space. Nearly every segment carries nothing, or the bytes that are due.
    #[inline]
    pub(super) fn take_bytes(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        probe: Option<Probe>,
    ) -> Option<Retransmission> {
        let own = self.endpoints.get_mut(packet.direction);
        let syn = u32::from(segment.flags.contains(TcpFlags::SYN));
        let fin = u32::from(segment.flags.contains(TcpFlags::FIN));
        let end = segment.seq.plus(segment.len).plus(syn + fin);
        own.learn_packet_ids(ip);
        let nothing = end == segment.seq || segment.flags.contains(TcpFlags::RST);
        let before = std::mem::replace(&mut own.last_ip_id, ip.id);
        // where identifications do not vary, only the very same moment tells
        if nothing && before == ip.id && probe.is_none() && (own.ip_ids_vary || packet.at == own.ack_at) {
            return copied_ack(packet, segment, ip, own);
        }
        if nothing || probe.is_some_and(|probe| probe.is_question()) {
            own.snd_nxt.get_or_insert(end);
            return None;
        }
        if own.snd_nxt == Some(segment.seq) && syn == 0 {
            own.snd_nxt = Some(end);
            own.sent.push(sent(packet, segment, end, ip));
            return None;
        }
        self.take_unusual(packet, segment, end, ip)
    }

    /// Places the sequence space of a segment that was predicted: it carries nothing, or the bytes or FIN that are due.
    #[inline]
    pub(super) fn take_due_bytes(&mut self, packet: &PacketRef, segment: &Segment, ip: &IpHeader) {
        let own = self.endpoints.get_mut(packet.direction);
        own.learn_packet_ids(ip);
        own.last_ip_id = ip.id;
        let fin = u32::from(segment.flags.contains(TcpFlags::FIN));
        if segment.len + fin > 0 {
            let end = segment.seq.plus(segment.len).plus(fin);
            own.snd_nxt = Some(end);
            own.sent.push(sent(packet, segment, end, ip));
        }
    }

    /// Places the sequence space of a side's first SYN or SYN-ACK, which was predicted.
    #[inline]
    pub(super) fn take_due_syn(&mut self, packet: &PacketRef, segment: &Segment, ip: &IpHeader) {
        let own = self.endpoints.get_mut(packet.direction);
        own.learn_packet_ids(ip);
        own.last_ip_id = ip.id;
        let sent = sent(packet, segment, segment.seq.plus(1), ip);
        own.take_syn(sent, segment.flags.contains(TcpFlags::ACK), false);
    }

    /// A SYN, the first segment captured, and whatever is not the bytes that are due.
    #[cold]
    fn take_unusual(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        end: SeqNumber,
        ip: &IpHeader,
    ) -> Option<Retransmission> {
        let path = self.path_of(packet.direction);
        if segment.flags.contains(TcpFlags::SYN) {
            return self.take_syn(packet, segment, sent(packet, segment, end, ip), path);
        }
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        let sent = sent(packet, segment, end, ip);
        let next = own.snd_nxt.unwrap_or(segment.seq);
        if !segment.seq.is_before(next) {
            if segment.seq.is_after(next) {
                let first = own.newest().is_none();
                let gaps = &mut own.loss_mut().gaps;
                gaps.open(next, segment.seq, packet.frame);
                if first {
                    gaps.begin(segment.seq);
                }
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
            frame: packet.frame,
            seq: segment.seq,
            end,
            at: packet.at,
            ip_id: ip.id,
            timestamp,
            packet_end: end,
            first: None,
            had: None,
            fin_on_ack: segment.len == 0 && own.ack_sent.is_some_and(|acked| segment.ack.is_after(acked)),
            arrived: peer.ack_sent.is_some_and(|acked| !end.is_after(acked)),
            late: false,
            copy: None,
        };
        match own.loss_mut().gaps.fill(segment.seq, end) {
            GapOverlap::Gap { shown_by, bytes } => {
                let old = if end.is_after(next) { next } else { end };
                let seen = old.relative_to(segment.seq) > bytes;
                let (gap, proof) = reordering::gap_fill(&again, shown_by, seen.then_some(bytes), own, path.view);
                let mut repeat = explain(&Case { proof, ..Case::new(&again, own, peer, path, Before::Gap(gap)) })?;
                own.recover(&again, &repeat, peer);
                let late = repeat.may_be_late();
                own.sent.push(SentSegment { late: true, overtaken: late, ..sent });
                if !late {
                    own.remember_repeat(again);
                }
                repeat.proof.fresh = if seen && !late { end.relative_to(old) } else { 0 };
                Some(repeat)
            }
            GapOverlap::AckedUnseen(ack) => {
                let captured_late = explain(&Case::new(&again, own, peer, path, Before::AckedUnseen(ack)));
                match captured_late.filter(Retransmission::is_captured_late) {
                    Some(late) => {
                        own.sent.insert_acked(SentSegment { late: true, acked_by: NonZeroU64::new(ack.frame), ..sent });
                        Some(late)
                    }
                    None => repeated(&again, own, peer, path),
                }
            }
            // the first FIN at a number that was used before is no copy of what used it
            GapOverlap::Nothing if own.fin.is_none() && segment.len == 0 && segment.flags.contains(TcpFlags::FIN) => {
                None
            }
            GapOverlap::Nothing if own.loss().gaps.forgot_some() && own.sent.carrying(segment.seq).is_none() => {
                explain(&Case { evidence: None, ..Case::new(&again, own, peer, path, Before::Forgotten) })
            }
            // the end of it is new: the sender put new data behind what it retransmits
            GapOverlap::Nothing if end.is_after(next) && segment.seq.plus(1) != next => {
                let mut repeat = repeated(&RetransmittedSegment { end: next, ..again }, own, peer, path)?;
                let fresh = segment.len.saturating_sub(next.relative_to(segment.seq));
                own.sent.push(SentSegment { seq: next, len: fresh, part: true, ..sent });
                repeat.proof.fresh = fresh;
                Some(repeat)
            }
            GapOverlap::Nothing => repeated(&again, own, peer, path),
        }
    }

    /// The path as the sender of this direction meets it.
    #[cold]
    fn path_of(&self, sender: Direction) -> Path {
        let capture_point = self.clues.evidence(self.handshake.times()).capture_point;
        Path {
            round_trip: self.handshake.round_trip(),
            journey: self.handshake.answer_time(sender),
            view: View::of(capture_point, sender),
        }
    }

    /// A SYN or SYN-ACK.
    fn take_syn(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        sent: SentSegment,
        path: Path,
    ) -> Option<Retransmission> {
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        let with_ack = segment.flags.contains(TcpFlags::ACK);
        let before = own.syn;
        if with_ack && before.is_some() && !own.has_asked_with(segment.seq) {
            packet.place().into_iter().for_each(|(frame, _)| own.take_another_syn(&sent, frame));
            return None;
        }
        // a SYN that was retransmitted is answered again; else the answer was lost
        let too_soon = before
            .and_then(|(_, at)| packet.since(at))
            .is_some_and(|since| since >= NO_TIMER_WITHIN && since < MIN_RTO);
        let usual = first_answer(own, peer);
        let asked = peer.syn.filter(|(frame, at)| {
            let answers = |answer: OptTime| {
                answer.since(*at).zip(usual).is_none_or(|(took, usual)| took.0 >= usual.0.saturating_mul(3) / 4)
            };
            let since = before.is_some_and(|(own, own_at)| *frame > own || !answers(own_at));
            with_ack && answers(packet.at) && (since || too_soon && own.syn_count < peer.syn_count)
        });
        let bad_ack = peer.newest().filter(|newest| before.is_some_and(|(own, _)| newest.frame > own.get()));
        let fits = |ack| own.isn.is_some_and(|isn| isn.plus(1) == ack);
        let bad_ack = bad_ack
            .filter(|newest| !with_ack && !own.syn_acked && !newest.ack().is_some_and(fits))
            .and_then(|newest| NonZeroU64::new(newest.frame));
        // of several SYN-ACKs the first had the most time to arrive; the last may have crossed this SYN
        let first = peer.sent.iter().find(|sent| Some(sent.seq) == peer.isn && !self.handshake.simultaneous);
        let first = first.and_then(|sent| Some((NonZeroU64::new(sent.frame)?, sent.at)));
        let opened = self.handshake.ack();
        let answer = if with_ack { opened } else { first.or(peer.syn).filter(|_| peer.syn_with_ack) };
        let again = RetransmittedSegment::whole(&sent);
        let captured =
            RetransmissionProof { first_copy: FirstCopy::Captured, view: path.view, ..RetransmissionProof::default() };
        if let Some((syn_ack, at)) = self.handshake.overtaken_syn(own, packet, segment) {
            let case = SynCase { overtaken: true, ..SynCase::default() };
            let proof = RetransmissionProof { original: Some(syn_ack.get()), after: packet.since(at), ..captured };
            return explain(&Case { proof, ..Case::new(&again, own, peer, path, Before::Syn(case)) });
        }
        let superseded = own.is_not_taken(segment.seq);
        let had_data = own.sent.iter().any(|sent| Some(sent.seq) == own.isn && sent.len > 0);
        let bare = !with_ack && segment.options.fast_open.is_none() && segment.len == 0;
        let without_fast_open = bare && (own.fast_open.is_some() || had_data);
        let without_ecn = !with_ack && self.ecn.is_offered() && segment.flags.ace() == 0;
        let repeat = own.take_syn(sent, with_ack, asked.is_some())?;
        let marks = PacketIds::carried(sent.ip_id, sent.timestamp);
        let proof = RetransmissionProof {
            original: Some(repeat.first),
            last: repeat.last,
            after: repeat.after,
            marks,
            ..captured
        };
        if repeat.nth == 0 {
            // without an identification a second answer to a duplicated SYN looks just the same
            let answered_twice = with_ack && !marks.ip_id;
            let detail = if answered_twice { ProofDetail::Alternative } else { ProofDetail::Plain };
            let proof = RetransmissionProof { detail, ..proof };
            return explain(&Case { proof, ..Case::new(&again, own, peer, path, Before::SamePacket) });
        }
        let data = peer.newest_data().filter(|data| opened.is_some_and(|(ack, _)| data.frame >= ack.get()));
        let case = SynCase {
            with_ack,
            overtaken: false,
            nth: repeat.nth,
            asked: asked.map(|(frame, _)| frame).filter(|_| !superseded),
            answer: answer.map(|(frame, _)| frame),
            bad_ack,
            superseded,
            opened: opened.filter(|_| !with_ack).map(|(frame, _)| frame),
            by_server: packet.direction == Direction::ServerToClient,
            data: data.and_then(|data| NonZeroU64::new(data.frame)),
            other_id: repeat.other_id,
            without_fast_open,
            without_ecn,
        };
        explain(&Case { proof, ..Case::new(&again, own, peer, path, Before::Syn(case)) })
    }
}

/// A segment whose bytes are all in the capture already.
fn repeated(
    again: &RetransmittedSegment,
    sender: &mut TcpEndpoint,
    receiver: &TcpEndpoint,
    path: Path,
) -> Option<Retransmission> {
    if let Some(proof) = sender.copied(again, receiver.has_asked_for(again)) {
        let proof = RetransmissionProof { view: path.view, ..proof };
        return explain(&Case { proof, ..Case::new(again, sender, receiver, path, Before::SamePacket) });
    }
    [again.seq, again.end].into_iter().for_each(|at| sender.sent.part(at, sender.isn));
    let Some(before) = sender.sent.carried(again.seq).copied() else {
        return forgotten(again, sender, receiver, path);
    };
    let proof = of_segment(again, &before, sender, path.view);
    let repeat = explain(&Case { proof, ..Case::new(again, sender, receiver, path, Before::Segment(before)) })?;
    let late = repeat.may_be_late();
    if !late {
        sender.sent.repeat(again.seq, again.end, (again.frame, again.at));
    }
    sender.remember_repeat(RetransmittedSegment { first: repeat.proof.original, late, ..*again });
    sender.recover(again, &repeat, receiver);
    Some(repeat)
}

/// Bytes that were sent before, in a frame that is not remembered.
fn forgotten(
    again: &RetransmittedSegment,
    sender: &mut TcpEndpoint,
    receiver: &TcpEndpoint,
    path: Path,
) -> Option<Retransmission> {
    let case = Case::new(again, sender, receiver, path, Before::Forgotten);
    let acked = receiver.ack_sent.is_some_and(|ack| !again.end.is_after(ack));
    let recalled = sender.recall(again).filter(|_| acked);
    let same = |earlier: &RetransmittedSegment| same_packet(again, earlier, again.at.since(earlier.at));
    if let Some(earlier) = recalled.filter(|earlier| sender.ip_ids_vary && same(earlier)) {
        let proof = RetransmissionProof {
            original: Some(earlier.frame),
            after: again.at.since(earlier.at),
            marks: PacketIds::carried(again.ip_id, again.timestamp),
            first_copy: FirstCopy::Captured,
            ..case.proof
        };
        return explain(&Case { proof, ..Case::new(again, sender, receiver, path, Before::SamePacket) });
    }
    let proof = match recalled {
        Some(RetransmittedSegment { frame, at, first, .. }) => RetransmissionProof {
            original: Some(first.unwrap_or(frame)),
            after: again.at.since(at),
            last: first.and(NonZeroU64::new(frame)),
            first_copy: FirstCopy::Captured,
            ..case.proof
        },
        None => case.proof,
    };
    let repeat = explain(&Case { proof, ..case })?;
    let late = repeat.may_be_late();
    sender.remember_repeat(RetransmittedSegment { first: repeat.proof.original, late, ..*again });
    sender.recover(again, &repeat, receiver);
    Some(repeat)
}

/// Returns the time from the first SYN to the first SYN-ACK, if there was only one SYN to answer: no answer comes
/// sooner.
#[cold]
fn first_answer(own: &TcpEndpoint, peer: &TcpEndpoint) -> Option<Nanos> {
    let (answer, asked) = (own.sent.iter().next()?, peer.sent.iter().next()?);
    let second = peer.syn.filter(|_| peer.syn_count == 2).map(|(frame, _)| frame.get())?;
    let alone = own.seq_base == Some(answer.seq) && peer.seq_base == Some(asked.seq) && answer.frame < second;
    answer.at.since(asked.at).filter(|took| alone && *took >= COMPARABLE_RTT)
}

/// An ACK with the IP identification of its sender's packet before, which was the same ACK. An identification that its
/// sender gives to all packets proves nothing alone, but no sender sends two at the same moment.
#[cold]
fn copied_ack(packet: &PacketRef, segment: &Segment, ip: &IpHeader, own: &TcpEndpoint) -> Option<Retransmission> {
    let after = packet.since(own.ack_at);
    let ack = segment.flags.contains(TcpFlags::ACK) && !segment.flags.intersects(TcpFlags::CONTROL);
    let numbered = ip.id.is_some_and(|id| id != 0);
    let soon =
        if own.ip_ids_vary { after.is_none_or(|after| after < DUPLICATE_WITHIN) } else { after == Some(Nanos(0)) };
    let marks = PacketIds { ip_id: own.ip_ids_vary, timestamp: false };
    let newest = own.newest().filter(|newest| newest.len == 0 && !newest.syn && newest.ack() == Some(segment.ack))?;
    // a copy of it counted no more
    let same = own.ack_frame == newest.frame || newest.copy;
    if !(ack && soon && numbered && own.snd_nxt == Some(segment.seq) && same) {
        return None;
    }
    let again = RetransmittedSegment::whole(&sent(packet, segment, segment.seq, ip));
    let (original, first_copy) = (Some(own.ack_frame), FirstCopy::Captured);
    let proof = RetransmissionProof { original, after, marks, first_copy, ..RetransmissionProof::default() };
    explain(&Case { proof, ..Case::new(&again, own, own, Path::default(), Before::SamePacket) })
}

/// The segment as it is remembered.
#[inline]
pub(super) fn sent(packet: &PacketRef, segment: &Segment, end: SeqNumber, ip: &IpHeader) -> SentSegment {
    SentSegment {
        seq: segment.seq,
        end,
        len: segment.len,
        frame: packet.frame,
        at: packet.at,
        last: (packet.frame, packet.at),
        ip_id: ip.id,
        timestamp: segment.options.timestamps.map(|stamps| stamps.value),
        retransmissions: 0,
        damaged: segment.checksum == Checksum::Invalid,
        late: false,
        overtaken: false,
        part: false,
        acked_by: None,
    }
}
