//! Further answers to requests that are answered already: repeated ones, and answers to a duplicate of the request.

use super::super::relation::relation;
use super::{Answered, Datagrams, PairedBy, PendingRequest, dns};
use crate::echo::{Echo, EchoForm, EchoKind};
use crate::model::OptTime;

/// Number of answered requests remembered while other requests wait.
const RECENT: usize = 8;

impl Datagrams {
    /// Remembers a request that is answered.
    pub(super) fn keep(&mut self, answered: PendingRequest) {
        self.recent.push_front(answered);
        if self.recent.len() > RECENT
            && let Some(old) = self.recent.pop_back()
        {
            self.recycle(old);
        }
    }

    /// Forgets answered requests except the newest: the client has continued after all were answered.
    pub(super) fn forget_before(&mut self) {
        while self.waiting.is_empty() && self.recent.len() > 1 {
            let Some(old) = self.recent.pop_back() else { return };
            self.recycle(old);
        }
    }

    /// Notes a duplicate of a request: it may be answered twice as well.
    pub(crate) fn copied(&mut self, first: u64, frame: u64, at: OptTime) {
        let known = self.waiting.iter_mut().chain(&mut self.recent).find(|request| request.frame == first);
        if let Some(request) = known {
            request.copy = Some((frame, at));
        }
    }

    /// Matches a second answer to a request that was duplicated.
    pub(super) fn answer_copy(&mut self, frame: u64, payload: &[u8]) -> Option<Answered> {
        let mut copies = self.recent.iter_mut().filter(|request| request.copy.is_some());
        let (request, form) = copies.find_map(|request| whole(request, payload).map(|form| (request, form)))?;
        let len = request.len;
        let (request, at) = request.copy.take()?;
        let echo = Echo::whole(EchoKind::Whole(form), (request, request), len);
        self.found.see(&echo, 0, frame);
        Some(Answered::over_again((request, at), echo))
    }

    /// Matches an answer that continues or is repeated: its bytes are those of an answered request.
    pub(super) fn answer_again(&mut self, frame: u64, payload: &[u8]) -> Option<Answered> {
        let none_waits = self.waiting.is_empty();
        // where others wait, this is theirs, unless the request was echoed before
        let mut echoed = self.recent.iter_mut().filter(|request| none_waits || request.times > 0);
        let (request, form) = echoed.find_map(|request| whole(request, payload).map(|form| (request, form)))?;
        request.times = request.times.saturating_add(form.copies);
        let kind = EchoKind::Whole(EchoForm { copies: request.times, ..form });
        let echo = Echo::whole(kind, (request.frame, request.frame), request.len);
        self.found.see(&echo, 0, frame);
        // not the first byte of an answer, so its time is no response time
        Some(Answered::over_again((request.frame, OptTime::UNKNOWN), echo))
    }
}

impl Datagrams {
    /// Remembers a request with a transaction ID whose retransmission was answered: its own answer may still arrive.
    pub(super) fn expect_late(&mut self, request: &PendingRequest) {
        let Some(id) = dns::id(&request.bytes, false).filter(|_| self.has_ids) else { return };
        if self.late.len() >= RECENT {
            self.late.pop_front();
        }
        self.late.push_back((id, request.frame));
    }

    /// Matches one more answer with the transaction ID of a request that was sent more than once.
    pub(super) fn answer_late(&mut self, payload: &[u8]) -> Option<Answered> {
        let id = self.dns_id(payload)?;
        let at = self.late.iter().position(|(of, _)| *of == id)?;
        let (_, request) = self.late.remove(at)?;
        self.answered_late.see(request);
        Some(Answered {
            request,
            by: PairedBy::DnsId(id),
            sure: false,
            at: OptTime::UNKNOWN,
            echo: None,
            overtaken_by: None,
            retransmitted: None,
        })
    }
}

/// The form in which an answer returns the whole request.
fn whole(request: &PendingRequest, payload: &[u8]) -> Option<EchoForm> {
    if let EchoKind::Whole(form) = relation(&request.bytes, payload) { Some(form) } else { None }
}
