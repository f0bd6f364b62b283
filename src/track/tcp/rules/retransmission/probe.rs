//! Tail-loss probes: the last data in flight, retransmitted to provoke an ACK.

use super::super::rule::{Rule, no_candidates};
use super::case::Case;
use super::family::{Delivery, RecoveryChange, RetransmissionEffect, RetransmissionFamily};
use super::words::{self, after, first_copy};
use crate::model::thresholds::{MIN_RTO, MIN_TLP};
use crate::model::{FindingCode, Nanos};
use crate::track::cause::{Cause, CauseEvent};
use crate::track::retransmission_proof::{ProofDetail, RetransmissionProof as Proof};

/// The last data in flight, after two round trips and sooner than a retransmission timer, or where that would send
/// other bytes first.
pub(super) const TAIL_LOSS_PROBE: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TailLossProbe,
    label: "tail-loss probe",
    rfc: &["RFC 8985 §7"],
    effect: RetransmissionEffect {
        delivery: Delivery::Unanswered,
        recovery: RecoveryChange::Probe,
        why: |_| "as a tail-loss probe, to provoke an ACK".to_owned(),
        shown_by: |_| "the last data in flight, before the retransmission timer".to_owned(),
        ..words::RETRANSMITTED
    },
    applies: tail_loss_probe,
    cause: |_| Cause::of(CauseEvent::Timer, "tlp"),
    candidates: no_candidates,
    says: |proof, words| {
        let not_rto = match proof.detail {
            ProofDetail::Plain => ", earlier than a retransmission timer usually expires",
            ProofDetail::Alternative => "; a retransmission timer would send earlier bytes first (RFC 6298 §5.4)",
        };
        format!(
            "Tail-loss probe (RFC 8985 §7): the {} retransmitted the last data in flight{}{not_rto}. No duplicate ACK or SACK reported a gap.{}",
            words.sender,
            after(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

fn tail_loss_probe(case: &Case<'_>) -> Option<Proof> {
    let ran = case.timer_wait().filter(|_| case.may_probe())?;
    let due = ran >= case.round_trip().map_or(MIN_RTO, |srtt| srtt.plus(srtt).max(MIN_TLP));
    let early = is_before_timeout(case, ran);
    let detail = if early { ProofDetail::Plain } else { ProofDetail::Alternative };
    // a probe of a lone segment leaves the receiver time for a delayed ACK (RFC 8985 §7.2)
    (due && !case.is_alone_early() && (case.skips_others() || early)).then(|| Proof {
        wait: Some(ran),
        detail,
        ..case.proved_by(None)
    })
}

/// Returns `true` if a retransmission timer cannot have expired yet (RFC 6298 §2).
fn is_before_timeout(case: &Case<'_>, ran: Nanos) -> bool {
    let Some(srtt) = case.round_trip() else { return false };
    let variation = case.sender.estimator.variation().0.saturating_mul(4);
    ran < srtt.plus(Nanos(variation.max(200_000_000))) && ran < MIN_RTO
}
