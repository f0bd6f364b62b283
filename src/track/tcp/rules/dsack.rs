//! Bytes that reached their receiver twice, as a DSACK reports (RFC 2883): which transmission was not needed.

use std::num::NonZeroU64;

use super::rule::{Family, Rule, Verdict, no_candidates};
use crate::model::{FindingCode, counted};
use crate::track::cause::Cause;
use crate::track::retransmission::DsackReport;

/// Rules for DSACKs.
#[derive(Clone, Copy, Debug)]
pub struct Dsacks;

/// The transmissions in question; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DsackProof {
    /// The retransmission, or the frame that carried the bytes.
    pub frame: u64,
    /// Another transmission of the same bytes.
    pub other: u64,
    /// The bytes that arrived twice, where they are only a part of the frame.
    pub bytes: u32,
    /// The FIN arrived twice beside them.
    pub fin: bool,
}

/// Consequences of a DSACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DsackEffect {
    /// A whole retransmission was not needed.
    pub needless: bool,
    /// It is the one in the proof's `frame`.
    pub known: bool,
}

impl Family for Dsacks {
    type Case<'a> = DsackReport;
    type Proof = DsackProof;
    type Effect = DsackEffect;
}

/// An explained DSACK.
pub(crate) type ProvenDsack = Verdict<Dsacks>;

/// Every explanation.
pub(crate) static DSACKS: &[Rule<Dsacks>] =
    &[NOT_NEEDED, LATE_ORIGINAL, PARTLY, ONE_OF_SEVERAL, DUPLICATE_CAPTURED, DUPLICATED, NOT_CAPTURED, CAPTURED_ONCE];

impl Verdict<Dsacks> {
    /// The retransmission that was not needed.
    pub fn needless(&self) -> Option<u64> {
        Some(self.proof.frame).filter(|_| self.rule.effect.known)
    }
}

/// The bytes had arrived before the retransmission.
const NOT_NEEDED: Rule<Dsacks> = Rule {
    code: FindingCode::SpuriousRetransmit,
    label: "retransmission not needed",
    rfc: &["RFC 2883"],
    effect: DsackEffect { needless: true, known: true },
    applies: |report| match *report {
        DsackReport::Retransmitted { again, other: 0 } => Some(DsackProof { frame: again, ..DsackProof::default() }),
        _ => None,
    },
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "DSACK (RFC 2883): the bytes that frame {} retransmitted had arrived already, so the retransmission was not needed.",
            proof.frame
        )
    },
    frames: |proof| [proof.frame, proof.other, 0, 0, 0, 0],
};

/// The original arrived too, after its retransmission.
const LATE_ORIGINAL: Rule<Dsacks> = Rule {
    applies: |report| match *report {
        DsackReport::Retransmitted { again, other } => {
            Some(DsackProof { frame: again, other, ..DsackProof::default() })
        }
        _ => None,
    },
    says: |proof, _| {
        format!(
            "DSACK (RFC 2883): the retransmission in frame {} and the late original in frame {} both arrived, so the retransmission was not needed.",
            proof.frame, proof.other
        )
    },
    ..NOT_NEEDED
};

/// Only a part of a retransmission had arrived before.
const PARTLY: Rule<Dsacks> = Rule {
    label: "part of a retransmission not needed",
    effect: DsackEffect { needless: false, known: false },
    applies: |report| match *report {
        DsackReport::Partly { again, bytes, fin } => Some(DsackProof { frame: again, other: 0, bytes, fin }),
        _ => None,
    },
    says: |proof, _| {
        let bytes = counted(u64::from(proof.bytes), "byte");
        let (part, them) = match (proof.bytes, proof.fin) {
            (0, true) => ("the FIN".to_owned(), "it"),
            (_, true) => (format!("{bytes} and the FIN"), "them"),
            (1, false) => (bytes, "it"),
            (_, false) => (bytes, "them"),
        };
        format!(
            "DSACK (RFC 2883): {part} of frame {} arrived twice, so retransmitting {them} was not needed. The DSACK does not cover the other bytes.",
            proof.frame
        )
    },
    ..NOT_NEEDED
};

/// Several retransmissions, one of which was not needed.
const ONE_OF_SEVERAL: Rule<Dsacks> = Rule {
    label: "one retransmission not needed",
    effect: DsackEffect { needless: true, known: false },
    applies: |report| match *report {
        DsackReport::OneOf { first, last } => Some(DsackProof { frame: first, other: last, ..DsackProof::default() }),
        _ => None,
    },
    says: |proof, _| {
        format!(
            "DSACK (RFC 2883): one of the retransmissions from frame {} to frame {} brought bytes that had arrived already; which one is unknown.",
            proof.frame, proof.other
        )
    },
    ..NOT_NEEDED
};

