//! `--format table`: for reading at a terminal, in colour where there is one.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Color, Style};
use comfy_table::{
    Attribute, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table as Drawing, TableStyle,
};

use unicode_width::UnicodeWidthStr;

use super::fit::Fit;
use super::grid::{CALLS_TITLE, Grid, Span, SpanKind, VerdictAt, fold_note, runs_of};
use super::layout::{Layout, NO_BREAK, bound};
use super::{Format, Options, Triaged, escape, exchange, room};
use crate::explain::{Answered, Fact};
use crate::model::Severity;
use crate::report::{
    Align, Cell, Choice, CollectedConversation, Collector, FindingLine, LedgerLine, Part, PayloadView, Renderer,
    Report, Room, Run, Tone, capture_notes, conversation_notes, conversation_title, finding_lines, ledger_lines,
    report_title, triage_lines, triage_title,
};

pub(super) static FORMAT: Format = Format {
    name: "table",
    extension: "txt",
    about: "one table per conversation, for the terminal",
    streams: false,
    headers: false,
    answers: true,
    triage: Triaged::Instead,
    sink: Some(|out, options| {
        Box::new(Collector::new(options.bounds, Table { out: io::BufWriter::new(out), options: options.clone() }))
    }),
};

/// So many characters are left to each text rather than show a column that can be done without.
const WORDS: usize = 22;

/// So many characters each text gets in any case: few words are longer.
const WORD: usize = 14;

/// Number of characters of a payload that a sentence quotes, where they fit; in a wide line all that are not beside it.
const QUOTED: usize = 40;
const BESIDE: usize = 60;

/// Stands before a verdict below its conversation's row.
const BELOW: &str = "        ";

/// The column whose contents other columns hold where there is little room.
const ARITHMETIC: &str = "arithmetic";

/// The frames of a wait stand beside it where there is so much room.
const EVIDENCE: usize = 30;

struct Table<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
}

