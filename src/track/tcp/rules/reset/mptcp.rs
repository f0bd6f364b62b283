//! RSTs that say by an MPTCP option why they were sent (RFC 8684 §3.5, §3.6).

use super::super::rule::{Rule, no_candidates};
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{answering, close_call, frames, number, unknown_cause};
use crate::model::FindingCode::{ResetAbort, ResetUnknown};
use crate::track::cause::Candidates;

/// Subtype of MP_FASTCLOSE.
pub(in crate::track) const MP_FASTCLOSE: u8 = 7;
/// Subtype of MP_TCPRST.
const MP_TCPRST: u8 = 8;

/// The whole MPTCP connection is closed at once.
pub(super) const FAST_CLOSE: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "MPTCP fast close",
    rfc: &["RFC 8684 §3.5"],
    effect: ResetEffect::ends(|_, words| {
        format!("{} closes the whole MPTCP connection at once: RST with MP_FASTCLOSE", words.sender)
    }),
    applies: |case| {
        let option = case.segment.options.mptcp.filter(|option| option.subtype == MP_FASTCLOSE);
        option.map(|_| ResetProof::default())
    },
    cause: close_call,
    candidates: no_candidates,
    says: |_, words| {
        format!(
            "The {} closed the whole MPTCP connection at once: the RST carries MP_FASTCLOSE (RFC 8684 §3.5), which corresponds to a RST for all subflows.",
            words.sender
        )
    },
    frames,
};

/// The peer had asked for a fast close on an ACK: a RST is due then.
pub(super) const ANSWERS_FAST_CLOSE: Rule<ResetFamily> = answering(
    ResetAbort,
    "answers an MPTCP fast close",
    &["RFC 8684 §3.5"],
    ResetEffect::ends(|proof, words| {
        format!("{} answers MP_FASTCLOSE in frame {} with RST, as it must", words.sender, number(proof.answers))
    }),
    |case| {
        let newest = case.peer.newest().filter(|newest| case.can_answer(newest.at))?;
        let asks = case.recorder.asks_fast_close(!case.packet.direction, newest.frame);
        asks.then(|| case.answers(newest.frame))
    },
    |proof, words| {
        format!(
            "The {} closed the whole MPTCP connection with MP_FASTCLOSE in frame {}; the {} answers with RST (RFC 8684 §3.5).",
            words.receiver,
            number(proof.answers),
            words.sender
        )
    },
);

/// One subflow is reset, with a reason.
pub(super) const RESET_OPTION: Rule<ResetFamily> = Rule {
    code: ResetUnknown,
    label: "MPTCP subflow reset",
    rfc: &["RFC 8684 §3.6"],
    effect: ResetEffect::ends(|proof, words| {
        format!("{} resets this MPTCP subflow: RST with MP_TCPRST, \"{}\"", words.sender, reason(proof.number))
    }),
    applies: |case| {
        let option = case.segment.options.mptcp.filter(|option| option.subtype == MP_TCPRST)?;
        Some(ResetProof { number: u32::from(option.reason), ..ResetProof::default() })
    },
    cause: unknown_cause,
    candidates: |_| Candidates::new(),
    says: |proof, words| {
        format!(
            "The {} reset this MPTCP subflow, and gives the reason in the MP_TCPRST option: {} (RFC 8684 §3.6). Other subflows may go on.",
            words.sender,
            reason(proof.number)
        )
    },
    frames,
};

/// The reasons of RFC 8684 §3.6.
fn reason(code: u32) -> &'static str {
    match code {
        0 => "unspecified error",
        1 => "MPTCP-specific error",
        2 => "lack of resources",
        3 => "administratively prohibited",
        4 => "too much outstanding data",
        5 => "unacceptable performance",
        6 => "middlebox interference",
        _ => "a reason that is not assigned",
    }
}
