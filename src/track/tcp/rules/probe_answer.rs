//! Bare ACKs that answer a probe, a RST or a SYN: they acknowledge nothing new.

use std::num::NonZeroU64;

use super::super::endpoint::TcpEndpoint;
use super::super::loss_state::Asks;
use super::probe::shown_by_dsack;
use super::rule::{Family, Rule, Verdict, Words, no_candidates};
use crate::model::thresholds::MIN_RTO;
use crate::model::{FindingCode, Nanos, OptTime, Segment, TcpFlags, counted};
use crate::track::cause::Cause;
use crate::track::ledger::Wait;
use crate::track::packet_ref::PacketRef;

/// Rules for ACKs that only answer.
#[derive(Clone, Copy, Debug)]
pub struct ProbeAnswers;

/// An ACK without data, and the two ends before it changes them.
#[derive(Debug)]
pub struct AnswerCase<'a> {
    pub(in crate::track) packet: &'a PacketRef,
    pub(in crate::track) segment: &'a Segment,
    pub(in crate::track) own: &'a TcpEndpoint,
    pub(in crate::track) peer: &'a TcpEndpoint,
    /// The handshake's round trip, or 0.
    pub(in crate::track) round_trip: Nanos,
}

/// The segment that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerProof {
    /// Its frame.
    pub asked: u64,
}

/// The kind of segment that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A keep-alive.
    KeepAlive,
    /// A zero-window probe.
    WindowProbe,
    /// A SYN-ACK that had been acknowledged.
    SynAck,
    /// A SYN that does not fit the connection.
    Syn,
    /// A RST that is not at the number expected.
    Reset,
}

/// Consequences of an answer.
#[derive(Clone, Copy)]
pub struct AnswerEffect {
    /// The kind of segment that is answered.
    pub answered: Answered,
    /// The reason for the time before it, in the time ledger.
    pub waited: Wait,
    /// It has a finding of its own.
    pub reported: bool,
    /// The remark beside its arrow in ladders.
    pub(crate) ladder_remark: fn(window: u32) -> Option<&'static str>,
    /// The sentence of its step.
    pub(crate) sentence: fn(&AnswerProof, &Words<'_>) -> String,
}

impl Family for ProbeAnswers {
    type Case<'a> = AnswerCase<'a>;
    type Proof = AnswerProof;
    type Effect = AnswerEffect;
}

/// An ACK that only answers.
pub(crate) type ProvenAnswer = Verdict<ProbeAnswers>;

/// Answers to a SYN that the receiver does not accept; asked where an ACK does not fit the peer's SYN.
pub(crate) static ANSWERS_TO_SYN: &[Rule<ProbeAnswers>] = &[SYN_CHALLENGE];

/// Answers within a connection.
pub(crate) static ANSWERS: &[Rule<ProbeAnswers>] =
    &[FIRST_KEEP_ALIVE, OPEN_CHALLENGE, SYN_ACK_AGAIN, KEEP_ALIVE, WINDOW_PROBE, RESET_CHALLENGE];

impl AnswerCase<'_> {
    /// The peer's pending question of this kind. Its answer is sent at the next number.
    fn pending(&self, kind: Asks) -> Option<AnswerProof> {
        let at_next = self.own.snd_nxt == Some(self.segment.seq);
        let (frame, asks) = self.peer.loss.as_ref()?.probe.filter(|_| at_next)?;
        (asks == kind).then_some(AnswerProof { asked: frame.get() })
    }
}

