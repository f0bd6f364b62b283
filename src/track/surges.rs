//! Floods and scans: what many connections that come to nothing show together.
//!
//! A connection that is never completed proves little alone. Many of them to one port, from one host to many ports, or
//! answers without requests, are one event, which is reported once. Memory is bounded: where a table is full, the entries
//! that were not counted for the longest time are forgotten, so less is known, never something wrong.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use foldhash::fast::RandomState;

use crate::model::{Endpoint, Nanos, Timestamp};

/// Entries in each of the two generations of a table.
const ENTRIES: usize = 2_048;
/// Most surges of one kind that are reported.
const REPORTED: usize = 16;
/// Frames named of each.
const NAMED: usize = 4;
/// The number of connections without a completed handshake that is a flood, at `FLOOD_RATE` or more per second.
const FLOOD: u64 = 100;
const FLOOD_RATE: u64 = 10;
/// The number of ports of a host, or of hosts with a port, that is a scan.
const SCAN: u64 = 20;
/// The number of hosts receiving answers to nothing that they sent, that is backscatter.
const BACKSCATTER: u64 = 20;

/// Words of the bitmap in which many different numbers are counted.
const WORDS: usize = 64;

/// Different numbers: the first are counted exactly, more are estimated from how much of a bitmap they fill (linear
/// counting).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Different {
    few: Vec<u64>,
    many: Option<Box<[u64; WORDS]>>,
}

impl Different {
    fn see(&mut self, number: u64) {
        if let Some(many) = &mut self.many {
            set(many, number);
        } else if let Err(place) = self.few.binary_search(&number) {
            self.few.insert(place, number);
            if self.few.len() as u64 > SCAN {
                let mut many = Box::new([0; WORDS]);
                std::mem::take(&mut self.few).into_iter().for_each(|number| set(&mut many, number));
                self.many = Some(many);
            }
        }
    }

    /// Returns the count, and `true` if it is exact.
    fn count(&self) -> (u64, bool) {
        let Some(many) = &self.many else { return (self.few.len() as u64, true) };
        let size = 64.0 * WORDS as f64;
        let clear = many.iter().map(|word| word.count_zeros()).sum::<u32>().max(1);
        ((size * (size / f64::from(clear)).ln()).round() as u64, false)
    }
}

/// Sets the number's bit.
fn set(many: &mut [u64; WORDS], number: u64) {
    // mixed, since neighbours would collide less often than chance has it
    let mixed = (number ^ number >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let bit = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 52;
    if let Some(word) = many.get_mut(bit as usize / 64) {
        *word |= 1 << (bit % 64);
    }
}

/// Connections that have something in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// The number of connections begun.
    pub begun: u64,
    /// The number of them that completed the handshake.
    pub opened: u64,
    /// The number of them refused by RST.
    pub refused: u64,
    /// The first frames.
    pub frames: Vec<u64>,
    /// Time of the first and the last.
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// The other ends.
    different: Different,
}

impl Attempts {
    fn see(&mut self, frame: u64, time: Option<Timestamp>, different: u64) {
        self.begun += 1;
        if self.frames.len() < NAMED {
            self.frames.push(frame);
        }
        self.first = self.first.or(time);
        self.last = time.or(self.last);
        self.different.see(different);
    }

    /// From the first of them to the last.
    pub fn duration(&self) -> Option<Nanos> {
        self.first.zip(self.last).map(|(first, last)| last.since(first))
    }

    /// Returns the number of different other ends, and `true` if it is exact.
    pub fn different(&self) -> (u64, bool) {
        let (count, exact) = self.different.count();
        (count.min(self.begun), exact)
    }

    fn unopened(&self) -> u64 {
        self.begun.saturating_sub(self.opened)
    }

    /// Nearly none of them opened.
    fn hardly_any_opened(&self) -> bool {
        self.unopened() >= self.begun / 5 * 4 && self.unopened() > 0
    }

    fn is_flood(&self) -> bool {
        let silent = self.unopened().saturating_sub(self.refused);
        let seconds = self.duration().map_or(0, |duration| duration.0.max(0).unsigned_abs() / 1_000_000_000);
        silent >= FLOOD && silent >= FLOOD_RATE.saturating_mul(seconds)
    }

    fn is_scan(&self) -> bool {
        self.different.count().0 >= SCAN && self.hardly_any_opened()
    }

    fn is_backscatter(&self) -> bool {
        self.different.count().0 >= BACKSCATTER
    }
}

