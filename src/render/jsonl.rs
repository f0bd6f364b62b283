//! `--format jsonl`: one JSON object a line, written as the capture is read.

use std::io::{self, Write};

use super::buffer::Buffer;
use super::record::{Answers, Json, Summary};
use super::{Format, Triaged};
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::report::{CaptureTotals, Sink, TracedCall};

pub(super) static FORMAT: Format = Format {
    name: "jsonl",
    extension: "jsonl",
    about: "one JSON object per line, for programs",
    streams: true,
    headers: false,
    answers: true,
    triage: Triaged::No,
    sink: Some(|out, _| Box::new(JsonLines { out, buffer: Buffer::new() })),
};

struct JsonLines<W: Write> {
    out: W,
    buffer: Buffer,
}

impl<W: Write> JsonLines<W> {
    fn line(&mut self, record: impl Json) -> io::Result<()> {
        record.write(&mut self.buffer);
        self.buffer.push(b'\n');
        if self.buffer.is_full() { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.buffer.write_to(&mut self.out)?;
        self.out.flush()
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.line(info)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.line(step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.line(conversation)?;
        Answers::of(conversation).map_or(Ok(()), |answers| self.line(&answers))
    }

    fn call(&mut self, call: &TracedCall) -> io::Result<()> {
        self.line(call)
    }

    fn shows_calls(&self) -> bool {
        true
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_out()
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.line(Summary::new(totals))?;
        self.write_out()
    }

    fn end(&mut self) -> io::Result<()> {
        self.write_out()
    }
}
