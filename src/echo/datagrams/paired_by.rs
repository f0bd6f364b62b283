//! The evidence that pairs an answer with its request.

/// The evidence for the request that an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairedBy {
    /// Its bytes are the request's.
    Echo,
    /// Both have this DNS transaction ID (RFC 1035 §4.1.1).
    DnsId(u16),
    /// Only the order: it is the next datagram.
    Turn,
}