/// The kind of a surge, and its endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Surge {
    /// Many SYNs to this port, and no handshake was completed.
    SynFlood(Endpoint),
    /// One host tried many ports of another.
    PortScan(IpAddr, IpAddr),
    /// One host tried a port of many hosts.
    HostScan(IpAddr, u16),
    /// Many hosts got answers of this port to SYNs that the capture lacks.
    Backscatter(Endpoint),
}

/// The entries that were counted last.
#[derive(Debug)]
struct Table<K> {
    young: HashMap<K, Attempts, RandomState>,
    old: HashMap<K, Attempts, RandomState>,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self { young: HashMap::default(), old: HashMap::default() }
    }
}

impl<K: Hash + Eq + Copy> Table<K> {
    fn entry(&mut self, key: K) -> &mut Attempts {
        let Self { young, old } = self;
        if young.len() < ENTRIES || young.contains_key(&key) {
            return young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_default());
        }
        let known = old.remove(&key).unwrap_or_default();
        std::mem::swap(old, young);
        young.clear();
        young.entry(key).or_insert(known)
    }

    fn get(&self, key: &K) -> Option<&Attempts> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    fn get_mut(&mut self, key: &K) -> Option<&mut Attempts> {
        self.young.get_mut(key).or_else(|| self.old.get_mut(key))
    }

    fn iter(&self) -> impl Iterator<Item = (K, &Attempts)> {
        self.young.iter().chain(&self.old).map(|(key, attempts)| (*key, attempts))
    }
}

/// The first packet of a connection, as far as floods and scans go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// A SYN.
    Syn,
    /// A SYN-ACK or RST: an answer to what the capture lacks.
    Answer,
}

/// All attempts to connect, by what they have in common.
#[derive(Debug, Default)]
pub(super) struct Surges {
    /// By the port that is asked: the hosts that ask.
    floods: Table<Endpoint>,
    /// By client and server: the ports.
    ports: Table<(IpAddr, IpAddr)>,
    /// By client and port: the hosts.
    hosts: Table<(IpAddr, u16)>,
    /// By the port that answers: the hosts that get the answers.
    answers: Table<Endpoint>,
}

impl Surges {
    /// A connection begins.
    #[cold]
    pub(super) fn begin(
        &mut self,
        opening: Opening,
        (client, server): (Endpoint, Endpoint),
        (frame, time): (u64, Option<Timestamp>),
    ) {
        match opening {
            Opening::Syn => {
                self.floods.entry(server).see(frame, time, number(client.address));
                let ports = self.ports.entry((client.address, server.address));
                ports.see(frame, time, u64::from(server.port));
                self.hosts.entry((client.address, server.port)).see(frame, time, number(server.address));
            }
            Opening::Answer => self.answers.entry(server).see(frame, time, number(client.address)),
        }
    }

    /// A connection that began here has completed its handshake, or was refused.
    #[cold]
    pub(super) fn count(&mut self, (client, server): (Endpoint, Endpoint), refused: bool) {
        let attempts = [
            self.floods.get_mut(&server),
            self.ports.get_mut(&(client.address, server.address)),
            self.hosts.get_mut(&(client.address, server.port)),
        ];
        for attempts in attempts.into_iter().flatten() {
            if refused {
                attempts.refused += 1;
            } else {
                attempts.opened += 1;
            }
        }
    }

    /// Returns `true` if a connection between these ends without a handshake or data is part of a surge.
    pub(super) fn has(&self, client: Endpoint, server: Endpoint) -> bool {
        let flood = self.floods.get(&server).is_some_and(Attempts::is_flood);
        let ports = self.ports.get(&(client.address, server.address)).is_some_and(Attempts::is_scan);
        let hosts = self.hosts.get(&(client.address, server.port)).is_some_and(Attempts::is_scan);
        flood || ports || hosts || self.answers.get(&server).is_some_and(Attempts::is_backscatter)
    }

    /// The surges so far, in the order of their first frames.
    pub(super) fn all(&self) -> Vec<(Surge, Attempts)> {
        let floods = pick(&self.floods, Attempts::is_flood, Surge::SynFlood);
        let ports = pick(&self.ports, Attempts::is_scan, |(client, server)| Surge::PortScan(client, server));
        let hosts = pick(&self.hosts, Attempts::is_scan, |(client, port)| Surge::HostScan(client, port));
        let answers = pick(&self.answers, Attempts::is_backscatter, Surge::Backscatter);
        let mut all: Vec<_> = floods.into_iter().chain(ports).chain(hosts).chain(answers).collect();
        all.sort_by_key(|(_, attempts)| attempts.frames.first().copied());
        all
    }
}

