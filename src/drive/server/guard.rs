//! What keeps a UDP echo server from being an amplifier, or from talking to another echo server for ever.
//!
//! A datagram's source can be forged. So a source gets a budget of answered bytes that comes back only after a
//! silence: whatever the attacker sends, a victim gets no more than the budget a silence, and two echo servers that
//! were set on each other (who are never silent) fall silent when one's budget is spent.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::event::Ignored;

/// What sources are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpLimits {
    /// Bytes that a source is sent at most without a pause.
    pub budget: u64,
    /// How long a source must be silent to get its budget back.
    pub pause: Duration,
    /// Sources kept account of at once.
    pub sources: usize,
}

/// 1 MiB a source; back after one second of silence; 4,096 sources.
impl Default for UdpLimits {
    fn default() -> Self {
        Self { budget: 1 << 20, pause: Duration::from_secs(1), sources: 4096 }
    }
}

/// The account of all sources.
#[derive(Debug)]
pub(super) struct Guard {
    limits: Option<UdpLimits>,
    port: u16,
    accounts: HashMap<IpAddr, Account>,
}

#[derive(Debug)]
struct Account {
    spent: u64,
    heard: Instant,
}

impl Guard {
    /// A guard for a server on `port`; without limits it minds only the ports.
    pub(super) fn new(limits: Option<UdpLimits>, port: u16) -> Self {
        Self { limits, port, accounts: HashMap::new() }
    }

    /// Whether `bytes` may be sent in answer to a datagram of `peer`; if so they are charged to it.
    pub(super) fn admit(&mut self, peer: SocketAddr, bytes: u64, now: Instant) -> Result<(), Ignored> {
        if peer.port() == self.port {
            return Err(Ignored::OwnPort);
        }
        if peer.port() < 1024 {
            return Err(Ignored::SystemPort);
        }
        let Some(limits) = self.limits else { return Ok(()) };
        let source = source_of(peer.ip());
        if self.accounts.len() >= limits.sources && !self.accounts.contains_key(&source) {
            self.accounts.retain(|_, account| now.duration_since(account.heard) < limits.pause);
            if self.accounts.len() >= limits.sources {
                return Err(Ignored::TooManySources);
            }
        }
        let account = self.accounts.entry(source).or_insert(Account { spent: 0, heard: now });
        if now.duration_since(account.heard) >= limits.pause {
            account.spent = 0;
        }
        account.heard = now;
        let spent = account.spent.saturating_add(bytes);
        if spent > limits.budget {
            return Err(Ignored::OverBudget);
        }
        account.spent = spent;
        Ok(())
    }
}

/// Whom an address stands for: over IPv6 whoever has the /64, who may take any address in it.
fn source_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(ip) if ip.to_ipv4_mapped().is_none() => {
            IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)))
        }
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(ip: [u8; 4], port: u16) -> SocketAddr {
        SocketAddr::from((ip, port))
    }

    fn limits() -> UdpLimits {
        UdpLimits { budget: 100, pause: Duration::from_secs(1), sources: 2 }
    }

    #[test]
    fn the_own_port_and_system_ports_get_nothing() {
        let mut guard = Guard::new(None, 7000);
        let now = Instant::now();
        assert_eq!(guard.admit(peer([192, 0, 2, 1], 7000), 1, now), Err(Ignored::OwnPort));
        assert_eq!(guard.admit(peer([192, 0, 2, 1], 7), 1, now), Err(Ignored::SystemPort));
        assert_eq!(guard.admit(peer([192, 0, 2, 1], 1024), u64::MAX, now), Ok(()));
    }

    #[test]
    fn a_budget_comes_back_only_after_a_silence() {
        let mut guard = Guard::new(Some(limits()), 7000);
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(guard.admit(peer([192, 0, 2, 1], 5000), 60, at(0)), Ok(()));
        // another port is the same source, and a refused datagram is no silence
        assert_eq!(guard.admit(peer([192, 0, 2, 1], 5001), 60, at(900)), Err(Ignored::OverBudget));
        assert_eq!(guard.admit(peer([192, 0, 2, 1], 5001), 60, at(1800)), Err(Ignored::OverBudget));
        assert_eq!(guard.admit(peer([192, 0, 2, 1], 5001), 60, at(2800)), Ok(()));
    }

    #[test]
    fn two_echo_servers_set_on_each_other_fall_silent() {
        let mut one = Guard::new(Some(limits()), 7000);
        let mut other = Guard::new(Some(limits()), 7001);
        let now = Instant::now();
        let rounds = (0..1000)
            .take_while(|_| {
                one.admit(peer([127, 0, 0, 1], 7001), 10, now).is_ok()
                    && other.admit(peer([127, 0, 0, 1], 7000), 10, now).is_ok()
            })
            .count();
        assert_eq!(rounds, 10);
    }

    #[test]
    fn sources_are_bounded_and_silent_ones_make_room() {
        let mut guard = Guard::new(Some(limits()), 7000);
        let start = Instant::now();
        assert_eq!(guard.admit(peer([192, 0, 2, 1], 5000), 1, start), Ok(()));
        assert_eq!(guard.admit(peer([192, 0, 2, 2], 5000), 1, start), Ok(()));
        assert_eq!(guard.admit(peer([192, 0, 2, 3], 5000), 1, start), Err(Ignored::TooManySources));
        let later = start + Duration::from_secs(1);
        assert_eq!(guard.admit(peer([192, 0, 2, 3], 5000), 1, later), Ok(()));
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_budget() {
        let mut guard = Guard::new(Some(limits()), 7000);
        let now = Instant::now();
        let from = |text: &str| SocketAddr::new(text.parse().unwrap_or(IpAddr::V4([0; 4].into())), 5000);
        assert_eq!(guard.admit(from("2001:db8::1"), 100, now), Ok(()));
        assert_eq!(guard.admit(from("2001:db8::2"), 1, now), Err(Ignored::OverBudget));
        assert_eq!(guard.admit(from("2001:db8:0:1::2"), 1, now), Ok(()));
    }
}
