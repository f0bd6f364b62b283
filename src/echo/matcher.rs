//! Request and response matching in a TCP stream: turn by turn, byte by byte.
//!
//! A turn is the unanswered request bytes and the answer bytes received for them. While the answer follows the request
//! byte by byte (identical or in upper case), boundaries of segments and messages do not matter. An answer that
//! continues beyond the request's end must begin it again (repeated). Only if neither is so, whole turns are compared
//! (prefixed, different).

mod apart;
mod captured_late;
mod compare;
mod cut_short;
mod gap;
mod missing;

mod room;

use std::sync::Arc;

use smallvec::SmallVec;

use super::EchoStats;
use super::budget::{BudgetGuard, MemoryBudget};
use super::in_order::{InOrder, Origin};
use super::relation::count;
use crate::echo::GiveUpReason;
use crate::echo::{Echo, EchoForm, EchoKind};
use crate::model::Direction;
use compare::ClaimedRequests;
use missing::MissingBytes;

/// Limit of the buffer capacity that one conversation passes to the next, in bytes.
const HANDED_OVER: usize = 256;
/// Number of consecutive turns without any likeness after which the service is no echo and comparing stops.
const GIVE_UP_AFTER: u32 = 3;

/// Bytes that the client sent in one write, as far as segments show it.
#[derive(Clone, Copy, Debug)]
struct Request {
    first: u64,
    last: u64,
    /// The request's range within the turn's request bytes: start and end.
    start: usize,
    end: usize,
    /// PSH was set: the client's program had no more to send then.
    complete: bool,
    /// Bytes of it, or of its answer, are not in the capture.
    lost: bool,
}

/// The payload of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'a> {
    pub(crate) frame: u64,
    /// The first byte's offset in its stream.
    pub(crate) offset: u32,
    pub(crate) payload: &'a [u8],
    pub(crate) push: bool,
    /// The frame was captured only in part.
    pub(crate) cut: bool,
}

impl Chunk<'_> {
    fn mark(&self) -> Origin {
        Origin { frame: self.frame, push: self.push }
    }

    /// The reason that it cannot be compared, if there is one.
    fn loss(&self, in_order: &InOrder) -> Option<GiveUpReason> {
        if self.cut {
            return Some(GiveUpReason::Cut);
        }
        in_order.is_broken().then_some(GiveUpReason::Missing)
    }
}

/// The turns of one conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct EchoMatcher {
    requests_in_order: InOrder,
    answers_in_order: InOrder,
    /// Request bytes of the current turn. Once all are answered they are kept, for an answer that repeats them.
    request: Vec<u8>,
    requests: SmallVec<[Request; 1]>,
    /// The current turn's first and last request frame.
    frames: (u64, u64),
    /// Answer bytes of the current turn.
    answered: usize,
    answer: Vec<u8>,
    not_identical: bool,
    not_upper: bool,
    /// The answer of this turn has been counted: the next request begins a new turn.
    closed: bool,
    /// The last answer frame of this turn.
    answer_frame: u64,
    unlike: u32,
    given_up: bool,
    /// Bytes of this turn are not in the capture: an answer that does not follow may be an echo all the same.
    blind: bool,
    /// Memory for more request bytes than one conversation keeps by itself.
    borrowed: Option<Arc<BudgetGuard>>,
    /// The parts of the turn's request that are not in the capture, filled with placeholders until their echo arrives.
    missing: MissingBytes,
    pub(crate) found: EchoStats,
}

impl EchoMatcher {
    /// Reads a part of each of its cache lines; the value has no meaning: see `Tracker::expect`.
    #[inline]
    pub(crate) fn read_ahead(&self) -> u64 {
        let found = self.found.totals.requests ^ self.found.totals.pending_bytes;
        found ^ self.frames.0 ^ self.answer_frame ^ u64::from(self.unlike) ^ self.requests.len() as u64
    }

    /// Passes its buffer to the next conversation, unless it is larger than most need.
    pub(crate) fn recycle_into(&mut self, next: &mut Self) {
        if self.request.capacity() <= HANDED_OVER {
            next.request = std::mem::take(&mut self.request);
            next.request.clear();
        }
    }

    /// The SYN of this direction was seen.
    pub(crate) fn begin(&mut self, direction: Direction) {
        self.in_order(direction).begin();
    }

    fn in_order(&mut self, direction: Direction) -> &mut InOrder {
        match direction {
            Direction::ClientToServer => &mut self.requests_in_order,
            Direction::ServerToClient => &mut self.answers_in_order,
        }
    }

    /// The client sent these bytes.
    pub(crate) fn request(&mut self, part: &Chunk<'_>, budget: &MemoryBudget) {
        if self.given_up {
            return;
        }
        let Some(cause) = part.loss(&self.requests_in_order) else {
            let mut in_order = std::mem::take(&mut self.requests_in_order);
            in_order.feed(part.offset, part.payload, (part.mark(), budget), |fresh, mark| {
                self.ask(mark, fresh, Some(budget));
            });
            self.requests_in_order = in_order;
            return;
        };
        self.give_up(cause, part.frame);
    }

