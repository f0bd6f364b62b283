//! `--format json`: the records of `jsonl` in one document, bounded.

use std::io::{self, Write};

use serde::Serialize;

use super::record::{AnswersRecord, Record, Summary, write_json};
use super::{Format, Triaged};
use crate::report::{Collector, LeftOut, Renderer, Report};

pub(super) static FORMAT: Format = Format {
    name: "json",
    extension: "json",
    about: "the records of jsonl in one JSON document",
    streams: false,
    headers: false,
    answers: true,
    triage: Triaged::No,
    sink: |out, options| {
        Box::new(Collector::new(options.bounds, Json { out: io::BufWriter::with_capacity(1 << 16, out), begun: false }))
    },
};

struct Json<W: Write> {
    out: io::BufWriter<W>,
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
    /// What comes before a capture: the document's head, or the comma after the one before.
    fn begin(&mut self) -> io::Result<()> {
        let head: &[u8] = if self.begun { b",\n" } else { b"{\"captures\":[\n" };
        self.begun = true;
        self.out.write_all(head)
    }

    fn list<'a>(&mut self, name: &str, records: impl Iterator<Item = Record<'a>>) -> io::Result<()> {
        write!(self.out, ",\n\"{name}\":[")?;
        for (index, record) in records.enumerate() {
            self.out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
            write_json(&mut self.out, &record)?;
        }
        self.out.write_all(b"]")
    }
}

impl<W: Write> Renderer for Json<W> {
    fn render(&mut self, report: &Report) -> io::Result<()> {
        self.begin()?;
        self.out.write_all(b"{\"capture\":")?;
        write_json(&mut self.out, &Record::Capture((&report.info).into()))?;
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
        self.out.write_all(b",\n\"summary\":")?;
        let left_out = report.totals.left_out;
        let left_out = (!left_out.is_nothing()).then(|| left_out.into());
        write_json(&mut self.out, &BoundedSummary { summary: (&report.totals).into(), left_out })?;
        self.out.write_all(b"}")
    }

    fn end(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begin()?;
        }
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}
