//! Fast retransmissions: duplicate ACKs or SACK reported the gap, and that report has had the time to reach the sender.

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::case::Case;
use super::family::{Delivery, RecoveryChange, RetransmissionEffect, RetransmissionFamily};
use super::words::{self, arrival, first_copy, number, range, witness};
use crate::model::thresholds::{COMPARABLE_RTT, MIN_RTO};
use crate::model::{FindingCode, counted};
use crate::track::retransmission_proof::RetransmissionProof as Proof;

const ASKED: RetransmissionEffect = RetransmissionEffect {
    delivery: Delivery::Lost,
    recovery: RecoveryChange::Fast,
    verb: "fast-retransmits",
    why: |proof| format!("after {} reported the gap", acks(proof)),
    shown_by: |proof| format!("{} reported the gap, {}", acks(proof), range(witness(proof), number(proof.second))),
    ..words::RETRANSMITTED
};

/// `1 ACK`, `3 ACKs`.
fn acks(proof: &Proof) -> String {
    counted(u64::from(proof.count), "ACK")
}

fn reported(case: &Case<'_>) -> Option<Proof> {
    let evidence = case.evidence?;
    Some(Proof {
        count: evidence.acks,
        second: NonZeroU64::new(evidence.last).filter(|last| last.get() != evidence.first),
        ..case.proved_by(evidence.first)
    })
}

/// Enough ACKs reported the gap, and the sender can have seen them.
pub(super) const FAST: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::FastRetransmit,
    label: "fast retransmission",
    rfc: &["RFC 5681 §3.2", "RFC 6675", "RFC 8985"],
    effect: ASKED,
    applies: |case| {
        let evidence = case.evidence.filter(|_| case.is_sent_before())?;
        reported(case).filter(|_| case.is_asked_for(&evidence))
    },
    cause: |proof| arrival(proof.second.map(NonZeroU64::get).or(proof.witness), "fast_retransmit"),
    candidates: no_candidates,
    says: |proof, _| {
        let acks = match proof.second {
            Some(last) => format!("{} (frames {} to {last})", acks(proof), witness(proof)),
            None => format!("the ACK in frame {}", witness(proof)),
        };
        let again = proof
            .last
            .map_or_else(String::new, |last| format!(" The retransmission in frame {last} had not filled it."));
        format!(
            "Fast retransmission: {acks} reported the gap at these bytes (RFC 5681 §3.2, RFC 6675, RFC 8985).{again}{}",
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// Fills a gap one round trip after the ACKs that reported it: a late packet would come at any time.
pub(super) const ONE_ROUND_TRIP_LATER: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::FastRetransmit,
    label: "fast retransmission",
    rfc: &["RFC 5681 §3.2", "RFC 6675"],
    effect: ASKED,
    applies: |case| {
        let evidence = case.evidence.filter(|evidence| evidence.is_enough() && evidence.acks >= 3)?;
        case.gap().filter(|_| !case.is_sent_before())?;
        let journey = case.path.journey.filter(|journey| *journey > COMPARABLE_RTT && *journey < MIN_RTO)?;
        let since = case.since(evidence.enough_at)?;
        let on_time = since.0 >= journey.0 * 7 / 8 && since.0 <= journey.0 + journey.0 / 4;
        reported(case).filter(|_| on_time).map(|proof| Proof { wait: Some(since), ..proof })
    },
    cause: |proof| arrival(proof.second.map(NonZeroU64::get).or(proof.witness), "fast_retransmit"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Fast retransmission: {} ({}) reported the gap, and the bytes came one round trip later ({}), as a retransmission does (RFC 5681 §3.2).{}",
            acks(proof),
            range(witness(proof), number(proof.second)),
            proof.wait.unwrap_or_default().human(),
            first_copy(proof)
        )
    },
    frames: words::frames,
};
