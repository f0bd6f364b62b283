//! An answer held against its turn's request: byte by byte as it comes, and as a whole where that fails.

use super::room::OWN;
use super::{EchoMatcher, GIVE_UP_AFTER, Request};
use crate::echo::GaveUp;
use crate::echo::relation::{LONGEST_PREFIX, count, form_so_far, is_upper};
use crate::echo::{Echo, EchoForm, EchoKind};

/// The requests that an answer answers.
pub(super) struct Taken {
    /// The frames of those that are answered in full now, or else of the one that is begun.
    pub(super) frames: (u64, u64),
    /// How many are.
    pub(super) requests: u64,
    /// Where the last of them begins.
    pub(super) begin: usize,
    /// The last frame of which bytes come back.
    pub(super) reaches: u64,
    /// The answer begins where a request does.
    pub(super) from_start: bool,
    /// It ends where one does.
    pub(super) to_end: bool,
}

impl EchoMatcher {
    /// Keeps the answer once it does not follow the request any more: what went before did, so it is made again.
    /// Returns how much of it was kept before.
    fn keep_answer(&mut self, alike: (bool, bool), fresh: &[u8]) -> usize {
        match alike {
            (true, _) => self.answer.extend(self.request.iter().cycle().take(self.answered)),
            (false, true) => {
                self.answer.extend(self.request.iter().map(u8::to_ascii_uppercase).cycle().take(self.answered));
            }
            (false, false) => {}
        }
        let kept = self.answer.len();
        if kept < self.request.len() + usize::from(LONGEST_PREFIX) {
            self.answer.extend_from_slice(fresh);
        }
        kept
    }

    /// Holds the next answer bytes against the request's, from its beginning again when it is through. Whether some of
    /// the request's are not in the capture.
    pub(super) fn follow(&mut self, fresh: &[u8]) -> bool {
        let length = self.request.len();
        let mut at = self.answered % length.max(1);
        let mut rest = fresh;
        let mut unknown = false;
        while !(rest.is_empty() || self.not_identical && self.not_upper) {
            let take = rest.len().min(length - at);
            let Some(now) = rest.get(..take) else { break };
            unknown |= self.missing.fill(at, now, &mut self.request);
            let Some(expected) = self.request.get(at..at + take) else { break };
            self.not_identical |= now != expected;
            self.not_upper |= !is_upper(expected, now);
            rest = rest.get(take..).unwrap_or_default();
            at = 0;
        }
        unknown
    }

    /// The answer does not follow the request byte by byte: a prefix, or something else.
    pub(super) fn compare_whole(
        &mut self,
        frame: u64,
        alike: (bool, bool),
        fresh: &[u8],
        was_clean: bool,
    ) -> Option<Echo> {
        if self.request.len() > OWN {
            self.give_up(GaveUp::Unanswered, frame);
            return None;
        }
        let kept = self.keep_answer(alike, fresh);
        self.answered += fresh.len();
        self.answer_frame = frame;
        if was_clean && self.closed {
            // the echo was complete; what follows it is something of the server's own
            self.next_turn();
            return None;
        }
        if self.blind || self.answer.len() != self.answered {
            return None;
        }
        let Some(form) = form_so_far(&self.request, &self.answer, kept) else {
            if let Some(echo) = self.each_apart(frame, kept) {
                return Some(echo);
            }
            self.found.goes_on(frame);
            return None;
        };
        let unit = usize::from(form.prefix) + self.request.len();
        self.answer.truncate(unit);
        let complete = self.answered.is_multiple_of(unit);
        let bytes = count(self.request.len());
        let echo = Echo { begins: kept == 0, complete, ..Echo::whole(EchoKind::Whole(form), self.frames, bytes) };
        self.unlike = 0;
        self.found.count(&echo, self.requests.len() as u64, frame);
        self.requests.clear();
        self.closed = true;
        Some(echo)
    }

    /// The request is answered in another form than its own, which is kept as the answer: it may come over again.
    pub(super) fn over_again(&mut self, frame: u64, fresh: &[u8]) -> Option<Echo> {
        let unit = self.answer.len();
        let prefix = unit.checked_sub(self.request.len()).filter(|_| unit > 0)?;
        let expected = self.answer.iter().cycle().skip(self.answered % unit);
        if !fresh.iter().zip(expected).all(|(fresh, expected)| fresh == expected) {
            self.next_turn();
            return None;
        }
        self.answered += fresh.len();
        self.answer_frame = frame;
        let upper = self.answer.get(prefix..) != Some(&self.request);
        let copies = count(self.answered.div_ceil(unit));
        let form = EchoForm { upper, prefix: u16::try_from(prefix).unwrap_or(u16::MAX), copies };
        let complete = self.answered.is_multiple_of(unit);
        let bytes = count(self.request.len());
        let echo = Echo { begins: false, complete, ..Echo::whole(EchoKind::Whole(form), self.frames, bytes) };
        self.found.see(&echo, 0, frame);
        Some(echo)
    }

    /// Takes the requests that are answered now, some of them from `from` on, off the list.
    pub(super) fn take_answered(&mut self, from: usize) -> Taken {
        let answered = self.answered;
        let seen = |request: &&Request| !request.lost;
        let first = self.requests.iter().find(seen);
        let mut frames = first.map_or(self.frames, |request| (request.first, request.last));
        let mut begin = first.map_or(0, |request| request.start);
        let from_start = self.requests.first().is_none_or(|request| request.start >= from);
        let through = self.requests.iter().take_while(|request| request.end <= answered).count();
        let mut requests = 0;
        for request in self.requests.drain(..through).filter(|request| !request.lost) {
            (frames.1, begin) = (request.last, request.start);
            requests += 1;
        }
        let begun = self.requests.first().filter(|request| request.start < answered);
        Taken {
            frames,
            requests,
            begin,
            reaches: begun.map_or(frames.1, |request| request.last),
            from_start,
            to_end: begun.is_none(),
        }
    }

    /// A turn's answer is not an echo.
    pub(super) fn unlike_turn(&mut self) {
        if self.blind {
            return self.next_turn();
        }
        let echo = Echo { begins: false, ..Echo::whole(EchoKind::Different, self.frames, 0) };
        self.found.count(&echo, self.requests.len() as u64, self.answer_frame);
        self.unlike += 1;
        self.next_turn();
        if self.unlike >= GIVE_UP_AFTER {
            self.give_up(GaveUp::Unlike, self.answer_frame);
        }
    }
}
