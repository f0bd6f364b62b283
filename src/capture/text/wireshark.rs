//! Rows of the packet list of Wireshark and tshark: number, time, addresses, protocol, length and info, as far as they were
//! copied.

use std::collections::HashMap;
use std::net::IpAddr;

use super::clock::{self, Stamp};
use super::options::{put, rebase_sack};
use super::printed::{
    ACK, AE, Body, CWR, ECE, FIN, PSH, PrintedIcmp, PrintedIp, PrintedPacket, PrintedQuote, PrintedTcp, RST, SYN, TCP,
    UDP, URG,
};
use super::scan::{self, Scan};
use super::tcpdump::{RECENT, RecordKind};
use crate::model::Unknown;

/// Most connections whose window scales are known at once.
const MAX_CONNECTIONS: usize = 65_536;
/// Distance between the initial sequence numbers of two connections.
const APART: u32 = 0x1000_0000;
const ARROWS: [&str; 3] = ["→", ">", "->"];

/// An address and port, and the other end's.
type Ends = ((IpAddr, u16), (IpAddr, u16));

/// The columns of a row before its info.
struct Columns<'t> {
    stamp: Option<Stamp>,
    source: IpAddr,
    destination: IpAddr,
    protocol: &'t str,
    length: Option<u32>,
    info: &'t str,
}

/// The windows that one direction of a connection has shown.
#[derive(Clone, Copy, Debug, Default)]
struct WindowHistory {
    /// The scale that its SYN offered, where the text shows it.
    scale: Option<u8>,
    last: Option<u32>,
}

/// Reads the rows of one text.
#[derive(Debug, Default)]
pub(super) struct Rows {
    windows: HashMap<Ends, WindowHistory>,
    /// Bytes of a frame besides the payload of a segment with ACK.
    overhead: Option<u32>,
    /// Connections that Wireshark says to use the ports of an earlier one: relative numbers of both would be the same.
    reused: HashMap<Ends, u32>,
    /// Numbers are as on the wire: a SYN had another than 0.
    absolute: Option<bool>,
}

/// Returns `true` if a line is a row of the packet list.
pub(super) fn begins(line: &str) -> bool {
    columns(line).is_some() || other(line).is_some()
}

/// A row of a frame that is not IP: `4 4.547 PcsCompu_a0:73:e5 → ARP 44 Who has …`.
fn other(line: &str) -> Option<(Option<Stamp>, bool)> {
    let mut scan = Scan::new(line);
    scan.number().filter(|_| scan.rest.starts_with([' ', '\t']))?;
    let stamp = clock::elapsed(scan.word()?)?;
    scan.rest.split_whitespace().nth(3)?;
    let is_arp = scan.rest.split_whitespace().take(6).any(|word| word == "ARP");
    Some((Some(stamp), is_arp))
}

fn columns(line: &str) -> Option<Columns<'_>> {
    let mut scan = Scan::new(line);
    let mut stamp = None;
    let source = loop {
        let mut ahead = scan;
        if let Some(date) = clock::stamp(&mut ahead) {
            // seconds since the first packet have fewer digits than those since 1970
            stamp = Some(match date {
                Stamp::Epoch(seconds, nanos) if seconds < RECENT => Stamp::Elapsed(seconds, nanos),
                other => other,
            });
            scan = ahead;
            continue;
        }
        let word = scan.word()?;
        if word.starts_with('-') {
            stamp = Some(clock::elapsed(word)?);
            continue;
        }
        if let Some(address) = scan::address(word) {
            break address;
        }
        word.parse::<u64>().ok()?;
    };
    let arrow = scan.peek().is_some_and(|word| ARROWS.contains(&word));
    if arrow {
        scan.word();
    }
    let destination = scan::address(scan.word()?)?;
    let protocol = scan.word().filter(|word| word.starts_with(|sign: char| sign.is_ascii_alphabetic()))?;
    let mut ahead = scan;
    let length = ahead.word().and_then(|word| word.parse().ok());
    // without the column the first number is a port
    let length = length.filter(|_| !ahead.peek().is_some_and(|word| ARROWS.contains(&word)));
    if length.is_some() {
        scan = ahead;
    }
    Some(Columns { stamp, source, destination, protocol, length, info: scan.rest.trim() })
}

