//! A RST that a traced call is known to have sent: nothing is inferred.

use super::super::rule::{Rule, Words, no_candidates};
use super::ResetCase;
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{CLOSE, EXIT, bytes, frames};
use crate::model::ClosedBy;
use crate::model::FindingCode::{ResetAbort, ResetUnread};
use crate::track::cause::Cause;

fn proof(case: &ResetCase<'_>, lingers: bool) -> Option<ResetProof> {
    let call = case.closing_call().filter(|call| call.lingers == lingers && (lingers || call.unread > 0))?;
    Some(ResetProof {
        call: Some((call.number, call.by)),
        bytes: u32::try_from(call.unread).unwrap_or(u32::MAX),
        before: case.last_data().filter(|_| call.unread > 0),
        ..ResetProof::default()
    })
}

fn cause(proof: &ResetProof) -> Cause {
    match proof.call {
        Some((_, ClosedBy::Exit | ClosedBy::Killed)) => EXIT,
        _ => CLOSE,
    }
}

/// `The server called close() with 5 bytes unread (call 14)`
fn called(proof: &ResetProof, words: &Words<'_>) -> String {
    let (number, by) = proof.call.unwrap_or((0, ClosedBy::Close));
    let unread = if proof.bytes > 0 { format!(" with {} unread", bytes(proof.bytes)) } else { String::new() };
    let sender = words.sender;
    match by {
        ClosedBy::Close => format!("The {sender} called close(){unread} (call {number})"),
        ClosedBy::Exit => format!("The {sender}'s program ended{unread} (call {number})"),
        ClosedBy::Killed => format!("The {sender}'s program was killed{unread} (call {number})"),
    }
}

/// `closes`, `ends`
fn verb(proof: &ResetProof) -> &'static str {
    match proof.call {
        Some((_, ClosedBy::Exit)) => "ends",
        Some((_, ClosedBy::Killed)) => "is killed",
        _ => "closes",
    }
}

/// SO_LINGER was set with a zero timeout: the close is an abort, whatever was read.
pub(super) const LINGER: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "aborted by SO_LINGER",
    rfc: &["RFC 9293 §3.10.5"],
    effect: ResetEffect::ends(|proof, words| {
        format!("{} {} with SO_LINGER set to a zero timeout: RST instead of FIN", words.sender, verb(proof))
    }),
    applies: |case| proof(case, true),
    cause,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "{}. SO_LINGER was set with a zero timeout, so its kernel sent RST instead of FIN, and discarded what was not sent or read.",
            called(proof, words)
        )
    },
    frames,
};

/// Bytes of the peer were unread.
pub(super) const UNREAD: Rule<ResetFamily> = Rule {
    code: ResetUnread,
    label: "closed with unread data",
    rfc: &["RFC 2525 §2.17", "RFC 1122 §4.2.2.13"],
    effect: ResetEffect::ends(|proof, words| {
        format!(
            "{} {} with {} of the {} unread: RST instead of FIN",
            words.sender,
            verb(proof),
            bytes(proof.bytes),
            words.receiver
        )
    }),
    applies: |case| proof(case, false),
    cause,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "{}, so its kernel sent RST instead of FIN (RFC 2525 §2.17, RFC 1122 §4.2.2.13). The unread bytes are lost, and the {} learns that the connection was aborted. To close with FIN, call recv() until it returns 0, then close().",
            called(proof, words),
            words.receiver
        )
    },
    frames,
};
