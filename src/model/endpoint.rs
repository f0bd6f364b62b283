//! One end of a conversation.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// An IP address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The IP address.
    pub address: IpAddr,
    /// The TCP or UDP port.
    pub port: u16,
}

impl Endpoint {
    /// The endpoint at `address` and `port`.
    pub fn new(address: impl Into<IpAddr>, port: u16) -> Self {
        Self { address: address.into(), port }
    }

    /// Returns `true` for a multicast address, or an IPv4 address that ends in .255, as broadcast addresses do.
    pub fn is_group(&self) -> bool {
        let broadcast = matches!(self.address, IpAddr::V4(address) if address.octets().last() == Some(&255));
        self.address.is_multicast() || broadcast
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(socket: SocketAddr) -> Self {
        Self { address: socket.ip(), port: socket.port() }
    }
}

/// `127.0.0.1:6542` or `[::1]:6542`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.address, self.port).fmt(f)
    }
}
