//! Segments that only ask, and their answers: keep-alives, zero-window probes, challenge ACKs.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::loss_state::Asks;
use super::rules::probe::{Asks as Question, PROBES, ProbeCase, ProvenProbe, shown_by_dsack};
use crate::model::thresholds::IDLE;
use crate::model::{Segment, TcpFlags};
use crate::track::capture_point::Measures;
use crate::track::facts::Probe;
use crate::track::packet_ref::PacketRef;

impl Connection {
    /// Keep-alives, zero-window probes and their answers.
    #[inline]
    pub(super) fn probe(&mut self, moment: &PacketRef, segment: &Segment) -> Option<Probe> {
        if segment.len > 1 || segment.flags.intersects(TcpFlags::CONTROL) {
            return None;
        }
        let (own, peer) = (self.sides.get(moment.direction), self.sides.get(!moment.direction));
        let at_last = own.snd_nxt.is_some_and(|next| segment.seq.plus(1) == next);
        let closed = peer.loss.as_ref().is_some_and(|loss| loss.zero_window.is_some());
        if (at_last || closed)
            && let Some(how) = self.asks(moment, segment)
        {
            return Some(self.note_probe(moment, how));
        }
        if segment.len > 0 {
            return None;
        }
        if own.newest().is_none()
            && let Some(asked) = shown_by_dsack(segment, own, peer)
        {
            self.recorder.see_first_keep_alive(!moment.direction, asked);
            return Some(Probe::KeepAliveShown(asked));
        }
        let answers = own.snd_nxt == Some(segment.seq);
        if answers
            && peer.syn_with_ack
            && own.ack_sent == Some(segment.ack)
            && let Some(syn_ack) = peer.newest().filter(|newest| newest.syn && newest.frame > own.ack_frame)
        {
            return Some(Probe::SynAckAnswer(syn_ack.frame));
        }
        let peer = self.sides.get_mut(!moment.direction);
        let (frame, asks) = peer.loss.as_mut()?.probe.take_if(|_| answers)?;
        let frame = frame.get();
        match asks {
            Asks::Alive => {
                self.recorder.see_alive(moment, self.last.0);
                Some(Probe::KeepAliveAnswer(frame))
            }
            Asks::Window => Some(Probe::ZeroWindowAnswer(frame)),
            Asks::Reset => self.challenge_of_reset(moment, segment, frame),
        }
    }

    /// The kind of probe, if it is one.
    #[cold]
    fn asks(&self, moment: &PacketRef, segment: &Segment) -> Option<ProvenProbe> {
        let (own, peer) = (self.sides.get(moment.direction), self.sides.get(!moment.direction));
        let measures = Measures::of(self.capture_point_evidence().capture_point, moment.direction);
        ProvenProbe::first(PROBES, &ProbeCase { moment, segment, own, peer, measures })
    }

    #[cold]
    fn note_probe(&mut self, moment: &PacketRef, how: ProvenProbe) -> Probe {
        let (own, peer) = self.sides.both_mut(moment.direction);
        let asks = match how.rule.effect {
            Question::Window => Asks::Window,
            Question::Alive => Asks::Alive,
        };
        own.loss_mut().probe = moment.place().map(|(frame, _)| (frame, asks));
        if let Some(closed) = peer.loss.as_mut().and_then(|loss| loss.zero_window.as_mut()) {
            closed.probed = true;
        }
        match asks {
            Asks::Alive => self.recorder.see_keep_alive(moment, self.last, how),
            _ => Probe::ZeroWindow(how),
        }
    }

    /// The peer's probe that a RST at hand may answer: the last segment before it, and not long before.
    pub(super) fn probe_answered_by_reset(&self, moment: &PacketRef) -> Option<Asks> {
        let (probe, asks) = self.sides.get(!moment.direction).loss().probe?;
        let (frame, at) = self.last;
        let soon = frame == probe.get() && moment.since(at).is_some_and(|since| since < IDLE);
        Some(asks).filter(|_| soon)
    }

    /// Takes a RST that answers the peer's probe.
    #[cold]
    pub(super) fn note_probe_reset(&mut self, moment: &PacketRef) {
        match self.probe_answered_by_reset(moment) {
            Some(Asks::Alive) => self.recorder.see_gone(moment),
            Some(Asks::Window) => self.recorder.rare().zero_window.get_mut(moment.direction).answered += 1,
            Some(Asks::Reset) | None => {}
        }
    }

    /// Notes what does not fit the peer's SYN; a bare ACK is a question.
    #[cold]
    pub(super) fn misfit(&mut self, moment: &PacketRef, segment: &Segment) -> Option<Probe> {
        self.recorder.see_misfit(moment.frame);
        let bare = segment.len == 0 && !segment.flags.intersects(TcpFlags::CONTROL);
        let (syn, _) = self.sides.get(!moment.direction).syn.filter(|_| bare)?;
        self.handshake.challenge = self.handshake.challenge.or(NonZeroU64::new(moment.frame));
        Some(Probe::SynChallenge(syn.get()))
    }

    /// A bare ACK that says nothing new, right after the peer's RST in frame `reset`.
    #[cold]
    fn challenge_of_reset(&self, moment: &PacketRef, segment: &Segment, reset: u64) -> Option<Probe> {
        let said_before = self.sides.get(moment.direction).ack_sent == Some(segment.ack);
        let right_after = self.sides.get(!moment.direction).newest().is_some_and(|newest| newest.frame == reset);
        (said_before && right_after).then_some(Probe::ResetChallenge(reset))
    }
}
