//! `--format jsonl`: one JSON object a line, written as the capture is read.

use std::io::{self, Write};

use super::Format;
use super::record::{AnswersRecord, Record, write_json};
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::report::{CaptureTotals, Sink, ToldCall};

pub(super) static FORMAT: Format = Format {
    name: "jsonl",
    extension: "jsonl",
    about: "one JSON object per line, for programs",
    streams: true,
    headers: false,
    answers: true,
    sink: |out, _| Box::new(JsonLines { out: io::BufWriter::with_capacity(1 << 16, out) }),
};

struct JsonLines<W: Write> {
    out: io::BufWriter<W>,
}

impl<W: Write> JsonLines<W> {
    fn line(&mut self, record: &Record<'_>) -> io::Result<()> {
        write_json(&mut self.out, record)?;
        self.out.write_all(b"\n")
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.line(&Record::Capture(info.into()))
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.line(&Record::Step(step.into()))
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.line(&Record::Conversation(conversation.into()))?;
        AnswersRecord::of(conversation).map_or(Ok(()), |answers| self.line(&Record::Answers(answers)))
    }

    fn call(&mut self, call: &ToldCall) -> io::Result<()> {
        self.line(&Record::Call(call.into()))
    }

    fn shows_calls(&self) -> bool {
        true
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.line(&Record::Summary(totals.into()))?;
        self.out.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
