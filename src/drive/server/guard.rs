//! Limits that prevent a UDP echo server from being used as an amplifier, or from an endless exchange with another echo
//! server.
//!
//! A datagram's source address can be forged. So each source has a budget of answers that is restored only after a
//! silence: whatever an attacker sends, a victim receives no more than the budget per silence, and two echo servers
//! that answer each other (and are never silent) stop when the budget of one is exhausted. Datagrams count too, and
//! bytes include headers, since an empty datagram is a datagram as well. A source on another host is sent at most three
//! times the bytes received from it, as in QUIC for an address that is not validated yet (RFC 9000 §8.1). Sources on
//! this host are exempt from that: their answers never leave it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::event::Ignored;

/// The limits of each source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpLimits {
    /// Maximum bytes sent to a source without a pause, IP and UDP headers included.
    pub bytes: u64,
    /// Maximum datagrams sent to a source without a pause.
    pub datagrams: u64,
    /// Maximum bytes sent to a source on another host, as a multiple of the bytes received from it, headers included.
    pub share: u64,
    /// The silence of a source that restores its budget.
    pub pause: Duration,
    /// Maximum number of sources in the table.
    pub sources: usize,
}

/// 1 MiB and 10,000 datagrams per source, three times the bytes received; restored after 1 s of silence; 4,096 sources.
impl Default for UdpLimits {
    fn default() -> Self {
        Self { bytes: 1 << 20, datagrams: 10_000, share: 3, pause: Duration::from_secs(1), sources: 4096 }
    }
}

/// The table of all sources.
#[derive(Debug)]
pub(super) struct Guard {
    limits: Option<UdpLimits>,
    address: SocketAddr,
    accounts: HashMap<IpAddr, Account>,
}

/// The traffic with a source since its last silence. Bytes include headers.
#[derive(Debug)]
struct Account {
    received: u64,
    sent: u64,
    datagrams: u64,
    heard: Instant,
}

impl Account {
    fn new(heard: Instant) -> Self {
        Self { received: 0, sent: 0, datagrams: 0, heard }
    }
}

impl Guard {
    /// A guard for a server at `address`; without limits it checks only the ports.
    pub(super) fn new(limits: Option<UdpLimits>, address: SocketAddr) -> Self {
        Self { limits, address, accounts: HashMap::new() }
    }

    /// Counts a datagram of `bytes` from `peer`; the error is the reason that it must not be answered.
    pub(super) fn hear(&mut self, peer: SocketAddr, bytes: usize, now: Instant) -> Result<(), Ignored> {
        if peer.port() == self.address.port() {
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
        let account = self.accounts.entry(source).or_insert_with(|| Account::new(now));
        if now.duration_since(account.heard) >= limits.pause {
            *account = Account::new(now);
        }
        account.heard = now;
        account.received = account.received.saturating_add(on_the_wire(peer, bytes));
        Ok(())
    }

    /// Counts an answer of `bytes` to `peer`, whose datagram was counted; the error is the reason that it must not be
    /// sent.
    pub(super) fn charge(&mut self, peer: SocketAddr, bytes: usize) -> Result<(), Ignored> {
        let Some(limits) = self.limits else { return Ok(()) };
        let here = self.is_this_host(peer.ip());
        let Some(account) = self.accounts.get_mut(&source_of(peer.ip())) else { return Ok(()) };
        let sent = account.sent.saturating_add(on_the_wire(peer, bytes));
        if !here && sent > account.received.saturating_mul(limits.share) {
            return Err(Ignored::OverShare(limits.share));
        }
        if sent > limits.bytes || account.datagrams >= limits.datagrams {
            return Err(Ignored::OverBudget);
        }
        account.sent = sent;
        account.datagrams += 1;
        Ok(())
    }

    /// `true` if `ip` is certainly an address of this host, which the kernel accepts from no network.
    fn is_this_host(&self, ip: IpAddr) -> bool {
        ip.to_canonical().is_loopback() || ip == self.address.ip()
    }
}

/// A datagram's bytes with its UDP header and the IP header without options.
fn on_the_wire(peer: SocketAddr, bytes: usize) -> u64 {
    let headers = if peer.ip().to_canonical().is_ipv4() { 20 + 8 } else { 40 + 8 };
    (bytes as u64).saturating_add(headers)
}

/// The unit that shares one budget: over IPv6 the /64, in which a host may use any address.
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

    const HERE: [u8; 4] = [127, 0, 0, 1];

    fn peer(ip: [u8; 4], port: u16) -> SocketAddr {
        SocketAddr::from((ip, port))
    }

    /// Room for two answers of 22 bytes over IPv4.
    fn limits() -> UdpLimits {
        UdpLimits { bytes: 100, datagrams: 5, share: 3, pause: Duration::from_secs(1), sources: 2 }
    }

    fn guard(limits: UdpLimits) -> Guard {
        Guard::new(Some(limits), peer(HERE, 7000))
    }

