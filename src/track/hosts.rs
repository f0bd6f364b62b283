//! Facts about an address and port from all conversations of the capture: whether it listens, refuses, or sends
//! requests.
//!
//! A rule that looks at one conversation alone would say "nothing listens" of a port that accepted a connection a
//! moment ago. The table holds the last occurrence of each fact, for a bounded number of endpoints. When it is full,
//! the endpoints that were not looked up or noted for the longest time are forgotten, so less is known, never something
//! wrong.

use std::collections::HashMap;
use std::num::NonZeroU64;

use foldhash::fast::RandomState;

use crate::model::{Endpoint, Timestamp};

/// Endpoints in each of the two generations.
const ENDPOINTS: usize = 4_096;

/// A fact about an endpoint that one segment shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostFact {
    /// It sent a SYN: a client's port.
    Connects,
    /// It sent a SYN-ACK, or answered over UDP: it listens.
    Accepts,
    /// It answered a SYN with RST.
    Refuses,
    /// A SYN was sent to it.
    IsAsked,
}

/// The last segment that showed a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) frame: NonZeroU64,
    pub(super) time: Option<Timestamp>,
}

/// All that is known of an endpoint; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HostFacts {
    /// Its last SYN.
    pub(super) connects: Option<Occurrence>,
    /// Its last SYN-ACK, or over UDP the first answer of its last conversation.
    pub(super) accepts: Option<Occurrence>,
    /// Its last RST in answer to a SYN.
    pub(super) refuses: Option<Occurrence>,
    /// The last SYN to it.
    pub(super) is_asked: Option<Occurrence>,
}

impl HostFacts {
    fn note(&mut self, fact: HostFact, seen: Occurrence) {
        let last = match fact {
            HostFact::Connects => &mut self.connects,
            HostFact::Accepts => &mut self.accepts,
            HostFact::Refuses => &mut self.refuses,
            HostFact::IsAsked => &mut self.is_asked,
        };
        *last = Some(seen);
    }
}

/// The endpoints of a capture.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    young: Generation,
    old: Generation,
}

type Generation = HashMap<Endpoint, HostFacts, RandomState>;

impl Hosts {
    /// Notes what a segment of this endpoint shows.
    #[cold]
    pub(super) fn note(&mut self, endpoint: Endpoint, fact: HostFact, frame: u64, time: Option<Timestamp>) {
        let Some(frame) = NonZeroU64::new(frame) else { return };
        let seen = Occurrence { frame, time };
        if let Some(facts) = self.young.get_mut(&endpoint) {
            return facts.note(fact, seen);
        }
        let mut facts = self.old.get(&endpoint).copied().unwrap_or_default();
        facts.note(fact, seen);
        if self.young.len() >= ENDPOINTS {
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.clear();
        }
        self.young.insert(endpoint, facts);
    }

    /// Returns the facts known so far about an endpoint.
    #[cold]
    pub(super) fn of(&self, endpoint: Endpoint) -> HostFacts {
        self.young.get(&endpoint).or_else(|| self.old.get(&endpoint)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(port: u16) -> Endpoint {
        Endpoint::new([192, 0, 2, 1], port)
    }

    #[test]
    fn last_occurrence_of_each_fact_is_known() {
        let mut hosts = Hosts::default();
        assert_eq!(hosts.of(endpoint(7)), HostFacts::default());
        for (frame, fact) in [(1, HostFact::Accepts), (4, HostFact::Accepts), (6, HostFact::Refuses)] {
            hosts.note(endpoint(7), fact, frame, None);
        }
        let facts = hosts.of(endpoint(7));
        assert_eq!(facts.accepts.map(|seen| seen.frame.get()), Some(4));
        assert_eq!(facts.refuses.map(|seen| seen.frame.get()), Some(6));
        assert_eq!(facts.connects, None);
        assert_eq!(hosts.of(endpoint(8)), HostFacts::default());
    }

    #[test]
    fn a_flood_of_endpoints_stays_within_the_bound() {
        let mut hosts = Hosts::default();
        for port in 1..=u16::MAX {
            hosts.note(endpoint(port), HostFact::Connects, u64::from(port), None);
        }
        assert!(hosts.young.len() <= ENDPOINTS && hosts.old.len() <= ENDPOINTS);
        assert_eq!(hosts.of(endpoint(1)), HostFacts::default());
        assert!(hosts.of(endpoint(u16::MAX)).connects.is_some());
    }
}
