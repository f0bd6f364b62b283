//! A RST after both sides had closed and both FINs were acknowledged.

use std::num::NonZeroU64;

use super::super::rule::Rule;
use super::family::{Ends, ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{CLOSE, FORGED, IDLE_TIMER, frames, number, unknown_cause};
use crate::model::FindingCode::ResetIgnored;
use crate::track::cause::Candidates;

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
            "Both sides had closed, and both FINs were acknowledged ({both}): this RST ends nothing, and leaves nothing unread. Nothing had been sent{since} that it could answer: a timer of the {} or of a box on the path (proxy, load balancer), or its program, sent it. Linux ends TIME-WAIT on it (RFC 1337).",
            words.sender
        )
    },
    frames,
};
