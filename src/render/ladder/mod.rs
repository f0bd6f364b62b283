//! `--format ladder`: the sequence diagram for a terminal, in Unicode or ASCII.

mod stroke;
mod text_row;

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use self::text_row::Columns;
use super::table::wrap;
use super::{Format, Options, Triaged, escape};
use crate::model::CaptureInfo;
use crate::report::ladder::{Ladder, Trail};
use crate::report::{
    CaptureTotals, KeptConversation, PerConversationCollector, PerConversationRenderer, capture_notes_of, capture_title,
};

pub(super) static FORMAT: Format = Format {
    name: "ladder",
    extension: "txt",
    about: "one sequence diagram per conversation, as text",
    streams: false,
    headers: false,
    answers: false,
    triage: Triaged::No,
    sink: Some(|out, options| {
        let bounds = options.bounds;
        let ladders = Ladders { out: io::BufWriter::new(out), options: options.clone() };
        Box::new(PerConversationCollector::new(bounds.conversations, move || Trail::new(bounds), ladders))
    }),
};

/// The text instead of ladders where only conversations are asked for.
pub(super) const WITHOUT_STEPS: &str = "Sequence diagrams are drawn of steps, which --summary leaves out.";

struct Ladders<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
}

impl<W: Write> PerConversationRenderer<Trail> for Ladders<W> {
    fn render(
        &mut self,
        info: &CaptureInfo,
        kept: &[KeptConversation<Trail>],
        totals: &CaptureTotals,
    ) -> io::Result<()> {
        self.text(&capture_title(info), Style::new().bold().underline())?;
        writeln!(self.out)?;
        if self.options.summary {
            self.text(WITHOUT_STEPS, Style::new())?;
        }
        for conversation in kept.iter().filter(|conversation| conversation.kept.steps() > 0) {
            let ladder = Ladder::of(&conversation.conversation, &conversation.kept, &self.options.view);
            self.ladder(&ladder)?;
        }
        for note in capture_notes_of(totals) {
            self.text(&note.text, Style::new())?;
        }
        writeln!(self.out)?;
        self.out.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Ladders<W> {
    fn ladder(&mut self, ladder: &Ladder) -> io::Result<()> {
        self.text(&ladder.title, Style::new().bold())?;
        writeln!(self.out)?;
        for line in Columns::of(ladder, &self.options).lines(ladder) {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        writeln!(self.out)?;
        for note in &ladder.notes {
            self.text(note, Style::new().dimmed())?;
        }
        if ladder.notes.is_empty() { Ok(()) } else { writeln!(self.out) }
    }

    fn text(&mut self, text: &str, style: Style) -> io::Result<()> {
        let style = if self.options.color { style } else { Style::new() };
        for line in broken(&medium(text, self.options.view.ascii), self.options.width) {
            writeln!(self.out, "{style}{line}{style:#}")?;
        }
        Ok(())
    }
}

/// Text for a terminal: harmless, and in ASCII where that is asked for.
fn medium(text: &str, ascii: bool) -> String {
    let text = escape::plain(text);
    if !ascii || text.is_ascii() {
        return text.into_owned();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => plain.push(c),
            '→' => plain.push_str("->"),
            '…' => plain.push_str("..."),
            '§' => plain.push_str("sec. "),
            'µ' => plain.push('u'),
            'α' => plain.push_str("alpha"),
            c => plain.extend(c.escape_unicode()),
        }
    }
    plain
}

/// Words in lines of at most `width` columns; a longer word is cut.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in wrap(text, width) {
        if line.width() <= width {
            lines.push(line);
            continue;
        }
        let mut part = String::new();
        for c in line.chars() {
            let mut buffer = [0; 4];
            if part.width() + c.encode_utf8(&mut buffer).width() > width && !part.is_empty() {
                lines.push(std::mem::take(&mut part));
            }
            part.push(c);
        }
        lines.push(part);
    }
    lines
}
