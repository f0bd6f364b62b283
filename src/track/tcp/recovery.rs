//! What a sender does after it sent something again: until all that was under way then is acknowledged, each ACK lets it
//! send more of it again, and no timer or duplicate ACK has to (RFC 5681 §3.1, RFC 6582 §3.2).

use super::sent::Sent;
use super::side::Side;
use super::verdict::Again;
use crate::model::SeqNumber;
use crate::track::repeat::{Repeat, RepeatVerdict};

/// A recovery under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovery {
    /// The segment that was sent again first, since a timer ran out or upon duplicate ACKs.
    frame: u64,
    timeout: bool,
    /// What was acknowledged then, and what must be acknowledged to end it.
    acked: Option<SeqNumber>,
    until: SeqNumber,
}

impl Recovery {
    /// Whether it explains that bytes come again which were last sent as `before`: an ACK of some of what was under way
    /// has come, and they were not sent since. After duplicate ACKs, only the first byte that is missing is sent.
    pub(super) fn goes_on(&self, again: &Again, before: &Sent, receiver: &Side) -> Option<RepeatVerdict> {
        let ack = receiver.acked.filter(|ack| ack.is_before(self.until))?;
        let partial = self.acked.is_none_or(|acked| ack.is_after(acked)) && before.last.0 < self.frame;
        let (since, timeout) = (self.frame, self.timeout);
        (partial && (timeout || ack == again.seq)).then_some(RepeatVerdict::Continued { since, timeout })
    }
}

impl Side {
    /// Notes what begins or prolongs a recovery.
    pub(super) fn recover(&mut self, again: &Again, repeat: &Repeat, receiver: &Self) {
        let over = |recovery: &Recovery| receiver.acked.is_some_and(|ack| !ack.is_before(recovery.until));
        let timeout = match repeat.verdict {
            RepeatVerdict::Timeout { .. } => true,
            RepeatVerdict::Fast { .. } if self.recovery.as_ref().is_none_or(over) => false,
            _ => return,
        };
        let until = self.next.unwrap_or(again.end);
        self.recovery = Some(Recovery { frame: again.frame, timeout, acked: receiver.acked, until });
    }

    /// The verdict where its ACKs have told of a hole.
    pub(super) fn asks(&self) -> RepeatVerdict {
        RepeatVerdict::Fast { acks: self.hole_acks, last: self.acked_frame }
    }
}