impl<W: Write> Renderer for Table<W> {
    fn render(&mut self, report: &Report) -> io::Result<()> {
        self.line(&report_title(report), Style::new().bold().underline())?;
        if let Some(scenario) = &report.totals.scenario {
            scenario.lines().iter().try_for_each(|line| self.line(line, Style::new()))?;
            if let Some(messages) = &scenario.exchange {
                writeln!(self.out)?;
                exchange::lines(messages, self.options.view.ascii)
                    .iter()
                    .try_for_each(|line| writeln!(self.out, "{line}"))?;
            }
        }
        writeln!(self.out)?;
        if let Some(worst) = report.totals.triage.clone() {
            self.notes(report)?;
            writeln!(self.out)?;
            self.line(&triage_title(&worst), Style::new().bold())?;
            writeln!(self.out)?;
            self.conversations(report)?;
            for (command, about) in triage_lines(&worst, &report.info, self.options.analyze) {
                self.line(&format!("  {command}"), Style::new())?;
                self.line(&format!("      {about}"), style(Tone::Dim))?;
            }
            writeln!(self.out)?;
            return self.out.flush();
        }
        if self.options.summary {
            self.conversations(report)?;
        } else {
            report.conversations.iter().try_for_each(|kept| self.conversation(kept))?;
        }
        if !report.calls.is_empty() {
            self.line(CALLS_TITLE, Style::new().bold())?;
            writeln!(self.out)?;
            self.grid(&Grid::calls(&report.calls, &self.options), self.options.width)?;
            writeln!(self.out)?;
        }
        self.notes(report)?;
        writeln!(self.out)?;
        // a session is watched: what is there is shown
        self.out.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Table<W> {
    fn notes(&mut self, report: &Report) -> io::Result<()> {
        capture_notes(report).iter().try_for_each(|note| self.line(&note.text, style(note.tone)))
    }

    /// A row for each conversation, in as many of the usual columns as fit; the others are named.
    fn conversations(&mut self, report: &Report) -> io::Result<()> {
        let all = Grid::conversations(report, &self.options, Room::Wide, VerdictAt::Below);
        let asked_for = matches!(self.options.conversation_columns, Choice::Only(_));
        let mut room = Room::Wide;
        let grid = loop {
            let grid = Grid::conversations(report, &self.options, room, VerdictAt::Below);
            match room.less() {
                Some(less) if !asked_for && Layout::of(&grid).min(WORDS) > self.options.width => room = less,
                _ => break grid,
            }
        };
        self.grid(&grid, self.options.width.max(Layout::of(&grid).min(WORD)))?;
        writeln!(self.out)?;
        let min = Layout::of(&all).min(WORDS);
        if self.left_out(&all, &grid, Some(min))? { writeln!(self.out) } else { Ok(()) }
    }

    /// Names the columns of `all` that `grid` lacks, and the width at which they are shown; whether there are any.
    fn left_out(&mut self, all: &Grid, grid: &Grid, width: Option<usize>) -> io::Result<bool> {
        let shown = |name: &&str| grid.head.iter().any(|head| head.text == *name);
        let left_out: Vec<_> = all.head.iter().map(|head| head.text).filter(|name| !shown(name)).collect();
        if left_out.is_empty() {
            return Ok(false);
        }
        let wider = width.map(|width| format!("--width {width} or ")).unwrap_or_default();
        let text = format!("Not shown at this width: {} (to show: {wider}--columns)", left_out.join(", "));
        self.line(&text, style(Tone::Dim))?;
        Ok(true)
    }

    /// Text of a capture or a sentence, fit for the terminal.
    fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.options.view.ascii { escape::ascii(text) } else { escape::plain(text) }
    }

    fn cell(&self, cell: &Cell) -> comfy_table::Cell {
        let lines: Vec<_> =
            std::iter::once(&cell.text).chain(&cell.below).map(|line| bound(&self.text(line))).collect();
        paint(comfy_table::Cell::new(lines.join("\n")), cell.tone)
    }

    fn conversation(&mut self, kept: &CollectedConversation) -> io::Result<()> {
        let view = &self.options.view;
        let title = conversation_title(&kept.conversation.totals, view);
        let notes = conversation_notes(&kept.conversation, view);
        self.line(&title, Style::new().bold())?;
        let parts = self.options.parts.clone();
        if parts.has(Part::Verdict) {
            self.verdict(kept)?;
        }
        writeln!(self.out)?;
        if let Some(answers) = kept.conversation.answers().filter(|_| parts.has(Part::Answers)) {
            // the questions alone, unless more is named
            if !parts.names(Part::Answers) {
                self.facts(&notes)?;
                writeln!(self.out)?;
                return answers.iter().try_for_each(|answered| self.answer(answered));
            }
            answers.iter().try_for_each(|answered| self.answer(answered))?;
        }
        if parts.has(Part::Findings) {
            self.findings(&finding_lines(kept))?;
        }
        if parts.has(Part::Ledger) {
            self.ledger(&ledger_lines(&kept.conversation.totals))?;
        }
        if parts.has(Part::Facts) {
            self.facts(&[notes, kept.conversation.facts()].concat())?;
            writeln!(self.out)?;
        }
        if parts.has(Part::Steps) && !self.options.steps_shown { self.step_table(kept) } else { Ok(()) }
    }

    fn step_table(&mut self, kept: &CollectedConversation) -> io::Result<()> {
        let runs = runs_of(&kept.steps, &kept.conversation, &kept.digest, &self.options);
        let steps = self.steps(kept, &runs);
        // rather a line that is too long than words and numbers torn apart
        self.grid(&steps, self.options.width.max(Layout::of(&steps).min(WORD)))?;
        if !matches!(self.options.columns, Choice::Only(_)) {
            let mut all = Grid::steps(&kept.steps, &runs, &self.options, Room::Wide);
            // where columns are narrow, their numbers stand below each other
            all.head.retain(|head| head.text != ARITHMETIC);
            self.left_out(&all, &steps, None)?;
        }
        if let Some(note) = fold_note(&runs) {
            self.line(&note, style(Tone::Dim))?;
        }
        if kept.steps_left_out > 0 {
            let text = format!("{} {} more steps (--limit 0 shows all)", self.dots(), kept.steps_left_out);
            self.line(&text, style(Tone::Dim))?;
        }
        writeln!(self.out)
    }

    fn dots(&self) -> &'static str {
        if self.options.view.ascii { "..." } else { "…" }
    }

    /// Writes the verdict.
    fn verdict(&mut self, kept: &CollectedConversation) -> io::Result<()> {
        let verdict = kept.conversation.verdict(&kept.digest);
        let tone = match verdict.severity {
            Severity::Note => Tone::Open,
            severity => Tone::Finding(severity),
        };
        verdict.lines.iter().try_for_each(|line| self.hanging("  ", &line.text(), style(tone).bold()))
    }