/// The first entries that are a surge.
fn pick<K: Hash + Eq + Copy>(
    table: &Table<K>,
    is_one: fn(&Attempts) -> bool,
    name: impl Fn(K) -> Surge,
) -> Vec<(Surge, Attempts)> {
    let mut found: Vec<_> = table.iter().filter(|(_, attempts)| is_one(attempts)).collect();
    found.sort_by_key(|(_, attempts)| std::cmp::Reverse(attempts.begun));
    found.truncate(REPORTED);
    found.into_iter().map(|(key, attempts)| (name(key), attempts.clone())).collect()
}

/// A number for an address.
fn number(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64 ^ (address.to_bits() as u64).rotate_left(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(port: u16) -> Endpoint {
        Endpoint::new([198, 51, 100, 1], port)
    }

    fn client(host: u8, port: u16) -> Endpoint {
        Endpoint::new([192, 0, 2, host], port)
    }

    fn at(millis: u64) -> (u64, Option<Timestamp>) {
        (millis + 1, Some(Timestamp::new(i64::try_from(millis / 1_000).expect("small"), 0)))
    }

    #[test]
    fn half_open_connections_at_a_high_rate_are_a_flood() {
        let mut surges = Surges::default();
        for attempt in 0..FLOOD {
            surges.begin(Opening::Syn, (client(attempt as u8, 4_000), server(80)), at(attempt));
        }
        let all = surges.all();
        assert_eq!(all.iter().map(|(surge, _)| surge.clone()).collect::<Vec<_>>(), [Surge::SynFlood(server(80))]);
        assert!(surges.has(client(200, 9), server(80)) && !surges.has(client(200, 9), server(81)));
    }

    #[test]
    fn slow_retries_and_connections_that_open_are_no_flood() {
        let mut surges = Surges::default();
        for attempt in 0..FLOOD {
            surges.begin(Opening::Syn, (client(1, attempt as u16), server(80)), at(attempt * 60_000));
            surges.begin(Opening::Syn, (client(attempt as u8, 4_000), server(443)), at(attempt));
            surges.count((client(attempt as u8, 4_000), server(443)), false);
        }
        assert_eq!(surges.all(), []);
    }

    #[test]
    fn many_ports_of_a_host_or_hosts_with_a_port_are_a_scan() {
        let mut surges = Surges::default();
        for port in 0..SCAN as u16 {
            surges.begin(Opening::Syn, (client(1, 4_000 + port), server(port)), at(port.into()));
            surges.count((client(1, 4_000 + port), server(port)), true);
            let other = Endpoint::new([203, 0, 113, port as u8], 22);
            surges.begin(Opening::Syn, (client(2, 4_000), other), at(port.into()));
        }
        let all: Vec<_> = surges.all().into_iter().map(|(surge, _)| surge).collect();
        assert!(all.contains(&Surge::PortScan(client(1, 0).address, server(0).address)), "{all:?}");
        assert!(all.contains(&Surge::HostScan(client(2, 0).address, 22)), "{all:?}");
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn many_connections_of_a_browser_are_not_a_scan() {
        let mut surges = Surges::default();
        for host in 0..100 {
            let ends = (client(1, 4_000), Endpoint::new([203, 0, 113, host], 443));
            surges.begin(Opening::Syn, ends, at(host.into()));
            surges.count(ends, false);
        }
        assert_eq!(surges.all(), []);
    }

    #[test]
    fn unsolicited_answers_to_many_hosts_are_backscatter() {
        let mut surges = Surges::default();
        for host in 0..BACKSCATTER as u8 {
            surges.begin(Opening::Answer, (client(host, 4_000), server(80)), at(host.into()));
        }
        assert_eq!(surges.all().len(), 1);
        assert!(surges.has(client(3, 1), server(80)));
    }

    #[test]
    fn many_different_numbers_are_estimated() {
        let mut different = Different::default();
        for number in 0..SCAN {
            different.see(number);
            different.see(number);
        }
        assert_eq!(different.count(), (SCAN, true));
        (0..1_000).for_each(|number| different.see(number));
        let (count, exact) = different.count();
        assert!(!exact && (950..1_050).contains(&count), "{count}");
    }

    #[test]
    fn tables_are_bounded() {
        let mut surges = Surges::default();
        for number in 0..50_000_u32 {
            let other = Endpoint::new(number.to_be_bytes(), 80);
            surges.begin(Opening::Syn, (client(1, 1), other), at(number.into()));
        }
        assert!(surges.floods.young.len() <= ENTRIES && surges.floods.old.len() <= ENTRIES);
    }
}
