//! RSTs whose number is not the one that their receiver expects (RFC 9293 §3.10.7.4, RFC 5961 §3.2).

use std::num::NonZeroU64;

use super::super::rule::{Rule, Words, no_candidates};
use super::ResetCase;
use super::family::{Ends, ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{CLOSE, FORGED, bytes, close_call, frames, number, unknown_cause};
use crate::model::FindingCode::{ResetAbort, ResetIgnored};
use crate::model::SeqNumber;
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::tcp::endpoint::Recent;

/// The number that its receiver expects instead of the RST's, where the RST's cannot be right.
pub(super) fn expected(case: &ResetCase<'_>) -> Option<(SeqNumber, ResetProof)> {
    let (expected, next) = (case.peer.ack_sent?, case.own.snd_nxt?);
    let seq = case.segment.seq;
    // below what was sent the bytes in between may be lost, or the RST's sender may count from them
    let within = !seq.is_before(expected) && !seq.is_after(next);
    // a segment that it answers gave it the number: the number fits, though the connection is gone
    let answers = case.answered.is_some_and(|answered| is_answered(case, answered));
    (!within && seq != next && !answers).then(|| {
        let before = NonZeroU64::new(case.peer.ack_frame);
        (expected, ResetProof { before, number: case.relative(expected), ..ResetProof::default() })
    })
}

/// Returns `true` if the segment can have arrived for a connection that this side no longer had: data that it never
/// acknowledged, or a segment that arrived after it had closed.
fn is_answered(case: &ResetCase<'_>, answered: Recent) -> bool {
    let unacked = answered.len > 0 && !is_acked(case, answered.frame);
    unacked || if case.is_gone() { case.can_meet_closed(answered) } else { answered.len == 0 }
}

/// Returns `true` if this side has acknowledged the peer's segment in this frame: then it did not answer it with RST
/// later.
fn is_acked(case: &ResetCase<'_>, frame: u64) -> bool {
    case.peer.sent.iter().any(|sent| sent.frame == frame && sent.acked_by.is_some())
}

fn is_in_window(case: &ResetCase<'_>, expected: SeqNumber) -> bool {
    let unscaled = case.peer.scale().map(|_| case.peer.window);
    let seq = case.segment.seq;
    seq.is_after(expected) && unscaled.is_none_or(|window| seq.is_before(expected.plus(window)))
}

/// At the number of its sender's own FIN, which the peer has acknowledged. Linux takes it (tcp_reset_check, made for
/// macOS, which sends FIN and then such a RST).
pub(super) const AT_FIN: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "RST with its FIN's sequence number",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: ResetEffect::ends(|proof, words| {
        let fin = number(proof.before);
        format!("{} sends RST at the number of its FIN in frame {fin}: Linux ends the connection", words.sender)
    }),
    applies: |case| {
        let (expected, proof) = expected(case)?;
        let fin = case.own.fin.filter(|fin| fin.end == expected && case.segment.seq.plus(1) == expected)?;
        if case.over().is_some() {
            return None;
        }
        Some(ResetProof { before: NonZeroU64::new(fin.frame), also: proof.before, ..proof })
    },
    cause: close_call,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "Its sequence number, {}, is that of the {}'s own FIN in frame {}, which frame {} had acknowledged. By RFC 9293 §3.10.7.4 the receiver ignores it, since it lies outside the window. Linux nevertheless ends the connection: it accepts a RST one below the number expected after a FIN, as macOS sends it.",
            words.seq,
            words.sender,
            number(proof.before),
            number(proof.also)
        )
    },
    frames,
};

/// One past the number expected: its sender counts a FIN or a byte that the peer never had.
pub(super) const ONE_PAST: Rule<ResetFamily> = Rule {
    code: ResetIgnored,
    label: "RST one past the number expected",
    rfc: &["RFC 9293 §3.10.7.4", "RFC 5961 §3.2"],
    effect: ResetEffect::of(Ends::Unconfirmed, |proof, words| {
        format!(
            "{} sends RST at {}, one past the {} that the {} expects",
            words.sender, words.seq, proof.number, words.receiver
        )
    }),
    applies: |case| {
        let (expected, proof) = expected(case)?;
        (expected.plus(1) == case.segment.seq && is_in_window(case, expected)).then_some(proof)
    },
    cause: close_call,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "Its sequence number is {}, one past the {} that the {} expects (frame {}): the {} counts a FIN or a byte that was lost, not captured or never sent, so the RST is its own. If the byte did not arrive, the {} answers with a challenge ACK, and only a RST at {} ends the connection (RFC 5961 §3.2).",
            words.seq,
            proof.number,
            words.receiver,
            number(proof.before),
            words.sender,
            words.receiver,
            proof.number
        )
    },
    frames,
};

