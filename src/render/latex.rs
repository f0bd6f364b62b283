//! `--format latex`: tables and facts for a paper, as a document that pdfLaTeX sets.
//!
//! It needs packages that every distribution has. Characters beyond ASCII are spelled, since pdfLaTeX knows few.

use std::io::{self, Write};

use super::grid::{CALLS_TITLE, Grid, SpanKind, VerdictAt, fold_note, runs_of};
use super::{Format, Options, Triaged, escape};
use crate::explain::Fact;
use crate::report::{
    Align, Cell, CollectedConversation, Collector, FindingLine, LedgerLine, Part, Renderer, Report, Room,
    capture_heading, capture_notes, capture_setting, conversation_notes, conversation_title, finding_lines,
    ledger_lines, triage_lines, triage_title,
};

pub(super) static FORMAT: Format = Format {
    name: "latex",
    extension: "tex",
    about: "tables, facts and findings for a paper",
    streams: false,
    headers: false,
    answers: false,
    triage: Triaged::Instead,
    sink: Some(|out, options| {
        let latex = Latex { out: io::BufWriter::new(out), options: options.clone(), begun: false };
        Box::new(Collector::new(options.bounds, latex))
    }),
};

/// The preamble of a document.
const HEAD: &str = "\\documentclass[a4paper,10pt]{article}
\\usepackage[T1]{fontenc}
\\usepackage[a4paper,landscape,margin=18mm]{geometry}
\\usepackage{longtable}
\\usepackage{array}
\\usepackage{textcomp}
\\setlength{\\parindent}{0pt}
\\setlength{\\tabcolsep}{4pt}
\\begin{document}
";
/// The head of a fragment, without a preamble.
const FRAGMENT: &str =
    "% For \\input; the document needs \\usepackage{longtable,array,textcomp} and \\usepackage[T1]{fontenc}.\n";
/// Columns of sentences get this much of the width of the line, for there is no other that wraps.
const SENTENCES: f32 = 0.42;

struct Latex<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
    begun: bool,
}

impl<W: Write> Renderer for Latex<W> {
    fn render(&mut self, report: &Report) -> io::Result<()> {
        self.begin()?;
        writeln!(self.out, "\\section*{{{}}}", text(&capture_heading(&report.info)))?;
        if let Some(scenario) = &report.totals.scenario {
            for line in scenario.lines() {
                writeln!(self.out, "{}\n", text(&line))?;
            }
        }
        let command = self.options.command.as_deref();
        self.facts(&capture_setting(&report.info, &report.totals, command))?;
        if let Some(worst) = &report.totals.triage {
            self.notes(report)?;
            writeln!(self.out, "\\subsection*{{{}}}", text(&triage_title(worst)))?;
            self.grid(&Grid::conversations(report, &self.options, Room::Narrow, VerdictAt::Column))?;
            let lines = triage_lines(worst, &report.info, self.options.analyze);
            let lines = lines.iter().map(|(command, about)| format!("\\texttt{{{}}}: {}", text(command), text(about)));
            return self.items(&lines.collect::<Vec<_>>());
        }
        if self.options.summary {
            self.grid(&Grid::conversations(report, &self.options, Room::Narrow, VerdictAt::Column))?;
        } else {
            report.conversations.iter().try_for_each(|kept| self.conversation(kept))?;
        }
        if !report.calls.is_empty() {
            writeln!(self.out, "\\subsection*{{{}}}", text(CALLS_TITLE))?;
            self.grid(&Grid::calls(&report.calls, &self.options))?;
        }
        self.notes(report)
    }

    fn end(&mut self) -> io::Result<()> {
        self.begin()?;
        if !self.options.fragment {
            writeln!(self.out, "\\end{{document}}")?;
        }
        self.out.flush()
    }
}

impl<W: Write> Latex<W> {
    fn notes(&mut self, report: &Report) -> io::Result<()> {
        let notes: Vec<_> = capture_notes(report).iter().map(|note| text(note.text.trim())).collect();
        self.items(&notes)
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let head = if self.options.fragment { FRAGMENT } else { HEAD };
        self.out.write_all(head.as_bytes())
    }

    fn conversation(&mut self, kept: &CollectedConversation) -> io::Result<()> {
        let conversation = &kept.conversation;
        let title = conversation_title(&conversation.totals, &self.options.view);
        writeln!(self.out, "\\subsection*{{{}}}", text(&title))?;
        let parts = self.options.parts.clone();
        let notes = conversation_notes(conversation, &self.options.view);
        if parts.has(Part::Verdict) {
            for line in conversation.verdict(&kept.digest).lines {
                writeln!(self.out, "\\textbf{{{}}}\\par", text(&line.text()))?;
            }
        }
        if parts.has(Part::Findings) {
            let finding = |line: FindingLine| format!("\\texttt{{{}}}: {}", text(line.code.name()), text(&line.text));
            self.items(&finding_lines(kept).into_iter().map(finding).collect::<Vec<_>>())?;
        }
        if parts.has(Part::Ledger) {
            self.ledger(&ledger_lines(&conversation.totals))?;
        }
        if parts.has(Part::Facts) {
            self.facts(&[notes, conversation.facts()].concat())?;
        }
        if parts.has(Part::Steps) {
            let runs = runs_of(&kept.steps, &kept.conversation, &kept.digest, &self.options);
            self.grid(&Grid::steps(&kept.steps, &runs, &self.options, Room::Wide))?;
            if let Some(note) = fold_note(&runs) {
                writeln!(self.out, "{}\n", text(&note))?;
            }
            if kept.steps_left_out > 0 {
                writeln!(self.out, "{} more steps\n", kept.steps_left_out)?;
            }
        }
        Ok(())
    }

