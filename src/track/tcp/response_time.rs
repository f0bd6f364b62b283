//! The response time of a side: from the last byte of the request that an answer can have been made from.
//!
//! An answer cannot be made from bytes that its ACK does not cover, even if they were captured before it. Of the bytes
//! that it covers, those that it echoes are the request, where that is known.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::rules::waiting::{ACK_DELAYS, AckDelayCase, AckDelayProof, ProvenAckDelay};
use super::segment::SentSegment;
use crate::model::thresholds::{DELAYED_ACK, MIN_MTU_SEGMENT, SLOW_RESPONSE};
use crate::model::{Direction, Nanos, OptTime, Segment};
use crate::track::capture_point::{CapturePoint, Measures};
use crate::track::event::TcpFacts;
use crate::track::facts::SlowAnswer;
use crate::track::packet_ref::PacketRef;

/// Most bytes of options in a header (RFC 9293 §3.1).
const MAX_OPTIONS: u32 = 40;

/// The last of a request to arrive, and how long ago it was captured.
#[derive(Clone, Copy, Debug)]
struct Request {
    frame: u64,
    took: Nanos,
    acked_by: Option<NonZeroU64>,
}

impl Connection {
    /// Fills in how long the answer took that this segment begins, if it does; called for data that has not been sent
    /// before. `last` is the conversation's frame before, and when it was.
    #[inline]
    pub(in crate::track) fn time_answer(
        &self,
        packet: &PacketRef,
        segment: &Segment,
        last: (u64, OptTime),
        facts: &mut TcpFacts,
    ) {
        let echoed = facts.echo.map(|echo| echo.request.1);
        let begun = facts.echo.filter(|echo| echo.begins);
        let request = self.request(packet, echoed).or_else(|| self.echoed(packet, begun?.request));
        let Some(request) = request else { return };
        // the window of the side that asked was zero since: the answer had to wait for it
        if self.endpoints.get(!packet.direction).loss.as_ref().is_some_and(|loss| loss.opened_in > request.frame) {
            return;
        }
        facts.response_time = Some(request.took);
        let rides =
            facts.rtt.is_some_and(|rtt| rtt.of == request.frame) && request.acked_by == NonZeroU64::new(packet.frame);
        let network = rides.then(|| self.handshake.answer_time(packet.direction)).flatten();
        if network.is_some_and(|network| (DELAYED_ACK..SLOW_RESPONSE).contains(&request.took.minus(network))) {
            let at_receiver = match self.capture_point_evidence().capture_point {
                Some(CapturePoint::SameHost) => true,
                seen => Measures::of(seen, !packet.direction) == Measures::Delay,
            };
            let held = request.took.minus(network.unwrap_or_default());
            let proof = AckDelayProof { data: request.frame, delay: request.took, held, at_receiver };
            let case = AckDelayCase { proof, len: segment.len, again: false, answers: true, alone: true };
            facts.observations.delayed_ack = ProvenAckDelay::first(ACK_DELAYS, &case);
        }
        if packet.direction == Direction::ServerToClient {
            facts.observations.slow_answer = self.slow_answer(packet, last, &request);
        }
    }

    /// Returns the request that this segment answers; `echoed` is the frame whose bytes it echoes.
    fn request(&self, packet: &PacketRef, echoed: Option<u64>) -> Option<Request> {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let before = own.sent.data_backwards().nth(1).map_or(0, |sent| sent.frame);
        // what the answer before had covered already, that one may have answered
        let unanswered = |sent: &&SentSegment| sent.acked_by.is_some_and(|by| by.get() > before);
        let covered = peer.sent.acked().rev();
        if echoed.is_none() {
            // the request's last byte was not captured, or is not there yet
            let last = covered.clone().next()?;
            if own.ack_sent != Some(last.end) || self.streams(packet, last) {
                return None;
            }
        }
        let after_it = |sent: &&SentSegment| echoed.is_some_and(|echoed| sent.frame != echoed && sent.last.0 != echoed);
        let mut newest: Option<(u64, OptTime, &SentSegment)> = None;
        // a byte reaches the program only when all before it have come
        for sent in covered.skip_while(after_it).take_while(unanswered).filter(|sent| sent.len > 0) {
            let (frame, at) = arrived(sent, packet.frame)?;
            if newest.is_none_or(|(newest, ..)| frame > newest) {
                newest = Some((frame, at, sent));
            }
        }
        let (frame, at, sent) = newest?;
        Some(Request { frame, took: packet.since(at)?, acked_by: sent.acked_by })
    }

