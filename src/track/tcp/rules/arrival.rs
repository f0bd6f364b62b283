//! ACKs that show which transmission of their bytes arrived.

use super::rule::{Family, Rule, Verdict, no_candidates};
use crate::model::{FindingCode, Nanos};
use crate::track::cause::Cause;
use crate::track::retransmission::SpuriousEvidence;

/// Rules for such ACKs.
#[derive(Clone, Copy, Debug)]
pub struct Arrivals;

/// The transmissions in question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArrivalProof {
    /// The transmission that the ACK reports.
    pub frame: u64,
    /// The first transmission, or the first ACK that had reported a gap; 0 for none.
    pub other: u64,
    /// From the retransmission to the ACK, where that is too short for a round trip.
    pub after: Option<Nanos>,
    /// The transmission that arrived was the first.
    pub original: bool,
}

/// Consequences for the transmission in the proof's `frame`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArrivalEffect {
    /// A retransmission that was not needed.
    pub needless: bool,
    /// Its checksum is invalid, and its receiver accepted it.
    pub corrupted_accepted: bool,
    /// Its checksum is invalid, and its receiver discarded it.
    pub corrupted_discarded: bool,
}

impl Family for Arrivals {
    type Case<'a> = SpuriousEvidence;
    type Proof = ArrivalProof;
    type Effect = ArrivalEffect;
}

/// The transmission that an ACK is of.
pub(crate) type ProvenArrival = Verdict<Arrivals>;

/// Every kind of such evidence.
pub(crate) static ARRIVALS: &[Rule<Arrivals>] =
    &[OLDER_TIMESTAMP, TOO_SOON, CORRUPTED_ACCEPTED, CORRUPTED_DISCARDED, LATE];

impl Verdict<Arrivals> {
    /// The retransmission that was not needed.
    pub fn needless(&self) -> Option<u64> {
        Some(self.proof.frame).filter(|_| self.rule.effect.needless)
    }
}

/// The ACK echoes the original's timestamp (Eifel detection, RFC 3522).
const OLDER_TIMESTAMP: Rule<Arrivals> = Rule {
    code: FindingCode::SpuriousRetransmit,
    label: "ACK of the original",
    rfc: &["RFC 3522"],
    effect: ArrivalEffect { needless: true, corrupted_accepted: false, corrupted_discarded: false },
    applies: |evidence| of_original(evidence).filter(|proof| proof.after.is_none()),
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, _| {
        let shown = format!(
            "This ACK echoes a timestamp older than that of the retransmission in frame {} (Eifel detection, RFC 3522)",
            proof.frame
        );
        acknowledges_original(proof, &shown)
    },
    frames: |proof| [proof.frame, proof.other, 0, 0, 0, 0],
};

/// The ACK comes sooner after the retransmission than a round trip takes.
const TOO_SOON: Rule<Arrivals> = Rule {
    applies: |evidence| of_original(evidence).filter(|proof| proof.after.is_some()),
    says: |proof, _| {
        let shown = format!(
            "This ACK comes {} after the retransmission in frame {}, in less than half a round trip",
            proof.after.unwrap_or_default().human(),
            proof.frame
        );
        acknowledges_original(proof, &shown)
    },
    ..OLDER_TIMESTAMP
};

/// The only transmission in the capture has an invalid checksum.
const CORRUPTED_ACCEPTED: Rule<Arrivals> = Rule {
    code: FindingCode::ChecksumAccepted,
    label: "corrupted segment accepted",
    rfc: &["RFC 9293 §3.1"],
    effect: ArrivalEffect { needless: false, corrupted_accepted: true, corrupted_discarded: false },
    applies: |evidence| match *evidence {
        SpuriousEvidence::BadChecksum { frame } => Some(ArrivalProof { frame: frame.get(), ..ArrivalProof::default() }),
        _ => None,
    },
    says: |proof, _| {
        format!(
            "Acknowledges frame {}, whose checksum is invalid, and the capture has no other transmission of its bytes: the receiver accepted it. It arrived intact, or the receiver does not verify checksums, as between virtual machines of one host; so others like it need not be lost either.",
            proof.frame
        )
    },
    ..OLDER_TIMESTAMP
};

