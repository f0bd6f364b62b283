//! Answers about the handshake: its sender and its sequence numbers.

use super::answer::Answer;
use super::question::{Case, Question, Topic};
use super::words::counted;
use crate::model::{Direction, Nanos, Protocol, TcpFlags, Unknown};
use crate::track::{Event, Handshake, RolesFrom, SegmentRole, TcpFacts, TcpTotals};

pub(super) static ENDS: Question = Question {
    id: "ends",
    text: "What are the addresses and ports of the client and of the server?",
    topic: Topic::Any(ends),
    of_all_steps: false,
};

pub(super) static SYN: Question = Question {
    id: "syn",
    text: "What is the SYN's sequence number, and what makes the segment a SYN?",
    topic: Topic::Tcp(syn),
    of_all_steps: false,
};

pub(super) static SYN_ACK: Question = Question {
    id: "syn_ack",
    text: "What are the SYN-ACK's sequence and acknowledgment numbers, and how is the acknowledgment number computed?",
    topic: Topic::Tcp(syn_ack),
    of_all_steps: false,
};

/// A segment of the handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct SynSegment {
    pub(super) frame: u64,
    /// Time since the conversation's start.
    pub(super) at: Option<Nanos>,
    sender: Direction,
    flags: TcpFlags,
    seq_raw: u32,
    ack: u32,
    ack_raw: u32,
    len: u32,
}

/// The first of each segment of the handshake.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HandshakeEvidence {
    pub(super) syn: Option<SynSegment>,
    pub(super) syn_ack: Option<SynSegment>,
    pub(super) ack: Option<SynSegment>,
    /// The server's own SYN, where both sides sent one first.
    second_syn: Option<SynSegment>,
    /// The last SYN-ACK before the ACK that has another number than the first.
    another: Option<SynSegment>,
    syns: u64,
    /// The first SYN-ACK that does not fit the SYN.
    wrong: Option<SynSegment>,
    /// Only relative numbers are known.
    numbers_unknown: bool,
}

impl HandshakeEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        self.numbers_unknown |= event.unknown.contains(Unknown::ACK);
        let mark = SynSegment {
            frame: event.frame,
            at: event.since_start,
            sender: event.direction,
            flags: facts.flags,
            seq_raw: facts.seq_raw,
            ack: facts.ack.unwrap_or_default(),
            ack_raw: facts.ack_raw,
            len: facts.len,
        };
        match facts.role {
            SegmentRole::Syn => {
                let copy = facts.retransmission.is_some_and(|repeat| repeat.is_duplicate());
                self.syns += u64::from(!copy);
                self.syn.get_or_insert(mark);
            }
            SegmentRole::SynAck => {
                self.syn_ack.get_or_insert(mark);
            }
            SegmentRole::AnotherSynAck { .. } if self.ack.is_none() => self.another = Some(mark),
            SegmentRole::AnotherSynAck { .. } => {}
            SegmentRole::SimultaneousSyn { .. } => {
                self.second_syn.get_or_insert(mark);
            }
            SegmentRole::WrongSynAck => {
                self.wrong.get_or_insert(mark);
            }
            SegmentRole::Reset | SegmentRole::Odd => {}
            _ if self.ack.is_none() && self.syn_ack.is_some() && event.direction == Direction::ClientToServer => {
                self.ack = Some(mark);
                // of two SYN-ACKs with different numbers the one that is taken up
                self.syn_ack =
                    self.another.filter(|other| mark.ack_raw == other.seq_raw.wrapping_add(1)).or(self.syn_ack);
            }
            _ => {}
        }
    }
}

fn ends(case: &Case<'_>) -> Answer {
    let totals = case.totals;
    let answer = Answer::new(format!("The client is {}, the server {}.", totals.client, totals.server));
    let frame = [totals.first_frame];
    match totals.roles_from {
        RolesFrom::FirstFrame if totals.stream.protocol == Protocol::Udp => {
            answer.add("The client sent the first datagram captured.").frames(frame).but(
                "Whether an earlier datagram went the other way before the capture: UDP has no SYN that shows who opened the conversation.",
            )
        }
        RolesFrom::Syn => answer.add("The client sent the SYN.").frames(frame),
        RolesFrom::Session => answer.add("echolab ran the session, so it knows both sides.").frames(frame),
        RolesFrom::Port => answer
            .frames(frame)
            .but("Only the ports show who is the client: the side with a service port is taken as the server."),
        RolesFrom::FirstFrame => answer
            .frames(frame)
            .but("No SYN was captured: the sender of the first captured frame is taken as the client."),
    }
}

/// The reason why no absolute sequence number is named.
const RELATIVE_ONLY: &str = "The text shows relative sequence numbers only: those on the wire are unknown.";
/// The reason for an answer without a SYN.
const NO_SYN: &str = "There is no SYN in the capture: the connection was opened before it began.";

