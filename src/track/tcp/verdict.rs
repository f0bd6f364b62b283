//! Why a segment comes again, or late: decided by evidence, not by Wireshark's timing rules.

use std::num::NonZeroU64;

use super::sent::Sent;
use super::side::Side;
use crate::model::{Nanos, SeqNumber};
use crate::track::repeat::{FirstCopy, Marks, Repeat, RepeatVerdict, Wait};
use crate::track::rtt::Estimator;
use crate::track::when::When;

/// A timer that runs out earlier than this is no retransmission timer anybody uses (Linux's least is 200 ms).
pub(super) const LEAST_TIMEOUT: Nanos = Nanos::from_millis(180);
/// A repeat with the same marks within this time is the same packet captured again.
pub(super) const DUPLICATE_WITHIN: Nanos = Nanos::from_millis(50);

/// Within this time the same time stamp is the same packet's: clocks tick every millisecond or ten (RFC 7323 §5.4).
const SAME_TICK: Nanos = Nanos::from_millis(5);
/// Nothing but an ACK makes TCP send a segment again within this time.
pub(super) const AT_ONCE: Nanos = Nanos(200_000);

/// What is known of the segment that comes again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Again {
    pub(super) frame: u64,
    pub(super) seq: SeqNumber,
    pub(super) end: SeqNumber,
    pub(super) at: When,
    pub(super) ip_id: Option<u16>,
    pub(super) timestamp: Option<u32>,
}

impl Repeat {
    /// A repeat whose first copy is in the capture.
    pub(super) fn of(verdict: RepeatVerdict, original: u64) -> Self {
        let original = Some(original);
        Self { original, first_copy: FirstCopy::Captured, ..Self::unproved(verdict) }
    }

    /// A repeat of which nothing else is known.
    pub(super) fn unproved(verdict: RepeatVerdict) -> Self {
        Self {
            verdict,
            original: None,
            after: None,
            witness: None,
            through: None,
            last: None,
            first_copy: FirstCopy::NotKnown,
            marks: Marks::default(),
        }
    }
}