    /// Writes the time ledger: one line for each kind of wait that took any time.
    fn ledger(&mut self, lines: &[LedgerLine]) -> io::Result<()> {
        let width = |text: fn(&LedgerLine) -> String| lines.iter().map(|line| text(line).width()).max().unwrap_or(0);
        let (label, time) = (width(|line| line.label.to_owned()), width(|line| line.time.human().to_string()));
        let share = width(LedgerLine::share);
        let mut lead = "Time";
        for line in lines {
            let spent = line.time.human().to_string();
            let pad = time.saturating_sub(spent.width());
            let text = format!("  {lead:4}  {:label$}  {:pad$}{spent}  {:>share$}  ", line.label, "", line.share());
            let (head, text) = (self.text(&text).into_owned(), line.evidence());
            if head.width() + EVIDENCE <= self.options.width {
                self.hanging(&head, &text, style(Tone::Plain))?;
            } else {
                writeln!(self.out, "{}", head.trim_end())?;
                self.hanging("          ", &text, style(Tone::Dim))?;
            }
            lead = "";
        }
        if lines.is_empty() { Ok(()) } else { writeln!(self.out) }
    }

    /// The steps in as many of the usual columns as leave the words their room. No more columns than in 80 characters stand
    /// where they would make the table longer.
    fn steps(&self, kept: &CollectedConversation, runs: &[Run]) -> Grid {
        let mut options = self.options.clone();
        options.view.shown = Some(self.options.width.saturating_sub(BESIDE).max(QUOTED));
        let drawn = |text: &str| bound(&self.text(text));
        let hex = options.view.payload == PayloadView::Hex;
        let of = |room| {
            let mut grid = Grid::steps(&kept.steps, runs, &options, room);
            let width = options.width.max(Layout::of(&grid).min(WORD));
            Fit { width, hex, drawn: &drawn }.apply(&mut grid);
            grid
        };
        if matches!(self.options.columns, Choice::Only(_)) {
            return of(room(self.options.width));
        }
        let lines = |grid: &Grid| self.drawn(grid, self.options.width).len();
        let mut room = room(self.options.width);
        let bound = (room > Room::Narrow).then(|| lines(&of(Room::Narrow)));
        loop {
            let grid = of(room);
            let longer = room > Room::Narrow && bound.is_some_and(|bound| lines(&grid) > bound);
            match room.less() {
                Some(less) if longer || Layout::of(&grid).min(WORDS) > self.options.width => room = less,
                _ => return grid,
            }
        }
    }

    /// A question and all that is answered to it; the steps themselves are left to other runs.
    fn answer(&mut self, Answered { question, answer }: &Answered) -> io::Result<()> {
        self.line(question.text, Style::new().bold())?;
        if !answer.text.is_empty() {
            self.hanging("  ", &answer.text, Style::new())?;
        }
        answer.calculation.iter().try_for_each(|line| self.hanging("    ", line, style(Tone::Open)))?;
        if let Some(why) = &answer.cannot_tell {
            self.hanging("  Unknown: ", why, style(Tone::Close))?;
        }
        if let Some(evidence) = answer.evidence() {
            self.hanging("  ", &evidence, style(Tone::Dim))?;
        }
        for table in &answer.tables {
            self.hanging("  ", &format!("{}:", table.caption), Style::new())?;
            self.grid(&Grid::answer(table), self.options.width)?;
            table.rest().map_or(Ok(()), |rest| self.hanging("  ", &rest, style(Tone::Dim)))?;
        }
        writeln!(self.out)
    }

    /// Codes in a column, their texts beside them.
    fn findings(&mut self, findings: &[FindingLine]) -> io::Result<()> {
        let code = findings.iter().map(|finding| finding.code.name().len()).max().unwrap_or_default();
        for finding in findings {
            let tone = Tone::Finding(finding.code.severity());
            self.hanging(&format!("  {:code$}  ", finding.code), &finding.text, style(tone))?;
        }
        if findings.is_empty() { Ok(()) } else { writeln!(self.out) }
    }

    /// Labels in a column, their texts beside them.
    fn facts(&mut self, facts: &[Fact]) -> io::Result<()> {
        let label = facts.iter().map(|fact| fact.label.len()).max().unwrap_or_default();
        for fact in facts {
            self.hanging(&format!("  {:label$}  ", fact.label), &fact.text, style(Tone::Plain))?;
        }
        Ok(())
    }

    /// One paragraph, wrapped, its later lines indented.
    fn line(&mut self, text: &str, style: Style) -> io::Result<()> {
        let indent = text.len() - text.trim_start().len();
        let (lead, text) = text.split_at(indent);
        self.hanging(lead, text, style)
    }

    fn hanging(&mut self, lead: &str, text: &str, style: Style) -> io::Result<()> {
        let style = if self.options.color { style } else { Style::new() };
        let text = bound(&self.text(text));
        let indent = lead.chars().count();
        for (index, line) in wrap(&text, self.options.width.saturating_sub(indent).max(20)).iter().enumerate() {
            if index == 0 {
                write!(self.out, "{lead}")?;
            } else {
                write!(self.out, "{:1$}", "", indent.max(2))?;
            }
            writeln!(self.out, "{style}{}{style:#}", line.replace(NO_BREAK, " "))?;
        }
        Ok(())
    }

