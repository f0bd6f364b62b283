//! The traffic of a session: the expected amount, for the size of the capture buffers, and the pace of the programs.

use std::time::Duration;

use crate::capture::{Drainer, Ring};
use crate::drive::{Pace, SessionKind, SocketOp};

/// Packets of a connection's handshake and close, and of a client's retries.
const CONNECTION: u64 = 12;

/// Packets of one exchange of short messages over TCP: the request, the answer, and an ACK of each.
const EXCHANGE: u64 = 4;

/// Average bytes per packet of a bulk transfer, ACKs included: the minimum, for the smallest MTU of a lab.
const BULK: u64 = 600;

/// Bytes after which a client waits until the ring is drained. With one more send, and with the socket buffers' data, 4
/// MiB each with the system's usual settings, at most 22 MiB are in transit by then: half of the largest ring.
const CLIENT_STRETCH: u64 = 2 << 20;

/// The same for a server, which waits later: a waiting UDP server may lose datagrams, so it waits only where no client
/// does.
const SERVER_STRETCH: u64 = 4 << 20;

/// Time without a read after which a capture is not waited for: the report's reader has stalled, and packets will be
/// lost.
const STUCK: Duration = Duration::from_secs(5);

/// The ring size that a session needs.
pub(super) fn ring_for(kind: &SessionKind) -> Ring {
    let (connections, exchanges, bytes) = match kind {
        SessionKind::Echo { plan, behaviour, clients } => {
            let request = plan.request_bytes();
            let reads = request.div_ceil(behaviour.read_size.max(1) as u64);
            // over UDP each answer is a datagram
            let exchanges = plan.request_sends().max(reads).saturating_mul(u64::from(behaviour.repeat.div_ceil(4)));
            let bytes = request.saturating_add(behaviour.least_answer(request));
            (u64::from(*clients), exchanges, bytes)
        }
        SessionKind::Script { steps, .. } => {
            (1, steps.len() as u64, steps.iter().map(|step| bytes_of(&step.op)).fold(0, u64::saturating_add))
        }
        SessionKind::Proxy => return Ring::for_traffic(u64::MAX, 0),
    };
    let packets = CONNECTION.saturating_add(exchanges.saturating_mul(EXCHANGE)).saturating_add(bytes / BULK);
    Ring::for_traffic(packets.saturating_mul(connections), bytes.saturating_mul(connections))
}

fn bytes_of(op: &SocketOp) -> u64 {
    match op {
        SocketOp::SendBytes(bytes) | SocketOp::Fill(bytes) | SocketOp::Echo(bytes) => *bytes as u64,
        SocketOp::Fails(_, op) => bytes_of(op),
        _ => 0,
    }
}

/// Makes programs wait for the captures of `drainers` whenever they have sent so much that the rings might overflow.
pub(super) fn pace(drainers: Vec<Drainer>) -> Pace {
    Pace::new(CLIENT_STRETCH, SERVER_STRETCH, move || drainers.iter().for_each(|drainer| drainer.drain(STUCK)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::{Behaviour, Plan, SCENARIOS};
    use crate::model::Protocol;

    fn echo(change: impl FnOnce(&mut Plan, &mut Behaviour)) -> Ring {
        let (mut plan, mut behaviour) = (Plan::of(Protocol::Tcp, ["Hello, world"]), Behaviour::default());
        change(&mut plan, &mut behaviour);
        ring_for(&SessionKind::Echo { plan, behaviour, clients: 1 })
    }

    #[test]
    fn a_short_session_has_a_small_ring_and_a_long_one_the_largest() {
        assert!(echo(|_, _| {}) < Ring::LARGEST);
        assert!(echo(|plan, _| plan.count = 3) < Ring::LARGEST);
        assert_eq!(echo(|plan, _| plan.count = 1000), Ring::for_traffic(4000, 24_000));
        assert_eq!(echo(|plan, _| plan.messages = vec![vec![0; 100_000_000]]), Ring::LARGEST);
        assert_eq!(echo(|_, behaviour| behaviour.repeat = 10_000_000), Ring::LARGEST);
        assert_eq!(echo(|plan, _| (plan.continuous, plan.count) = (true, 10)), Ring::for_traffic(480, 240));
    }

    #[test]
    fn ring_has_a_block_for_each_step_of_a_scenario() {
        for scenario in SCENARIOS {
            let ring = ring_for(&scenario.kind());
            let steps = (0..=10_000).find(|steps| scenario.expects.steps.allows(*steps)).unwrap_or(10_000);
            assert!(ring >= Ring::for_traffic(steps, 0), "{}: {steps} steps, {ring:?}", scenario.name);
        }
    }
}
