//! Rounds: what was sent while the ACK of a round's first segment was awaited. They are how slow start shows.
//!
//! The congestion window is in the sender's memory, never on the wire; a round's bytes are at most as many as it allows.

use crate::model::{Nanos, SeqNumber};
use crate::track::{Event, TcpFacts};

/// As many rounds are kept.
const ROWS: usize = 12;
/// Fewer rounds show no growth.
pub(in crate::explain) const MIN_ROUNDS: usize = 3;
/// With what a connection may begin (RFC 6928 §2). Linux begins with ten segments however large they are.
pub(in crate::explain) fn initial_window(mss: u64) -> u64 {
    (10 * mss).min((2 * mss).max(14_600))
}

/// The data sent until the ACK of the first segment came.
#[derive(Clone, Copy, Debug)]
pub(in crate::explain) struct Round {
    pub(in crate::explain) frame: u64,
    pub(in crate::explain) at: Option<Nanos>,
    end: u32,
    pub(in crate::explain) bytes: u64,
    pub(in crate::explain) segments: u64,
    /// Its last segment was full or did not end a send: more data was waiting.
    waiting: bool,
}

impl Round {
    /// Returns `true` if the window may have ended the round: it is longer than a segment, and more data was waiting or
    /// the initial window is full. What is less is as much as the program sent.
    fn proves(&self, mss: u64) -> bool {
        self.bytes > mss && (self.waiting || self.bytes >= initial_window(mss))
    }
}

/// The rounds of one sender.
#[derive(Clone, Debug, Default)]
pub(in crate::explain) struct Rounds {
    done: Vec<Round>,
    current: Option<Round>,
    /// Number of rounds.
    pub(in crate::explain) count: u64,
}

/// The growth of rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::explain) struct Growth {
    /// The first of the rounds in a row that show what the window allowed, counted from 1; 0 where no two do.
    pub(in crate::explain) first: usize,
    /// Number of rounds after it that grow by half or more each: slow start doubles, and with an ACK for every other
    /// segment it grows by half (RFC 5681 §3.1).
    pub(in crate::explain) exponential: usize,
    /// Number of rounds in a row that grow by about one segment at most: congestion avoidance (RFC 5681 §3.1).
    pub(in crate::explain) linear: usize,
}

impl Rounds {
    /// Takes data that is sent for the first time, when the peer has acknowledged up to `acked`; whether more was waiting.
    pub(super) fn sent(&mut self, event: &Event<'_>, facts: &TcpFacts, acked: Option<SeqNumber>, waiting: bool) {
        let len = u64::from(facts.len);
        let over = |round: &Round| acked.is_some_and(|ack| ack.distance(SeqNumber(round.end)) >= 0);
        match &mut self.current {
            Some(round) if !over(round) => {
                round.bytes += len;
                round.segments += 1;
                round.waiting = waiting;
            }
            current => {
                let end = facts.seq.wrapping_add(facts.len);
                let begun = Round { frame: event.frame, at: event.since_start, end, bytes: len, segments: 1, waiting };
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

    /// The growth of these rounds, where a segment has at most `mss` bytes.
    pub(in crate::explain) fn growth(&self, mss: u64) -> Growth {
        let rounds = self.first();
        let two = rounds.windows(2).position(|pair| pair.iter().all(|round| round.proves(mss)));
        let Some(before) = two else { return Growth { first: 0, exponential: 0, linear: 0 } };
        let shown = rounds.iter().skip(before).take_while(|round| round.proves(mss));
        let bytes: Vec<u64> = shown.map(|round| round.bytes).collect();
        Growth { first: before + 1, exponential: exponential(&bytes), linear: linear(&bytes, mss) }
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
    fn only_rounds_that_the_window_may_have_ended_show_growth() {
        let round = |bytes, segments, waiting| Round { frame: 1, at: None, end: 0, bytes, segments, waiting };
        let growth = |done: &[Round]| Rounds { done: done.to_vec(), ..Rounds::default() }.growth(1_460);
        let none = Growth { first: 0, exponential: 0, linear: 0 };
        // requests: a line, a full segment, two that end a send
        assert_eq!(growth(&[round(274, 1, false), round(1_460, 1, true), round(2_000, 2, false)]), none);
        let slow_start = [round(274, 1, false), round(2_920, 2, true), round(5_840, 4, true), round(11_680, 8, true)];
        assert_eq!((growth(&slow_start).first, growth(&slow_start).exponential), (2, 2));
        assert_eq!(growth(&[round(14_600, 10, false), round(29_200, 20, false)]).exponential, 1);
    }

    #[test]
    fn an_initial_window_is_that_of_rfc_6928() {
        assert_eq!([536, 1_460, 9_000, 65_495].map(initial_window), [5_360, 14_600, 18_000, 130_990]);
    }

    #[test]
    fn window_growth_is_reported_by_its_kind() {
        assert_eq!(exponential(&[10, 20, 40, 41, 42]), 2);
        assert_eq!(exponential(&[10, 11]), 0);
        assert_eq!(linear(&[10_000, 20_000, 21_460, 22_920, 24_380], 1_460), 3);
        assert_eq!(linear(&[10_000, 20_000, 40_000], 1_460), 0);
    }
}
