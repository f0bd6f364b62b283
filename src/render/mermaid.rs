//! `--format mermaid`: sequence diagrams that GitHub and GitLab draw in Markdown.
//!
//! Mermaid knows fewer arrows than we do: dotted ones acknowledge, a cross at the tip was lost or may have been. Levels
//! are Mermaid's own, so nothing is slanted.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::ladder::WITHOUT_STEPS;
use super::{Format, Options, Triaged, escape};
use crate::explain::Phase;
use crate::model::{CaptureInfo, Direction};
use crate::report::ladder::{Arrow, ArrowKind, Ladder, Lifeline, Row, Trail};
use crate::report::{
    CaptureTotals, KeptConversation, PerConversationCollector, PerConversationRenderer, capture_notes_of, capture_title,
};

pub(super) static FORMAT: Format = Format {
    name: "mermaid",
    extension: "md",
    about: "sequence diagrams for GitHub and GitLab Markdown",
    streams: false,
    headers: false,
    answers: false,
    triage: Triaged::No,
    sink: Some(|out, options| {
        let bounds = options.bounds;
        let mermaid = Mermaid { out: io::BufWriter::new(out), options: options.clone() };
        Box::new(PerConversationCollector::new(bounds.conversations, move || Trail::new(bounds), mermaid))
    }),
};

/// Mermaid draws no more than 50,000 characters, unless it is told to: a longer ladder becomes several diagrams.
const MAX_TEXT: usize = 45_000;

struct Mermaid<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
}

impl<W: Write> PerConversationRenderer<Trail> for Mermaid<W> {
    fn render(
        &mut self,
        info: &CaptureInfo,
        kept: &[KeptConversation<Trail>],
        totals: &CaptureTotals,
    ) -> io::Result<()> {
        writeln!(self.out, "# {}\n", escape::markdown(&capture_title(info)))?;
        if self.options.summary {
            writeln!(self.out, "{}\n", escape::markdown(WITHOUT_STEPS))?;
        }
        for conversation in kept.iter().filter(|conversation| conversation.kept.steps() > 0) {
            let ladder = Ladder::of(&conversation.conversation, &conversation.kept, &self.options.view);
            writeln!(self.out, "## {}\n", escape::markdown(&ladder.title))?;
            for diagram in diagrams(&ladder) {
                writeln!(self.out, "```mermaid\n{diagram}```\n")?;
            }
            for note in &ladder.notes {
                writeln!(self.out, "- {}", escape::markdown(note))?;
            }
            if !ladder.notes.is_empty() {
                writeln!(self.out)?;
            }
        }
        for note in capture_notes_of(totals) {
            writeln!(self.out, "- {}", escape::markdown(note.text.trim()))?;
        }
        writeln!(self.out)
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The ladder as one diagram, or as several where one would be too long for Mermaid.
pub(super) fn diagrams(ladder: &Ladder) -> Vec<String> {
    let mut diagrams = Vec::new();
    let mut diagram = begin(ladder);
    let mut open = None;
    for (index, row) in ladder.rows.iter().enumerate() {
        if diagram.len() > MAX_TEXT {
            end_phase(&mut diagram, &mut open);
            diagrams.push(std::mem::replace(&mut diagram, begin(ladder)));
        }
        let phase = match row {
            Row::Arrow(arrow) => arrow.phase,
            Row::Fold(fold) => fold.phase,
        };
        if open != Some(phase) {
            end_phase(&mut diagram, &mut open);
            line(&mut diagram, format_args!("  rect {}", tint(phase)));
            line(&mut diagram, format_args!("  Note over C,S: {}", phase.title().to_lowercase()));
            open = Some(phase);
        }
        match row {
            Row::Arrow(arrow) => message(&mut diagram, arrow),
            Row::Fold(fold) => line(
                &mut diagram,
                format_args!("  Note over C,S: … {} …<br/>{}", text(&fold.text()), text(&fold.detail())),
            ),
        }
        states(&mut diagram, &ladder.lifelines.client_to_server, "left of C", index);
        states(&mut diagram, &ladder.lifelines.server_to_client, "right of S", index);
    }
    end_phase(&mut diagram, &mut open);
    diagrams.push(diagram);
    diagrams
}

fn begin(ladder: &Ladder) -> String {
    let mut diagram = "sequenceDiagram\n".to_owned();
    for (name, lifeline) in [("C", &ladder.lifelines.client_to_server), ("S", &ladder.lifelines.server_to_client)] {
        let isn = lifeline.isn_text().map(|isn| format!("<br/>{}", text(&isn))).unwrap_or_default();
        let endpoint = text(&lifeline.endpoint.to_string());
        line(&mut diagram, format_args!("  participant {name} as {}<br/>{endpoint}{isn}", lifeline.role));
    }
    diagram
}

fn end_phase(diagram: &mut String, open: &mut Option<Phase>) {
    if open.take().is_some() {
        diagram.push_str("  end\n");
    }
}

fn message(diagram: &mut String, arrow: &Arrow) {
    let (from, to) = match arrow.direction {
        Direction::ClientToServer => ("C", "S"),
        Direction::ServerToClient => ("S", "C"),
    };
    let dotted = matches!(arrow.kind, ArrowKind::Ack | ArrowKind::Icmp);
    let stroke = match (dotted, arrow.delivery.arrives()) {
        (false, true) => "->>",
        (true, true) => "-->>",
        (false, false) => "-x",
        (true, false) => "--x",
    };
    let mut words = format!("{}. {}", arrow.step, text(&arrow.label.to_string()));
    let below = [Some(arrow.arithmetic.clone()).filter(|sums| !sums.is_empty()), arrow.remark()];
    for part in below.into_iter().flatten() {
        let _ = write!(words, "<br/>{}", text(&part));
    }
    line(diagram, format_args!("  {from}{stroke}{to}: {words}"));
}

fn states(diagram: &mut String, lifeline: &Lifeline, side: &str, row: usize) {
    let names: Vec<_> = lifeline.states_in(row).map(|state| state.name()).collect();
    if !names.is_empty() {
        line(diagram, format_args!("  Note {side}: {}", names.join("<br/>")));
    }
}

fn line(diagram: &mut String, arguments: std::fmt::Arguments<'_>) {
    // writing to a String can't fail
    let _ = diagram.write_fmt(arguments);
    diagram.push('\n');
}

/// A tint that light and dark themes bear.
fn tint(phase: Phase) -> &'static str {
    match phase {
        Phase::Handshake => "rgba(46, 160, 67, 0.08)",
        Phase::Exchange => "rgba(56, 139, 253, 0.06)",
        Phase::Teardown => "rgba(187, 128, 9, 0.10)",
        Phase::Aborted => "rgba(248, 81, 73, 0.12)",
    }
}

/// For a message or a note: hidden characters are escaped; what Mermaid or HTML may read as markup is written as
/// Mermaid's entity, `#` and the number of the character.
pub(super) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in escape::plain(text).chars() {
        match c {
            ' ' | '.' | ',' | '+' | '-' | '=' | '/' | '(' | ')' | '[' | ']' | ':' | '…' | '→' | '?' => {
                escaped.push(c)
            }
            c if c.is_alphanumeric() => escaped.push(c),
            c => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_a_statement_or_becomes_markup() {
        assert_eq!(text("a;b#c\nd<e>%%{`}"), r"a#59;b#35;c#92;nd#60;e#62;#37;#37;#123;#96;#125;");
        assert_eq!(text("[P.] seq 1:13 ack 1 len 12"), "[P.] seq 1:13 ack 1 len 12");
    }
}
