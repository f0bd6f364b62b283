//! Rounds: what was sent while the ACK of a round's first segment was awaited. They are how slow start shows.
//!
//! The congestion window is in the sender's memory, never on the wire; a round's bytes are at most as many as it allows.

use crate::model::{Nanos, SeqNumber};
use crate::track::{Event, TcpFacts};

/// As many rounds are kept.
const ROWS: usize = 12;
/// Fewer rounds show no growth.
pub(in crate::explain) const LEAST_ROUNDS: usize = 3;
/// Linux and RFC 6928 begin with so many segments.
pub(in crate::explain) const INITIAL_SEGMENTS: u64 = 10;

/// What was sent until the ACK of the first segment came.
#[derive(Clone, Copy, Debug)]
pub(in crate::explain) struct Round {
    pub(in crate::explain) frame: u64,
    pub(in crate::explain) at: Option<Nanos>,
    end: u32,
    pub(in crate::explain) bytes: u64,
    pub(in crate::explain) segments: u64,
}

/// The rounds of one sender.
#[derive(Clone, Debug, Default)]
pub(in crate::explain) struct Rounds {
    done: Vec<Round>,
    current: Option<Round>,
    /// How many there are.
    pub(in crate::explain) count: u64,
}

/// How rounds grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::explain) struct Growth {
    /// How many rounds from the first on grow by half or more each: slow start doubles, and with an ACK for every other
    /// segment it grows by half (RFC 5681 §3.1).
    pub(in crate::explain) exponential: usize,
    /// How many rounds in a row grow by about one segment, at most: congestion avoidance (RFC 5681 §3.1).
    pub(in crate::explain) linear: usize,
}

impl Rounds {
    /// Takes data that is sent for the first time, when the peer has acknowledged up to `acked`.
    pub(super) fn sent(&mut self, event: &Event<'_>, facts: &TcpFacts, acked: Option<SeqNumber>) {
        let len = u64::from(facts.len);
        let over = |round: &Round| acked.is_some_and(|ack| ack.distance(SeqNumber(round.end)) >= 0);
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
                    && self.done.len() < ROWS
                {
                    self.done.push(done);
                }
            }
        }
    }

    /// The first rounds.
    pub(in crate::explain) fn first(&self) -> Vec<Round> {
        self.done.iter().copied().chain(self.current).take(ROWS).collect()
    }

    /// How these grow, where a segment has at most `mss` bytes.
    pub(in crate::explain) fn growth(&self, mss: u64) -> Growth {
        let bytes: Vec<u64> = self.first().iter().map(|round| round.bytes).collect();
        Growth { exponential: exponential(&bytes), linear: linear(&bytes, mss) }
    }
}

fn exponential(bytes: &[u64]) -> usize {
    bytes.windows(2).take_while(|pair| matches!(pair, [one, two] if *two >= one + one / 2)).count()
}

fn linear(bytes: &[u64], mss: u64) -> usize {
    let (mut longest, mut run) = (0, 0);
    for pair in bytes.windows(2) {
        let grown = matches!(pair, [one, two] if *two >= one + mss / 2 && *two <= one + mss * 2);
        run = if grown { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
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
