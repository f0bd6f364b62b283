//! The part of a conversation's life that a step belongs to.

/// Handshake, exchange, teardown, or the end by a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Up to the ACK of the SYN-ACK.
    Handshake,
    /// Data and its acknowledgments.
    Exchange,
    /// From the first FIN on.
    Teardown,
    /// A reset, and what comes after it.
    Aborted,
}

impl Phase {
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