/// A gap had been reported instead of the corrupted segment.
const CORRUPTED_DISCARDED: Rule<Arrivals> = Rule {
    code: FindingCode::CaptureGap,
    label: "corrupted segment discarded",
    rfc: &["RFC 9293 §3.1"],
    effect: ArrivalEffect { needless: false, corrupted_accepted: false, corrupted_discarded: true },
    applies: |evidence| match *evidence {
        SpuriousEvidence::Unseen { frame, reported_by } => {
            Some(ArrivalProof { frame: frame.get(), other: reported_by.get(), ..ArrivalProof::default() })
        }
        _ => None,
    },
    says: |proof, _| {
        format!(
            "Acknowledges the bytes of frame {}, whose checksum is invalid, and frame {} had reported a gap there: the receiver discarded it, and the transmission that arrived is not in the capture.",
            proof.frame, proof.other
        )
    },
    ..OLDER_TIMESTAMP
};

/// A gap had been reported, and nothing was retransmitted.
const LATE: Rule<Arrivals> = Rule {
    code: FindingCode::Reordered,
    label: "overtaken on the path",
    rfc: &["RFC 2018 §4"],
    effect: ArrivalEffect { needless: false, corrupted_accepted: false, corrupted_discarded: false },
    applies: |evidence| match *evidence {
        SpuriousEvidence::Late { frame, reported_by } => {
            Some(ArrivalProof { frame: frame.get(), other: reported_by.get(), ..ArrivalProof::default() })
        }
        _ => None,
    },
    says: |proof, _| {
        format!(
            "Acknowledges frame {}, which was not retransmitted, although the SACK in frame {} had reported a gap in its place: it was not lost, but overtaken on the path.",
            proof.frame, proof.other
        )
    },
    ..OLDER_TIMESTAMP
};

fn of_original(evidence: &SpuriousEvidence) -> Option<ArrivalProof> {
    match *evidence {
        SpuriousEvidence::Earlier { again, first, after, original } => {
            Some(ArrivalProof { frame: again.get(), other: first.get(), after, original })
        }
        _ => None,
    }
}

fn acknowledges_original(proof: &ArrivalProof, shown: &str) -> String {
    if !proof.original {
        return format!(
            "{shown}: it acknowledges an earlier transmission of the bytes. They had arrived, and the retransmission was not needed."
        );
    }
    format!(
        "{shown}: it acknowledges the original. The bytes of frame {} had arrived, and the retransmission was not needed.",
        proof.other
    )
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::track::tcp::rules::rule::Words;

    #[test]
    fn each_kind_of_evidence_has_a_rule_of_its_own() {
        let [four, nine] = [4, 9].map(|frame| NonZeroU64::new(frame).expect("not 0"));
        let earlier = |after| SpuriousEvidence::Earlier { again: nine, first: four, after, original: true };
        let kinds = [
            (earlier(None), "spurious_retransmit", Some(9), vec![4, 9, 20]),
            (earlier(Some(Nanos(1_000))), "spurious_retransmit", Some(9), vec![4, 9, 20]),
            (SpuriousEvidence::BadChecksum { frame: four }, "checksum_accepted", None, vec![4, 20]),
            (SpuriousEvidence::Unseen { frame: four, reported_by: nine }, "capture_gap", None, vec![4, 9, 20]),
            (SpuriousEvidence::Late { frame: four, reported_by: nine }, "reordered", None, vec![4, 9, 20]),
        ];
        for ((evidence, code, needless, frames), rule) in kinds.into_iter().zip(ARRIVALS) {
            let found = ProvenArrival::first(ARRIVALS, &evidence).expect("every kind has a rule");
            let finding = found.finding(&Words { frame: 20, ..Words::default() });
            assert_eq!((finding.code.name(), found.needless(), finding.frames), (code, needless, frames));
            assert_eq!(found.rule, rule, "{evidence:?}");
        }
    }
}
