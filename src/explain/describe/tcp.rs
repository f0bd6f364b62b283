//! Sentences about segments, by the part that they play.

use super::{acceptability, acks, bytes, data, joined, reset};
use crate::model::{Direction, TcpFlags};
use crate::track::{Event, Probe, Retransmission, SegmentRole, TcpFacts, sent_before};

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
        | SegmentRole::AnotherSynAck { .. } => opening(event, facts, who),
        SegmentRole::HandshakeAck => {
            format!("{who} acknowledges the {}'s SYN; the connection is open", event.direction.receiver())
        }
        SegmentRole::Reset => reset::sentence(event, facts),
        SegmentRole::Fin { first } => closing(event, facts, who, first),
        SegmentRole::Data => match facts.probe {
            Some(probe) => asking(event, facts, who, probe),
            None => joined([Some(data::sent(event, facts)), acks::riding(event, facts)]),
        },
        SegmentRole::LastAck => joined([Some(acks::sentence(event, facts)), Some("closed on both sides".to_owned())]),
        SegmentRole::Ack => match facts.probe {
            Some(probe) => asking(event, facts, who, probe),
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
    let another = match facts.role {
        SegmentRole::AnotherSynAck { before } => Some(before),
        _ => None,
    };
    let answers = another.is_some() || facts.role == SegmentRole::SynAck;
    let mut what = match facts.role {
        SegmentRole::SynAck | SegmentRole::AnotherSynAck { .. } => "accepts: SYN and ACK of the peer's SYN",
        SegmentRole::SimultaneousSyn { .. } => "asks to connect too, before it saw the other's SYN",
        _ => "asks to connect: SYN",
    }
    .to_owned();
    if answers && event.direction == Direction::ServerToClient {
        let acked = facts.acked.is_some() || facts.retransmission.is_some() || another.is_some();
        what = match facts.ack {
            Some(1) => "accepts; its ACK covers the SYN: 0 + 1 = 1".to_owned(),
            // Fast Open
            Some(ack @ 2..=0xffff) if acked => {
                let data = ack - 1;
                format!("accepts; its ACK covers the SYN and its {} of data: 0 + 1 + {data} = {ack}", bytes(data))
            }
            _ => format!(
                "answers with SYN and an ACK that does not fit the SYN: {}, not {} + 1",
                facts.ack_raw, facts.sack_base
            ),
        };
    }
    let again = facts.retransmission.map(|repeat| {
        let what = if repeat.is_retransmitted() { "retransmitted " } else { "" };
        format!("{what}{}", again(&repeat))
    });
    let reuse = facts.observations.reused_from.map(|stream| format!("the ports were used before, in stream {stream}"));
    let fast_open = if facts.options.fast_open.is_some() { " (Fast Open)" } else { "" };
    let with_data = (facts.len > 0).then(|| format!("with {} of data on the SYN{fast_open}", bytes(facts.len)));
    let another = another.map(|before| format!("with another initial sequence number than frame {before}: no repeat"));
    let zero = facts.observations.zero_window.map(|_| "its window is zero: no data may be sent yet".to_owned());
    joined([Some(format!("{who} {what}")), another, again, reuse, with_data, zero])
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

/// Probes and their answers.
fn asking(event: &Event<'_>, facts: &TcpFacts, who: &str, probe: Probe) -> String {
    let peer = event.direction.receiver();
    match probe {
        Probe::KeepAlive { .. } => format!("{who} asks whether the {peer} is still there: keep-alive"),
        Probe::ZeroWindow(_) => format!("{who} asks whether the {peer}'s window has reopened: zero-window probe"),
        Probe::KeepAliveAnswer(frame) => format!("{who} is still there: answers the keep-alive of frame {frame}"),
        Probe::KeepAliveShown(frame) => {
            format!("{who} is still there: answers frame {frame}, a keep-alive with an old byte")
        }
        Probe::ZeroWindowAnswer(frame) if facts.window == 0 => {
            format!("{who} answers the probe of frame {frame}: its window is still zero")
        }
        Probe::SynChallenge(syn) => format!(
            "{who} answers the SYN of frame {syn} with the ACK of another connection: {}, not {} + 1",
            facts.ack_raw, facts.sack_base
        ),
        Probe::ResetChallenge(reset) => format!(
            "{who} asks whether the RST of frame {reset} was meant: challenge ACK, it still expects byte {}",
            facts.ack.unwrap_or_default()
        ),
        Probe::ZeroWindowAnswer(frame) => {
            format!("{who} answers the probe of frame {frame}: its window is {}", bytes(facts.window))
        }
    }
}

/// The earlier transmissions and the reason, behind a verb: `(first sent in frame 4, 257 ms earlier) after a time-out`.
pub(super) fn again(again: &Retransmission) -> String {
    let Retransmission { rule, proof } = again;
    let why = (rule.effect.why)(proof);
    let before = if again.is_retransmitted() { format!("({})", sent_before(proof)) } else { String::new() };
    [before, why].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
