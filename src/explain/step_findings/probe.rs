//! Diagnoses of a segment that only asks.

use crate::explain::words::words;
use crate::model::Nanos;
use crate::model::{Finding, FindingCode as Code};
use crate::track::{Event, Probe, TcpFacts};

/// What it asks; an answer shows nothing.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, probe: Probe) -> Option<Finding> {
    let frame = event.frame;
    Some(match probe {
        Probe::ZeroWindow(how) => how.finding(&words(event, facts)),
        Probe::KeepAlive { how, nth, before_answered } => {
            let mut finding = how.finding(&words(event, facts));
            let since = facts.observations.idle.map_or(0, |(since, _)| since);
            let text = format!("{}{}", finding.text, silence(nth, before_answered, facts.observations.idle));
            finding = Finding::new(finding.code, text, finding.frames.into_iter().chain([since]));
            finding
        }
        Probe::KeepAliveShown(asked) => {
            let text = format!(
                "Frame {asked} carried one byte that the {} already had, as this DSACK reports: a keep-alive that repeats the last byte (RFC 1122 §4.2.3.6).",
                event.direction.sender()
            );
            Finding::new(Code::KeepAlive, text, [asked, frame])
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

/// The silence that a keep-alive breaks.
fn silence(nth: u16, before_answered: bool, silence: Option<(u64, Nanos)>) -> String {
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
    format!("{nothing}{before}")
}
