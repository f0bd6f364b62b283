//! What a whole conversation was.

use std::cell::OnceCell;

use super::answers::{self, Answered, Evidence};
use super::conversation_findings;
use super::facts::{self, Fact};
use super::finding::Finding;
use crate::track::ConversationTotals;

/// A conversation that has ended, or that the capture leaves open: totals and what follows from them.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The totals.
    pub totals: ConversationTotals,
    findings: OnceCell<Vec<Finding>>,
    evidence: Option<Box<Evidence>>,
}

impl Conversation {
    /// Explains a conversation by its totals.
    pub fn explain(totals: ConversationTotals) -> Self {
        Self { totals, findings: OnceCell::new(), evidence: None }
    }

    /// Diagnoses of the whole; made when they are asked for first, since most conversations are only counted.
    pub fn findings(&self) -> &[Finding] {
        self.findings.get_or_init(|| conversation_findings::of(&self.totals))
    }

    /// The same, with what its steps showed for the answers.
    #[must_use]
    pub fn with_evidence(self, evidence: Evidence) -> Self {
        Self { evidence: Some(Box::new(evidence)), ..self }
    }

    /// Whether evidence for the answers was kept.
    pub fn has_evidence(&self) -> bool {
        self.evidence.is_some()
    }

    /// The answers to the questions that labs ask; `None` where no evidence was kept, since nobody asked.
    pub fn answers(&self) -> Option<Vec<Answered>> {
        Some(answers::of(&self.totals, self.evidence.as_deref()?))
    }

    /// The sentences under the table: handshake time, echo, who closed first and how, packets and bytes each way.
    pub fn facts(&self) -> Vec<Fact> {
        facts::of(&self.totals)
    }
}
