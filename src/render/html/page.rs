//! The page around its captures, and a capture around its conversations.

use askama::Template;

use super::evidence::{FindingView, VerdictView};
use super::row::{self, CellView};
use crate::explain::{Conversation, Fact};
use crate::model::CaptureInfo;
use crate::render::grid::{self, Grid, Head, VerdictAt};
use crate::render::{Options, exchange, svg};
use crate::report::{
    Align, CaptureTotals, Choice, Room, TracedCall, capture_heading, capture_setting, count, counted, program_output,
    triage_lines, triage_title,
};

/// Colours and layout; what drawings share stands before it.
const STYLE: &str = include_str!("templates/style.css");
/// The script of the page, the only one that the page's policy allows.
const SCRIPT: &str = include_str!("templates/script.js");
/// The SHA-256 of [`SCRIPT`] in base64; a test holds it.
const SCRIPT_HASH: &str = "G5Ml8WQw2s/6gXKP2Vx6LVoJ1INCIAklL/kEYvCSHi0=";
/// The whole page.
#[derive(Template)]
#[template(path = "page.html", config = "src/render/html/askama.toml")]
pub(super) struct Page {
    title: String,
    drawing_style: &'static str,
    style: &'static str,
    script: &'static str,
    script_hash: &'static str,
    /// Markup.
    captures: Vec<String>,
}

impl Page {
    pub(super) fn of(title: String, captures: Vec<String>) -> Self {
        Self { title, drawing_style: svg::STYLE, style: STYLE, script: SCRIPT, script_hash: SCRIPT_HASH, captures }
    }
}

/// A conversation in the list of all.
pub(super) struct Entry<'a> {
    pub(super) conversation: &'a Conversation,
    /// The id of its part of the page, if it has one.
    pub(super) target: Option<String>,
}

/// A row of the list of all, with the id of its part of the page, if it has one.
type Linked = (Option<String>, Vec<CellView>);

/// A capture.
#[derive(Template)]
#[template(path = "capture.html", config = "src/render/html/askama.toml")]
pub(super) struct Capture {
    id: String,
    title: String,
    setting: Vec<Fact>,
    notes: Vec<String>,
    /// The text above the worst conversations, and the commands that show more.
    triage: String,
    commands: Vec<(String, String)>,
    /// The scenario's point, and whether the capture shows it.
    scenario: Vec<String>,
    /// The lines of a drawing of the messages among several programs.
    exchange: Vec<String>,
    /// Findings of the capture as a whole, the gravest first.
    of_capture: Vec<FindingView>,
    /// The verdict, where there is only one conversation.
    verdict: Option<VerdictView>,
    /// The number of conversations with trouble, in a sentence.
    troubled: String,
    /// `true` if no step, no conversation and not the capture has a warning or problem.
    healthy: bool,
    head: Vec<Head>,
    rows: Vec<Linked>,
    call_head: Vec<Head>,
    call_rows: Vec<Vec<CellView>>,
    /// An SVG element.
    graphs: String,
    /// Markup.
    sections: Vec<String>,
    /// Programs with output: the label of each, and the lines.
    outputs: Vec<(String, Vec<String>)>,
}

/// The content of a capture's part of the page.
pub(super) struct Content<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    /// Findings of the capture as a whole.
    pub(super) of_capture: Vec<FindingView>,
    /// The verdict, where there is only one conversation.
    pub(super) verdict: Option<VerdictView>,
    pub(super) calls: Vec<TracedCall>,
    pub(super) notes: Vec<String>,
    /// An SVG element.
    pub(super) graphs: String,
    /// Markup.
    pub(super) sections: Vec<String>,
}

impl Capture {
    pub(super) fn of(
        info: &CaptureInfo,
        totals: &CaptureTotals,
        prefix: &str,
        content: Content<'_>,
        options: &Options,
    ) -> Self {
        let worst = totals.triage.as_deref();
        let healthy = totals.findings_count.trouble().is_none();
        let Content { entries, mut of_capture, verdict, calls, notes, graphs, sections } = content;
        of_capture.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let troubled = troubled(&entries);
        let (head, rows) = table(entries, verdict.is_some(), options);
        let Grid { head: call_head, rows: calls, .. } = Grid::calls(&calls, options);
        Self {
            id: format!("{prefix}capture"),
            title: capture_heading(info),
            setting: capture_setting(info, totals, options.command.as_deref()),
            notes,
            triage: worst.map(triage_title).unwrap_or_default(),
            commands: worst.map(|worst| triage_lines(worst, info, options.analyze)).unwrap_or_default(),
            exchange: totals
                .scenario
                .as_ref()
                .and_then(|scenario| scenario.exchange.as_ref())
                .map_or_else(Vec::new, |all| exchange::lines(all, options.view.ascii)),
            scenario: totals.scenario.as_ref().map(|scenario| scenario.lines()).unwrap_or_default(),
            of_capture,
            verdict,
            troubled,
            healthy,
            head,
            rows,
            call_rows: calls.into_iter().map(|cells| row::shown(cells, &call_head)).collect(),
            call_head,
            graphs,
            sections,
            outputs: totals
                .programs
                .iter()
                .map(|program| (program.label(), program_output(program).collect::<Vec<_>>()))
                .filter(|(_, lines)| !lines.is_empty())
                .collect(),
        }
    }
}

/// A sentence about the number of conversations with trouble.
fn troubled(entries: &[Entry<'_>]) -> String {
    let troubled = entries.iter().filter(|entry| entry.conversation.findings_count().trouble().is_some()).count();
    let of = counted(entries.len() as u64, "conversation");
    match troubled {
        0 => "No conversation has a warning or problem, but the whole capture has.".to_owned(),
        troubled => format!("{} of {of} with a warning or problem.", count(troubled as u64)),
    }
}

/// The head and the rows of the table of conversations. Where there is only one, all of it stands below anyway.
fn table(entries: Vec<Entry<'_>>, alone: bool, options: &Options) -> (Vec<Head>, Vec<Linked>) {
    let usual = matches!(options.conversation_columns, Choice::Usual);
    if alone && usual {
        return (Vec::new(), Vec::new());
    }
    let conversations: Vec<_> = entries.iter().map(|entry| entry.conversation).collect();
    let Grid { head, rows, .. } = Grid::of_conversations(&conversations, options, Room::Narrow, VerdictAt::Column);
    let row = |(entry, cells): (Entry<'_>, Vec<_>)| (entry.target, row::shown(cells, &head));
    let rows = entries.into_iter().zip(rows).map(row).collect();
    (head, rows)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn content_security_policy_hash_matches_the_script() {
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(SCRIPT));
        assert_eq!(SCRIPT_HASH, hash);
        assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style") && !SCRIPT.contains("<!--"));
    }
}
