//! A RST after the connection had ended: by another RST, or by both FINs and their ACKs.

use std::num::NonZeroU64;

use super::super::rule::Rule;
use super::family::{Ends, ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::unacceptable;
use super::words::{CLOSE, FORGED, IDLE_TIMER, frames, number, unknown_cause};
use crate::model::FindingCode::ResetIgnored;
use crate::track::cause::Candidates;

/// A RST with the same address had ended the connection, and its receiver has sent nothing since. This one is not at the
/// number expected, and answers nothing.
pub(super) const ENDED: Rule<ResetFamily> = Rule {
    code: ResetIgnored,
    label: "RST after the RST",
    rfc: &["RFC 9293 §3.10.7.1"],
    effect: ResetEffect::of(Ends::Over, |proof, words| {
        let reset = number(proof.before);
        format!("{} sends RST at {} after the RST in frame {reset}: it ends nothing", words.sender, words.seq)
    }),
    applies: |case| {
        let confirmed = case.own.loss().resets.label != unacceptable::UNCONFIRMED;
        let reset = case.own.reset.filter(|_| case.own.fin.is_none() && confirmed)?;
        let continued_after_reset = case.peer.newest().is_some_and(|newest| newest.frame > reset.get());
        let (_, proof) = unacceptable::expected(case).filter(|_| !continued_after_reset)?;
        Some(ResetProof { before: Some(reset), ..proof })
    },
    cause: unknown_cause,
    candidates: |_| Candidates::from_slice(&[CLOSE, FORGED]),
    says: |proof, words| {
        format!(
            "The RST in frame {} had ended the connection, and the {} had sent nothing since. This one is at {} instead of {}, so no segment explains it, and it changes nothing. A host that injects RSTs sends several at guessed numbers.",
            number(proof.before),
            words.receiver,
            words.seq,
            proof.number
        )
    },
    frames,
};

/// Nothing was left to end, and no segment came that it could answer.
pub(super) const LATER: Rule<ResetFamily> = Rule {
    code: ResetIgnored,
    label: "RST after the close",
    rfc: &["RFC 9293 §3.6", "RFC 1337"],
    effect: ResetEffect::of(Ends::Over, |_, words| {
        format!("{} sends RST after both sides have closed: it ends nothing", words.sender)
    }),
    applies: |case| {
        let (first, second) = case.over()?;
        let after = case.peer.newest().filter(|newest| newest.frame > second && case.can_answer(newest.at));
        let answers = !case.with_ack && case.answered.is_some();
        let early = case.answered.is_some_and(|answered| answered.frame < second);
        // a socket that is gone answers the last ACK, or a packet that comes late
        if case.waiting().is_some() || after.is_some() || answers && !early || early && !case.with_ack {
            return None;
        }
        let [before, also] = [first, second].map(NonZeroU64::new);
        Some(ResetProof { before, also, waited: case.silence(), ..ResetProof::default() })
    },
    cause: unknown_cause,
    candidates: |proof| {
        let late = proof.waited.is_some_and(|waited| waited >= crate::model::thresholds::ANSWERED_WITHIN);
        let own = if late { IDLE_TIMER } else { CLOSE };
        Candidates::from_slice(&[own, FORGED])
    },
    says: |proof, words| {
        let (first, second) = (number(proof.before), number(proof.also));
        let both = if first == second { format!("frame {second}") } else { format!("frames {first} and {second}") };
        let since = proof.waited.map_or_else(String::new, |waited| format!(" for {}", waited.human()));
        format!(
            "Both sides had closed, and both FINs were acknowledged ({both}): this RST ends nothing, and leaves nothing unread. Nothing had been sent{since} that it could answer: a timer of the {} or of a middlebox (proxy, load balancer), or its program, sent it. Linux ends TIME-WAIT on it (RFC 1337).",
            words.sender
        )
    },
    frames,
};

/// Both sides had sent a RST, so no connection was left.
pub(super) const BOTH_RESET: Rule<ResetFamily> = Rule {
    code: ResetIgnored,
    label: "RST after both RSTs",
    rfc: &["RFC 9293 §3.10.7.1"],
    effect: ResetEffect::of(Ends::Over, |_, words| {
        format!("{} sends RST after both sides have reset the connection: it ends nothing", words.sender)
    }),
    applies: |case| {
        let confirmed = case.own.loss().resets.label != unacceptable::UNCONFIRMED;
        let before = case.own.reset.filter(|_| confirmed)?;
        let also = case.peer.reset?;
        let silent = case.peer.newest().is_none_or(|newest| newest.frame <= also.get());
        silent.then(|| ResetProof { before: Some(before), also: Some(also), ..ResetProof::default() })
    },
    cause: unknown_cause,
    candidates: |_| Candidates::from_slice(&[CLOSE, FORGED]),
    says: |proof, words| {
        format!(
            "The RST in frame {} and that of the {} in frame {} had ended the connection at both ends, and nothing came since that this one could answer. It changes nothing.",
            number(proof.before),
            words.receiver,
            number(proof.also)
        )
    },
    frames,
};
