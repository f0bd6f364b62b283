//! Sentences about segments, by the part that they play.

use std::num::NonZeroU64;

use super::{acceptability, acks, bytes, data, frames, joined, reset};
use crate::model::{Direction, TcpFlags};
use crate::track::{Event, FirstCopy, Probe, Retransmission, RetransmitCause, SegmentRole, TcpFacts};

pub(super) fn sentence(event: &Event<'_>, facts: &TcpFacts) -> String {
    let who = event.direction.sender();
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
    let peer = event.direction.receiver();
    let what = match facts.role {
        SegmentRole::WrongSynAck => format!(
            "answers with a SYN-ACK that does not fit the SYN: it acknowledges {}, not {} + 1",
            facts.ack_raw, facts.sack_base
        ),
        SegmentRole::SynAck | SegmentRole::AnotherSynAck { .. } => accepting(event, facts),
        SegmentRole::SimultaneousSyn { .. } => format!("asks to connect too, before it received the {peer}'s SYN"),
        _ => match facts.retransmission.map(|repeat| repeat.cause) {
            Some(RetransmitCause::Handshake { rule, .. }) => format!("asks to connect: {}", rule.label),
            _ => "asks to connect: SYN".to_owned(),
        },
    };
    let another = match facts.role {
        SegmentRole::AnotherSynAck { before } => {
            Some(format!("its initial sequence number differs from that of frame {before}: no retransmission"))
        }
        _ => None,
    };
    let again = facts.retransmission.map(|repeat| again(&repeat));
    let reuse = facts
        .observations
        .reused_ports
        .map(|ports| format!("{}: ports of stream {}", ports.rule.label, ports.proof.stream));
    let on = if facts.flags.contains(TcpFlags::ACK) { "SYN-ACK" } else { "SYN" };
    let fast_open = if facts.options.fast_open.is_some() { " (Fast Open)" } else { "" };
    let with_data = (facts.len > 0).then(|| format!("with {} of data on the {on}{fast_open}", bytes(facts.len)));
    joined([Some(format!("{who} {what}")), another, again, reuse, with_data])
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
        _ => "accepts; its ACK covers the SYN: 0 + 1 = 1".to_owned(),
    }
}

/// FIN.
fn closing(event: &Event<'_>, facts: &TcpFacts, who: &str, first: bool) -> String {
    let sends = (facts.len > 0).then(|| data::sent(event, facts));
    let closes = match (first, facts.retransmission) {
        (_, Some(_)) if sends.is_some() => format!("{who} sends its FIN with them"),
        (_, Some(repeat)) => {
            let why = again(&repeat);
            format!("{who} sends its FIN{} {why}", if why.starts_with("again") { "" } else { "," })
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
        Probe::KeepAlive { .. } => format!(
            "{who} asks whether the {peer} is still there: keep-alive, with a sequence number that is acknowledged already"
        ),
        Probe::ZeroWindow => format!("{who} asks whether the {peer}'s window has opened: zero-window probe"),
        Probe::KeepAliveAnswer(frame) => format!("{who} is still there: answers the keep-alive of frame {frame}"),
        Probe::ZeroWindowAnswer(frame) if facts.window == 0 => {
            format!("{who} answers the probe of frame {frame}: its window is still shut")
        }
        Probe::SynChallenge(syn) => format!(
            "{who} refuses the SYN of frame {syn}: challenge ACK of the connection that it still has, for {}, not {} + 1",
            facts.ack_raw, facts.sack_base
        ),
        Probe::SynAckAnswer(syn_ack) => {
            format!("{who} acknowledges the {peer}'s SYN again: the SYN-ACK came again in frame {syn_ack}")
        }
        Probe::ResetChallenge(reset) => format!(
            "{who} asks whether the RST of frame {reset} was meant: challenge ACK, it still expects byte {}",
            facts.ack.unwrap_or_default()
        ),
        Probe::ZeroWindowAnswer(frame) => {
            format!("{who} answers the probe of frame {frame}: its window is open again, {}", bytes(facts.window))
        }
    }
}

/// Why bytes come again.
pub(super) fn again(repeat: &Retransmission) -> String {
    let first = match (repeat.original, repeat.through, repeat.first_copy) {
        (Some(frame), Some(last), _) => {
            format!("first sent in {}", frames((frame.min(last.get()), frame.max(last.get()))))
        }
        (Some(frame), ..) => format!("first sent in frame {frame}"),
        (None, through, FirstCopy::Partly(skipped)) => part(through, skipped),
        (None, _, FirstCopy::NotCaptured) => "its first copy had not come by here".to_owned(),
        (None, ..) => "its first copy is not in the capture, or is no longer remembered".to_owned(),
    };
    let last = repeat.last.map_or_else(String::new, |last| format!(", last in frame {last}"));
    let after = repeat.after.map_or_else(|| last.clone(), |after| format!("{last}, {} before", after.human()));
    match repeat.cause {
        RetransmitCause::DuplicateFrame => {
            let of = repeat.original.map_or_else(String::new, |frame| format!(" of frame {frame}"));
            format!("the same packet twice, a copy{of}")
        }
        RetransmitCause::Reordered => match repeat.original {
            Some(frame) => format!("a copy that was sent before frame {frame} and comes late"),
            None => "it was sent earlier than its place in the capture: out of order".to_owned(),
        },
        RetransmitCause::CaptureOutOfOrder => {
            let ack = repeat.witness.map_or_else(String::new, |frame| format!(", frame {frame}"));
            format!("captured behind its ACK{ack}: the capture is out of order")
        }
        RetransmitCause::Spurious(_) | RetransmitCause::Sacked => format!("again though it had arrived; {first}"),
        RetransmitCause::Fast { .. } => format!("again since ACKs told of a hole: fast retransmission; {first}{after}"),
        RetransmitCause::TailLossProbe { .. } => format!("again to provoke an ACK: tail-loss probe; {first}{after}"),
        RetransmitCause::Timeout { .. } => format!("again since no ACK came in time; {first}{after}"),
        RetransmitCause::Handshake { proof, .. } if proof.is_syn() => format!("{first}{after}"),
        RetransmitCause::Handshake { rule, .. } => format!("{}; {first}{after}", rule.label),
        RetransmitCause::SynDataNotAcked { .. } => {
            format!("again since the SYN-ACK did not cover them; {first}{after}")
        }
        RetransmitCause::FinOnAck => format!("again with its ACK of new bytes; {first}{after}"),
        RetransmitCause::WindowOpened => format!("again since the window has opened; {first}{after}"),
        RetransmitCause::PathMtuDiscovery => format!("again since it was too long for a link; {first}{after}"),
        RetransmitCause::RecoveryContinues { since, .. } => {
            let ack = repeat.witness.unwrap_or_default();
            format!("again upon the ACK in frame {ack}: the recovery since frame {since} goes on; {first}{after}")
        }
        RetransmitCause::Unknown
        | RetransmitCause::NotHeadOfQueue
        | RetransmitCause::TimerRestarted
        | RetransmitCause::OneWayCapture => {
            format!("again; {first}{after}")
        }
        RetransmitCause::OrderUnknown => "it fills a hole: late, or sent again".to_owned(),
    }
}

/// What of a segment's bytes was captured before.
fn part(through: Option<NonZeroU64>, skipped: u32) -> String {
    let carried = through
        .map_or_else(|| "some were captured before".to_owned(), |frame| format!("frame {frame} brought some of them"));
    format!("{carried}, {} fill a hole", bytes(skipped))
}
