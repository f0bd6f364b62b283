//! Echoes in UDP: which datagram answers which.

use std::collections::VecDeque;

use super::Found;
use super::relation::relation;
use crate::track::echo::{Echo, EchoForm, EchoKind};
use crate::track::tcp::Sighting;
use crate::track::when::When;

/// Most requests that wait for an answer.
const WAITING: usize = 64;
/// Most bytes of all waiting requests kept for comparison.
const KEPT: usize = 128 * 1024;
/// Of a request beyond that so many are.
const KEPT_OF_MORE: usize = 64;
/// A buffer that is larger is not kept for the next request.
const SPARE: usize = 2048;

/// A request that waits for its answer.
#[derive(Clone, Debug)]
struct Waiting {
    frame: u64,
    ip_id: Option<u16>,
    /// An ICMP error told that it did not arrive.
    refused: bool,
    /// A copy of it, and when that was captured: the server may answer it too.
    copy: Option<(u64, When)>,
    at: When,
    len: u32,
    bytes: Vec<u8>,
    /// How many times it has been given back.
    times: u32,
}

impl Waiting {
    /// Whether it carries the same bytes.
    fn is_same(&self, other: &Self) -> bool {
        self.len == other.len && self.bytes == other.bytes
    }
}

/// An answer's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::track) struct Answered {
    pub(in crate::track) request: u64,
    pub(in crate::track) at: When,
    pub(in crate::track) echo: Option<Echo>,
    /// The answer to a newer request, if that came first.
    pub(in crate::track) overtaken_by: Option<u64>,
    /// The frame that had the same bytes first, where they were sent again, in this request: which of them is answered
    /// can't be told.
    pub(in crate::track) sent_again: Option<u64>,
}

/// The requests of one UDP conversation.
#[derive(Clone, Debug, Default)]
pub(in crate::track) struct Datagrams {
    waiting: VecDeque<Waiting>,
    /// Bytes of requests that are kept.
    kept: usize,
    spare: Vec<Vec<u8>>,
    last: Option<Waiting>,
    forgotten: u64,
    /// Requests without an answer whose bytes were sent again and then answered: they wait no longer.
    superseded: Sighting,
    /// The newest request that is answered, and the frame of its answer.
    newest_answered: (u64, u64),
    pub(in crate::track) found: Found,
}

