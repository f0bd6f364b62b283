//! The names that a rule's sentences use for the parties of a step.

use crate::track::{Event, TcpFacts, Words};

/// Names that keep their capital letter inside a sentence.
const NAMES: &[&str] = &["Nagle", "Linux", "Fast Open", "Multipath"];

/// The text with a small first letter, unless it is a name or an abbreviation.
pub(super) fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        _ if NAMES.iter().any(|name| text.starts_with(name)) => text.to_owned(),
        (Some(first), Some(second)) if first.is_uppercase() && (second.is_lowercase() || second == ' ') => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// The words for a step.
pub(super) fn words<'a>(event: &'a Event<'_>, facts: &TcpFacts) -> Words<'a> {
    Words {
        sender: event.direction.sender(),
        receiver: event.direction.receiver(),
        frame: event.frame,
        seq: facts.seq,
        len: facts.len,
        ack: facts.ack.unwrap_or_default(),
        ack_raw: facts.ack_raw,
        peer_isn: facts.sack_base,
        window: facts.window,
        port: event.source.port,
        payload: &event.payload,
    }
}