/// The duplicate is in the capture.
const DUPLICATE_CAPTURED: Rule<Dsacks> = Rule {
    applies: |report| match *report {
        DsackReport::Duplicated { first, copy: Some(copy) } => {
            Some(DsackProof { frame: first, other: copy.get(), ..DsackProof::default() })
        }
        _ => None,
    },
    says: |proof, _| {
        format!(
            "DSACK (RFC 2883): frames {} and {} are the same packet, and both reached the receiver: the network duplicated it. TCP sent it once.",
            proof.frame, proof.other
        )
    },
    ..DUPLICATED
};

/// The capture holds one transmission of bytes that were sent once.
const DUPLICATED: Rule<Dsacks> = Rule {
    code: FindingCode::DuplicateFrame,
    label: "duplicated by the network",
    effect: DsackEffect { needless: false, known: false },
    applies: |report| match *report {
        DsackReport::Duplicated { first, copy: None } => Some(DsackProof { frame: first, ..DsackProof::default() }),
        _ => None,
    },
    says: |proof, _| {
        format!(
            "DSACK (RFC 2883): the bytes of frame {} arrived twice, and the capture holds no other transmission of them: the network duplicated the packet.",
            proof.frame
        )
    },
    ..NOT_NEEDED
};

/// No transmission of the bytes is in the capture.
const NOT_CAPTURED: Rule<Dsacks> = Rule {
    code: FindingCode::BytesTwice,
    label: "bytes arrived twice",
    effect: DsackEffect { needless: false, known: false },
    applies: |report| match *report {
        DsackReport::Unknown { once: 0 } => Some(DsackProof::default()),
        _ => None,
    },
    says: |_, _| {
        "DSACK (RFC 2883): bytes arrived twice. Their packets are not in this capture, or no longer remembered, so whether they were retransmitted or duplicated is unknown.".to_owned()
    },
    ..NOT_NEEDED
};

/// One transmission of the bytes is in the capture, and another may have been missed or forgotten.
const CAPTURED_ONCE: Rule<Dsacks> = Rule {
    applies: |report| match *report {
        DsackReport::Unknown { once } => {
            NonZeroU64::new(once).map(|once| DsackProof { frame: once.get(), ..DsackProof::default() })
        }
        _ => None,
    },
    says: |proof, _| {
        format!(
            "DSACK (RFC 2883): the bytes of frame {} arrived twice, and no other transmission of them is in this capture, or none that is remembered. Whether there was one or the network duplicated the packet is unknown.",
            proof.frame
        )
    },
    ..NOT_CAPTURED
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::tcp::rules::rule::Words;

    fn explained(report: DsackReport) -> (&'static str, Option<u64>, bool, Vec<u64>) {
        let found = ProvenDsack::first(DSACKS, &report).expect("every report has a rule");
        let finding = found.finding(&Words { frame: 20, ..Words::default() });
        (finding.code.name(), found.needless(), found.rule.effect.needless, finding.frames)
    }

    #[test]
    fn each_report_has_a_rule_of_its_own() {
        let copy = NonZeroU64::new(7);
        let reports = [
            (DsackReport::Retransmitted { again: 9, other: 0 }, ("spurious_retransmit", Some(9), true, vec![9, 20])),
            (DsackReport::Retransmitted { again: 9, other: 8 }, ("spurious_retransmit", Some(9), true, vec![8, 9, 20])),
            (DsackReport::Partly { again: 9, bytes: 3, fin: false }, ("spurious_retransmit", None, false, vec![9, 20])),
            (DsackReport::OneOf { first: 5, last: 9 }, ("spurious_retransmit", None, true, vec![5, 9, 20])),
            (DsackReport::Duplicated { first: 5, copy }, ("duplicate_frame", None, false, vec![5, 7, 20])),
            (DsackReport::Duplicated { first: 5, copy: None }, ("duplicate_frame", None, false, vec![5, 20])),
            (DsackReport::Unknown { once: 0 }, ("bytes_twice", None, false, vec![20])),
            (DsackReport::Unknown { once: 5 }, ("bytes_twice", None, false, vec![5, 20])),
        ];
        for ((report, expected), rule) in reports.into_iter().zip(DSACKS) {
            assert_eq!(explained(report), expected, "{report:?}");
            assert_eq!(ProvenDsack::first(DSACKS, &report).map(|found| found.rule), Some(rule), "{report:?}");
        }
    }

    #[test]
    fn only_a_whole_known_retransmission_is_called_needless() {
        let known = DSACKS.iter().filter(|rule| rule.effect.known);
        assert!(known.into_iter().all(|rule| rule.effect.needless && rule.code == FindingCode::SpuriousRetransmit));
    }
}
