//! SYNs that are in the capture again.

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::case::Case;
use super::family::{Delivery, RetransmissionEffect, RetransmissionFamily, Transmission};
use super::words::{self, after, deciding_frame};
use crate::model::FindingCode;
use crate::model::thresholds::MIN_RTO;
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::retransmission_proof::{ProofDetail, RetransmissionProof as Proof, View};

const SYN: RetransmissionEffect = RetransmissionEffect {
    delivery: Delivery::Unanswered,
    why: |_| "since no answer came".to_owned(),
    shown_by: |proof| format!("no answer came in time; retransmission {}", proof.count),
    ..words::RETRANSMITTED
};

const SYN_TIMER: fn(&Proof) -> Cause = |_| Cause::of(CauseEvent::Timer, "syn");

/// A SYN of the client, with the frame that decides.
fn syn(case: &Case<'_>, deciding_frame: Option<std::num::NonZeroU64>) -> Option<Proof> {
    let syn = case.syn().filter(|syn| !syn.with_ack)?;
    Some(Proof {
        deciding_frame: deciding_frame.map(std::num::NonZeroU64::get),
        count: u32::from(syn.nth),
        ..case.proof
    })
}

/// The answer had numbers that do not fit the SYN.
pub(super) const SYN_AFTER_BAD_ACK: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN retransmission",
    rfc: &["RFC 9293 §3.10.7.3"],
    effect: RetransmissionEffect {
        why: |proof| format!("since frame {} did not fit it", deciding_frame(proof)),
        shown_by: |proof| {
            format!("frame {} did not fit the SYN; retransmission {}", deciding_frame(proof), proof.count)
        },
        ..SYN
    },
    applies: |case| syn(case, Some(case.syn()?.bad_ack?)),
    cause: SYN_TIMER,
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "SYN retransmission {}{}: frame {} answered the SYN before with the ACK of another number, so it was no answer to it (RFC 9293 §3.10.7.3). If it came of an older connection, a RST ends that one, and the SYN finds the ports free.",
            proof.count,
            after(proof),
            deciding_frame(proof)
        )
    },
    frames: words::frames,
};

/// An ICMP error had reported the SYN too long for a link.
pub(super) const SYN_TOO_BIG: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN retransmission",
    rfc: &["RFC 1191", "RFC 8201"],
    effect: RetransmissionEffect {
        why: |proof| format!("after the ICMP error in frame {}: it was too long for a link", deciding_frame(proof)),
        shown_by: |proof| format!("the SYN was too long for a link, frame {}", deciding_frame(proof)),
        ..SYN
    },
    applies: |case| {
        let syn_case = case.syn()?;
        let (error, at) = case.sender.loss().too_big?;
        let recent = case.since(at).is_none_or(|since| since < MIN_RTO) && syn_case.answer.is_none();
        let number = u64::from(syn_case.without_fast_open) + 2 * u64::from(syn_case.without_ecn);
        recent.then_some(Proof { number, ..syn(case, Some(error))? })
    },
    cause: |proof| words::arrival(proof.deciding_frame, "icmp"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "SYN retransmission {}{}: the ICMP error in frame {} reported that the SYN was longer than the next link takes, and was discarded (path MTU discovery, RFC 1191, RFC 8201).{}",
            proof.count,
            after(proof),
            deciding_frame(proof),
            leaves_out(proof.number)
        )
    },
    frames: words::frames,
};

/// Its sender had completed the handshake: it has no reason to send a SYN.
pub(super) const SYN_OF_OPEN_CONNECTION: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::StraySyn,
    label: "SYN of an open connection",
    rfc: &["RFC 9293 §3.10.7.4", "RFC 5961 §4"],
    effect: RetransmissionEffect {
        transmission: Transmission::Stray,
        delivery: Delivery::Unknown,
        verb: "sends",
        why: |proof| format!("although the ACK in frame {} had opened the connection", deciding_frame(proof)),
        shown_by: |proof| format!("the connection was open, frame {}", deciding_frame(proof)),
        ..SYN
    },
    applies: |case| {
        let syn_case = case.syn()?;
        let detail = if syn_case.other_id { ProofDetail::Alternative } else { ProofDetail::Plain };
        Some(Proof { detail, number: u64::from(syn_case.by_server), ..syn(case, Some(syn_case.opened?))? })
    },
    cause: |_| Cause::UNKNOWN,
    candidates: |_| {
        let by = |detail| Cause::of(CauseEvent::Network, detail);
        Candidates::from_iter([by("duplicate"), by("forged")])
    },
    says: |proof, words| {
        let id = match proof.detail {
            ProofDetail::Plain => "",
            ProofDetail::Alternative => {
                " Its IP identification is another than that of the SYN before, which argues against a duplicate."
            }
        };
        let opened = match proof.number {
            0 => format!("The {} had acknowledged the SYN-ACK in frame {}, and", words.sender, deciding_frame(proof)),
            _ => format!(
                "The {}'s ACK in frame {} had opened the connection, and the {}",
                words.receiver,
                deciding_frame(proof),
                words.sender
            ),
        };
        format!(
            "{opened} does not retransmit the SYN of an open connection: it is a duplicate from the network, or was crafted (SYN flood). RFC 9293 §3.10.7.4 requires a challenge ACK in reply.{id}"
        )
    },
    frames: words::frames,
};

