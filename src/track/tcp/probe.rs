//! Segments that only ask, and their answers: keep-alives, zero-window probes, challenge ACKs.

use super::{CONTROL, Connection, Moment};
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
    pub(super) fn probe(&mut self, moment: &Moment, segment: &Segment) -> Option<Probe> {
        if segment.flags.intersects(CONTROL) {
            return None;
        }
        let (own, peer) = self.sides.both_mut(moment.direction);
        let shut = peer.trouble.as_ref().is_some_and(|trouble| trouble.shut.is_some());
        let acked_all = own.next.is_some() && peer.acked == own.next;
        let at_last = own.next.is_some_and(|next| segment.seq.plus(1) == next);
        let new_byte = segment.len == 1 && own.next == Some(segment.seq) && shut;
        // a byte with PSH is data that comes again: nobody sets it on a probe's
        let probes = segment.len == 0 || segment.len == 1 && !segment.flags.contains(TcpFlags::PSH);
        if new_byte || probes && at_last && acked_all {
            let asks = if shut { Asks::Window } else { Asks::Alive };
            own.trouble_mut().probe = moment.place().map(|(frame, _)| (frame, asks));
            return Some(if shut { Probe::ZeroWindow } else { self.diary.see_keep_alive(moment, self.last) });
        }
        let answers = segment.len == 0 && own.next == Some(segment.seq);
        let (frame, asks) = peer.trouble.as_mut()?.probe.take_if(|_| answers)?;
        let frame = frame.get();
        match asks {
            Asks::Alive => {
                self.diary.see_alive(moment, self.last.0);
                Some(Probe::KeepAliveAnswer(frame))
            }
            Asks::Window => Some(Probe::ZeroWindowAnswer(frame)),
            Asks::Reset => self.challenge_of_reset(moment, segment, frame),
        }
    }

    /// Notes what does not fit the peer's SYN; a bare ACK is a question.
    #[cold]
    pub(super) fn misfit(&mut self, moment: &Moment, segment: &Segment) -> Option<Probe> {
        self.diary.see_misfit(moment.frame);
        let bare = segment.len == 0 && !segment.flags.intersects(CONTROL);
        self.sides.get(!moment.direction).syn.filter(|_| bare).map(|(syn, _)| Probe::SynChallenge(syn.get()))
    }

    /// A bare ACK that says nothing new, right after the peer's RST in frame `reset`.
    #[cold]
    fn challenge_of_reset(&self, moment: &Moment, segment: &Segment, reset: u64) -> Option<Probe> {
        let said_before = self.sides.get(moment.direction).acked == Some(segment.ack);
        let right_after = self.sides.get(!moment.direction).newest().is_some_and(|newest| newest.frame == reset);
        (said_before && right_after).then_some(Probe::ResetChallenge(reset))
    }
}
