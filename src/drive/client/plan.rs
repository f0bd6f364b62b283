//! The user's echo session, as a list of actions.

use std::iter;
use std::sync::Arc;

use super::{Action, Until};
use crate::drive::behaviour::Behaviour;
use crate::model::{Protocol, Side};

/// An echo session as the user requested it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Over TCP or UDP.
    pub protocol: Protocol,
    /// The messages to send, in this order.
    pub messages: Vec<Vec<u8>>,
    /// Number of times that all of it is sent.
    pub count: u64,
    /// Each message ends in a newline.
    pub line: bool,
    /// One byte per send.
    pub continuous: bool,
    /// All sends before the first read.
    pub no_wait: bool,
    /// The total number of reads; `None` to read everything.
    pub reads: Option<u64>,
    /// Maximum bytes of one read of the client.
    pub read_size: usize,
    /// The side that closes first. TCP only.
    pub close_first: Side,
}

impl Plan {
    /// These messages, each sent after the answer to the one before; the client closes first.
    pub fn of<const N: usize>(protocol: Protocol, messages: [&str; N]) -> Self {
        Self {
            protocol,
            messages: messages.map(|message| message.as_bytes().to_vec()).into(),
            count: 1,
            line: false,
            continuous: false,
            no_wait: false,
            reads: None,
            read_size: Behaviour::READ_SIZE,
            close_first: Side::Client,
        }
    }

    /// The sends of one round: one message each, or one byte each. Over TCP there is no empty send.
    fn sends(&self) -> Vec<Arc<[u8]>> {
        let messages = self.messages.iter().map(|message| {
            let mut bytes = message.clone();
            if self.line {
                bytes.push(b'\n');
            }
            bytes
        });
        let sends: Vec<Arc<[u8]>> = if self.continuous {
            messages.flatten().map(|byte| Arc::from([byte])).collect()
        } else {
            messages.map(Arc::from).collect()
        };
        sends.into_iter().filter(|send| self.protocol == Protocol::Udp || !send.is_empty()).collect()
    }

    /// Bytes that the client will send.
    pub fn request_bytes(&self) -> u64 {
        let round: u64 = self.sends().iter().map(|send| send.len() as u64).sum();
        round.saturating_mul(self.count)
    }

    /// The sends of the client.
    pub fn request_sends(&self) -> u64 {
        (self.sends().len() as u64).saturating_mul(self.count)
    }

    /// The longest single send in bytes.
    pub fn longest_send(&self) -> usize {
        self.sends().iter().map(|send| send.len()).max().unwrap_or(0)
    }

    /// The actions of a client of a server with this behaviour, generated lazily.
    pub fn actions(&self, behaviour: &Behaviour) -> impl Iterator<Item = Action> + use<> {
        let round = self.sends();
        let total = (round.len() as u64).saturating_mul(self.count);
        let plan = Plan { messages: Vec::new(), ..self.clone() };
        let behaviour = behaviour.clone();
        let answers = match plan.protocol {
            Protocol::Udp => total.saturating_mul(u64::from(behaviour.repeat)),
            // requests that are sent without waiting may be read as one
            Protocol::Tcp => behaviour.least_answer(self.request_bytes()),
        };
        let ending = plan.ending(total, answers);
        let sends =
            iter::repeat_with(move || round.clone()).flatten().take(usize::try_from(total).unwrap_or(usize::MAX));
        let exchanges = (0..).zip(sends).flat_map(move |(index, send)| plan.exchange(index, send, &behaviour));
        iter::once(Action::Connect).chain(exchanges).chain(ending)
    }

    /// One send, and the reads before the next.
    fn exchange(&self, index: u64, send: Arc<[u8]>, behaviour: &Behaviour) -> impl Iterator<Item = Action> + use<> {
        let read_size = self.read_size;
        let receive = |reads| Action::Receive { until: Until::Reads(reads), read_size };
        let (first, second) = match (self.reads, self.protocol) {
            _ if self.no_wait => (Action::Send(send), None),
            (Some(reads), _) => (Action::Send(send), (index < reads).then(|| receive(1))),
            (None, Protocol::Udp) => (Action::Send(send), Some(receive(u64::from(behaviour.repeat)))),
            (None, Protocol::Tcp) => {
                let answer = behaviour.least_answer(send.len() as u64);
                (Action::Exchange { bytes: send, answer, read_size }, None)
            }
        };
        iter::once(first).chain(second)
    }

