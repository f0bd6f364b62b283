//! `--format markdown`: to paste into a report.

use std::io::{self, Write};

use super::grid::Grid;
use super::{Format, Options, escape};
use crate::report::{
    Align, Cell, Collector, Kept, Renderer, Report, Room, capture_notes, capture_title, conversation_notes,
    conversation_title, finding_lines,
};

pub(super) static FORMAT: Format = Format {
    name: "markdown",
    extension: "md",
    about: "tables to paste into a report",
    streams: false,
    sink: |out, options| {
        Box::new(Collector::new(options.bounds, Markdown { out: io::BufWriter::new(out), options: options.clone() }))
    },
};

struct Markdown<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
}

impl<W: Write> Renderer for Markdown<W> {
    fn render(&mut self, report: &Report) -> io::Result<()> {
        writeln!(self.out, "# {}\n", escape::markdown(&capture_title(&report.info)))?;
        if self.options.summary {
            let grid = Grid::conversations(report, &self.options, Room::Wide);
            self.grid(&grid)?;
        } else {
            report.conversations.iter().try_for_each(|kept| self.conversation(kept))?;
        }
        for note in capture_notes(report) {
            writeln!(self.out, "- {}", escape::markdown(note.text.trim()))?;
        }
        writeln!(self.out)
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Markdown<W> {
    fn conversation(&mut self, kept: &Kept) -> io::Result<()> {
        let view = &self.options.view;
        let conversation = &kept.conversation;
        writeln!(self.out, "## {}\n", escape::markdown(&conversation_title(&conversation.totals, view)))?;
        for note in conversation_notes(conversation, view) {
            writeln!(self.out, "- {}: {}", escape::markdown(note.label), escape::markdown(&note.text))?;
        }
        writeln!(self.out)?;
        self.grid(&Grid::steps(&kept.steps, &self.options, Room::Wide))?;
        if kept.steps_left_out > 0 {
            writeln!(self.out, "… {} more steps\n", kept.steps_left_out)?;
        }
        let facts = conversation.facts();
        for fact in &facts {
            writeln!(self.out, "- **{}**: {}", escape::markdown(fact.label), escape::markdown(&fact.text))?;
        }
        if !facts.is_empty() {
            writeln!(self.out)?;
        }
        let findings = finding_lines(kept);
        if !findings.is_empty() {
            writeln!(self.out, "Findings:\n")?;
            for finding in findings {
                writeln!(self.out, "- {}", escape::markdown(&finding.text))?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn grid(&mut self, grid: &Grid) -> io::Result<()> {
        let heads: Vec<_> = grid.head.iter().map(|head| escape::markdown(head.text)).collect();
        writeln!(self.out, "| {} |", heads.join(" | "))?;
        let rules = grid.head.iter().map(|head| match head.align {
            Align::Left => " --- ",
            Align::Right => " ---: ",
        });
        writeln!(self.out, "|{}|", rules.collect::<Vec<_>>().join("|"))?;
        for row in &grid.rows {
            let cells: Vec<_> = row.iter().map(|cell: &Cell| escape::markdown(&cell.text)).collect();
            writeln!(self.out, "| {} |", cells.join(" | "))?;
        }
        writeln!(self.out)
    }
}
