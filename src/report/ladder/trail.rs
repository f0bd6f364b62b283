//! The steps of one conversation on their way to a ladder, in bounded memory.
//!
//! Ordinary steps in the middle of a long run are folded while the capture is read; what a reader looks for is never
//! folded: [`Fold`] says what that is.

use super::fold::{self, Fold};
use crate::explain::Step;
use crate::report::{Bounds, CollectedConversation};

/// As many steps are kept before the first are folded.
const KEPT: usize = 1_024;
/// The last steps are not folded yet: a retransmission may still point at one of them.
const RECENT: usize = 256;
/// Beyond this many rows even a notable step is folded, and the fold says so.
const MAX_STEPS: usize = 16_384;
/// Steps of a run that stay in sight before and after a fold.
pub(super) const CONTEXT: usize = 3;
/// A ladder of so many rows is not folded, unless the reader asked for another bound.
const UNFOLDED: usize = 80;
/// Bytes of payload that a description quotes.
const PAYLOAD: usize = 64;

/// A step, or several in one line.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly all are steps")]
pub(super) enum Entry {
    Step(Step<'static>),
    Fold(Fold),
}

/// The steps of one conversation, or what is left of them.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    entries: Vec<Entry>,
    /// Fold a ladder of more rows than this.
    rows: usize,
    steps: u64,
}

impl Trail {
    /// An empty trail; a bound of no steps, [`Bounds::NONE`], folds nothing.
    pub(crate) fn new(bounds: Bounds) -> Self {
        let usual = bounds.fold && bounds.steps == Bounds::default().steps;
        let rows = if usual { UNFOLDED } else { bounds.steps };
        Self { entries: Vec::new(), rows, steps: 0 }
    }

    /// The trail of a conversation whose first steps were kept.
    pub(crate) fn of(kept: &CollectedConversation, bounds: Bounds) -> Self {
        let mut trail = Self::new(bounds);
        kept.steps.iter().for_each(|step| trail.push(step));
        trail
    }

    /// Takes the next step.
    pub(crate) fn push(&mut self, step: &Step<'_>) {
        self.steps += 1;
        if self.entries.len() >= MAX_STEPS && self.rows != usize::MAX {
            match self.entries.last_mut() {
                Some(Entry::Fold(fold)) => fold.add(step),
                _ => self.entries.push(Entry::Fold(Fold::of(step))),
            }
            return;
        }
        self.entries.push(Entry::Step(step.keep(PAYLOAD)));
        if self.rows != usize::MAX && self.entries.len() >= self.rows.max(KEPT) * 2 && self.steps.is_multiple_of(256) {
            let recent = self.entries.split_off(self.entries.len().saturating_sub(RECENT));
            let older = std::mem::take(&mut self.entries);
            self.entries = fold::fold(older, &recent, CONTEXT);
            self.entries.extend(recent);
        }
    }

    /// Number of all steps.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// The rows of the ladder: folded if there are too many, the tighter the more there are.
    pub(super) fn rows(&self) -> Vec<Entry> {
        let mut entries = self.entries.clone();
        let folded = entries.iter().any(|entry| matches!(entry, Entry::Fold(_)));
        if self.rows == usize::MAX || !folded && entries.len() <= self.rows {
            return entries;
        }
        for context in (0..=CONTEXT).rev() {
            entries = fold::fold(entries, &[], context);
            // one step around what is notable is worth a longer ladder
            let enough = if context > 1 { self.rows } else { self.rows.saturating_mul(4) };
            if entries.len() <= enough {
                break;
            }
        }
        entries
    }
}

impl crate::report::PerConversation for Trail {
    fn step(&mut self, step: &Step<'_>) {
        self.push(step);
    }
}
