//! Words, frames and causes that several rules for RSTs share.

use std::num::NonZeroU64;

use super::super::rule::{Rule, Words, no_candidates};
use super::case::ResetCase;
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use crate::model::FindingCode;
use crate::track::cause::{Cause, CauseEvent};

/// A rule whose cause is the arrival of the segment that the RST answers.
pub(super) const fn answering(
    code: FindingCode,
    label: &'static str,
    rfc: &'static [&'static str],
    effect: ResetEffect,
    applies: for<'a, 'b> fn(&'b ResetCase<'a>) -> Option<ResetProof>,
    says: fn(&ResetProof, &Words<'_>) -> String,
) -> Rule<ResetFamily> {
    Rule { code, label, rfc, effect, applies, cause: arrival, candidates: no_candidates, says, frames }
}

fn arrival(proof: &ResetProof) -> Cause {
    Cause::arrival(proof.answers, "reset")
}

pub(super) fn unknown_cause(_: &ResetProof) -> Cause {
    Cause::UNKNOWN
}

pub(super) fn close_call(_: &ResetProof) -> Cause {
    CLOSE
}

/// The frames of a proof.
pub(super) fn frames(proof: &ResetProof) -> [u64; 6] {
    let [a, b, c, d] = [proof.before, proof.also, proof.answers, proof.or_to].map(number);
    [a, b, c, d, 0, 0]
}

pub(super) fn number(frame: Option<NonZeroU64>) -> u64 {
    frame.map_or(0, NonZeroU64::get)
}

/// A program closes its socket, or its host does so when the program ends.
pub(super) const CLOSE: Cause = Cause::of(CauseEvent::Call, "close");

pub(super) const EXIT: Cause = Cause::of(CauseEvent::Call, "exit");

/// A timer for idle connections.
pub(super) const IDLE_TIMER: Cause = Cause::of(CauseEvent::Timer, "idle");

/// Another host sent the RST with its sender's address.
pub(super) const FORGED: Cause = Cause::of(CauseEvent::Network, "forged");

/// `1 byte`, `12 bytes`.
pub(super) fn bytes(count: u32) -> String {
    crate::model::counted(u64::from(count), "byte")
}

/// `Frame 15`, `One of frames 12 to 15`.
pub(super) fn one_of(proof: &ResetProof) -> String {
    match (number(proof.answers), number(proof.or_to)) {
        (first, last) if last > first && proof.count == 2 => format!("frame {first} or {last}"),
        (first, last) if last > first => format!("one of frames {first} to {last}"),
        (first, _) => format!("frame {first}"),
    }
}

pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
