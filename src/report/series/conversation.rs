//! The numbers of one conversation over time.

use super::buckets::{Buckets, Range, Sum};
use crate::explain::Step;
use crate::model::{Nanos, PerDirection, TcpFlags};
use crate::report::PerConversation;
use crate::report::seq_unwrapper::SeqUnwrapper;
use crate::track::{Body, TcpFacts, UdpFacts};

/// The series of one conversation, each way.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConversationSeries {
    directions: PerDirection<DirectionSeries>,
    end: Nanos,
}

/// The series of one direction: the sender's segments and the receiver's acknowledgments. Sequence numbers are
/// relative.
#[derive(Clone, Debug, Default)]
pub(crate) struct DirectionSeries {
    /// Sequence numbers of segments with payload: from the first byte to the one after the last.
    pub segments: Buckets<Range>,
    /// The same of segments that came again.
    pub retransmissions: Buckets<Range>,
    /// The peer's acknowledgment number.
    pub acks: Buckets<Range>,
    /// The right edge of the peer's window: its acknowledgment number and its window.
    pub edge: Buckets<Range>,
    /// Sequence numbers that the peer has by SACK.
    pub sack: Buckets<Range>,
    /// Bytes sent and not yet acknowledged.
    pub in_flight: Buckets<Range>,
    /// The peer's window in bytes.
    pub window: Buckets<Range>,
    /// Round-trip times in nanoseconds; for UDP the time from a request to its answer.
    pub rtt: Buckets<Range>,
    /// The smoothed round-trip time in nanoseconds (RFC 6298).
    pub smoothed: Buckets<Range>,
    /// Payload, each byte counted once.
    pub payload: Buckets<Sum>,
    numbers: SeqUnwrapper,
    /// The number after the last byte sent, and the last number acknowledged.
    next: Option<u64>,
    acked: Option<u64>,
}

impl DirectionSeries {
    fn on_sent(&mut self, time: Nanos, facts: &TcpFacts) {
        let from = self.numbers.number(facts.seq);
        let to = from.saturating_add(u64::from(facts.next_seq().wrapping_sub(facts.seq)));
        self.next = Some(self.next.map_or(to, |next| next.max(to)));
        if facts.len == 0 {
            return;
        }
        let range = Range::new(from, from.saturating_add(u64::from(facts.len)));
        match facts.retransmission {
            Some(repeat) if repeat.is_duplicate() => {}
            Some(repeat) if !repeat.may_be_late() => {
                let fresh = u64::from(repeat.proof.fresh);
                self.retransmissions.push(time, Range::new(from, range.high.saturating_sub(fresh)));
                if fresh > 0 {
                    self.segments.push(time, Range::new(range.high.saturating_sub(fresh), range.high));
                    self.payload.push(time, Sum { packets: 1, bytes: fresh });
                }
            }
            _ => {
                self.segments.push(time, range);
                self.payload.push(time, Sum { packets: 1, bytes: u64::from(facts.len) });
            }
        }
        self.record_in_flight(time);
    }

    /// The peer says what it has got.
    fn on_ack(&mut self, time: Nanos, facts: &TcpFacts) {
        let Some(ack) = facts.ack else { return };
        if facts.flags.contains(TcpFlags::RST) {
            return;
        }
        let ack = self.numbers.number(ack);
        self.acked = Some(self.acked.map_or(ack, |acked| acked.max(ack)));
        self.acks.push(time, ack.into());
        // the window of a SYN is not scaled yet
        if !facts.flags.contains(TcpFlags::SYN) {
            let window = u64::from(facts.window);
            self.edge.push(time, ack.saturating_add(window).into());
            self.window.push(time, window.into());
        }
        for (left, right) in facts.options.sack.as_slice() {
            let left = self.numbers.number(left.wrapping_sub(facts.sack_base));
            let right = self.numbers.number(right.wrapping_sub(facts.sack_base));
            self.sack.push(time, Range::new(left.min(right), right.max(left)));
        }
        if let Some(sample) = &facts.rtt {
            self.rtt.push(time, positive(sample.time).into());
            self.smoothed.push(time, positive(sample.smoothed).into());
        }
        self.record_in_flight(time);
    }

    fn record_in_flight(&mut self, time: Nanos) {
        if let (Some(next), Some(acked)) = (self.next, self.acked) {
            self.in_flight.push(time, next.saturating_sub(acked).into());
        }
    }

    /// Returns `true` if this direction carried payload.
    pub(crate) fn has_payload(&self) -> bool {
        !self.segments.is_empty() || !self.retransmissions.is_empty() || !self.payload.is_empty()
    }
}

impl ConversationSeries {
    /// The series of the side that sends each way.
    pub(crate) fn directions(&self) -> &PerDirection<DirectionSeries> {
        &self.directions
    }

    /// The time of the last step since the first.
    pub(crate) fn end(&self) -> Nanos {
        self.end
    }

    fn datagram(&mut self, time: Nanos, step: &Step<'_>, facts: &UdpFacts) {
        let (own, peer) = self.directions.both_mut(step.event.direction);
        own.payload.push(time, Sum { packets: 1, bytes: u64::from(facts.len) });
        if let Some(answer) = facts.response_time {
            peer.rtt.push(time, positive(answer).into());
        }
    }
}

impl PerConversation for ConversationSeries {
    fn step(&mut self, step: &Step<'_>) {
        let Some(time) = step.event.since_start else { return };
        self.end = self.end.max(time);
        match &step.event.body {
            Body::Tcp(facts) => {
                let (own, peer) = self.directions.both_mut(step.event.direction);
                own.on_sent(time, facts);
                peer.on_ack(time, facts);
            }
            Body::Udp(facts) => self.datagram(time, step, facts),
            Body::Icmp(_) => {}
        }
    }
}

/// A span that is not negative: a clock that went back gives 0.
fn positive(span: Nanos) -> u64 {
    u64::try_from(span.0).unwrap_or_default()
}
