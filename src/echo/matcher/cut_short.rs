//! Incomplete answers, which stop before their request's end.

use super::EchoMatcher;
use crate::echo::relation::is_upper;

impl EchoMatcher {
    /// The conversation ends: an answer in progress stays partial.
    pub(crate) fn finish(&mut self) {
        if self.answered == 0 || self.closed || self.given_up || !self.follows() {
            return;
        }
        let answered = self.answered;
        let begun = self.requests.first().filter(|request| request.start < answered && !request.lost);
        if let Some(request) = begun {
            let (back, of) = (answered - request.start, request.end - request.start);
            self.found.came_in_part(back, of, self.answer_frame);
        }
    }

    /// Looks for a later request that `fresh` follows, once the answer has stopped following its request: the request
    /// before was then answered in part. Continues with the later one; `false` if there is none.
    pub(super) fn begins_later(&mut self, fresh: &[u8]) -> bool {
        if self.blind || self.closed || self.answered == 0 {
            return false;
        }
        let answered = self.answered;
        let Some([begun, later, ..]) = self.requests.get(..2) else { return false };
        let (start, back, of) = (later.start, answered.saturating_sub(begun.start), begun.end - begun.start);
        let expected = self.request.get(start..).unwrap_or_default();
        let both = expected.len().min(fresh.len());
        let alike = |(expected, fresh): (&[u8], &[u8])| expected == fresh || is_upper(expected, fresh);
        if back == 0 || back >= of || !expected.get(..both).zip(fresh.get(..both)).is_some_and(alike) {
            return false;
        }
        self.found.totals.pending_bytes += (of - back) as u64;
        self.found.came_in_part(back, of, self.answer_frame);
        self.requests.remove(0);
        self.answered = start;
        self.forget_answered();
        (self.not_identical, self.not_upper) = (false, false);
        true
    }
}
