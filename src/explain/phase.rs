//! The part of a conversation's life that a step belongs to.

use crate::track::{Body, Event, Life};

/// Handshake, exchange, teardown, or the end by a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Up to the ACK of the SYN-ACK.
    Handshake,
    /// Data and its acknowledgments.
    Exchange,
    /// From the first FIN on.
    Teardown,
    /// A reset, and what comes after it; an ICMP error for a closed port.
    Aborted,
}

impl Phase {
    /// The phase of one event.
    pub(super) fn of(event: &Event<'_>) -> Self {
        match &event.body {
            Body::Tcp(facts) => match facts.life {
                Life::Opening => Self::Handshake,
                Life::Open => Self::Exchange,
                Life::Closing => Self::Teardown,
                Life::Aborted => Self::Aborted,
            },
            Body::Udp(_) => Self::Exchange,
            Body::Icmp(facts) if facts.error.is_unreachable() => Self::Aborted,
            Body::Icmp(_) => Self::Exchange,
        }
    }

    /// The heading above its steps.
    pub fn title(self) -> &'static str {
        match self {
            Self::Handshake => "Handshake",
            Self::Exchange => "Data",
            Self::Teardown => "Close",
            Self::Aborted => "Reset or error",
        }
    }

    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Exchange => "exchange",
            Self::Teardown => "teardown",
            Self::Aborted => "aborted",
        }
    }
}
