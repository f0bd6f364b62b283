//! Transaction IDs of DNS and of the protocols that share its header.

/// Ports of DNS, and of protocols with its header: NetBIOS names (RFC 1002 §4.2.1), mDNS (RFC 6762 §18), LLMNR (RFC
/// 4795 §2.1).
const PORTS: &[u16] = &[53, 137, 5353, 5355];
/// Length of its header (RFC 1035 §4.1.1).
const HEADER: usize = 12;
/// The QR flag, set in responses (RFC 1035 §4.1.1).
const QR: u8 = 0x80;

/// `true` if the port is that of a service with a DNS header.
pub(super) fn is_port(port: u16) -> bool {
    PORTS.contains(&port)
}

/// The transaction ID, if the datagram has the header of a query, or with `answer` of a response.
pub(super) fn id(datagram: &[u8], answer: bool) -> Option<u16> {
    let [high, low, flags, ..] = datagram.first_chunk::<HEADER>()?;
    ((flags & QR != 0) == answer).then_some(u16::from_be_bytes([*high, *low]))
}
