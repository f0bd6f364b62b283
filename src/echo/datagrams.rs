//! Echoes in UDP: which datagram answers which.

mod again;
mod dns;
mod fit;
mod identity;
mod paired_by;
mod refused;

use std::collections::VecDeque;

use super::EchoStats;
use crate::echo::{Echo, EchoForm, EchoKind};
use crate::model::Occurrences;
use crate::model::OptTime;
use fit::Answer;
pub(crate) use identity::{Identity, Likeness};
pub use paired_by::PairedBy;

/// Most requests that wait for an answer.
const WAITING: usize = 64;
/// Most bytes of all waiting requests kept for comparison.
const KEPT: usize = 128 * 1024;
/// Of a request beyond that so many are.
const KEPT_OF_MORE: usize = 64;
/// A buffer that is larger is not kept for the next request.
const SPARE: usize = 2048;

/// A request that waits for its answer.
#[derive(Clone, Debug)]
struct Waiting {
    frame: u64,
    identity: Identity,
    /// An ICMP error reported that it did not arrive.
    refused: bool,
    /// Such an error fitted it as well as the request that it was taken for.
    may_be_refused: bool,
    /// It fitted an answer as well as the one that was taken for the answer's request: by what.
    doubt: Option<PairedBy>,
    /// A copy of it, and when that was captured: the server may answer it too.
    copy: Option<(u64, OptTime)>,
    at: OptTime,
    len: u32,
    bytes: Vec<u8>,
    /// How many times it has been given back.
    times: u32,
}

impl Waiting {
    /// Whether it carries the same bytes.
    fn is_same(&self, other: &Self) -> bool {
        self.len == other.len && self.bytes == other.bytes
    }
}

/// An answer's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) request: u64,
    pub(crate) by: PairedBy,
    /// No other request fits as well.
    pub(crate) sure: bool,
    pub(crate) at: OptTime,
    pub(crate) echo: Option<Echo>,
    /// The answer to a newer request, if that came first.
    pub(crate) overtaken_by: Option<u64>,
    /// The frame that had the same bytes first, where they were retransmitted in this request: the one that is answered
    /// is unknown.
    pub(crate) sent_again: Option<u64>,
}

impl Answered {
    /// An answer that comes over again.
    fn over_again((request, at): (u64, OptTime), echo: Echo) -> Self {
        Self { request, by: PairedBy::Echo, sure: true, at, echo: Some(echo), overtaken_by: None, sent_again: None }
    }
}

/// The requests of one UDP conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Datagrams {
    /// Queries and answers of this service have transaction IDs.
    has_ids: bool,
    waiting: VecDeque<Waiting>,
    /// Bytes of requests that are kept.
    kept: usize,
    spare: Vec<Vec<u8>>,
    /// Requests that are answered, the newest first: their answers may go on, or come again.
    recent: VecDeque<Waiting>,
    forgotten: u64,
    /// Requests without an answer whose bytes were retransmitted and then answered: they wait no longer.
    superseded: Occurrences,
    /// The transaction IDs and frames of the last of these, whose answers may still come.
    late: VecDeque<(u16, u64)>,
    /// Those of them that an answer came for after all.
    answered_late: Occurrences,
    /// The newest request that is answered, and the frame of its answer.
    newest_answered: (u64, u64),
    pub(crate) found: EchoStats,
}

impl Datagrams {
    /// The same between these ports: who spoke first need not be who asked.
    pub(crate) fn between(self, ports: [u16; 2]) -> Self {
        Self { has_ids: ports.into_iter().any(dns::is_port), ..self }
    }