impl Datagrams {
    /// The client sent a datagram.
    pub(in crate::track) fn request(&mut self, (frame, at): (u64, When), ip_id: Option<u16>, payload: &[u8], len: u32) {
        self.found.totals.requests += 1;
        if self.waiting.len() >= WAITING
            && let Some(old) = self.waiting.pop_front()
        {
            self.forgotten += 1;
            self.recycle(old);
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        let most = if self.kept + payload.len() > KEPT { KEPT_OF_MORE } else { payload.len() };
        bytes.extend_from_slice(payload.get(..most).unwrap_or(payload));
        self.kept += bytes.len();
        self.waiting.push_back(Waiting { frame, ip_id, refused: false, copy: None, at, len, bytes, times: 0 });
    }

    /// The server sent a datagram: the request that it answers, by its bytes first, by its turn else.
    pub(in crate::track) fn answer(&mut self, (frame, now): (u64, When), payload: &[u8], len: u32) -> Option<Answered> {
        let cut = (payload.len() as u64) < u64::from(len);
        let kind_for = |waiting: &Waiting| {
            let whole = waiting.bytes.len() as u64 == u64::from(waiting.len) && !cut;
            if whole { relation(&waiting.bytes, payload) } else { by_start(&waiting.bytes, payload, waiting.len, len) }
        };
        let whole = |kind| !matches!(kind, EchoKind::Different | EchoKind::Partial);
        let alike = self.waiting.iter().position(|waiting| whole(kind_for(waiting)));
        let alike = alike.or_else(|| self.waiting.iter().position(|waiting| kind_for(waiting) == EchoKind::Partial));
        if alike.is_none()
            && let Some(answered) = self.answer_copy(frame, payload, len)
        {
            return Some(answered);
        }
        let oldest = alike.unwrap_or(0);
        let again = self.sent_again(oldest, now);
        let first = self.waiting.get(oldest).map(|waiting| waiting.frame);
        let Some(mut waiting) = self.waiting.remove(again.unwrap_or(oldest)) else {
            return self.answer_again(frame, payload);
        };
        if again.is_some() && alike.is_none() {
            self.supersede(&waiting);
        }
        let kind = kind_for(&waiting);
        waiting.times = times(kind);
        let request = (waiting.frame, waiting.frame);
        let echo = Echo { complete: kind != EchoKind::Partial, ..Echo::whole(kind, request, waiting.len) };
        let whole = waiting.bytes.len() as u64 == u64::from(waiting.len) && !cut;
        if kind == EchoKind::Different && !whole {
            self.found.story_mut().uncompared += 1;
        } else {
            self.found.count(&echo, 1, frame);
        }
        if kind == EchoKind::Partial {
            self.found.totals.pending_bytes += u64::from(waiting.len.saturating_sub(len));
            self.found.story_mut().came_in_part(len as usize, waiting.len as usize, frame);
        }
        let (newest, overtaken_by) = self.newest_answered;
        let late = alike.is_some() && waiting.frame < newest;
        if waiting.frame > newest && again.is_none() {
            self.newest_answered = (waiting.frame, frame);
        }
        let answered = Answered {
            request: waiting.frame,
            at: waiting.at,
            echo: (kind != EchoKind::Different).then_some(echo),
            overtaken_by: late.then_some(overtaken_by),
            sent_again: first.filter(|_| again.is_some()),
        };
        if let Some(old) = self.last.replace(waiting) {
            self.recycle(old);
        }
        Some(answered)
    }

    /// Where the last request with the same bytes as the one at `oldest` waits, if it was sent so long after the one
    /// before that it is no further request under way, but the same again for want of an answer.
    fn sent_again(&self, oldest: usize, now: When) -> Option<usize> {
        let first = self.waiting.get(oldest)?;
        let mut same = self.waiting.iter().enumerate().skip(oldest).rev().filter(|(_, waiting)| waiting.is_same(first));
        let ((newest, last), (_, before)) = (same.next()?, same.next()?);
        let (waited, gap) = (now.since(last.at)?, last.at.since(before.at)?);
        (waited <= gap).then_some(newest)
    }

    /// Lets the requests go that were sent again as this one, which is answered: the next answer is to what comes next.
    fn supersede(&mut self, answered: &Waiting) {
        while let Some(at) = self.waiting.iter().position(|waiting| waiting.is_same(answered)) {
            let Some(old) = self.waiting.remove(at) else { return };
            self.superseded.see(old.frame);
            self.recycle(old);
        }
    }

    fn recycle(&mut self, old: Waiting) {
        self.kept = self.kept.saturating_sub(old.bytes.len());
        if old.bytes.capacity() <= SPARE {
            self.spare.push(old.bytes);
        }
    }

    /// Nothing waits: the last request's answer goes on.
    fn answer_again(&mut self, frame: u64, payload: &[u8]) -> Option<Answered> {
        let last = self.last.as_mut()?;
        let kind = relation(&last.bytes, payload);
        let EchoKind::Whole(form) = kind else { return None };
        last.times = last.times.saturating_add(form.copies);
        let kind = EchoKind::Whole(EchoForm { copies: last.times, ..form });
        let echo = Echo::whole(kind, (last.frame, last.frame), last.len);
        self.found.story_mut().see(&echo, 0, frame);
        Some(Answered { request: last.frame, at: last.at, echo: Some(echo), overtaken_by: None, sent_again: None })
    }

    /// A copy of a request came: its answer may come twice as well.
    pub(in crate::track) fn copied(&mut self, first: u64, frame: u64, at: When) {
        let known = self.waiting.iter_mut().chain(&mut self.last).find(|request| request.frame == first);
        if let Some(request) = known {
            request.copy = Some((frame, at));
        }
    }

    /// The last request's answer comes again since the request was there twice.
    fn answer_copy(&mut self, frame: u64, payload: &[u8], len: u32) -> Option<Answered> {
        let last = self.last.as_mut()?;
        let kind = relation(&last.bytes, payload);
        if matches!(kind, EchoKind::Different | EchoKind::Partial) {
            return None;
        }
        let (request, at) = last.copy.take()?;
        let echo = Echo::whole(kind, (request, request), len);
        self.found.story_mut().see(&echo, 0, frame);
        Some(Answered { request, at, echo: Some(echo), overtaken_by: None, sent_again: None })
    }

    /// The request that an ICMP error is about: the one with the quoted IP identification; where that tells nothing, the
    /// oldest that waits, since errors come in the order of what they are about.
    pub(in crate::track) fn refuse(&mut self, ip_id: Option<u16>) -> Option<u64> {
        let ip_id = ip_id.filter(|id| *id != 0);
        let mut waiting = self.waiting.iter_mut().filter(|waiting| !waiting.refused);
        let refused = waiting.find(|waiting| ip_id.is_none() || waiting.ip_id == ip_id)?;
        refused.refused = true;
        Some(refused.frame)
    }

    /// The requests that neither an answer nor an ICMP error answers: how many, and the first frames.
    pub(in crate::track) fn unanswered(&self) -> (u64, Vec<u64>) {
        let unanswered = || self.waiting.iter().filter(|waiting| !waiting.refused).map(|waiting| waiting.frame);
        let mut frames: Vec<u64> = self.superseded.frames.iter().copied().chain(unanswered().take(8)).collect();
        frames.sort_unstable();
        frames.truncate(8);
        (unanswered().count() as u64 + self.forgotten + self.superseded.count, frames)
    }

    /// The requests that wait: how many, and their bytes.
    pub(in crate::track) fn pending(&self) -> (u64, u64) {
        let bytes = self.waiting.iter().map(|waiting| u64::from(waiting.len)).sum();
        (self.waiting.len() as u64 + self.forgotten + self.superseded.count, bytes)
    }
}

/// How many times an answer gives its request back.
fn times(kind: EchoKind) -> u32 {
    if let EchoKind::Whole(form) = kind { form.copies } else { 1 }
}

/// Long or cut datagrams are compared as far as they are known.
fn by_start(request: &[u8], answer: &[u8], request_len: u32, answer_len: u32) -> EchoKind {
    let known = request.len().min(answer.len());
    let (Some(a), Some(b)) = (request.get(..known), answer.get(..known)) else { return EchoKind::Different };
    if known == 0 || request_len != answer_len {
        EchoKind::Different
    } else if a == b {
        EchoKind::Whole(EchoForm::IDENTICAL)
    } else if super::relation::is_upper(a, b) {
        EchoKind::Whole(EchoForm::UPPER)
    } else {
        EchoKind::Different
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Nanos;

    #[test]
    fn an_answer_given_again_is_counted_as_often_as_it_comes() {
        let mut datagrams = Datagrams::default();
        datagrams.request((1, When::UNKNOWN), None, b"one", 3);
        let kinds =
            [2, 3, 4].map(|frame| datagrams.answer((frame, When::UNKNOWN), b"one", 3).unwrap().echo.unwrap().kind);
        assert_eq!(kinds, [1, 2, 3].map(|copies| EchoKind::Whole(EchoForm { copies, ..EchoForm::IDENTICAL })));
    }

    #[test]
    fn answers_find_their_requests_by_their_bytes() {
        let mut datagrams = Datagrams::default();
        datagrams.request((1, When::UNKNOWN), None, b"one", 3);
        datagrams.request((2, When::UNKNOWN), None, b"two", 3);
        let second = datagrams.answer((3, When::UNKNOWN), b"TWO", 3).unwrap();
        assert_eq!((second.request, second.overtaken_by), (2, None));
        let first = datagrams.answer((4, When::UNKNOWN), b"one", 3).unwrap();
        assert_eq!((first.request, first.overtaken_by), (1, Some(3)));
        assert_eq!(datagrams.answer((5, When::UNKNOWN), b"three", 5), None);
        assert_eq!((datagrams.pending(), datagrams.unanswered()), ((0, 0), (0, Vec::new())));
    }

    #[test]
    fn what_was_sent_again_for_want_of_an_answer_is_answered_last() {
        let at = |millis| When::from(Some(Nanos::from_millis(millis)));
        let mut datagrams = Datagrams::default();
        (1..=3).for_each(|n| datagrams.request((n, at(n.cast_signed())), None, b"x", 1));
        let order = [4, 5, 6].map(|n| datagrams.answer((n, at(20)), b"x", 1).unwrap());
        assert_eq!(order.map(|answered| (answered.request, answered.sent_again)), [(1, None), (2, None), (3, None)]);
        datagrams.request((7, at(1_000)), None, b"query", 5);
        datagrams.request((8, at(6_000)), None, b"query", 5);
        let answered = datagrams.answer((9, at(6_020)), b"response", 8).unwrap();
        assert_eq!((answered.request, answered.sent_again), (8, Some(7)));
        datagrams.request((10, at(7_000)), None, b"other", 5);
        assert_eq!(datagrams.answer((11, at(7_020)), b"response", 8).unwrap().request, 10);
        assert_eq!((datagrams.unanswered(), datagrams.pending().0), ((1, vec![7]), 1));
    }

    #[test]
    fn an_error_is_about_the_datagram_that_it_quotes() {
        let mut datagrams = Datagrams::default();
        (1..=3).for_each(|n: u16| datagrams.request((n.into(), When::UNKNOWN), Some(n), b"x", 1));
        assert_eq!(datagrams.refuse(Some(2)), Some(2));
        assert_eq!((datagrams.refuse(Some(2)), datagrams.refuse(Some(9))), (None, None));
        assert_eq!(datagrams.unanswered(), (2, vec![1, 3]));
        assert_eq!(
            [datagrams.refuse(None), datagrams.refuse(Some(0)), datagrams.refuse(None)],
            [Some(1), Some(3), None]
        );
        assert_eq!((datagrams.unanswered().0, datagrams.pending().0), (0, 3));
    }

    #[test]
    fn a_copy_of_a_request_has_an_answer_of_its_own() {
        let mut datagrams = Datagrams::default();
        datagrams.request((1, When::UNKNOWN), None, b"one", 3);
        assert_eq!(datagrams.answer((2, When::UNKNOWN), b"one", 3).unwrap().request, 1);
        datagrams.copied(1, 3, When::UNKNOWN);
        let answers = [4, 5].map(|frame| datagrams.answer((frame, When::UNKNOWN), b"one", 3).unwrap());
        assert_eq!(answers.map(|answer| answer.request), [3, 1]);
        assert_eq!(answers[1].echo.unwrap().kind, EchoKind::Whole(EchoForm { copies: 2, ..EchoForm::IDENTICAL }));
    }

    #[test]
    fn long_datagrams_are_compared_whole_as_far_as_they_are_kept() {
        let mut datagrams = Datagrams::default();
        let request = vec![b'x'; 5000];
        datagrams.request((1, When::UNKNOWN), None, &request, 5000);
        let answer = datagrams.answer((2, When::UNKNOWN), &[b"> ", &request[..]].concat(), 5002).unwrap();
        assert_eq!(answer.echo.unwrap().kind, EchoKind::Whole(EchoForm { prefix: 2, ..EchoForm::IDENTICAL }));
        (3..8).for_each(|n| datagrams.request((n, When::UNKNOWN), None, &[b'y'; 60_000], 60_000));
        assert!(datagrams.kept <= KEPT + 3 * KEPT_OF_MORE);
        for n in 8..13 {
            datagrams.answer((n, When::UNKNOWN), &[b'y'; 59_999], 59_999);
        }
        let story = datagrams.found.take_story();
        assert_eq!((story.partial_requests, story.uncompared, story.different.count), (2, 3, 0));
    }

    #[test]
    fn waiting_requests_are_bounded_and_counted() {
        let mut datagrams = Datagrams::default();
        (0..100).for_each(|n| datagrams.request((n, When::UNKNOWN), None, b"x", 1));
        assert_eq!(datagrams.pending().0, 100);
        assert_eq!(datagrams.waiting.len(), WAITING);
    }
}