impl Rows {
    /// For a text whose first lines are these: they tell how long the headers are.
    pub(super) fn new<'t>(lines: impl Iterator<Item = &'t str>) -> Self {
        let mut rows = Self::default();
        for row in lines.filter_map(columns) {
            if let Some((tcp, false)) = segment(row.info)
                && !tcp.has(SYN)
                && let (Some(len), Some(length)) = (tcp.len.filter(|len| *len > 0), row.length)
                && let Some(overhead) = length.checked_sub(len)
            {
                rows.overhead = Some(rows.overhead.map_or(overhead, |before| before.min(overhead)));
            }
        }
        rows
    }

    /// Reads a row: its time, what it says, and which of its numbers are not as on the wire.
    pub(super) fn read(&mut self, line: &str) -> (Option<Stamp>, RecordKind<'static>, Unknown) {
        let Some(row) = columns(line) else {
            return match other(line) {
                Some((stamp, true)) => (stamp, RecordKind::Arp(None), Unknown::default()),
                Some((stamp, false)) => (stamp, RecordKind::NotIp(None), Unknown::default()),
                None => (None, RecordKind::Unread("it is no row of a packet list"), Unknown::default()),
            };
        };
        let mut unknown = Unknown::default();
        let body = match (row.protocol, segment(row.info)) {
            (_, Some((mut tcp, _))) => match self.settle(&row, &mut tcp) {
                Ok(missing) => {
                    unknown = missing;
                    Body::Tcp(tcp)
                }
                Err(why) => return (row.stamp, RecordKind::Unread(why), unknown),
            },
            ("UDP", None) => match datagram(row.info) {
                Some((ports, len)) => Body::Udp { ports, len },
                None => Body::Hidden(UDP),
            },
            ("ICMP", None) => Body::Icmp(icmp(&row, 34)),
            ("ICMPv6", None) => Body::Icmp(icmp(&row, 54)),
            ("DNS" | "MDNS" | "NTP" | "DHCP" | "QUIC" | "SSDP" | "LLMNR" | "TFTP" | "SNMP", None) => Body::Hidden(UDP),
            ("IPv4" | "IPv6" | "IGMPv2" | "IGMPv3" | "GRE" | "ESP" | "OSPF" | "SCTP", None) => Body::Other(255),
            _ => Body::Hidden(TCP),
        };
        let printed = PrintedPacket {
            wire_len: row.length,
            macs: None,
            ip: PrintedIp::default(),
            source: row.source,
            destination: row.destination,
            body,
            payload: None,
        };
        (row.stamp, RecordKind::Packet(Box::new(printed), ""), unknown)
    }

    /// Keeps the placeholders of a connection's numbers apart from those of an earlier one on the same ports.
    fn set_apart(&mut self, row: &Columns<'_>, (source, destination): Ends, tcp: &mut PrintedTcp) {
        let key = if source <= destination { (source, destination) } else { (destination, source) };
        if row.info.contains("Port numbers reused") {
            if self.reused.len() >= MAX_CONNECTIONS {
                self.reused.clear();
            }
            let base = self.reused.entry(key).or_default();
            *base = base.wrapping_add(APART);
        }
        if let Some(base) = self.reused.get(&key).filter(|_| !self.reused.is_empty()) {
            tcp.seq = tcp.seq.map(|seq| seq.wrapping_add(*base));
            tcp.ack = tcp.ack.map(|ack| ack.wrapping_add(*base));
            rebase_sack(&mut tcp.options, *base);
        }
    }

    /// Fills in the values of a segment that other rows show.
    fn settle(&mut self, row: &Columns<'_>, tcp: &mut PrintedTcp) -> Result<Unknown, &'static str> {
        if tcp.seq.is_none() {
            return Err("its sequence number is not shown");
        }
        if tcp.has(ACK) && tcp.ack.is_none() {
            return Err("its acknowledgment number is not shown");
        }
        if tcp.len.is_none() {
            tcp.len = match (row.length, self.overhead) {
                _ if tcp.has(SYN) => Some(0),
                (Some(length), Some(overhead)) => length.checked_sub(overhead),
                _ => None,
            };
        }
        if tcp.len.is_none() && !tcp.has(RST) {
            return Err("the length of its payload is not shown");
        }
        if tcp.has(SYN) && self.absolute.is_none() {
            self.absolute = Some(tcp.seq != Some(0));
        }
        let mut unknown = if self.absolute == Some(true) { Unknown::default() } else { Unknown::SEQ.and(Unknown::ACK) };
        let own = ((row.source, tcp.ports.0), (row.destination, tcp.ports.1));
        if !tcp.has(ACK) {
            unknown = unknown.and(Unknown::ACK_FIELD);
        }
        if self.absolute != Some(true) {
            self.set_apart(row, own, tcp);
        }
        if self.windows.len() >= MAX_CONNECTIONS && !self.windows.contains_key(&own) {
            self.windows.clear();
        }
        let peer = self.windows.get(&(own.1, own.0)).copied().unwrap_or_default();
        let windows = self.windows.entry(own).or_default();
        let length = tcp.options.len().next_multiple_of(4) as u32 + tcp.len.unwrap_or(0);
        // a link header of Ethernet, a cooked capture, loopback or none
        let headers = row
            .length
            .and_then(|all| all.checked_sub(length))
            .map(|all| all - all.min(if row.source.is_ipv4() { 40 } else { 60 }));
        if !matches!(headers, Some(0 | 4 | 14 | 16 | 18 | 20)) {
            unknown = unknown.and(Unknown::OPTIONS);
        }
        if tcp.has(SYN) {
            *windows = WindowHistory { scale: tcp.scale, last: tcp.window };
            if tcp.window.is_none() {
                unknown = unknown.and(Unknown::WINDOW);
                tcp.window = Some(u32::from(u16::MAX));
            }
            return Ok(unknown);
        }
        let shown = tcp.window.or(windows.last);
        windows.last = shown;
        match (shown, windows.scale.zip(peer.scale)) {
            (Some(window), Some((shift, _))) if tcp.window.is_some() => tcp.window = Some(window >> shift.min(14)),
            (shown, _) => {
                tcp.window = Some(shown.unwrap_or(u32::from(u16::MAX)).min(u32::from(u16::MAX)));
                unknown = unknown.and(Unknown::WINDOW);
            }
        }
        Ok(unknown)
    }
}

