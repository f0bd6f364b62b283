//! `--format markdown`: a report to hand in, with everything but the graphs; its ladders are Mermaid's.

use std::io::{self, Write};

use super::grid::{CALLS_TITLE, Grid, SpanKind, VerdictAt, fold_note, runs_of};
use super::{Format, Options, Triaged, escape, exchange, mermaid};
use crate::explain::{Answered, Fact};
use crate::report::ladder::{Ladder, Trail};
use crate::report::{
    Align, AnswerCollector, Cell, Choice, CollectedConversation, Collector, FindingLine, LedgerLine, Part, Renderer,
    Report, Room, capture_heading, capture_notes, capture_setting, conversation_notes, conversation_title,
    finding_lines, ledger_lines, triage_lines, triage_title,
};

pub(super) static FORMAT: Format = Format {
    name: "markdown",
    extension: "md",
    about: "a report to hand in: tables, ladders, findings, answers",
    streams: false,
    headers: false,
    answers: true,
    triage: Triaged::Instead,
    sink: Some(|out, options| {
        let markdown = Markdown { out: io::BufWriter::new(out), options: options.clone() };
        Box::new(AnswerCollector::new(Collector::new(options.bounds, markdown)))
    }),
};

struct Markdown<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
}

impl<W: Write> Renderer for Markdown<W> {
    fn render(&mut self, report: &Report) -> io::Result<()> {
        writeln!(self.out, "# {}\n", self.text(&capture_heading(&report.info)))?;
        if let Some(scenario) = &report.totals.scenario {
            for line in scenario.lines() {
                writeln!(self.out, "{}\n", self.text(&line))?;
            }
            if let Some(messages) = &scenario.exchange {
                writeln!(self.out, "```mermaid\n{}```\n", exchange::mermaid(messages))?;
            }
        }
        self.facts(&capture_setting(&report.info, &report.totals, self.options.command.as_deref()))?;
        if let Some(worst) = &report.totals.triage {
            self.notes(report)?;
            writeln!(self.out, "## {}\n", self.text(&triage_title(worst)))?;
            self.grid(&Grid::conversations(report, &self.options, Room::Wide, VerdictAt::Column))?;
            for (command, about) in triage_lines(worst, &report.info, self.options.analyze) {
                writeln!(self.out, "- {}: {}", self.text(&command), self.text(&about))?;
            }
            return writeln!(self.out);
        }
        if self.options.summary {
            let grid = Grid::conversations(report, &self.options, Room::Wide, VerdictAt::Column);
            self.grid(&grid)?;
        } else {
            report.conversations.iter().try_for_each(|kept| self.conversation(kept))?;
        }
        if !report.calls.is_empty() {
            writeln!(self.out, "## {CALLS_TITLE}\n")?;
            self.grid(&Grid::calls(&report.calls, &self.options))?;
        }
        self.notes(report)
    }

    fn end(&mut self) -> io::Result<()> {
        let drawings = self.options.drawings.iter().filter(|_| self.options.parts.has(Part::Graphs));
        for (title, file) in drawings {
            writeln!(self.out, "![{title}]({file})\n")?;
        }
        self.out.flush()
    }
}

impl<W: Write> Markdown<W> {
    fn notes(&mut self, report: &Report) -> io::Result<()> {
        for note in capture_notes(report) {
            writeln!(self.out, "- {}", self.text(note.text.trim()))?;
        }
        writeln!(self.out)
    }

