//! New data that a full congestion window had held back: released by a duplicate ACK (limited transmit, RFC 3042), or by
//! the timer of a tail-loss probe (RFC 8985 §7.3).

use std::num::NonZeroU64;

use super::connection::Connection;
use super::loss_state::Recovery;
use crate::model::thresholds::{AT_ONCE, COMPARABLE_RTT, MIN_TLP};
use crate::model::{Nanos, Segment, TcpFlags};
use crate::track::facts::Observations;
use crate::track::packet_ref::PacketRef;
use crate::track::retransmission_proof::View;

impl Connection {
    /// Notes new data that the first ACK after a timeout released while bytes that were in flight are still missing.
    #[inline]
    pub(super) fn note_frto(&mut self, packet: &PacketRef, segment: &Segment, observations: &mut Observations) {
        let lasts = |recovery: &Recovery| recovery.timeout && !recovery.is_over(self.endpoints.get(!packet.direction));
        if self.endpoints.get(packet.direction).loss.as_ref().and_then(|loss| loss.recovery.as_ref()).is_some_and(lasts)
        {
            observations.frto = self.frto(packet, segment);
        }
    }

    /// Only a capture made at its sender shows the ACK that released it. Without F-RTO that ACK would release the next
    /// missing bytes (RFC 5681 §3.1); where SACK reports all of them as received, there are none.
    #[cold]
    fn frto(&self, packet: &PacketRef, segment: &Segment) -> Option<(NonZeroU64, NonZeroU64)> {
        let capture_point = self.clues.evidence(self.handshake.times()).capture_point;
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let recovery = own.loss().recovery.as_ref()?;
        let at_sender = matches!(View::of(capture_point, packet.direction), View::Sender | View::Both);
        // the next ACK shows whether the timeout was spurious, and ends the test
        let (ack, at) = peer.advanced;
        let head = recovery.acked.and_then(|head| own.sent.carried(head)).and_then(|sent| sent.acked_by);
        let first = ack > recovery.frame && head.is_some_and(|by| by.get() == ack);
        let released = first && packet.since(at).is_some_and(|since| since < AT_ONCE);
        let once = own.loss().retransmissions.last().is_some_and(|again| again.frame == recovery.frame);
        let acked = peer.ack_sent?;
        let missing = recovery.missing(acked)? > peer.sacked_bytes(acked, segment.seq);
        let tests = at_sender && released && once && missing && peer.has_reported_no_gap();
        NonZeroU64::new(recovery.frame).zip(NonZeroU64::new(ack)).filter(|_| tests)
    }

    /// Notes the event that released new data that had waited while other data was in flight. Nearly every segment
    /// follows the one before at once, or an ACK of new data.
    #[inline]
    pub(super) fn note_held_back(&mut self, packet: &PacketRef, segment: &Segment, observations: &mut Observations) {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        // the segment itself is in flight, and one more at least
        if own.sent.in_flight() < 2 || packet.since(own.last_data).is_none_or(|waited| waited < COMPARABLE_RTT) {
            return;
        }
        let advanced = packet.since(peer.advanced.1);
        if advanced.is_none_or(|since| since >= COMPARABLE_RTT) {
            self.explain_held_back(packet, segment, observations);
        }
    }

    #[cold]
    fn explain_held_back(&mut self, packet: &PacketRef, segment: &Segment, observations: &mut Observations) {
        let capture_point = self.clues.evidence(self.handshake.times()).capture_point;
        let trip = self.handshake.round_trip().filter(|trip| *trip >= COMPARABLE_RTT);
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        // a program that sends a short segment, or one with PSH, may have written just now
        let full = own.is_full(peer, segment) || own.sent.iter().all(|sent| sent.len <= segment.len);
        let room = peer
            .ack_sent
            .is_some_and(|acked| !segment.seq.plus(segment.len).is_after(acked.plus(peer.window)) && peer.window > 0);
        let at_sender = matches!(View::of(capture_point, packet.direction), View::Sender | View::Both);
        let (Some(trip), true) = (trip, full && room && at_sender) else { return };
        let in_recovery = own.loss().recovery.as_ref().is_some_and(|recovery| !recovery.is_over(peer));
        if let Some(ack) = peer.first_duplicates().filter(|ack| !in_recovery && *ack == peer.ack_frame) {
            let at_once = packet.since(peer.ack_at).is_some_and(|since| since < AT_ONCE);
            observations.limited_transmit = NonZeroU64::new(ack).filter(|_| at_once);
            return;
        }
        let more_waits = !segment.flags.contains(TcpFlags::PSH);
        let srtt = own.estimator.smoothed().unwrap_or(trip);
        let due = srtt.plus(srtt).max(MIN_TLP);
        let Some(waited) = packet.since(own.last_data) else { return };
        let quiet = packet.since(peer.advanced.1).is_none_or(|since| since >= waited);
        let is_due = waited >= due && waited < due.plus(Nanos(srtt.0 / 2));
        let sack = own.sack_permitted && peer.sack_permitted;
        if more_waits && quiet && is_due && sack && !in_recovery && peer.has_reported_no_gap() {
            let last = own.newest_data().map_or(0, |data| data.frame);
            observations.probe_with_new_data = NonZeroU64::new(last).map(|last| (last, waited));
        }
    }
}
