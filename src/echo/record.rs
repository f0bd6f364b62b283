//! The echoes of a conversation at its end: the totals, and the frames by form.

use smallvec::SmallVec;

use super::form::{Echo, EchoForm, EchoKind};
use crate::model::Occurrences;

/// Exchanges of request and echo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EchoTotals {
    /// Requests seen.
    pub requests: u64,
    /// Answered with the same bytes.
    pub matched: u64,
    /// Answered with changed bytes.
    pub transformed: u64,
    /// Requests of which no byte came back.
    pub unanswered: u64,
    /// Bytes that did not come back, those of requests answered in part included.
    pub pending_bytes: u64,
}

impl EchoTotals {
    /// Requests that came back whole.
    pub fn answered(&self) -> u64 {
        self.matched + self.transformed
    }

    /// `true` if the service is an echo: every answer was an echo, and most requests came back.
    pub fn is_echo_service(&self, log: &EchoLog) -> bool {
        let in_part = log.partial_requests;
        log.different.count == 0 && (self.answered() + in_part).saturating_mul(2) >= self.requests
    }
}

/// Requests that came back in one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoOccurrences {
    /// The form, with the last prefix's length and the largest number of complete copies.
    pub form: EchoForm,
    /// The request came back more than once, or once and a part again.
    pub repeated: bool,
    /// Number of requests answered in this form; 0 if only repetitions of answers counted elsewhere were.
    pub requests: u64,
    /// The frames of the answers.
    pub seen: Occurrences,
}

/// The echoes of a conversation by their kind, with the frames of the answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EchoLog {
    /// The forms in which requests came back, at most one entry for each combination of upper case, prefix and repetition.
    pub forms: SmallVec<[EchoOccurrences; 1]>,
    /// Frames of answers with other bytes.
    pub different: Occurrences,
    /// Frames of answers that were only the beginning of their request.
    pub partial: Occurrences,
    /// Number of requests answered in part.
    pub partial_requests: u64,
    /// Number of their bytes that came back.
    pub partial_back: u64,
    /// Number of bytes of these requests.
    pub partial_of: u64,
    /// Bytes of either side that their receiver has and the capture lacks: not compared.
    pub lost: u64,
    /// Bytes that were captured behind the ACK that covers them, too late to be compared.
    pub late: u64,
    /// Requests whose answers could not be compared, since not all of their bytes were kept or captured.
    pub uncompared: u64,
    /// Answers that completed several requests at once: the number of these requests, and the frames.
    pub merged: Occurrences,
    /// The largest number of requests that one answer completed.
    pub most_merged: u64,
    /// The reason that comparing was given up, and the frame.
    pub gave_up: Option<(GiveUpReason, u64)>,
}

/// The reason that answers are no longer compared with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUpReason {
    /// Several answers in a row were no echo.
    Unlike,
    /// The capture truncates packets.
    Cut,
    /// Too many request bytes waited for their echo.
    Unanswered,
    /// Too many bytes are missing.
    Missing,
}

impl EchoLog {
    /// Begins with one request that came back once, in this form and frame.
    pub(super) fn begin((form, frame): (EchoForm, u64)) -> Self {
        let mut log = Self::default();
        log.came_back(form, false, 1, frame, &Occurrences::default());
        log
    }

    /// Counts a complete answer to `requests` requests, or a repetition of one; `pieces` are its frames so far.
    pub(super) fn see(&mut self, echo: &Echo, requests: u64, frame: u64, pieces: &Occurrences) {
        match echo.kind {
            EchoKind::Whole(form) => {
                let whole = EchoForm { copies: echo.whole_copies(form), ..form };
                self.came_back(whole, form.is_repeated(), requests, frame, pieces);
                if requests > 1 {
                    self.most_merged = self.most_merged.max(requests);
                    self.merged.see(frame);
                }
            }
            EchoKind::Different => self.different.see(frame),
            // reported with the number of bytes
            EchoKind::Partial => {}
        }
    }

    fn came_back(&mut self, form: EchoForm, repeated: bool, requests: u64, frame: u64, pieces: &Occurrences) {
        let of = |seen: &EchoOccurrences| (seen.form.upper, seen.form.prefix > 0, seen.repeated);
        let index = self.forms.iter().position(|seen| of(seen) == (form.upper, form.prefix > 0, repeated));
        let index = index.unwrap_or_else(|| {
            self.forms.push(EchoOccurrences { form, repeated, requests: 0, seen: Occurrences::default() });
            self.forms.len() - 1
        });
        let Some(entry) = self.forms.get_mut(index) else { return };
        entry.form = EchoForm { copies: form.copies.max(entry.form.copies), ..form };
        entry.requests += requests;
        entry.seen.extend(pieces);
        if pieces.frames.last() != Some(&frame) {
            entry.seen.see(frame);
        }
    }

    /// Notes a request of which only the first `back` of `of` bytes came back, the last of them in `frame`.
    pub(super) fn came_in_part(&mut self, back: usize, of: usize, frame: u64, pieces: &Occurrences) {
        self.partial.extend(pieces);
        if pieces.count == 0 {
            self.partial.see(frame);
        }
        self.partial_requests += 1;
        self.partial_back += back as u64;
        self.partial_of += of as u64;
    }
}
