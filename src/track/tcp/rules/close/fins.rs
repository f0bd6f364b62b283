//! Closes by FIN, of both sides or of one.

use super::super::rule::{Rule, no_candidates};
use super::case::{CloseCase, CloseEffect, CloseProof, Closes, Reply, TimeWait};
use crate::model::FindingCode;
use crate::track::cause::{Cause, CauseEvent};
use crate::track::tcp::summary::Fins;
use crate::track::totals::Close;

/// A call that closes a socket.
const CLOSE: Cause = Cause::of(CauseEvent::Call, "close");

/// Neither side had received the other's FIN when it sent its own.
pub(super) const SIMULTANEOUS: Rule<Closes> = Rule {
    code: FindingCode::SimultaneousClose,
    label: "simultaneous close",
    rfc: &["RFC 9293 §3.6"],
    effect: CloseEffect {
        reported: true,
        holds: TimeWait::Both,
        fact: |proof| {
            let (who, _) = proof.sides();
            format!(
                "both closed at once, the {who}'s FIN was captured first; both enter TIME-WAIT (not visible on the wire)"
            )
        },
        first: |proof| {
            let [one, other] = proof.fin_frames();
            Reply::known(format!(
                "Both at once: neither side had seen the other's FIN when it sent its own (frames {one} and {other})."
            ))
        },
        time_wait: |proof| {
            Reply::known(
                "Both: each closed before it saw the other's FIN, so each goes through CLOSING to TIME-WAIT (RFC 9293 §3.6).",
            )
            .shown_by(proof)
        },
    },
    applies: |case| {
        let (_, second) = both(case)?;
        case.proof(!second.acks_peer_fin)
    },
    cause: |_| CLOSE,
    candidates: no_candidates,
    says: |proof, _| {
        let [one, other] = proof.fin_frames();
        format!(
            "Both sides sent a FIN before they received the other's (frames {one} and {other}): simultaneous close. Both go through CLOSING to TIME-WAIT (RFC 9293 §3.6)."
        )
    },
    frames: of_both,
};

/// The second FIN carries the ACK of the first.
pub(super) const THREE_SEGMENTS: Rule<Closes> = Rule {
    code: FindingCode::CloseThree,
    label: "close in three segments",
    effect: CloseEffect {
        holds: TimeWait::First,
        fact: |proof| in_segments(proof, "three"),
        first: |proof| {
            let [.., other] = proof.fin_frames();
            let (_, peer) = proof.sides();
            closed_first(
                proof,
                &format!("three segments: the {peer}'s FIN in frame {other} carried the ACK of the first"),
            )
        },
        time_wait: |proof| {
            let ([one, _], (who, _)) = (proof.fin_frames(), proof.sides());
            Reply::known(format!(
                "The {who}, because it closed first (frame {one}): it may have to acknowledge a retransmitted FIN, and old segments must expire before the ports are reused (RFC 9293 §3.6)."
            ))
            .shown_by(proof)
        },
        ..SIMULTANEOUS.effect
    },
    applies: |case| {
        let (first, second) = both(case)?;
        case.proof(first.acked_by == Some(second.frame))
    },
    says: |proof, _| {
        let ([one, other], (who, peer)) = (proof.fin_frames(), proof.sides());
        format!(
            "The {who} closed first (frame {one}); the {peer}'s FIN in frame {other} carried the ACK of it, so three segments closed the connection. The {who} enters TIME-WAIT (RFC 9293 §3.6)."
        )
    },
    ..SIMULTANEOUS
};

/// Each FIN has an ACK of its own.
pub(super) const FOUR_SEGMENTS: Rule<Closes> = Rule {
    code: FindingCode::CloseFour,
    label: "close in four segments",
    effect: CloseEffect {
        fact: |proof| in_segments(proof, "four"),
        first: |proof| {
            let [.., other] = proof.fin_frames();
            let (_, peer) = proof.sides();
            closed_first(
                proof,
                &format!(
                    "four segments: the {peer} acknowledged it on its own and sent its FIN later, in frame {other}"
                ),
            )
        },
        ..THREE_SEGMENTS.effect
    },
    applies: |case| case.proof(both(case).is_some()),
    says: |proof, _| {
        let ([one, other], (who, peer)) = (proof.fin_frames(), proof.sides());
        let by = match proof.fin_acks() {
            [0, _] => String::new(),
            [by, _] => format!(" in frame {by}"),
        };
        format!(
            "The {who} closed first (frame {one}); the {peer} acknowledged that{by} and closed later (frame {other}). Each FIN has its own ACK: four segments. The {who} enters TIME-WAIT (RFC 9293 §3.6)."
        )
    },
    ..SIMULTANEOUS
};

/// One side closed, in a capture that was not read to its end.
pub(super) const ONE_SIDE_NOT_READ: Rule<Closes> = Rule {
    effect: CloseEffect {
        fact: |proof| format!("only the {} closed as far as the capture was read", proof.sides().0),
        ..ONE_SIDE.effect
    },
    applies: |case| case.proof(case.tcp.close == Close::Half && case.totals.may_go_on()),
    says: |_, _| "Only one side's FIN was read, and the capture was not read to its end.".to_owned(),
    ..ONE_SIDE
};

/// One side closed within the capture.
pub(super) const ONE_SIDE: Rule<Closes> = Rule {
    code: FindingCode::NoClose,
    label: "closed by one side",
    rfc: &["RFC 9293 §3.6"],
    effect: CloseEffect {
        reported: true,
        holds: TimeWait::Nobody,
        fact: |proof| format!("only the {} closed within the capture", proof.sides().0),
        first: |proof| {
            Reply::known(format!("The {} closed its direction.", proof.sides().0))
                .but("Whether and when the other side closed: its FIN is not in the capture.")
        },
        time_wait: |proof| {
            Reply::unknown(format!(
                "Only the {} has closed within the capture; it will enter TIME-WAIT if the other side closes too.",
                proof.sides().0
            ))
            .shown_by(proof)
        },
    },
    applies: |case| case.proof(case.tcp.close == Close::Half),
    cause: |_| CLOSE,
    candidates: no_candidates,
    says: |_, _| {
        "Only one side's FIN was captured: the other direction was still open when the capture ended, or its FIN was not captured.".to_owned()
    },
    frames: |proof| {
        let [fin, _] = proof.fin_frames();
        [fin, proof.last, 0, 0, 0, 0]
    },
};

/// Both FINs, where they closed the connection.
fn both<'a>(case: &CloseCase<'a>) -> Option<(&'a Fins, &'a Fins)> {
    if case.tcp.close == Close::Fin { case.both_fins() } else { None }
}

fn of_both(proof: &CloseProof) -> [u64; 6] {
    let ([one, other], [first_ack, last_ack]) = (proof.fin_frames(), proof.fin_acks());
    [one, other, first_ack, last_ack, 0, 0]
}

fn in_segments(proof: &CloseProof, count: &str) -> String {
    let (who, _) = proof.sides();
    format!("the {who} closed first, in {count} segments; it enters TIME-WAIT (not visible on the wire)")
}

fn closed_first(proof: &CloseProof, how: &str) -> Reply {
    let ([one, _], (who, _)) = (proof.fin_frames(), proof.sides());
    let reply = Reply::known(format!("The {who} closed first, with the FIN in frame {one}; {how}."));
    match proof.fin_acks() {
        [_, 0] => reply.but(format!("Whether the {who} acknowledged the second FIN: that ACK is not in the capture.")),
        _ => reply,
    }
}
