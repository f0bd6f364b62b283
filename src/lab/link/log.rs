//! The log of the link, as plain data: reports take from it the place where a packet was lost.

use std::collections::BTreeSet;
use std::time::Duration;

use super::packet::PacketKind;
use crate::model::{Direction, PerDirection, Timestamp};

/// Limit of the events kept one by one.
const KEPT: usize = 100_000;

/// Limit of the frames of each direction whose order of arrival is kept.
const ARRIVALS_KEPT: usize = 1_000_000;

/// The log of everything that the link did to the packets of one session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkLog {
    /// The faults of single packets, ordered by time: the first 100,000. A packet that only passed, with the delay
    /// common to all, is not among them.
    pub events: Vec<LinkEvent>,
    /// Indices from 0 of the script's rules whose packet could not be marked, since its sender does not use ECN (RFC
    /// 3168 §5).
    pub unmarkable: BTreeSet<usize>,
    /// Events that were not kept.
    pub left_out: u64,
    /// The [index](LinkFrame::index) of each frame delivered to the other host, duplicates included, in that order: the
    /// n-th is the n-th incoming frame of a capture at that host. The first million.
    pub arrivals: PerDirection<Vec<u64>>,
    /// Packet counts, by the direction of their sender.
    pub totals: PerDirection<LinkTotals>,
}

/// Packet counts by the fate of the packets on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkTotals {
    /// Frames that the host sent and the link accepted.
    pub sent: u64,
    /// Frames that the host sent faster than the link could accept them: lost, and not counted in `sent`. Final once
    /// the link has been stopped; while it is 0, [`LinkFrame::index`] is reliable.
    pub missed: u64,
    /// Frames delivered to the other host, duplicates included.
    pub delivered: u64,
    /// Frames lost.
    pub dropped: u64,
    /// Duplicates made.
    pub duplicated: u64,
    /// Frames corrupted.
    pub corrupted: u64,
    /// Frames marked as having met congestion.
    pub marked: u64,
    /// Frames that a rule delayed.
    pub delayed: u64,
    /// Frames that their successor overtook.
    pub reordered: u64,
}

/// A fault that the link applied to a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkEvent {
    /// The affected frame.
    pub frame: LinkFrame,
    /// The fault.
    pub what: Effect,
    /// The cause of the fault.
    pub cause: Cause,
}

/// A frame that reached the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkFrame {
    /// The time at which it reached the link, on the system's clock, as in captures.
    pub time: Timestamp,
    /// The direction of the frame.
    pub direction: Direction,
    /// Its number among all frames of its host, from 1: the n-th outgoing frame of a capture at that host.
    pub index: u64,
    /// Its length in bytes.
    pub length: usize,
    /// The kind of packet that it carries.
    pub kind: PacketKind,
    /// `true` for a fragment of an IP packet; the first fragment is of the kind `datagram`.
    pub fragment: bool,
    /// Its number among the host's packets of that kind; 0 if the original was sent too long ago to be known.
    pub number: u32,
    /// `true` for a TCP retransmission.
    pub again: bool,
}

/// A fault, as applied to a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// It was not delivered.
    Dropped,
    /// It arrived this much later than others.
    Delayed(Duration),
    /// It arrived twice.
    Duplicated,
    /// The byte at this offset of the frame was changed.
    Corrupted {
        /// The byte's place, counted from 0 at the Ethernet header.
        offset: usize,
    },
    /// It arrived with the congestion mark (CE).
    Marked,
    /// It arrived after a packet that was sent later.
    Reordered,
}

/// The cause of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The rule of the script with this index, from 0.
    Rule(usize),
    /// Chance, with the configured percentage.
    Chance,
    /// The sender exceeded the link's rate and its queue.
    QueueFull,
    /// The host did not accept the frame, or the link was stopped before the frame was due.
    Undeliverable,
}

impl LinkLog {
    /// Records and counts a delivered frame.
    pub(super) fn arrived(&mut self, frame: LinkFrame) {
        self.totals.get_mut(frame.direction).delivered += 1;
        let arrivals = self.arrivals.get_mut(frame.direction);
        if arrivals.len() < ARRIVALS_KEPT {
            arrivals.push(frame.index);
        }
    }

    /// Records an event and counts it.
    pub(super) fn add(&mut self, event: LinkEvent) {
        let totals = self.totals.get_mut(event.frame.direction);
        match event.what {
            Effect::Dropped => totals.dropped += 1,
            Effect::Delayed(_) => totals.delayed += 1,
            Effect::Duplicated => totals.duplicated += 1,
            Effect::Corrupted { .. } => totals.corrupted += 1,
            Effect::Marked => totals.marked += 1,
            Effect::Reordered => totals.reordered += 1,
        }
        if self.events.len() < KEPT {
            self.events.push(event);
        } else {
            self.left_out += 1;
        }
    }
}
