//! The names that a rule's sentences use for the parties of a step.

use crate::track::{Event, TcpFacts, Words};

/// The words for a step.
pub(super) fn words<'a>(event: &Event<'_>, facts: &TcpFacts) -> Words<'a> {
    Words {
        sender: event.direction.sender(),
        receiver: event.direction.receiver(),
        frame: event.frame,
        seq: facts.seq,
        len: facts.len,
    }
}
