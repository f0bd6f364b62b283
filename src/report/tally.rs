//! Counts the findings of a capture, whatever is shown of it.

use std::collections::HashMap;

use crate::explain::Conversation;
use crate::model::{Finding, FindingCounts};
use crate::track::{ConversationTotals, StreamId};

/// The findings counted so far: of each conversation that has not ended, and of the capture.
///
/// A conversation takes memory here only once a step of it has a finding, until it ends.
#[derive(Debug, Default)]
pub struct Tally {
    of_steps: HashMap<StreamId, FindingCounts>,
    all: FindingCounts,
}

impl Tally {
    /// Counts the findings of a step.
    #[inline]
    pub fn step(&mut self, stream: StreamId, findings: &[Finding]) {
        if !findings.is_empty() {
            self.count(stream, findings);
        }
    }

    #[cold]
    fn count(&mut self, stream: StreamId, findings: &[Finding]) {
        let counts = self.of_steps.entry(stream).or_default();
        findings.iter().for_each(|finding| counts.add(finding.code));
    }

    /// What was counted of the steps of a conversation that ends.
    pub fn of_steps(&mut self, stream: StreamId) -> FindingCounts {
        self.of_steps.remove(&stream).unwrap_or_default()
    }

    /// Explains a conversation that has ended, with its findings counted.
    pub fn conversation(&mut self, totals: ConversationTotals) -> Conversation {
        let of_steps = self.of_steps(totals.stream);
        let conversation = Conversation::counted(totals, of_steps);
        self.all.extend(conversation.findings_count());
        conversation
    }

    /// The count of the whole capture, with its own `findings`.
    pub fn finish(mut self, findings: &[Finding]) -> FindingCounts {
        findings.iter().for_each(|finding| self.all.add(finding.code));
        // the conversations of these were not given: their findings are not lost
        for counts in self.of_steps.values() {
            self.all.extend(counts);
        }
        self.all
    }
}
