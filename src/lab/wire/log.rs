//! What the wire did, as plain data: from it a report can say where a packet was lost.

use std::collections::BTreeSet;
use std::time::Duration;

use super::packet::PacketKind;
use crate::model::{Direction, PerDirection, Timestamp};

/// Events that are kept one by one.
const KEPT: usize = 100_000;

/// Of how many frames of each direction is kept when they arrived.
const ARRIVALS_KEPT: usize = 1_000_000;

/// Everything that the wire did to the packets of one session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WireLog {
    /// What was done to single packets, in the order of time: the first 100,000 events. A packet that only passed, with the
    /// delay that all have, is not among them.
    pub events: Vec<WireEvent>,
    /// The script's rules, by their index from 0, that were to mark a packet which could not be marked, since its sender
    /// does not use ECN (RFC 3168 §5).
    pub unmarkable: BTreeSet<usize>,
    /// Events that were not kept.
    pub left_out: u64,
    /// The [index](WireFrame::index) of each frame that was handed to the other host, copies included, in that order: the
    /// n-th is the n-th incoming frame of a capture at that host. The first million.
    pub arrivals: PerDirection<Vec<u64>>,
    /// How many packets took which way, by their sender's direction.
    pub totals: PerDirection<WireTotals>,
}

/// Packets by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireTotals {
    /// Frames that the host sent and the wire took.
    pub sent: u64,
    /// Frames that the host sent besides, faster than the wire could take them: lost, and not counted in `sent`. Known when
    /// the wire has been stopped; while it is 0, [`WireFrame::index`] can be relied on.
    pub missed: u64,
    /// Frames handed to the other host, copies included.
    pub delivered: u64,
    /// Frames lost.
    pub dropped: u64,
    /// Copies made.
    pub duplicated: u64,
    /// Frames damaged.
    pub corrupted: u64,
    /// Frames marked as having met congestion.
    pub marked: u64,
    /// Frames that a rule delayed.
    pub delayed: u64,
    /// Frames that their successor overtook.
    pub reordered: u64,
}

/// Something that the wire did to a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WireEvent {
    /// The frame that it was done to.
    pub frame: WireFrame,
    /// What was done.
    pub what: Effect,
    /// Why.
    pub cause: Cause,
}

/// A frame that reached the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireFrame {
    /// When it reached the wire, on the system's clock, as captures have it.
    pub time: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// Which of all frames it is that this host sent, from 1: the n-th outgoing frame of a capture at that host.
    pub index: u64,
    /// Its length in bytes.
    pub length: usize,
    /// What it is.
    pub kind: PacketKind,
    /// Whether it is a fragment of an IP packet; the first one is of the kind `datagram`.
    pub fragment: bool,
    /// Its number among the host's packets of that kind; 0 if it was sent too long ago to be known.
    pub number: u32,
    /// Whether TCP had sent it before.
    pub again: bool,
}

/// What the wire did to a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// It did not arrive.
    Dropped,
    /// It came this much later than others.
    Delayed(Duration),
    /// It arrived twice.
    Duplicated,
    /// The byte at this offset of the frame was changed.
    Corrupted {
        /// The byte's place, counted from 0 at the Ethernet header.
        offset: usize,
    },
    /// It arrived marked as having met congestion.
    Marked,
    /// It arrived after a packet that was sent later.
    Reordered,
}

/// Why the wire did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The script's rule with this index, from 0.
    Rule(usize),
    /// Chance, as asked for in percent.
    Chance,
    /// More was sent than the wire's rate and its queue could take.
    QueueFull,
    /// The host did not take the frame, or the wire was stopped before its time.
    Undeliverable,
}

impl WireLog {
    /// Notes and counts a frame that was handed over.
    pub(super) fn arrived(&mut self, frame: WireFrame) {
        self.totals.get_mut(frame.direction).delivered += 1;
        let arrivals = self.arrivals.get_mut(frame.direction);
        if arrivals.len() < ARRIVALS_KEPT {
            arrivals.push(frame.index);
        }
    }

    /// Records an event and counts it.
    pub(super) fn add(&mut self, event: WireEvent) {
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