    /// The reads after the last of `sends` sends, and the close. `answers` counts the answers to all sends, in
    /// datagrams or bytes.
    fn ending(&self, sends: u64, answers: u64) -> Vec<Action> {
        let read_size = self.read_size;
        let receive = |until| Action::Receive { until, read_size };
        let mut actions = match (self.reads, self.protocol) {
            (Some(reads), _) => {
                let done = if self.no_wait { 0 } else { reads.min(sends) };
                vec![receive(Until::Reads(reads - done))]
            }
            (None, Protocol::Udp) if self.no_wait => vec![receive(Until::Reads(answers))],
            (None, Protocol::Udp) => vec![],
            (None, Protocol::Tcp) => {
                let rest = Action::Exchange { bytes: Arc::default(), answer: answers, read_size };
                // at the end of the stream all answers have arrived, in any number of segments
                let end = receive(Until::End);
                match self.close_first {
                    Side::Server => vec![end],
                    Side::Client if self.no_wait => vec![rest, Action::Shutdown, end],
                    Side::Client => vec![Action::Shutdown, end],
                }
            }
        };
        actions.retain(|action| !matches!(action, Action::Receive { until: Until::Reads(0), .. }));
        actions.push(Action::Close);
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(protocol: Protocol) -> Plan {
        Plan { read_size: 100, ..Plan::of(protocol, ["ab", "c"]) }
    }

    fn send(bytes: &[u8]) -> Action {
        Action::Send(Arc::from(bytes))
    }

    fn exchange(bytes: &[u8], answer: u64) -> Action {
        Action::Exchange { bytes: Arc::from(bytes), answer, read_size: 100 }
    }

    fn reads(count: u64) -> Action {
        Action::Receive { until: Until::Reads(count), read_size: 100 }
    }

    const END: Action = Action::Receive { until: Until::End, read_size: 100 };

    fn actions(plan: &Plan, behaviour: &Behaviour) -> Vec<Action> {
        let mut actions = plan.actions(behaviour);
        assert_eq!(actions.next(), Some(Action::Connect));
        let mut rest: Vec<_> = actions.collect();
        assert_eq!(rest.pop(), Some(Action::Close));
        rest
    }

    #[test]
    fn by_default_each_message_waits_for_its_answer_and_the_client_closes_first() {
        let behaviour = Behaviour { repeat: 2, ..Behaviour::default() };
        let tcp = actions(&plan(Protocol::Tcp), &behaviour);
        assert_eq!(tcp, [exchange(b"ab", 4), exchange(b"c", 2), Action::Shutdown, END]);
        let udp = actions(&plan(Protocol::Udp), &behaviour);
        assert_eq!(udp, [send(b"ab"), reads(2), send(b"c"), reads(2)]);
    }

    #[test]
    fn lines_and_single_bytes_and_counts_go_together() {
        let plan = Plan { line: true, continuous: true, count: 2, ..plan(Protocol::Udp) };
        assert_eq!(plan.request_bytes(), 10);
        let sent: Vec<u8> = actions(&plan, &Behaviour::default())
            .iter()
            .filter_map(|action| if let Action::Send(bytes) = action { bytes.first().copied() } else { None })
            .collect();
        assert_eq!(sent, b"ab\nc\nab\nc\n");
    }

    #[test]
    fn messages_are_sent_before_any_read_without_waiting() {
        let behaviour = Behaviour { prefix: b"> ".to_vec(), ..Behaviour::default() };
        let tcp = actions(&Plan { no_wait: true, ..plan(Protocol::Tcp) }, &behaviour);
        assert_eq!(tcp, [send(b"ab"), send(b"c"), exchange(b"", 5), Action::Shutdown, END]);
        let udp = actions(&Plan { no_wait: true, ..plan(Protocol::Udp) }, &behaviour);
        assert_eq!(udp, [send(b"ab"), send(b"c"), reads(2)]);
    }

    #[test]
    fn counted_reads_are_spread_over_the_messages_and_the_rest_comes_last() {
        let behaviour = Behaviour::default();
        let with = |reads| actions(&Plan { reads: Some(reads), ..plan(Protocol::Tcp) }, &behaviour);
        assert_eq!(with(0), [send(b"ab"), send(b"c")]);
        assert_eq!(with(1), [send(b"ab"), reads(1), send(b"c")]);
        assert_eq!(with(5), [send(b"ab"), reads(1), send(b"c"), reads(1), reads(3)]);
        let plan = Plan { reads: Some(5), no_wait: true, ..plan(Protocol::Tcp) };
        assert_eq!(actions(&plan, &behaviour), [send(b"ab"), send(b"c"), reads(5)]);
    }

    #[test]
    fn a_server_that_closes_first_is_read_to_the_end() {
        let plan = Plan { close_first: Side::Server, ..plan(Protocol::Tcp) };
        assert_eq!(actions(&plan, &Behaviour::default()), [exchange(b"ab", 2), exchange(b"c", 1), END]);
    }

    #[test]
    fn empty_send_is_sent_only_over_udp() {
        let empty = |protocol| Plan { messages: vec![vec![]], ..plan(protocol) };
        assert_eq!(actions(&empty(Protocol::Tcp), &Behaviour::default()), [Action::Shutdown, END]);
        assert_eq!(actions(&empty(Protocol::Udp), &Behaviour::default()), [send(b""), reads(1)]);
    }
}
