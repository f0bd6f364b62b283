//! Segments of a connection that their receiver does not have, though nothing of its own shows that it ended it (half-open,
//! RFC 9293 §3.5.1).

use std::num::NonZeroU64;

use super::super::rule::{Rule, Words};
use super::ResetCase;
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{answering, bytes, capitalized, number, one_of};
use crate::model::FindingCode::ResetStale;
use crate::model::thresholds::IDLE_TIMEOUT;
use crate::track::tcp::loss_state::Asks;

/// The label of a RST after the peer's: the next ones follow the same RST of the peer.
const AFTER_PEER: &str = "segment after the peer's RST";

/// The peer's RST had ended the connection.
pub(super) const AFTER_PEER_RST: Rule<ResetFamily> = answering(
    ResetStale,
    AFTER_PEER,
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::ends(|proof, words| {
        let (answers, reset) = (number(proof.answers), number(proof.before));
        format!(
            "{} has no connection since the {}'s RST in frame {reset}: RST in answer to frame {answers}",
            words.sender, words.receiver
        )
    }),
    |case| {
        let follows = case.own.reset.is_some() && case.own.loss().resets.label == AFTER_PEER;
        let reset = case.peer.reset.filter(|_| case.own.fin.is_none() && (follows || !case.is_gone()))?;
        // a SYN-ACK of its own after that began another attempt
        let anew = case.own.syn.is_some_and(|(frame, _)| frame > reset);
        if anew {
            return None;
        }
        let answered = case.answered.filter(|answered| answered.frame > reset.get())?;
        let flag = case.peer.loss().resets.foreign;
        Some(ResetProof { before: Some(reset), bytes: answered.len, flag, ..case.answers(answered.frame) })
    },
    |proof, words| {
        let why = if proof.flag {
            format!("The {} went on, since another host had sent that RST.", words.receiver)
        } else {
            format!(
                "The {} went on after its own RST: another host sent that one with its address, or packets overtook each other.",
                words.receiver
            )
        };
        let lost = match proof.bytes {
            0 => String::new(),
            count => format!(" The {} of frame {} never reached the program.", bytes(count), number(proof.answers)),
        };
        format!(
            "The RST in frame {} had ended the connection for the {}, so its kernel answers frame {} with RST (RFC 9293 §3.10.7.1). {why}{lost}",
            number(proof.before),
            words.sender,
            number(proof.answers)
        )
    },
);

/// A challenge ACK is answered with RST: its sender has no connection. Its RST before may be its own or forged.
pub(super) const CONFIRMED: Rule<ResetFamily> = answering(
    ResetStale,
    "RST in answer to a challenge ACK",
    &["RFC 5961 §3.2"],
    ResetEffect::ends(|proof, words| {
        let challenge = number(proof.answers);
        format!("{} answers the challenge ACK in frame {challenge} with RST at the number that it named", words.sender)
    }),
    |case| {
        let answered = case.answered.filter(|_| case.own.snd_nxt.is_some() && case.own.reset.is_none())?;
        let (reset, challenge) = case.recorder.challenged(case.packet.direction)?;
        let continued_after_reset = case.own.newest().map(|newest| newest.frame).filter(|frame| *frame > reset);
        let meant = challenge == answered.frame;
        meant.then(|| ResetProof {
            before: NonZeroU64::new(reset),
            also: continued_after_reset.and_then(NonZeroU64::new),
            flag: case.own.fin.is_some(),
            ..case.answers(challenge)
        })
    },
    |proof, words| {
        let (reset, challenge) = (number(proof.before), number(proof.answers));
        let why = match proof.also {
            _ if proof.flag => format!(
                "Its program had closed; either the RST in frame {reset} was its own, or its socket was gone for another reason."
            ),
            Some(continued_after_reset) => format!(
                "The {} sent frame {continued_after_reset} after the RST in frame {reset}: another host sent that one, or packets overtook each other. The capture does not show why the {} has no connection.",
                words.sender, words.sender
            ),
            None => format!(
                "Either the RST in frame {reset} was its own, and its bytes before that RST did not arrive; or another host sent that one, and the {} lost its connection for another reason.",
                words.sender
            ),
        };
        format!(
            "This RST answers the challenge ACK in frame {challenge} at the number that it named: the {} has no connection, and the {}'s ends (RFC 5961 §3.2). {why}",
            words.sender, words.receiver
        )
    },
);

/// The segment that a RST without ACK answers, of a connection that its sender had not ended. Of several that wait for an
/// answer it is the first.
pub(super) fn answered(case: &ResetCase<'_>) -> Option<ResetProof> {
    let open = !case.is_gone() || case.own.loss().resets.half_open && case.own.fin.is_none();
    let answered = case.answered.filter(|_| open)?;
    let waiting = case.waiting().filter(|waiting| !case.with_ack && waiting.last >= answered.frame);
    Some(match waiting {
        Some(waiting) => ResetProof {
            or_to: NonZeroU64::new(waiting.last).filter(|_| waiting.count > 1),
            count: waiting.count,
            ..case.answers(waiting.first)
        },
        None => case.answers(answered.frame),
    })
}

/// Returns `true` if its numbers are those of the connection as captured.
pub(super) fn fits(case: &ResetCase<'_>) -> bool {
    let own = case.own;
    // of several SYN-ACKs the last one counts
    let superseded = own.several_isns && own.seq_base.is_some_and(|base| base.plus(1) != case.segment.seq);
    case.answered.is_some_and(|answered| !answered.syn) && own.snd_nxt == Some(case.segment.seq) && !superseded
}

