//! The evidence that pairs a datagram with the one that it answers.

/// What shows which request an answer is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairedBy {
    /// Its bytes are the request's.
    Echo,
    /// Both have this DNS transaction ID (RFC 1035 §4.1.1).
    DnsId(u16),
    /// Only its turn: it is the next datagram.
    Turn,
}
