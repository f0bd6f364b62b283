//! Selection of the request that an ICMP error is about.

use super::{Datagrams, QuoteMatch};
use crate::model::{IcmpError, Quoted};

impl Datagrams {
    /// The frame of the request that the error quotes, if no other matches as well. If the error reports that the
    /// request was not delivered, it no longer waits for an answer. Of several matching requests the oldest is taken,
    /// since errors arrive in the order of the datagrams that caused them.
    pub(crate) fn refuse(&mut self, error: &IcmpError) -> Option<u64> {
        let waiting = self.waiting.iter_mut().filter(|waiting| !waiting.refused);
        let mut fitting: Vec<_> =
            waiting.filter_map(|waiting| Some((waiting.identity.likeness(&error.quoted)?, waiting))).collect();
        let Some(best) = fitting.iter().map(|(likeness, _)| *likeness).max() else {
            return self.settled(&error.quoted);
        };
        fitting.retain(|(likeness, _)| *likeness == best);
        let alone = fitting.len() == 1;
        let mut fitting = fitting.into_iter().map(|(_, waiting)| waiting);
        let oldest = fitting.next()?;
        oldest.refused = error.tells_of_loss();
        fitting.for_each(|other| other.may_be_refused |= error.tells_of_loss());
        alone.then_some(oldest.frame)
    }

    /// `true` if a waiting request is certainly the quoted one.
    pub(crate) fn waits_for(&self, quoted: &Quoted) -> bool {
        self.waiting.iter().any(|waiting| waiting.identity.likeness(quoted) == Some(QuoteMatch::Same))
    }

    /// The frame of the only quoted request among those that no longer wait.
    fn settled(&self, quoted: &Quoted) -> Option<u64> {
        let settled = self.waiting.iter().chain(&self.recent);
        let mut quoted = settled.filter(|request| request.identity.likeness(quoted) == Some(QuoteMatch::Same));
        quoted.next().filter(|_| quoted.next().is_none()).map(|request| request.frame)
    }
}
