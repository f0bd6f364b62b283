//! Diagnoses of a segment that only asks.

use crate::model::Nanos;
use crate::model::{Finding, FindingCode as Code};
use crate::track::{Event, Probe, TcpFacts};

/// What it asks; an answer shows nothing.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, probe: Probe) -> Option<Finding> {
    let frame = event.frame;
    Some(match probe {
        Probe::ZeroWindow => Finding::new(
            Code::ZeroWindowProbe,
            "The peer's window is shut: this segment asks whether it has opened (RFC 9293 §3.8.6.1).",
            [frame],
        ),
        Probe::KeepAlive { nth, before_answered } => {
            let since = facts.observations.idle.map_or(0, |(since, _)| since);
            Finding::new(Code::KeepAlive, keep_alive(nth, before_answered, facts.observations.idle), [since, frame])
        }
        // the rule about the ports' former use tells more
        Probe::SynChallenge(_) if facts.observations.reused_ports.is_some() => return None,
        Probe::SynChallenge(syn) => {
            let text = format!(
                "Does not answer the SYN in frame {syn}: it acknowledges {}, not {} + 1. The {} still has an older connection on these ports and states what it expects there (challenge ACK, RFC 5961 §4; RFC 9293 §3.5.1). A RST would end that connection.",
                facts.ack_raw,
                facts.sack_base,
                event.direction.sender()
            );
            Finding::new(Code::ChallengeAck, text, [syn, frame])
        }
        Probe::ResetChallenge(reset) => {
            let text = format!(
                "A challenge ACK: the RST in frame {reset} was not at the number expected, so the connection stays open, and the ACK tells which number is. If the {} had really reset it, a RST at that number would answer this (RFC 5961 §3.2).",
                event.direction.receiver()
            );
            Finding::new(Code::ChallengeAck, text, [reset, frame])
        }
        Probe::KeepAliveAnswer(_) | Probe::ZeroWindowAnswer(_) | Probe::SynAckAnswer(_) => return None,
    })
}

/// A keep-alive, and the silence that it breaks.
fn keep_alive(nth: u16, before_answered: bool, silence: Option<(u64, Nanos)>) -> String {
    let what =
        "All data is acknowledged, and the sequence number is one below the next: a keep-alive (RFC 1122 §4.2.3.6).";
    let nothing = match (silence, nth) {
        (None, _) => String::new(),
        (Some((since, silent)), ..=1) => format!(" Nothing was sent for {} since frame {since}.", silent.human()),
        (Some((since, silent)), _) => format!(" Nothing else was sent for {} since frame {since}.", silent.human()),
    };
    let before = match (nth, before_answered) {
        (..=1, _) => String::new(),
        (_, true) => format!(" It is keep-alive {nth} of this silence, and the one before was answered."),
        (_, false) => format!(" It is keep-alive {nth} of this silence, and the one before got no answer."),
    };
    format!("{what}{nothing}{before}")
}