    /// Writes the time ledger.
    fn ledger(&mut self, lines: &[LedgerLine]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\\begin{{tabular}}{{lrrl}}\n\\hline")?;
        let heads = ["waiting for", "time", "share", "longest"].map(|head| format!("\\textbf{{{head}}}"));
        writeln!(self.out, "{} \\\\\n\\hline", heads.join(" & "))?;
        for line in lines {
            let longest = format!("{} (frames {} to {})", line.longest.human(), line.frames.0, line.frames.1);
            let cells = [line.label.to_owned(), line.time.human().to_string(), line.share(), longest];
            writeln!(self.out, "{} \\\\", cells.map(|cell| text(&cell)).join(" & "))?;
        }
        writeln!(self.out, "\\hline\n\\end{{tabular}}\\par")
    }

    fn facts(&mut self, facts: &[Fact]) -> io::Result<()> {
        let line = |fact: &Fact| format!("\\textbf{{{}}}: {}", text(fact.label), text(&fact.text));
        self.items(&facts.iter().map(line).collect::<Vec<_>>())
    }

    /// A list of what is LaTeX already.
    fn items(&mut self, items: &[String]) -> io::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\\begin{{itemize}}")?;
        items.iter().try_for_each(|item| writeln!(self.out, "\\item {{}}{item}"))?;
        writeln!(self.out, "\\end{{itemize}}")
    }

    fn grid(&mut self, grid: &Grid) -> io::Result<()> {
        let last = grid.head.len().saturating_sub(1);
        let wraps = grid.rows.iter().filter_map(|row| row.get(last)).any(|cell| cell.text.len() > 24);
        let columns = grid.head.iter().enumerate().map(|(index, head)| match head.align {
            Align::Left if index == last && wraps => {
                format!(">{{\\raggedright\\arraybackslash}}p{{{SENTENCES}\\linewidth}}")
            }
            Align::Left => "l".to_owned(),
            Align::Right => "r".to_owned(),
        });
        writeln!(self.out, "{{\\footnotesize\n\\begin{{longtable}}{{{}}}", columns.collect::<String>())?;
        let heads: Vec<_> = grid.head.iter().map(|head| format!("\\textbf{{{}}}", text(head.text))).collect();
        writeln!(self.out, "\\hline\n{} \\\\\n\\hline\\endhead", heads.join(" & "))?;
        for (index, row) in grid.rows.iter().enumerate() {
            for span in grid.spans_before(index) {
                let line = match span.kind {
                    SpanKind::Heading => format!("\\textbf{{{}}}", text(&span.text)),
                    SpanKind::Fold => format!("\\quad\\dots{{}} {}", text(&span.text)),
                    SpanKind::Verdict(_) => text(&span.text),
                };
                writeln!(self.out, "\\multicolumn{{{}}}{{l}}{{{line}}} \\\\", grid.head.len())?;
            }
            let cells: Vec<_> = row.iter().map(|cell: &Cell| text(&cell.text)).collect();
            // a bracket after a line's end would be its argument
            writeln!(self.out, "{{}}{} \\\\", cells.join(" & "))?;
        }
        writeln!(self.out, "\\hline\n\\end{{longtable}}}}")
    }
}

/// Text of a capture or a sentence, as LaTeX: what LaTeX reads as a command is written as one, and beyond ASCII only a
/// few signs are not spelled.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in escape::plain(text).chars() {
        match c {
            '→' => escaped.push_str("$\\rightarrow$"),
            '×' => escaped.push_str("$\\times$"),
            'µ' => escaped.push_str("\\textmu{}"),
            '§' => escaped.push_str("\\S{}"),
            '…' => escaped.push_str("\\dots{}"),
            c if c.is_ascii() => push(&mut escaped, c),
            c => escape::ascii(c.encode_utf8(&mut [0; 4])).chars().for_each(|c| push(&mut escaped, c)),
        }
    }
    escaped
}

fn push(escaped: &mut String, c: char) {
    match c {
        '\\' => escaped.push_str("\\textbackslash{}"),
        '{' | '}' | '$' | '&' | '#' | '%' | '_' => escaped.extend(['\\', c]),
        '~' => escaped.push_str("\\textasciitilde{}"),
        '^' => escaped.push_str("\\textasciicircum{}"),
        '<' => escaped.push_str("\\textless{}"),
        '>' => escaped.push_str("\\textgreater{}"),
        '|' => escaped.push_str("\\textbar{}"),
        '"' => escaped.push_str("\\textquotedbl{}"),
        '\'' => escaped.push_str("\\textquotesingle{}"),
        '`' => escaped.push_str("\\textasciigrave{}"),
        // two hyphens or commas in a row would become another sign
        '-' | ',' if escaped.ends_with(c) => escaped.extend(['{', '}', c]),
        c => escaped.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_command() {
        assert_eq!(text(r"\input{x}%$"), r"\textbackslash{}input\{x\}\%\$");
        assert_eq!(text("a_b^c~#&<-->"), r"a\_b\textasciicircum{}c\textasciitilde{}\#\&\textless{}-{}-\textgreater{}");
        assert_eq!(text("X → Y\u{202e}"), r"X $\rightarrow$ Y\textbackslash{}u\{202e\}");
    }
}
