//! A conversation on the page: findings, facts, ladder with replay, table, graphs.

use askama::Template;

use super::answers::{self, Question};
use super::conversation_state::ConversationState;
use super::evidence::{FindingView, RowIndex, VerdictLineView, VerdictView};
use super::row::{self, Row};
use crate::explain::{Fact, Step};
use crate::model::Severity;
use crate::render::grid::{self, Grid, Head};
use crate::render::{Options, svg};
use crate::report::ladder::Ladder;
use crate::report::{
    Align, KeptConversation, LedgerLine, Part, Parts, Room, Run, conversation_notes, conversation_title, counted,
    finding_lines_of, ledger_lines,
};

/// Characters of a payload that a sentence quotes; a row opens to more.
const QUOTED: usize = 24;
/// Most findings listed of a conversation.
const FINDINGS: usize = 200;
/// A ladder of more bytes is left to `--format svg`.
const LADDER: usize = 2_500_000;
/// A table of more rows is laid out when it comes into view, which opens a page of thousands at once.
const LONG: usize = 300;
/// The usual height of a row in pixels, so that the page keeps its length before a row is laid out.
const ROW: usize = 34;
/// A drawing of more pixels is cut over several sheets of paper; a lower one is made to fit on one.
const SHEET: f32 = 2_000.0;
/// Number of conversations whose graphs are unfolded.
const UNFOLDED: usize = 4;

/// A conversation as its template sees it.
#[derive(Template)]
#[template(path = "section.html", config = "src/render/html/askama.toml")]
pub(super) struct Section {
    id: String,
    title: String,
    /// The name from which anchors are made, unique on the page.
    name: String,
    notes: Vec<Fact>,
    parts: Parts,
    /// `true` if it is the only conversation: then its verdict stands above it already.
    alone: bool,
    facts: Vec<Fact>,
    /// The verdict: each line, with the frames that show it.
    verdict: Vec<VerdictLineView>,
    verdict_class: &'static str,
    ledger: Vec<LedgerLine>,
    findings: Vec<FindingView>,
    /// Number of further findings, in words.
    findings_left_out: String,
    /// An SVG element, or nothing.
    ladder: String,
    /// `true` if the ladder is longer than a sheet of paper.
    tall: bool,
    head: Vec<Head>,
    blocks: Vec<Block>,
    /// Number of rows that are not folded.
    shown: usize,
    /// Number of further steps, in words.
    steps_left_out: String,
    answers: Vec<Question>,
    /// An SVG element, or nothing.
    graphs: String,
    unfolded: bool,
}

/// Rows that stand together: those of a phase, or of a run that is folded until it is asked for.
#[derive(Default)]
pub(super) struct Block {
    /// The phase that begins.
    phase: &'static str,
    /// The text instead of the folded rows.
    fold: String,
    rows: Vec<Row>,
}

/// Divides the rows of all steps into blocks.
fn blocks(rows: impl Iterator<Item = Row>, phases: Vec<(usize, &'static str)>, runs: &[Run]) -> Vec<Block> {
    let mut blocks = vec![Block::default()];
    let (mut phases, mut runs) = (phases.into_iter().peekable(), runs.iter().peekable());
    for (place, row) in rows.enumerate() {
        if let Some((_, phase)) = phases.next_if(|(before, _)| *before == place) {
            blocks.push(Block { phase, ..Block::default() });
        }
        if let Some(run) = runs.peek().filter(|run| run.steps.start == place) {
            blocks.push(Block { fold: run.text(), ..Block::default() });
        }
        if let Some(block) = blocks.last_mut() {
            block.rows.push(row);
        }
        if runs.next_if(|run| run.steps.end == place + 1).is_some() {
            blocks.push(Block::default());
        }
    }
    blocks.retain(|block| !block.rows.is_empty());
    blocks
}

/// `12 more steps`, or nothing.
fn more(left_out: u64, noun: &str) -> String {
    if left_out == 0 { String::new() } else { counted(left_out, &format!("more {noun}")) }
}

impl Section {
    pub(super) fn of(
        gathered: &KeptConversation<ConversationState>,
        prefix: &str,
        options: &Options,
        conversations: usize,
    ) -> Self {
        let KeptConversation { conversation, kept } = gathered;
        let (view, stream) = (&options.view, conversation.totals.stream);
        let places = &RowIndex::of(&kept.steps, prefix);
        let title = conversation_title(&conversation.totals, view);
        let lines = finding_lines_of(conversation, &kept.digest);
        let findings_left_out = lines.len().saturating_sub(FINDINGS);
        let mut findings: Vec<_> = lines.into_iter().map(|line| FindingView::of(line, places)).collect();
        findings.truncate(FINDINGS);
        let verdict = conversation.verdict(&kept.digest);
        let verdict_class = match verdict.severity {
            Severity::Note => "well",
            severity => row::class(severity),
        };
        let ladder = svg::ladder(&Ladder::of(conversation, &kept.trail, view), prefix);
        let tall = ladder.height() > SHEET;
        let ladder = ladder.element(&format!("Sequence diagram of {title}"));
        let graphs = svg::graph::of_conversation(conversation, &kept.series, view);
        let mut options = options.clone();
        options.view.shown = Some(QUOTED);
        let options = &options;
        let Grid { head, rows, .. } = Grid::steps(&kept.steps, &[], options, Room::Wide);
        let row = |(step, cells): (&Step<'static>, _)| Row::of(step, row::shown(cells, &head), prefix, view);
        let runs = grid::runs_of(&kept.steps, conversation, &kept.digest, options);
        let blocks = blocks(kept.steps.iter().zip(rows).map(row), grid::headings(&kept.steps), &runs);
        let folded: usize = runs.iter().map(|run| run.steps.len()).sum();
        Self {
            id: format!("{prefix}{}-{}", stream.protocol.name(), stream.number),
            name: match prefix.trim_matches(|c: char| !c.is_ascii_digit()) {
                "" => format!("{} conversation {}", stream.protocol, stream.number),
                capture => format!("{} conversation {} of capture {capture}", stream.protocol, stream.number),
            },
            notes: conversation_notes(conversation, view),
            facts: conversation.facts(),
            parts: options.parts.clone(),
            alone: conversations == 1,
            verdict: verdict.lines.into_iter().map(|line| VerdictLineView::of(line, places)).collect(),
            verdict_class,
            ledger: ledger_lines(&conversation.totals),
            findings,
            findings_left_out: more(findings_left_out as u64, "finding"),
            ladder: if ladder.len() > LADDER { String::new() } else { ladder },
            tall,
            shown: kept.steps.len() - folded,
            blocks,
            head,
            steps_left_out: more(kept.steps_left_out, "step"),
            answers: answers::of(conversation, places),
            graphs: graphs.map(|graphs| graphs.element(&format!("Graphs of {title}"))).unwrap_or_default(),
            unfolded: conversations <= UNFOLDED,
            title,
        }
    }

    /// The verdict, where it stands above the only conversation.
    pub(super) fn judged(&self) -> Option<VerdictView> {
        let shown = self.alone && self.parts.has(Part::Verdict);
        shown.then(|| VerdictView { class: self.verdict_class, lines: self.verdict.clone() })
    }

    /// The id of this part of the page.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn is_long(&self) -> bool {
        self.shown > LONG
    }
}
