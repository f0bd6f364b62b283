//! Retransmissions whose cause the capture does not show.

use super::super::rule::{Rule, Words};
use super::case::{Before, Case};
use super::family::{RetransmissionEffect, RetransmissionFamily};
use super::timeout::unexplained;
use super::words::{self, after, deciding_frame, first_copy};
use crate::model::FindingCode;
use crate::model::thresholds::MIN_RTO;
use crate::track::cause::{Cause, CauseEvent};
use crate::track::retransmission_proof::{FirstCopy, RetransmissionProof as Proof};

const UNEXPLAINED: RetransmissionEffect =
    RetransmissionEffect { shown_by: |_| "the cause is unknown".to_owned(), ..words::RETRANSMITTED };

/// The longest time for which its timer can have run, if nothing had restarted it.
fn waited(case: &Case<'_>) -> bool {
    let since = match &case.before {
        Before::Segment(before) => case.since(before.last.1),
        Before::Gap(gap) => case.since(gap.shown_by.1),
        _ => None,
    };
    case.is_sent_before() && since.is_some_and(|since| since >= MIN_RTO)
}

/// Nothing asked for the bytes, and an ACK of new data had just restarted the timer.
pub(super) const TIMER_RESTARTED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Retransmit,
    label: "retransmission",
    rfc: &["RFC 6298 §5.3"],
    effect: UNEXPLAINED,
    applies: |case| case.just_restarted().filter(|_| waited(case)).map(|ack| case.proved_by(ack)),
    cause: |_| Cause::UNKNOWN,
    candidates: unexplained,
    says: |proof, _| {
        format!(
            "Retransmitted{}; the cause is unknown. Neither duplicate ACKs nor a SACK in the capture triggered it, and the ACK in frame {} had just restarted the retransmission timer (RFC 6298 §5.3).{}",
            after(proof),
            deciding_frame(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// Nothing asked for the bytes, and a timer would send others first.
pub(super) const NOT_HEAD_OF_QUEUE: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Retransmit,
    label: "retransmission",
    rfc: &["RFC 6298 §5.4"],
    effect: UNEXPLAINED,
    applies: |case| {
        case.segment()?;
        let other = case.skips_others() && case.evidence.is_none() && !case.is_after_timeout();
        (other && waited(case) && case.receiver.newest().is_some()).then_some(case.proof)
    },
    cause: |_| Cause::UNKNOWN,
    candidates: unexplained,
    says: |proof, _| {
        format!(
            "Retransmitted{}; the cause is unknown. Neither duplicate ACKs nor a SACK in the capture triggered it, and the retransmission timer would send earlier unacknowledged bytes first (RFC 6298 §5.4).{}",
            after(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// The capture holds one direction alone.
pub(super) const ONE_WAY: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Retransmit,
    label: "retransmission",
    rfc: &["RFC 9293 §3.8.1"],
    effect: UNEXPLAINED,
    applies: |case| case.segment().filter(|_| case.receiver.newest().is_none()).map(|_| case.proof),
    cause: |_| Cause::UNKNOWN,
    candidates: |_| {
        let mut candidates = words::timers();
        candidates.extend([Cause::of(CauseEvent::Segment, "fast_retransmit")]);
        candidates
    },
    says: |proof, _| {
        format!(
            "Retransmitted{}. The capture has no packet of the other direction, so whether an ACK triggered it or a timer expired is unknown.{}",
            after(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// Nothing that the capture shows.
pub(super) const UNKNOWN: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Retransmit,
    label: "retransmission",
    rfc: &["RFC 9293 §3.8.1"],
    effect: UNEXPLAINED,
    applies: |case| match &case.before {
        Before::Segment(_) => Some(Proof { number: case.cut_from().map_or(0, u64::from), ..case.proof }),
        Before::Forgotten => Some(case.proof),
        Before::Gap(gap) => Some(case.proved_by(gap.shown_by.0)),
        Before::AckedUnseen(ack) => Some(case.proved_by(ack.frame)),
        Before::SamePacket | Before::Syn(_) => None,
    },
    cause: |_| Cause::UNKNOWN,
    candidates: unexplained,
    says,
    frames: words::frames,
};

fn says(proof: &Proof, parties: &Words<'_>) -> String {
    let nothing = "Neither three duplicate ACKs nor a SACK can have triggered it, and retransmission timers usually wait 200 ms or more: the cause is unknown.";
    match proof.first_copy {
        FirstCopy::Corrupted => {
            format!(
                "Retransmitted{}; the event at the {} is unknown.{}",
                after(proof),
                parties.sender,
                first_copy(proof)
            )
        }
        FirstCopy::Captured => format!("Retransmitted{}. {nothing}{}", after(proof), words::cut_smaller(proof)),
        FirstCopy::Partly(_) => {
            format!(
                "Retransmitted{}, since some of its bytes were captured before. {nothing}{}",
                after(proof),
                first_copy(proof)
            )
        }
        FirstCopy::NotCaptured => format!(
            "Retransmitted: its {} is newer than that of bytes captured before it. {nothing}{}",
            proof.marks.name().unwrap_or("sending"),
            first_copy(proof)
        ),
        FirstCopy::NotKnown => format!(
            "Below the highest byte sent before, so retransmitted or late.{} The cause is unknown.",
            first_copy(proof)
        ),
    }
}