/// The numbers do not fit the SYN, but an older connection (RFC 9293 §3.5.1, RFC 5961 §4.2).
const SYN_CHALLENGE: Rule<ProbeAnswers> = Rule {
    code: FindingCode::ChallengeAck,
    label: "challenge ACK of a SYN",
    rfc: &["RFC 5961 §4", "RFC 9293 §3.5.1"],
    effect: AnswerEffect {
        answered: Answered::Syn,
        waited: Wait::Network,
        reported: true,
        ladder_remark: |_| Some("challenges"),
        sentence: |proof, words| {
            let numbers = match words.ack_raw == words.peer_isn.wrapping_add(1) {
                true => "with that connection's sequence number".to_owned(),
                false => format!("for {}, not {} + 1", words.ack_raw, words.peer_isn),
            };
            format!(
                "{} refuses the SYN of frame {}: challenge ACK of the connection that it still has, {numbers}",
                words.sender, proof.asked
            )
        },
    },
    applies: |case| {
        let bare = case.segment.len == 0 && !case.segment.flags.intersects(TcpFlags::CONTROL);
        let (syn, _) = case.peer.syn.filter(|_| bare)?;
        Some(AnswerProof { asked: syn.get() })
    },
    cause: |proof| Cause::arrival(NonZeroU64::new(proof.asked), "challenge_ack"),
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "Does not answer the SYN in frame {}: it acknowledges {}, not {} + 1. The {} still has an older connection on these ports and states what it expects there (challenge ACK, RFC 5961 §4; RFC 9293 §3.5.1). A RST would end that connection.",
            proof.asked, words.ack_raw, words.peer_isn, words.sender
        )
    },
    frames: |proof| [proof.asked, 0, 0, 0, 0, 0],
};

/// A SYN came in the open connection, which goes on (RFC 5961 §4).
const OPEN_CHALLENGE: Rule<ProbeAnswers> = Rule {
    effect: AnswerEffect {
        sentence: |proof, words| {
            format!(
                "{} refuses the SYN of frame {}: challenge ACK, the connection is open and it still expects byte {}",
                words.sender, proof.asked, words.ack
            )
        },
        ..SYN_CHALLENGE.effect
    },
    applies: |case| {
        let (own, peer) = (case.own, case.peer);
        let syn = peer.newest().filter(|newest| newest.syn && !newest.has_ack && newest.frame > own.ack_frame)?;
        own.repeats_numbers(case.segment).then_some(AnswerProof { asked: syn.frame })
    },
    says: |proof, words| {
        format!(
            "A challenge ACK: the {} has the connection open, so the SYN in frame {} opens nothing (RFC 5961 §4). If the {} had lost the connection, it would answer with RST.",
            words.sender, proof.asked, words.receiver
        )
    },
    ..SYN_CHALLENGE
};

/// The RST is not at the number expected: the ACK asks whether it was meant (RFC 5961 §3.2).
const RESET_CHALLENGE: Rule<ProbeAnswers> = Rule {
    label: "challenge ACK of a RST",
    rfc: &["RFC 5961 §3.2"],
    effect: AnswerEffect {
        answered: Answered::Reset,
        sentence: |proof, words| {
            format!(
                "{} asks the {} to confirm the RST in frame {} (challenge ACK); it still expects byte {}",
                words.sender, words.receiver, proof.asked, words.ack
            )
        },
        ..SYN_CHALLENGE.effect
    },
    applies: |case| {
        let proof = case.pending(Asks::Reset)?;
        let said_before = case.own.ack_sent == Some(case.segment.ack);
        let right_after = case.peer.newest().is_some_and(|newest| newest.frame == proof.asked);
        (said_before && right_after).then_some(proof)
    },
    says: |proof, words| {
        format!(
            "A challenge ACK: the RST in frame {} did not have the sequence number expected next, so the connection stays open; the ACK carries that number. If the {} did reset the connection, it would answer with a RST at that number (RFC 5961 §3.2).",
            proof.asked, words.receiver
        )
    },
    ..SYN_CHALLENGE
};

