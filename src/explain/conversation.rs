//! What a whole conversation was.

use super::finding::Finding;
use crate::track::ConversationTotals;

/// A conversation that has ended, or that the capture leaves open: totals and what follows from them.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The totals.
    pub totals: ConversationTotals,
    /// Diagnoses of the whole.
    pub findings: Vec<Finding>,
}

/// One line under a step table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about: `handshake`, `close`, `echo` …
    pub label: &'static str,
    /// The sentence.
    pub text: String,
}

impl Conversation {
    /// The sentences under the table: handshake time, echo, who closed first and how, packets and bytes each way.
    pub fn facts(&self) -> Vec<Fact> {
        Vec::new()
    }
}
