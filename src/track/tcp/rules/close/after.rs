//! Segments after a FIN or RST that show what it ended: data after the peer's FIN, and resets that ended nothing.

use super::super::rule::{Family, Rule, Verdict, no_candidates};
use super::case::words;
use crate::model::{Direction, Finding, FindingCode, Nanos, counted};
use crate::track::cause::Cause;
use crate::track::tcp::summary::AfterFin;
use crate::track::totals::TcpTotals;

/// Rules for one direction after a FIN or RST.
#[derive(Clone, Copy, Debug)]
pub(super) struct AfterClose;

/// A connection at its end, and the direction in question.
#[derive(Debug)]
pub(super) struct AfterCloseCase<'a> {
    pub(super) tcp: &'a TcpTotals,
    pub(super) direction: Direction,
}

/// The segments that show it; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AfterCloseProof {
    /// The FIN or RST.
    pub(super) end: u64,
    /// The first segment after it that shows what it ended.
    pub(super) first: u64,
    /// The last of these, or the ACK of the first.
    pub(super) last: u64,
    /// Their payload bytes.
    pub(super) bytes: u64,
    /// From the FIN to the last of them.
    pub(super) took: Option<Nanos>,
}

impl Family for AfterClose {
    type Case<'a> = AfterCloseCase<'a>;
    type Proof = AfterCloseProof;
    type Effect = ();
}

/// Every rule; each is asked for both directions, and several may apply.
pub(super) static AFTER_CLOSE: &[Rule<AfterClose>] = &[HALF_CLOSE, CHALLENGED, ACKED_ALL_THE_SAME];

/// The findings of a connection.
pub(crate) fn after(tcp: &TcpTotals) -> impl Iterator<Item = Finding> {
    let sides = [Direction::ClientToServer, Direction::ServerToClient];
    AFTER_CLOSE.iter().flat_map(move |rule| {
        sides.into_iter().filter_map(move |direction| {
            let proof = (rule.applies)(&AfterCloseCase { tcp, direction })?;
            Some(Verdict { rule, proof }.finding(&words(Some(direction))))
        })
    })
}

/// Data after the peer's FIN, which the peer accepted.
const HALF_CLOSE: Rule<AfterClose> = Rule {
    code: FindingCode::HalfClose,
    label: "half-close",
    rfc: &["RFC 9293 §3.6"],
    effect: (),
    applies: |case| {
        let AfterFin { first, last, bytes, until } = (*case.tcp.summary.rare().after_fin.get(case.direction))?;
        let fin = (*case.tcp.summary.fins.get(!case.direction))?;
        let accepted = case.tcp.summary.resets.get(!case.direction).is_none();
        let took = fin.at.zip(until).map(|(from, to)| to.minus(from));
        accepted.then_some(AfterCloseProof { end: fin.frame, first, last, bytes, took })
    },
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, words| {
        let long = proof.took.map_or_else(String::new, |took| format!(" for {}", took.human()));
        let frames = match proof.first == proof.last {
            true => format!("frame {}", proof.first),
            false => format!("frames {} to {}", proof.first, proof.last),
        };
        format!(
            "The {} sent its FIN in frame {}; the {} continued to send{long}: {} in {frames} (half-close, RFC 9293 §3.6).",
            words.receiver,
            proof.end,
            words.sender,
            counted(proof.bytes, "byte"),
        )
    },
    frames,
};

/// A RST that a challenge ACK answered, and no RST answered that.
const CHALLENGED: Rule<AfterClose> = Rule {
    applies: |case| {
        let proof = ignored(case)?;
        let ended = case.tcp.summary.resets.get(case.direction).is_some();
        (proof.first == 0 && !ended).then_some(proof)
    },
    says: |proof, words| {
        let shows = format!("the challenge ACK in frame {} answered it, and no RST answered that", proof.last);
        ended_nothing(proof, words.sender, &shows)
    },
    ..ACKED_ALL_THE_SAME
};

/// A RST whose sender sent more, and the peer acknowledged that.
const ACKED_ALL_THE_SAME: Rule<AfterClose> = Rule {
    code: FindingCode::ResetIgnored,
    label: "reset without effect",
    rfc: &["RFC 5961 §3.2"],
    applies: |case| ignored(case).filter(|proof| proof.first > 0),
    says: |proof, words| {
        let shows = format!("frame {} was sent after it, and frame {} acknowledges that", proof.first, proof.last);
        ended_nothing(proof, words.sender, &shows)
    },
    ..HALF_CLOSE
};

fn frames(proof: &AfterCloseProof) -> [u64; 6] {
    [proof.end, proof.first, proof.last, 0, 0, 0]
}

/// The first RST of a direction that ended nothing. One at a wrong number has a finding at its step.
fn ignored(case: &AfterCloseCase<'_>) -> Option<AfterCloseProof> {
    let [end, first, last] = (*case.tcp.summary.rare().ignored_resets.get(case.direction))?;
    (last > 0).then_some(AfterCloseProof { end, first, last, ..AfterCloseProof::default() })
}

fn ended_nothing(proof: &AfterCloseProof, who: &str, shows: &str) -> String {
    format!(
        "The {who}'s RST in frame {} ended nothing: {shows}. Its number was not the one expected (RFC 5961 §3.2), or it did not arrive.",
        proof.end
    )
}
