//! The names that a rule's sentences use for the parties of a step.

use crate::track::{Event, TcpFacts, Words};

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
