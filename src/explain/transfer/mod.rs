//! The transfer of a connection's data: the basis of the facts and the answers about it.
//!
//! It sees every step of a conversation that is shown, in bounded memory; a conversation that is only counted has none.

mod flow;
mod limit;
mod pipeline;
mod rounds;
mod spent;

pub(super) use flow::Flow;
pub(super) use limit::{of as limit, percent};
pub(super) use rounds::{Growth, MIN_ROUNDS, initial_window};

use crate::model::Occurrences;
use crate::model::{Direction, PerDirection};
use crate::track::{Body, Distribution, Event, RttTotals};
use pipeline::Pipeline;

/// The data of both sides.
#[derive(Clone, Debug, Default)]
pub struct Transfer {
    flows: PerDirection<Flow>,
    response_times: Distribution,
    pipeline: Pipeline,
}

impl Transfer {
    /// Takes the conversation's next step.
    pub fn record(&mut self, event: &Event<'_>) {
        if event.captured_twice().is_some() {
            return;
        }
        let response_time = match &event.body {
            Body::Tcp(facts) => {
                let (own, peer) = self.flows.both_mut(event.direction);
                own.sent(event, facts);
                peer.last_ack(event, facts);
                self.pipeline.record(event, facts);
                facts.response_time
            }
            Body::Udp(facts) => facts.response_time,
            Body::Icmp(_) => None,
        };
        // what the client sends after an answer is its next request
        if let Some(time) = response_time.filter(|time| event.direction == Direction::ServerToClient && time.0 >= 0) {
            self.response_times.add(time);
        }
    }

    /// From each request's last byte to its answer's first.
    pub(super) fn response_times(&self) -> Option<RttTotals> {
        self.response_times.clone().totals(None)
    }

    /// Segments that may begin an answer, but have no response time, as requests had not waited for the answers before them.
    pub(super) fn pipelined(&self) -> &Occurrences {
        &self.pipeline.unmatched
    }

