//! A step as a row of the page's table, with all that it opens to.

use super::header::{self, Field};
use crate::explain::Step;
use crate::model::{Direction, visible};
use crate::model::{Finding, Severity};
use crate::render::grid::Head;
use crate::render::layout::bound;
use crate::render::svg;
use crate::report::{Align, COLUMNS, Cell, Tone, View};

/// Bytes in a line of a dump.
const DUMP_LINE_BYTES: usize = 16;
/// Most bytes of a payload that are dumped.
const MAX_DUMPED: usize = 256;

/// A row.
pub(super) struct Row {
    pub(super) id: String,
    /// The id of its arrow in the ladder.
    pub(super) arrow: String,
    pub(super) step: u64,
    pub(super) from: &'static str,
    /// Nanoseconds since the conversation began.
    pub(super) time: i64,
    /// The class of its gravest finding, if any matters.
    pub(super) grave: &'static str,
    pub(super) cells: Vec<CellView>,
    pub(super) ip: String,
    pub(super) fields: Vec<Field>,
    /// The round trip that it completes, in words.
    pub(super) round_trip: String,
    pub(super) findings: Vec<FindingNote>,
    pub(super) text: String,
    pub(super) dump: Vec<DumpLine>,
    /// The part of the payload that the dump leaves out.
    pub(super) undumped: String,
}

/// A cell.
pub(super) struct CellView {
    pub(super) text: String,
    pub(super) class: String,
}

/// The cells of a row, with the classes that their column and what they say give them.
pub(super) fn shown(cells: Vec<Cell>, head: &[Head]) -> Vec<CellView> {
    let show = |(cell, head): (Cell, &Head)| {
        let number = if head.align == Align::Right { "n" } else { "" };
        CellView { text: bound(&cell.text), class: format!("{number} {}", tone(cell.tone)).trim().to_owned() }
    };
    cells.into_iter().zip(head).map(show).collect()
}

/// A finding of a step.
pub(super) struct FindingNote {
    pub(super) code: &'static str,
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// A line of a dump.
pub(super) struct DumpLine {
    pub(super) offset: String,
    pub(super) hex: String,
    pub(super) text: String,
}

/// The class of a finding.
pub(super) fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Problem => "problem",
    }
}

/// The class of a cell; those of the drawings have the same colours.
fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain | Tone::Client | Tone::Server => "",
        Tone::Dim => "muted",
        Tone::Open => "syn",
        Tone::Data => "data",
        Tone::Close => "fin",
        Tone::Reset => "rst",
        Tone::Finding(severity) => class(severity),
    }
}

impl Row {
    pub(super) fn of(step: &Step<'_>, cells: Vec<CellView>, prefix: &str, view: &View) -> Self {
        let event = &step.event;
        let arrow = svg::step_id(prefix, event.stream, event.number);
        let gravest = step.findings.iter().map(|finding| finding.code.severity()).max();
        let payload = event.payload.get(..MAX_DUMPED).unwrap_or(&event.payload);
        let noted = |finding: &Finding| FindingNote {
            code: finding.code.name(),
            class: class(finding.code.severity()),
            text: finding.text.clone().into_owned(),
        };
        Self {
            id: format!("{arrow}-row"),
            arrow,
            step: event.number,
            from: match event.direction {
                Direction::ClientToServer => "client",
                Direction::ServerToClient => "server",
            },
            time: event.since_start.unwrap_or_default().0.max(0),
            grave: gravest.filter(|severity| *severity > Severity::Note).map_or("", class),
            cells,
            ip: header::ip(step),
            fields: header::fields(step, &column("options", step, view)),
            round_trip: step.round_trip().unwrap_or_default(),
            findings: step.findings.iter().map(noted).collect(),
            text: visible(payload, MAX_DUMPED).0,
            dump: payload
                .chunks(DUMP_LINE_BYTES)
                .enumerate()
                .map(|(line, bytes)| dumped(line * DUMP_LINE_BYTES, bytes))
                .collect(),
            undumped: undumped(event.len().unwrap_or_default(), payload.len()),
        }
    }
}

fn column(name: &str, step: &Step<'_>, view: &View) -> String {
    COLUMNS.iter().find(|column| column.name == name).map(|column| (column.text)(step, view).text).unwrap_or_default()
}

fn dumped(offset: usize, bytes: &[u8]) -> DumpLine {
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
    DumpLine { offset: format!("{offset:04x}"), hex: hex.join(" "), text: bytes.iter().map(shown).collect() }
}

fn undumped(len: u32, shown: usize) -> String {
    match u64::from(len).saturating_sub(shown as u64) {
        0 => String::new(),
        more => format!("{more} more bytes are not shown"),
    }
}
