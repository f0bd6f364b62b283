//! A conversation as a sequence diagram: two lifelines, time downwards, one arrow a step.
//!
//! Everything is decided here but how it looks: which steps are shown and which are folded, where each arrow begins
//! and ends, what became of it, the phases, the states of both ends, every label. Positions are in rows, so that a
//! drawing only multiplies. No format here: SVG, Mermaid and text are drawn one floor above.

mod arrow;
mod delivery;
mod fold;
mod label;
mod layout;
mod notes;
mod position;
#[cfg(test)]
mod properties;
mod state;
mod trail;
mod work;

pub(crate) use crate::track::State;
pub(crate) use arrow::{Arrow, ArrowKind};
pub(crate) use delivery::{DeliveryStatus, of as deliveries};
pub(crate) use fold::Fold;
pub(super) use fold::evidence;
pub(crate) use trail::Trail;

use crate::explain::Phase;
use crate::model::{Endpoint, PerDirection};
use crate::track::StreamId;

/// A conversation laid out as a sequence diagram.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    /// The conversation's name.
    pub stream: StreamId,
    /// Its title.
    pub title: String,
    /// Client and server.
    pub lifelines: PerDirection<Lifeline>,
    /// Arrows and folds from top to bottom; the n-th stands at position n.
    pub rows: Vec<Row>,
    /// The phases, without gaps, from top to bottom.
    pub bands: Vec<Band>,
    /// The reason why arrows are slanted or level.
    pub slant: String,
    /// Further notes for the reader: inferred states, losses, folded rows.
    pub notes: Vec<String>,
}

/// One end of the conversation.
#[derive(Clone, Debug)]
pub(crate) struct Lifeline {
    /// `client` or `server`.
    pub role: &'static str,
    /// Address and port.
    pub endpoint: Endpoint,
    /// `X` or `Y` and its value, where the SYN was captured.
    pub isn: Option<(char, u32)>,
    /// The state before the first row; `None` where the capture can't tell.
    pub before: Option<State>,
    /// The changes of state, from top to bottom. They are inferred: a state is not on the wire.
    pub changes: Vec<Change>,
}

/// An end changes its state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change {
    /// The index of the row whose arrow causes it.
    pub row: usize,
    /// The row of the latest change up to this one, where a drawing with level arrows shows it: the order of changes is
    /// kept.
    pub level_row: usize,
    /// Position on the lifeline, in rows.
    pub at: f32,
    /// The state from here on.
    pub state: State,
}

/// One row.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly all rows are arrows")]
pub(crate) enum Row {
    /// A step.
    Arrow(Arrow),
    /// Several steps that look alike, in one line.
    Fold(Fold),
}

impl Row {
    /// The arrow, if it is one.
    pub(crate) fn arrow(&self) -> Option<&Arrow> {
        match self {
            Self::Arrow(arrow) => Some(arrow),
            Self::Fold(_) => None,
        }
    }
}

/// Rows of one phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    /// The phase.
    pub phase: Phase,
    /// Index of its first row.
    pub first: usize,
    /// Index of its last row.
    pub last: usize,
}

impl Lifeline {
    /// The states that a drawing with level arrows shows in this row, in their order: those that its arrow causes, and
    /// those of an earlier arrow that came only after this row's had left.
    pub(crate) fn states_in(&self, row: usize) -> impl Iterator<Item = State> + '_ {
        let first = self.changes.partition_point(|change| work::looked(change.level_row) < row);
        self.changes.iter().skip(first).take_while(move |change| change.level_row == row).map(|change| change.state)
    }

    fn push_change(&mut self, row: usize, at: f32, state: State) {
        let level_row = self.changes.last().map_or(row, |change| change.level_row.max(row));
        self.changes.push(Change { row, level_row, at, state });
    }

    /// `X = 123`, where it is known.
    pub(crate) fn isn_text(&self) -> Option<String> {
        self.isn.map(|(name, value)| format!("{name} = {value}"))
    }
}

impl Ladder {
    /// Number of folded steps.
    pub(crate) fn folded(&self) -> u64 {
        self.rows
            .iter()
            .map(|row| match row {
                Row::Arrow(_) => 0,
                Row::Fold(fold) => fold.steps,
            })
            .sum()
    }
}
