//! `--format lines`: one line a step, written as the capture is read, for grep and awk.
//!
//! ```text
//! 2024-05-05T12:34:56.123456000Z tcp:0 c>s 127.0.0.1:51234 > 127.0.0.1:6542 [P.] seq 1:13 ack 1 win 512 len 12
//! ```
//!
//! Time (`-` where the file keeps none), conversation, direction (`c>s` from the client, `s>c` from the server), sender
//! `>` receiver, and for TCP the flags as tcpdump writes them, `seq` (a range where there is payload), `ack` (with the ACK
//! flag), `win`, then `len`; an ICMP error has its name and the frame that it answers. At the end, where there are any,
//! `analysis` and `findings` with their names. With several captures the file's name and a colon come first.
//!
//! This is the fast path: numbers, addresses and flags come from tables, and nothing is allocated for a step.

mod clock;
mod format_thread;
mod row;
mod step_line;

use std::borrow::Cow;
use std::io::{self, Write};

use self::format_thread::LineFormatter;
use self::row::Row;
use self::step_line::StepLine;
use super::buffer::Buffer;
use super::{Format, Options, Triaged, escape};
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::report::{CaptureTotals, Cell, Choice, Sink, TracedCall};

pub(super) static FORMAT: Format = Format {
    name: "lines",
    extension: "txt",
    about: "one line per step, for grep and awk",
    streams: true,
    headers: false,
    answers: false,
    triage: Triaged::No,
    sink: Some(|out, options| {
        Box::new(Lines {
            out,
            buffer: Buffer::new(),
            line: StepLine::new(&options.view),
            formatter: LineFormatter::new(options.view.clone()),
            prefix: String::new(),
            options: options.clone(),
        })
    }),
};

struct Lines<W: Write> {
    out: W,
    buffer: Buffer,
    line: StepLine,
    /// The formatter of the usual lines of steps.
    formatter: LineFormatter,
    /// The text before every line: the capture's name where there are several.
    prefix: String,
    options: Options,
}

impl<W: Write> Lines<W> {
    /// Ends a line.
    fn end_line(&mut self) -> io::Result<()> {
        self.buffer.push(b'\n');
        if self.buffer.is_full() { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.formatter.finish(&mut self.line, &self.prefix, &mut self.out)?;
        self.buffer.write_to(&mut self.out)?;
        self.out.flush()
    }
}

/// Text for a line: in ASCII alone where that is asked for.
fn medium(text: &str, ascii: bool) -> Cow<'_, str> {
    if ascii { escape::ascii(text) } else { escape::plain(text) }
}

/// Columns that were asked for, with a tab between them, and before them if there is something before.
fn cells(buffer: &mut Buffer, mut tab: bool, ascii: bool, cells: impl Iterator<Item = Cell>) {
    for cell in cells {
        if tab {
            buffer.push(b'\t');
        }
        tab = true;
        buffer.text(&medium(&cell.text, ascii));
    }
}

impl<W: Write> Sink for Lines<W> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        if self.options.several {
            let name = info.file.as_deref().unwrap_or_default();
            self.prefix = format!("{}: ", medium(name, self.options.view.ascii));
        }
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let Self { out, line, formatter, buffer, prefix, options } = self;
        let row = || Row::of(step, options.view.absolute);
        match &options.columns {
            Choice::Usual => return formatter.take(row(), prefix, out),
            Choice::And(columns) => {
                buffer.text(prefix);
                line.write(&row(), buffer);
                cells(
                    buffer,
                    true,
                    options.view.ascii,
                    columns.iter().map(|column| (column.text)(step, &options.view)),
                );
            }
            Choice::Only(columns) => {
                buffer.text(prefix);
                cells(
                    buffer,
                    false,
                    options.view.ascii,
                    columns.iter().map(|column| (column.text)(step, &options.view)),
                );
            }
        }
        self.end_line()
    }

    fn wants_conversations(&self) -> bool {
        self.options.summary
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let Self { line, buffer, prefix, options, .. } = self;
        if !options.summary {
            return Ok(());
        }
        buffer.text(prefix);
        match &options.conversation_columns {
            Choice::Usual => line.conversation(conversation, buffer),
            Choice::And(columns) => {
                line.conversation(conversation, buffer);
                cells(
                    buffer,
                    true,
                    options.view.ascii,
                    columns.iter().map(|column| (column.text)(conversation, &options.view)),
                );
            }
            Choice::Only(columns) => {
                cells(
                    buffer,
                    false,
                    options.view.ascii,
                    columns.iter().map(|column| (column.text)(conversation, &options.view)),
                );
            }
        }
        self.end_line()
    }

    fn call(&mut self, told: &TracedCall) -> io::Result<()> {
        let Self { buffer, prefix, options, .. } = self;
        buffer.text(prefix);
        let stream = told.stream.map_or_else(|| "-".to_owned(), |stream| stream.to_string());
        let frames: Vec<_> = told.frames.iter().map(u64::to_string).collect();
        let frames = if frames.is_empty() { "-".to_owned() } else { frames.join(",") };
        let what = told.what();
        let what = medium(&what, options.view.ascii);
        let side = told.call.side.name();
        buffer.text(&format!("{} {stream} {side} {what} frames {frames}", told.call.time));
        self.end_line()
    }

    fn shows_calls(&self) -> bool {
        true
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_out()
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        self.write_out()
    }

    fn end(&mut self) -> io::Result<()> {
        self.write_out()
    }
}