    fn dots(&self) -> &'static str {
        if self.options.view.ascii { "..." } else { "…" }
    }

    /// Text of a capture or a sentence, as Markdown.
    fn text(&self, text: &str) -> String {
        match self.options.view.ascii {
            true => escape::markdown(&escape::ascii(text)).into_owned(),
            false => escape::markdown(text).into_owned(),
        }
    }

    fn conversation(&mut self, kept: &CollectedConversation) -> io::Result<()> {
        let view = &self.options.view;
        let conversation = &kept.conversation;
        writeln!(self.out, "## {}\n", self.text(&conversation_title(&conversation.totals, view)))?;
        let parts = self.options.parts.clone();
        let notes = conversation_notes(conversation, view);
        if parts.has(Part::Verdict) {
            let verdict = conversation.verdict(&kept.digest);
            let lines: Vec<_> = verdict.lines.iter().map(|line| format!("**{}**", self.text(&line.text()))).collect();
            writeln!(self.out, "{}\n", lines.join("\n\n"))?;
        }
        if parts.has(Part::Findings) {
            self.findings(&finding_lines(kept))?;
        }
        if parts.has(Part::Ledger) {
            self.ledger(&ledger_lines(&conversation.totals))?;
        }
        if parts.has(Part::Facts) {
            writeln!(self.out, "### Facts\n")?;
            self.facts(&[notes, conversation.facts()].concat())?;
        }
        if parts.has(Part::Steps) {
            writeln!(self.out, "### Steps\n")?;
            let runs = runs_of(&kept.steps, &kept.conversation, &kept.digest, &self.options);
            self.grid(&Grid::steps(&kept.steps, &runs, &self.options, Room::Wide))?;
            if let Some(note) = fold_note(&runs) {
                writeln!(self.out, "{note}\n")?;
            }
            if kept.steps_left_out > 0 {
                writeln!(self.out, "{} {} more steps\n", self.dots(), kept.steps_left_out)?;
            }
        }
        if parts.has(Part::Ladder) {
            self.ladder(kept)?;
        }
        match conversation.answers().filter(|_| parts.has(Part::Answers)) {
            Some(answers) => self.answers(&answers),
            None => Ok(()),
        }
    }

    fn findings(&mut self, findings: &[FindingLine]) -> io::Result<()> {
        if findings.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "### Findings\n")?;
        for finding in findings {
            writeln!(self.out, "- `{}`: {}", finding.code, self.text(&finding.text))?;
        }
        writeln!(self.out)
    }

    /// Writes the time ledger.
    fn ledger(&mut self, lines: &[LedgerLine]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "### Time\n\n| waiting for | time | share | longest |\n| --- | ---: | ---: | --- |")?;
        for line in lines {
            let evidence = format!("{} (frames {} to {})", line.longest.human(), line.frames.0, line.frames.1);
            let cells = [line.label.to_owned(), line.time.human().to_string(), line.share(), evidence];
            writeln!(self.out, "| {} |", cells.map(|cell| self.text(&cell)).join(" | "))?;
        }
        writeln!(self.out)
    }

    fn facts(&mut self, facts: &[Fact]) -> io::Result<()> {
        for fact in facts {
            writeln!(self.out, "- **{}**: {}", self.text(fact.label), self.text(&fact.text))?;
        }
        if facts.is_empty() { Ok(()) } else { writeln!(self.out) }
    }

    fn ladder(&mut self, kept: &CollectedConversation) -> io::Result<()> {
        if kept.steps.is_empty() {
            return Ok(());
        }
        let trail = Trail::of(kept, self.options.bounds);
        let ladder = Ladder::of(&kept.conversation, &trail, &self.options.view);
        writeln!(self.out, "### Ladder\n")?;
        for diagram in mermaid::diagrams(&ladder) {
            let diagram = if self.options.view.ascii { escape::ascii_lines(&diagram) } else { diagram };
            writeln!(self.out, "```mermaid\n{diagram}```\n")?;
        }
        for note in std::iter::once(&ladder.slant).chain(&ladder.notes) {
            writeln!(self.out, "- {}", self.text(note))?;
        }
        writeln!(self.out)
    }

    fn answers(&mut self, answers: &[Answered]) -> io::Result<()> {
        writeln!(self.out, "### Answers\n")?;
        for Answered { question, answer } in answers {
            writeln!(self.out, "#### {}\n", self.text(question.text))?;
            if !answer.text.is_empty() {
                writeln!(self.out, "{}\n", self.text(&answer.text))?;
            }
            for line in &answer.calculation {
                writeln!(self.out, "- {}", self.text(line))?;
            }
            if !answer.calculation.is_empty() {
                writeln!(self.out)?;
            }
            if let Some(why) = &answer.cannot_tell {
                writeln!(self.out, "**Unknown**: {}\n", self.text(why))?;
            }
            if let Some(evidence) = answer.evidence() {
                writeln!(self.out, "{}\n", self.text(&evidence))?;
            }
            for table in &answer.tables {
                writeln!(self.out, "{}:\n", self.text(&table.caption))?;
                self.grid(&Grid::answer(table))?;
                if let Some(rest) = table.rest() {
                    writeln!(self.out, "{}\n", self.text(&rest))?;
                }
            }
        }
        Ok(())
    }

    fn grid(&mut self, grid: &Grid) -> io::Result<()> {
        let heads: Vec<_> = grid.head.iter().map(|head| self.text(head.text)).collect();
        writeln!(self.out, "| {} |", heads.join(" | "))?;
        let rules = grid.head.iter().map(|head| match head.align {
            Align::Left => " --- ",
            Align::Right => " ---: ",
        });
        writeln!(self.out, "|{}|", rules.collect::<Vec<_>>().join("|"))?;
        for (index, row) in grid.rows.iter().enumerate() {
            // Markdown has no cell across columns: a line of its own stands among the sentences
            let spans = grid.spans_before(index).filter(|_| !matches!(self.options.columns, Choice::Only(_)));
            for span in spans {
                let text = match span.kind {
                    SpanKind::Heading => format!("**{}**", self.text(&span.text)),
                    SpanKind::Fold => format!("{} {}", self.dots(), self.text(&span.text)),
                    SpanKind::Verdict(_) => self.text(&span.text),
                };
                writeln!(self.out, "|{} {text} |", "  |".repeat(grid.head.len().saturating_sub(1)))?;
            }
            let cells: Vec<_> = row.iter().map(|cell: &Cell| self.text(&cell.text)).collect();
            writeln!(self.out, "| {} |", cells.join(" | "))?;
        }
        writeln!(self.out)
    }
}
