//! Requests that do not wait for the answers before them (pipelining). Where nothing tells which bytes answer which, only
//! the first answer has a response time.

use crate::model::Occurrences;
use crate::model::{Direction, TcpFlags};
use crate::track::{Event, TcpFacts};

/// Requests and their answers. A segment with PSH ends one, as far as the capture shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipeline {
    /// Requests since the last answer whose response time is known, and those before it that it did not answer.
    asked: u32,
    left: u32,
    /// Inside of an answer.
    answering: bool,
    /// Segments that may begin the answers to those requests.
    pub(super) unmatched: Occurrences,
}

impl Pipeline {
    /// Takes the next segment.
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        if facts.len == 0 || facts.retransmission.is_some() || facts.probe.is_some() {
            return;
        }
        let ends = facts.flags.contains(TcpFlags::PSH);
        if event.direction == Direction::ClientToServer {
            self.asked = self.asked.saturating_add(u32::from(ends));
            return;
        }
        if facts.response_time.is_some() {
            self.left = std::mem::take(&mut self.asked).saturating_sub(1);
        } else if !self.answering && self.left > 0 && facts.echo.is_none() {
            self.left -= 1;
            self.unmatched.see(event.frame);
        }
        self.answering = !ends;
    }
}
