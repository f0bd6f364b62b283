//! Counts of findings that a session adds to the steps of a capture, which the pipeline has not counted.

use std::collections::HashMap;
use std::io;

use crate::explain::Conversation;
use crate::model::{FindingCode, FindingCounts, ShownBy};
use crate::report::{CaptureTotals, Sink};
use crate::track::StreamId;

/// The findings that were added, by conversation.
#[derive(Debug, Default)]
pub(super) struct AddedFindings(HashMap<StreamId, FindingCounts>);

impl AddedFindings {
    /// Counts a finding that was added to a step of `stream`.
    pub(super) fn count(&mut self, stream: StreamId, code: FindingCode, by: ShownBy) {
        self.0.entry(stream).or_default().count_shown(code, by);
    }

    /// Passes a conversation on, with the added findings included in its counts.
    pub(super) fn conversation(&self, conversation: &Conversation, sink: &mut dyn Sink) -> io::Result<()> {
        match self.0.get(&conversation.totals.stream) {
            None => sink.conversation(conversation),
            Some(added) => {
                let mut conversation = conversation.clone();
                conversation.count_more(added);
                sink.conversation(&conversation)
            }
        }
    }

    /// The totals of a capture, with the added findings included in its counts.
    pub(super) fn in_totals(&self, totals: &CaptureTotals) -> CaptureTotals {
        let mut totals = totals.clone();
        self.0.values().for_each(|added| totals.findings_count.add_all(added));
        totals
    }
}