/// Bytes that are in the capture already.
pub(super) fn repeated(again: &Again, sender: &mut Side, receiver: &Side, handshake: Option<Nanos>) -> Repeat {
    let in_flight = sender.sent.in_flight();
    let last_in_flight = sender.next == Some(again.end);
    let estimator = sender.estimator;
    let ids_vary = sender.ip_ids_vary || again.ip_id.is_none();
    let sack = receiver.sack_permitted && sender.sack_permitted;
    let last = sender.sent.carrying(SeqNumber(again.end.0.wrapping_sub(1))).map(|sent| sent.frame);
    let told_of_hole = receiver.hole_acks > 0
        && (receiver.sacked.is_some_and(|sacked| sacked.is_after(again.seq)) || receiver.hole_acks >= 3);
    let asked = told_of_hole && !asked_long_ago(again, receiver, estimator.smoothed().or(handshake));
    let fast = RepeatVerdict::Fast { acks: receiver.hole_acks, last: receiver.acked_frame };
    let Some(original) = sender.sent.carrying(again.seq) else {
        if asked {
            return Repeat { witness: Some(receiver.hole_acks_first), ..Repeat::unproved(fast) };
        }
        let acked = receiver.acked.is_some_and(|ack| !again.end.is_after(ack));
        let verdict = if acked { RepeatVerdict::Spurious(None) } else { RepeatVerdict::Unknown };
        return Repeat { witness: acked.then_some(receiver.acked_frame), ..Repeat::unproved(verdict) };
    };
    original.repeats = original.repeats.saturating_add(1);
    let before = *original;
    let after = again.at.since(before.last.1);
    let through = last.filter(|last| *last != before.frame).and_then(NonZeroU64::new);
    let first_copy = if before.damaged { FirstCopy::Damaged } else { FirstCopy::Captured };
    let last = NonZeroU64::new(before.last.0).filter(|last| before.repeats > 1 && last.get() != before.frame);
    let first = Repeat { after, through, last, first_copy, ..Repeat::of(RepeatVerdict::Unknown, before.frame) };
    let repeat = |verdict, witness| Repeat { verdict, witness, ..first };
    // of what was sent again before, only the time is known
    let same_marks = again.end == before.end && again.ip_id == before.ip_id && again.timestamp == before.timestamp;
    let sent_again = before.last.0 != before.frame;
    let too_soon = (sent_again || same_marks && !told_of_hole) && after.is_some_and(|after| after < AT_ONCE);
    if too_soon || ids_vary && same_packet(again, &before, after) {
        original.repeats -= 1;
        if original.repeats == 0 {
            original.last.0 = again.frame;
        }
        let carried = Marks::carried(again.ip_id, again.timestamp);
        let marks = Marks {
            ip_id: carried.ip_id && again.ip_id == before.ip_id,
            timestamp: carried.timestamp && again.timestamp == before.timestamp,
        };
        return Repeat { marks, ..repeat(RepeatVerdict::DuplicateFrame, None) };
    }
    original.last = (again.frame, again.at);
    if through.is_some() {
        sender.sent.repeat(before.end, again.end, (again.frame, again.at));
    }
    if let Some((_, marks)) = compare(again, (before.ip_id, before.timestamp)).filter(|(distance, _)| *distance < 0) {
        return Repeat { marks, ..repeat(RepeatVerdict::Reordered, Some(before.frame)) };
    }
    if let Some(ack) = before.acked_by.filter(|_| receiver.acked.is_some_and(|ack| !again.end.is_after(ack))) {
        let asked = NonZeroU64::new(receiver.hole_acks_first).filter(|asked| before.late && *asked < ack);
        return repeat(RepeatVerdict::Spurious(asked), Some(ack.get()));
    }
    if let Some(syn_ack) = not_taken(&before, sender, receiver) {
        return repeat(RepeatVerdict::NotTaken, Some(syn_ack));
    }
    let told_of_hole = Some(receiver.hole_acks_first).filter(|_| told_of_hole && before.repeats <= 1);
    if told_of_hole.is_some() && asked {
        return repeat(fast, told_of_hole);
    }
    let Some(waited) = after else { return repeat(RepeatVerdict::Unknown, None) };
    let probes = sack && last_in_flight && in_flight > 0 && before.repeats <= 1;
    if probes && waited >= Nanos::from_millis(1) && is_before_timeout(waited, &estimator, handshake) {
        return repeat(RepeatVerdict::TailLossProbe, None);
    }
    // without the other direction in the capture, an ACK may have asked for it
    if waited >= LEAST_TIMEOUT && receiver.newest().is_some() {
        let wait = match pace(&before, waited) {
            Wait::First if told_of_hole.is_some() => Wait::FirstThoughAsked,
            Wait::First if probes && in_flight == 1 => Wait::FirstOfLast,
            wait => wait,
        };
        return repeat(RepeatVerdict::Timeout { nth: before.repeats, wait }, told_of_hole);
    }
    repeat(RepeatVerdict::Unknown, None)
}

/// The SYN-ACK that covers the SYN, but not the data that it carried, which were not sent again since.
fn not_taken(before: &Sent, sender: &Side, receiver: &Side) -> Option<u64> {
    let on_syn = before.len > 0 && sender.isn == Some(before.seq);
    let only_syn = receiver.acked == Some(before.seq.plus(1)) && receiver.syn_with_ack;
    let (syn_ack, _) = receiver.syn.filter(|(syn_ack, _)| on_syn && only_syn && before.last.0 < syn_ack.get())?;
    Some(syn_ack.get())
}

/// Whether the last ACK is older than any wait but a timer's: then no ACK made the sender act, though ACKs had told of
/// a hole.
fn asked_long_ago(again: &Again, receiver: &Side, round_trip: Option<Nanos>) -> bool {
    let limit = LEAST_TIMEOUT.plus(round_trip.unwrap_or_default());
    again.at.since(receiver.acked_at).is_some_and(|since| since >= limit)
}

/// Whether a retransmission timer cannot have run out yet (RFC 6298 §2), but a tail-loss probe's can (RFC 8985 §7.2).
fn is_before_timeout(waited: Nanos, estimator: &Estimator, handshake: Option<Nanos>) -> bool {
    let Some(srtt) = estimator.smoothed().or(handshake) else { return false };
    let timeout = srtt.plus(Nanos(estimator.variation().0.saturating_mul(4).max(200_000_000)));
    waited < timeout && waited >= srtt.plus(srtt)
}

