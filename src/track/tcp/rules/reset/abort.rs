//! A program that aborts its connection, with nothing that shows that data was unread.

use super::super::rule::{Rule, Words, no_candidates};
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{CLOSE, EXIT, bytes, close_call, frames, number, unknown_cause};
use super::{ResetCase, unread};
use crate::model::Direction;
use crate::model::FindingCode::ResetAbort;
use crate::model::thresholds::{PROGRAM_AT_ONCE, PROGRAM_HAS_READ};
use crate::track::cause::Candidates;
use crate::track::tcp::segment::SentSegment;

const ZERO_LINGER: &[&str] = &["RFC 9293 §3.10.5"];

/// A client whose request was answered by one short segment, and that resets the connection as soon as it comes.
pub(super) const AT_ONCE: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "aborted after the answer",
    rfc: ZERO_LINGER,
    effect: ResetEffect::ends(|proof, words| {
        let answer = number(proof.before);
        format!("{} aborts the connection: RST, at once after the answer in frame {answer}", words.sender)
    }),
    applies: |case| {
        let proof = unread::unread(case).filter(|_| !case.is_gone())?;
        let answer = case.peer.sent.last_data().filter(|answer| answer.len == proof.bytes)?;
        is_at_once(case, answer).then_some(proof)
    },
    cause: close_call,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "The {} closed with RST at once when the answer in frame {} had come. Its program closed with a zero SO_LINGER timeout, or left the answer unread; both look the same.",
            words.sender,
            number(proof.before)
        )
    },
    frames,
};

/// A longer answer may take more than one read.
fn is_at_once(case: &ResetCase<'_>, answer: &SentSegment) -> bool {
    let direction = case.packet.direction;
    let asked = case.own.sent.last_data().is_some_and(|request| answer.len <= request.len);
    let network = case.handshake.answer_time(direction).unwrap_or_default();
    let soon = case.packet.since(answer.at).is_some_and(|took| took.minus(network) < PROGRAM_AT_ONCE);
    direction == Direction::ClientToServer && asked && answer.acked_by.is_some() && soon
}

/// A client whose request was answered, and which acknowledged all of the answer.
pub(super) const AFTER_ANSWER: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "aborted after the answer",
    rfc: ZERO_LINGER,
    effect: ResetEffect::ends(|_, words| {
        format!("{} aborts the connection: RST, with its request answered", words.sender)
    }),
    applies: |case| {
        let proof = unread::unread(case).filter(|_| !case.is_gone() && case.unacked() == 0)?;
        is_answer(case, proof.bytes).then_some(proof)
    },
    cause: close_call,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "The {} closed with RST after its request was answered, and all {} of the answer were acknowledged. Either SO_LINGER was set with a zero timeout, or some of the answer was unread (RFC 2525 §2.17): how much a program has read is not on the wire.",
            words.sender,
            bytes(proof.bytes)
        )
    },
    frames,
};

/// Returns `true` if this number of bytes is an answer, which a client need not answer in turn: no more than its
/// request, or all captured long ago.
fn is_answer(case: &ResetCase<'_>, bytes: u32) -> bool {
    let asked = case.own.sent.last_data().filter(|_| case.packet.direction == Direction::ClientToServer);
    let long_ago = case.packet.since(case.peer.last_data).is_some_and(|since| since >= PROGRAM_HAS_READ);
    asked.is_some_and(|request| bytes <= request.len || long_ago)
}

/// A server that has sent nothing: the program may never have accepted the connection.
pub(super) const NOT_ACCEPTED: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "aborted before any data",
    rfc: ZERO_LINGER,
    effect: ResetEffect::ends(abort_sentence),
    applies: |case| {
        let server = case.packet.direction == Direction::ServerToClient;
        let silent = case.own.isn.is_some_and(|isn| isn.plus(1) == case.segment.seq);
        (server && silent && !case.is_gone()).then(ResetProof::default)
    },
    cause: unknown_cause,
    candidates: |_| Candidates::from_slice(&[CLOSE, EXIT]),
    says: |_, words| {
        format!(
            "The {} ended the connection with RST, and had sent no data. Candidates: close() with a zero SO_LINGER timeout, the end of its program, or its listening socket was closed before the program accepted the connection.",
            words.sender
        )
    },
    frames,
};

/// Nothing was unanswered.
pub(super) const ABORT: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "aborted",
    rfc: ZERO_LINGER,
    effect: ResetEffect::ends(abort_sentence),
    applies: |case| {
        let bytes = case.unechoed_request();
        let flag = case.may_be_unread();
        Some(ResetProof { bytes, before: case.last_data().filter(|_| bytes > 0), flag, ..ResetProof::default() })
    },
    cause: close_call,
    candidates: no_candidates,
    says: |proof, words| {
        let unread = match proof.bytes {
            0 if proof.flag => format!(
                " Or some of the {}'s data was unread, which makes close() send RST as well (RFC 2525 §2.17): an answer does not prove that all was read.",
                words.receiver
            ),
            0 => String::new(),
            count => format!(
                " The last {} of the {} were not echoed and may be unread, which makes close() send RST as well (RFC 2525 §2.17).",
                bytes(count),
                words.receiver
            ),
        };
        format!(
            "The {} ended the connection with RST, with no data from the {} left to answer: close() with a zero SO_LINGER timeout, or the end of its program on systems that send RST then.{unread}",
            words.sender, words.receiver
        )
    },
    frames,
};

fn abort_sentence(_: &ResetProof, words: &Words<'_>) -> String {
    format!("{} aborts the connection: RST, with no data left to answer", words.sender)
}
