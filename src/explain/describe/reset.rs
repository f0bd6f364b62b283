//! Sentences about resets: the rule that explains one says it.

use crate::track::{Event, TcpFacts, Words};

pub(super) fn sentence(event: &Event<'_>, facts: &TcpFacts) -> String {
    facts.reset.map_or_else(
        || format!("{} resets the connection", event.direction.sender()),
        |reset| (reset.rule.effect.sentence)(&reset.proof, &Words::of(event, facts)),
    )
}
