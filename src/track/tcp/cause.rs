//! The event that made an endpoint send an ordinary segment. Retransmissions, resets and unacceptable segments have
//! rules that say it.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::endpoint::{Recent, TcpEndpoint};
use crate::model::thresholds::AT_ONCE;
use crate::model::{Direction, OptTime, Segment, SeqNumber};
use crate::track::capture_point::Measures;
use crate::track::cause::{Cause, CauseEvent};
use crate::track::event::TcpFacts;
use crate::track::facts::{Acked, Probe, Refusal, SegmentRole};
use crate::track::packet_ref::PacketRef;

/// A call that puts data into the socket.
const SEND: Cause = Cause::of(CauseEvent::Call, "send");
/// A call that closes the socket.
const CLOSE: Cause = Cause::of(CauseEvent::Call, "close");

impl Connection {
    /// The event, and another one that fits as well, where the capture does not decide. Called before the segment is
    /// remembered.
    #[inline]
    pub(super) fn ordinary_cause(
        &self,
        direction: Direction,
        at: OptTime,
        segment: &Segment,
        facts: &TcpFacts,
        (role, probe): (SegmentRole, Option<Probe>),
    ) -> (Cause, Option<Cause>) {
        let (own, peer) = (self.endpoints.get(direction), self.endpoints.get(!direction));
        if let Some(Refusal { frame, .. }) = facts.observations.refuses {
            return (Cause::arrival(Some(frame), "challenge_ack"), None);
        }
        if let Some(probe) = probe {
            return (probe.cause(), None);
        }
        let cause = match role {
            SegmentRole::Syn | SegmentRole::SimultaneousSyn { .. } => Cause::of(CauseEvent::Call, "connect"),
            SegmentRole::SynAck | SegmentRole::AnotherSynAck { .. } | SegmentRole::WrongSynAck => {
                Cause::arrival(frame_of_syn(peer), "syn_ack")
            }
            SegmentRole::HandshakeAck => Cause::arrival(frame_of_syn(peer), "ack"),
            SegmentRole::Fin { .. } => CLOSE,
            SegmentRole::Data => return of_data(own, peer, at, facts),
            SegmentRole::Ack | SegmentRole::LastAck => return self.of_ack(direction, segment, facts),
            SegmentRole::Reset | SegmentRole::Odd => Cause::UNKNOWN,
        };
        (cause, None)
    }

    /// The same for a segment of an open connection that was predicted: data, a FIN, or a bare ACK of something new.
    #[inline]
    pub(super) fn predicted_cause(
        &self,
        packet: &PacketRef,
        facts: &TcpFacts,
        role: SegmentRole,
    ) -> (Cause, Option<Cause>) {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        match (role, &facts.acked) {
            (SegmentRole::Data, _) => of_data(own, peer, packet.at, facts),
            (SegmentRole::Fin { .. }, _) => (CLOSE, None),
            (_, Some(acked)) => (of_acked(acked), None),
            (_, None) => (Cause::UNKNOWN, None),
        }
    }

    /// A segment without data that acknowledges, or updates the window.
    fn of_ack(&self, direction: Direction, segment: &Segment, facts: &TcpFacts) -> (Cause, Option<Cause>) {
        match facts.observations.delayed_ack {
            Some(delayed) => both(delayed.cause(), &delayed.candidates()),
            None => (self.of_prompt_ack(direction, segment, facts), None),
        }
    }

    /// An ACK that waited for no timer.
    fn of_prompt_ack(&self, direction: Direction, segment: &Segment, facts: &TcpFacts) -> Cause {
        let seen = &facts.observations;
        if let Some(acked) = &facts.acked {
            return of_acked(acked);
        }
        if seen.window_opened.is_some() {
            return Cause::of(CauseEvent::Call, "recv");
        }
        let (own, peer) = (self.endpoints.get(direction), self.endpoints.get(!direction));
        if own.ack_sent != Some(segment.ack) || seen.older_ack.is_some() {
            return Cause::UNKNOWN;
        }
        // the first SACK block holds the segment that has just arrived (RFC 2018 §4)
        if let Some((_, right)) = segment.options.sack.as_slice().first() {
            let last = SeqNumber(right.wrapping_sub(1));
            let carried = peer.sent.iter().filter(|sent| !sent.seq.is_after(last) && sent.end.is_after(last));
            // of several transmissions the last one has just arrived
            let carried = carried.map(|sent| sent.last.0).max();
            return Cause::arrival(carried.and_then(NonZeroU64::new), "duplicate_ack");
        }
        let point = self.capture_point_evidence().capture_point;
        // elsewhere the peer's newest segment need not have arrived yet
        let at_sender = Measures::of(point, direction) == Measures::RoundTrip;
        let Some(newest) = since(own, peer) else {
            // one of the segments in flight has just arrived there
            let in_flight = !at_sender && peer.sent.in_flight() > 0;
            return if in_flight { Cause::arrival(None, "duplicate_ack") } else { Cause::UNKNOWN };
        };
        if newest.len == 0 && !newest.fin {
            return Cause::UNKNOWN;
        }
        Cause::arrival(NonZeroU64::new(newest.frame).filter(|_| at_sender), "duplicate_ack")
    }
}

/// A rule's cause; where it names several, the two that fit.
fn both(cause: Cause, candidates: &[Cause]) -> (Cause, Option<Cause>) {
    match candidates {
        [one, other, ..] => (*one, Some(*other)),
        _ => (cause, None),
    }
}

/// An ACK of new data: the last segment that it covers made its sender send it.
fn of_acked(acked: &Acked) -> Cause {
    Cause::arrival(acked.frames.and_then(|(_, last)| NonZeroU64::new(last)), "ack")
}

/// Data that is sent for the first time: the program's call, or an ACK or window update that released it.
fn of_data(own: &TcpEndpoint, peer: &TcpEndpoint, at: OptTime, facts: &TcpFacts) -> (Cause, Option<Cause>) {
    if let Some(wait) = facts.observations.wait {
        return both(wait.cause(), &wait.candidates());
    }
    let Some(newest) = since(own, peer) else { return (SEND, None) };
    let released = at.since(peer.ack_at).is_some_and(|since| since < AT_ONCE) && peer.ack_frame == newest.frame;
    let held =
        own.newest_data().is_some_and(|before| before.frame < newest.frame && (before.fills_window || before.full));
    if newest.len > 0 || !released || !held {
        return (SEND, None);
    }
    let opened = peer.loss.as_ref().is_some_and(|loss| loss.opened_in == newest.frame);
    let detail = if opened { "window_update" } else { "ack" };
    (SEND, Some(Cause::arrival(NonZeroU64::new(newest.frame), detail)))
}

/// The peer's newest segment, where it came after the last one of this end.
fn since<'a>(own: &TcpEndpoint, peer: &'a TcpEndpoint) -> Option<&'a Recent> {
    let last = own.newest().map_or(0, |newest| newest.frame);
    peer.newest().filter(|newest| newest.frame > last)
}

fn frame_of_syn(peer: &TcpEndpoint) -> Option<NonZeroU64> {
    peer.syn.map(|(frame, _)| frame)
}
