//! One of the lab's two hosts: a network namespace with one Ethernet interface, and a thread in it.

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context, Result};

use super::namespace::{Namespace, Pending};
use super::netlink::{Link, Netlink};
use super::sysctl::Sysctl;
use crate::model::Direction;

/// The name of each host's interface.
pub const HOST_INTERFACE: &str = "eth0";

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacAddress(pub [u8; 6]);

/// `00:00:5e:00:53:01`
impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A host's addresses. All are in ranges reserved for documentation, so that no real host has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Its Ethernet address (RFC 9542 §2.1.4).
    pub mac: MacAddress,
    /// Its IPv4 address in 192.0.2.0/24 (RFC 5737).
    pub ipv4: Ipv4Addr,
    /// Its IPv6 address in 2001:db8::/64 (RFC 3849); not assigned where the kernel has no IPv6.
    pub ipv6: Ipv6Addr,
}

impl Addresses {
    /// The addresses of the host that sends in `direction`: 192.0.2.1 is the client, 192.0.2.2 the server.
    pub const fn of(direction: Direction) -> Self {
        let last = match direction {
            Direction::ClientToServer => 1,
            Direction::ServerToClient => 2,
        };
        Self {
            mac: MacAddress([0x00, 0x00, 0x5e, 0x00, 0x53, last]),
            ipv4: Ipv4Addr::new(192, 0, 2, last),
            ipv6: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last as u16),
        }
    }

    /// The IP addresses with the prefix lengths of their networks.
    fn prefixes(&self) -> impl Iterator<Item = (IpAddr, u8)> {
        let ipv6 = super::has_ipv6().then_some((IpAddr::from(self.ipv6), 64));
        [(IpAddr::from(self.ipv4), 24)].into_iter().chain(ipv6)
    }
}

/// One of the lab's two hosts.
#[derive(Debug)]
pub struct Host {
    namespace: Namespace,
    side: Direction,
}

impl Host {
    pub(super) fn new(namespace: Namespace, side: Direction) -> Self {
        Self { namespace, side }
    }

    /// `client` or `server`.
    pub fn name(&self) -> &'static str {
        self.side.sender()
    }

    /// The host's addresses.
    pub fn addresses(&self) -> Addresses {
        Addresses::of(self.side)
    }

    /// Runs `work` in the host: the sockets, capture handles and threads that it creates belong to the host, even if
    /// they are moved elsewhere. A panic in `work` is resumed in the caller. The host runs one job at a time; a long
    /// one should start a thread of its own.
    ///
    /// # Errors
    /// If the host's thread has ended.
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.namespace.run(work)
    }

    /// Passes `work` to the host's thread without waiting for it.
    pub fn submit<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        self.namespace.submit(work)
    }
}

/// Shortens the close of connections that can no longer be closed, since the link is gone: the kernel would retry for
/// two minutes, and keep the host's namespace for as long.
impl Drop for Host {
    fn drop(&mut self) {
        // without this setting it only takes longer
        let _ = self.namespace.run(|| fs::write("/proc/sys/net/ipv4/tcp_orphan_retries", "1"));
    }
}

/// Configures the host of `side` in the calling thread's namespace, whose device exists already.
pub(super) fn set_up(side: Direction, mtu: u16, sysctls: &[Sysctl]) -> Result<()> {
    let (own, other) = (Addresses::of(side), Addresses::of(!side));
    let mut netlink = Netlink::open()?;
    netlink.raise("lo", &Link { mac: None, mtu: None, quiet: false })?;
    netlink.raise(HOST_INTERFACE, &Link { mac: Some(own.mac), mtu: Some(mtu), quiet: true })?;
    for (address, prefix) in own.prefixes() {
        netlink.add_address(HOST_INTERFACE, address, prefix)?;
    }
    for (address, _) in other.prefixes() {
        netlink.add_neighbour(HOST_INTERFACE, address, other.mac)?;
    }
    sysctls.iter().try_for_each(Sysctl::apply).with_context(|| format!("cannot set up the lab's {}", side.sender()))
}