    /// The client sent a datagram.
    pub(crate) fn request(&mut self, (frame, at): (u64, OptTime), identity: Identity, payload: &[u8], len: u32) {
        if self.dns_id(payload).is_some() {
            // the client is only who spoke first: this is an answer itself, or an announcement
            return;
        }
        self.found.totals.requests += 1;
        self.forget_before();
        if self.waiting.len() >= WAITING
            && let Some(old) = self.waiting.pop_front()
        {
            self.forgotten += 1;
            self.recycle(old);
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        let most = if self.kept + payload.len() > KEPT { KEPT_OF_MORE } else { payload.len() };
        bytes.extend_from_slice(payload.get(..most).unwrap_or(payload));
        self.kept += bytes.len();
        self.waiting.push_back(Waiting {
            frame,
            identity,
            refused: false,
            may_be_refused: false,
            doubt: None,
            copy: None,
            at,
            len,
            bytes,
            times: 0,
        });
    }

    /// The server sent a datagram: the request that it answers, by its bytes or its ID first, by its turn else.
    pub(crate) fn answer(&mut self, (frame, now): (u64, OptTime), payload: &[u8], len: u32) -> Option<Answered> {
        let answer = Answer { payload, len };
        let named = self.named(&answer, now);
        if named.is_none()
            && let Some(answered) = self
                .answer_copy(frame, payload)
                .or_else(|| self.answer_again(frame, payload))
                .or_else(|| self.answer_late(payload))
        {
            return Some(answered);
        }
        let fit = named.or_else(|| self.in_turn(&answer, now))?;
        let mut waiting = self.waiting.remove(fit.at)?;
        if fit.first.is_some() && fit.by != PairedBy::Echo {
            self.supersede(&waiting);
        }
        let kind = answer.kind(&waiting);
        waiting.times = times(kind);
        let request = (waiting.frame, waiting.frame);
        // where others wait, it has to be said which one this is, if that is known
        let alone = self.waiting.is_empty() || !fit.sure || waiting.times > 1;
        let complete = kind != EchoKind::Partial && alone;
        let echo = Echo { complete, ..Echo::whole(kind, request, waiting.len) };
        if kind == EchoKind::Different && !answer.is_whole(&waiting) {
            self.found.story_mut().uncompared += 1;
        } else {
            self.found.count(&echo, 1, frame);
        }
        if kind == EchoKind::Partial {
            self.found.totals.pending_bytes += u64::from(waiting.len.saturating_sub(len));
            self.found.came_in_part(len as usize, waiting.len as usize, frame);
        }
        let (newest, overtaken_by) = self.newest_answered;
        let late = named.is_some() && waiting.frame < newest;
        if waiting.frame > newest && fit.first.is_none() {
            self.newest_answered = (waiting.frame, frame);
        }
        let answered = Answered {
            request: waiting.frame,
            by: fit.by,
            sure: fit.sure,
            at: waiting.at,
            echo: (kind != EchoKind::Different).then_some(echo),
            overtaken_by: late.then_some(overtaken_by),
            sent_again: fit.first,
        };
        self.keep(waiting);
        Some(answered)
    }

    /// Lets the requests go that were retransmitted as this one, which is answered: the next answer is to what comes next.
    fn supersede(&mut self, answered: &Waiting) {
        while let Some(at) = self.waiting.iter().position(|waiting| waiting.is_same(answered)) {
            let Some(old) = self.waiting.remove(at) else { return };
            self.supersede_one(old);
        }
    }

    fn supersede_one(&mut self, old: Waiting) {
        if !old.refused {
            self.superseded.see(old.frame);
            self.expect_late(&old);
        }
        self.recycle(old);
    }

    fn recycle(&mut self, old: Waiting) {
        self.kept = self.kept.saturating_sub(old.bytes.len());
        if old.bytes.capacity() <= SPARE {
            self.spare.push(old.bytes);
        }
    }

    /// The requests that neither an answer nor an ICMP error answers: how many, and the first frames.
    pub(crate) fn unanswered(&self) -> (u64, Vec<u64>) {
        let unanswered = || self.waiting.iter().filter(|waiting| !waiting.refused).map(|waiting| waiting.frame);
        let superseded = self.superseded.frames.iter().filter(|frame| !self.answered_late.frames.contains(frame));
        let mut frames: Vec<u64> = superseded.copied().chain(unanswered().take(8)).collect();
        frames.sort_unstable();
        frames.truncate(8);
        (unanswered().count() as u64 + self.forgotten + self.superseded.count - self.answered_late.count, frames)
    }

    /// Whether an ICMP error may be about one of them as well.
    pub(crate) fn refused_in_doubt(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.may_be_refused && !waiting.refused)
    }

    /// The requests that wait: how many, and their bytes.
    pub(crate) fn pending(&self) -> (u64, u64) {
        let bytes = self.waiting.iter().map(|waiting| u64::from(waiting.len)).sum();
        (self.waiting.len() as u64 + self.forgotten + self.superseded.count - self.answered_late.count, bytes)
    }
}

/// How many times an answer gives its request back.
fn times(kind: EchoKind) -> u32 {
    if let EchoKind::Whole(form) = kind { form.copies } else { 0 }
}

/// Long or cut datagrams are compared as far as they are known.
fn by_start(request: &[u8], answer: &[u8], request_len: u32, answer_len: u32) -> EchoKind {
    let known = request.len().min(answer.len());
    let (Some(a), Some(b)) = (request.get(..known), answer.get(..known)) else { return EchoKind::Different };
    if known == 0 || request_len != answer_len {
        EchoKind::Different
    } else if a == b {
        EchoKind::Whole(EchoForm::IDENTICAL)
    } else if super::relation::is_upper(a, b) {
        EchoKind::Whole(EchoForm::UPPER)
    } else {
        EchoKind::Different
    }
}

#[cfg(test)]
mod tests;
