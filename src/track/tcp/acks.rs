//! The bytes that an ACK covers, and the round trip that it completes.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::gaps::AckedUnseen;
use super::rules::arrival::{ARRIVALS, ProvenArrival};
use super::rules::probe_answer::Answered;
use super::rules::waiting::{ACK_DELAYS, AckDelayCase, AckDelayProof, ProvenAckDelay};
use super::scoreboard::Sample;
use crate::model::thresholds::DELAYED_ACK;
use crate::model::{Direction, Nanos, Segment, SeqNumber, TcpFlags};
use crate::track::capture_point::{CapturePoint, Measures};
use crate::track::event::TcpFacts;
use crate::track::facts::{Acked, Probe};
use crate::track::packet_ref::PacketRef;
use crate::track::retransmission_proof::View;
use crate::track::rtt::{Distribution, RttSample};

impl Connection {
    /// Fills in what the ACK covers, and the round trip that it completes.
    pub(super) fn take_ack(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        probe: Option<Probe>,
        facts: &mut TcpFacts,
    ) {
        let observations = &mut facts.observations;
        let usual = self.handshake.answer_time(packet.direction);
        let valid = if segment.options.sack.is_empty() { None } else { self.without_void_sack(packet, segment) };
        let segment = valid.as_ref().map_or(segment, |(segment, _)| segment);
        observations.void_sack = valid.as_ref().map(|(_, void)| *void);
        let mut ending = self.is_ending();
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        let before = own.ack_sent;
        let advances = before.is_none_or(|before| segment.ack.is_after(before));
        if observations.refuses.is_some() {
            // it answers a segment that was not accepted, and reports no gap
            (own.ack_at, own.ack_frame) = (packet.at, packet.frame);
            return;
        }
        if advances && peer.loss.as_ref().is_some_and(|loss| loss.other_fin.is_some()) {
            peer.settle_fins(own, segment.ack);
        }
        let sacked_by = own.loss.as_ref().and_then(|_| own.first_with_sack()).copied();
        let (clues, handshake) = (&self.clues, &self.handshake);
        let view = || View::of(clues.evidence(handshake.times()).capture_point, !packet.direction);
        let reported = own.note_sack(packet, segment, peer, (advances, view), observations);
        own.note_ack(packet, segment);
        if !advances {
            let older = before.is_some_and(|before| segment.ack.is_before(before));
            observations.older_ack = NonZeroU64::new(own.advanced.0).filter(|_| older);
            return;
        }
        own.ack_sent = Some(segment.ack);
        let (_, advanced_at) = std::mem::replace(&mut own.advanced, (packet.frame, packet.at));
        let syn = !peer.syn_acked && peer.isn.is_some();
        if syn && peer.several_isns {
            peer.settle(segment.ack);
        }
        let unseen = peer.snd_nxt.is_none_or(|next| segment.ack.is_after(next));
        let echo = segment.options.timestamps.map(|stamps| stamps.echo_reply);
        let missed = AckedUnseen { frame: packet.frame, at: packet.at, echo };
        let skipped = peer.loss.as_mut().and_then(|loss| loss.gaps.acknowledged(segment.ack, missed));
        if unseen {
            let fin_on_syn = peer.loss.as_ref().and_then(|loss| loss.fin_on_syn);
            let taken = fin_on_syn.is_some_and(|fin| fin.end == segment.ack);
            let beyond =
                peer.snd_nxt.filter(|_| before.is_some() && !taken).map_or(0, |next| segment.ack.relative_to(next));
            peer.snd_nxt = Some(segment.ack);
            // the byte of a probe is not remembered as sent: most are discarded
            let answers_probe = peer.loss().probe.is_some()
                || probe.and_then(|probe| probe.answers()).is_some_and(|(kind, _)| kind == Answered::WindowProbe);
            let accepted_probe = beyond == 1 && answers_probe;
            if beyond > 0 && !accepted_probe {
                observations.capture_gap = Some((beyond, None));
                if peer.newest().is_none() {
                    let unseen = &mut peer.loss_mut().unseen;
                    observations.gap_continues = unseen.acks.count > 0;
                    unseen.acks.see(packet.frame);
                    unseen.last = packet.frame;
                    unseen.bytes = unseen.bytes.saturating_add(u64::from(beyond));
                }
                let from = SeqNumber(segment.ack.0.wrapping_sub(beyond));
                peer.loss_mut().gaps.missed(from, segment.ack, missed);
            }
        }
        if let Some((bytes, shown_by)) = skipped {
            let (more, _) = observations.capture_gap.unwrap_or((0, None));
            observations.capture_gap = Some((bytes.saturating_add(more), Some(shown_by)));
        }
        let covered = peer.sent.acknowledge(segment.ack, packet.frame);
        if covered.odd {
            let shown = own.shows_copies(peer, packet, segment, before, usual, reported);
            observations.arrived = shown.and_then(|shown| ProvenArrival::first(ARRIVALS, &shown));
        } else if let Some(dup_ack) = &sacked_by {
            let shown = TcpEndpoint::shows_late(peer, packet, dup_ack, handshake.round_trip());
            observations.arrived = shown.and_then(|shown| ProvenArrival::first(ARRIVALS, &shown));
        }
        peer.syn_acked = true;
        if let Some(fin) = peer.loss.as_mut().and_then(|loss| loss.fin_on_syn.take())
            && fin.end == segment.ack
        {
            peer.fin = peer.fin.or(Some(fin));
            ending = true;
        }
        let fin = peer
            .fin
            .as_mut()
            .filter(|_| ending)
            .filter(|fin| fin.acked_by.is_none() && !segment.ack.is_before(fin.end));
        let fin = fin.map(|fin| fin.acked_by = NonZeroU64::new(packet.frame)).is_some();
        let from = before.or(peer.isn).or(peer.seq_base.map(|base| base.plus(1)));
        // where the capture began later, the first ACK may lie before all that it holds
        let from = from.filter(|from| !from.is_after(segment.ack)).unwrap_or(segment.ack);
        let bytes = segment.ack.relative_to(from).saturating_sub(u32::from(syn) + u32::from(fin));
        // what waited for a gap to be filled was no round trip, though what filled it may not be in the capture; who sends a
        // RST need not be the one whom the bytes were for; and a SYN-ACK is no ACK of data in an open connection, though
        // it covers the data of a Fast Open
        let no_trip = reported || segment.flags.intersects(TcpFlags::RST.union(TcpFlags::SYN)) || self.is_other_host;
        let sample = covered.sample.filter(|sent| sent.len > 0 && !no_trip);
        let delay = sample.and_then(|sent| packet.since(sent.at));
        // asked only where there is a time that it gives a meaning
        let capture_point = delay.and_then(|_| self.clues.evidence(self.handshake.times()).capture_point);
        let measures = Measures::of(capture_point, !packet.direction);
        if let Some((sent, delay)) = sample.zip(delay)
            && let Some(held) = own.holds_ack(delay, usual)
            && packet.since(advanced_at).is_none_or(|since| since >= DELAYED_ACK)
            && own.may_delay_ack(peer, segment, bytes, covered.segments)
        {
            let at_receiver = measures == Measures::Delay || capture_point == Some(CapturePoint::SameHost);
            let again = facts.retransmission.is_some_and(|repeat| repeat.is_retransmitted());
            let proof = AckDelayProof { data: sent.frame, delay, held, at_receiver };
            let alone = peer.sent.in_flight() == 0;
            let case = AckDelayCase { proof, len: segment.len, again, answers: false, alone };
            observations.delayed_ack = ProvenAckDelay::first(ACK_DELAYS, &case);
            let timer = observations.delayed_ack.filter(|_| segment.len == 0);
            own.delayed_ack = timer.and(NonZeroU64::new(packet.frame)).or(own.delayed_ack);
        }
        facts.rtt =
            sample.zip(delay).and_then(|timed| rtt_of(&mut self.rtt, peer, timed, (capture_point, packet.direction)));
        let from = from.relative_to(peer.seq_base.unwrap_or_default());
        let acked = Acked { from, bytes, syn, fin, segments: covered.segments, frames: covered.frames };
        facts.acked = Some(acked);
    }
}

