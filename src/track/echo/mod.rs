//! Which answer bytes echo which request bytes: across segment borders in a TCP stream, by datagram in UDP.

mod datagrams;
mod form;
mod in_order;
mod relation;
mod reserve;
mod story;
mod turn;

pub use form::{Echo, EchoForm, EchoKind};
pub use story::{EchoSeen, EchoStory, EchoTotals, GaveUp};

pub(super) use datagrams::{Datagrams, Identity, Likeness};
pub(super) use reserve::Reserve;
pub(super) use turn::{Part, Turns};

use super::tcp::Sighting;

/// What was found in a conversation so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) totals: EchoTotals,
    /// Made with the first answer that shows something.
    story: Option<Box<EchoStory>>,
}

impl Found {
    /// Counts answers that are complete, or turned out to be something else; `requests` of them at once.
    pub(super) fn count(&mut self, echo: &Echo, requests: u64, frame: u64) {
        match echo.kind {
            EchoKind::Whole(EchoForm::IDENTICAL) => self.totals.matched += requests,
            EchoKind::Whole(_) => self.totals.transformed += requests,
            EchoKind::Partial | EchoKind::Different => {}
        }
        self.story_mut().see(echo, requests, frame);
    }

    /// An answer under way turned out to be none, or is over.
    pub(super) fn forget_pieces(&mut self) {
        if let Some(story) = &mut self.story
            && story.pieces.count > 0
        {
            story.pieces = Sighting::default();
        }
    }

    /// The story, to be told on.
    pub(super) fn story_mut(&mut self) -> &mut EchoStory {
        self.story.get_or_insert_default()
    }

    /// The story so far; it moves out.
    pub(super) fn take_story(&mut self) -> EchoStory {
        self.story.take().map(|story| *story).unwrap_or_default()
    }

    /// How many bytes the capture lacks so far, if any.
    pub(super) fn lost(&self) -> Option<u64> {
        self.story.as_ref().map(|story| story.lost).filter(|lost| *lost > 0)
    }

    /// Whether any request was echoed.
    pub(super) fn has_any(&self) -> bool {
        self.totals.matched + self.totals.transformed > 0
    }

    /// The totals, where there was any echo at all; `pending` requests with so many bytes are still open.
    pub(super) fn totals(&self, pending: u64, bytes: u64) -> Option<EchoTotals> {
        let any = self.has_any() || self.story.as_ref().is_some_and(|story| story.partial_requests > 0);
        any.then(|| EchoTotals {
            unanswered: self.totals.unanswered + pending,
            pending_bytes: self.totals.pending_bytes + bytes,
            ..self.totals
        })
    }
}
