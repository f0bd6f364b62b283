//! Packets that were sent once and captured late: overtaken on the path, or recorded late.

use super::super::rule::{Rule, no_candidates};
use super::case::{Before, Case};
use super::family::{RetransmissionEffect, RetransmissionFamily, Transmission};
use super::words::{self, deciding_frame};
use crate::model::FindingCode;
use crate::model::thresholds::{COMPARABLE_RTT, NO_TIMER_WITHIN};
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::retransmission_proof::{FirstCopy, PacketIds, RetransmissionProof as Proof};
use crate::track::tcp::reordering::compare;

/// Sent by a program, not by any event of recovery: the cause is that of an ordinary segment.
const LATE: RetransmissionEffect = RetransmissionEffect {
    transmission: Transmission::Late,
    verb: "sends",
    why: |_| "out of order: sent before packets that were captured earlier".to_owned(),
    shown_by: |proof| match proof.marks.name() {
        Some(marks) => format!("its {marks} is older"),
        None => "too soon after the gap for a retransmission".to_owned(),
    },
    ..words::RETRANSMITTED
};

/// A SYN without ACK after its sender's SYN-ACK with the same number.
pub(super) const SIMULTANEOUS_SYN: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Reordered,
    label: "out of order",
    rfc: &["RFC 9293 §3.5"],
    effect: RetransmissionEffect { shown_by: |_| "no SYN follows its sender's SYN-ACK".to_owned(), ..LATE },
    applies: |case| case.syn().filter(|syn| syn.overtaken).map(|_| case.proof),
    cause: |_| Cause::of(CauseEvent::Call, "connect"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "No TCP sends a SYN without ACK after its SYN-ACK with the same number: it was sent before frame {}, and reordered on the path.",
            proof.original.unwrap_or(0)
        )
    },
    frames: words::frames,
};

/// Acknowledged before it was captured, and sent before that ACK.
pub(super) const CAPTURED_LATE: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::CaptureOutOfOrder,
    label: "captured late",
    rfc: &["RFC 7323 §4.3"],
    effect: RetransmissionEffect {
        transmission: Transmission::CapturedLate,
        why: |proof| format!("captured after its ACK in frame {}: the capture is out of order", deciding_frame(proof)),
        shown_by: |proof| format!("acknowledged before it was captured, in frame {}", deciding_frame(proof)),
        ..LATE
    },
    applies: captured_late,
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, _| {
        let shown = match proof.marks.name() {
            Some(marks) => format!("its {marks} shows that it was sent before"),
            None => "too soon for a retransmission".to_owned(),
        };
        let took = proof.after.filter(|after| after.0 > 0);
        let took = took.map_or_else(String::new, |took| format!("{} ", took.human()));
        format!(
            "Captured {took}after frame {}, which acknowledges it; {shown}. The capture recorded packets out of order, as network cards with several queues do; the bytes are not missing.",
            deciding_frame(proof)
        )
    },
    frames: words::frames,
};

fn captured_late(case: &Case<'_>) -> Option<Proof> {
    let Before::AckedUnseen(ack) = &case.before else { return None };
    let echoed = case.again.timestamp.zip(ack.echo).map(|(own, echo)| own.wrapping_sub(echo).cast_signed());
    let compared = compare(case.again, case.sender.sent.marks_from(case.again.end));
    let after = case.since(ack.at);
    let marks = match (echoed, compared) {
        (Some(..=0), _) => PacketIds { timestamp: true, ip_id: false },
        (None, Some((..0, marks))) => marks,
        (None, None) if after.is_some_and(|after| after < NO_TIMER_WITHIN) => PacketIds::default(),
        _ => return None,
    };
    Some(Proof { after, marks, first_copy: FirstCopy::NotCaptured, ..case.proved_by(ack.frame) })
}

