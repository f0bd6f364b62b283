//! Bytes that come behind others which were sent after them: those that were skipped, or acknowledged before they were
//! captured. Whether they were late or sent again is told by marks, ACKs and time.

use crate::model::thresholds::{MIN_RTO, NO_TIMER_WITHIN};
use std::num::NonZeroU64;

use super::endpoint::TcpEndpoint;
use super::gaps::AckedUnseen;
use super::recovery::Recovery;
use super::scoreboard::CLOSELY;
use super::verdict::{RetransmittedSegment, asked_long_ago};
use crate::model::Nanos;
use crate::model::OptTime;
use crate::track::retransmission::{FirstCopy, PacketIds, Retransmission, RetransmitCause, RtoBackoff};

/// Bytes that were skipped when later ones were captured; `shown_by` is the frame that showed the hole. Where the segment
/// carries others that were captured before, only `part` bytes of it were skipped: nobody puts the same byte into two
/// segments with other borders but who sends it again, and that is this one, unless a mark says that it is older.
pub(super) fn fills_gap(
    again: &RetransmittedSegment,
    shown_by: u64,
    part: Option<u32>,
    sender: &TcpEndpoint,
    receiver: &TcpEndpoint,
    handshake: Option<Nanos>,
) -> Retransmission {
    let carried = part.and_then(|_| sender.sent.overlapping(again));
    let marks = carried.map_or_else(|| sender.sent.marks_from(again.end), |sent| (sent.ip_id, sent.timestamp));
    let compared = compare(again, marks);
    let first = Retransmission {
        through: carried.and_then(|sent| NonZeroU64::new(sent.frame)),
        first_copy: part.map_or(FirstCopy::NotCaptured, FirstCopy::Partly),
        marks: compared.map(|(_, marks)| marks).unwrap_or_default(),
        ..Retransmission::unproved(RetransmitCause::Unknown)
    };
    let repeat = |cause, witness| Retransmission { cause, witness: Some(witness), ..first };
    if compared.is_some_and(|(distance, _)| distance < 0) {
        return repeat(RetransmitCause::Reordered, shown_by);
    }
    let goes_on = |recovery: Recovery| recovery.goes_on(again, shown_by, receiver, handshake);
    if let Some((cause, ack)) = sender.loss().recovery.filter(Recovery::after_timeout).and_then(goes_on) {
        return repeat(cause, ack);
    }
    let is_repeat = compared.is_some() || part.is_some();
    let told = receiver.loss_evidence(again, 0);
    let shown_at = sender.sent.iter().find(|sent| sent.frame == shown_by).map_or(OptTime::UNKNOWN, |sent| sent.at);
    let since = again.at.since(shown_at);
    if let Some(told) = told.filter(|_| is_repeat) {
        let timeout = asked_long_ago(again, receiver, handshake);
        let late = RetransmitCause::Timeout { nth: 1, wait: RtoBackoff::FirstThoughAsked };
        if timeout || told.is_enough() {
            return repeat(if timeout { late } else { told.asks() }, told.first);
        }
    }
    if let Some((cause, ack)) = sender.loss().recovery.filter(|_| is_repeat).and_then(goes_on) {
        return repeat(cause, ack);
    }
    match (is_repeat, since) {
        (true, Some(since)) if since >= MIN_RTO => match receiver.restarted_timer(again.at) {
            Some(ack) => repeat(RetransmitCause::TimerRestarted, ack),
            None => repeat(RetransmitCause::Timeout { nth: 1, wait: RtoBackoff::First }, shown_by),
        },
        (true, _) => repeat(RetransmitCause::Unknown, shown_by),
        // a retransmission takes a round trip at least, so what comes sooner was only late
        (false, Some(since)) if handshake.is_some_and(|rtt| rtt.0 > 1_000_000 && since.0 < rtt.0 / 2) => {
            repeat(RetransmitCause::Reordered, shown_by)
        }
        _ => repeat(RetransmitCause::OrderUnknown, shown_by),
    }
}

/// Bytes that were acknowledged before they were captured, where the capture took the two in another order than they
/// passed: their time stamp is no newer than the one that the ACK echoes (RFC 7323 §4.3), they were sent before bytes that
/// came earlier, or, where no mark tells, they came too soon to be sent again.
pub(super) fn captured_late(
    again: &RetransmittedSegment,
    ack: &AckedUnseen,
    sender: &TcpEndpoint,
) -> Option<Retransmission> {
    let echoed = again.timestamp.zip(ack.echo).map(|(own, echo)| own.wrapping_sub(echo).cast_signed());
    let compared = compare(again, sender.sent.marks_from(again.end));
    let after = again.at.since(ack.at);
    let marks = match (echoed, compared) {
        (Some(..=0), _) => PacketIds { timestamp: true, ip_id: false },
        (None, Some((..0, marks))) => marks,
        (None, None) if after.is_some_and(|after| after < NO_TIMER_WITHIN) => PacketIds::default(),
        _ => return None,
    };
    let witness = Some(ack.frame);
    Some(Retransmission {
        after,
        witness,
        first_copy: FirstCopy::NotCaptured,
        marks,
        ..Retransmission::unproved(RetransmitCause::CaptureOutOfOrder)
    })
}

/// How much later than the others it was sent, negative for sooner, and the mark that tells: time stamps first, since
/// they are one clock; then IP identifications that count up closely.
pub(super) fn compare(
    again: &RetransmittedSegment,
    (id, stamp): (Option<u16>, Option<u32>),
) -> Option<(i32, PacketIds)> {
    if let (Some(own), Some(other)) = (again.timestamp, stamp)
        && own != other
    {
        let marks = PacketIds { timestamp: true, ip_id: false };
        return Some((own.wrapping_sub(other).cast_signed(), marks));
    }
    match (again.ip_id, id) {
        (Some(own), Some(other)) if own != 0 && other != 0 && own != other => {
            let distance = own.wrapping_sub(other).cast_signed();
            // identifications that jump are random or shared by many flows, and tell nothing
            let marks = PacketIds { ip_id: true, timestamp: false };
            (distance.unsigned_abs() < CLOSELY).then_some((i32::from(distance), marks))
        }
        _ => None,
    }
}
