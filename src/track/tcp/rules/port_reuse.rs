//! A SYN with another initial sequence number on ports that a connection has used before, and the answer to it
//! (RFC 9293 §3.6.1, §3.10.7.4; RFC 6191; RFC 5961 §4).

use std::num::NonZeroU64;

use super::super::previous::{PreviousConnection, PreviousEnd};
use super::rule::{Family, Rule, Words, no_candidates};
use crate::model::thresholds::{LONGEST_TIME_WAIT, SHORTEST_TIME_WAIT};
use crate::model::{FindingCode, Nanos, Segment, SeqNumber, thousands};
use crate::track::cause::{Candidates, Cause, CauseEvent};

/// The rules about a SYN on ports that another connection used, and its first answer.
#[derive(Clone, Copy, Debug)]
pub struct PortReuse;

/// A SYN on used ports, or the first answer to it.
pub struct ReuseCase<'a> {
    pub(in crate::track) previous: &'a PreviousConnection,
    pub(in crate::track) segment: &'a Segment,
    /// The SYN's frame, where the segment answers it.
    pub(in crate::track) answers: Option<NonZeroU64>,
}

/// The frames and facts that prove a reuse of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReuseProof {
    /// The stream that used the ports before.
    pub stream: u32,
    /// The frame that closed or reset it, or its last one.
    frame: u64,
    /// The time since its last captured packet.
    since: Option<Nanos>,
    /// The SYN's frame, where this answers it.
    syn: Option<NonZeroU64>,
    /// The SYN's sequence number is above all that its sender had used.
    above: bool,
    /// Its timestamp is newer than that of its sender's FIN.
    newer: bool,
    /// Both sides of the former connection had closed.
    closed: bool,
    /// No ACK of the last FIN was captured.
    unacked: bool,
    /// The RST that ended it after a challenge ACK.
    reset: Option<NonZeroU64>,
}

/// The former use of the ports, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReusedPorts {
    /// The rule that applies.
    pub rule: &'static Rule<PortReuse>,
    /// The frames and facts from which its text is made.
    pub proof: ReuseProof,
}

/// The consequence for the finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReuseEffect {
    /// The ports were free: the rule reports a new connection.
    Reported,
    /// The answer decides; nothing is reported before it.
    AnswerDecides,
}

impl Family for PortReuse {
    type Case<'a> = ReuseCase<'a>;
    type Proof = ReuseProof;
    type Effect = ReuseEffect;
}

/// The rules for the SYN.
pub(in crate::track) static SYN_ON_USED_PORTS: &[Rule<PortReuse>] = &[
    NEVER_OPENED,
    AFTER_RESET,
    AFTER_TIME_WAIT,
    LAST_FIN_UNACKED,
    REPLACES_TIME_WAIT,
    BELOW_TIME_WAIT,
    OWN_TIME_WAIT,
    IN_OPEN_CONNECTION,
];

/// The rules for the answer to a SYN that decides nothing itself.
pub(in crate::track) static ANSWER_ON_USED_PORTS: &[Rule<PortReuse>] = &[ACCEPTED, REFUSED];

impl ReuseCase<'_> {
    fn proof(&self, frame: u64) -> ReuseProof {
        let Self { previous, segment, answers } = self;
        let stamp = segment.options.timestamps.map(|stamps| stamps.value);
        ReuseProof {
            stream: previous.stream,
            frame,
            since: previous.since,
            syn: *answers,
            above: previous.next.is_some_and(|next| !segment.seq.is_before(next)),
            reset: previous.reset,
            closed: matches!(previous.end, PreviousEnd::Closed { .. }),
            unacked: matches!(previous.end, PreviousEnd::Closed { unacked: true, .. }),
            newer: stamp.zip(previous.stamp).is_some_and(|(now, then)| SeqNumber(now).is_after(SeqNumber(then))),
        }
    }

    /// Returns which sides wait in TIME-WAIT (the SYN's sender, its peer) and the proof, if both had closed.
    fn closed(&self) -> Option<(bool, bool, ReuseProof)> {
        let PreviousEnd::Closed { sender_waits, receiver_waits, last, .. } = self.previous.end else { return None };
        Some((sender_waits, receiver_waits, self.proof(last.get())))
    }

    /// Returns `true` if TIME-WAIT is over: it lasts 4 minutes in RFC 9293 §3.4.2, and a SYN after Linux's 60 s proves
    /// no more than that.
    fn is_over(&self) -> bool {
        self.previous.since.is_some_and(|since| since >= LONGEST_TIME_WAIT)
    }
}

/// A program's call made its host send the SYN.
fn connect(_: &ReuseProof) -> Cause {
    Cause::of(CauseEvent::Call, "connect")
}

