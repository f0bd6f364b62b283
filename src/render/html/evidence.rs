//! Findings, with links to the rows of the frames that prove them.

use std::collections::HashMap;

use super::row;
use crate::explain::{Step, VerdictLine};
use crate::model::{Finding, Severity};
use crate::render::svg;
use crate::report::{FindingLine, count};

/// Most frames linked from a finding.
const LINKED: usize = 12;

/// The steps of a conversation that are on the page, by frame.
pub(super) struct RowIndex(HashMap<u64, (u64, String)>);

impl RowIndex {
    pub(super) fn of(steps: &[Step<'_>], prefix: &str) -> Self {
        let place = |step: &Step<'_>| {
            let event = &step.event;
            (event.frame, (event.number, format!("{}-row", svg::step_id(prefix, event.stream, event.number))))
        };
        Self(steps.iter().map(place).collect())
    }

    /// Links to the first of these frames, and how many more there are in words.
    pub(super) fn links(&self, frames: &[u64], left_out: u64) -> (Vec<Link>, String) {
        let link = |frame: &u64| Link { frame: *frame, row: self.0.get(frame).cloned() };
        let more = match frames.len().saturating_sub(LINKED) as u64 + left_out {
            0 => String::new(),
            more => format!(" and {} more", count(more)),
        };
        (frames.iter().take(LINKED).map(link).collect(), more)
    }
}

/// A finding of a conversation.
#[derive(Clone)]
pub(super) struct FindingView {
    pub(super) code: &'static str,
    /// The meaning of the code.
    pub(super) about: &'static str,
    pub(super) severity: Severity,
    pub(super) text: String,
    pub(super) frames: Vec<Link>,
    /// Number of further frames, in words.
    pub(super) more: String,
}

/// A conversation's verdict.
#[derive(Clone)]
pub(super) struct VerdictView {
    /// The class of its severity.
    pub(super) class: &'static str,
    pub(super) lines: Vec<VerdictLineView>,
}

/// A line of the verdict.
#[derive(Clone)]
pub(super) struct VerdictLineView {
    /// Without its full stop.
    pub(super) sentence: String,
    pub(super) frames: Vec<Link>,
    /// Number of further frames, in words.
    pub(super) more: String,
}

impl VerdictLineView {
    pub(super) fn of(line: VerdictLine, places: &RowIndex) -> Self {
        let (frames, more) = places.links(&line.frames, line.frames_left_out);
        Self { sentence: line.sentence, frames, more }
    }
}

/// A frame, and its row where the page has it.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) frame: u64,
    /// The step's number and the id of its row.
    pub(super) row: Option<(u64, String)>,
}

impl FindingView {
    pub(super) fn of(line: FindingLine, places: &RowIndex) -> Self {
        let (frames, more) = places.links(&line.frames, 0);
        Self {
            code: line.code.name(),
            about: line.code.about(),
            severity: line.code.severity(),
            text: line.sentence,
            frames,
            more,
        }
    }

    /// A finding of the capture as a whole; it links to no rows.
    pub(super) fn of_capture(finding: Finding) -> Self {
        let (code, text, frames) = (finding.code, finding.text.into_owned(), finding.frames.to_vec());
        Self::of(FindingLine { code, text: text.clone(), sentence: text, frames }, &RowIndex(HashMap::new()))
    }

    pub(super) fn class(&self) -> &'static str {
        row::class(self.severity)
    }
}
