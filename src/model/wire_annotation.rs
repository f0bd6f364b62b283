//! The emulated link's treatment of a frame, as a report shows it beside the frame.

use super::{Direction, Nanos};

/// The emulated link's treatment of a captured frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireAnnotation {
    /// The effect on the frame.
    pub effect: WireEffect,
    /// The cause.
    pub cause: WireCause,
    /// `true` if the frame holds a fragment of an IP packet.
    pub fragment: bool,
    /// The direction of the frame.
    pub direction: Direction,
    /// `true` if the frame was captured before the link, at its sender; `false` behind it.
    pub before: bool,
    /// The frames of this capture that show it.
    pub here: Vec<u64>,
    /// The same packet in the capture at the other host; empty where there is none, or it never got there.
    pub there: Vec<u64>,
}

/// An effect of the link on a frame, besides carrying it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireEffect {
    /// It did not arrive.
    Dropped,
    /// It came this much later than others.
    Delayed(Nanos),
    /// It arrived twice.
    Duplicated,
    /// The byte at this offset of the frame, from 0, was changed.
    Corrupted(usize),
    /// It was marked as having met congestion (RFC 3168).
    Marked,
    /// A later frame overtook it.
    Reordered,
    /// It brought this one, but data sent before it did not arrive.
    LostBefore,
}

/// The cause of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireCause {
    /// This rule of its script says so.
    Rule(String),
    /// Chance.
    Chance,
    /// More was sent than its rate and its queue could take.
    QueueFull,
    /// The session ended before it got there.
    UnderWay,
}
