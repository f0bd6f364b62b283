//! A program that closes while bytes of its peer are not read (RFC 2525 §2.17, RFC 1122 §4.2.2.13).

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::ResetCase;
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{CLOSE, EXIT, bytes, close_call, frames, number, unknown_cause};
use crate::model::Direction;
use crate::model::FindingCode::{ResetAbort, ResetUnread};
use crate::track::cause::Candidates;

/// Bytes of the peer that this side may not have read: they came since its own last data, or are not acknowledged.
pub(super) fn unread(case: &ResetCase<'_>) -> Option<ResetProof> {
    let bytes = case.peer.unread_bytes.max(case.unacked());
    let last = case.peer.sent.last_data().filter(|sent| sent.len <= bytes);
    let before = last.and_then(|sent| NonZeroU64::new(sent.frame));
    (bytes > 0).then(|| ResetProof { before, bytes, ..ResetProof::default() })
}

/// The RST acknowledges none of the peer's last bytes: they had not come.
pub(super) const NOT_ARRIVED: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "aborted, data in transit",
    rfc: &["RFC 9293 §3.10.5"],
    effect: ResetEffect::ends(|proof, words| {
        format!(
            "{} aborts the connection: RST; the {}'s last {} had not reached it",
            words.sender,
            words.receiver,
            bytes(proof.bytes)
        )
    }),
    applies: |case| {
        let unacked = if case.with_ack { case.unacked() } else { 0 };
        let proof = unread(case).filter(|proof| !case.is_gone() && unacked > 0 && unacked >= proof.bytes)?;
        // earlier data had come, and only an echo shows that it was read
        let flag = case.acks_data() && case.may_be_unread();
        Some(ResetProof { flag, ..proof })
    },
    cause: unknown_cause,
    candidates: |_| Candidates::from_slice(&[CLOSE, EXIT]),
    says: |proof, words| {
        let earlier = match proof.flag {
            true => "close() with earlier data unread (RFC 2525 §2.17), ",
            false => "",
        };
        format!(
            "The {} ended the connection with RST. Its ACK number excludes the {}'s last {}: they had not arrived, so they were not unread. Candidates: {earlier}close() with a zero SO_LINGER timeout, a timer of the {}, or the end of its program.",
            words.sender,
            words.receiver,
            bytes(proof.bytes),
            words.sender
        )
    },
    frames,
};

/// shutdown() or close() had sent the FIN; the RST comes on top of it.
pub(super) const AFTER_OWN_FIN: Rule<ResetFamily> = Rule {
    code: ResetUnread,
    label: "closed with unread data after its FIN",
    rfc: &["RFC 2525 §2.17", "RFC 1122 §4.2.2.13"],
    effect: ResetEffect::ends(|proof, words| {
        format!(
            "{} sends RST after its own FIN (frame {}), with {} of the {} unread",
            words.sender,
            number(proof.also),
            bytes(proof.bytes),
            words.receiver
        )
    }),
    applies: |case| {
        let fin = case.own.fin.filter(|_| case.with_ack && case.over().is_none())?;
        unread(case).map(|proof| ResetProof { also: NonZeroU64::new(fin.frame), ..proof })
    },
    cause: close_call,
    candidates: no_candidates,
    says: |proof, words| {
        let last = proof.before.map_or_else(String::new, |frame| format!(" (last in frame {frame})"));
        format!(
            "The {} had sent its FIN in frame {} by shutdown(), and closed its socket with {} of the {}{last} unread, so its kernel sent RST after the FIN (RFC 2525 §2.17, RFC 1122 §4.2.2.13). A zero SO_LINGER timeout would look the same.",
            words.sender,
            number(proof.also),
            bytes(proof.bytes),
            words.receiver
        )
    },
    frames,
};

/// Bytes of the peer had come that this side never answered.
pub(super) const UNREAD: Rule<ResetFamily> = Rule {
    code: ResetUnread,
    label: "closed with possibly unread data",
    rfc: &["RFC 2525 §2.17", "RFC 1122 §4.2.2.13"],
    effect: ResetEffect::ends(|proof, words| {
        format!(
            "{} aborts: RST instead of FIN; the last {} from the {} may be unread",
            words.sender,
            bytes(proof.bytes),
            words.receiver
        )
    }),
    applies: |case| {
        let proof = unread(case).filter(|_| !case.is_gone())?;
        let in_transit = if case.with_ack { case.unacked().min(proof.bytes) } else { 0 };
        let arrived = case.peer.sent.acked().rev().find(|sent| sent.len > 0);
        let arrived = arrived.and_then(|sent| NonZeroU64::new(sent.frame));
        let before = if in_transit > 0 { arrived } else { proof.before };
        // a server that never sent a byte may never have accepted the connection
        let server = case.packet.direction == Direction::ServerToClient;
        let flag = server && case.own.isn.is_some_and(|isn| isn.plus(1) == case.segment.seq);
        Some(ResetProof { flag, before, bytes: proof.bytes - in_transit, number: in_transit, ..proof })
    },
    cause: close_call,
    candidates: no_candidates,
    says: |proof, words| {
        let last = proof.before.map_or_else(String::new, |frame| format!(" (up to frame {frame})"));
        let in_transit = match proof.number {
            0 => String::new(),
            count => format!(" Another {} had not arrived.", bytes(count)),
        };
        let or = match proof.flag {
            true => {
                "SO_LINGER was set with a zero timeout, or its listening socket was closed before the program accepted the connection"
            }
            false => "SO_LINGER was set with a zero timeout",
        };
        format!(
            "The {} closed with RST instead of FIN; the last {} from the {}{last} may be unread, and close() then sends RST (RFC 2525 §2.17). Otherwise {or}.{in_transit} The {} learns that the connection was aborted; unread bytes are lost.",
            words.sender,
            bytes(proof.bytes),
            words.receiver,
            words.receiver
        )
    },
    frames,
};
