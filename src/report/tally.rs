//! Counts the findings of a capture, whatever is shown of it.

use std::collections::HashMap;

use crate::explain::{Conversation, Step, report_step_findings};
use crate::model::{Finding, FindingCounts};
use crate::track::{ConversationTotals, Event, StreamId};

/// The findings counted so far: of each conversation that has not ended, and of the capture.
///
/// A conversation takes memory here only once a step of it has a finding, until it ends.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    of_steps: HashMap<StreamId, FindingCounts>,
    all: FindingCounts,
    /// The findings of the step in hand.
    of_step: FindingCounts,
}

impl Tally {
    /// Counts the findings of a step that no sink looks at: no text is made for it.
    #[inline]
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        report_step_findings(event, &mut self.of_step);
        if !self.of_step.is_empty() {
            self.of_steps.entry(event.stream).or_default().add_shown(&self.of_step, event.shown_by());
            self.of_step.clear();
        }
    }

    /// Counts the findings of a step.
    #[inline]
    pub(crate) fn step(&mut self, step: &Step<'_>) {
        if !step.findings.is_empty() {
            self.count(step);
        }
    }

    #[cold]
    fn count(&mut self, step: &Step<'_>) {
        let counts = self.of_steps.entry(step.event.stream).or_default();
        step.findings.iter().for_each(|finding| counts.count_shown(finding.code, step.event.shown_by()));
    }

    /// Takes the counted step findings of a conversation that ends.
    pub(crate) fn of_steps(&mut self, stream: StreamId) -> FindingCounts {
        // nearly every capture has few of these, and a look-up costs more than that
        if self.of_steps.is_empty() {
            FindingCounts::default()
        } else {
            self.of_steps.remove(&stream).unwrap_or_default()
        }
    }

    /// Explains a conversation that has ended, with its findings counted.
    pub(crate) fn conversation(&mut self, totals: Box<ConversationTotals>) -> Conversation {
        let of_steps = self.of_steps(totals.stream);
        let conversation = Conversation::counted(totals, of_steps);
        self.all.add_all(conversation.findings_count());
        conversation
    }

    /// The count of the whole capture, with its own `findings`.
    pub(crate) fn finish(mut self, findings: &[Finding]) -> FindingCounts {
        findings.iter().for_each(|finding| self.all.count(finding.code));
        // the conversations of these were not given: their findings are not lost
        for counts in self.of_steps.values() {
            self.all.add_all(counts);
        }
        self.all
    }
}
