//! Comparison of an answer with its turn's request: byte by byte as it arrives, otherwise as a whole.

use super::room::OWN;
use super::{EchoMatcher, GIVE_UP_AFTER, Request};
use crate::echo::GiveUpReason;
use crate::echo::relation::{LONGEST_PREFIX, count, form_so_far, is_upper};
use crate::echo::{Echo, EchoForm, EchoKind};

/// The requests that an answer belongs to.
pub(super) struct ClaimedRequests {
    /// The first and last frame of the requests now answered in full; if there are none, of the one being answered.
    pub(super) frames: (u64, u64),
    /// The number of requests answered in full.
    pub(super) requests: u64,
    /// The offset of the last of them in the turn's request bytes.
    pub(super) begin: usize,
    /// The last request frame with bytes in the answer.
    pub(super) reaches: u64,
    /// The answer begins where a request does.
    pub(super) from_start: bool,
    /// The answer ends where a request does.
    pub(super) to_end: bool,
}

impl EchoMatcher {
    /// Keeps the answer once it no longer follows the request; the part before did, so it is restored from the request.
    /// Returns the number of bytes kept before `fresh`.
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

    /// Compares the next answer bytes with the request's, starting over at the request's end. Returns `true` if some of
    /// these request bytes are not in the capture.
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

    /// Compares whole turns, once the answer does not follow the request byte by byte: a prefix, or other bytes.
    pub(super) fn compare_whole(
        &mut self,
        frame: u64,
        alike: (bool, bool),
        fresh: &[u8],
        was_clean: bool,
    ) -> Option<Echo> {
        if self.request.len() > OWN {
            self.give_up(GiveUpReason::Unanswered, frame);
            return None;
        }
        let kept = self.keep_answer(alike, fresh);
        self.answered += fresh.len();
        self.answer_frame = frame;
        if was_clean && self.closed {
            // the echo was complete; what follows is the server's own data
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

    /// Takes a repetition of an answer that has a form of its own; the answer is kept for that.
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

    /// Removes the requests that are now answered from the list; `from` is the number of request bytes answered before.
    pub(super) fn take_answered(&mut self, from: usize) -> ClaimedRequests {
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
        ClaimedRequests {
            frames,
            requests,
            begin,
            reaches: begun.map_or(frames.1, |request| request.last),
            from_start,
            to_end: begun.is_none(),
        }
    }

    /// Counts a turn whose answer is not an echo.
    pub(super) fn unlike_turn(&mut self) {
        if self.blind {
            return self.next_turn();
        }
        let echo = Echo { begins: false, ..Echo::whole(EchoKind::Different, self.frames, 0) };
        self.found.count(&echo, self.requests.len() as u64, self.answer_frame);
        self.unlike += 1;
        self.next_turn();
        if self.unlike >= GIVE_UP_AFTER {
            self.give_up(GiveUpReason::Unlike, self.answer_frame);
        }
    }
}
