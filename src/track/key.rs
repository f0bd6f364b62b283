//! Which conversation a packet belongs to: protocol and both endpoints, whichever way it goes.

use std::net::{IpAddr, Ipv6Addr};

use crate::model::{Endpoint, Protocol};

/// The unordered pair of endpoints. IPv4 has a key of its own that packs into 16 bytes, since nearly all look-ups are
/// for it and the key's size is what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    V4(KeyV4),
    V6(KeyV6),
}

/// Protocol, addresses and ports of IPv4 endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct KeyV4(u64, u64);

/// The same for any other pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct KeyV6(u128, u128, u64);

impl Key {
    #[inline]
    pub(super) fn new(protocol: Protocol, one: Endpoint, other: Endpoint) -> Self {
        if let (IpAddr::V4(a), IpAddr::V4(b)) = (one.address, other.address) {
            let pack = |address: u32, port: u16| u64::from(address) << 16 | u64::from(port);
            let (a, b) = (pack(a.to_bits(), one.port), pack(b.to_bits(), other.port));
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            return Self::V4(KeyV4(low | (protocol as u64) << 48, high));
        }
        let wide = |endpoint: Endpoint| (v6_bits(endpoint.address), endpoint.port);
        let (a, b) = (wide(one), wide(other));
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self::V6(KeyV6(low.0, high.0, u64::from(low.1) | u64::from(high.1) << 16 | (protocol as u64) << 32))
    }
}

fn v6_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => Ipv6Addr::to_bits(v6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_have_one_key_and_protocols_have_two() {
        let a = Endpoint::new([127, 0, 0, 1], 6542);
        let b = Endpoint::new([127, 0, 0, 1], 40000);
        let c = Endpoint::new(Ipv6Addr::LOCALHOST, 6542);
        let d = Endpoint::new(Ipv6Addr::LOCALHOST, 40000);
        assert_eq!(Key::new(Protocol::Tcp, a, b), Key::new(Protocol::Tcp, b, a));
        assert_eq!(Key::new(Protocol::Tcp, c, d), Key::new(Protocol::Tcp, d, c));
        assert_ne!(Key::new(Protocol::Tcp, a, b), Key::new(Protocol::Udp, a, b));
        assert_ne!(Key::new(Protocol::Tcp, c, d), Key::new(Protocol::Udp, c, d));
    }
}