fn frames(proof: &ReuseProof) -> [u64; 6] {
    let frame = |frame: Option<NonZeroU64>| frame.map_or(0, NonZeroU64::get);
    [proof.frame, frame(proof.syn), frame(proof.reset), 0, 0, 0]
}

fn time_since(proof: &ReuseProof) -> String {
    proof.since.map_or_else(String::new, |since| format!(", {} earlier", since.human()))
}

const fn rule(
    label: &'static str,
    rfc: &'static [&'static str],
    effect: ReuseEffect,
    applies: for<'a, 'b> fn(&'b ReuseCase<'a>) -> Option<ReuseProof>,
    says: fn(&ReuseProof, &Words<'_>) -> String,
) -> Rule<PortReuse> {
    let candidates: fn(&ReuseProof) -> Candidates = no_candidates;
    Rule { code: FindingCode::PortReused, label, rfc, effect, applies, cause: connect, candidates, says, frames }
}

const NEVER_OPENED: Rule<PortReuse> = rule(
    "another attempt",
    &["RFC 9293 §3.10.7.3"],
    ReuseEffect::Reported,
    |case| match case.previous.end {
        PreviousEnd::NeverOpened { refused } => {
            Some(case.proof(refused.map_or(case.previous.last_frame, NonZeroU64::get)))
        }
        _ => None,
    },
    |proof, _| {
        format!(
            "New attempt on the ports of stream {}, which never opened (frame {}{}). The initial sequence number differs, so this is not a retransmission.",
            thousands(u64::from(proof.stream)),
            proof.frame,
            time_since(proof)
        )
    },
);

const AFTER_RESET: Rule<PortReuse> = rule(
    "reuse after a reset",
    &["RFC 9293 §3.5.2"],
    ReuseEffect::Reported,
    |case| match case.previous.end {
        PreviousEnd::Reset(reset) => Some(case.proof(reset.get())),
        _ => None,
    },
    |proof, _| {
        format!(
            "New connection on the ports of stream {}, which the RST in frame {} ended{}. A reset leaves no TIME-WAIT, so the ports are free at once.",
            thousands(u64::from(proof.stream)),
            proof.frame,
            time_since(proof)
        )
    },
);

const AFTER_TIME_WAIT: Rule<PortReuse> = rule(
    "reuse after TIME-WAIT",
    &["RFC 9293 §3.4.2"],
    ReuseEffect::Reported,
    |case| case.closed().filter(|_| case.is_over()).map(|(_, _, proof)| proof),
    |proof, _| {
        format!(
            "New connection on the ports of stream {}, which was closed in frame {}{}. TIME-WAIT is over by then (RFC 9293 §3.4.2: 4 minutes; Linux: 60 s).",
            thousands(u64::from(proof.stream)),
            proof.frame,
            time_since(proof)
        )
    },
);

/// The last FIN waits for its ACK, so its sender still has the connection, unless the capture lacks that ACK.
const LAST_FIN_UNACKED: Rule<PortReuse> = rule(
    "SYN before the last ACK",
    &["RFC 5961 §4", "RFC 9293 §3.10.7.4"],
    ReuseEffect::AnswerDecides,
    |case| case.closed().filter(|(_, _, proof)| proof.unacked).map(|(_, _, proof)| proof),
    |proof, words| {
        format!(
            "SYN on the ports of stream {}, whose last FIN (frame {}{}) no captured ACK covers. If the {} still waits for that ACK, it answers with a challenge ACK (RFC 5961 §4).",
            thousands(u64::from(proof.stream)),
            proof.frame,
            time_since(proof),
            words.receiver
        )
    },
);

const REPLACES_TIME_WAIT: Rule<PortReuse> = rule(
    "TIME-WAIT reuse",
    &["RFC 9293 §3.6.1", "RFC 6191"],
    ReuseEffect::Reported,
    |case| {
        case.closed()
            .filter(|(_, receiver, proof)| *receiver && (proof.above || proof.newer))
            .map(|(_, _, proof)| proof)
    },
    |proof, words| {
        let why = match (proof.above, proof.newer) {
            (_, true) if !proof.above => "its timestamp is newer than the former connection's (RFC 6191)",
            (true, true) => {
                "its sequence number is above the last one used (RFC 9293 §3.6.1), and its timestamp is newer (RFC 6191)"
            }
            _ => "its sequence number is above the last one used (RFC 9293 §3.6.1)",
        };
        format!(
            "New connection on the ports of stream {}, which was closed in frame {}{}. The {} {} TIME-WAIT for it, and may accept this SYN: {why}.",
            thousands(u64::from(proof.stream)),
            proof.frame,
            time_since(proof),
            words.receiver,
            holds(proof)
        )
    },
);

