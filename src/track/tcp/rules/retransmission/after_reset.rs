//! Retransmissions that follow a RST of the receiver.

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::case::Case;
use super::family::{Delivery, RetransmissionEffect, RetransmissionFamily};
use super::words::{self, after, deciding_frame};
use crate::model::FindingCode;
use crate::track::cause::Cause;
use crate::track::retransmission_proof::RetransmissionProof as Proof;

/// The receiver's RST that came after the last transmission of the bytes.
fn reset(case: &Case<'_>) -> Option<NonZeroU64> {
    let before = || case.proof.last.map(NonZeroU64::get).or(case.proof.original);
    let last = case.segment().map(|sent| sent.last.0).or_else(before)?;
    case.receiver.reset.filter(|reset| reset.get() > last && reset.get() < case.again.frame)
}

const ANSWERED: RetransmissionEffect = RetransmissionEffect {
    delivery: Delivery::Unknown,
    why: |proof| format!("although the RST in frame {} had answered it", deciding_frame(proof)),
    shown_by: |proof| format!("RST in frame {} before", deciding_frame(proof)),
    ..words::RETRANSMITTED
};

/// A SYN that a RST had refused: the client tries again.
pub(super) const REFUSED_SYN: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN retransmission",
    rfc: &["RFC 9293 §3.10.7.3"],
    effect: ANSWERED,
    applies: |case| {
        let syn = case.syn().filter(|syn| !syn.with_ack)?;
        let reset = reset(case).filter(|reset| syn.answer.is_none_or(|answer| *reset > answer))?;
        let deciding_frame = Some(reset.get());
        Some(Proof { deciding_frame, count: u32::from(syn.nth), ..case.proof })
    },
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "SYN retransmission {}{}: the RST in frame {} had answered the SYN before. The {} had not received the RST, ignored it, or tries again with the same numbers.",
            proof.count,
            after(proof),
            deciding_frame(proof),
            words.sender
        )
    },
    frames: words::frames,
};
