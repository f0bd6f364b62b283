//! Slow start and congestion avoidance, as far as the sent bytes of each round trip show them.
//!
//! The congestion window is in the sender's memory, never on the wire. What a capture shows is how much was sent while the
//! ACK of a round's first segment was awaited.

use super::answer::{Answer, AnswerTable};
use super::data::{BOTH, NO_DATA};
use super::question::{Case, Question, Topic};
use super::words::moment;
use crate::explain::describe::thousands;
use crate::model::{Direction, Nanos, SeqNumber};
use crate::track::{Event, Measures, TcpFacts, TcpTotals};

pub(super) static CONGESTION: Question = Question {
    id: "congestion",
    text: "Where do slow start and congestion avoidance show?",
    topic: Topic::Tcp(congestion),
};

const ROWS: usize = 12;
/// Fewer rounds show no growth.
const LEAST_ROUNDS: usize = 3;
/// Linux and RFC 6928 begin with so many segments.
const INITIAL_SEGMENTS: u64 = 10;

/// What was sent until the ACK of the first segment came.
#[derive(Clone, Copy, Debug)]
struct Round {
    frame: u64,
    at: Option<Nanos>,
    end: u32,
    bytes: u64,
    segments: u64,
}

/// The rounds of one sender.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    rounds: Vec<Round>,
    current: Option<Round>,
    acked: Option<u32>,
    count: u64,
    bytes: u64,
}

impl Seen {
    pub(super) fn sent(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        if facts.len == 0 || facts.repeat.is_some() || facts.probe.is_some() {
            return;
        }
        let len = u64::from(facts.len);
        self.bytes += len;
        let over = |round: &Round| self.acked.is_some_and(|ack| SeqNumber(ack).distance(SeqNumber(round.end)) >= 0);
        match &mut self.current {
            Some(round) if !over(round) => {
                round.bytes += len;
                round.segments += 1;
            }
            current => {
                let end = facts.seq.wrapping_add(facts.len);
                let begun = Round { frame: event.frame, at: event.since_start, end, bytes: len, segments: 1 };
                self.count += 1;
                if let Some(done) = current.replace(begun)
                    && self.rounds.len() < ROWS
                {
                    self.rounds.push(done);
                }
            }
        }
    }

    /// Takes a segment of the peer.
    pub(super) fn acknowledged(&mut self, facts: &TcpFacts) {
        self.acked = facts.ack.filter(|_| facts.acked.is_some()).or(self.acked);
    }

    fn all(&self) -> Vec<Round> {
        self.rounds.iter().copied().chain(self.current).take(ROWS).collect()
    }
}

/// How many rounds from the first on grow by half or more each: slow start doubles, with an ACK for every other segment
/// it grows by half (RFC 5681 §3.1).
fn exponential(bytes: &[u64]) -> usize {
    bytes.windows(2).take_while(|pair| matches!(pair, [one, two] if *two >= one + one / 2)).count()
}

/// How many rounds in a row grow by about one segment, at most: congestion avoidance (RFC 5681 §3.1).
fn linear(bytes: &[u64], mss: u64) -> usize {
    let (mut longest, mut run) = (0, 0);
    for pair in bytes.windows(2) {
        let grown = matches!(pair, [one, two] if *two >= one + mss / 2 && *two <= one + mss * 2);
        run = if grown { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

fn congestion(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    // of the side that sent more: the other one's few bytes show nothing
    let payload = &case.totals.payload;
    let direction = BOTH.into_iter().rev().max_by_key(|side| *payload.get(*side)).unwrap_or(Direction::ClientToServer);
    let seen = case.seen.rounds.get(direction);
    if seen.bytes == 0 {
        return Answer::unknown(NO_DATA);
    }
    let who = direction.sender();
    let offers = &tcp.story.negotiated;
    let mss =
        [offers.client_to_server, offers.server_to_client].into_iter().map(|offer| offer.and_then(|offer| offer.mss));
    let mss = u64::from(mss.flatten().min().unwrap_or(536));
    let initial = INITIAL_SEGMENTS * mss;
    let rounds = seen.all();
    let answer = Answer::default().frames(rounds.first().map(|round| round.frame));
    if seen.bytes <= initial {
        if case.seen.handshake.syn.is_none() {
            return answer.but("The capture began after the connection was opened: what was sent before, and how large the congestion window had grown, is not known.");
        }
        return answer
            .line(format!(
                "the {who}'s data = {} bytes <= {INITIAL_SEGMENTS} × MSS = {INITIAL_SEGMENTS} × {mss} = {}",
                thousands(seen.bytes),
                thousands(initial)
            ))
            .but(format!(
                "All data that the {who} sent fits in an initial window of ten segments: a sender that keeps RFC 6928 was never limited by its congestion window, so neither shows."
            ));
    }
    if Measures::of(tcp.story.standpoint.vantage, direction) == Measures::Delay {
        return answer.but(format!(
            "The capture was made at the receiver of the {who}'s data: what was sent in one round trip can't be seen there."
        ));
    }
    let mut table =
        AnswerTable::new(format!("The {who}'s rounds"), &["round", "first frame", "at (s)", "segments", "bytes"]);
    for (number, round) in (1_u64..).zip(&rounds) {
        table.push([
            number.to_string(),
            round.frame.to_string(),
            moment(round.at),
            round.segments.to_string(),
            round.bytes.to_string(),
        ]);
    }
    table.left_out = seen.count.saturating_sub(rounds.len() as u64);
    let bytes: Vec<u64> = rounds.iter().map(|round| round.bytes).collect();
    let answer = answer
        .line("a round = what was sent until the ACK of its first segment came; its bytes are at most the congestion window")
        .frames(rounds.iter().map(|round| round.frame))
        .table(table);
    const HIDDEN: &str = "The congestion window itself is not on the wire, and a program that sends little or a small receive window looks the same.";
    if rounds.len() < LEAST_ROUNDS {
        return answer.but(format!(
            "The {who}'s data took fewer than {LEAST_ROUNDS} round trips: no growth can be seen. {HIDDEN}"
        ));
    }
    let (exponential, linear) = (exponential(&bytes), linear(&bytes, mss));
    let answer = match exponential {
        0 => answer.add("The bytes of a round do not grow as in slow start."),
        count => answer.add(format!("Rounds 1 to {} grow by half or more each, as slow start does.", count + 1)),
    };
    match linear {
        0 | 1 => answer.add("No rounds in a row grow by about one segment, as congestion avoidance would."),
        count => answer.add(format!(
            "{} rounds in a row grow by about one segment of {mss} bytes, as congestion avoidance does.",
            count + 1
        )),
    }
    .but(HIDDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_told_by_its_kind() {
        assert_eq!(exponential(&[10, 20, 40, 41, 42]), 2);
        assert_eq!(exponential(&[10, 11]), 0);
        assert_eq!(linear(&[10_000, 20_000, 21_460, 22_920, 24_380], 1_460), 3);
        assert_eq!(linear(&[10_000, 20_000, 40_000], 1_460), 0);
    }
}