    /// The grid's lines; instead of each line of its own stands a mark.
    fn drawn(&self, grid: &Grid, width: usize) -> Vec<String> {
        if grid.rows.is_empty() {
            return Vec::new();
        }
        let mut drawing = Drawing::new();
        let fill = if self.options.view.ascii { '-' } else { '─' };
        drawing
            .load_style(TableStyle::new().header_separator(LineStyle::none().fill(fill).junction(fill)))
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX))
            .set_truncation_indicator(self.dots())
            .force_no_tty();
        if self.options.color {
            drawing.enforce_styling();
        }
        drawing
            .set_header(grid.head.iter().map(|head| comfy_table::Cell::new(head.text).add_attribute(Attribute::Bold)));
        for (index, row) in grid.rows.iter().enumerate() {
            for _ in grid.spans_before(index) {
                drawing.add_row([comfy_table::Cell::new(SPAN)]);
            }
            drawing.add_row(row.iter().map(|cell| self.cell(cell)));
        }
        for _ in grid.spans_before(grid.rows.len()) {
            drawing.add_row([comfy_table::Cell::new(SPAN)]);
        }
        let layout = Layout::of(grid);
        let fits = layout.min(WORD) <= width;
        let last = grid.head.len().saturating_sub(1);
        for (index, ((column, head), flexible)) in
            drawing.column_iter_mut().zip(&grid.head).zip(layout.flexible).enumerate()
        {
            // the style leaves one more space between columns
            column.set_padding((0, u16::from(index != last)));
            column.set_cell_alignment(match head.align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
            if fits && !flexible {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        drawing.lines().collect()
    }

    fn grid(&mut self, grid: &Grid, width: usize) -> io::Result<()> {
        let mut spans = grid.spans.iter();
        for line in self.drawn(grid, width) {
            match spans.as_slice().first().filter(|_| line.contains(SPAN)) {
                Some(Span { kind: SpanKind::Heading, text, .. }) => self.line(text, Style::new().bold())?,
                Some(Span { kind: SpanKind::Fold, text, .. }) => {
                    self.hanging("    ", &format!("{} {text}", self.dots()), style(Tone::Dim))?;
                }
                Some(Span { kind: SpanKind::Verdict(severity), text, .. }) => {
                    self.hanging(BELOW, text, style(Tone::Finding(*severity)))?;
                }
                None => writeln!(self.out, "{}", line.trim_end().replace(NO_BREAK, " "))?,
            }
            if line.contains(SPAN) {
                spans.next();
            }
        }
        Ok(())
    }
}

/// Stands for a line of its own: a control character, which every text of a capture has escaped.
const SPAN: char = '\u{1}';

/// A colour of the table's.
fn paint(drawn: comfy_table::Cell, tone: Tone) -> comfy_table::Cell {
    match tone {
        Tone::Plain | Tone::Finding(Severity::Note) => drawn,
        Tone::Dim => drawn.add_attribute(Attribute::Dim),
        Tone::Client => drawn.fg(comfy_table::Color::DarkCyan),
        Tone::Server => drawn.fg(comfy_table::Color::DarkMagenta),
        Tone::Open => drawn.fg(comfy_table::Color::DarkGreen),
        Tone::Data => drawn.add_attribute(Attribute::Bold),
        Tone::Close | Tone::Finding(Severity::Warning) => drawn.fg(comfy_table::Color::DarkYellow),
        Tone::Reset | Tone::Finding(Severity::Problem) => drawn.fg(comfy_table::Color::DarkRed),
    }
}

/// The same colours outside of the table.
pub(super) fn style(tone: Tone) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(Color::Ansi(color)));
    match tone {
        Tone::Plain | Tone::Data | Tone::Finding(Severity::Note) => Style::new(),
        Tone::Dim => Style::new().dimmed(),
        Tone::Client => color(AnsiColor::Cyan),
        Tone::Server => color(AnsiColor::Magenta),
        Tone::Open => color(AnsiColor::Green),
        Tone::Close | Tone::Finding(Severity::Warning) => color(AnsiColor::Yellow),
        Tone::Reset | Tone::Finding(Severity::Problem) => color(AnsiColor::Red),
    }
}

/// Words in lines of at most `width` characters; a longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.width();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { break };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap(&bound("covers it: 1 + 12 = 13"), 18), ["covers it:", "1\u{a0}+\u{a0}12\u{a0}=\u{a0}13"]);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensibilities no", 5), ["incomprehensibilities", "no"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
