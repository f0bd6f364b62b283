//! Puts what the wire did beside the steps on their way to the report.

use std::io;

use super::record::Marks;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, WireMark};
use crate::report::{CaptureTotals, Sink};

/// Passes everything on, and the marks of a capture with the steps that they are about.
pub struct Marker<'a> {
    sink: &'a mut dyn Sink,
    marks: Marks,
    /// Those of fragments, by their frames' numbers, in order.
    fragments: Vec<(u64, WireMark)>,
}

impl<'a> Marker<'a> {
    /// Marks what goes to `sink`.
    pub fn new(sink: &'a mut dyn Sink, mut marks: Marks) -> Self {
        let mut fragments = Vec::new();
        for (frame, marks) in &mut marks {
            fragments.extend(marks.extract_if(.., |mark| mark.fragment).map(|mark| (*frame, mark)));
        }
        fragments.sort_by_key(|(frame, _)| *frame);
        Self { sink, marks, fragments }
    }

    /// The marks of a step: those of its frame, and those of the fragments that it was put together from, which are no
    /// steps. Fragments of one packet are sent one behind the other.
    fn of(&mut self, step: &Step<'_>) -> Vec<WireMark> {
        let event = &step.event;
        let mut marks = self.marks.remove(&event.frame).unwrap_or_default();
        if event.ip.fragments > 1 {
            let own = |(frame, mark): &mut (u64, WireMark)| *frame <= event.frame && mark.direction == event.direction;
            marks.extend(self.fragments.extract_if(.., own).map(|(_, mark)| mark));
        }
        marks
    }
}

impl Sink for Marker<'_> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.sink.capture(info)
    }

    fn wants_steps(&self) -> bool {
        self.sink.wants_steps()
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let marks = self.of(step);
        if marks.is_empty() {
            return self.sink.step(step);
        }
        let mut step = step.clone();
        step.mark(&marks);
        self.sink.step(&step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.sink.conversation(conversation)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.sink.finish(totals)
    }

    fn end(&mut self) -> io::Result<()> {
        self.sink.end()
    }
}
