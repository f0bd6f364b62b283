//! Segments that only ask, and their answers: keep-alives, zero-window probes, challenge ACKs.

use std::num::NonZeroU64;

use super::{CONTROL, Connection, PacketRef};
use crate::model::{Segment, TcpFlags};
use crate::track::facts::Probe;

/// What a segment that waits for a bare ACK asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Whether the peer is there.
    Alive,
    /// Whether the peer's window is open.
    Window,
    /// Nothing: a RST that is not at the number expected.
    Reset,
}

impl Connection {
    /// Keep-alives, zero-window probes and their answers.
    #[inline]
    pub(super) fn probe(&mut self, moment: &PacketRef, segment: &Segment) -> Option<Probe> {
        if segment.flags.intersects(CONTROL) {
            return None;
        }
        let (own, peer) = self.sides.both_mut(moment.direction);
        let shut = peer.loss.as_ref().is_some_and(|loss| loss.zero_window.is_some());
        let acked_all = own.snd_nxt.is_some() && peer.ack_sent == own.snd_nxt;
        let at_last = own.snd_nxt.is_some_and(|next| segment.seq.plus(1) == next);
        let new_byte = segment.len == 1 && own.snd_nxt == Some(segment.seq) && shut;
        // a byte with PSH is data that comes again: nobody sets it on a probe's
        let probes = segment.len == 0 || segment.len == 1 && !segment.flags.contains(TcpFlags::PSH);
        if new_byte || probes && at_last && acked_all {
            let asks = if shut { Asks::Window } else { Asks::Alive };
            own.loss_mut().probe = moment.place().map(|(frame, _)| (frame, asks));
            return Some(if shut { Probe::ZeroWindow } else { self.recorder.see_keep_alive(moment, self.last) });
        }
        let answers = segment.len == 0 && own.snd_nxt == Some(segment.seq);
        if answers
            && peer.syn_with_ack
            && own.ack_sent == Some(segment.ack)
            && let Some(syn_ack) = peer.newest().filter(|newest| newest.syn && newest.frame > own.ack_frame)
        {
            return Some(Probe::SynAckAnswer(syn_ack.frame));
        }
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

    /// Notes what does not fit the peer's SYN; a bare ACK is a question.
    #[cold]
    pub(super) fn misfit(&mut self, moment: &PacketRef, segment: &Segment) -> Option<Probe> {
        self.recorder.see_misfit(moment.frame);
        let bare = segment.len == 0 && !segment.flags.intersects(CONTROL);
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
