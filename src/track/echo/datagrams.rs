//! Echoes in UDP: which datagram answers which.

use std::collections::VecDeque;

use super::Found;
use super::relation::{count, relation};
use crate::track::facts::{Echo, EchoKind};
use crate::track::when::When;

/// Most requests that wait for an answer.
const WAITING: usize = 64;
/// Most bytes of a request kept for comparison.
const KEPT: usize = 2048;

/// A request that waits for its answer.
#[derive(Clone, Debug)]
struct Waiting {
    frame: u64,
    at: When,
    len: u32,
    bytes: Vec<u8>,
    /// How many times it has been given back.
    times: usize,
}

/// An answer's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::track) struct Answered {
    pub(in crate::track) request: u64,
    pub(in crate::track) at: When,
    pub(in crate::track) echo: Option<Echo>,
    /// A later request was answered before: the answers overtook each other.
    pub(in crate::track) late: bool,
}

/// The requests of one UDP conversation.
#[derive(Clone, Debug, Default)]
pub(in crate::track) struct Datagrams {
    waiting: VecDeque<Waiting>,
    spare: Vec<Vec<u8>>,
    last: Option<Waiting>,
    forgotten: u64,
    highest_answered: u64,
    pub(in crate::track) found: Found,
}

impl Datagrams {
    /// The client sent a datagram.
    pub(in crate::track) fn request(&mut self, frame: u64, at: When, payload: &[u8], len: u32) {
        self.found.totals.requests += 1;
        if self.waiting.len() >= WAITING
            && let Some(old) = self.waiting.pop_front()
        {
            self.forgotten += 1;
            self.spare.push(old.bytes);
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(payload.get(..KEPT).unwrap_or(payload));
        self.waiting.push_back(Waiting { frame, at, len, bytes, times: 0 });
    }

    /// The server sent a datagram: the request that it answers, by its bytes first, by its turn else.
    pub(in crate::track) fn answer(&mut self, frame: u64, payload: &[u8], len: u32) -> Option<Answered> {
        let cut = (payload.len() as u64) < u64::from(len);
        let kind_for = |waiting: &Waiting| {
            let whole = waiting.bytes.len() as u64 == u64::from(waiting.len) && !cut;
            if whole { relation(&waiting.bytes, payload) } else { by_start(&waiting.bytes, payload, waiting.len, len) }
        };
        let alike = self.waiting.iter().position(|waiting| kind_for(waiting) != EchoKind::Different);
        let Some(mut waiting) = self.waiting.remove(alike.unwrap_or(0)) else {
            return self.answer_again(frame, payload, len);
        };
        let kind = kind_for(&waiting);
        waiting.times = times(kind);
        let request = (waiting.frame, waiting.frame);
        let echo = Echo { kind, request, bytes: waiting.len, complete: kind != EchoKind::Partial };
        self.found.count(&echo, 1, frame);
        let late = alike.is_some() && waiting.frame < self.highest_answered;
        self.highest_answered = self.highest_answered.max(waiting.frame);
        let answered = Answered {
            request: waiting.frame,
            at: waiting.at,
            echo: (kind != EchoKind::Different).then_some(echo),
            late,
        };
        if let Some(old) = self.last.replace(waiting) {
            self.spare.push(old.bytes);
        }
        Some(answered)
    }

    /// Nothing waits: the last request's answer goes on.
    fn answer_again(&mut self, frame: u64, payload: &[u8], len: u32) -> Option<Answered> {
        let last = self.last.as_mut()?;
        let kind = relation(&last.bytes, payload);
        let echo = Echo { kind, request: (last.frame, last.frame), bytes: len, complete: true };
        if matches!(kind, EchoKind::Different | EchoKind::Partial) {
            return None;
        }
        last.times += times(kind);
        self.found.story_mut().repeated(last.times, frame);
        let echo = Echo { kind: EchoKind::Repeated(count(last.times)), ..echo };
        Some(Answered { request: last.frame, at: last.at, echo: Some(echo), late: false })
    }

    /// The newest request that still waits: what an ICMP error is about when it does not say.
    pub(in crate::track) fn newest_waiting(&self) -> Option<u64> {
        self.waiting.back().map(|waiting| waiting.frame)
    }

    /// The requests that wait: how many, their bytes, and the first frames.
    pub(in crate::track) fn pending(&self) -> (u64, u64, Vec<u64>) {
        let bytes = self.waiting.iter().map(|waiting| u64::from(waiting.len)).sum();
        let frames = self.waiting.iter().take(8).map(|waiting| waiting.frame).collect();
        (self.waiting.len() as u64 + self.forgotten, bytes, frames)
    }
}

/// How many times an answer gives its request back.
fn times(kind: EchoKind) -> usize {
    if let EchoKind::Repeated(times) = kind { times as usize } else { 1 }
}

/// Long or cut datagrams are compared as far as they are known.
fn by_start(request: &[u8], answer: &[u8], request_len: u32, answer_len: u32) -> EchoKind {
    let known = request.len().min(answer.len());
    let (Some(a), Some(b)) = (request.get(..known), answer.get(..known)) else { return EchoKind::Different };
    if known == 0 || request_len != answer_len {
        EchoKind::Different
    } else if a == b {
        EchoKind::Identical
    } else if super::relation::is_upper(a, b) {
        EchoKind::Upper
    } else {
        EchoKind::Different
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_given_again_is_counted_as_often_as_it_comes() {
        let mut datagrams = Datagrams::default();
        datagrams.request(1, When::UNKNOWN, b"one", 3);
        let kinds = [2, 3, 4].map(|frame| datagrams.answer(frame, b"one", 3).unwrap().echo.unwrap().kind);
        assert_eq!(kinds, [EchoKind::Identical, EchoKind::Repeated(2), EchoKind::Repeated(3)]);
    }

    #[test]
    fn answers_find_their_requests_by_their_bytes() {
        let mut datagrams = Datagrams::default();
        datagrams.request(1, When::UNKNOWN, b"one", 3);
        datagrams.request(2, When::UNKNOWN, b"two", 3);
        let second = datagrams.answer(3, b"TWO", 3).unwrap();
        assert_eq!((second.request, second.late), (2, false), "the first one may have been lost");
        let first = datagrams.answer(4, b"one", 3).unwrap();
        assert_eq!((first.request, first.late), (1, true));
        assert_eq!(datagrams.answer(5, b"three", 5), None);
        assert_eq!(datagrams.pending(), (0, 0, Vec::new()));
    }

    #[test]
    fn waiting_requests_are_bounded_and_counted() {
        let mut datagrams = Datagrams::default();
        (0..100).for_each(|n| datagrams.request(n, When::UNKNOWN, b"x", 1));
        assert_eq!(datagrams.pending().0, 100);
        assert_eq!(datagrams.waiting.len(), WAITING);
    }
}