const BELOW_TIME_WAIT: Rule<PortReuse> = rule(
    "SYN in TIME-WAIT",
    &["RFC 9293 §3.10.7.4", "RFC 6191"],
    ReuseEffect::AnswerDecides,
    |case| case.closed().filter(|(_, receiver, _)| *receiver).map(|(_, _, proof)| proof),
    |proof, words| {
        format!(
            "SYN on the ports of stream {}, for which the {} {} TIME-WAIT (frame {}{}). Its sequence number is not above the last one used, so only a newer timestamp would let it be accepted (RFC 6191).",
            thousands(u64::from(proof.stream)),
            words.receiver,
            holds(proof),
            proof.frame,
            time_since(proof)
        )
    },
);

const OWN_TIME_WAIT: Rule<PortReuse> = rule(
    "reuse by the side in TIME-WAIT",
    &["RFC 9293 §3.6.1", "RFC 6191"],
    ReuseEffect::Reported,
    |case| case.closed().filter(|(sender, _, _)| *sender).map(|(_, _, proof)| proof),
    |proof, words| {
        format!(
            "New connection on the ports of stream {}, which was closed in frame {}{}. The {} itself {} TIME-WAIT: either its kernel reused the port early (Linux: tcp_tw_reuse), or another host behind the same address sent this (NAT).",
            thousands(u64::from(proof.stream)),
            proof.frame,
            time_since(proof),
            words.sender,
            holds(proof)
        )
    },
);

const IN_OPEN_CONNECTION: Rule<PortReuse> = rule(
    "SYN in an open connection",
    &["RFC 5961 §4", "RFC 9293 §3.5.1"],
    ReuseEffect::AnswerDecides,
    |case| Some(case.proof(case.previous.last_frame)),
    |proof, words| {
        format!(
            "SYN on the ports of stream {}, which is not closed in this capture. If the {} still has that connection, it answers with a challenge ACK (RFC 5961 §4).",
            thousands(u64::from(proof.stream)),
            words.receiver
        )
    },
);

/// A SYN-ACK answers.
const ACCEPTED: Rule<PortReuse> = Rule {
    cause: |proof| Cause::arrival(proof.syn, "syn_ack"),
    ..rule(
        "new connection",
        &["RFC 9293 §3.5.1"],
        ReuseEffect::Reported,
        |case| {
            let accepts = case.segment.flags.is_syn_ack();
            accepts.then(|| case.proof(case.previous.last_frame))
        },
        |proof, words| {
            let (syn, stream) = (proof.syn.map_or(0, NonZeroU64::get), thousands(u64::from(proof.stream)));
            if proof.closed {
                return format!("Accepts the SYN in frame {syn}: a new connection on the ports of stream {stream}.");
            }
            if let Some(reset) = proof.reset {
                return format!(
                    "Accepts the SYN in frame {syn}: a new connection. The RST in frame {reset} had ended that of stream {stream} (half-open connection, RFC 9293 §3.5.1)."
                );
            }
            format!(
                "Accepts the SYN in frame {syn}: a new connection. The {} no longer had that of stream {stream}, whose close the capture does not show.",
                words.sender
            )
        },
    )
};

/// A challenge ACK answers.
const REFUSED: Rule<PortReuse> = Rule {
    code: FindingCode::ChallengeAck,
    cause: |proof| Cause::arrival(proof.syn, "challenge_ack"),
    ..rule(
        "challenge ACK",
        &["RFC 5961 §4", "RFC 9293 §3.10.7.4"],
        ReuseEffect::Reported,
        |case| {
            let expected = case.previous.expected.is_none_or(|expected| !case.segment.ack.is_before(expected));
            (!case.segment.flags.is_syn_ack() && expected).then(|| case.proof(case.previous.last_frame))
        },
        |proof, words| {
            let (syn, stream) = (proof.syn.map_or(0, NonZeroU64::get), thousands(u64::from(proof.stream)));
            if proof.closed && !proof.unacked {
                return format!(
                    "The {} rejects the SYN in frame {syn}; no new connection opens. It is in TIME-WAIT for stream {stream} and repeats its last ACK (RFC 9293 §3.10.7.4).",
                    words.sender
                );
            }
            format!(
                "The {} rejects the SYN in frame {syn} with a challenge ACK (RFC 5961 §4); no new connection opens. It still has the old connection (stream {stream}) and acknowledges what it expects there; only a RST at that number would end it.",
                words.sender
            )
        },
    )
};

/// TIME-WAIT lasts at least as long as Linux's 60 s.
fn holds(proof: &ReuseProof) -> &'static str {
    match proof.since {
        Some(since) if since > SHORTEST_TIME_WAIT => "may be in",
        _ => "is in",
    }
}
