//! Adds the link's log to the steps of a report, as annotations.

use std::io;

use super::added_findings::AddedFindings;
use super::record::Marks;
use crate::explain::{Conversation, Step};
use crate::model::WireAnnotation;
use crate::report::{CaptureTotals, ForwardSink, Sink};

/// Passes everything on, and adds to each step of a capture the annotations of its frames.
pub struct AnnotatingSink<'a> {
    sink: &'a mut dyn Sink,
    marks: Marks,
    /// The annotations of fragments, with their frames' numbers, in order.
    fragments: Vec<(u64, WireAnnotation)>,
    /// The findings added by annotations, which the pipeline has not counted.
    added: AddedFindings,
}

impl<'a> AnnotatingSink<'a> {
    /// Annotates the steps that go to `sink`.
    pub fn new(sink: &'a mut dyn Sink, mut marks: Marks) -> Self {
        let mut fragments = Vec::new();
        for (frame, marks) in &mut marks {
            fragments.extend(marks.extract_if(.., |mark| mark.fragment).map(|mark| (*frame, mark)));
        }
        fragments.sort_by_key(|(frame, _)| *frame);
        Self { sink, marks, fragments, added: AddedFindings::default() }
    }

    /// The annotations of a step: those of its frame, and those of the fragments that it was reassembled from, which
    /// are no steps. The fragments of one packet are sent one after the other.
    fn of(&mut self, step: &Step<'_>) -> Vec<WireAnnotation> {
        let event = &step.event;
        let mut marks = self.marks.remove(&event.frame).unwrap_or_default();
        if event.ip.fragments > 1 {
            let own =
                |(frame, mark): &mut (u64, WireAnnotation)| *frame <= event.frame && mark.direction == event.direction;
            marks.extend(self.fragments.extract_if(.., own).map(|(_, mark)| mark));
        }
        marks
    }
}

impl<'a> ForwardSink for AnnotatingSink<'a> {
    type Inner = dyn Sink + 'a;

    fn inner(&self) -> &Self::Inner {
        &*self.sink
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        self.sink
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let marks = self.of(step);
        if marks.is_empty() {
            return self.sink.step(step);
        }
        let mut step = step.clone();
        let before = step.findings.len();
        step.mark(&marks);
        for finding in step.findings.iter().skip(before) {
            self.added.count(step.event.stream, finding.code, step.event.shown_by());
        }
        self.sink.step(&step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.added.conversation(conversation, self.sink)
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.sink.finish(&self.added.in_totals(totals))
    }
}