/// Sent before the packet that brought the same bytes: the retransmission overtook its original.
pub(super) const OVERTAKEN: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Reordered,
    label: "late original",
    rfc: &["RFC 6864", "RFC 7323 §5.4"],
    effect: RetransmissionEffect {
        why: |proof| format!("a late original: sent before frame {}", proof.original.unwrap_or(0)),
        ..LATE
    },
    applies: |case| {
        let before = case.segment()?;
        let (_, marks) = compare(case.again, (before.ip_id, before.timestamp)).filter(|(later, _)| *later < 0)?;
        // where ACKs asked for the bytes, an identification alone does not decide: a host may count for each CPU
        let asked = case.evidence.is_some_and(|evidence| case.is_asked_for(&evidence));
        let tells = marks.timestamp || !asked && case.sender.ids_count_up(case.again.ip_id);
        tells.then_some(Proof { marks, ..case.proved_by(before.frame) })
    },
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, _| {
        let original = proof.original.unwrap_or(0);
        format!(
            "Its {} is older than that of frame {original}, which brought the same bytes: it was sent before, and reordered on the path.",
            proof.marks.name().unwrap_or("sending")
        )
    },
    frames: words::frames,
};

/// Bytes of a forgotten segment, sent before another packet that was captured earlier: an old packet that was delayed.
pub(super) const DELAYED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Reordered,
    label: "delayed packet",
    rfc: &["RFC 7323 §5.4"],
    effect: RetransmissionEffect {
        why: |proof| format!("delayed on the path: sent before frame {}", deciding_frame(proof)),
        shown_by: |_| "its timestamp is older".to_owned(),
        ..LATE
    },
    applies: |case| {
        let (newest, shown_by) = case.sender.newest_timestamp.filter(|_| matches!(case.before, Before::Forgotten))?;
        let older = case.again.timestamp?.wrapping_sub(newest).cast_signed() < 0;
        let marks = PacketIds { timestamp: true, ip_id: false };
        older.then(|| Proof { marks, ..case.proved_by(shown_by.get()) })
    },
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Its timestamp is older than that of frame {}, which was captured before it: it was sent earlier, and delayed on the path.",
            deciding_frame(proof)
        )
    },
    frames: words::frames,
};

/// Sent before packets that were captured earlier, as its header fields show.
pub(super) const OVERTAKEN_IN_GAP: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Reordered,
    label: "out of order",
    rfc: &["RFC 6864", "RFC 7323 §5.4"],
    effect: LATE,
    applies: |case| {
        let gap = case.gap().filter(|gap| gap.compared.is_some_and(|(later, _)| later < 0))?;
        Some(case.proved_by(gap.shown_by.0))
    },
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Fills the gap that frame {} showed. Its {} is older than that of bytes captured before it: it was sent earlier, and reordered on the path.",
            deciding_frame(proof),
            proof.marks.name().unwrap_or("sending")
        )
    },
    frames: words::frames,
};

/// Captured so soon after the gap that no report of the gap can have reached its sender.
pub(super) const TOO_SOON_IN_GAP: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Reordered,
    label: "out of order",
    rfc: &["RFC 4737"],
    effect: LATE,
    applies: |case| {
        let gap = case.gap().filter(|_| !case.is_sent_before())?;
        let trip = case.path.round_trip.filter(|trip| *trip > COMPARABLE_RTT)?;
        let since = case.since(gap.shown_by.1)?;
        (since.0 < trip.0 / 2).then(|| case.proved_by(gap.shown_by.0))
    },
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Fills the gap that frame {} showed less than half a round trip earlier, too soon for a retransmission: it was sent earlier, and reordered on the path.",
            deciding_frame(proof)
        )
    },
    frames: words::frames,
};

/// Fills a gap; nothing tells whether it was late or lost and retransmitted.
pub(super) const ORDER_UNKNOWN: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::OrderUnknown,
    label: "late or retransmitted",
    rfc: &["RFC 4737"],
    effect: RetransmissionEffect {
        transmission: Transmission::LateOrRetransmitted,
        why: |_| "filling a gap (late or retransmitted)".to_owned(),
        shown_by: |_| "it fills a gap".to_owned(),
        ..LATE
    },
    applies: |case| {
        let gap = case.gap().filter(|_| !case.is_sent_before())?;
        Some(case.proved_by(gap.shown_by.0))
    },
    cause: |_| Cause::UNKNOWN,
    candidates: |_| {
        let lost = [Cause::of(CauseEvent::Timer, "rto"), Cause::of(CauseEvent::Segment, "fast_retransmit")];
        Candidates::from_iter([Cause::of(CauseEvent::Call, "send")].into_iter().chain(lost))
    },
    says: |proof, _| {
        format!(
            "Fills the gap that frame {} showed. IP identification and timestamps do not show whether it was late, or lost before the capture point and retransmitted.",
            deciding_frame(proof)
        )
    },
    frames: words::frames,
};