/// Its numbers fit no connection of this side.
pub(super) const STALE: Rule<ResetFamily> = answering(
    ResetStale,
    "segment of no known connection",
    &["RFC 9293 §3.5.1"],
    ResetEffect {
        has_connection: false,
        ..ResetEffect::ends(|proof, words| {
            format!("{} knows no such connection: RST in answer to frame {}", words.sender, number(proof.answers))
        })
    },
    |case| answered(case).filter(|_| !fits(case)),
    |proof, words| {
        format!(
            "This RST answers frame {}, whose numbers fit no connection that the {} knows (RFC 9293 §3.5.1): an older or half-open connection, or one that a NAT or firewall on the path has forgotten.",
            number(proof.answers),
            words.sender
        )
    },
);

/// A keep-alive shows that the connection is gone.
pub(super) const KEEP_ALIVE: Rule<ResetFamily> = answering(
    ResetStale,
    "keep-alive for no connection",
    &["RFC 9293 §3.5.1", "RFC 1122 §4.2.3.6"],
    ResetEffect {
        half_open: true,
        ..ResetEffect::ends(|proof, words| {
            format!(
                "{} answers the keep-alive in frame {} with RST: there is no such connection any more",
                words.sender,
                number(proof.answers)
            )
        })
    },
    |case| {
        let (probe, _) = case.peer.loss().probe.filter(|(_, asks)| *asks == Asks::Alive)?;
        let newest = case.peer.newest().filter(|newest| newest.frame == probe.get() && case.can_answer(newest.at))?;
        let answers = !case.is_gone() && (case.with_ack || fits(case));
        answers.then(|| ResetProof { waited: case.recorder.silence_before(probe.get()), ..case.answers(newest.frame) })
    },
    |proof, words| {
        let since = match proof.waited.filter(|waited| *waited >= IDLE_TIMEOUT) {
            Some(waited) => format!(
                "Nothing had been sent for {}: an idle timer of the {} or of a NAT, firewall or load balancer on the path may have ended it.",
                waited.human(),
                words.sender
            ),
            None => format!("The {} ended it without this capture showing it.", words.sender),
        };
        format!(
            "The RST answers the keep-alive in frame {}: its sender no longer has the connection (half-open, RFC 9293 §3.5.1). {since} Other candidates: the {}'s host restarted, or another node took over its address.",
            number(proof.answers),
            words.sender
        )
    },
);

/// A segment fits the connection, but its receiver has none.
pub(super) const HALF_OPEN: Rule<ResetFamily> = answering(
    ResetStale,
    "segment for no connection",
    &["RFC 9293 §3.5.1"],
    ResetEffect { half_open: true, ..ResetEffect::ends(half_open) },
    |case| {
        let proof = answered(case).filter(|_| fits(case))?;
        let flag = case.own.newest().is_none();
        let waited = case.recorder.silence_before(number(proof.answers));
        let opening = case.handshake.ack().filter(|(ack, _)| proof.answers == Some(*ack) && case.own.syn_with_ack);
        let since = case.own.syn.map_or(0, |(syn, _)| syn.get());
        let error = case.own.loss().unreachable.map(|(error, _)| error).filter(|error| error.get() > since);
        let also = error.filter(|_| opening.is_some());
        let number = u32::from(opening.is_some() || case.is_answer_to_first());
        Some(ResetProof { waited, flag, number, also, ..proof })
    },
    |proof, words| {
        let who = words.sender;
        if proof.flag && proof.number > 0 {
            return format!(
                "{} is the first segment of its sender here, and the {who} has no connection for it: a closed or listening port answers a segment of no connection with RST (RFC 9293 §3.10.7). Either its connection began before the capture, and the {who} no longer has it, or there was none (a port scan, a late packet).",
                capitalized(&one_of(proof))
            );
        }
        if proof.flag {
            return format!(
                "{} is of a connection that the sender of this RST does not have (RFC 9293 §3.5.1), and nothing of the {who} was captured before. Candidates: the {who}'s host restarted, another node took over its address, it gave the connection up, a NAT or firewall on the path has forgotten the connection, or a NAT gave it another port.",
                capitalized(&one_of(proof))
            );
        }
        if proof.number > 0 {
            let error = proof.also.map_or_else(String::new, |error| {
                format!(" The ICMP error in frame {error} was for its SYN-ACK: Linux drops a half-open connection upon that.")
            });
            return format!(
                "{} completes the handshake, but the {who} no longer has the connection (RFC 9293 §3.10.7.1).{error} {}: its listening socket was closed, its accept queue was full (Linux with tcp_abort_on_overflow=1), it gave the SYN-ACK up, or a NAT or firewall on the path has forgotten the connection.",
                capitalized(&one_of(proof)),
                if error.is_empty() { "Candidates" } else { "Other candidates" }
            );
        }
        let idle = proof.waited.filter(|waited| *waited >= IDLE_TIMEOUT).map_or_else(String::new, |waited| {
            format!(
                " Nothing had been sent for {} before: an idle timer of the {who} or of a NAT, firewall or load balancer on the path may have ended it.",
                waited.human()
            )
        });
        let others = if idle.is_empty() { "Candidates" } else { "Other candidates" };
        format!(
            "{} fits the connection, but the sender of this RST no longer has it, and no FIN or RST of the {who} before shows why (half-open, RFC 9293 §3.5.1).{idle} {others}: the {who}'s host restarted, another node took over its address, it gave the connection up, its close was not captured, or a NAT or firewall on the path has forgotten it.",
            capitalized(&one_of(proof))
        )
    },
);

fn half_open(proof: &ResetProof, words: &Words<'_>) -> String {
    let answers = number(proof.answers);
    format!(
        "RST with the {}'s address in answer to frame {answers}: there is no such connection any more",
        words.sender
    )
}
