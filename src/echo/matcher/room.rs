//! Memory for the request bytes that wait for their echo.

use super::{EchoMatcher, Request};
use crate::echo::budget::MemoryBudget;

/// Limit of the request bytes that a conversation keeps in its own memory.
pub(super) const OWN: usize = 64 * 1024;
/// Limit with borrowed memory before any of them has come back: a window of that size may be in flight.
const UNPROVED: usize = 16 * 1024 * 1024;
/// The same once the answer follows the request.
const PROVED: usize = 32 * 1024 * 1024;
/// Limit of the requests that wait for their answers.
const REQUESTS: usize = 64 * 1024;

impl EchoMatcher {
    /// Frees or borrows memory for `bytes` more of this turn's request; `false` if there is none.
    pub(super) fn make_room(&mut self, bytes: usize, budget: Option<&MemoryBudget>) -> bool {
        if self.requests.len() >= REQUESTS {
            return false;
        }
        if self.request.len() + bytes <= OWN {
            return true;
        }
        // moves no more bytes than it removes
        if self.answered >= self.request.len() / 2 {
            self.forget_answered();
        }
        self.fits(bytes) || self.borrow(bytes, budget) || {
            self.forget_answered();
            self.fits(bytes)
        }
    }

    fn fits(&self, bytes: usize) -> bool {
        self.request.len() + bytes <= self.borrowed.as_ref().map_or(OWN, |loan| loan.bytes)
    }

    fn borrow(&mut self, bytes: usize, budget: Option<&MemoryBudget>) -> bool {
        let proved = self.answered > 0 && self.follows() || self.found.has_any();
        let most = if proved { PROVED } else { UNPROVED };
        let needed = (self.request.len() + bytes).next_power_of_two();
        let Some(loan) = budget.filter(|_| needed <= most).and_then(|budget| budget.borrow(needed)) else {
            return false;
        };
        self.request.reserve_exact(needed - self.request.len());
        self.borrowed = Some(loan);
        true
    }

    /// Returns borrowed memory: its bytes are answered, or given up.
    pub(super) fn give_back(&mut self) {
        if self.borrowed.take().is_some() {
            self.request = Vec::new();
        }
    }

    /// The connection has ended: counts the unanswered requests now, so that it borrows nothing any more.
    pub(crate) fn settle(&mut self) {
        self.requests_in_order.settle();
        self.answers_in_order.settle();
        if let Some(gaps) = self.missing.gaps() {
            gaps.settle();
        }
        if self.borrowed.is_none() {
            return;
        }
        self.finish();
        let (requests, bytes) = self.pending();
        self.found.totals.unanswered += requests;
        self.found.totals.pending_bytes += bytes;
        let found = std::mem::take(&mut self.found);
        *self = Self { given_up: true, found, ..Self::default() };
    }

    /// Frees memory by giving up answered bytes; a repetition of them is not recognized any more.
    pub(super) fn forget_answered(&mut self) {
        let gone = self.answered.min(self.request.len());
        self.request.drain(..gone);
        self.answer.clear();
        self.answered -= gone;
        self.missing.shift(gone);
        for Request { start, end, .. } in &mut self.requests {
            (*start, *end) = (start.saturating_sub(gone), end.saturating_sub(gone));
        }
    }
}
