//! Selection of the waiting request that an answer belongs to, with the evidence for it.

use super::super::relation::relation;
use super::{Datagrams, PendingRequest, by_start, dns};
use crate::echo::EchoKind;
use crate::echo::PairedBy;
use crate::model::OptTime;
use crate::model::thresholds::STALE_REQUEST;

/// An answer's bytes, as far as they were captured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) payload: &'a [u8],
    pub(super) len: u32,
}

impl Answer<'_> {
    /// The relation of the answer's bytes to the request's.
    pub(super) fn kind(&self, waiting: &PendingRequest) -> EchoKind {
        match self.is_whole(waiting) {
            true => relation(&waiting.bytes, self.payload),
            false => by_start(&waiting.bytes, self.payload, waiting.len, self.len),
        }
    }

    /// `true` if both request and answer are kept to the last byte.
    pub(super) fn is_whole(&self, waiting: &PendingRequest) -> bool {
        waiting.bytes.len() as u64 == u64::from(waiting.len) && self.payload.len() as u64 >= u64::from(self.len)
    }
}

/// The request that an answer was matched with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    /// The request's index in the list of waiting requests.
    pub(super) at: usize,
    pub(super) by: PairedBy,
    /// No other request matches as well, nor matched an earlier answer as well as the request that answer was assigned
    /// to.
    pub(super) sure: bool,
    /// The first frame with the same bytes, if the request at `at` retransmits them.
    pub(super) first: Option<u64>,
}

impl Datagrams {
    /// The request that this answer echoes, or whose transaction ID it has.
    pub(super) fn named(&mut self, answer: &Answer<'_>, now: OptTime) -> Option<Fit> {
        if let Some(id) = self.dns_id(answer.payload) {
            let has_it = |waiting: &PendingRequest| dns::id(&waiting.bytes, false) == Some(id);
            let at = self.first(has_it)?;
            return self.fit(at, now, PairedBy::DnsId(id), |_, waiting| !waiting.refused && has_it(waiting));
        }
        let at = self.first(|waiting| !matches!(answer.kind(waiting), EchoKind::Different | EchoKind::Partial));
        let at = at.or_else(|| self.first(|waiting| answer.kind(waiting) == EchoKind::Partial))?;
        self.fit(at, now, PairedBy::Echo, |first, waiting| !waiting.refused && first.is_same(waiting))
    }

    /// The oldest request that fits; one reported as undelivered by an ICMP error only if no other does.
    fn first(&self, fits: impl Fn(&PendingRequest) -> bool) -> Option<usize> {
        let arrived = self.waiting.iter().position(|waiting| !waiting.refused && fits(waiting));
        arrived.or_else(|| self.waiting.iter().position(|waiting| waiting.refused && fits(waiting)))
    }

    /// The request that is next in order, where there is no other evidence: the oldest that may have been delivered.
    pub(super) fn in_turn(&mut self, answer: &Answer<'_>, now: OptTime) -> Option<Fit> {
        if self.dns_id(answer.payload).is_some() {
            return None;
        }
        self.give_up_stale(now);
        let at = self.waiting.iter().position(|waiting| !waiting.refused)?;
        self.fit(at, now, PairedBy::Turn, |_, waiting| !waiting.refused)
    }

    /// Removes the requests that the client has stopped waiting for: its next request was sent long after them and
    /// answered soon.
    fn give_up_stale(&mut self, now: OptTime) {
        let later = self.waiting.iter().zip(self.waiting.iter().skip(1)).rposition(|(before, next)| {
            let (gap, waited) = (next.at.since(before.at), now.since(next.at));
            let gave_up = gap.zip(waited).is_some_and(|(gap, waited)| gap >= STALE_REQUEST && gap.0 / 4 >= waited.0);
            // a retransmission of the same bytes is the same request
            gave_up && !next.is_same(before)
        });
        for _ in 0..later.map_or(0, |before| before + 1) {
            let Some(old) = self.waiting.pop_front() else { return };
            self.supersede_one(old);
        }
    }

    /// Matches the request at `at`, or the last retransmission of its bytes. Where `rivals` match as well, all of them
    /// are in doubt from then on.
    fn fit(
        &mut self,
        at: usize,
        now: OptTime,
        by: PairedBy,
        rivals: impl Fn(&PendingRequest, &PendingRequest) -> bool,
    ) -> Option<Fit> {
        let first = self.waiting.get(at)?;
        let again = self.retransmitted(at, now);
        let others = self.waiting.iter().enumerate().filter(|(other, _)| *other != at);
        let equal: Vec<usize> = others.filter(|(_, other)| rivals(first, other)).map(|(other, _)| other).collect();
        let by_turn = by == PairedBy::Turn;
        let doubt = first.doubt.is_some_and(|doubt| by_turn || doubt != PairedBy::Turn);
        let fit =
            Fit { at: again.unwrap_or(at), by, sure: equal.is_empty() && !doubt, first: again.map(|_| first.frame) };
        for other in equal.into_iter().chain([at]) {
            let Some(waiting) = self.waiting.get_mut(other) else { continue };
            // what the answers themselves leave in doubt stays so
            waiting.doubt = waiting.doubt.filter(|_| by_turn).or(Some(by));
        }
        Some(fit)
    }

    /// The index of the last request with the same bytes as the one at `oldest`, if it was sent so long after the one
    /// before that it is a retransmission rather than a further request in flight.
    fn retransmitted(&self, oldest: usize, now: OptTime) -> Option<usize> {
        let first = self.waiting.get(oldest)?;
        let mut same = self.waiting.iter().enumerate().skip(oldest).rev().filter(|(_, waiting)| waiting.is_same(first));
        let ((newest, last), (_, before)) = (same.next()?, same.next()?);
        let (waited, gap) = (now.since(last.at)?, last.at.since(before.at)?);
        (waited <= gap).then_some(newest)
    }

    /// The transaction ID of a datagram marked as a response, where the service has such IDs.
    pub(crate) fn dns_id(&self, answer: &[u8]) -> Option<u16> {
        if self.has_ids { dns::id(answer, true) } else { None }
    }
}