/// The round trip that an ACK of `receiver` completes, a time after a segment of its peer; taken into both statistics.
#[inline]
pub(super) fn rtt_of(
    rtt: &mut Distribution,
    sender: &mut TcpEndpoint,
    (sent, delay): (Sample, Nanos),
    (capture_point, receiver): (Option<CapturePoint>, Direction),
) -> Option<RttSample> {
    // at the receiver it is no round trip but the receiver's own delay
    if delay.0 < 0 || Measures::of(capture_point, !receiver) == Measures::Delay {
        return None;
    }
    rtt.add(delay);
    Some(RttSample { seen: capture_point, ..sender.estimator.sample(sent.frame, delay) })
}

impl TcpEndpoint {
    /// Notes the frame, time and timestamp of a segment with an ACK.
    #[inline]
    pub(super) fn note_ack(&mut self, packet: &PacketRef, segment: &Segment) {
        (self.ack_at, self.ack_frame) = (packet.at, packet.frame);
        let stamp = segment.options.timestamps.map(|stamps| stamps.value);
        self.stamp_before = std::mem::replace(&mut self.ack_stamp, stamp);
    }

    /// Returns `true` if it may have delayed an ACK of `bytes` in `segments`. A receiver acknowledges at least every
    /// second full segment at once (RFC 1122 §4.2.3.2). Where it offers new room after a segment that had filled its
    /// window, it may have waited for its program to read.
    #[cold]
    fn may_delay_ack(&self, peer: &Self, segment: &Segment, bytes: u32, segments: u32) -> bool {
        let two = match self.full_segment(peer, segment) {
            Some(full) => bytes >= full.saturating_mul(2),
            None => segments > 1,
        };
        let window = u32::from(segment.window) << self.scale().unwrap_or(0);
        let new_room = window.saturating_add(bytes) > self.window;
        let filled = peer.newest_data().is_some_and(|data| data.fills_window);
        !(two || filled && new_room)
    }
}