    /// One datagram, and its answer of the same length.
    fn echo(guard: &mut Guard, peer: SocketAddr, bytes: usize, now: Instant) -> Result<(), Ignored> {
        guard.hear(peer, bytes, now)?;
        guard.charge(peer, bytes)
    }

    #[test]
    fn own_port_and_system_ports_get_no_answer() {
        let mut guard = Guard::new(None, peer(HERE, 7000));
        let now = Instant::now();
        assert_eq!(guard.hear(peer([192, 0, 2, 1], 7000), 1, now), Err(Ignored::OwnPort));
        assert_eq!(guard.hear(peer([192, 0, 2, 1], 7), 1, now), Err(Ignored::SystemPort));
        assert_eq!(guard.hear(peer([192, 0, 2, 1], 1024), 1, now), Ok(()));
        assert_eq!(guard.charge(peer([192, 0, 2, 1], 1024), usize::MAX), Ok(()));
    }

    #[test]
    fn budget_is_restored_only_after_silence() {
        let mut guard = guard(limits());
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(echo(&mut guard, peer([192, 0, 2, 1], 5000), 60, at(0)), Ok(()));
        // another port is the same source, and a refused datagram is no silence
        assert_eq!(echo(&mut guard, peer([192, 0, 2, 1], 5001), 60, at(900)), Err(Ignored::OverBudget));
        assert_eq!(echo(&mut guard, peer([192, 0, 2, 1], 5001), 60, at(1800)), Err(Ignored::OverBudget));
        assert_eq!(echo(&mut guard, peer([192, 0, 2, 1], 5001), 60, at(2800)), Ok(()));
    }

    #[test]
    fn two_echo_servers_do_not_loop_forever() {
        for bytes in [0, 1, 1400, 60_000] {
            let limits = UdpLimits::default();
            let mut servers = [7020, 7021].map(|port| Guard::new(Some(limits), peer(HERE, port)));
            let now = Instant::now();
            // the answer of each is the next datagram of the other
            let mut answers = 0;
            'talk: loop {
                for (server, from) in servers.iter_mut().zip([7021, 7020]) {
                    match echo(server, peer(HERE, from), bytes, now) {
                        Ok(()) => answers += 1,
                        Err(reason) => break 'talk assert_eq!(reason, Ignored::OverBudget),
                    }
                }
                assert!(answers <= 2 * limits.datagrams, "{bytes} bytes go to and fro for ever");
            }
            assert_eq!(answers, 2 * limits.datagrams.min(limits.bytes / (bytes as u64 + 28)), "{bytes} bytes");
        }
    }

    #[test]
    fn another_host_gets_at_most_three_times_what_it_sent() {
        let far = peer([192, 0, 2, 1], 5000);
        let now = Instant::now();
        for (request, answer, answers) in [(0, 0, 3), (1, 1, 3), (1, 59, 1), (1, 60, 0), (1000, 6, 10_000)] {
            let unbounded = UdpLimits { bytes: u64::MAX, ..UdpLimits::default() };
            let mut guard = guard(unbounded);
            assert_eq!(guard.hear(far, request, now), Ok(()));
            let given = (0..20_000).take_while(|_| guard.charge(far, answer).is_ok()).count() as u64;
            let most = (request as u64 + 28) * 3 / (answer as u64 + 28);
            assert_eq!(given, answers.min(most), "{request} bytes answered by {answer}");
            assert!(given * (answer as u64 + 28) <= 3 * (request as u64 + 28));
        }
    }

    #[test]
    fn own_host_may_get_more_than_it_sent() {
        let own = SocketAddr::from(([192, 0, 2, 7], 7000));
        let mut guard = Guard::new(Some(UdpLimits::default()), own);
        for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "192.0.2.7"] {
            let here = SocketAddr::new(here.parse().unwrap(), 5000);
            assert_eq!(guard.hear(here, 1, Instant::now()), Ok(()));
            assert_eq!((0..1000).find_map(|_| guard.charge(here, 1).err()), None, "{here}");
        }
    }

    #[test]
    fn sources_are_bounded_and_silent_ones_are_removed() {
        let mut guard = guard(limits());
        let start = Instant::now();
        assert_eq!(guard.hear(peer([192, 0, 2, 1], 5000), 1, start), Ok(()));
        assert_eq!(guard.hear(peer([192, 0, 2, 2], 5000), 1, start), Ok(()));
        assert_eq!(guard.hear(peer([192, 0, 2, 3], 5000), 1, start), Err(Ignored::TooManySources));
        let later = start + Duration::from_secs(1);
        assert_eq!(guard.hear(peer([192, 0, 2, 3], 5000), 1, later), Ok(()));
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_budget() {
        let mut guard = guard(limits());
        let now = Instant::now();
        let from = |text: &str| SocketAddr::new(text.parse().unwrap(), 5000);
        assert_eq!(echo(&mut guard, from("2001:db8::1"), 50, now), Ok(()));
        assert_eq!(echo(&mut guard, from("2001:db8::2"), 50, now), Err(Ignored::OverBudget));
        assert_eq!(echo(&mut guard, from("2001:db8:0:1::2"), 50, now), Ok(()));
    }
}
