//! The one protocol above UDP whose answers name their requests at the same place in every datagram.

/// DNS, and what has its header: NetBIOS names (RFC 1002 §4.2.1), mDNS (RFC 6762 §18), LLMNR (RFC 4795 §2.1).
const PORTS: &[u16] = &[53, 137, 5353, 5355];
/// Length of its header (RFC 1035 §4.1.1).
const HEADER: usize = 12;
/// Set in answers.
const QR: u8 = 0x80;

/// Whether it is the port of such a service.
pub(super) fn is_port(port: u16) -> bool {
    PORTS.contains(&port)
}

/// The transaction ID, if this has the header of a query, or of an answer.
pub(super) fn id(datagram: &[u8], answer: bool) -> Option<u16> {
    let [high, low, flags, ..] = datagram.first_chunk::<HEADER>()?;
    ((flags & QR != 0) == answer).then_some(u16::from_be_bytes([*high, *low]))
}