/// How this wait compares with the one before. From the third repeat on the one before is not known by itself; but where
/// each wait is twice the last, the last is as long as all before it together.
fn pace(before: &Sent, waited: Nanos) -> Wait {
    let until_last = before.last.1.since(before.at).unwrap_or_default();
    let least = match before.repeats {
        0 | 1 => return Wait::First,
        2 => until_last.0.saturating_mul(3) / 2,
        _ => until_last.0.saturating_mul(3) / 4,
    };
    if waited.0 >= least { Wait::Longer } else { Wait::NoLonger }
}

/// Bytes that were skipped when later ones were captured; `shown_by` is the frame that showed the hole.
pub(super) fn fills_hole(
    again: &Again,
    shown_by: u64,
    sender: &Side,
    receiver: &Side,
    handshake: Option<Nanos>,
) -> Repeat {
    let compared = compare(again, sender.sent.marks_from(again.end));
    let marks = compared.map(|(_, marks)| marks).unwrap_or_default();
    let first_copy = FirstCopy::NotCaptured;
    let repeat = |verdict, witness| Repeat { witness: Some(witness), first_copy, marks, ..Repeat::unproved(verdict) };
    if compared.is_some_and(|(distance, _)| distance < 0) {
        return repeat(RepeatVerdict::Reordered, shown_by);
    }
    let newer = compared.is_some_and(|(distance, _)| distance > 0);
    let told_of_hole = receiver.hole_acks > 0 && receiver.sacked.is_none_or(|sacked| sacked.is_after(again.seq));
    let shown_at = sender.sent.iter().find(|sent| sent.frame == shown_by).map_or(When::UNKNOWN, |sent| sent.at);
    let since = again.at.since(shown_at);
    match (newer, since) {
        (true, _) if told_of_hole && !asked_long_ago(again, receiver, handshake) => repeat(
            RepeatVerdict::Fast { acks: receiver.hole_acks, last: receiver.acked_frame },
            receiver.hole_acks_first,
        ),
        (true, Some(_)) if told_of_hole => {
            repeat(RepeatVerdict::Timeout { nth: 1, wait: Wait::FirstThoughAsked }, receiver.hole_acks_first)
        }
        (true, Some(since)) if since >= LEAST_TIMEOUT => {
            repeat(RepeatVerdict::Timeout { nth: 1, wait: Wait::First }, shown_by)
        }
        (true, _) => repeat(RepeatVerdict::Unknown, shown_by),
        // a retransmission takes a round trip at least, so what comes sooner was only late
        (false, Some(since)) if handshake.is_some_and(|rtt| rtt.0 > 1_000_000 && since.0 < rtt.0 / 2) => {
            repeat(RepeatVerdict::Reordered, shown_by)
        }
        _ => repeat(RepeatVerdict::OrderUnknown, shown_by),
    }
}

/// The same IP identification (0 says nothing), the same time stamp, soon after.
fn same_packet(again: &Again, before: &Sent, after: Option<Nanos>) -> bool {
    let same_stamp = again.timestamp == before.timestamp;
    let soon = after.is_none_or(|after| after < DUPLICATE_WITHIN);
    match (again.ip_id, before.ip_id) {
        (Some(id), Some(first)) if id != 0 || first != 0 => id == first && same_stamp && soon,
        // without an identification only the same clock tick at almost the same time tells; a tail-loss probe has another
        _ => same_stamp && again.timestamp.is_some() && after.is_some_and(|after| after < SAME_TICK),
    }
}

/// How much later than the others it was sent, negative for sooner, and the mark that tells: time stamps first, since
/// they are one clock; then IP identifications that count up closely.
fn compare(again: &Again, (id, stamp): (Option<u16>, Option<u32>)) -> Option<(i32, Marks)> {
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
            (distance.unsigned_abs() < 1_000).then_some((i32::from(distance), marks))
        }
        _ => None,
    }
}
