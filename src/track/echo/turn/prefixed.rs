//! Answers that give each of several requests back behind a prefix of its own: the server read them one by one.

use super::Turns;
use crate::track::echo::relation::{LONGEST_PREFIX, TELLING, count, is_upper};
use crate::track::echo::{Echo, EchoForm, EchoKind};

/// The requests that an answer gives back so.
struct Pieces {
    form: EchoForm,
    /// How many there are.
    requests: usize,
    /// How many bytes of the answer they take.
    bytes: usize,
}

impl Turns {
    /// Takes the requests that the answer so far gives back, each behind the same prefix; `kept` bytes of it were here
    /// before.
    pub(super) fn each_prefixed(&mut self, frame: u64, kept: usize) -> Option<Echo> {
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
        // the rest of the answer stays, to be held against the rest of the requests
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
        (1..=most).find_map(|prefix| self.pieces_behind(prefix))
    }

    /// The same if the prefix has so many bytes.
    fn pieces_behind(&self, prefix: usize) -> Option<Pieces> {
        let lead = self.answer.get(..prefix)?;
        let (mut identical, mut upper) = (true, true);
        let (mut rest, mut requests) = (self.answer.as_slice(), 0);
        for request in &self.requests {
            let body = self.request.get(request.start..request.end)?;
            let (lead_now, behind) = rest.split_at(prefix.min(rest.len()));
            let (now, next) = behind.split_at(body.len().min(behind.len()));
            let expected = body.get(..now.len())?;
            identical &= now == expected;
            upper &= is_upper(expected, now);
            if !lead.starts_with(lead_now) || !identical && !upper {
                return None;
            }
            if now.len() < body.len() {
                break;
            }
            (rest, requests) = (next, requests + 1);
        }
        let alone = requests == 1 && rest.is_empty() && self.requests.first()?.end >= TELLING;
        let through = rest.is_empty() || requests < self.requests.len();
        let form = EchoForm { upper: !identical, prefix: count(prefix).try_into().ok()?, copies: 1 };
        let bytes = self.answer.len() - rest.len();
        (through && (requests > 1 || alone)).then_some(Pieces { form, requests, bytes })
    }
}
