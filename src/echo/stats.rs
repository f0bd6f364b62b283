//! Echoes found in a conversation so far. Most conversations are one request and its answer: an `EchoLog` is
//! allocated only where more was found.

use super::{Echo, EchoForm, EchoKind, EchoLog, EchoTotals};
use crate::model::Occurrences;

/// The echoes found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct EchoStats {
    pub(crate) totals: EchoTotals,
    /// Frames of an answer in progress.
    pieces: Occurrences,
    /// The form and frame of the answer, while there was only one, to one request and not repeated.
    only: Option<(EchoForm, u64)>,
    log: Option<Box<EchoLog>>,
}

impl EchoStats {
    /// Counts an answer to `requests` requests that is complete, or turned out to be no echo.
    pub(super) fn count(&mut self, echo: &Echo, requests: u64, frame: u64) {
        match echo.kind {
            EchoKind::Whole(EchoForm::IDENTICAL) => self.totals.matched += requests,
            EchoKind::Whole(_) => self.totals.transformed += requests,
            EchoKind::Partial | EchoKind::Different => {}
        }
        match echo.kind {
            EchoKind::Whole(form) if requests == 1 && !form.is_repeated() && self.is_unreported() => {
                self.only = Some((form, frame));
            }
            _ => self.see(echo, requests, frame),
        }
    }

    fn is_unreported(&self) -> bool {
        self.pieces.count == 0 && self.only.is_none() && self.log.is_none()
    }

    /// Notes a complete answer to `requests` requests, or a repetition of one.
    pub(super) fn see(&mut self, echo: &Echo, requests: u64, frame: u64) {
        let pieces = match echo.kind {
            EchoKind::Whole(_) => std::mem::take(&mut self.pieces),
            EchoKind::Partial | EchoKind::Different => Occurrences::default(),
        };
        self.log_mut().see(echo, requests, frame, &pieces);
    }

    /// Counts the answer to earlier requests, with its frames so far: the answer in progress has others.
    pub(super) fn count_late(&mut self, echo: &Echo, requests: u64, frame: u64, pieces: Occurrences) {
        let under_way = std::mem::replace(&mut self.pieces, pieces);
        self.count(echo, requests, frame);
        self.pieces = under_way;
    }

    /// Notes a frame of an incomplete answer.
    pub(super) fn goes_on(&mut self, frame: u64) {
        self.pieces.see(frame);
    }

    /// Notes a request of which only the first `back` of `of` bytes came back, the last of them in `frame`.
    pub(super) fn came_in_part(&mut self, back: usize, of: usize, frame: u64) {
        let pieces = std::mem::take(&mut self.pieces);
        self.log_mut().came_in_part(back, of, frame, &pieces);
    }

    /// Forgets the frames of an answer in progress, which is over or turned out to be no echo.
    pub(super) fn forget_pieces(&mut self) {
        if self.pieces.count > 0 {
            self.pieces = Occurrences::default();
        }
    }

    /// The log, for additions.
    pub(super) fn log_mut(&mut self) -> &mut EchoLog {
        self.log.get_or_insert_with(|| Box::new(self.only.take().map_or_else(EchoLog::default, EchoLog::begin)))
    }

    /// Takes the log so far.
    pub(crate) fn take_log(&mut self) -> EchoLog {
        let log = self.log.take().map(|log| *log);
        log.or_else(|| self.only.take().map(EchoLog::begin)).unwrap_or_default()
    }

    /// The number of bytes missing from the capture so far, if any.
    pub(super) fn lost(&self) -> Option<u64> {
        self.log.as_ref().map(|log| log.lost).filter(|lost| *lost > 0)
    }

    /// `true` if any request was echoed.
    pub(super) fn has_any(&self) -> bool {
        self.totals.matched + self.totals.transformed > 0
    }

    /// The totals, if there was any echo; `pending` requests with `bytes` bytes are still open.
    pub(crate) fn totals(&self, pending: u64, bytes: u64) -> Option<EchoTotals> {
        let any = self.has_any() || self.log.as_ref().is_some_and(|log| log.partial_requests > 0);
        any.then(|| EchoTotals {
            unanswered: self.totals.unanswered + pending,
            pending_bytes: self.totals.pending_bytes + bytes,
            ..self.totals
        })
    }
}