/// A SYN-ACK was captured before; its sender did not get it in time.
pub(super) const SYN_ANSWERED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN retransmission",
    rfc: &["RFC 6298 §5.7"],
    effect: RetransmissionEffect {
        why: |proof| format!("although frame {} had answered it", deciding_frame(proof)),
        ..SYN
    },
    applies: |case| syn(case, Some(case.syn()?.answer?)),
    cause: SYN_TIMER,
    candidates: no_candidates,
    says: |proof, words| {
        let answer = deciding_frame(proof);
        let sender = words.sender;
        let why = match proof.view {
            View::Sender | View::Both => format!(
                "the SYN-ACK in frame {answer} had reached the {sender}'s host, but its TCP did not take it (a firewall or filter discarded it), or the two crossed"
            ),
            View::Receiver | View::OtherConversations => {
                format!(
                    "the SYN-ACK in frame {answer} had not reached the {sender} in time: it was lost or late behind the capture point"
                )
            }
        };
        format!("SYN retransmission {}{}: {why}.", proof.count, after(proof))
    },
    frames: words::frames,
};

/// A bit of the number beside those of the options that are left out: a SYN before had FIN too.
const FIN_ON_SYN: u64 = 4;

/// Returns the sentence about the options of the first SYN that this SYN leaves out, since some hosts and middleboxes
/// drop SYNs with them; or about a FIN on it.
fn leaves_out(number: u64) -> &'static str {
    match number {
        1 => " It leaves out Fast Open, which some middleboxes do not let pass (RFC 7413 §7.1).",
        2 => " It leaves out ECN, which some hosts and middleboxes do not let pass (RFC 3168 §6.1.1.1).",
        3 => {
            " It leaves out Fast Open and ECN, which some middleboxes do not let pass (RFC 7413 §7.1, RFC 3168 §6.1.1.1)."
        }
        number if number & FIN_ON_SYN > 0 => {
            " A SYN before had FIN as well, and many hosts, Linux among them, discard such a segment."
        }
        _ => "",
    }
}

/// No answer was captured.
pub(super) const SYN_UNANSWERED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::HandshakeRetried,
    label: "SYN retransmission",
    rfc: &["RFC 6298 §5.7"],
    effect: SYN,
    applies: |case| {
        let syn_case = case.syn()?;
        let with_fin = case.sender.loss().fin_on_syn.map_or(0, |_| FIN_ON_SYN);
        let number = u64::from(syn_case.without_fast_open) + 2 * u64::from(syn_case.without_ecn) + with_fin;
        // a segment without SYN can acknowledge it too
        let receiver = case.receiver;
        let acked = receiver.ack_sent.zip(case.sender.isn).is_some_and(|(ack, isn)| ack.is_after(isn));
        let acks_syn = |ack| case.sender.isn.is_some_and(|isn| isn.plus(1) == ack);
        let early = receiver.loss().refused.filter(|refused| acks_syn(refused.ack)).map(|refused| refused.frame);
        let arrived =
            early.or(NonZeroU64::new(receiver.ack_frame).filter(|_| acked)).filter(|_| !receiver.syn_with_ack);
        Some(Proof { number, ..syn(case, arrived)? })
    },
    cause: SYN_TIMER,
    candidates: no_candidates,
    says: |proof, words| {
        let left_out = leaves_out(proof.number);
        if let Some(arrived) = proof.deciding_frame {
            return format!(
                "SYN retransmission {}{}: no SYN-ACK came in time. Frame {arrived} acknowledges the SYN, so that had arrived; the SYN-ACK was lost or is late, and the {} takes no other segment before it (SYN-SENT, RFC 9293 §3.10.7.3).{left_out}",
                proof.count,
                after(proof),
                words.sender
            );
        }
        let before = proof.last.map(std::num::NonZeroU64::get).or(proof.original);
        let why = match proof.view {
            // the error, which is added, tells what became of it
            _ if proof.discarded_before().is_some_and(|discarded| Some(discarded.frame) == before) => String::new(),
            View::Receiver | View::Both => format!(
                " The SYN had reached the {}'s host, which did not answer: its accept queue was full, or a filter discarded the SYN.",
                words.receiver
            ),
            View::Sender | View::OtherConversations => format!(
                " Either the SYN or its answer was lost or is late, or the {} ignored it (full accept queue, or a filter).",
                words.receiver
            ),
        };
        format!("SYN retransmission {}{}: no answer came.{why}{left_out}", proof.count, after(proof))
    },
    frames: words::frames,
};
