//! Recovery after a retransmission: until all that was in flight then is acknowledged, each ACK lets the sender
//! retransmit more of it, and no timer or duplicate ACK has to (RFC 5681 §3.1, RFC 6582 §3.2).

use super::endpoint::TcpEndpoint;
use super::loss_state::{Recovery, RetransmissionTimer};
use super::rules::retransmission::family::RecoveryChange;
use super::segment::RetransmittedSegment;
use crate::model::thresholds::{COMPARABLE_RTT, MIN_RTO, PACING};
use crate::model::{Nanos, SeqNumber};
use crate::track::retransmission::Retransmission;

impl Recovery {
    /// Returns the segment that began the recovery and the ACK that continues it, if they explain a retransmission of
    /// bytes last sent in frame `before` or sooner: the ACK covers some of the bytes in flight, and the retransmitted
    /// ones were not sent since. After duplicate ACKs, only the first missing byte is retransmitted. `journey` is the
    /// time the sender takes to react to what is captured here.
    pub(super) fn continues(
        &self,
        again: &RetransmittedSegment,
        before: u64,
        receiver: &TcpEndpoint,
        journey: Option<Nanos>,
        round_trip: Option<Nanos>,
    ) -> Option<(u64, u64)> {
        let ack = receiver.ack_sent.filter(|ack| ack.is_before(self.until))?;
        let partial = self.acked.is_none_or(|acked| ack.is_after(acked)) && before < self.frame;
        // one ACK releases several segments: at their receiver the ACK of the first comes between them
        let least = journey.filter(|journey| *journey >= COMPARABLE_RTT).map_or(0, |journey| journey.0 / 2);
        let too_soon = again.at.since(receiver.advanced.1).is_some_and(|since| since.0 < least);
        let burst = self.released.filter(|(_, at)| again.at.since(*at).is_some_and(|since| since < PACING));
        if let Some((ack, _)) = burst.filter(|_| too_soon && self.timeout && before < self.frame) {
            return Some((self.frame, ack));
        }
        let (frame, at) = receiver.advanced;
        let trip = round_trip.unwrap_or_default();
        let limit = journey.map_or(MIN_RTO.plus(trip), |journey| journey.plus(Nanos(trip.0 / 2)).plus(PACING));
        let prompt = again.at.since(at).is_none_or(|since| since < limit && since.0 >= least);
        (partial && prompt && (self.timeout || ack == again.seq)).then_some((self.frame, frame))
    }

    /// Returns `true` if all bytes that were in flight at its start are acknowledged.
    pub(super) fn is_over(&self, receiver: &TcpEndpoint) -> bool {
        receiver.ack_sent.is_some_and(|ack| !ack.is_before(self.until))
    }

    /// Returns the number of bytes in flight at its start that this ACK leaves unacknowledged; `None` if it is over.
    pub(super) fn missing(&self, acked: SeqNumber) -> Option<u32> {
        acked.is_before(self.until).then(|| self.until.relative_to(acked))
    }

    /// Returns `true` if it began with a timeout.
    pub(super) fn after_timeout(&self) -> bool {
        self.timeout
    }
}

impl TcpEndpoint {
    /// Notes a transmission that begins or prolongs a recovery, or restarts the timer.
    pub(super) fn recover(&mut self, again: &RetransmittedSegment, repeat: &Retransmission, receiver: &Self) {
        let change = repeat.rule.effect.recovery;
        let timeout = match change {
            RecoveryChange::None => return,
            RecoveryChange::Continued => {
                if let Some(recovery) = &mut self.loss_mut().recovery {
                    recovery.released = repeat.proof.deciding_frame.map(|ack| (ack, again.at));
                }
                return;
            }
            RecoveryChange::Timeout | RecoveryChange::TimeoutOrProbe => true,
            RecoveryChange::Fast | RecoveryChange::Probe => false,
        };
        let head = receiver.ack_sent.is_none_or(|acked| !again.seq.is_after(acked));
        let in_row = if timeout { repeat.proof.count.max(1) } else { 0 };
        if change != RecoveryChange::Fast || head {
            self.loss_mut().timer = RetransmissionTimer {
                restarted: Some((again.frame, again.at)),
                probe: change == RecoveryChange::Probe,
                may_be_probe: change == RecoveryChange::TimeoutOrProbe,
                wait: repeat.proof.wait.filter(|_| timeout),
                in_row,
            };
        }
        let over = |recovery: &Recovery| recovery.is_over(receiver);
        let begins = timeout || self.loss().recovery.as_ref().is_none_or(over);
        if begins && change != RecoveryChange::Probe {
            let until = self.snd_nxt.unwrap_or(again.end);
            self.loss_mut().recovery =
                Some(Recovery { frame: again.frame, timeout, acked: receiver.ack_sent, until, released: None });
        }
    }
}
