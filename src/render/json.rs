//! `--format json`: the records of `jsonl` in one document, bounded.

use std::io::{self, Write};

use super::buffer::Buffer;
use super::record::{Answers, Json, Summary};
use super::{Format, Triaged};
use crate::report::{Collector, Renderer, Report};

pub(super) static FORMAT: Format = Format {
    name: "json",
    extension: "json",
    about: "the records of jsonl in one JSON document",
    streams: false,
    headers: false,
    answers: true,
    triage: Triaged::No,
    sink: Some(|out, options| {
        Box::new(Collector::new(options.bounds, Document { out, buffer: Buffer::new(), begun: false }))
    }),
};

struct Document<W: Write> {
    out: W,
    buffer: Buffer,
    begun: bool,
}

impl<W: Write> Document<W> {
    fn write_out(&mut self) -> io::Result<()> {
        self.buffer.write_to(&mut self.out)
    }

    /// Writes the text before a capture: the document's head, or the comma after the previous capture.
    fn begin(&mut self) {
        let head = if self.begun { ",\n" } else { "{\"captures\":[\n" };
        self.begun = true;
        self.buffer.text(head);
    }

    fn list(&mut self, name: &str, records: impl Iterator<Item: Json>) -> io::Result<()> {
        self.buffer.text(&format!(",\n\"{name}\":["));
        for (index, record) in records.enumerate() {
            self.buffer.text(if index == 0 { "\n" } else { ",\n" });
            record.write(&mut self.buffer);
            if self.buffer.is_full() {
                self.write_out()?;
            }
        }
        self.buffer.text("]");
        Ok(())
    }
}

impl<W: Write> Renderer for Document<W> {
    fn render(&mut self, report: &Report) -> io::Result<()> {
        self.begin();
        self.buffer.text("{\"capture\":");
        report.info.write(&mut self.buffer);
        // in the order of the capture, as in the lines
        let mut steps: Vec<_> = report.conversations.iter().flat_map(|kept| &kept.steps).collect();
        steps.sort_by_key(|step| step.event.frame);
        self.list("steps", steps.into_iter())?;
        let conversations = report.conversations.iter().map(|kept| &kept.conversation);
        self.list("conversations", conversations.clone())?;
        let answers: Vec<_> = conversations.filter_map(Answers::of).collect();
        if !answers.is_empty() {
            self.list("answers", answers.iter())?;
        }
        if !report.calls.is_empty() {
            self.list("calls", report.calls.iter())?;
        }
        self.buffer.text(",\n\"summary\":");
        Summary::new(&report.totals).bounded().write(&mut self.buffer);
        self.buffer.text("}");
        self.write_out()
    }

    fn end(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begin();
        }
        self.buffer.text("\n]}\n");
        self.write_out()?;
        self.out.flush()
    }
}
