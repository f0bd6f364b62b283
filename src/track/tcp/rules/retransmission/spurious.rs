//! Retransmissions of bytes that had arrived, as an ACK or SACK captured before them says.

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::case::{Before, Case};
use super::family::{RetransmissionEffect, RetransmissionFamily, Transmission};
use super::words::{self, after, deciding_frame, number};
use crate::model::FindingCode;
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::retransmission_proof::{FirstCopy, ProofDetail, RetransmissionProof as Proof, View};

const SPURIOUS: RetransmissionEffect = RetransmissionEffect {
    transmission: Transmission::Spurious,
    why: |proof| format!("although acknowledged in frame {}", deciding_frame(proof)),
    shown_by: |proof| format!("the bytes were acknowledged already, frame {}", deciding_frame(proof)),
    ..words::RETRANSMITTED
};

/// The ACK that covers bytes of an earlier segment; they had arrived.
fn acknowledged(case: &Case<'_>) -> Option<Proof> {
    let acked = case.receiver.ack_sent.is_some_and(|ack| !case.again.end.is_after(ack));
    let ack = match &case.before {
        Before::Segment(before) => before.acked_by.filter(|_| acked)?.get(),
        Before::Forgotten if acked => case.receiver.ack_frame,
        _ => return None,
    };
    // what was sent a round trip after its ACK did not cross it
    let crossed = case.since(case.receiver.advanced.1).zip(case.round_trip()).is_none_or(|(since, trip)| since < trip);
    let detail = if crossed { ProofDetail::Alternative } else { ProofDetail::Plain };
    Some(Proof { detail, ..case.proved_by(ack) })
}

/// The gap that made the sender act was filled by a late packet.
pub(super) const GAP_WAS_LATE: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::SpuriousRetransmit,
    label: "spurious retransmission",
    rfc: &["RFC 5681 §3.2", "RFC 4015"],
    effect: SPURIOUS,
    applies: |case| {
        let proof = acknowledged(case)?;
        let asked = case.receiver.had_reported(case.again).and_then(NonZeroU64::new);
        let late = case.segment().is_some_and(|before| before.overtaken);
        let asked = asked.filter(|asked| late && Some(asked.get()) < proof.deciding_frame)?;
        Some(Proof { second: Some(asked), ..proof })
    },
    cause: |proof| Cause::arrival(proof.second, "fast_retransmit"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Retransmitted{} although frame {} had acknowledged the bytes. The ACKs from frame {} on had reported a gap, but the missing packet was only late.",
            after(proof),
            deciding_frame(proof),
            number(proof.second)
        )
    },
    frames: words::frames,
};

/// An ACK captured before covers the bytes.
pub(super) const ACKNOWLEDGED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::SpuriousRetransmit,
    label: "spurious retransmission",
    rfc: &["RFC 6298 §5", "RFC 3522"],
    effect: SPURIOUS,
    applies: |case| acknowledged(case).map(|proof| Proof { number: case.cut_from().map_or(0, u64::from), ..proof }),
    cause: |_| Cause::UNKNOWN,
    candidates,
    says: |proof, words| {
        let why = match (proof.first_copy, proof.detail, proof.view) {
            (FirstCopy::NotKnown, ..) => String::new(),
            (_, ProofDetail::Alternative, _) => " The two crossed, or the ACK was late or lost.".to_owned(),
            (_, _, View::Sender) => {
                format!(" The ACK had reached this host, but the {}'s TCP did not accept it.", words.sender)
            }
            (_, _, View::Both) => format!(" The {}'s TCP had not accepted the ACK.", words.sender),
            _ => format!(" The ACK was late or was lost in transit to the {}.", words.sender),
        };
        format!(
            "Retransmitted{} although frame {} had acknowledged the bytes: they had arrived.{why}{}",
            after(proof),
            deciding_frame(proof),
            words::cut_smaller(proof)
        )
    },
    frames: words::frames,
};

/// A SACK captured before covers the bytes, and no later ACK takes it back.
pub(super) const SACKED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::SpuriousRetransmit,
    label: "spurious retransmission",
    rfc: &["RFC 2018 §8"],
    effect: RetransmissionEffect {
        why: |proof| format!("although reported received by the SACK in frame {}", deciding_frame(proof)),
        shown_by: |proof| format!("SACK had reported the bytes, frame {}", deciding_frame(proof)),
        ..SPURIOUS
    },
    applies: |case| {
        case.segment()?;
        case.receiver.had_sacked(case.again).map(|sack| case.proved_by(sack))
    },
    cause: |_| Cause::UNKNOWN,
    candidates,
    says: |proof, _| {
        format!(
            "Retransmitted{} although the SACK in frame {} had reported the bytes received. That ACK was late or lost, or the sender no longer relies on SACK, as after a timeout (RFC 2018 §8).",
            after(proof),
            deciding_frame(proof)
        )
    },
    frames: words::frames,
};

/// A timer, or the ACK that it waited for and did not get.
fn candidates(proof: &Proof) -> Candidates {
    if proof.number > 0 {
        return Candidates::from_iter([words::TOO_BIG]);
    }
    let timer = proof.after.is_none_or(|after| after >= crate::model::thresholds::MIN_RTO);
    if timer { words::timers() } else { Candidates::from_iter([Cause::of(CauseEvent::Timer, "tlp")]) }
}
