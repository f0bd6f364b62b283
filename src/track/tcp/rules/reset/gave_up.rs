//! Connections that a side gives up, since no answer comes.

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{CLOSE, frames, number};
use crate::model::FindingCode::{ResetAbort, ResetStale};
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::tcp::loss_state::Asks;

/// A timer that ends a connection without an ACK.
const GAVE_UP: Cause = Cause::of(CauseEvent::Timer, "user_timeout");

/// A keep-alive or zero-window probe was not answered.
pub(super) const PROBE: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "gave up after unanswered probes",
    rfc: &["RFC 1122 §4.2.3.6", "RFC 9293 §3.8.6.1"],
    effect: ResetEffect::ends(|proof, words| {
        format!(
            "{} gives the connection up: no answer to its probe in frame {}; RST",
            words.sender,
            number(proof.before)
        )
    }),
    applies: |case| {
        let (probe, asks) = case.own.loss().probe?;
        let heard = case.peer.newest().map_or(0, |newest| newest.frame);
        let silent = case.with_ack && probe.get() > heard && asks != Asks::Reset;
        silent.then(|| ResetProof { before: Some(probe), flag: asks == Asks::Window, ..ResetProof::default() })
    },
    cause: |proof| Cause::of(CauseEvent::Timer, if proof.flag { "persist" } else { "keep_alive" }),
    candidates: no_candidates,
    says: |proof, words| {
        let rule = if proof.flag { "RFC 9293 §3.8.6.1" } else { "RFC 1122 §4.2.3.6" };
        format!(
            "No answer came to the {}'s probe in frame {}, so its kernel gave the connection up and sent RST ({rule}).",
            words.sender,
            number(proof.before)
        )
    },
    frames,
};

/// Data was retransmitted and never acknowledged.
pub(super) const DATA: Rule<ResetFamily> = Rule {
    code: ResetStale,
    label: "gave up without an ACK",
    rfc: &["RFC 9293 §3.8.3"],
    effect: ResetEffect::ends(|proof, words| match proof.answers {
        Some(answers) => {
            format!("{} had given the connection up: its kernel answers frame {answers} with RST", words.sender)
        }
        None => {
            format!(
                "{} gives the connection up or aborts it: no ACK of frame {} came; RST",
                words.sender,
                number(proof.before)
            )
        }
    }),
    applies: |case| {
        let own = case.own;
        let sent = own.sent.iter().find(|sent| sent.acked_by.is_none())?;
        // a socket that was closed answers with RST too, though its FIN may just have been retransmitted
        let least = if own.fin.is_some() { 3 } else { 1 };
        if sent.retransmissions < least || own.reset.is_some() {
            return None;
        }
        let heard = case.peer.newest().map_or(0, |newest| newest.frame);
        let answered = case.answered.filter(|answered| answered.frame > sent.last.0);
        let silent = if case.with_ack { heard < sent.last.0 } else { answered.is_some() };
        silent.then(|| ResetProof {
            answers: answered.and_then(|answered| NonZeroU64::new(answered.frame)),
            before: NonZeroU64::new(sent.frame),
            also: NonZeroU64::new(sent.last.0),
            count: sent.retransmissions,
            ..ResetProof::default()
        })
    },
    cause: |proof| match proof.answers {
        None => Cause::UNKNOWN,
        answers => Cause::arrival(answers, "reset"),
    },
    candidates: |proof| match proof.answers {
        None => Candidates::from_iter([GAVE_UP, CLOSE]),
        Some(_) => Candidates::new(),
    },
    says: |proof, words| {
        let times = if proof.count == 1 { "once".to_owned() } else { format!("{} times", proof.count) };
        let then = match proof.answers {
            Some(answers) => format!(
                ", and gave the connection up (RFC 9293 §3.8.3). Frame {answers} then came for a connection that it no longer had, so its kernel answered with RST (half-open, RFC 9293 §3.5.1)."
            ),
            None => ". Then it ended the connection with this RST. Either its kernel gave up (RFC 9293 §3.8.3), or its program closed with a zero SO_LINGER timeout or with data unread.".to_owned(),
        };
        format!(
            "The {} had retransmitted the bytes of frame {} without an ACK ({times}, last in frame {}){then}",
            words.sender,
            number(proof.before),
            number(proof.also)
        )
    },
    frames,
};