/// Ports at the front of an info, around an arrow: `52060 → 12345` or `52060 → http(80)`.
fn ports(scan: &mut Scan<'_>) -> Option<(u16, u16)> {
    while scan.rest.trim_start().starts_with('[') {
        scan.enclosed('[', ']')?;
    }
    let port = |word: &str| {
        let number = word.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(word);
        number.parse().ok()
    };
    let source = port(scan.word()?)?;
    ARROWS.contains(&scan.word()?).then_some(())?;
    Some((source, port(scan.word()?)?))
}

fn datagram(info: &str) -> Option<((u16, u16), u32)> {
    let mut scan = Scan::new(info);
    let ports = ports(&mut scan)?;
    let len = scan.number_after("Len=").and_then(|len| u32::try_from(len).ok()).filter(|len| *len < 65_528)?;
    Some((ports, len))
}

/// `52060 → 12345 [SYN] Seq=0 Win=29200 Len=0 MSS=1460 …`, and whether it is cut.
fn segment(info: &str) -> Option<(PrintedTcp, bool)> {
    let mut scan = Scan::new(info);
    let ports = ports(&mut scan)?;
    let inner = scan.rest.trim_start().strip_prefix('[')?;
    let end = inner.find(']').into_iter().chain(inner.find("Seq=")).min()?;
    let (flags, rest) = inner.split_at_checked(end)?;
    let mut tcp = PrintedTcp { ports, ..PrintedTcp::default() };
    for flag in flags.split(',').map(str::trim).filter(|flag| !flag.is_empty()) {
        tcp.flags |= match flag {
            "FIN" => FIN,
            "SYN" => SYN,
            "RST" => RST,
            "PSH" => PSH,
            "ACK" => ACK,
            "URG" => URG,
            "ECE" | "ECN" => ECE,
            "CWR" => CWR,
            "AE" | "NS" | "AECN" => AE,
            "<None>" => 0,
            _ => return None,
        };
    }
    let cut = rest.ends_with("...") || rest.ends_with('…');
    let (mut stamp, mut echo, mut left) = (None, None, None);
    let mut sack = Vec::new();
    for word in rest.trim_start_matches(']').split_whitespace().take(64) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let number = value.parse::<u32>().ok();
        match name {
            "Seq" => tcp.seq = number,
            "Ack" => tcp.ack = number,
            "Win" => tcp.window = number,
            "Len" => tcp.len = number,
            "Urg" => tcp.urgent = value.parse().unwrap_or(0),
            "MSS" => number
                .and_then(|mss| u16::try_from(mss).ok())
                .into_iter()
                .for_each(|mss| put(&mut tcp.options, 2, &mss.to_be_bytes())),
            "SACK_PERM" if !cut || matches!(value, "" | "1") => put(&mut tcp.options, 4, &[]),
            "WS" => {
                tcp.scale = number
                    .filter(|factor| factor.is_power_of_two())
                    .and_then(|factor| u8::try_from(factor.trailing_zeros()).ok());
                tcp.scale.into_iter().for_each(|shift| put(&mut tcp.options, 3, &[shift]));
            }
            "TSval" => stamp = number,
            "TSecr" => echo = number,
            "SLE" => left = number,
            "SRE" => sack.extend(left.take().zip(number)),
            _ => {}
        }
    }
    if let (Some(value), Some(echo)) = (stamp, echo) {
        put(&mut tcp.options, 8, &[value.to_be_bytes(), echo.to_be_bytes()].concat());
    }
    let blocks: Vec<u8> = sack
        .iter()
        .take(4)
        .flat_map(|(left, right): &(u32, u32)| [left.to_be_bytes(), right.to_be_bytes()].concat())
        .collect();
    if !blocks.is_empty() {
        put(&mut tcp.options, 5, &blocks);
    }
    tcp.options.truncate(40);
    Some((tcp, cut))
}

