//! A RST that carries text: a diagnostic of its sender, no data of the connection (RFC 1122 §4.2.2.12).

use super::super::rule::{Rule, Words};
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{bytes, frames, unknown_cause};
use crate::model::FindingCode::ResetUnknown;
use crate::model::visible;
use crate::track::cause::Candidates;

/// Most characters of the text that are shown.
const SHOWN: usize = 200;

/// The text says why.
pub(super) const TEXT: Rule<ResetFamily> = Rule {
    code: ResetUnknown,
    label: "RST with a reason",
    rfc: &["RFC 1122 §4.2.2.12", "RFC 9293 §3.5.3"],
    effect: ResetEffect::ends(|proof, words| match text(words) {
        Some(text) => format!("{} resets the connection and gives the reason: {text}", words.sender),
        None => format!("{} resets the connection: RST with {} of diagnostic data", words.sender, bytes(proof.bytes)),
    }),
    applies: |case| {
        let bytes = case.segment.len;
        (bytes > 0).then(|| ResetProof { bytes, ..ResetProof::default() })
    },
    cause: unknown_cause,
    candidates: |_| Candidates::new(),
    says: |proof, words| {
        let says = text(words).map_or_else(String::new, |text| format!(": {text}"));
        format!(
            "The RST carries {} of diagnostic text{says}. Data on a RST gives its reason (RFC 1122 §4.2.2.12) and is not an answer to a request.",
            bytes(proof.bytes)
        )
    },
    frames,
};

/// The text in quotation marks.
fn text(words: &Words<'_>) -> Option<String> {
    if words.payload.is_empty() {
        return None;
    }
    let (text, whole) = visible(words.payload, SHOWN);
    Some(format!("\"{text}{}\"", if whole { "" } else { "…" }))
}
