//! What a whole conversation was.

use super::conversation_findings;
use super::facts::{self, Fact};
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

impl Conversation {
    /// Explains a conversation by its totals.
    pub fn explain(totals: ConversationTotals) -> Self {
        let findings = conversation_findings::of(&totals);
        Self { totals, findings }
    }

    /// The sentences under the table: handshake time, echo, who closed first and how, packets and bytes each way.
    pub fn facts(&self) -> Vec<Fact> {
        facts::of(&self.totals)
    }
}
