//! The same packet twice: captured twice (a mirrored port), or duplicated by the network.

use std::num::NonZeroU64;

use super::super::rule::Rule;
use super::case::Before;
use super::family::{RetransmissionEffect, RetransmissionFamily, Transmission};
use super::words::{self, after};
use crate::model::FindingCode;
use crate::model::thresholds::DUPLICATE_WITHIN;
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::retransmission_proof::{ProofDetail, RetransmissionProof};

pub(super) const SAME_PACKET: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::DuplicateFrame,
    label: "duplicate packet",
    rfc: &["RFC 6864"],
    effect: RetransmissionEffect {
        transmission: Transmission::Duplicate,
        verb: "sends",
        why: |proof| {
            let of = |frame| format!("a duplicate of frame {frame}");
            proof.original.map_or_else(|| "a duplicate packet".to_owned(), of)
        },
        shown_by: |proof| {
            let same = |marks| format!("same {marks}");
            proof.marks.name().map_or_else(|| "too soon for a retransmission".to_owned(), same)
        },
        ..words::RETRANSMITTED
    },
    applies: |case| matches!(case.before, Before::SamePacket).then_some(case.proof),
    cause: |_| Cause::UNKNOWN,
    candidates: network_or_capture,
    says: |proof, _| match proof.marks.name() {
        Some(marks) if is_delayed(proof) => format!(
            "The same packet{}, with the same {marks}: the network duplicated it, and delayed the duplicate. TCP sent it once.",
            after(proof)
        ),
        Some(marks) if proof.detail == ProofDetail::Alternative => format!(
            "The same SYN-ACK{}, with the same {marks}: captured twice, duplicated by the network, or sent twice because the SYN arrived twice.",
            after(proof)
        ),
        Some(marks) => format!(
            "The same packet{}, with the same {marks}: captured twice, or duplicated by the network. TCP sent it once.",
            after(proof)
        ),
        None => format!(
            "The same packet{}, too soon for a retransmission: captured twice, or duplicated by the network.",
            after(proof)
        ),
    },
    frames: words::frames,
};

/// The network or the capture.
fn network_or_capture(proof: &RetransmissionProof) -> Candidates {
    let frame = proof.original.and_then(NonZeroU64::new);
    let by = |event| Cause { event, detail: "duplicate", frame };
    let capture = (!is_delayed(proof)).then(|| by(CauseEvent::Capture));
    let answer = (proof.detail == ProofDetail::Alternative).then(|| Cause::arrival(None, "syn_ack"));
    Candidates::from_iter([by(CauseEvent::Network)].into_iter().chain(capture).chain(answer))
}

/// Captured so late that no mirror port or second interface made it.
fn is_delayed(proof: &RetransmissionProof) -> bool {
    proof.after.is_some_and(|after| after >= DUPLICATE_WITHIN)
}
