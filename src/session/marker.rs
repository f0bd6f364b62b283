//! Puts what the wire did beside the steps on their way to the report.

use std::io;

use super::record::Marks;
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::report::{CaptureTotals, Sink};

/// Passes everything on, and the marks of a capture with the steps that they are about.
pub struct Marker<'a> {
    sink: &'a mut dyn Sink,
    marks: Marks,
}

impl<'a> Marker<'a> {
    /// Marks what goes to `sink`.
    pub fn new(sink: &'a mut dyn Sink, marks: Marks) -> Self {
        Self { sink, marks }
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
        match self.marks.get(&step.event.frame) {
            None => self.sink.step(step),
            Some(marks) => {
                let mut step = step.clone();
                step.mark(marks);
                self.sink.step(&step)
            }
        }
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