/// The label of a RST that ends nothing unless its sender confirms it.
pub(in crate::track::tcp) const UNCONFIRMED: &str = "RST at another number";

/// In the window, but not at the number expected.
pub(super) const IN_WINDOW: Rule<ResetFamily> = Rule {
    code: ResetIgnored,
    label: UNCONFIRMED,
    rfc: &["RFC 9293 §3.10.7.4", "RFC 5961 §3.2"],
    effect: ResetEffect::of(Ends::Unconfirmed, |proof, words| {
        format!(
            "{} sends RST at {}, but the {} expects {}: it may end nothing",
            words.sender, words.seq, words.receiver, proof.number
        )
    }),
    applies: |case| {
        let (expected, proof) = expected(case)?;
        is_in_window(case, expected).then_some(proof)
    },
    cause: unknown_cause,
    candidates: |_| Candidates::from_slice(&[CLOSE, FORGED]),
    says: |proof, words| {
        format!(
            "Its sequence number is {}, and the {} expects {} (frame {}): in the window, but not the number due. The {} may answer with a challenge ACK (RFC 5961 §3.2); a RST at {} would then end the connection. Otherwise another host sent this one. If the capture lacks the {} before it, it fits and ends the connection.",
            words.seq,
            words.receiver,
            proof.number,
            number(proof.before),
            words.receiver,
            proof.number,
            bytes(words.seq.wrapping_sub(proof.number))
        )
    },
    frames,
};

/// The numbers of a closed port that refuses a SYN, though this side had accepted that SYN: two hosts answer.
pub(super) const REFUSES_ACCEPTED_SYN: Rule<ResetFamily> = Rule {
    code: ResetIgnored,
    label: "RST of another host",
    rfc: &["RFC 9293 §3.10.7.1", "RFC 9293 §3.10.7.4"],
    effect: ResetEffect::of(Ends::Nothing, |proof, words| {
        format!(
            "RST with the {}'s address refuses the SYN of frame {}, which frame {} has accepted: it ends nothing",
            words.sender,
            number(proof.also),
            number(proof.before)
        )
    }),
    applies: |case| {
        let (_, proof) = expected(case)?;
        let (accepted, asked) = (case.own.syn?.0, case.peer.syn?.0);
        let refuses = case.with_ack && case.segment.seq == SeqNumber(0);
        let of_syn = case.peer.isn.is_some_and(|isn| isn.plus(1) == case.segment.ack);
        let usual = case.own.ttl.map(std::num::NonZeroU8::get).filter(|usual| *usual != case.ip.ttl);
        let ttl = usual.map(|usual| (case.ip.ttl, usual));
        (refuses && of_syn).then_some(ResetProof { before: Some(accepted), also: Some(asked), ttl, ..proof })
    },
    cause: |proof| Cause::arrival(proof.also, "reset"),
    candidates: no_candidates,
    says: |proof, words| {
        let ttl = proof.ttl.map_or_else(String::new, |(ttl, usual)| {
            format!(" Its TTL is {ttl}, and that of the {}'s other packets {usual}.", words.sender)
        });
        format!(
            "Its numbers are those with which a closed port refuses the SYN in frame {} (RFC 9293 §3.10.7.1), but frame {} had accepted that SYN. Two hosts answer for the {}'s address, as with a duplicate IP address.{ttl} The {} expects {} and ignores it.",
            number(proof.also),
            number(proof.before),
            words.sender,
            words.receiver,
            proof.number
        )
    },
    frames,
};

/// Outside the window: ignored.
pub(super) const OUTSIDE: Rule<ResetFamily> = Rule {
    code: ResetIgnored,
    label: "RST outside the window",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: ResetEffect::of(Ends::Nothing, outside),
    applies: |case| expected(case).filter(|_| case.over().is_none()).map(|(_, proof)| proof),
    cause: unknown_cause,
    candidates: |_| Candidates::from_slice(&[Cause::of(CauseEvent::Segment, "reset"), FORGED]),
    says: |proof, words| {
        format!(
            "Its sequence number is {}, and the {} expects {} (frame {}): it lies outside the window, so the {} ignores it (RFC 9293 §3.10.7.4). It is an old one, or another host sent it.",
            words.seq,
            words.receiver,
            proof.number,
            number(proof.before),
            words.receiver
        )
    },
    frames,
};

fn outside(_: &ResetProof, words: &Words<'_>) -> String {
    format!("{} sends RST outside the {}'s window: it ends nothing", words.sender, words.receiver)
}
