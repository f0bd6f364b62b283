//! Packets of one side with two TTLs.

use crate::model::Nanos;

/// The largest distance between two IP identifications of one counter.
const CLOSE: u16 = 1_000;

/// The packets with one TTL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SameTtl {
    /// Their TTL or hop limit.
    pub ttl: u8,
    /// Frame of the first of them that is remembered.
    pub first: u64,
    /// Frame of the last.
    pub last: u64,
    /// IP identification of the last; 0 proves nothing.
    pub ip_id: u16,
    /// The identification counted up from one of them to the next.
    pub counts: bool,
}

impl SameTtl {
    pub(super) fn see(&mut self, frame: u64, ip_id: u16) {
        self.counts |= follows(self.ip_id, ip_id);
        if self.first == 0 {
            self.first = frame;
        }
        self.last = frame;
        self.ip_id = ip_id;
    }
}

/// An answer that came in less than half the time of the handshake's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FasterAnswer {
    /// Its frame.
    pub frame: u64,
    /// Time since the data that it acknowledges.
    pub time: Nanos,
    /// Time that the same side took in the handshake.
    pub handshake: Nanos,
}

/// The packets of one side with two TTLs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TwoTtls {
    /// Those with the TTL of the side's first packet.
    pub one: SameTtl,
    /// Those with another.
    pub other: SameTtl,
    /// An answer with the other TTL came much sooner.
    pub quicker: Option<FasterAnswer>,
    /// One counter of identifications serves both: one host, and two routes.
    pub(super) shared: bool,
}

impl TwoTtls {
    /// Returns `true` if two hosts sent them.
    pub fn is_two_hosts(&self) -> bool {
        let two_counters = self.one.counts && self.other.counts && self.one.last > self.other.first;
        !self.shared && (two_counters || self.quicker.is_some())
    }
}

/// Returns `true` if an identification is among the next values of the counter.
pub(super) fn follows(before: u16, ip_id: u16) -> bool {
    before != 0 && ip_id != 0 && (1..CLOSE).contains(&ip_id.wrapping_sub(before))
}