/// The capture begins with a keep-alive of one old byte, and this DSACK reports the byte (RFC 2883).
const FIRST_KEEP_ALIVE: Rule<ProbeAnswers> = Rule {
    effect: AnswerEffect {
        reported: true,
        sentence: |proof, words| {
            format!("{} is still there: answers frame {}, a keep-alive with an old byte", words.sender, proof.asked)
        },
        ..KEEP_ALIVE.effect
    },
    applies: |case| {
        let asked = case.own.newest().is_none().then(|| shown_by_dsack(case.segment, case.own, case.peer))??;
        Some(AnswerProof { asked })
    },
    says: |proof, words| {
        format!(
            "Frame {} carried one byte that the {} already had, as this DSACK reports: a keep-alive that repeats the last byte (RFC 1122 §4.2.3.6).",
            proof.asked, words.sender
        )
    },
    ..KEEP_ALIVE
};

/// The peer is still there (RFC 1122 §4.2.3.6).
const KEEP_ALIVE: Rule<ProbeAnswers> = Rule {
    code: FindingCode::KeepAlive,
    label: "answer to a keep-alive",
    rfc: &["RFC 1122 §4.2.3.6"],
    effect: AnswerEffect {
        answered: Answered::KeepAlive,
        waited: Wait::Network,
        reported: false,
        ladder_remark: |_| Some("answers the keep-alive"),
        sentence: peer_alive,
    },
    applies: |case| case.pending(Asks::Alive),
    cause: |proof| Cause::arrival(NonZeroU64::new(proof.asked), "ack"),
    candidates: no_candidates,
    says: peer_alive,
    frames: |proof| [proof.asked, 0, 0, 0, 0, 0],
};

fn peer_alive(proof: &AnswerProof, words: &Words<'_>) -> String {
    format!("{} is still there: answers the keep-alive of frame {}", words.sender, proof.asked)
}

/// The window, as a zero-window probe asked for it (RFC 9293 §3.8.6.1).
const WINDOW_PROBE: Rule<ProbeAnswers> = Rule {
    code: FindingCode::ZeroWindowProbe,
    label: "answer to a zero-window probe",
    rfc: &["RFC 9293 §3.8.6.1"],
    effect: AnswerEffect {
        answered: Answered::WindowProbe,
        waited: Wait::Window,
        reported: false,
        ladder_remark: |window| (window == 0).then_some("the window is still zero"),
        sentence: window_now,
    },
    applies: |case| {
        let proof = case.pending(Asks::Window)?;
        let asked = case.peer.newest().filter(|newest| newest.frame == proof.asked);
        let asked_at = asked.map_or(OptTime::UNKNOWN, |asked| asked.at);
        // a kernel answers at once, and a window that opens is told at any time
        let update = case.segment.window > 0 && case.packet.since(asked_at) >= Some(MIN_RTO.plus(case.round_trip));
        (!update).then_some(proof)
    },
    says: window_now,
    ..KEEP_ALIVE
};

fn window_now(proof: &AnswerProof, words: &Words<'_>) -> String {
    let window = match words.window {
        0 => "still zero".to_owned(),
        window => counted(u64::from(window), "byte"),
    };
    format!("{} answers the probe of frame {}: its window is {window}", words.sender, proof.asked)
}

/// The SYN-ACK was retransmitted, though it had been acknowledged (RFC 9293 §3.10.7.4).
const SYN_ACK_AGAIN: Rule<ProbeAnswers> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "answer to a repeated SYN-ACK",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: AnswerEffect {
        answered: Answered::SynAck,
        waited: Wait::Network,
        reported: false,
        ladder_remark: |_| None,
        sentence: acknowledges_again,
    },
    applies: |case| {
        let (own, peer) = (case.own, case.peer);
        let again = own.repeats_numbers(case.segment);
        let newest = peer.newest().filter(|newest| peer.syn_with_ack && newest.syn && newest.frame > own.ack_frame);
        newest.filter(|_| again).map(|syn_ack| AnswerProof { asked: syn_ack.frame })
    },
    says: acknowledges_again,
    ..KEEP_ALIVE
};

fn acknowledges_again(proof: &AnswerProof, words: &Words<'_>) -> String {
    format!(
        "{} acknowledges the {}'s SYN again: the SYN-ACK was repeated in frame {}",
        words.sender, words.receiver, proof.asked
    )
}
