//! Connections whose close is not in the capture.

use super::super::rule::{Rule, no_candidates};
use super::case::{CloseEffect, CloseProof, Closes, Reply, TimeWait};
use crate::model::FindingCode;
use crate::track::cause::Cause;

/// Nothing answered the SYN before the reading stopped: it may still be answered.
pub(super) const SYN_NOT_READ_ON: Rule<Closes> = Rule {
    effect: CloseEffect { reported: false, ..NOT_READ_TO_END.effect },
    applies: |case| case.proof(case.tcp.summary.unanswered_syn && case.totals.may_go_on()),
    ..NOT_READ_TO_END
};

/// Nothing shows that the connection opened; the handshake's finding says so.
pub(super) const NEVER_OPENED: Rule<Closes> = Rule {
    code: FindingCode::Abandoned,
    label: "never opened",
    effect: CloseEffect {
        reported: false,
        fact: |_| "none: the connection never opened in this capture".to_owned(),
        first: |_| Reply::unknown(NOTHING_TO_CLOSE),
        time_wait: |_| first_to_close(NOTHING_TO_CLOSE),
        ..AT_END.effect
    },
    applies: |case| case.proof(case.tcp.summary.unanswered_syn || case.totals.never_opened()),
    says: |_, _| NOTHING_TO_CLOSE.to_owned(),
    ..AT_END
};

/// A SYN on the same ports began another stream, which counts any later packets.
pub(super) const SUPERSEDED: Rule<Closes> = Rule {
    label: "superseded",
    applies: |case| case.proof(case.tcp.summary.rare().superseded_by.is_some()),
    says: |proof, _| {
        format!(
            "No FIN or RST of this connection was captured. The SYN in frame {} on the same ports began another stream: any later packets of this connection are counted there.",
            proof.superseded_by
        )
    },
    frames: |proof| [proof.began, proof.last, proof.superseded_by, 0, 0, 0],
    ..AT_END
};

/// The reading stopped before the capture's end.
pub(super) const NOT_READ_TO_END: Rule<Closes> = Rule {
    label: "not read to the end",
    effect: CloseEffect {
        fact: |_| "none as far as the capture was read".to_owned(),
        first: |_| Reply::unknown(NOT_READ),
        time_wait: |_| first_to_close(NOT_READ),
        ..AT_END.effect
    },
    applies: |case| case.proof(case.totals.may_go_on()),
    says: |_, _| "No FIN or RST was read, and the capture was not read to its end.".to_owned(),
    ..AT_END
};

/// Resets came, and ended nothing.
pub(super) const RESETS_IGNORED: Rule<Closes> = Rule {
    effect: CloseEffect {
        first: |_| Reply::unknown(NO_RESET_ENDED_IT),
        time_wait: |_| first_to_close(NO_RESET_ENDED_IT),
        ..AT_END.effect
    },
    applies: |case| {
        let resets = &case.tcp.summary.rare().ignored_resets;
        case.proof(resets.client_to_server.or(resets.server_to_client).is_some())
    },
    says: |_, _| {
        "No FIN was captured, and no RST that ended it: the connection was still open when the capture ended, or its close was not captured.".to_owned()
    },
    ..AT_END
};

/// Neither FIN nor RST.
pub(super) const AT_END: Rule<Closes> = Rule {
    code: FindingCode::NoClose,
    label: "no close captured",
    rfc: &["RFC 9293 §3.6"],
    effect: CloseEffect {
        reported: true,
        holds: TimeWait::Nobody,
        fact: |_| "not captured".to_owned(),
        first: |_| Reply::unknown(STILL_OPEN),
        time_wait: |_| first_to_close(STILL_OPEN),
    },
    applies: |case| case.proof(true),
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |_, _| {
        "No FIN or RST was captured: the connection was still open when the capture ended, or its close was not captured.".to_owned()
    },
    frames: |proof: &CloseProof| [proof.began, proof.last, 0, 0, 0, 0],
};

const NOT_READ: &str = "No FIN or RST is in what was read of the capture.";
const NOTHING_TO_CLOSE: &str = "The connection never opened, so there is nothing to close.";
const NO_RESET_ENDED_IT: &str = "No FIN is in the capture, and no RST that ended the connection: it was still open when the capture ended, or its close was not captured.";
const STILL_OPEN: &str =
    "No FIN or RST is in the capture: the connection was still open when it ended, or its close was not captured.";

fn first_to_close(why: &str) -> Reply {
    Reply::unknown(format!("{why} The side that closes first goes to TIME-WAIT."))
}
