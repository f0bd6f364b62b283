//! Sentences about segments, by the part that they play.

use super::{Bytes, acceptability, acks, bytes, data, reset, say};
use crate::explain::words::words;
use crate::model::{Direction, TcpFlags};
use crate::track::{Event, Retransmission, SegmentRole, TcpFacts, sent_before};

pub(super) fn sentence(out: &mut String, event: &Event<'_>, facts: &TcpFacts, longest: usize) {
    let who = event.direction.sender();
    if let Some(first) = event.captured_twice() {
        return say!(out, "the packet of frame ", first, ", captured twice");
    }
    if let Some(unacceptable) = acceptability::sentence(event, facts) {
        return say!(out, unacceptable);
    }
    match facts.role {
        SegmentRole::Syn
        | SegmentRole::SimultaneousSyn { .. }
        | SegmentRole::SynAck
        | SegmentRole::WrongSynAck
        | SegmentRole::AnotherSynAck { .. } => opening(out, event, facts, who),
        SegmentRole::HandshakeAck => acks::handshake(out, event, facts),
        SegmentRole::Reset => say!(out, reset::sentence(event, facts)),
        SegmentRole::Fin { first } => closing(out, event, facts, who, first, longest),
        SegmentRole::Data => match facts.probe {
            Some(probe) => say!(out, probe.sentence(&words(event, facts))),
            None => {
                data::sent(out, event, facts, longest);
                acks::piggybacked_ack(out, facts);
            }
        },
        SegmentRole::LastAck => {
            acks::sentence(out, event, facts);
            say!(out, "; closed on both sides");
        }
        SegmentRole::Ack => match facts.probe {
            Some(probe) => say!(out, probe.sentence(&words(event, facts))),
            None => acks::sentence(out, event, facts),
        },
        SegmentRole::Odd if facts.flags.contains(TcpFlags::FIN) && !facts.flags.contains(TcpFlags::SYN) => {
            let data = if facts.len > 0 { format!(" with {}", bytes(facts.len)) } else { String::new() };
            let closes_nothing = " without ACK, which closes nothing: it is dropped (RFC 9293 §3.10.7.4)";
            say!(out, who, " sends FIN", data, closes_nothing);
        }
        SegmentRole::Odd => {
            let flags = facts.flags.to_string();
            say!(out, who, " sends a segment with the flags ", flags, ", which has no place in a connection");
        }
    }
}

/// SYN and SYN-ACK.
fn opening(out: &mut String, event: &Event<'_>, facts: &TcpFacts, who: &str) {
    let peer = event.direction.receiver();
    say!(out, who, " ");
    match facts.role {
        SegmentRole::WrongSynAck => {
            say!(out, "answers with a SYN-ACK that does not fit the SYN: it acknowledges ", facts.ack_raw);
            say!(out, ", not ", facts.sack_base, " + 1");
        }
        SegmentRole::SynAck | SegmentRole::AnotherSynAck { .. } => accepting(out, event, facts),
        SegmentRole::SimultaneousSyn { .. } => {
            say!(out, "asks to connect too, before it received the ", peer, "'s SYN");
        }
        _ => say!(out, "asks to connect: SYN"),
    }
    if let SegmentRole::AnotherSynAck { before, corrupted } = facts.role {
        let so = if corrupted { ", whose checksum is invalid" } else { ": no retransmission" };
        say!(out, "; its initial sequence number differs from that of frame ", before, so);
    }
    if let Some(repeat) = facts.retransmission {
        let what = if repeat.is_retransmitted() { "retransmitted " } else { "" };
        say!(out, "; ", what, again(&repeat));
    }
    if let Some(ports) = facts.observations.reused_ports {
        say!(out, "; ", ports.rule.label, ": ports of stream ", ports.proof.stream);
    }
    if facts.len > 0 {
        let on = if facts.flags.contains(TcpFlags::ACK) { "SYN-ACK" } else { "SYN" };
        let fast_open = if facts.options.fast_open.is_some() { " (Fast Open)" } else { "" };
        say!(out, "; with ", Bytes(facts.len), " of data on the ", on, fast_open);
    }
    if facts.observations.zero_window.is_some() {
        say!(out, "; its window is zero: no data may be sent yet");
    }
}

/// Describes the options that a SYN-ACK accepts.
fn accepting(out: &mut String, event: &Event<'_>, facts: &TcpFacts) {
    let again = facts.retransmission.is_some() || matches!(facts.role, SegmentRole::AnotherSynAck { .. });
    match facts.ack {
        _ if event.direction == Direction::ClientToServer => {
            say!(out, "accepts: SYN-ACK, whose ACK covers the ", event.direction.receiver(), "'s SYN");
        }
        // Fast Open
        Some(ack @ 2..=0xffff) if facts.acked.is_some() || again => {
            let covered = ack - 1;
            let sent = facts.observations.syn_data.map_or(covered, |data| data.bytes);
            if covered.checked_sub(sent) == Some(1) {
                say!(out, "accepts; its ACK covers the SYN, its ", Bytes(sent), " of data and its FIN: 0 + 1 + ", sent);
                say!(out, " + 1 = ", ack);
            } else {
                say!(out, "accepts; its ACK covers the SYN and ", Bytes(covered), " of its data: 0 + 1 + ", covered);
                say!(out, " = ", ack);
            }
        }
        Some(1) => say!(out, "accepts; its ACK covers the SYN: 0 + 1 = 1"),
        _ => say!(out, "accepts: SYN-ACK"),
    }
}

/// FIN.
fn closing(out: &mut String, event: &Event<'_>, facts: &TcpFacts, who: &str, first: bool, longest: usize) {
    let sends = facts.len > 0;
    if sends {
        data::sent(out, event, facts, longest);
        say!(out, "; ");
    }
    match (first, facts.retransmission) {
        (_, Some(_)) if sends => say!(out, who, " sends its FIN with them"),
        (_, Some(repeat)) => {
            let separator = if repeat.is_retransmitted() { "" } else { "," };
            say!(out, who, " ", repeat.rule.effect.verb, " its FIN", separator, " ", again(&repeat));
        }
        (true, None) => say!(out, who, " closes: FIN (takes 1 sequence number)"),
        (false, None) => say!(out, who, " closes too: FIN (takes 1 sequence number)"),
    }
    acks::piggybacked_ack(out, facts);
}

/// The earlier transmissions and the reason, behind a verb: `(first sent in frame 4, 257 ms earlier) after a timeout`.
pub(super) fn again(again: &Retransmission) -> String {
    let Retransmission { rule, proof } = again;
    let why = (rule.effect.why)(proof);
    let before = if again.is_retransmitted() { format!("({})", sent_before(proof)) } else { String::new() };
    [before, why].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
