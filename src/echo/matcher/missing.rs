//! Missing bytes, which their receiver has and the capture lacks: the comparison continues behind them without a
//! verdict on them.

use super::gap::Gaps;
use super::room::OWN;
use super::{EchoMatcher, Request};
use crate::echo::Echo;
use crate::echo::GiveUpReason;
use crate::model::{Direction, SeqNumber};

/// The requests and answers that are not in the capture; without any, nothing is allocated.
#[derive(Clone, Debug, Default)]
pub(super) struct MissingBytes(Option<Box<MissingRanges>>);

#[derive(Clone, Debug, Default)]
struct MissingRanges {
    /// Ranges of the turn's request without captured bytes, ascending; they hold placeholders until their echo arrives.
    ranges: Vec<(usize, usize)>,
    gaps: Gaps,
}

impl MissingBytes {
    /// The turn is over.
    pub(super) fn clear(&mut self) {
        if let Some(lacking) = &mut self.0 {
            lacking.ranges.clear();
        }
        self.tidy();
    }

    /// Frees the memory once nothing is missing.
    pub(super) fn tidy(&mut self) {
        self.0 = self.0.take().filter(|lacking| !(lacking.gaps.is_empty() && lacking.ranges.is_empty()));
    }

    /// `true` if any ranges of the turn's request are missing.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.0.is_some()
    }

    /// The answers that are not in the capture.
    pub(super) fn gaps(&mut self) -> Option<&mut Gaps> {
        self.0.as_mut().map(|lacking| &mut lacking.gaps)
    }

    fn add(&mut self, from: usize, end: usize) {
        self.0.get_or_insert_default().ranges.push((from, end));
    }

    /// Takes the echo `now` of missing request bytes from `at` on for the bytes themselves. Returns `true` if any were
    /// missing.
    #[inline]
    pub(super) fn fill(&mut self, at: usize, now: &[u8], request: &mut [u8]) -> bool {
        self.0.as_mut().is_some_and(|lacking| lacking.fill(at, now, request))
    }

    /// Takes the range from `from` up to `end` off the missing ones; `false` if not all of it was missing.
    pub(super) fn take(&mut self, from: usize, end: usize) -> bool {
        let Some(ranges) = self.0.as_mut().map(|lacking| &mut lacking.ranges) else { return false };
        let Some(at) = ranges.iter().position(|(start, stop)| *start <= from && end <= *stop) else { return false };
        let (start, stop) = ranges.remove(at);
        let rest = [(start, from), (end, stop)].into_iter().filter(|(from, end)| from < end);
        rest.rev().for_each(|rest| ranges.insert(at, rest));
        true
    }

    /// Shifts the ranges: the first `gone` bytes of the request have been removed.
    pub(super) fn shift(&mut self, gone: usize) {
        let Some(ranges) = self.0.as_mut().map(|lacking| &mut lacking.ranges) else { return };
        for (from, end) in ranges.iter_mut() {
            (*from, *end) = (from.saturating_sub(gone), end.saturating_sub(gone));
        }
        ranges.retain(|(from, end)| from < end);
    }

    /// The number of missing bytes from `at` on.
    pub(super) fn after(&self, at: usize) -> usize {
        let ranges = self.0.iter().flat_map(|lacking| &lacking.ranges);
        ranges.map(|(from, end)| end.saturating_sub(*from.max(&at))).sum()
    }
}

impl MissingRanges {
    fn fill(&mut self, at: usize, now: &[u8], request: &mut [u8]) -> bool {
        let to = at + now.len();
        let mut filled = false;
        for (from, end) in &mut self.ranges {
            let (start, stop) = ((*from).max(at), (*end).min(to));
            let Some(source) = now.get(start.saturating_sub(at)..stop.saturating_sub(at)) else { continue };
            let Some(target) = request.get_mut(start..stop) else { continue };
            target.copy_from_slice(source);
            filled |= !source.is_empty();
            *from = if *from >= at { stop.max(*from) } else { *from };
        }
        self.ranges.retain(|(from, end)| from < end);
        filled
    }
}

impl EchoMatcher {
    /// `true` if bytes below `acked`, which their receiver has, have not been captured so far.
    #[inline]
    pub(crate) fn lacks(&self, direction: Direction, acked: u32) -> bool {
        let in_order = match direction {
            Direction::ClientToServer => &self.requests_in_order,
            Direction::ServerToClient => &self.answers_in_order,
        };
        !self.given_up && in_order.lacks(acked)
    }

    /// Continues behind the missing bytes below `acked`. Returns the echo in the bytes that were held behind them.
    pub(crate) fn skip(&mut self, frame: u64, direction: Direction, acked: u32) -> Option<Echo> {
        let mut in_order = std::mem::take(self.in_order(direction));
        let mut echo = None;
        in_order.skip(acked, |piece| match (direction, piece) {
            (Direction::ClientToServer, Ok((fresh, mark))) => self.ask(mark, fresh, None),
            (Direction::ServerToClient, Ok((fresh, mark))) => echo = Echo::merge(echo, self.reply(mark.frame, fresh)),
            (Direction::ClientToServer, Err((_, bytes))) => self.ask_lost(frame, bytes),
            (Direction::ServerToClient, Err((at, bytes))) => self.reply_lost(frame, at, bytes),
        });
        *self.in_order(direction) = in_order;
        echo
    }

    /// The client sent `bytes` that are not in the capture.
    fn ask_lost(&mut self, frame: u64, bytes: u32) {
        self.found.log_mut().lost += u64::from(bytes);
        let bytes = bytes as usize;
        self.before_request();
        if bytes > OWN || !self.make_room(bytes, None) {
            return self.give_up(GiveUpReason::Missing, frame);
        }
        let start = self.request.len();
        let end = start + bytes;
        self.request.resize(end, 0);
        self.missing.add(start, end);
        self.blind = true;
        if let Some(request) = self.requests.last_mut() {
            request.complete = true;
        }
        self.requests.push(Request { first: frame, last: frame, start, end, complete: true, lost: true });
    }

    /// The server sent `bytes` from `at` on that are not in the capture.
    fn reply_lost(&mut self, frame: u64, at: SeqNumber, bytes: u32) {
        self.found.log_mut().lost += u64::from(bytes);
        if self.request.is_empty() {
            return;
        }
        self.blind = true;
        let (from, to) = (self.answered, self.answered.saturating_add(bytes as usize));
        if self.closed || !self.follows() || to > self.request.len() {
            // it is unknown where the answer continues
            return self.next_turn();
        }
        for request in self.requests.iter_mut().filter(|request| request.start < to && from < request.end) {
            let known = !request.lost && from <= request.start && request.end <= to;
            if let Some(expected) = self.request.get(request.start..request.end).filter(|_| known) {
                let into = u32::try_from(request.start - from).unwrap_or(u32::MAX);
                self.missing.0.get_or_insert_default().gaps.add(at.plus(into), request, expected);
            }
            request.lost = true;
        }
        self.answered = to;
        self.answer_frame = frame;
        self.take_answered(from);
        self.closed = to == self.request.len();
    }
}
