//! Connections that a RST ended. Its own rule says why it was sent.

use super::super::rule::{Rule, no_candidates};
use super::case::{CloseEffect, CloseProof, Closes, Reply, TimeWait};
use crate::model::{Direction, FindingCode};
use crate::track::cause::Cause;
use crate::track::totals::{Close, Handshake};

/// The SYN was answered by RST: no connection.
pub(super) const REFUSED: Rule<Closes> = Rule {
    code: FindingCode::Refused,
    label: "refused",
    effect: CloseEffect {
        fact: ended_by_reset,
        first: |_| Reply::known("Neither: the connection never opened. The server refused it with RST."),
        time_wait: |_| Reply::known("Neither: the connection never opened."),
        ..RESET.effect
    },
    applies: |case| {
        let closed = matches!(case.tcp.close, Close::Fin | Close::Half);
        case.proof(case.tcp.handshake == Handshake::Refused && !closed)
    },
    ..RESET
};

/// A RST instead of the ACK of the SYN-ACK.
pub(super) const BEFORE_OPEN: Rule<Closes> = Rule {
    code: FindingCode::Abandoned,
    label: "reset before open",
    effect: CloseEffect {
        fact: |proof| match first_reset(proof) {
            Some((reset, sender)) => {
                let end =
                    format!("the {}'s RST in frame {reset} ended the connection before it was open", sender.sender());
                with_went_on(proof, end)
            }
            None => ended_by_reset(proof),
        },
        first: |proof| sent_by(proof, format!("Neither: {} came before the connection was open.", resets(proof))),
        ..RESET.effect
    },
    applies: |case| case.proof(case.tcp.close == Close::Rst && case.totals.never_opened()),
    ..RESET
};

/// A RST of either side.
pub(super) const RESET: Rule<Closes> = Rule {
    code: FindingCode::ResetAbort,
    label: "reset",
    rfc: &["RFC 9293 §3.5.3"],
    effect: CloseEffect {
        reported: false,
        holds: TimeWait::Nobody,
        fact: ended_by_reset,
        first: |proof| {
            let who = proof.closed_first.map_or("unknown", Direction::sender);
            let text =
                format!("The {who} was first to close or reset; {} ended the connection at once.", resets(proof));
            sent_by(proof, text)
        },
        time_wait: |proof| {
            Reply::known(
                "Neither as far as the capture shows: a reset ends the connection at once on both sides, without TIME-WAIT.",
            )
            .shown_by(proof)
        },
    },
    applies: |case| case.proof(case.tcp.close == Close::Rst),
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, _| ended_by_reset(proof),
    frames: |proof| {
        let [client, server] = proof.ends();
        [client, server, 0, 0, 0, 0]
    },
};

fn first_reset(proof: &CloseProof) -> Option<(u64, Direction)> {
    let sent = |side: Direction| proof.resets.get(side).map(|frame| (frame, side));
    let (client, server) = (sent(Direction::ClientToServer), sent(Direction::ServerToClient));
    client.into_iter().chain(server).min_by_key(|(frame, _)| *frame)
}

fn ended_by_reset(proof: &CloseProof) -> String {
    let label = first_reset(proof).zip(proof.reset_label);
    let cause = label.map_or_else(String::new, |((frame, _), label)| format!(" (frame {frame}: {label})"));
    match proof.closed_first.map(Direction::sender) {
        Some(who) => with_went_on(proof, format!("ended by a reset{cause}; the {who} was first to close or reset")),
        None => format!("ended by a reset{cause}"),
    }
}

/// The same, where the sender of the first RST continued as if it had sent none.
fn with_went_on(proof: &CloseProof, end: String) -> String {
    match proof.continued_after_reset {
        Some((who, since)) => {
            format!("{end}; but the {who} went on in frame {since}, so another host may have sent that in its name")
        }
        None => end,
    }
}

fn sent_by(proof: &CloseProof, text: String) -> Reply {
    match proof.continued_after_reset {
        Some((who, since)) => Reply::known(text).but(format!(
            "Who sent the first RST: the {who} went on in frame {since} as if it had sent none, so another host may have sent it in its name."
        )),
        None => Reply::known(text),
    }
}

fn resets(proof: &CloseProof) -> String {
    let sides = [Direction::ClientToServer, Direction::ServerToClient];
    let resets = sides.into_iter().filter_map(|side| Some((side.sender(), (*proof.resets.get(side))?)));
    let resets: Vec<_> = resets.map(|(who, frame)| format!("the {who}'s RST in frame {frame}")).collect();
    resets.join(" and ")
}