    /// Returns `true` if the current segment continues a stream instead of answering `request`: its sender sent full
    /// segments before that were still in flight when the request was captured, or the peer has sent more since.
    fn streams(&self, packet: &PacketRef, request: &SentSegment) -> bool {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let asks_more = peer.snd_nxt.is_some_and(|next| next.is_after(request.end));
        let mut before = own.sent.data_backwards().filter(|sent| sent.frame < packet.frame);
        let in_flight = |sent: &SentSegment| sent.acked_by.is_none_or(|by| by.get() > request.last.0);
        // as full as an MSS and all options allow, or too large for the least MTU
        let mss = own.mss.zip(peer.mss).map(|(own, peer)| u32::from(own.min(peer)).saturating_sub(MAX_OPTIONS));
        let full = |sent: &SentSegment| sent.len >= mss.unwrap_or(MIN_MTU_SEGMENT);
        before.next().is_some_and(|sent| full(sent) && (asks_more || in_flight(sent)))
    }

    /// The request in these frames, whose echo begins here: the ACK of an answer before may have covered it already, when
    /// requests do not wait for the answers before them.
    fn echoed(&self, packet: &PacketRef, (first, last): (u64, u64)) -> Option<Request> {
        let of_request = |sent: &&SentSegment| sent.len > 0 && (first..=last).contains(&sent.frame);
        let mut newest: Option<(u64, OptTime, &SentSegment)> = None;
        for sent in self.endpoints.get(!packet.direction).sent.acked().filter(of_request) {
            let (frame, at) = arrived(sent, packet.frame)?;
            if newest.is_none_or(|(newest, ..)| frame > newest) {
                newest = Some((frame, at, sent));
            }
        }
        let (frame, at, sent) = newest.filter(|(.., sent)| sent.frame == last || sent.last.0 == last)?;
        Some(Request { frame, took: packet.since(at)?, acked_by: sent.acked_by })
    }

    /// An answer of the server that took long, apart from the time of the network as measured in the handshake.
    fn slow_answer(
        &self,
        packet: &PacketRef,
        (last, last_at): (u64, OptTime),
        request: &Request,
    ) -> Option<SlowAnswer> {
        let network = self.handshake.answer_time(packet.direction).unwrap_or_default();
        if request.took.minus(network) < SLOW_RESPONSE {
            return None;
        }
        // an ACK right before the answer shows no more than the answer's own
        let right_before = packet.since(last_at).is_some_and(|since| since.0 < SLOW_RESPONSE.0 / 2);
        let with_answer = |by: u64| by == packet.frame || by == last && right_before;
        let acked_by = request.acked_by.filter(|by| !with_answer(by.get()));
        let seen = self.capture_point_evidence().capture_point;
        NonZeroU64::new(request.frame).map(|request| SlowAnswer { request, acked_by, network, seen })
    }
}

/// The copy that arrived, and its capture time; `None` if it may be more than one. An answer that is itself the ACK
/// does not show which, as for a round trip (Karn's rule).
fn arrived(sent: &SentSegment, answer: u64) -> Option<(u64, OptTime)> {
    let acked_by = sent.acked_by?.get();
    match sent.retransmissions {
        0 => Some((sent.frame, sent.at)),
        _ if acked_by == answer => None,
        _ if sent.last.0 < acked_by => Some(sent.last),
        // it had arrived when it was retransmitted
        1 => Some((sent.frame, sent.at)),
        _ => None,
    }
}
