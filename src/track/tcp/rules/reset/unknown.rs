//! RSTs whose cause the capture does not show.

use super::super::rule::{Rule, Words};
use super::ResetCase;
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{CLOSE, FORGED, frames, unknown_cause};
use crate::model::FindingCode::ResetUnknown;
use crate::track::cause::Candidates;

/// Nothing of the peer was captured, so it is unknown what came for the RST's sender.
pub(super) const ONE_WAY: Rule<ResetFamily> = unknown(|case| case.peer.newest().is_none().then(ResetProof::default));

/// Without ACK it should answer a segment, and none of those captured fits; or its sender had ended the connection.
pub(super) const NO_ACK_NO_QUESTION: Rule<ResetFamily> =
    unknown(|case| (!case.with_ack || case.own.reset.is_some()).then(ResetProof::default));

const fn unknown(applies: for<'a, 'b> fn(&'b ResetCase<'a>) -> Option<ResetProof>) -> Rule<ResetFamily> {
    Rule {
        code: ResetUnknown,
        label: "RST, cause unknown",
        rfc: &["RFC 9293 §3.5.3"],
        effect: ResetEffect::ends(|_, words| {
            format!("{} resets the connection; the capture does not show why", words.sender)
        }),
        applies,
        cause: unknown_cause,
        candidates: |_| Candidates::from_slice(&[CLOSE, FORGED]),
        says,
        frames,
    }
}

fn says(_: &ResetProof, words: &Words<'_>) -> String {
    format!("The {} reset the connection; nothing captured before it shows why.", words.sender)
}
