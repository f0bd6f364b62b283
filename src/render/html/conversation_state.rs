//! The data of one conversation that a page needs, in bounded memory.

use crate::explain::{FindingDigest, Step};
use crate::report::ladder::Trail;
use crate::report::series::ConversationSeries;
use crate::report::{Bounds, PerConversation};

/// Maximum number of steps of a conversation on a page, so that a browser opens it without delay.
pub(super) const STEPS: usize = 2_500;
/// Approximate number of rows of a folded ladder where the reader asked for more steps than usual.
const ROWS: usize = 500;

/// The kept part of one conversation.
#[derive(Clone, Debug)]
pub(super) struct ConversationState {
    bounds: Bounds,
    /// The first steps.
    pub(super) steps: Vec<Step<'static>>,
    /// Number of further steps that were not kept.
    pub(super) steps_left_out: u64,
    /// The findings of all steps.
    pub(super) digest: FindingDigest,
    /// The steps for the ladder.
    pub(super) trail: Trail,
    /// The numbers for the graphs.
    pub(super) series: ConversationSeries,
}

impl ConversationState {
    pub(super) fn new(bounds: Bounds) -> Self {
        let usual = bounds.steps == Bounds::default().steps;
        let rows = if usual { bounds.steps } else { bounds.steps.min(ROWS) };
        Self {
            bounds: Bounds { steps: bounds.steps.min(STEPS), ..bounds },
            steps: Vec::new(),
            steps_left_out: 0,
            digest: FindingDigest::default(),
            trail: Trail::new(Bounds { steps: rows, ..bounds }),
            series: ConversationSeries::default(),
        }
    }
}

impl PerConversation for ConversationState {
    fn step(&mut self, step: &Step<'_>) {
        self.trail.step(step);
        self.series.step(step);
        self.digest.see(step);
        if self.steps.len() < self.bounds.steps {
            self.steps.push(step.keep(self.bounds.payload));
        } else {
            self.steps_left_out += 1;
        }
    }
}