    /// The server sent these bytes. Returns the echo that they are, if any.
    pub(crate) fn answer(&mut self, part: &Chunk<'_>, budget: &MemoryBudget) -> Option<Echo> {
        if self.given_up {
            return None;
        }
        if let Some(cause) = part.loss(&self.answers_in_order) {
            self.give_up(cause, part.frame);
            return None;
        }
        let mut in_order = std::mem::take(&mut self.answers_in_order);
        let mut echo = None;
        in_order.feed(part.offset, part.payload, (part.mark(), budget), |fresh, mark| {
            echo = Echo::merge(echo, self.reply(mark.frame, fresh));
        });
        self.answers_in_order = in_order;
        echo
    }

    /// Request bytes that an answer in progress, which follows them byte by byte, has not reached.
    pub(crate) fn unechoed_request(&self) -> u32 {
        let begun = self.answered > 0 && self.follows() && !self.closed && !self.given_up;
        if begun { count(self.request.len().saturating_sub(self.answered)) } else { 0 }
    }

    /// `true` if the answer returned the whole request, which proves that the server's program has read it. Bytes that
    /// are all the same (test programs fill buffers with them) prove nothing.
    pub(crate) fn gave_all_back(&self) -> bool {
        let all = self.answered > 0 && self.answered >= self.request.len() && self.follows() && !self.given_up;
        all && self.request.iter().zip(self.request.iter().skip(1)).any(|(byte, next)| byte != next)
    }

    /// `true` if the answer follows the request so far.
    fn follows(&self) -> bool {
        !(self.not_identical && self.not_upper)
    }

    /// Requests without a complete answer, and the number of bytes that did not come back, those of requests answered
    /// in part included.
    pub(crate) fn pending(&self) -> (u64, u64) {
        if self.closed || self.given_up || self.blind && !self.follows() {
            return (0, 0);
        }
        let requests = self.requests.iter().filter(|request| !request.lost && request.start >= self.answered).count();
        let bytes = self.request.len().saturating_sub(self.answered) - self.missing.after(self.answered);
        (requests as u64, bytes as u64)
    }

    /// The client continues: its bytes belong to a new turn if the last one is over.
    fn before_request(&mut self) {
        if self.closed {
            self.next_turn();
        } else if self.answered > 0 && !self.follows() {
            self.unlike_turn();
        }
    }

    fn ask(&mut self, Origin { frame, push }: Origin, fresh: &[u8], budget: Option<&MemoryBudget>) {
        self.before_request();
        if self.given_up {
            return;
        }
        if !self.make_room(fresh.len(), budget) {
            return self.give_up(GiveUpReason::Unanswered, frame);
        }
        let first = if self.frames.0 == 0 { frame } else { self.frames.0.min(frame) };
        self.frames = (first, self.frames.1.max(frame));
        let start = self.request.len();
        self.request.extend_from_slice(fresh);
        let end = self.request.len();
        match self.requests.last_mut().filter(|request| !request.complete) {
            Some(request) => {
                (request.first, request.last) = (request.first.min(frame), request.last.max(frame));
                (request.end, request.complete) = (end, push);
            }
            None => {
                self.found.totals.requests += 1;
                self.requests.push(Request { first: frame, last: frame, start, end, complete: push, lost: false });
            }
        }
    }

    fn reply(&mut self, frame: u64, fresh: &[u8]) -> Option<Echo> {
        if self.request.is_empty() {
            return None;
        }
        if self.closed && !self.follows() {
            return self.over_again(frame, fresh);
        }
        let was_clean = self.answered.is_multiple_of(self.request.len());
        let from = self.answered;
        let alike = (!self.not_identical, !self.not_upper);
        let unknown = self.follow(fresh);
        if !self.follows() {
            if alike != (false, false) && self.begins_later(fresh) {
                return self.reply(frame, fresh);
            }
            return self.compare_whole(frame, alike, fresh, was_clean && from > 0);
        }
        self.answered += fresh.len();
        self.answer_frame = frame;
        let over = self.answered > self.request.len();
        let copies = count(self.answered.div_ceil(self.request.len()));
        let kind = EchoKind::Whole(EchoForm { upper: self.not_identical, prefix: 0, copies });
        let complete = self.answered.is_multiple_of(self.request.len());
        let ClaimedRequests { frames, requests, begin, reaches, from_start, to_end } = self.take_answered(from);
        let request = if over { self.frames } else { frames };
        let begins = !over && begin >= from;
        let bytes = count(fresh.len());
        let echo = Echo { kind, request, bytes, begins, complete, reaches, from_start, to_end, apart: false };
        if requests > 0 {
            self.unlike = 0;
            self.found.count(&echo, requests, frame);
        } else if over && !self.blind {
            self.found.see(&echo, 0, frame);
        } else if !over {
            self.found.goes_on(frame);
        }
        self.closed |= over || complete;
        // an answer to bytes that are not in the capture may be anything
        let known = !unknown && self.frames.0 > 0;
        if complete && self.borrowed.is_some() {
            // repetitions of that length are not followed
            self.next_turn();
        }
        known.then_some(echo)
    }

    fn next_turn(&mut self) {
        self.give_back();
        self.request.clear();
        self.requests.clear();
        self.answer.clear();
        self.answered = 0;
        self.frames = (0, 0);
        (self.not_identical, self.not_upper, self.closed) = (false, false, false);
        self.blind = false;
        self.missing.clear();
        self.found.forget_pieces();
    }

    fn give_up(&mut self, cause: GiveUpReason, frame: u64) {
        let found = std::mem::take(&mut self.found);
        *self = Self { given_up: true, found, ..Self::default() };
        self.found.log_mut().gave_up.get_or_insert((cause, frame));
    }
}

#[cfg(test)]
mod tests;
