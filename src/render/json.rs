//! `--format json`: the records of `jsonl` in one document, bounded.

use std::io::{self, Write};

use serde::Serialize;

use super::buffer::Buffer;
use super::record::{AnswersRecord, Record, Summary, write_json};
use super::{Format, Triaged};
use crate::report::{Collector, LeftOut, Renderer, Report};

/// So much is written at once.
const BLOCK: usize = 1 << 16;

pub(super) static FORMAT: Format = Format {
    name: "json",
    extension: "json",
    about: "the records of jsonl in one JSON document",
    streams: false,
    headers: false,
    answers: true,
    triage: Triaged::No,
    sink: Some(|out, options| {
        Box::new(Collector::new(
            options.bounds,
            Json { out, buffer: Buffer::with_capacity(BLOCK + 4096), begun: false },
        ))
    }),
};

struct Json<W: Write> {
    out: W,
    buffer: Buffer,
    begun: bool,
}

/// A capture's summary, and what a bound kept out of the document.
#[derive(Serialize)]
#[serde(tag = "kind", rename = "summary")]
struct BoundedSummary<'a> {
    #[serde(flatten)]
    summary: Summary<'a>,
    left_out: Option<LeftOutRecord>,
}

#[derive(Serialize)]
struct LeftOutRecord {
    conversations: u64,
    steps: u64,
    findings: u64,
}

impl From<LeftOut> for LeftOutRecord {
    fn from(LeftOut { conversations, steps, findings, .. }: LeftOut) -> Self {
        Self { conversations, steps, findings }
    }
}

impl<W: Write> Json<W> {
    fn write_out(&mut self) -> io::Result<()> {
        self.out.write_all(self.buffer.as_bytes())?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the text before a capture: the document's head, or the comma after the previous capture.
    fn begin(&mut self) {
        let head = if self.begun { ",\n" } else { "{\"captures\":[\n" };
        self.begun = true;
        self.buffer.text(head);
    }

    fn list<'a>(&mut self, name: &str, records: impl Iterator<Item = Record<'a>>) -> io::Result<()> {
        self.buffer.text(&format!(",\n\"{name}\":["));
        for (index, record) in records.enumerate() {
            self.buffer.text(if index == 0 { "\n" } else { ",\n" });
            write_json(&mut self.buffer, &record)?;
            if self.buffer.len() >= BLOCK {
                self.write_out()?;
            }
        }
        self.buffer.text("]");
        Ok(())
    }
}

impl<W: Write> Renderer for Json<W> {
    fn render(&mut self, report: &Report) -> io::Result<()> {
        self.begin();
        self.buffer.text("{\"capture\":");
        write_json(&mut self.buffer, &Record::Capture((&report.info).into()))?;
        // in the order of the capture, as in the lines
        let mut steps: Vec<_> = report.conversations.iter().flat_map(|kept| &kept.steps).collect();
        steps.sort_by_key(|step| step.event.frame);
        self.list("steps", steps.into_iter().map(|step| Record::Step(step.into())))?;
        let conversations = report.conversations.iter().map(|kept| &kept.conversation);
        self.list(
            "conversations",
            conversations.clone().map(|conversation| Record::Conversation(conversation.into())),
        )?;
        let mut answers = conversations.filter_map(AnswersRecord::of).peekable();
        if answers.peek().is_some() {
            self.list("answers", answers.map(Record::Answers))?;
        }
        if !report.calls.is_empty() {
            self.list("calls", report.calls.iter().map(|call| Record::Call(call.into())))?;
        }
        self.buffer.text(",\n\"summary\":");
        let left_out = report.totals.left_out;
        let left_out = (!left_out.is_nothing()).then(|| left_out.into());
        write_json(&mut self.buffer, &BoundedSummary { summary: (&report.totals).into(), left_out })?;
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
