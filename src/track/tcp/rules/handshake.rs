//! Why a SYN or SYN-ACK is retransmitted, or comes again (RFC 9293 §3.8.1, §3.10.7).

use std::num::NonZeroU64;

use super::{Candidates, Cause, Family, Rule, Words};
use crate::model::thresholds::MIN_RTO;
use crate::model::{FindingCode, Nanos};
use crate::track::capture_point::CapturePoint;
use crate::track::cause::CauseEvent;

/// Why a SYN or SYN-ACK comes again.
#[derive(Clone, Copy, Debug)]
pub struct HandshakeRetry;

/// A SYN or SYN-ACK with the number of one before it.
#[derive(Clone, Copy, Debug)]
pub struct RetryCase {
    /// It is a SYN-ACK.
    pub(in crate::track) syn_ack: bool,
    /// How many times it was sent before.
    pub(in crate::track) nth: u16,
    /// The first of them, and the last where that is another one.
    pub(in crate::track) first: u64,
    pub(in crate::track) last: Option<NonZeroU64>,
    /// Time since the last of them.
    pub(in crate::track) after: Option<Nanos>,
    /// The peer's segment that answered with another ACK number than the SYN's.
    pub(in crate::track) wrong_answer: Option<u64>,
    /// The peer's segment that answered: a SYN-ACK to the SYN, an ACK to the SYN-ACK.
    pub(in crate::track) answer: Option<u64>,
    /// Of a SYN: its sender had acknowledged the SYN-ACK, so its connection was open. The frame of that ACK.
    pub(in crate::track) open_since: Option<u64>,
    /// Of a SYN: the peer's RST that refused the one before.
    pub(in crate::track) refused: Option<u64>,
    /// Of a SYN-ACK: the peer's retransmitted SYN that it answers.
    pub(in crate::track) asked: Option<u64>,
    /// Of a SYN-ACK: the peer has taken one with another number.
    pub(in crate::track) superseded: bool,
    /// Of a SYN-ACK: the peer's data after the ACK that completed the handshake.
    pub(in crate::track) data_after: Option<u64>,
    /// Of a SYN: the first one had the option of Fast Open or data, and this one has not.
    pub(in crate::track) without_fast_open: bool,
    /// Of a SYN: the first one offered ECN, and this one does not.
    pub(in crate::track) without_ecn: bool,
    /// Where the capture was made.
    pub(in crate::track) capture_point: Option<CapturePoint>,
}

/// What the text needs.
pub type RetryProof = RetryCase;

/// What follows for the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryEffect {
    /// The copy before it got no answer.
    pub unanswered: bool,
}

impl Family for HandshakeRetry {
    type Case<'a> = RetryCase;
    type Proof = RetryProof;
    type Effect = RetryEffect;
}

impl PartialEq for RetryCase {
    fn eq(&self, other: &Self) -> bool {
        (self.first, self.nth, self.last, self.after) == (other.first, other.nth, other.last, other.after)
    }
}

impl Eq for RetryCase {}

/// The rules, in the order in which they exclude each other.
pub(in crate::track) static HANDSHAKE_RETRY: &[Rule<HandshakeRetry>] = &[
    SYN_AFTER_WRONG_ANSWER,
    SYN_OF_OPEN_CONNECTION,
    SYN_ANSWERED,
    SYN_REFUSED,
    SYN_UNANSWERED,
    SYN_ACK_SUPERSEDED,
    SYN_ACK_ASKED,
    SYN_ACK_NOT_ACCEPTED,
    SYN_ACK_ANSWERED,
    SYN_ACK_TOO_SOON,
    SYN_ACK_UNANSWERED,
];

impl RetryCase {
    /// Whether it is a SYN without ACK.
    pub fn is_syn(&self) -> bool {
        !self.syn_ack
    }

    /// How many times the SYN or SYN-ACK had been sent before.
    pub fn nth(&self) -> u16 {
        self.nth
    }

    /// What answers: the other segment of the handshake.
    fn answered(&self) -> u64 {
        self.answer.unwrap_or_default()
    }

    /// ` after 1.01 s (retransmission 2)`.
    fn times(&self) -> String {
        let after = self
            .after
            .filter(|after| after.0 > 0)
            .map_or_else(String::new, |after| format!(" after {}", after.human()));
        format!("{after} (retransmission {})", self.nth)
    }