/// An ICMP message, whose info does not name the packet that it quotes. That a port is unreachable is said by the host
/// itself that the packet was for (RFC 1122 §3.2.2.1).
fn icmp(row: &Columns<'_>, headers: u32) -> PrintedIcmp {
    let text = row.info.to_ascii_lowercase();
    let v6 = headers == 54;
    let (kind, code) = match (v6, text.as_str()) {
        (false, text) if text.contains("port unreachable") => (3, 3),
        (false, text) if text.contains("host unreachable") => (3, 1),
        (false, text) if text.contains("network unreachable") => (3, 0),
        (false, text) if text.contains("fragmentation needed") => (3, 4),
        (false, text) if text.contains("destination unreachable") => (3, 2),
        (false, text) if text.contains("time-to-live exceeded") => (11, 0),
        (true, text) if text.contains("port unreachable") => (1, 4),
        (true, text) if text.contains("unreachable") => (1, 0),
        (true, text) if text.contains("exceeded") => (3, 0),
        (true, _) => (128, 0),
        (false, _) => (8, 0),
    };
    let len = row.length.and_then(|length| length.checked_sub(headers)).unwrap_or(8).clamp(8, 65_000);
    let (source, destination) = (row.destination, row.source);
    let quoted = matches!((v6, kind, code), (false, 3, 3) | (true, 1, 4)).then_some(PrintedQuote {
        protocol: 0,
        source,
        destination,
        source_port: None,
        destination_port: None,
    });
    PrintedIcmp { kind, code, len, mtu: None, quoted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_recognized_by_their_columns() {
        for row in [
            "3\t0.525404765\t127.0.0.1\t127.0.0.1\tTCP\t76\t59298 → 8888 [SYN] Seq=0 Win=65495 Len=0 MSS=65495 SACK_PERM=...",
            "192.168.1.13 192.168.1.21 TCP 75 52060 → 12345 [PSH, ACK] Seq=650532454 Ack=3634148475 Win=29312 Len=9",
            "    1   0.000000    127.0.0.1 → 127.0.0.1    UDP 45 53914 > 4002 Len=17",
            "    2  -0.000041 2001:db8:1::2 → ff02::1:ff00:1 ICMPv6 86 Neighbor Solicitation for 2001:db8:1::1",
            "    4   4.547270 PcsCompu_a0:73:e5 →              ARP 44 Who has 10.0.2.3? Tell 10.0.2.4",
        ] {
            assert!(begins(row), "{row}");
        }
        for text in ["", "No.     Time  Source", "127.0.0.1", "10.0.0.1 > 10.0.0.2: hello", "3 words here and there"] {
            assert!(!begins(text), "{text}");
        }
    }

    #[test]
    fn truncated_flag_list_is_read() {
        let (tcp, _) = segment("52196 → 12345 [SYN, Seq=0 Win=29200 Len=0 MSS=1460 SACK_PERM=").expect("a segment");
        assert_eq!((tcp.flags, tcp.seq, tcp.window, tcp.len), (SYN, Some(0), Some(29_200), Some(0)));
    }

    #[test]
    fn a_length_that_is_not_shown_follows_from_the_others() {
        let lines = [
            "10.0.0.1\t10.0.0.2\tTCP\t66\t1 → 2 [ACK] Seq=5 Ack=7",
            "10.0.0.1\t10.0.0.2\tTCP\t75\t1 → 2 [PSH, ACK] Seq=5 Ack=7 Win=29312 Len=9",
        ];
        let mut rows = Rows::new(lines.into_iter());
        let (_, RecordKind::Packet(printed, _), _) = rows.read(lines[0]) else { panic!("no packet") };
        assert!(matches!(&printed.body, Body::Tcp(tcp) if tcp.len == Some(0)));
        let alone = Rows::default().read(lines[0]);
        assert!(matches!(alone, (_, RecordKind::Unread("the length of its payload is not shown"), _)));
    }
}
