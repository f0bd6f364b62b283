//! SYN-ACKs that are in the capture again: what of the client's the server had not got, or did not take.

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::case::Case;
use super::family::{Delivery, RetransmissionEffect, RetransmissionFamily};
use super::words::{self, after, arrival, deciding_frame, number};
use crate::model::FindingCode;
use crate::model::thresholds::MIN_RTO;
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::retransmission_proof::{RetransmissionProof as Proof, View};

const SYN_ACK: RetransmissionEffect = RetransmissionEffect {
    delivery: Delivery::Unanswered,
    why: |_| "since no ACK came".to_owned(),
    shown_by: |proof| format!("no ACK came in time; retransmission {}", proof.count),
    ..words::RETRANSMITTED
};

const SYN_ACK_TIMER: fn(&Proof) -> Cause = |_| Cause::of(CauseEvent::Timer, "syn");

fn syn_ack(case: &Case<'_>, deciding_frame: Option<NonZeroU64>) -> Option<Proof> {
    let syn = case.syn().filter(|syn| syn.with_ack)?;
    Some(Proof { deciding_frame: deciding_frame.map(NonZeroU64::get), count: u32::from(syn.nth), ..case.proof })
}

/// The client has acknowledged a SYN-ACK with another initial sequence number.
pub(super) const SUPERSEDED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN-ACK retransmission",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: RetransmissionEffect {
        delivery: Delivery::Unknown,
        why: |proof| format!("although frame {} has acknowledged another SYN-ACK", deciding_frame(proof)),
        shown_by: |proof| format!("another SYN-ACK was acknowledged, frame {}", deciding_frame(proof)),
        ..SYN_ACK
    },
    applies: |case| {
        let syn = case.syn().filter(|syn| syn.superseded)?;
        syn_ack(case, Some(syn.answer.or(syn.asked)?))
    },
    cause: SYN_ACK_TIMER,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "SYN-ACK retransmission {}{}: the ACK in frame {} had answered a SYN-ACK with another initial sequence number. The {} answers this one with an ACK of what it expects, if at all (RFC 9293 §3.10.7.4).",
            proof.count,
            after(proof),
            deciding_frame(proof),
            words.receiver
        )
    },
    frames: words::frames,
};

/// The client's SYN was retransmitted, and this answers it.
pub(super) const ANSWERS_SYN: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN-ACK retransmission",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: RetransmissionEffect {
        why: |proof| format!("in answer to the SYN in frame {}", deciding_frame(proof)),
        shown_by: |proof| format!("the SYN was repeated, frame {}", deciding_frame(proof)),
        ..SYN_ACK
    },
    applies: |case| syn_ack(case, Some(case.syn()?.asked?)),
    cause: |proof| arrival(proof.deciding_frame, "syn_ack"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "SYN-ACK retransmission {}{}, in answer to the repeated SYN in frame {}.",
            proof.count,
            after(proof),
            deciding_frame(proof)
        )
    },
    frames: words::frames,
};

/// The client's ACK and data had arrived: the server has no room for the connection.
pub(super) const ACCEPT_QUEUE_FULL: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::AcceptQueueFull,
    label: "SYN-ACK retransmission",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: RetransmissionEffect {
        delivery: Delivery::Unknown,
        why: |proof| format!("although the ACK in frame {} had arrived: accept queue full", deciding_frame(proof)),
        shown_by: |proof| {
            format!("ACK and data had arrived, frames {} and {}", deciding_frame(proof), number(proof.second))
        },
        ..SYN_ACK
    },
    applies: |case| {
        let syn = case.syn().filter(|_| shows_arrival(case))?;
        Some(Proof { second: Some(syn.data?), ..syn_ack(case, Some(syn.answer?))? })
    },
    cause: SYN_ACK_TIMER,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "SYN-ACK retransmission {}{} although the {}'s ACK (frame {}) and data (frame {}) had reached this host: the {}'s kernel did not accept them. Its accept queue is full: the {} program does not call accept().",
            proof.count,
            after(proof),
            words.receiver,
            deciding_frame(proof),
            number(proof.second),
            words.sender,
            words.sender
        )
    },
    frames: words::frames,
};

/// Returns `true` if the client's packets are known to have reached the server's host.
fn shows_arrival(case: &Case<'_>) -> bool {
    matches!(case.path.view, View::Sender | View::Both) && !is_too_soon(case)
}

/// Sooner than any timer.
fn is_too_soon(case: &Case<'_>) -> bool {
    case.proof.after.is_some_and(|after| after < MIN_RTO)
}

/// The client's ACK had arrived, without data.
pub(super) const ACK_IGNORED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN-ACK retransmission",
    rfc: &["RFC 6298 §5.7"],
    effect: RetransmissionEffect {
        delivery: Delivery::Unknown,
        why: |proof| format!("although the ACK in frame {} had arrived", deciding_frame(proof)),
        shown_by: |proof| format!("the ACK had arrived, frame {}", deciding_frame(proof)),
        ..SYN_ACK
    },
    applies: |case| syn_ack(case, Some(case.syn().filter(|_| shows_arrival(case))?.answer?)),
    cause: SYN_ACK_TIMER,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "SYN-ACK retransmission {}{} although the ACK in frame {} had reached the {}'s host. Either TCP_DEFER_ACCEPT makes its kernel wait for data and ignore the bare ACK, or its accept queue is full.",
            proof.count,
            after(proof),
            deciding_frame(proof),
            words.sender
        )
    },
    frames: words::frames,
};

/// Sooner than any timer, and no SYN was captured that it answers.
pub(super) const TOO_SOON: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN-ACK retransmission",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: RetransmissionEffect {
        why: |_| "too soon for a timer".to_owned(),
        shown_by: |_| "too soon for a timer".to_owned(),
        ..SYN_ACK
    },
    applies: |case| {
        let syn = case.syn().filter(|_| is_too_soon(case))?;
        syn_ack(case, syn.answer)
    },
    cause: |_| Cause::UNKNOWN,
    candidates: |_| {
        Candidates::from_iter([Cause::of(CauseEvent::Segment, "syn_ack"), Cause::of(CauseEvent::Network, "duplicate")])
    },
    says: |proof, words| {
        format!(
            "SYN-ACK retransmission {}{}: too soon for a timer. It may answer a SYN of the {} that is not in this capture, or be a duplicate.",
            proof.count,
            after(proof),
            words.receiver
        )
    },
    frames: words::frames,
};

/// The client's ACK is in the capture, and need not have arrived.
pub(super) const ACK_LOST: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN-ACK retransmission",
    rfc: &["RFC 6298 §5.7"],
    effect: RetransmissionEffect {
        why: |proof| format!("although frame {} had answered it", deciding_frame(proof)),
        ..SYN_ACK
    },
    applies: |case| syn_ack(case, Some(case.syn()?.answer?)),
    cause: SYN_ACK_TIMER,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "SYN-ACK retransmission {}{}: the ACK in frame {} was lost or late behind the capture point, or the {} ignored it (accept queue full, or TCP_DEFER_ACCEPT).",
            proof.count,
            after(proof),
            deciding_frame(proof),
            words.sender
        )
    },
    frames: words::frames,
};

/// No ACK was captured.
pub(super) const UNANSWERED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN-ACK retransmission",
    rfc: &["RFC 6298 §5.7"],
    effect: SYN_ACK,
    applies: |case| syn_ack(case, None),
    cause: SYN_ACK_TIMER,
    candidates: no_candidates,
    says: |proof, _| format!("SYN-ACK retransmission {}{}: no answer came.", proof.count, after(proof)),
    frames: words::frames,
};