    /// What a SYN leaves out that the first one had, in the hope that this was what got it lost.
    fn leaves_out(&self) -> &'static str {
        match (self.without_fast_open, self.without_ecn) {
            (true, true) => {
                " It leaves out Fast Open and ECN, which some middleboxes do not let pass (RFC 7413 §7.1, RFC 3168 §6.1.1.1)."
            }
            (true, false) => " It leaves out Fast Open, which some middleboxes do not let pass (RFC 7413 §7.1).",
            (false, true) => {
                " It leaves out ECN, which some hosts and middleboxes do not let pass (RFC 3168 §6.1.1.1)."
            }
            (false, false) => "",
        }
    }
}

fn frames(proof: &RetryProof) -> [u64; 6] {
    let last = proof.last.map_or(0, NonZeroU64::get);
    let witness =
        proof.wrong_answer.or(proof.open_since).or(proof.refused).or(proof.asked).or(proof.answer).unwrap_or(0);
    [proof.first, last, witness, proof.data_after.unwrap_or(0), 0, 0]
}

fn timer(_: &RetryProof) -> Cause {
    Cause::of(CauseEvent::Timer, "syn")
}

fn no_candidates(_: &RetryProof) -> Candidates {
    Candidates::new()
}

const fn rule(
    label: &'static str,
    rfc: &'static [&'static str],
    applies: for<'a, 'b> fn(&'b RetryCase) -> Option<RetryProof>,
    says: fn(&RetryProof, &Words<'_>) -> String,
) -> Rule<HandshakeRetry> {
    Rule {
        code: FindingCode::HandshakeRetried,
        label,
        rfc,
        effect: RetryEffect { unanswered: true },
        applies,
        cause: timer,
        candidates: no_candidates,
        says,
        frames,
    }
}

const SYN: &str = "SYN retransmission";
const SYN_ACK: &str = "SYN-ACK retransmission";

const SYN_AFTER_WRONG_ANSWER: Rule<HandshakeRetry> = rule(
    SYN,
    &["RFC 9293 §3.10.7.3"],
    |case| case.wrong_answer.filter(|_| !case.syn_ack).map(|_| *case),
    |proof, words| {
        format!(
            "SYN retransmitted{}: frame {} acknowledged another number, so it was no answer to this SYN (RFC 9293 §3.10.7.3). If the {} held an older connection, the RST ended it, and the SYN finds the ports free.",
            proof.times(),
            proof.wrong_answer.unwrap_or_default(),
            words.receiver
        )
    },
);

const SYN_OF_OPEN_CONNECTION: Rule<HandshakeRetry> = Rule {
    code: FindingCode::DuplicateFrame,
    effect: RetryEffect { unanswered: false },
    cause: |_| Cause::UNKNOWN,
    candidates: |proof| {
        let duplicate = Cause { frame: NonZeroU64::new(proof.first), ..Cause::of(CauseEvent::Network, "duplicate") };
        Candidates::from_iter([duplicate, Cause::of(CauseEvent::Network, "forged")])
    },
    ..rule(
        "duplicate SYN",
        &["RFC 9293 §3.10.7.4", "RFC 5961 §4"],
        |case| case.open_since.filter(|_| !case.syn_ack).map(|_| *case),
        |proof, words| {
            format!(
                "Not a retransmission: the {} had acknowledged the SYN-ACK (frame {}), so its connection is open and its SYN timer is off. Either the network duplicated the SYN, or another host sent it. The {} answers with a challenge ACK (RFC 9293 §3.10.7.4).",
                words.sender,
                proof.open_since.unwrap_or_default(),
                words.receiver
            )
        },
    )
};

const SYN_ANSWERED: Rule<HandshakeRetry> = rule(
    SYN,
    &["RFC 9293 §3.8.1"],
    |case| case.answer.filter(|_| !case.syn_ack).map(|_| *case),
    |proof, words| {
        let why = match proof.capture_point {
            Some(CapturePoint::SameHost | CapturePoint::Client) => {
                format!("was captured at the {}, but its kernel discarded it (for example by a filter)", words.sender)
            }
            _ => format!("did not reach the {} in time: lost, late or discarded there", words.sender),
        };
        format!(
            "SYN retransmitted{}: the SYN-ACK in frame {} {why}.{}",
            proof.times(),
            proof.answered(),
            proof.leaves_out()
        )
    },
);

const SYN_REFUSED: Rule<HandshakeRetry> = Rule {
    effect: RetryEffect { unanswered: false },
    ..rule(
        "SYN after refusal",
        &["RFC 9293 §3.10.7.3"],
        |case| case.refused.filter(|_| !case.syn_ack).map(|_| *case),
        |proof, words| {
            format!(
                "SYN sent again{}, after the RST in frame {} had refused it. Some hosts try again before the {} program's connect fails (Windows: every 500 ms).",
                proof.times(),
                proof.refused.unwrap_or_default(),
                words.sender
            )
        },
    )
};

const SYN_UNANSWERED: Rule<HandshakeRetry> = rule(
    SYN,
    &["RFC 6298 §2", "RFC 9293 §3.8.1"],
    |case| (!case.syn_ack).then_some(*case),
    |proof, _| {
        format!(
            "SYN retransmitted{}: no answer was captured before its timer ran out.{}",
            proof.times(),
            proof.leaves_out()
        )
    },
);

const SYN_ACK_SUPERSEDED: Rule<HandshakeRetry> = Rule {
    effect: RetryEffect { unanswered: false },
    ..rule(
        SYN_ACK,
        &["RFC 9293 §3.10.7.4"],
        |case| case.superseded.then_some(*case),
        |proof, words| {
            format!(
                "SYN-ACK retransmitted{}, though the ACK in frame {} accepted a SYN-ACK with another initial sequence number. The {} no longer takes this one; at most it answers with a challenge ACK (RFC 9293 §3.10.7.4).",
                proof.times(),
                proof.answered(),
                words.receiver
            )
        },
    )
};

const SYN_ACK_ASKED: Rule<HandshakeRetry> = Rule {
    cause: |proof| Cause::arrival(proof.asked.and_then(NonZeroU64::new), "syn_ack"),
    ..rule(
        SYN_ACK,
        &["RFC 9293 §3.10.7.4"],
        |case| case.asked.map(|_| *case),
        |proof, _| {
            format!(
                "SYN-ACK retransmitted{}: it answers the SYN that came again in frame {}.",
                proof.times(),
                proof.asked.unwrap_or_default()
            )
        },
    )
};

/// At the server the ACK has arrived, so its kernel did not take it.
const SYN_ACK_NOT_ACCEPTED: Rule<HandshakeRetry> = Rule {
    effect: RetryEffect { unanswered: false },
    ..rule(
        SYN_ACK,
        &["RFC 9293 §3.8.1"],
        |case| {
            let arrived = matches!(case.capture_point, Some(CapturePoint::SameHost | CapturePoint::Server));
            case.answer.filter(|_| arrived || case.data_after.is_some()).map(|_| *case)
        },
        |proof, words| {
            let arrived = matches!(proof.capture_point, Some(CapturePoint::SameHost | CapturePoint::Server));
            let (ack, times, server) = (proof.answered(), proof.times(), words.sender);
            let queue = "its accept queue is full (the program does not call accept)";
            match proof.data_after {
                Some(data) if arrived => format!(
                    "SYN-ACK retransmitted{times}, though the ACK in frame {ack} and the data in frame {data} arrived. The {server} stays in SYN-RECEIVED: {queue}."
                ),
                Some(data) => format!(
                    "SYN-ACK retransmitted{times}, though the ACK in frame {ack} and the data in frame {data} were sent. The {server} stays in SYN-RECEIVED: either {queue}, or those packets were all lost."
                ),
                None => format!(
                    "SYN-ACK retransmitted{times}, though the ACK in frame {ack} arrived. The {server} stays in SYN-RECEIVED: either {queue}, or TCP_DEFER_ACCEPT makes it wait for data."
                ),
            }
        },
    )
};

const SYN_ACK_ANSWERED: Rule<HandshakeRetry> = rule(
    SYN_ACK,
    &["RFC 9293 §3.8.1"],
    |case| case.answer.map(|_| *case),
    |proof, words| {
        format!(
            "SYN-ACK retransmitted{}: the ACK in frame {} did not reach the {} in time, or was discarded there.",
            proof.times(),
            proof.answered(),
            words.sender
        )
    },
);

const SYN_ACK_TOO_SOON: Rule<HandshakeRetry> = Rule {
    cause: |_| Cause::UNKNOWN,
    candidates: |_| Candidates::from_iter([Cause::arrival(None, "syn_ack"), Cause::of(CauseEvent::Timer, "syn")]),
    ..rule(
        SYN_ACK,
        &["RFC 6298 §2"],
        |case| case.after.filter(|after| *after < MIN_RTO).map(|_| *case),
        |proof, _| {
            format!(
                "SYN-ACK retransmitted{}, sooner than a timer allows: it answers a SYN that is not in the capture, or the sender's timer is unusually short.",
                proof.times()
            )
        },
    )
};

const SYN_ACK_UNANSWERED: Rule<HandshakeRetry> = rule(
    SYN_ACK,
    &["RFC 6298 §2", "RFC 9293 §3.8.1"],
    |case| Some(*case),
    |proof, _| format!("SYN-ACK retransmitted{}: no ACK was captured before its timer ran out.", proof.times()),
);
