//! Segments that only ask, and their answers: keep-alives, zero-window probes, challenge ACKs.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::loss_state::Asks;
use super::rules::probe::{PROBES, ProbeCase, ProvenProbe};
use super::rules::probe_answer::{ANSWERS, ANSWERS_TO_SYN, AnswerCase, Answered, ProvenAnswer};
use crate::model::thresholds::IDLE;
use crate::model::{Segment, TcpFlags};
use crate::track::capture_point::Measures;
use crate::track::facts::Probe;
use crate::track::packet_ref::PacketRef;

impl Connection {
    /// Keep-alives, zero-window probes and their answers.
    #[inline]
    pub(super) fn probe(&mut self, packet: &PacketRef, segment: &Segment) -> Option<Probe> {
        if segment.len > 1 || segment.flags.intersects(TcpFlags::CONTROL) {
            return None;
        }
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let at_last = own.snd_nxt.is_some_and(|next| segment.seq.plus(1) == next);
        let closed = peer.loss.as_ref().is_some_and(|loss| loss.zero_window.is_some());
        if (at_last || closed)
            && let Some(how) = self.asks(packet, segment)
        {
            return Some(self.note_probe(packet, how));
        }
        let answers = peer.loss.as_ref().is_some_and(|loss| loss.probe.is_some())
            || own.newest().is_none()
            || (peer.syn_with_ack || self.handshake.ack().is_some()) && peer.newest().is_some_and(|newest| newest.syn);
        if segment.len == 0 && answers { self.answer(packet, segment) } else { None }
    }

    /// An ACK that only answers, if it is one. A question has one answer.
    #[cold]
    fn answer(&mut self, packet: &PacketRef, segment: &Segment) -> Option<Probe> {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let begins = own.newest().is_none();
        let round_trip = self.handshake.round_trip().unwrap_or_default();
        let found = ProvenAnswer::first(ANSWERS, &AnswerCase { packet, segment, own, peer, round_trip });
        if own.snd_nxt == Some(segment.seq) {
            let peer = self.endpoints.get_mut(!packet.direction);
            peer.loss.as_mut().and_then(|loss| loss.probe.take());
        }
        let answer = found?;
        if answer.rule.effect.answered == Answered::KeepAlive {
            match begins {
                true => self.recorder.see_first_keep_alive(!packet.direction, answer.proof.asked),
                false => self.recorder.see_alive(packet, self.last.0),
            }
        }
        Some(Probe::Answer(answer))
    }

    /// The kind of probe, if it is one.
    #[cold]
    fn asks(&self, packet: &PacketRef, segment: &Segment) -> Option<ProvenProbe> {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let measures = Measures::of(self.capture_point_evidence().capture_point, packet.direction);
        ProvenProbe::first(PROBES, &ProbeCase { packet, segment, own, peer, measures })
    }

    #[cold]
    fn note_probe(&mut self, packet: &PacketRef, how: ProvenProbe) -> Probe {
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        let asks = how.rule.effect.asks;
        own.loss_mut().probe = packet.place().map(|(frame, _)| (frame, asks));
        if let Some(closed) = peer.loss.as_mut().and_then(|loss| loss.zero_window.as_mut()) {
            closed.probed = true;
        }
        let (nth, before_answered) = match asks {
            Asks::Alive => self.recorder.see_keep_alive(packet, self.last),
            Asks::Window | Asks::Reset => (0, false),
        };
        Probe::Question { how, nth, before_answered }
    }

    /// The peer's probe that the current RST may answer: the last segment before it, and not long before.
    pub(super) fn probe_answered_by_reset(&self, packet: &PacketRef) -> Option<Asks> {
        let (probe, asks) = self.endpoints.get(!packet.direction).loss().probe?;
        let (frame, at) = self.last;
        let soon = frame == probe.get() && packet.since(at).is_some_and(|since| since < IDLE);
        Some(asks).filter(|_| soon)
    }

    /// Takes a RST that answers the peer's probe.
    #[cold]
    pub(super) fn note_probe_reset(&mut self, packet: &PacketRef) {
        match self.probe_answered_by_reset(packet) {
            Some(Asks::Alive) => self.recorder.record_keep_alive_reset(packet),
            Some(Asks::Window) => self.recorder.events().zero_window.get_mut(packet.direction).answered += 1,
            Some(Asks::Reset) | None => {}
        }
    }

    /// Notes a segment that does not match the peer's SYN; a bare ACK is a question.
    #[cold]
    pub(super) fn wrong_handshake_ack(&mut self, packet: &PacketRef, segment: &Segment) -> Option<Probe> {
        self.recorder.record_wrong_handshake_ack(packet.frame);
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let round_trip = self.handshake.round_trip().unwrap_or_default();
        let answer = ProvenAnswer::first(ANSWERS_TO_SYN, &AnswerCase { packet, segment, own, peer, round_trip })?;
        self.handshake.challenge = self.handshake.challenge.or(NonZeroU64::new(packet.frame));
        Some(Probe::Answer(answer))
    }
}
