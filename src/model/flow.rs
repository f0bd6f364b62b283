//! The flow of a packet: protocol and both endpoints, the same key for both directions.

use std::net::{IpAddr, Ipv6Addr};

use super::{Endpoint, Protocol};

/// Protocol and endpoints of a packet, in a form that is compared and looked up quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The key that the packets of both directions share.
    pub key: FlowKey,
    /// `true` if the packet goes from the lower endpoint to the higher one.
    pub upward: bool,
}

/// The unordered pair of endpoints. IPv4 has a key of its own that packs into 16 bytes, since nearly all look-ups are
/// for it and the key's size is what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowKey {
    /// Both addresses are IPv4.
    V4(FlowKeyV4),
    /// Any other pair.
    V6(FlowKeyV6),
}

/// Protocol, addresses and ports of IPv4 endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKeyV4(u64, u64);

/// The same for any other pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKeyV6([u64; 5]);

impl FlowKeyV4 {
    /// All of it, for a hash of one's own.
    #[inline]
    pub fn words(&self) -> [u64; 2] {
        [self.0, self.1]
    }
}

impl FlowKeyV6 {
    /// All of it, for a hash of one's own.
    #[inline]
    pub fn words(&self) -> [u64; 5] {
        self.0
    }
}

impl Flow {
    /// The flow of a packet from `source` to `destination`. If both are the same, `upward` is `true`.
    #[inline]
    pub fn new(protocol: Protocol, source: Endpoint, destination: Endpoint) -> Self {
        if let (IpAddr::V4(from), IpAddr::V4(to)) = (source.address, destination.address) {
            return Self::v4(protocol, (from.to_bits(), source.port), (to.to_bits(), destination.port));
        }
        let (from, to) = (wide(source), wide(destination));
        let ((a, b, p), (c, d, q)) = if from <= to { (from, to) } else { (to, from) };
        let rest = u64::from(p) | u64::from(q) << 16 | (protocol as u64) << 32;
        Self { key: FlowKey::V6(FlowKeyV6([a, b, c, d, rest])), upward: from <= to }
    }
}

impl Flow {
    /// The same for IPv4 addresses and ports.
    #[inline(always)]
    pub fn v4(protocol: Protocol, source: (u32, u16), destination: (u32, u16)) -> Self {
        let pack = |(address, port): (u32, u16)| u64::from(address) << 16 | u64::from(port);
        let (from, to) = (pack(source), pack(destination));
        let key = FlowKeyV4(from.min(to) | (protocol as u64) << 48, from.max(to));
        Self { key: FlowKey::V4(key), upward: from <= to }
    }
}

/// The halves of the address as IPv6, and the port.
fn wide(endpoint: Endpoint) -> (u64, u64, u16) {
    let bits = match endpoint.address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => Ipv6Addr::to_bits(v6),
    };
    ((bits >> 64) as u64, bits as u64, endpoint.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_share_a_key_and_protocols_do_not() {
        let v4 = [Endpoint::new([127, 0, 0, 1], 6542), Endpoint::new([127, 0, 0, 1], 40000)];
        let v6 = [Endpoint::new(Ipv6Addr::LOCALHOST, 6542), Endpoint::new(Ipv6Addr::LOCALHOST, 40000)];
        let mixed = [Endpoint::new([127, 0, 0, 1], 6542), Endpoint::new(Ipv6Addr::LOCALHOST, 6542)];
        for [a, b] in [v4, v6, mixed] {
            let (there, back) = (Flow::new(Protocol::Tcp, a, b), Flow::new(Protocol::Tcp, b, a));
            assert_eq!(there.key, back.key);
            assert_ne!(there.upward, back.upward);
            assert_ne!(there.key, Flow::new(Protocol::Udp, a, b).key);
            assert!(Flow::new(Protocol::Tcp, a, a).upward);
        }
    }
}