    /// The data of the side that sends each way.
    pub(super) fn flows(&self) -> &PerDirection<Flow> {
        &self.flows
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::model::{EarlierFrames, Endpoint, FindingCode, IpHeader, Nanos, Protocol, TcpFlags};
    use crate::track::{Acked, MaybeOwned, PROBES, Probe, ProbeProof, Retransmission, StreamId, TcpFacts, Verdict};
    use Direction::{ClientToServer, ServerToClient};

    /// A transfer from client to server, told segment by segment.
    #[derive(Default)]
    struct Told {
        transfer: Transfer,
        acked: u32,
    }

    impl Told {
        fn see(&mut self, micros: i64, direction: Direction, facts: TcpFacts) {
            let end = Endpoint::new([192, 0, 2, 1], 7);
            let at = Some(Nanos(micros * 1_000));
            self.transfer.record(&Event {
                unknown: Default::default(),
                frame: 1,
                time: None,
                wire_len: 0,
                stream: StreamId { protocol: Protocol::Tcp, number: 0 },
                number: 1,
                direction,
                source: end,
                destination: end,
                since_start: at,
                since_previous: None,
                ip: IpHeader {
                    version: 4,
                    id: None,
                    ttl: 64,
                    ecn: 0,
                    header_len: 20,
                    fragments: 1,
                    earlier_bytes: 0,
                    earlier: EarlierFrames::default(),
                },
                body: Body::Tcp(MaybeOwned::Kept(Box::new(facts))),
                header: Cow::Borrowed(&[]),
                payload: Cow::Borrowed(&[]),
            });
        }

        fn data(&mut self, micros: i64, seq: u32, len: u32) {
            let facts = TcpFacts { seq, len, flags: TcpFlags::ACK, ..TcpFacts::default() };
            self.see(micros, ClientToServer, facts);
        }

        fn again(&mut self, micros: i64, seq: u32, len: u32) {
            let repeat = Retransmission::of_code(FindingCode::FastRetransmit);
            let facts = TcpFacts { seq, len, retransmission: Some(repeat), ..TcpFacts::default() };
            self.see(micros, ClientToServer, facts);
        }

        fn ack(&mut self, micros: i64, ack: u32, window: u32) {
            let bytes = ack.wrapping_sub(self.acked);
            let acked = Acked { from: self.acked, bytes, syn: false, fin: false, segments: 1, frames: None };
            self.acked = ack;
            let facts = TcpFacts {
                ack: Some(ack),
                acked: (bytes > 0).then_some(acked),
                window,
                window_scale: Some(1),
                flags: TcpFlags::ACK,
                ..TcpFacts::default()
            };
            self.see(micros, ServerToClient, facts);
        }

        fn flow(&self) -> &Flow {
            &self.transfer.flows.client_to_server
        }
    }

    #[test]
    fn bytes_in_flight_goodput_and_idle_time_are_counted_across_the_wrap_of_numbers() {
        let first = u32::MAX - 1_500;
        let mut per_sender = Told { acked: first, ..Told::default() };
        per_sender.ack(0, first, 60_000);
        per_sender.data(1_000, first, 1_000);
        per_sender.data(1_010, first.wrapping_add(1_000), 1_000);
        per_sender.ack(11_000, first.wrapping_add(1_000), 60_000);
        per_sender.ack(12_000, first.wrapping_add(2_000), 60_000);
        per_sender.data(20_000, first.wrapping_add(2_000), 500);
        per_sender.ack(31_000, first.wrapping_add(2_500), 60_000);
        let flow = per_sender.flow();
        assert_eq!((flow.bytes, flow.segments, flow.acked_bytes, flow.most_in_flight), (2_500, 3, 2_500, 2_000));
        assert_eq!((flow.span(), flow.idle), (Some(Nanos::from_millis(30)), Nanos::from_millis(8)));
        assert_eq!((flow.spent.program, flow.spent.network), (18_990_000, 0));
    }

    #[test]
    fn rounds_and_recoveries_are_distinguished_from_window_limits() {
        let mut per_sender = Told { acked: 1, ..Told::default() };
        per_sender.ack(0, 1, 60_000);
        let (mut seq, mut time) = (1, 0);
        for round in [10, 20] {
            let begin = seq;
            (0..round).for_each(|_| {
                per_sender.data(time, seq, 1_000);
                seq += 1_000;
            });
            time += 10_000;
            per_sender.ack(time, begin + 1_000, 60_000);
        }
        // the first of the second round is lost
        per_sender.again(time, 11_001, 1_000);
        per_sender.ack(time + 10_000, seq, 1_000);
        per_sender.data(time + 10_010, seq, 1_000);
        per_sender.ack(time + 20_000, seq + 1_000, 0);
        per_sender.ack(time + 90_000, seq + 1_000, 60_000);
        per_sender.data(time + 90_010, seq + 1_000, 1_000);
        let flow = per_sender.flow();
        let segments: Vec<_> = flow.rounds.first().iter().map(|round| round.segments).collect();
        assert_eq!(segments.get(..2), Some(&[10, 20][..]));
        assert_eq!(flow.again, 1_000);
        assert_eq!(flow.spent.network, 10_000_000);
        assert_eq!((flow.spent.repair, flow.spent.window), (20_000_000, 79_990_000));
    }

    #[test]
    fn window_probe_shows_a_zero_window_wait_without_later_data() {
        let mut per_sender = Told { acked: 1, ..Told::default() };
        per_sender.ack(0, 1, 1_000);
        per_sender.data(10_000, 1, 1_000);
        per_sender.ack(20_000, 1_001, 0);
        let how = Verdict { rule: PROBES.first().expect("a rule"), proof: ProbeProof::default() };
        let probe = TcpFacts {
            seq: 1_000,
            probe: Some(Probe::Question { how, nth: 0, before_answered: false }),
            ..TcpFacts::default()
        };
        per_sender.see(220_000, ClientToServer, probe);
        let spent = &per_sender.flow().spent;
        assert_eq!((spent.window, spent.sum()), (210_000_000, 210_000_000));
    }
}
