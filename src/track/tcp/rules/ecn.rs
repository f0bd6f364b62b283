//! Congestion that flags report without loss: classic ECN (RFC 3168) and Accurate ECN (RFC 9768).

use std::num::NonZeroU64;

use super::rule::{Family, Rule, Verdict, Words, no_candidates};
use crate::model::FindingCode;
use crate::track::cause::Cause;

/// Rules for the flags ECE, CWR and AE.
#[derive(Clone, Copy, Debug)]
pub struct EcnSignals;

/// The meaning of the flags of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::track) enum Says {
    /// ECE in classic ECN.
    Echo,
    /// CWR alone in classic ECN.
    Reduced,
    /// In Accurate ECN, that the SYN or SYN-ACK arrived marked.
    HandshakeMarked,
    /// In Accurate ECN, another count.
    Counted,
}

/// The flags of a segment, and the frames and numbers that they refer to.
#[derive(Clone, Copy, Debug)]
pub struct EcnCase {
    pub(in crate::track) says: Says,
    pub(in crate::track) proof: EcnProof,
}

/// The frames and numbers that a signal refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EcnProof {
    /// The last packet of the other direction with the mark, where the capture shows it.
    pub marked: Option<NonZeroU64>,
    /// The first ECE of those that this repeats, or that CWR answers.
    pub echo: Option<NonZeroU64>,
    /// Beside ECE, CWR is set too.
    pub reduced: bool,
    /// The handshake in the capture agreed on classic ECN: only it tells classic from Accurate ECN.
    pub known: bool,
    /// The segment that came marked was the SYN, else the SYN-ACK.
    pub syn: bool,
    /// The counter of marked packets (ACE) before and now, and by how much it rises modulo 8.
    pub count: (u8, u8, u8),
}

impl Family for EcnSignals {
    type Case<'a> = EcnCase;
    type Proof = EcnProof;
    type Effect = ();
}

/// A signal of congestion.
pub(crate) type ProvenEcn = Verdict<EcnSignals>;

/// Every kind of signal; no two fit the same flags.
pub(crate) static ECN_SIGNALS: &[Rule<EcnSignals>] = &[ECHO, REDUCED, HANDSHAKE_MARKED, COUNTED];

/// A marked packet has arrived.
const ECHO: Rule<EcnSignals> = Rule {
    code: FindingCode::EcnMarked,
    label: "ECE",
    rfc: &["RFC 3168 §6.1.3"],
    effect: (),
    applies: |case| (case.says == Says::Echo).then_some(case.proof),
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, words| {
        let why = match (proof.echo, proof.marked) {
            (Some(since), _) => format!("still, since frame {since}: no CWR has arrived"),
            (None, Some(marked)) => format!("frame {marked} arrived marked"),
            (None, None) => "a packet arrived marked; at this capture point none was".to_owned(),
        };
        let also = if proof.reduced {
            format!(" CWR: the {} has itself reduced its congestion window.", words.sender)
        } else {
            String::new()
        };
        format!(
            "ECE: the {} reports congestion and asks the {} to slow down ({why}). Nothing was lost (RFC 3168 §6.1.3).{also}{}",
            words.sender,
            words.receiver,
            doubt(proof)
        )
    },
    frames: |proof| [number(proof.echo), number(proof.marked), 0, 0, 0, 0],
};

/// The congestion window was reduced.
const REDUCED: Rule<EcnSignals> = Rule {
    label: "CWR",
    rfc: &["RFC 3168 §6.1.2"],
    applies: |case| (case.says == Says::Reduced).then_some(case.proof),
    says: |proof, words| {
        let asked = proof.echo.map_or_else(String::new, |echo| format!(", as the ECE in frame {echo} asked"));
        format!(
            "CWR: the {} has reduced its congestion window{asked}. The {} stops sending ECE once this has arrived (RFC 3168 §6.1.2).{}",
            words.sender,
            words.receiver,
            doubt(proof)
        )
    },
    ..ECHO
};

/// The SYN or SYN-ACK that this answers came with the mark.
const HANDSHAKE_MARKED: Rule<EcnSignals> = Rule {
    label: "handshake marked",
    rfc: &["RFC 9768 §3.1.2", "RFC 9768 §3.2.2.1"],
    applies: |case| (case.says == Says::HandshakeMarked).then_some(case.proof),
    says: |proof, words| {
        let what = if proof.syn { "SYN" } else { "SYN-ACK" };
        format!(
            "Accurate ECN: the {}'s {what} arrived marked with congestion (CE), as AE, CWR and ECE = 110 report (RFC 9768 §3.1.2, §3.2.2.1).",
            words.receiver
        )
    },
    frames: |_| [0; 6],
    ..ECHO
};

/// The counter of marked packets rises.
const COUNTED: Rule<EcnSignals> = Rule {
    label: "more packets marked",
    rfc: &["RFC 9768 §3.2.2"],
    applies: |case| (case.says == Says::Counted).then_some(case.proof),
    says: counted,
    frames: |_| [0; 6],
    ..ECHO
};

fn counted(proof: &EcnProof, words: &Words<'_>) -> String {
    let (before, now, more) = proof.count;
    let packets = if more == 1 { "packet" } else { "packets" };
    format!(
        "Accurate ECN: the {}'s counter of marked packets (ACE) rises from {before} to {now}: {more} more {packets} of the {}'s arrived marked, modulo 8 (RFC 9768 §3.2.2).",
        words.sender, words.receiver
    )
}

fn number(frame: Option<NonZeroU64>) -> u64 {
    frame.map_or(0, NonZeroU64::get)
}

fn doubt(proof: &EcnProof) -> &'static str {
    match proof.known {
        true => "",
        false => {
            " The handshake is not in the capture: with Accurate ECN (RFC 9768) these flags are a counter instead."
        }
    }
}
