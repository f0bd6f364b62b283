//! Sentences about segments that their receivers do not accept, and about the ACKs that say so.

use super::bytes;
use crate::explain::words::words;
use crate::model::TcpFlags;
use crate::track::{Event, Refusal, TcpFacts};

/// The sentence; `None` for a segment that is accepted and refuses none.
pub(super) fn sentence(event: &Event<'_>, facts: &TcpFacts) -> Option<String> {
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    if let Some(Refusal { frame, .. }) = facts.observations.refuses {
        let expects = facts.ack.map_or_else(String::new, |ack| format!("; it still expects byte {ack}"));
        return Some(format!("{who} does not accept frame {frame} and repeats its ACK{expects}"));
    }
    let (rule, proof) = facts.unacceptable.filter(|(rule, _)| !rule.effect.was_sent)?;
    let what = match (facts.len, facts.flags.contains(TcpFlags::FIN)) {
        _ if facts.flags.contains(TcpFlags::SYN) => "a SYN-ACK".to_owned(),
        (0, true) => "FIN".to_owned(),
        (0, false) => "an ACK".to_owned(),
        (len, false) => bytes(len),
        (len, true) => format!("{} and FIN", bytes(len)),
    };
    let why = (rule.effect.step)(&proof, &words(event, facts));
    Some(match rule.effect.sure {
        true => format!("{who} sends {what} that the {peer} does not accept: {why}"),
        false => format!("{who} sends {what}; {why}"),
    })
}
