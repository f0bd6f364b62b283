//! Which request an ICMP error is about.

use super::Datagrams;
use crate::model::IcmpError;

impl Datagrams {
    /// The frame of the request that the error quotes, where no other fits as well. Where the error tells that it did not
    /// arrive, no answer is waited for any more; of several, for the oldest, since errors come in the order of what they
    /// are about.
    pub(in crate::track) fn refuse(&mut self, error: &IcmpError) -> Option<u64> {
        let waiting = self.waiting.iter_mut().filter(|waiting| !waiting.refused);
        let mut fitting: Vec<_> =
            waiting.filter_map(|waiting| Some((waiting.identity.likeness(&error.quoted)?, waiting))).collect();
        let best = fitting.iter().map(|(likeness, _)| *likeness).max()?;
        fitting.retain(|(likeness, _)| *likeness == best);
        let alone = fitting.len() == 1;
        let (_, oldest) = fitting.into_iter().next()?;
        oldest.refused = error.tells_of_loss();
        alone.then_some(oldest.frame)
    }
}
