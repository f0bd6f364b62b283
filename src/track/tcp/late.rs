//! Bytes that come behind others which were sent after them: those that were skipped, or acknowledged before they were
//! captured. Whether they were late or sent again is told by marks, ACKs and time.

use std::num::NonZeroU64;

use super::copy::AT_ONCE;
use super::holes::Missed;
use super::recovery::Recovery;
use super::sent::CLOSELY;
use super::side::Side;
use super::verdict::{Again, LEAST_TIMEOUT, asked_long_ago};
use crate::model::Nanos;
use crate::track::repeat::{FirstCopy, Marks, Repeat, RepeatVerdict, Wait};
use crate::track::when::When;

/// Bytes that were skipped when later ones were captured; `shown_by` is the frame that showed the hole. Where the segment
/// carries others that were captured before, only `part` bytes of it were skipped: nobody puts the same byte into two
/// segments with other borders but who sends it again, and that is this one, unless a mark says that it is older.
pub(super) fn fills_hole(
    again: &Again,
    shown_by: u64,
    part: Option<u32>,
    sender: &Side,
    receiver: &Side,
    handshake: Option<Nanos>,
) -> Repeat {
    let carried = part.and_then(|_| sender.sent.overlapping(again));
    let marks = carried.map_or_else(|| sender.sent.marks_from(again.end), |sent| (sent.ip_id, sent.timestamp));
    let compared = compare(again, marks);
    let first = Repeat {
        through: carried.and_then(|sent| NonZeroU64::new(sent.frame)),
        first_copy: part.map_or(FirstCopy::NotCaptured, FirstCopy::Partly),
        marks: compared.map(|(_, marks)| marks).unwrap_or_default(),
        ..Repeat::unproved(RepeatVerdict::Unknown)
    };
    let repeat = |verdict, witness| Repeat { verdict, witness: Some(witness), ..first };
    if compared.is_some_and(|(distance, _)| distance < 0) {
        return repeat(RepeatVerdict::Reordered, shown_by);
    }
    let goes_on = |recovery: Recovery| recovery.goes_on(again, shown_by, receiver, handshake);
    if let Some((verdict, ack)) = sender.trouble().recovery.filter(Recovery::after_timeout).and_then(goes_on) {
        return repeat(verdict, ack);
    }
    let is_repeat = compared.is_some() || part.is_some();
    let told = receiver.told_of(again, 0);
    let shown_at = sender.sent.iter().find(|sent| sent.frame == shown_by).map_or(When::UNKNOWN, |sent| sent.at);
    let since = again.at.since(shown_at);
    if let Some(told) = told.filter(|_| is_repeat) {
        let timeout = asked_long_ago(again, receiver, handshake);
        let late = RepeatVerdict::Timeout { nth: 1, wait: Wait::FirstThoughAsked };
        if timeout || told.is_enough() {
            return repeat(if timeout { late } else { told.asks() }, told.first);
        }
    }
    if let Some((verdict, ack)) = sender.trouble().recovery.filter(|_| is_repeat).and_then(goes_on) {
        return repeat(verdict, ack);
    }
    match (is_repeat, since) {
        (true, Some(since)) if since >= LEAST_TIMEOUT => match receiver.restarted_timer(again.at) {
            Some(ack) => repeat(RepeatVerdict::TimerRestarted, ack),
            None => repeat(RepeatVerdict::Timeout { nth: 1, wait: Wait::First }, shown_by),
        },
        (true, _) => repeat(RepeatVerdict::Unknown, shown_by),
        // a retransmission takes a round trip at least, so what comes sooner was only late
        (false, Some(since)) if handshake.is_some_and(|rtt| rtt.0 > 1_000_000 && since.0 < rtt.0 / 2) => {
            repeat(RepeatVerdict::Reordered, shown_by)
        }
        _ => repeat(RepeatVerdict::OrderUnknown, shown_by),
    }
}

/// Bytes that were acknowledged before they were captured, where the capture took the two in another order than they
/// passed: their time stamp is no newer than the one that the ACK echoes (RFC 7323 §4.3), they were sent before bytes that
/// came earlier, or, where no mark tells, they came too soon to be sent again.
pub(super) fn captured_late(again: &Again, ack: &Missed, sender: &Side) -> Option<Repeat> {
    let echoed = again.timestamp.zip(ack.echo).map(|(own, echo)| own.wrapping_sub(echo).cast_signed());
    let compared = compare(again, sender.sent.marks_from(again.end));
    let after = again.at.since(ack.at);
    let marks = match (echoed, compared) {
        (Some(..=0), _) => Marks { timestamp: true, ip_id: false },
        (None, Some((..0, marks))) => marks,
        (None, None) if after.is_some_and(|after| after < AT_ONCE) => Marks::default(),
        _ => return None,
    };
    let witness = Some(ack.frame);
    Some(Repeat {
        after,
        witness,
        first_copy: FirstCopy::NotCaptured,
        marks,
        ..Repeat::unproved(RepeatVerdict::CapturedLate)
    })
}

/// How much later than the others it was sent, negative for sooner, and the mark that tells: time stamps first, since
/// they are one clock; then IP identifications that count up closely.
pub(super) fn compare(again: &Again, (id, stamp): (Option<u16>, Option<u32>)) -> Option<(i32, Marks)> {
    if let (Some(own), Some(other)) = (again.timestamp, stamp)
        && own != other
    {
        let marks = Marks { timestamp: true, ip_id: false };
        return Some((own.wrapping_sub(other).cast_signed(), marks));
    }
    match (again.ip_id, id) {
        (Some(own), Some(other)) if own != 0 && other != 0 && own != other => {
            let distance = own.wrapping_sub(other).cast_signed();
            // identifications that jump are random or shared by many flows, and tell nothing
            let marks = Marks { ip_id: true, timestamp: false };
            (distance.unsigned_abs() < CLOSELY).then_some((i32::from(distance), marks))
        }
        _ => None,
    }
}
