//! Request and response matching for UDP: finds the request that each datagram answers.

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
pub(crate) use identity::{Identity, QuoteMatch};
pub use paired_by::PairedBy;

/// Limit of the requests that wait for an answer, per conversation.
const WAITING: usize = 64;
/// Limit of the bytes of all waiting requests kept for comparison, per conversation.
const KEPT: usize = 128 * 1024;
/// Bytes kept of each request beyond that limit.
const KEPT_OF_MORE: usize = 64;
/// Capacity above which a buffer is not reused for the next request, in bytes.
const SPARE: usize = 2048;

/// A request that waits for its answer.
#[derive(Clone, Debug)]
struct PendingRequest {
    frame: u64,
    identity: Identity,
    /// An ICMP error reported that it was not delivered.
    refused: bool,
    /// Such an error matched it as well as the request that the error was assigned to.
    may_be_refused: bool,
    /// The evidence by which it matched an answer as well as the request that the answer was assigned to.
    doubt: Option<PairedBy>,
    /// The frame of a duplicate of it and its time: the server may answer both.
    copy: Option<(u64, OptTime)>,
    at: OptTime,
    len: u32,
    bytes: Vec<u8>,
    /// The number of times that its bytes have come back.
    times: u32,
}

impl PendingRequest {
    /// `true` if both carry the same bytes.
    fn is_same(&self, other: &Self) -> bool {
        self.len == other.len && self.bytes == other.bytes
    }
}

/// The request that an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) request: u64,
    pub(crate) by: PairedBy,
    /// No other request matches as well.
    pub(crate) sure: bool,
    pub(crate) at: OptTime,
    pub(crate) echo: Option<Echo>,
    /// The answer to a newer request, if that came first.
    pub(crate) overtaken_by: Option<u64>,
    /// The first frame with the same bytes, if this request is a retransmission: it is unknown which of the two is
    /// answered.
    pub(crate) retransmitted: Option<u64>,
}

impl Answered {
    /// A repeated answer to a request that has been answered already.
    fn over_again((request, at): (u64, OptTime), echo: Echo) -> Self {
        Self { request, by: PairedBy::Echo, sure: true, at, echo: Some(echo), overtaken_by: None, retransmitted: None }
    }
}

/// The requests of one UDP conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Datagrams {
    /// Queries and answers of this service have transaction IDs.
    has_ids: bool,
    waiting: VecDeque<PendingRequest>,
    /// Bytes of requests that are kept.
    kept: usize,
    spare: Vec<Vec<u8>>,
    /// Answered requests, the newest first: their answers may continue or be repeated.
    recent: VecDeque<PendingRequest>,
    forgotten: u64,
    /// Requests without an answer of their own: a retransmission was answered instead.
    superseded: Occurrences,
    /// The transaction IDs and frames of the last of these, whose answers may still arrive.
    late: VecDeque<(u16, u64)>,
    /// Those of them whose answer arrived after all.
    answered_late: Occurrences,
    /// The newest answered request and the frame of its answer.
    newest_answered: (u64, u64),
    pub(crate) found: EchoStats,
}

impl Datagrams {
    /// Sets the ports, which show whether the service has transaction IDs. Either may be the server's.
    pub(crate) fn between(self, ports: [u16; 2]) -> Self {
        Self { has_ids: ports.into_iter().any(dns::is_port), ..self }
    }

    /// The client sent a datagram.
    pub(crate) fn request(&mut self, (frame, at): (u64, OptTime), identity: Identity, payload: &[u8], len: u32) {
        if self.dns_id(payload).is_some() {
            // the client is only the first sender: this datagram is itself an answer, or an announcement
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
        self.waiting.push_back(PendingRequest {
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

    /// The server sent a datagram. Returns the request that it answers: by its bytes or its ID first, otherwise by
    /// order.
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
        // where others wait, the report names the request, if it is known
        let alone = self.waiting.is_empty() || !fit.sure || waiting.times > 1;
        let complete = kind != EchoKind::Partial && alone;
        let echo = Echo { complete, ..Echo::whole(kind, request, waiting.len) };
        if kind == EchoKind::Different && !answer.is_whole(&waiting) {
            self.found.log_mut().uncompared += 1;
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
            retransmitted: fit.first,
        };
        self.keep(waiting);
        Some(answered)
    }

    /// Removes the requests that `answered` retransmitted: the next answer belongs to a later request.
    fn supersede(&mut self, answered: &PendingRequest) {
        while let Some(at) = self.waiting.iter().position(|waiting| waiting.is_same(answered)) {
            let Some(old) = self.waiting.remove(at) else { return };
            self.supersede_one(old);
        }
    }

    fn supersede_one(&mut self, old: PendingRequest) {
        if !old.refused {
            self.superseded.see(old.frame);
            self.expect_late(&old);
        }
        self.recycle(old);
    }

    fn recycle(&mut self, old: PendingRequest) {
        self.kept = self.kept.saturating_sub(old.bytes.len());
        if old.bytes.capacity() <= SPARE {
            self.spare.push(old.bytes);
        }
    }

    /// The requests without an answer or an ICMP error: their number and the first frames.
    pub(crate) fn unanswered(&self) -> (u64, Vec<u64>) {
        let unanswered = || self.waiting.iter().filter(|waiting| !waiting.refused).map(|waiting| waiting.frame);
        let superseded = self.superseded.frames.iter().filter(|frame| !self.answered_late.frames.contains(frame));
        let mut frames: Vec<u64> = superseded.copied().chain(unanswered().take(8)).collect();
        frames.sort_unstable();
        frames.truncate(8);
        (unanswered().count() as u64 + self.forgotten + self.superseded.count - self.answered_late.count, frames)
    }

    /// `true` if an ICMP error may also be about one of the waiting requests.
    pub(crate) fn refused_in_doubt(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.may_be_refused && !waiting.refused)
    }

    /// The waiting requests: their number and their bytes.
    pub(crate) fn pending(&self) -> (u64, u64) {
        let bytes = self.waiting.iter().map(|waiting| u64::from(waiting.len)).sum();
        (self.waiting.len() as u64 + self.forgotten + self.superseded.count - self.answered_late.count, bytes)
    }
}

/// The number of copies of its request that an answer of this kind holds.
fn times(kind: EchoKind) -> u32 {
    if let EchoKind::Whole(form) = kind { form.copies } else { 0 }
}

/// Compares long or truncated datagrams as far as their bytes are known.
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
