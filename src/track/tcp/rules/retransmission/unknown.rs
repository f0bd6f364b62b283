//! Retransmissions whose cause the capture does not show.

use super::super::rule::{Rule, Words};
use super::case::{Before, Case};
use super::family::{RetransmissionEffect, RetransmissionFamily};
use super::timeout::unexplained;
use super::words::{self, after, deciding_frame, first_copy};
use crate::model::FindingCode;
use crate::model::thresholds::MIN_RTO;
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::retransmission_proof::{FirstCopy, ProofDetail, RetransmissionProof as Proof, View};

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
        Before::Segment(_) => {
            // a tail-loss probe sends the last bytes (RFC 8985 §7.3)
            let last = case.sender.snd_nxt == Some(case.again.end);
            let detail = if last { ProofDetail::Plain } else { ProofDetail::Alternative };
            Some(Proof { number: case.cut_from().map_or(0, u64::from), detail, ..case.proof })
        }
        Before::Forgotten => Some(case.proof),
        Before::Gap(gap) => Some(case.proved_by(gap.shown_by.0)),
        Before::AckedUnseen(ack) => Some(case.proved_by(ack.frame)),
        Before::SamePacket | Before::Syn(_) => None,
    },
    cause: |_| Cause::UNKNOWN,
    candidates,
    says,
    frames: words::frames,
};

/// The timers that can have run out. RACK's reordering timer (RFC 8985 §6.2) is none of them: it needs an ACK of bytes sent
/// later, which makes it a fast retransmission.
fn candidates(proof: &Proof) -> Candidates {
    let as_sent = proof.view != View::Receiver && proof.first_copy == FirstCopy::Captured;
    let too_soon = as_sent && proof.after.is_some_and(|after| after < MIN_RTO);
    let no_probe = proof.detail == ProofDetail::Alternative;
    let timer = |cause: &Cause| match cause.detail {
        "rto" => !too_soon,
        "tlp" => !no_probe,
        _ => true,
    };
    unexplained(proof).into_iter().filter(timer).collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Nanos;

    fn timers(after: i64, detail: ProofDetail, first_copy: FirstCopy) -> Vec<&'static str> {
        let after = Some(Nanos::from_millis(after));
        let proof = Proof { after, detail, first_copy, ..Proof::default() };
        candidates(&proof).iter().map(|cause| cause.detail).collect()
    }

    #[test]
    fn only_timers_that_can_have_run_out_are_candidates() {
        let (last, inner) = (ProofDetail::Plain, ProofDetail::Alternative);
        assert_eq!(timers(54, last, FirstCopy::Captured), ["tlp"]);
        assert_eq!(timers(54, inner, FirstCopy::Captured), [""; 0]);
        assert_eq!(timers(300, last, FirstCopy::Captured), ["rto", "tlp"]);
        assert_eq!(timers(300, inner, FirstCopy::Captured), ["rto"]);
        // the first copy was sent at an unknown time before
        assert_eq!(timers(54, last, FirstCopy::NotCaptured), ["rto", "tlp"]);
    }
}
