//! Bytes that the capture holds behind the ACK that covers them: the comparison has continued without them.

use super::{Chunk, EchoMatcher};
use crate::echo::relation::{count, is_upper};
use crate::echo::{Echo, EchoForm, EchoKind};
use crate::model::Direction;

impl EchoMatcher {
    /// `true` if the comparison has continued beyond this byte.
    pub(crate) fn is_past(&mut self, direction: Direction, offset: u32) -> bool {
        self.in_order(direction).ahead_of(offset).is_some()
    }

    /// `true` if bytes were taken for missing and may still be captured.
    #[inline]
    pub(crate) fn lacks_any(&self) -> bool {
        self.missing.any()
    }

    /// Takes bytes that the comparison has passed: taken for missing and captured `late`, or retransmitted. Those that
    /// were missing are compared with their echo, or with the request that they should echo.
    pub(crate) fn captured_late(&mut self, direction: Direction, part: &Chunk<'_>, late: bool) {
        let bytes = part.payload.len();
        let Some(lost) = self.found.lost().filter(|_| bytes > 0 && !self.given_up) else { return };
        let compared = match direction {
            Direction::ClientToServer => self.ask_late(part, late).map_or(0, |()| bytes),
            Direction::ServerToClient => self.reply_late(part),
        };
        let log = self.found.log_mut();
        let there = (if late { bytes } else { compared } as u64).min(lost);
        log.lost -= there;
        log.late += there.saturating_sub(compared as u64);
    }

    /// Compares late answer bytes with the requests that they answer; returns the number of bytes compared.
    fn reply_late(&mut self, part: &Chunk<'_>) -> usize {
        let Some(gaps) = self.missing.gaps() else { return 0 };
        let (compared, complete) = gaps.fill(part);
        for (echo, requests, seen) in complete {
            self.found.count_late(&echo, requests, part.frame, seen);
        }
        self.missing.tidy();
        compared
    }

    /// Writes late request bytes to their place in the turn; `None` if the turn no longer holds it.
    fn ask_late(&mut self, part: &Chunk<'_>, late: bool) -> Option<()> {
        let back = self.requests_in_order.ahead_of(part.offset)? as usize;
        let start = self.request.len().checked_sub(back)?;
        let end = start + part.payload.len();
        let stand_in = self.request.get_mut(start..end)?;
        if self.missing.take(start, end) {
            stand_in.copy_from_slice(part.payload);
            let request = self.requests.iter_mut().find(|request| request.lost && request.start == start)?;
            if request.end == end {
                (request.first, request.last, request.lost) = (part.frame, part.frame, false);
                self.found.totals.requests += 1;
                self.blind = self.requests.iter().any(|request| request.lost);
            }
            return Some(());
        }
        if !late {
            // known already
            return None;
        }
        // the place holds the bytes that came back
        let form = if stand_in == part.payload { EchoForm::IDENTICAL } else { EchoForm::UPPER };
        let follows = form == EchoForm::IDENTICAL || is_upper(part.payload, stand_in);
        if !follows || end > self.answered {
            return None;
        }
        let request = (part.frame, part.frame);
        let bytes = count(part.payload.len());
        let echo = Echo { begins: false, ..Echo::whole(EchoKind::Whole(form), request, bytes) };
        self.found.totals.requests += 1;
        self.found.count(&echo, 1, self.answer_frame);
        Some(())
    }
}