fn syn(case: &Case<'_>, _: &TcpTotals) -> Answer {
    let Some(syn) = case.seen.handshake.syn else { return Answer::unknown(NO_SYN) };
    if case.seen.handshake.numbers_unknown {
        return Answer::unknown(RELATIVE_ONLY);
    }
    let again = match case.seen.handshake.syns {
        0 | 1 => String::new(),
        count => format!("It was sent {}, with the same number.", counted(count, "time")),
    };
    Answer::new(format!(
        "Frame {}: its sequence number is {}, the client's initial sequence number X, shown as 0 in relative numbers. It is a SYN because the SYN flag is set and the ACK flag is not: the client asks to synchronize sequence numbers.",
        syn.frame, syn.seq_raw
    ))
    .add(again)
    .line(format!("flags = 0x{:03x} = {}; SYN is the bit 0x002, ACK the bit 0x010", syn.flags.bits(), syn.flags))
    .frames([syn.frame])
}

fn syn_ack(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let seen = &case.seen.handshake;
    if seen.numbers_unknown {
        return Answer::unknown(RELATIVE_ONLY);
    }
    let Some(syn_ack) = seen.syn_ack else {
        return match (tcp.handshake, seen.syn) {
            (Handshake::Refused, Some(syn)) => {
                Answer::unknown("There is no SYN-ACK: the SYN was refused by RST.").frames([syn.frame])
            }
            (_, Some(syn)) if tcp.summary.simultaneous_open => {
                Answer::unknown("There is no SYN-ACK that answers the SYN: both sides sent a SYN first.")
                    .frames([syn.frame])
            }
            (_, Some(syn)) if seen.wrong.is_some() => {
                let wrong = seen.wrong.unwrap_or(syn);
                Answer::unknown(format!(
                    "No SYN-ACK answers this SYN: the one in frame {} acknowledges {}, not X + 1 = {}.",
                    wrong.frame,
                    wrong.ack_raw,
                    syn.seq_raw.wrapping_add(1)
                ))
                .frames([syn.frame, wrong.frame])
            }
            (_, Some(syn)) if case.totals.may_go_on() => {
                Answer::unknown("There is no SYN-ACK in what was read of the capture.").frames([syn.frame])
            }
            (_, Some(syn)) => Answer::unknown(
                "There is no SYN-ACK in the capture: the SYN got no answer, or the answer was not captured.",
            )
            .frames([syn.frame]),
            (_, None) => {
                Answer::unknown("There is no SYN-ACK in the capture: it began after the connection was opened.")
            }
        };
    };
    let (who, peer) = (syn_ack.sender.sender(), syn_ack.sender.receiver());
    let (own, other, syn) = match syn_ack.sender {
        Direction::ServerToClient => ('Y', 'X', seen.syn),
        Direction::ClientToServer => ('X', 'Y', seen.second_syn),
    };
    let mut answer = Answer::new(format!(
        "Frame {}: its sequence number is {}, the {who}'s initial sequence number {own} (relative 0); its acknowledgment number is {} (relative {}). The SYN and the ACK flag together make it a SYN-ACK (0x{:03x}).",
        syn_ack.frame,
        syn_ack.seq_raw,
        syn_ack.ack_raw,
        syn_ack.ack,
        syn_ack.flags.bits()
    ))
    .frames([syn_ack.frame]);
    if tcp.summary.simultaneous_open {
        answer = answer.add("Both sides sent a SYN first, so both answer with a SYN-ACK (simultaneous open, RFC 9293 §3.5); this is the first of them captured.");
    }
    answer = match syn {
        None => answer.but(format!(
            "The {peer}'s SYN is not in the capture; {other} follows from this acknowledgment: {other} = ack - 1."
        )),
        Some(syn) => {
            let (isn, ack) = (syn.seq_raw, syn_ack.ack_raw);
            let sum = match (ack.wrapping_sub(isn), syn.len) {
                (1, _) => format!("ack = {other} + 1 = {isn} + 1 = {ack}: the SYN takes 1 sequence number"),
                (covers, len) if covers == len.wrapping_add(1) => {
                    format!(
                        "ack = {other} + 1 + {len} = {isn} + 1 + {len} = {ack}: the SYN takes 1 sequence number, its data {len}"
                    )
                }
                (covers, _) => {
                    format!("ack = {ack} = {other} + {covers}, which is not {other} + 1: it does not answer this SYN")
                }
            };
            let wrapped = if ack < isn { " (modulo 2^32)" } else { "" };
            answer.line(format!("{sum}{wrapped}")).frames([syn.frame])
        }
    };
    if let Some(wrong) = seen.wrong {
        answer = answer
            .add(format!(
                "Frame {} is a SYN-ACK too, but acknowledges {} instead: it does not answer this SYN.",
                wrong.frame, wrong.ack_raw
            ))
            .frames([wrong.frame]);
    }
    match seen.ack {
        Some(ack) if syn_ack.sender == Direction::ServerToClient && ack.ack_raw == syn_ack.seq_raw.wrapping_add(1) => {
            answer
                .line(format!(
                    "the client's ACK in frame {}: ack = Y + 1 = {} + 1 = {}",
                    ack.frame, syn_ack.seq_raw, ack.ack_raw
                ))
                .frames([ack.frame])
        }
        _ => answer,
    }
}
