//! A RST that was corrupted on the path: its receiver discards it (RFC 9293 §3.1).

use super::super::rule::{Rule, no_candidates};
use super::ResetCase;
use super::family::{Ends, ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{frames, unknown_cause};
use crate::model::Checksum;
use crate::model::FindingCode::ChecksumInvalid;

/// A wrong checksum, where the sender's other segments have valid ones. It is asked first: no number of it counts.
pub(super) const CORRUPTED: Rule<ResetFamily> = Rule {
    code: ChecksumInvalid,
    label: "corrupted RST",
    rfc: &["RFC 9293 §3.1"],
    effect: ResetEffect::of(Ends::Nothing, |_, words| {
        format!("{} sends RST; the checksum is invalid, so the {} discards it", words.sender, words.receiver)
    }),
    applies: is_corrupted,
    cause: unknown_cause,
    candidates: no_candidates,
    says: |_, words| {
        format!(
            "The checksum is invalid, while other segments of the {} have valid ones: the RST was corrupted, and the {} discards it (RFC 9293 §3.1). It ends nothing at the {}; its sender may have closed the connection all the same.",
            words.sender, words.receiver, words.receiver
        )
    },
    frames,
};

fn is_corrupted(case: &ResetCase<'_>) -> Option<ResetProof> {
    let wrong = case.segment.checksum == Checksum::Invalid && case.checksums_tell;
    (wrong && case.own.sent.bad_checksums_are_lost()).then(ResetProof::default)
}
