//! The event that made an endpoint send a packet.

use std::num::NonZeroU64;

use smallvec::SmallVec;

/// The kind of event that makes a host send a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CauseEvent {
    /// A program's call: connect, send, shutdown, close; or its exit.
    Call,
    /// The arrival of a segment.
    Segment,
    /// A timer of the sender's kernel.
    Timer,
    /// The network: it duplicated the packet, or a host on the path sent it in another's name.
    Network,
    /// The capture: it holds the packet twice.
    Capture,
    /// Unknown from this capture.
    #[default]
    Unknown,
}

impl CauseEvent {
    /// The name in the JSON Lines output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Segment => "segment",
            Self::Timer => "timer",
            Self::Network => "network",
            Self::Capture => "capture",
            Self::Unknown => "unknown",
        }
    }
}

/// An event that may have made an endpoint send a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// The kind of event.
    pub event: CauseEvent,
    /// The call, the timer, or the reaction to the segment: `send`, `rto`, `challenge_ack`. Empty where none is known.
    pub detail: &'static str,
    /// The frame whose arrival was the event, or which the packet duplicates.
    pub frame: Option<NonZeroU64>,
}

impl Cause {
    /// An event without a frame.
    pub const fn of(event: CauseEvent, detail: &'static str) -> Self {
        Self { event, detail, frame: None }
    }

    /// The arrival of a segment.
    pub const fn arrival(frame: Option<NonZeroU64>, detail: &'static str) -> Self {
        Self { event: CauseEvent::Segment, detail, frame }
    }

    /// Nothing that the capture shows.
    pub const UNKNOWN: Self = Self::of(CauseEvent::Unknown, "");
}

/// The causes that fit a packet, where the capture does not decide between them.
pub type Candidates = SmallVec<[Cause; 3]>;
