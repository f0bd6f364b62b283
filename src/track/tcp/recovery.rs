//! What a sender does after it sent something again: until all that was under way then is acknowledged, each ACK lets it
//! send more of it again, and no timer or duplicate ACK has to (RFC 5681 §3.1, RFC 6582 §3.2).

use super::endpoint::TcpEndpoint;
use super::verdict::RetransmittedSegment;
use crate::model::OptTime;
use crate::model::thresholds::MIN_RTO;
use crate::model::{Nanos, SeqNumber};
use crate::track::retransmission::{Retransmission, RetransmitCause};

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
    /// Whether it explains that bytes come again which were last sent in frame `before`, or sooner: an ACK of some of what
    /// was under way has come, and they were not sent since. After duplicate ACKs, only the first byte that is missing is
    /// sent. Gives that ACK, too.
    pub(super) fn goes_on(
        &self,
        again: &RetransmittedSegment,
        before: u64,
        receiver: &TcpEndpoint,
        round_trip: Option<Nanos>,
    ) -> Option<(RetransmitCause, u64)> {
        let ack = receiver.ack_sent.filter(|ack| ack.is_before(self.until))?;
        let partial = self.acked.is_none_or(|acked| ack.is_after(acked)) && before < self.frame;
        let (frame, at) = receiver.advanced;
        let prompt = again.at.since(at).is_none_or(|since| since < MIN_RTO.plus(round_trip.unwrap_or_default()));
        let (since, timeout) = (self.frame, self.timeout);
        let cause = RetransmitCause::RecoveryContinues { since, timeout };
        (partial && prompt && (timeout || ack == again.seq)).then_some((cause, frame))
    }

    /// Whether all that was under way when it began is acknowledged.
    pub(super) fn is_over(&self, receiver: &TcpEndpoint) -> bool {
        receiver.ack_sent.is_some_and(|ack| !ack.is_before(self.until))
    }

    /// Whether a timer had run out.
    pub(super) fn after_timeout(&self) -> bool {
        self.timeout
    }
}

impl TcpEndpoint {
    /// Notes what begins or prolongs a recovery.
    pub(super) fn recover(&mut self, again: &RetransmittedSegment, repeat: &Retransmission, receiver: &Self) {
        let over = |recovery: &Recovery| recovery.is_over(receiver);
        let timeout = match repeat.cause {
            RetransmitCause::Timeout { .. } => true,
            RetransmitCause::Fast { .. } if self.loss().recovery.as_ref().is_none_or(over) => false,
            _ => return,
        };
        let until = self.snd_nxt.unwrap_or(again.end);
        self.loss_mut().recovery = Some(Recovery { frame: again.frame, timeout, acked: receiver.ack_sent, until });
    }

    /// Its last ACK of anything new, where that came too short a time ago for a timer to run out, since each such ACK
    /// starts the timer anew (RFC 6298 §5.3).
    pub(super) fn restarted_timer(&self, now: OptTime) -> Option<u64> {
        let (ack, at) = self.advanced;
        now.since(at).is_some_and(|since| since < MIN_RTO).then_some(ack)
    }
}
