//! A SYN that is refused: by a closed port, or by one that listens (RFC 9293 §3.10.7.1).

use super::super::rule::{Rule, Words};
use super::family::{Ends, ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{answering, number};
use crate::model::FindingCode::{Refused, ResetStale};

/// No SYN is left that it could answer: another RST had refused it.
pub(super) const AGAIN: Rule<ResetFamily> = answering(
    ResetStale,
    "refused again",
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::of(Ends::Attempt, |proof, words| {
        let before = number(proof.before);
        format!("{} refuses again: RST as in frame {before}, though no other SYN was captured since", words.sender)
    }),
    |case| {
        let syn = case.refused_syn()?;
        let answered = case.own.recent_next >= u32::from(case.peer.syns_sent());
        let before = case.own.newest().filter(|before| answered && before.frame > syn)?;
        let again = |frame: u64| case.peer.loss().retransmissions.iter().any(|again| again.frame == frame);
        let duplicate = case.peer.syn.map(|(frame, _)| frame).filter(|_| case.peer.syn_copies > 0);
        let answers = duplicate.filter(|frame| !again(frame.get()));
        Some(ResetProof { answers, before: std::num::NonZeroU64::new(before.frame), ..ResetProof::default() })
    },
    |proof, _| {
        let before = number(proof.before);
        match proof.answers {
            Some(duplicate) => format!(
                "This RST answers the duplicate of the SYN in frame {duplicate}; the RST in frame {before} had refused the SYN itself."
            ),
            None => format!(
                "The RST in frame {before} had refused the SYN already. The SYN was duplicated after it had passed the capture point, or the RST before it."
            ),
        }
    },
);

/// The ports are those of a connection that the capture does not show closed.
pub(super) const USED_PORTS: Rule<ResetFamily> = answering(
    Refused,
    "refused",
    &["RFC 9293 §3.10.7.1", "RFC 9293 §3.10.7.4"],
    ResetEffect::of(Ends::Attempt, |proof, words| {
        let (syn, stream) = (number(proof.answers), proof.number);
        format!("{} refuses: RST in answer to frame {syn}, on the ports of stream {stream}", words.sender)
    }),
    |case| {
        let syn = case.refused_syn()?;
        let (stream, last) = case.previous?;
        let before = std::num::NonZeroU64::new(last);
        Some(ResetProof { before, number: stream, flag: case.ecn_setup, ..case.answers(syn) })
    },
    |proof, words| {
        let ecn = if proof.flag { ECN_CANDIDATE } else { "" };
        format!(
            "Port {} answered this SYN with RST. No close of stream {}, which used the same ports up to frame {}, was captured. Candidates: the {} still had that connection, and the SYN reset it (RFC 9293 §3.10.7.4; Linux does that in SYN-RECEIVED and FIN-WAIT-2); nothing listened; its accept queue was full; or a filter refused.{ecn}",
            words.port,
            proof.number,
            number(proof.before),
            words.sender
        )
    },
);

/// Another conversation shows that the port listens.
pub(super) const LISTENING: Rule<ResetFamily> = answering(
    Refused,
    "refused",
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::of(Ends::Attempt, |proof, words| {
        let (syn, accepted) = (number(proof.answers), number(proof.before));
        format!(
            "{} refuses: RST in answer to frame {syn}, though port {} had accepted a connection in frame {accepted}",
            words.sender, words.port
        )
    }),
    |case| {
        let syn = case.refused_syn()?;
        let accepted = case.host().accepts?;
        let waited = case.time_since(accepted.time);
        Some(ResetProof { before: Some(accepted.frame), waited, flag: case.ecn_setup, ..case.answers(syn) })
    },
    |proof, words| {
        let time_since =
            proof.waited.map_or_else(String::new, |time_since| format!(", {} earlier", time_since.human()));
        let ecn = if proof.flag { ECN_CANDIDATE } else { "" };
        format!(
            "Port {} refused this SYN with RST, but had accepted another connection in frame {}{time_since}: it listened then. Candidates: a full accept queue (Windows; Linux with tcp_abort_on_overflow=1), a limit per client, a filter, or the listening socket was closed since.{ecn}",
            words.port,
            number(proof.before)
        )
    },
);

const ECN_CANDIDATE: &str = " Or the host or a firewall refuses SYNs that ask for ECN (RFC 3168 §6.1.1.1).";

/// The refused SYN asks for ECN, which is why some hosts and firewalls refuse it.
pub(super) const ECN: Rule<ResetFamily> = answering(
    Refused,
    "refused",
    &["RFC 9293 §3.10.7.1", "RFC 3168 §6.1.1.1", "RFC 3360"],
    ResetEffect::of(Ends::Attempt, |proof, words| {
        format!("{} refuses the SYN in frame {}, which asks for ECN: RST", words.sender, number(proof.answers))
    }),
    |case| {
        let syn = case.refused_syn()?;
        case.ecn_setup.then(|| case.answers(syn))
    },
    |_, words| {
        format!(
            "Port {} answered an ECN-setup SYN (ECE and CWR set) with RST. Either nothing listened there at that moment, or the host or a firewall refuses ECN (RFC 3168 §6.1.1.1, RFC 3360). A SYN without these flags shows which.",
            words.port
        )
    },
);

/// The ordinary refusal.
pub(super) const CLOSED_PORT: Rule<ResetFamily> = answering(
    Refused,
    "refused",
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::of(Ends::Attempt, |proof, words| {
        format!("{} refuses: RST in answer to frame {}", words.sender, number(proof.answers))
    }),
    |case| case.refused_syn().map(|syn| case.answers(syn)),
    closed_port,
);

fn closed_port(_: &ResetProof, words: &Words<'_>) -> String {
    format!(
        "Port {} answered the SYN with RST: nothing listened there at that moment (RFC 9293 §3.10.7.1), or a firewall refused.",
        words.port
    )
}
