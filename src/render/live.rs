//! The steps of a live capture as they come, one line each, for a terminal; the table's report follows at the end.

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::fit::Fit;
use super::table::{style, wrap};
use super::{Options, escape, room};
use crate::explain::Step;
use crate::model::Direction;
use crate::report::{Align, COLUMNS, CaptureTotals, Choice, ForwardSink, Room, Sink, StepColumn};

/// The columns where there is room, and where there is little.
const WIDE: &[&str] = &["time", "direction", "flags", "seq", "ack", "length"];
const NARROW: &[&str] = &["time", "direction", "flags"];
const TIGHT: &[&str] = &["time", "direction"];

/// The column with the sentence, which comes last and may need more than one line.
const SENTENCE: &str = "description";

/// The least room for a sentence.
const WORDS: usize = 24;

/// Writes each step to `out` at once, and then passes it on to `report`, which has no need to show the steps.
pub(crate) fn live<'a>(out: Box<dyn Write + 'a>, options: &Options, report: Box<dyn Sink + 'a>) -> Box<dyn Sink + 'a> {
    let room = room(options.width);
    let find = |name: &&str| COLUMNS.iter().find(|column| column.name == *name);
    let names = match room {
        Room::Tight | Room::Snug => TIGHT,
        Room::Narrow | Room::Ample => NARROW,
        Room::Wide | Room::OnDemand => WIDE,
    };
    let usual = names.iter().chain([&SENTENCE]).filter_map(find).collect();
    let columns: Vec<&StepColumn> = options.columns.columns(COLUMNS, usual);
    let exact = matches!(options.columns, Choice::Only(_));
    let widths = columns.iter().map(|column| column.header.width().max(min(column.name))).collect();
    let out = io::BufWriter::new(out);
    Box::new(Live {
        out,
        report,
        options: options.clone(),
        columns,
        widths,
        narrow: room < Room::Wide,
        exact,
        any: false,
    })
}

/// The width of a column's usual values, so that the columns seldom have to grow.
fn min(column: &str) -> usize {
    match column {
        "time" => 9,
        "direction" => 8,
        "flags" => 12,
        "seq" => 7,
        _ => 4,
    }
}

struct Live<'a, W: Write> {
    out: io::BufWriter<W>,
    report: Box<dyn Sink + 'a>,
    options: Options,
    columns: Vec<&'static StepColumn>,
    /// The width of each column so far.
    widths: Vec<usize>,
    narrow: bool,
    /// `true` if the columns are exactly those that were asked for.
    exact: bool,
    any: bool,
}

impl<W: Write> Live<'_, W> {
    fn text(&self, text: &str) -> String {
        if self.options.view.ascii { escape::ascii(text) } else { escape::plain(text) }.into_owned()
    }

    fn paint(&self, style: Style) -> Style {
        if self.options.color { style } else { Style::new() }
    }

    /// The conversation's ends, before its first step.
    fn title(&mut self, step: &Step<'_>) -> io::Result<()> {
        let event = &step.event;
        let (client, server) = match event.direction {
            Direction::ClientToServer => (event.source, event.destination),
            Direction::ServerToClient => (event.destination, event.source),
        };
        let bold = self.paint(Style::new().bold());
        let arrow = self.options.view.arrow();
        writeln!(self.out, "{bold}{}  client {client} {arrow} server {server}{bold:#}", event.stream)
    }

    fn line(&mut self, step: &Step<'_>) -> io::Result<()> {
        let stream = step.event.stream.to_string();
        write!(self.out, "{stream:6}")?;
        let mut used = stream.width().max(6);
        let last = self.columns.len().saturating_sub(1);
        for index in 0..self.columns.len() {
            let Some(column) = self.columns.get(index).copied() else { break };
            // times are as narrow as they get, and no cell is stacked: a step is one line
            let narrow = column.narrow.filter(|_| column.name == "time" || (self.narrow && column.name != "flags"));
            let narrow = narrow.filter(|_| !self.exact);
            let cell = narrow.unwrap_or(column.text)(step, &self.options.view);
            let mut text = self.text(&cell.text);
            let style = self.paint(style(cell.tone));
            if index == last {
                used += 2;
                let room = self.options.width.saturating_sub(used).max(WORDS);
                let drawn = |text: &str| self.text(text);
                let fit = Fit { width: room, hex: false, drawn: &drawn };
                if let Some(shorter) = fit.sentence(&cell.text, 1, room) {
                    text = self.text(&shorter);
                }
                let lines = wrap(&text, room);
                for (number, line) in lines.iter().enumerate() {
                    let indent = if number == 0 { 2 } else { used };
                    writeln!(self.out, "{:indent$}{style}{line}{style:#}", "")?;
                }
                break;
            }
            let width = self.widths.get(index).copied().unwrap_or_default().max(text.width());
            if let Some(slot) = self.widths.get_mut(index) {
                *slot = width;
            }
            let fill = width - text.width();
            match column.align {
                Align::Left => write!(self.out, "  {style}{text}{style:#}{:fill$}", "")?,
                Align::Right => write!(self.out, "  {:fill$}{style}{text}{style:#}", "")?,
            }
            used += 2 + width;
        }
        Ok(())
    }
}

impl<'a, W: Write> ForwardSink for Live<'a, W> {
    type Inner = dyn Sink + 'a;

    const SEES_ALL: bool = true;

    fn inner(&self) -> &Self::Inner {
        &*self.report
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        &mut *self.report
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.any = true;
        if step.event.number == 1 {
            self.title(step)?;
        }
        self.line(step)?;
        self.inner_mut().step(step)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.inner_mut().flush()
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        if self.any {
            writeln!(self.out)?;
        }
        self.out.flush()?;
        self.inner_mut().finish(totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{C, Told, play, segment, ten_steps};
    use crate::report::{Choice, View};

    fn written(options: &Options, frames: &[Vec<u8>]) -> String {
        let mut out = Vec::new();
        let mut told = Told::default();
        {
            let mut sink = live(Box::new(&mut out), options, Box::new(&mut told));
            play(frames, &mut *sink);
            (*sink).end().expect("written");
        }
        assert_eq!(told.steps.len(), frames.len(), "the report sees every step");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn each_step_is_a_line_below_the_endpoints_of_its_conversation() {
        let text = written(&Options { width: 200, ..Options::default() }, &ten_steps());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 12, "{text}");
        assert_eq!(lines[0], "tcp:0  client 127.0.0.1:51234 → server 127.0.0.1:6542");
        let first: Vec<_> = lines[1].split_whitespace().collect();
        assert_eq!(first[..8], ["tcp:0", "0.000000", "client", "→", "server", "SYN", "[S]", "0"], "{text}");
    }

    #[test]
    fn sentences_wrap_within_their_column() {
        for width in [60, 80, 120] {
            let text = written(&Options { width, ..Options::default() }, &ten_steps());
            let widest = text.lines().map(UnicodeWidthStr::width).max();
            assert!(widest <= Some(width), "{widest:?} at {width}:\n{text}");
        }
    }

    #[test]
    fn no_captured_byte_acts_on_the_terminal() {
        let view = View { ascii: true, ..View::default() };
        let columns = Choice::Only(COLUMNS.iter().collect());
        let options = Options { view, columns, width: 400, ..Options::default() };
        let text = written(&options, &[segment(C, "P.", 1, 1, b"\x1b[31mred\r\n\x07")]);
        assert!(text.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{text:?}");
    }
}
