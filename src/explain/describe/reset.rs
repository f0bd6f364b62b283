//! Sentences about resets: the rule that explains one says it.

use crate::explain::words::words;
use crate::track::{Event, TcpFacts};

pub(super) fn sentence(event: &Event<'_>, facts: &TcpFacts) -> String {
    facts.reset.map_or_else(
        || format!("{} resets the connection", event.direction.sender()),
        |reset| (reset.rule.effect.sentence)(&reset.proof, &words(event, facts)),
    )
}
