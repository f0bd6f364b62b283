//! Sentences about segments, by the part that they play.

use super::{acceptability, acks, bytes, data, joined, reset};
use crate::explain::words::words;
use crate::model::{Direction, TcpFlags};
use crate::track::{Event, Retransmission, SegmentRole, TcpFacts, sent_before};

pub(super) fn sentence(event: &Event<'_>, facts: &TcpFacts) -> String {
    let who = event.direction.sender();
    if let Some(first) = event.captured_twice() {
        return format!("the packet of frame {first}, captured twice");
    }
    if let Some(unacceptable) = acceptability::sentence(event, facts) {
        return unacceptable;
    }
    match facts.role {
        SegmentRole::Syn
        | SegmentRole::SimultaneousSyn { .. }
        | SegmentRole::SynAck
        | SegmentRole::WrongSynAck
        | SegmentRole::AnotherSynAck { .. } => opening(event, facts, who),
        SegmentRole::HandshakeAck => acks::handshake(event, facts),
        SegmentRole::Reset => reset::sentence(event, facts),
        SegmentRole::Fin { first } => closing(event, facts, who, first),
        SegmentRole::Data => match facts.probe {
            Some(probe) => probe.sentence(&words(event, facts)),
            None => joined([Some(data::sent(event, facts)), acks::riding(event, facts)]),
        },
        SegmentRole::LastAck => joined([Some(acks::sentence(event, facts)), Some("closed on both sides".to_owned())]),
        SegmentRole::Ack => match facts.probe {
            Some(probe) => probe.sentence(&words(event, facts)),
            None => acks::sentence(event, facts),
        },
        SegmentRole::Odd if facts.flags.contains(TcpFlags::FIN) && !facts.flags.contains(TcpFlags::SYN) => {
            let data = if facts.len > 0 { format!(" with {}", bytes(facts.len)) } else { String::new() };
            format!("{who} sends FIN{data} without ACK, which closes nothing: it is dropped (RFC 9293 §3.10.7.4)")
        }
        SegmentRole::Odd => {
            format!("{who} sends a segment with the flags {}, which has no place in a connection", facts.flags)
        }
    }
}

/// SYN and SYN-ACK.
fn opening(event: &Event<'_>, facts: &TcpFacts, who: &str) -> String {
    let peer = event.direction.receiver();
    let what = match facts.role {
        SegmentRole::WrongSynAck => format!(
            "answers with a SYN-ACK that does not fit the SYN: it acknowledges {}, not {} + 1",
            facts.ack_raw, facts.sack_base
        ),
        SegmentRole::SynAck | SegmentRole::AnotherSynAck { .. } => accepting(event, facts),
        SegmentRole::SimultaneousSyn { .. } => format!("asks to connect too, before it received the {peer}'s SYN"),
        _ => "asks to connect: SYN".to_owned(),
    };
    let another = match facts.role {
        SegmentRole::AnotherSynAck { before } => {
            Some(format!("its initial sequence number differs from that of frame {before}: no retransmission"))
        }
        _ => None,
    };
    let again = facts.retransmission.map(|repeat| {
        let what = if repeat.is_retransmitted() { "retransmitted " } else { "" };
        format!("{what}{}", again(&repeat))
    });
    let reuse = facts
        .observations
        .reused_ports
        .map(|ports| format!("{}: ports of stream {}", ports.rule.label, ports.proof.stream));
    let on = if facts.flags.contains(TcpFlags::ACK) { "SYN-ACK" } else { "SYN" };
    let fast_open = if facts.options.fast_open.is_some() { " (Fast Open)" } else { "" };
    let with_data = (facts.len > 0).then(|| format!("with {} of data on the {on}{fast_open}", bytes(facts.len)));
    let zero = facts.observations.zero_window.map(|_| "its window is zero: no data may be sent yet".to_owned());
    joined([Some(format!("{who} {what}")), another, again, reuse, with_data, zero])
}

/// What a SYN-ACK accepts.
fn accepting(event: &Event<'_>, facts: &TcpFacts) -> String {
    let again = facts.retransmission.is_some() || matches!(facts.role, SegmentRole::AnotherSynAck { .. });
    match facts.ack {
        _ if event.direction == Direction::ClientToServer => {
            format!("accepts: SYN-ACK, whose ACK covers the {}'s SYN", event.direction.receiver())
        }
        // Fast Open
        Some(ack @ 2..=0xffff) if facts.acked.is_some() || again => {
            let covered = ack - 1;
            let sent = facts.observations.syn_data.map_or(covered, |data| data.bytes);
            match covered.checked_sub(sent) {
                Some(1) => {
                    format!(
                        "accepts; its ACK covers the SYN, its {} of data and its FIN: 0 + 1 + {sent} + 1 = {ack}",
                        bytes(sent)
                    )
                }
                _ => format!(
                    "accepts; its ACK covers the SYN and {} of its data: 0 + 1 + {covered} = {ack}",
                    bytes(covered)
                ),
            }
        }
        Some(1) => "accepts; its ACK covers the SYN: 0 + 1 = 1".to_owned(),
        _ => "accepts: SYN-ACK".to_owned(),
    }
}

/// FIN.
fn closing(event: &Event<'_>, facts: &TcpFacts, who: &str, first: bool) -> String {
    let sends = (facts.len > 0).then(|| data::sent(event, facts));
    let closes = match (first, facts.retransmission) {
        (_, Some(_)) if sends.is_some() => format!("{who} sends its FIN with them"),
        (_, Some(repeat)) => {
            let separator = if repeat.is_retransmitted() { "" } else { "," };
            format!("{who} {} its FIN{separator} {}", repeat.rule.effect.verb, again(&repeat))
        }
        (true, None) => format!("{who} closes: FIN counts 1"),
        (false, None) => format!("{who} closes too: FIN counts 1"),
    };
    joined([sends, Some(closes), acks::riding(event, facts)])
}

/// The earlier transmissions and the reason, behind a verb: `(first sent in frame 4, 257 ms earlier) after a time-out`.
pub(super) fn again(again: &Retransmission) -> String {
    let Retransmission { rule, proof } = again;
    let why = (rule.effect.why)(proof);
    let before = if again.is_retransmitted() { format!("({})", sent_before(proof)) } else { String::new() };
    [before, why].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
