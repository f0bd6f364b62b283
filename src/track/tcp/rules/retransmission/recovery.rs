//! Retransmissions that an ACK releases while a recovery lasts (RFC 5681 §3.1, RFC 6582 §3.2), and those of bytes whose
//! SACK the receiver took back.

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::case::{Before, Case};
use super::family::{Delivery, RecoveryChange, RetransmissionEffect, RetransmissionFamily};
use super::words::{self, after, arrival, deciding_frame, first_copy, number};
use crate::model::FindingCode;
use crate::track::cause::{Cause, CauseEvent};
use crate::track::retransmission_proof::{ProofDetail, RetransmissionProof as Proof};

const CONTINUED: RetransmissionEffect = RetransmissionEffect {
    delivery: Delivery::Unanswered,
    recovery: RecoveryChange::Continued,
    why: |proof| {
        format!(
            "on the ACK in frame {}, in the recovery that began with frame {}",
            deciding_frame(proof),
            number(proof.second)
        )
    },
    shown_by: |proof| {
        format!(
            "the recovery that began with frame {} continues, frame {}",
            number(proof.second),
            deciding_frame(proof)
        )
    },
    ..words::RETRANSMITTED
};

/// The recovery that goes on, if it began with a timeout or without one.
fn continues(case: &Case<'_>, timeout: bool) -> Option<Proof> {
    let recovery = case.sender.loss().recovery.filter(|recovery| recovery.after_timeout() == timeout)?;
    let before = match &case.before {
        Before::Segment(before) if before.overtaken && before.retransmissions == 0 => 0,
        Before::Segment(before) => before.last.0,
        Before::Gap(gap) if timeout || case.is_sent_before() => gap.shown_by.0,
        _ => return None,
    };
    let (since, ack) = recovery.continues(case.again, before, case.receiver, case.path.journey, case.round_trip())?;
    Some(Proof { second: NonZeroU64::new(since), ..case.proved_by(ack) })
}

/// After a timeout each ACK releases more of what was in flight then, SACK or not.
pub(super) const AFTER_TIMEOUT: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Retransmit,
    label: "retransmission",
    rfc: &["RFC 5681 §3.1", "RFC 6675 §5.1"],
    effect: CONTINUED,
    applies: |case| continues(case, true),
    cause: |proof| arrival(proof.deciding_frame, "recovery"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Retransmitted{} in the recovery from the timeout in frame {}: the ACK in frame {} releases more of what was in flight then (slow start, RFC 5681 §3.1).{}",
            after(proof),
            number(proof.second),
            deciding_frame(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// A partial ACK shows the next gap at once.
pub(super) const FAST_RECOVERY: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Retransmit,
    label: "retransmission",
    rfc: &["RFC 6582 §3.2"],
    effect: CONTINUED,
    applies: |case| continues(case, false),
    cause: |proof| arrival(proof.deciding_frame, "recovery"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Retransmitted{} in the fast recovery that frame {} began: the ACK in frame {} covers only a part of what was in flight then, so the next bytes are missing too (partial ACK, RFC 6582 §3.2).{}",
            after(proof),
            number(proof.second),
            deciding_frame(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// Bytes that SACK had reported, and a later ACK no longer does.
pub(super) const RENEGED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::SackReneging,
    label: "retransmission",
    rfc: &["RFC 2018 §8"],
    effect: RetransmissionEffect {
        delivery: Delivery::Unanswered,
        recovery: RecoveryChange::Timeout,
        why: |proof| {
            format!("although SACK had reported them: the ACK in frame {} no longer does", deciding_frame(proof))
        },
        shown_by: |proof| format!("the ACK no longer reports the SACKed bytes, frame {}", deciding_frame(proof)),
        ..words::RETRANSMITTED
    },
    applies: |case| {
        let before = case.segment()?;
        let (ack, from, until) = case.receiver.loss().reneged.filter(|(ack, ..)| before.last.0 < *ack)?;
        if case.again.seq.is_before(from) || !case.again.seq.is_before(until) {
            return None;
        }
        let upon_ack = continues(case, true);
        Some(Proof {
            second: upon_ack.and_then(|proof| NonZeroU64::new(proof.deciding_frame?)),
            detail: if upon_ack.is_some() { ProofDetail::Plain } else { ProofDetail::Alternative },
            ..case.proved_by(ack)
        })
    },
    cause: |proof| match proof.detail {
        ProofDetail::Plain => Cause::arrival(proof.second, "recovery"),
        ProofDetail::Alternative => Cause::of(CauseEvent::Timer, "rto"),
    },
    candidates: no_candidates,
    says: |proof, words| {
        let event = match proof.detail {
            ProofDetail::Plain => format!("on the ACK in frame {}", number(proof.second)),
            ProofDetail::Alternative => "by a timer".to_owned(),
        };
        format!(
            "Retransmitted{} {event}: SACK had reported these bytes received, but the ACK in frame {} no longer does. The {} discarded them (SACK reneging, RFC 2018 §8), so the {} retransmits them.",
            after(proof),
            deciding_frame(proof),
            words.receiver,
            words.sender
        )
    },
    frames: words::frames,
};
