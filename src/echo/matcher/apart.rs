//! Answers that return each of several requests separately, each with its own prefix or repeated: the server read them
//! one by one.

use super::EchoMatcher;
use crate::echo::relation::{LONGEST_PREFIX, TELLING, count, is_upper};
use crate::echo::{Echo, EchoForm, EchoKind};

/// Limit of the copies that are looked for.
const COPIES: u32 = 8;
/// Limit of the offsets at which the first request is looked for behind a prefix.
const PLACES: usize = 64;

/// The requests that an answer returns separately.
struct Pieces {
    form: EchoForm,
    /// The number of requests.
    requests: usize,
    /// The number of answer bytes that they take.
    bytes: usize,
}

impl EchoMatcher {
    /// Takes the requests that the answer so far returns, each behind the same prefix or repeated the same number of
    /// times; `kept` bytes of it arrived earlier.
    pub(super) fn each_apart(&mut self, frame: u64, kept: usize) -> Option<Echo> {
        let pieces = self.pieces()?;
        let (first, last) = (*self.requests.first()?, *self.requests.get(pieces.requests - 1)?);
        self.requests.drain(..pieces.requests);
        let kind = EchoKind::Whole(pieces.form);
        let echo = Echo {
            begins: kept == 0,
            complete: self.requests.is_empty(),
            apart: true,
            ..Echo::whole(kind, (first.first, last.last), count(last.end - first.start))
        };
        self.unlike = 0;
        self.found.count(&echo, pieces.requests as u64, frame);
        if echo.complete {
            self.next_turn();
            return Some(echo);
        }
        // the rest of the answer stays, to be compared with the rest of the requests
        let mut rest = std::mem::take(&mut self.answer);
        rest.drain(..pieces.bytes);
        self.answered = last.end;
        self.forget_answered();
        self.frames.0 = self.requests.first().map_or(self.frames.0, |request| request.first);
        self.answered = rest.len();
        (self.not_identical, self.not_upper) = (!rest.is_empty(), !rest.is_empty());
        self.answer = rest;
        Some(echo)
    }

    fn pieces(&self) -> Option<Pieces> {
        let first = self.requests.get(..2)?.first()?;
        let most = self.answer.len().checked_sub(first.end - first.start)?.min(LONGEST_PREFIX.into());
        let body = self.request.get(first.start..first.end)?;
        let is_there = |prefix: &usize| {
            let now = self.answer.get(*prefix..*prefix + body.len());
            now.is_some_and(|now| now == body || is_upper(body, now))
        };
        let places: Vec<usize> = (0..=most).filter(is_there).take(PLACES).collect();
        let tries = (2..=COPIES).chain([1]).flat_map(|copies| places.iter().map(move |prefix| (*prefix, copies)));
        tries
            .filter(|(prefix, copies)| prefix + *copies as usize > 1)
            .find_map(|(prefix, copies)| self.pieces_behind(prefix, copies))
    }

    /// The same for a prefix of `prefix` bytes and `copies` copies of each request.
    fn pieces_behind(&self, prefix: usize, copies: u32) -> Option<Pieces> {
        let lead = self.answer.get(..prefix)?;
        let (mut identical, mut upper) = (true, true);
        let (mut rest, mut requests, mut copy) = (self.answer.as_slice(), 0, 0);
        while let Some(request) = self.requests.get(requests) {
            let body = self.request.get(request.start..request.end)?;
            let (lead_now, behind) = rest.split_at(prefix.min(rest.len()));
            let (now, next) = behind.split_at(body.len().min(behind.len()));
            let expected = body.get(..now.len())?;
            identical &= now == expected;
            upper &= is_upper(expected, now);
            // an apparent prefix may be the request's first copy
            if !lead.starts_with(lead_now) || !identical && !upper || lead == body {
                return None;
            }
            if now.len() < body.len() {
                break;
            }
            (rest, copy) = (next, copy + 1);
            if copy == copies {
                (requests, copy) = (requests + 1, 0);
            }
        }
        let begun = self.requests.get(requests);
        // of a request that came in part only, nothing is taken
        let back = usize::try_from(copy).ok()? * begun.map_or(0, |request| prefix + request.end - request.start);
        let left = rest.len() + back;
        let alone = requests == 1 && left == 0 && copies == 1 && self.requests.first()?.end >= TELLING;
        let through = left == 0 || begun.is_some();
        let form = EchoForm { upper: !identical, prefix: count(prefix).try_into().ok()?, copies };
        let bytes = self.answer.len() - left;
        (through && (requests > 1 || alone)).then_some(Pieces { form, requests, bytes })
    }
}
