//! RSTs of the handshake that are no refusals: of a retransmitted SYN, of a SYN-ACK (RFC 9293 §3.10.7.3).

use super::super::rule::Rule;
use super::family::{Ends, ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{answering, number};
use crate::model::FindingCode::{ResetIgnored, ResetStale};

/// A RST that answers a SYN and acknowledges nothing.
pub(super) const NO_ACK: Rule<ResetFamily> = answering(
    ResetIgnored,
    "RST without ACK",
    &["RFC 9293 §3.10.7.3"],
    ResetEffect::of(Ends::Nothing, |proof, words| {
        let syn = number(proof.answers);
        format!("{} sends RST without an ACK of the SYN in frame {syn}: it ends nothing", words.sender)
    }),
    |case| {
        let waits = case.peer.newest()?.syn && !case.peer.syn_with_ack && case.own.newest().is_none();
        let syn = case.peer.last_syn().or(case.peer.newest().map(|newest| newest.frame))?;
        (waits && !case.with_ack).then(|| case.answers(syn))
    },
    |proof, words| {
        format!(
            "A RST that refuses a SYN acknowledges it (RFC 9293 §3.10.7.1). This one has no ACK, so the {} ignores it while it waits for the ACK of its SYN in frame {} (SYN-SENT, §3.10.7.3).",
            words.receiver,
            number(proof.answers)
        )
    },
);

/// A RST that answers a SYN, and acknowledges another number than the SYN's.
pub(super) const WRONG_ACK: Rule<ResetFamily> = answering(
    ResetIgnored,
    "RST with a wrong ACK",
    &["RFC 9293 §3.10.7.3"],
    ResetEffect::of(Ends::Nothing, |proof, words| {
        let syn = number(proof.answers);
        format!("{} sends RST that does not acknowledge the SYN in frame {syn}: it ends nothing", words.sender)
    }),
    |case| {
        let syn = case.answered_syn().filter(|_| !case.acks_syn())?;
        Some(case.answers(syn))
    },
    |proof, words| {
        format!(
            "This RST acknowledges another number than the {}'s SYN in frame {}, so the {} ignores it and waits on (SYN-SENT, RFC 9293 §3.10.7.3). It belongs to another connection, or is forged.",
            words.receiver,
            number(proof.answers),
            words.receiver
        )
    },
);

/// A SYN-ACK or ACK of another number, refused by the side that waits for the ACK of its SYN.
pub(super) const BAD_ACK: Rule<ResetFamily> = answering(
    ResetStale,
    "refuses a wrong ACK",
    &["RFC 9293 §3.10.7.3"],
    ResetEffect {
        has_connection: false,
        ..ResetEffect::of(Ends::Nothing, |proof, words| {
            let answers = number(proof.answers);
            format!("{} refuses frame {answers}, which does not acknowledge its SYN: RST", words.sender)
        })
    },
    |case| {
        let waits = !case.own.syn_acked && case.own.isn.is_some_and(|isn| isn.plus(1) != case.segment.seq);
        case.answered.filter(|_| waits).map(|answered| case.answers(answered.frame))
    },
    |proof, words| {
        format!(
            "Frame {} acknowledges another number than the {}'s SYN, so the {}, which waits for that ACK (SYN-SENT), refuses it with RST (RFC 9293 §3.10.7.3). The RST ends an older connection that the {} may still have; the SYN waits on.",
            number(proof.answers),
            words.sender,
            words.sender,
            words.receiver
        )
    },
);

/// A segment that does not acknowledge the SYN-ACK, refused by the side that sent it.
pub(super) const BAD_ACK_OF_SYN_ACK: Rule<ResetFamily> = answering(
    ResetStale,
    "refuses a wrong ACK",
    &["RFC 9293 §3.10.7.4"],
    ResetEffect {
        has_connection: false,
        ..ResetEffect::of(Ends::Nothing, |proof, words| {
            let answers = number(proof.answers);
            format!("{} refuses frame {answers}, which does not acknowledge its SYN-ACK: RST", words.sender)
        })
    },
    |case| {
        let (syn_ack, _) = case.own.syn.filter(|_| case.own.syn_with_ack)?;
        let waits = !case.own.syn_acked && case.own.isn.is_some_and(|isn| isn.plus(1) != case.segment.seq);
        let answered = case.answered.filter(|_| waits)?;
        Some(ResetProof { before: Some(syn_ack), ..case.answers(answered.frame) })
    },
    |proof, words| {
        format!(
            "Frame {} acknowledges another number than the SYN-ACK in frame {}, so the {}, which waits for that ACK (SYN-RECEIVED), refuses it with RST and discards it (RFC 9293 §3.10.7.4). The {} waits on.",
            number(proof.answers),
            number(proof.before),
            words.sender,
            words.sender
        )
    },
);

/// The same SYN again, which the receiver answers with RST instead of its SYN-ACK.
pub(super) const REPEATED: Rule<ResetFamily> = answering(
    ResetStale,
    "refuses a repeated SYN",
    &["RFC 9293 §3.10.7.4"],
    ResetEffect::ends(|proof, words| {
        format!("{} answers the retransmitted SYN in frame {} with RST", words.sender, number(proof.answers))
    }),
    |case| {
        let (syn_ack, _) = case.own.syn.filter(|_| case.own.syn_with_ack)?;
        let (syn, at) = case.peer.syn.filter(|(syn, _)| case.peer.syn_count > 1 && *syn > syn_ack)?;
        let newest = case.peer.newest()?.frame == syn.get() && case.handshake.ack().is_none();
        let acks = case.with_ack && case.peer.isn.is_some_and(|isn| isn.plus(1) == case.segment.ack);
        let unanswered = syn.get() > case.own.loss().resets.answered;
        let answers = newest && acks && unanswered && case.can_answer(at);
        answers.then(|| ResetProof { before: Some(syn_ack), ..case.answers(syn.get()) })
    },
    |proof, words| {
        format!(
            "The {} had answered the SYN in frame {}, and answers the retransmitted SYN in frame {} with RST. RFC 9293 §3.10.7.4 requires an ACK in reply, and kernels retransmit the SYN-ACK: its stack, or a middlebox, rejects a retransmitted SYN.",
            words.sender,
            number(proof.before),
            number(proof.answers)
        )
    },
);

/// A SYN-ACK that echoes a timestamp which no SYN carried.
pub(super) const WRONG_ECHO: Rule<ResetFamily> = answering(
    ResetStale,
    "refuses a wrong timestamp echo",
    &["RFC 7323 §3.2"],
    ResetEffect {
        has_connection: false,
        ..ResetEffect::of(Ends::Nothing, |proof, words| {
            let answers = number(proof.answers);
            format!(
                "{} refuses the SYN-ACK in frame {answers}, which echoes a timestamp it never sent: RST",
                words.sender
            )
        })
    },
    |case| {
        let answered = case.answered.filter(|answered| answered.syn && !case.is_gone())?;
        let (frame, echo) = case.handshake.wrong_echo?;
        (frame.get() == answered.frame).then(|| ResetProof { number: echo, ..case.answers(answered.frame) })
    },
    |proof, words| {
        format!(
            "The SYN-ACK in frame {} echoes timestamp {}, which no captured SYN of the {} carries. Linux refuses such a SYN-ACK with RST and goes on waiting (SYN-SENT, RFC 7323 §3.2): it answers a SYN of an older connection, or a middlebox rewrites timestamps.",
            number(proof.answers),
            proof.number,
            words.sender
        )
    },
);

/// A SYN-ACK for a socket that no longer waits for one.
pub(super) const UNWANTED: Rule<ResetFamily> = answering(
    ResetStale,
    "refuses the SYN-ACK",
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::ends(|proof, words| {
        let answers = number(proof.answers);
        format!(
            "{} refuses the SYN-ACK in frame {answers} with RST: it has no connection in SYN-SENT for it",
            words.sender
        )
    }),
    |case| {
        let answered = case.answered.filter(|answered| answered.syn && !case.is_gone())?;
        let own = case.own;
        // the SYN may have carried data
        let seq = case.segment.seq;
        let fits = own.isn.is_some_and(|isn| isn.plus(1) == seq || own.snd_nxt == Some(seq));
        fits.then(|| case.answers(answered.frame))
    },
    |proof, words| {
        let (who, answers) = (words.sender, number(proof.answers));
        format!(
            "This RST answers the SYN-ACK in frame {answers}: the {who} has no connection in SYN-SENT for it. Its program gave up, or the SYN came from a port scanner, or another host sent the SYN or this RST with the {who}'s address."
        )
    },
);
