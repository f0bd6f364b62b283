//! Retransmissions with other bytes or numbers than before: a SYN's data, a FIN on an ACK, bytes that found no room.

use super::super::rule::{Rule, no_candidates};
use super::case::Case;
use super::family::{Delivery, RetransmissionEffect, RetransmissionFamily};
use super::words::{self, after, arrival, deciding_frame, first_copy};
use crate::model::FindingCode;
use crate::track::cause::{Cause, CauseEvent};
use crate::track::retransmission_proof::{ProofDetail, RetransmissionProof as Proof};
use crate::track::tcp::segment::SentSegment;

/// A FIN on an ACK of new bytes: some stacks set FIN on whatever they send after it.
pub(super) const FIN_ON_ACK: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Retransmit,
    label: "retransmission",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: RetransmissionEffect {
        why: |_| "with its ACK of new bytes".to_owned(),
        shown_by: |_| "the FIN is on an ACK of new bytes".to_owned(),
        ..words::RETRANSMITTED
    },
    applies: |case| case.segment().filter(|_| case.again.fin_on_ack).map(|_| case.proof),
    cause: |_| Cause::of(CauseEvent::Segment, "ack"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "The FIN again{}, on an ACK of new bytes. Some stacks, those derived from BSD among them, set FIN on every ACK that they send after it: no timer need have expired.{}",
            after(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// Data of a SYN that the SYN-ACK did not cover.
pub(super) const SYN_DATA: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::SynData,
    label: "retransmission",
    rfc: &["RFC 9293 §3.5"],
    effect: RetransmissionEffect {
        why: |_| "since the SYN-ACK did not cover them".to_owned(),
        shown_by: |proof| format!("the SYN-ACK did not cover the SYN's data, frame {}", deciding_frame(proof)),
        ..words::RETRANSMITTED
    },
    applies: |case| syn_data(case).filter(|_| case.sender.fast_open.is_none()),
    cause: |proof| arrival(proof.deciding_frame, "ack"),
    candidates: no_candidates,
    says: |proof, _| {
        let rfc = match proof.detail {
            ProofDetail::Plain => "RFC 9293 §3.5",
            ProofDetail::Alternative => "RFC 7413 §4.2.2",
        };
        format!(
            "Retransmitted{}: the SYN-ACK in frame {} covered only the SYN, not the data that it carried ({rfc}).{}",
            after(proof),
            deciding_frame(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// The same with TCP Fast Open.
pub(super) const FAST_OPEN_DATA: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::FastOpen,
    rfc: &["RFC 7413 §4.2.2"],
    applies: |case| {
        let proof = syn_data(case).filter(|_| case.sender.fast_open.is_some())?;
        Some(Proof { detail: ProofDetail::Alternative, ..proof })
    },
    ..SYN_DATA
};

/// The SYN-ACK that covers the SYN, but not the data that it carried, which only a SYN has carried so far.
fn syn_data(case: &Case<'_>) -> Option<Proof> {
    let (before, sender, receiver): (&SentSegment, _, _) = (case.segment()?, case.sender, case.receiver);
    let on_syn = before.len > 0 && sender.syn.is_some_and(|(syn, _)| before.last.0 <= syn.get());
    // it may accept the first of them
    let due = receiver.syn_with_ack
        && receiver.ack_sent.is_some_and(|ack| ack == case.again.seq || ack == before.seq.plus(1));
    let (syn_ack, _) = receiver.syn.filter(|(syn_ack, _)| on_syn && due && before.last.0 < syn_ack.get())?;
    Some(case.proved_by(syn_ack.get()))
}

/// Bytes that found no room in a zero window, which has just opened.
pub(super) const WINDOW_OPENED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Retransmit,
    label: "retransmission",
    rfc: &["RFC 9293 §3.8.6"],
    effect: RetransmissionEffect {
        delivery: Delivery::Unanswered,
        why: |_| "since the window has opened".to_owned(),
        shown_by: |proof| format!("the window opened again, frame {}", deciding_frame(proof)),
        ..words::RETRANSMITTED
    },
    applies: |case| {
        let before = case.segment()?;
        let opened_in = case.receiver.loss().opened_in;
        let since = case.since(case.receiver.ack_at)?;
        let just = opened_in == case.receiver.ack_frame && since <= case.round_trip().unwrap_or_default();
        (opened_in > before.last.0 && just && case.can_react_to(case.receiver.ack_at))
            .then(|| case.proved_by(opened_in))
    },
    cause: |proof| arrival(proof.deciding_frame, "window_update"),
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "Retransmitted{}: the {}'s window had been 0, and frame {} has just opened it. The {} may have discarded the bytes for lack of room.{}",
            after(proof),
            words.receiver,
            deciding_frame(proof),
            words.receiver,
            first_copy(proof)
        )
    },
    frames: words::frames,
};
