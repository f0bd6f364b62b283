//! The lines that tcpdump prints, as far as they are about conversations: IP, TCP, UDP and ICMP errors.

use std::net::IpAddr;

use super::clock::{self, Stamp};
use super::options;
use super::printed::{
    ACK, AE, Body, CWR, ECE, FIN, PSH, PrintedIcmp, PrintedIp, PrintedPacket, PrintedQuote, PrintedTcp, RST, SYN, TCP,
    UDP, URG,
};
use super::scan::{self, Scan};

/// Seconds since 1970 that no capture is older than.
pub(super) const RECENT: i64 = 100_000_000;
/// Maximum number of IP headers one within the other.
const TUNNELS: usize = 4;

/// The kind of one record of the text.
#[derive(Debug)]
pub(super) enum RecordKind<'t> {
    /// A packet, and the text behind it.
    Packet(Box<PrintedPacket>, &'t str),
    /// Address resolution.
    Arp(Option<u32>),
    /// A packet of another network protocol.
    NotIp(Option<u32>),
    /// Nothing that can be read: why.
    Unread(&'static str),
}

/// Takes the sign that a mail puts before a quotation off a line.
pub(super) fn unquoted(line: &str) -> &str {
    let mut line = line;
    while let Some(rest) = line.strip_prefix('>') {
        line = rest.strip_prefix(' ').unwrap_or(rest);
    }
    line
}

/// The time at the front of a record, behind a packet number (`--number`) if there is one.
pub(super) fn time(scan: &mut Scan<'_>) -> Option<Stamp> {
    let mut behind_number = *scan;
    if behind_number.number().is_some()
        && behind_number.rest.starts_with(' ')
        && let Some(stamp) = clock::stamp(&mut behind_number)
        // seconds since the first packet are Wireshark's
        && !matches!(stamp, Stamp::Epoch(0..RECENT, _))
    {
        *scan = behind_number;
        return Some(stamp);
    }
    clock::stamp(scan)
}

/// Returns `true` if a line begins a packet.
///
/// `timed` tells whether the packets of the text have times, as far as that is known: then what has none is a packet that
/// an ICMP error quotes.
pub(super) fn begins(line: &str, timed: Option<bool>) -> bool {
    let mut scan = Scan::new(unquoted(line));
    if time(&mut scan).is_some() {
        return scan.peek().is_some() && timed != Some(false);
    }
    if timed == Some(true) || line.starts_with(char::is_whitespace) {
        return false;
    }
    interface(&mut scan);
    let Some(word) = scan.word() else { return false };
    match word {
        "IP" | "IP6" | "ip:" | "ip6:" => {
            scan.takes("(") || scan.word().and_then(scan::end).is_some() && scan.takes(">")
        }
        "ARP," => true,
        "AF" => scan.rest.contains(", length"),
        _ => scan::mac(word).is_some() && (scan.takes(">") || scan.rest.contains("ethertype")),
    }
}

/// The start of a later packet in a line whose breaks were lost.
pub(super) fn begins_within(line: &str) -> Option<usize> {
    for (at, _) in line.match_indices(" IP") {
        let before = line.get(..at)?;
        let word_at = |end: usize| {
            line.get(..end).map_or(0, |text| text.trim_end().rfind(char::is_whitespace).map_or(0, |space| space + 1))
        };
        let mut word = word_at(at);
        let stamp =
            before.get(word..).filter(|word| word.contains(':')).and_then(|word| clock::stamp(&mut Scan::new(word)));
        // the date before it
        let date = word_at(word);
        if matches!(line.get(date..).and_then(|text| clock::stamp(&mut Scan::new(text))), Some(Stamp::Date(..))) {
            word = date;
        }
        // a packet's number may be before it
        let is_first = line.get(..word).is_none_or(|text| text.trim().chars().all(|sign| sign.is_ascii_digit()));
        if !is_first && stamp.is_some() && line.get(word..).is_some_and(|line| begins(line, None)) {
            return Some(word);
        }
    }
    None
}

/// Passes over the interface and direction of `-i any`.
fn interface(scan: &mut Scan<'_>) {
    const DIRECTIONS: [&str; 5] = ["In", "Out", "B", "M", "P"];
    let mut ahead = *scan;
    let first = ahead.word().unwrap_or_default();
    if DIRECTIONS.contains(&first) || ahead.word().is_some_and(|second| DIRECTIONS.contains(&second)) {
        *scan = ahead;
    }
}

/// Reads a record: its time, and what it says.
pub(super) fn read(record: &str) -> (Option<Stamp>, RecordKind<'_>) {
    let mut scan = Scan::new(record);
    let stamp = time(&mut scan);
    interface(&mut scan);
    (stamp, reading(scan))
}

fn reading(mut scan: Scan<'_>) -> RecordKind<'_> {
    let (mut wire_len, mut macs) = (None, None);
    let first_line = scan.rest.trim_start().split('\n').next().unwrap_or_default();
    let version = if first_line.contains("ethertype ") || first_line.starts_with("AF ") {
        macs = addresses(&mut scan);
        let version = first_line.split(" > ").find_map(|_| ethertype(first_line));
        wire_len = scan.number_after(", length ").and_then(|len| u32::try_from(len).ok());
        let Some((_, behind)) = scan.rest.split_once(", length ") else {
            return RecordKind::Unread("its link header is cut");
        };
        scan.rest = behind.split_once(':').map_or("", |(_, rest)| rest);
        while let Some((head, rest)) =
            scan.rest.split_once("), ").filter(|(head, _)| head.contains("ethertype ") && !head.contains('\n'))
        {
            // tags of VLANs
            let _ = head;
            scan.rest = rest;
        }
        match version {
            Some("IPv4") => 4,
            Some("IPv6") => 6,
            Some("ARP") => return RecordKind::Arp(wire_len),
            Some(_) => return RecordKind::NotIp(wire_len),
            None => return RecordKind::Unread("its link header is cut"),
        }
    } else {
        match scan.word() {
            Some("IP") => 4,
            Some("IP6") => 6,
            // raw IP with -e
            Some("ip:" | "ip6:") => match scan.peek() {
                Some(address) if address.contains(':') && !address.starts_with('(') => 6,
                Some("(hlim" | "(class" | "(flowlabel") => 6,
                _ => 4,
            },
            Some("ARP," | "RARP," | "Reverse") => return RecordKind::Arp(None),
            Some(_) => return RecordKind::NotIp(None),
            None => return RecordKind::Unread("nothing follows its time"),
        }
    };
    match packet(scan, version, TUNNELS) {
        Ok((mut printed, rest)) => {
            (printed.wire_len, printed.macs) = (wire_len, macs);
            RecordKind::Packet(Box::new(printed), rest)
        }
        Err(why) => RecordKind::Unread(why),
    }
}

/// The innermost protocol that a line names: behind the tags of VLANs.
fn ethertype(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("AF ") {
        return rest.split_whitespace().next();
    }
    let mut found = None;
    for (at, label) in line.match_indices("ethertype ").take(4) {
        found = line.get(at + label.len()..).and_then(|rest| rest.split([' ', ',']).next());
    }
    found
}

/// Ethernet's addresses, destination first.
fn addresses(scan: &mut Scan<'_>) -> Option<([u8; 6], [u8; 6])> {
    let mut ahead = *scan;
    let source = scan::mac(ahead.word()?)?;
    if ahead.peek().is_some_and(|word| word.starts_with('(')) {
        ahead.enclosed('(', ')')?;
    }
    if !ahead.takes(">") {
        return None;
    }
    let destination = scan::mac(ahead.word()?.trim_end_matches(','))?;
    *scan = ahead;
    Some((destination, source))
}

/// An IP packet from its header on, and the text behind what was read.
fn packet(mut scan: Scan<'_>, version: u8, tunnels: usize) -> Result<(PrintedPacket, &str), &'static str> {
    let mut ip = PrintedIp::default();
    if scan.rest.trim_start().starts_with('(') {
        let inner = scan.enclosed('(', ')').ok_or("its IP header is cut")?;
        ip = if version == 4 { header4(inner) } else { header6(inner) }.ok_or("its IP header can't be read")?;
    }
    let names = "its addresses are no numbers: tcpdump -nn prints them so";
    let source = scan.word().and_then(scan::end).ok_or(names)?;
    if !scan.takes(">") {
        return Err("it has no destination");
    }
    let destination = scan.word().map(|word| word.trim_end_matches(':'));
    let destination = destination.and_then(scan::end).ok_or(names)?;
    let is_inner = |scan: &mut Scan<'_>, name: &str| scan.peek() == Some(name) && scan.takes(name);
    for (name, version) in [("IP", 4), ("IP6", 6)] {
        if is_inner(&mut scan, name) {
            let left = tunnels.checked_sub(1).ok_or("too many headers are one within the other")?;
            return packet(scan, version, left);
        }
    }
    let printed = |ip, body| PrintedPacket {
        wire_len: None,
        macs: None,
        ip,
        source: source.0,
        destination: destination.0,
        body,
        payload: None,
    };
    let ports = source.1.zip(destination.1);
    let body = match ports {
        _ if ip.fragment & 0x1fff != 0 => Body::Other(ip.protocol.unwrap_or(UDP)),
        Some(ports) if scan.takes("Flags [") => Body::Tcp(segment(&mut scan, ports)?),
        Some(_) if scan.rest.trim_start().starts_with("sctp") => Body::Other(132),
        Some(_) if ip.protocol.is_some_and(|protocol| protocol != UDP) => Body::Hidden(ip.protocol.unwrap_or(TCP)),
        Some(_) if scan.rest.trim_start().starts_with("[|tcp]") => Body::Hidden(TCP),
        Some(ports) => Body::Udp { ports, len: datagram(&mut scan, &ip, version)? },
        None => other(&mut scan, version, ip, (source.0, destination.0)),
    };
    Ok((printed(ip, body), scan.rest))
}

/// `tos 0x0, ttl 64, id 46169, offset 0, flags [DF], proto TCP (6), length 60`.
fn header4(text: &str) -> Option<PrintedIp> {
    let scan = Scan::new(text);
    let class = text.split_once("tos 0x")?.1.split([',', ' ']).next()?;
    let flags = text.split_once("flags [").and_then(|(_, rest)| rest.split(']').next()).unwrap_or_default();
    let offset = u16::try_from(scan.number_after("offset ").unwrap_or(0) / 8).ok()?;
    let more = if flags.contains('+') { 0x2000 } else { 0 };
    let fixed = if flags.contains("DF") { 0x4000 } else { 0 };
    let protocol = text
        .split_once("proto ")
        .and_then(|(_, rest)| rest.split_once('('))
        .and_then(|(_, rest)| Scan::new(rest).number());
    Some(PrintedIp {
        shown: true,
        class: u8::from_str_radix(class, 16).ok()?,
        ttl: scan.number_after("ttl ").and_then(|ttl| u8::try_from(ttl).ok()).unwrap_or(0),
        id: scan.number_after("id ").and_then(|id| u16::try_from(id).ok())?,
        fragment: (offset & 0x1fff) | more | fixed,
        protocol: protocol.and_then(|protocol| u8::try_from(protocol).ok()),
        length: scan.number_after("length ").and_then(|length| u32::try_from(length).ok()),
    })
}

/// `class 0x02, flowlabel 0x6a3e2, hlim 64, next-header TCP (6) payload length: 40`.
fn header6(text: &str) -> Option<PrintedIp> {
    let scan = Scan::new(text);
    let class = text.split_once("class 0x").and_then(|(_, rest)| rest.split([',', ' ']).next());
    let protocol = text.split_once("next-header ").and_then(|(_, rest)| rest.split_once('('))?.1;
    Some(PrintedIp {
        shown: true,
        class: class.and_then(|class| u8::from_str_radix(class, 16).ok()).unwrap_or(0),
        ttl: scan.number_after("hlim ").and_then(|ttl| u8::try_from(ttl).ok())?,
        id: 0,
        fragment: 0,
        protocol: Scan::new(protocol).number().and_then(|protocol| u8::try_from(protocol).ok()),
        length: scan.number_after("payload length: ").and_then(|length| u32::try_from(length + 40).ok()),
    })
}

/// A segment, behind `Flags [`.
fn segment(scan: &mut Scan<'_>, ports: (u16, u16)) -> Result<PrintedTcp, &'static str> {
    let (flags, rest) = scan.rest.split_once(']').ok_or("its flags are cut")?;
    scan.rest = rest;
    let mut tcp = PrintedTcp { ports, ..PrintedTcp::default() };
    for flag in flags.trim().chars().filter(|_| flags.trim() != "none") {
        tcp.flags |= match flag {
            'F' => FIN,
            'S' => SYN,
            'R' => RST,
            'P' => PSH,
            '.' => ACK,
            'U' => URG,
            'E' => ECE,
            'W' => CWR,
            'e' => AE,
            _ => return Err("a flag is unknown"),
        };
    }
    let number = |scan: &mut Scan<'_>| scan.number().and_then(|number| u32::try_from(number).ok());
    while scan.takes(",") {
        let Some(word) = scan.word() else { return Err("the line is cut") };
        match word {
            // its value is not used: whether it fits can't be checked without the bytes
            "cksum" => {
                scan.word();
                scan.enclosed('(', ')').ok_or("its checksum is cut")?;
            }
            "seq" => {
                tcp.seq = Some(number(scan).ok_or("its sequence number can't be read")?);
                if scan.takes(":") {
                    number(scan).ok_or("its sequence number is cut")?;
                }
            }
            "ack" => tcp.ack = Some(number(scan).ok_or("its acknowledgment number can't be read")?),
            "win" => tcp.window = Some(number(scan).ok_or("its window can't be read")?),
            "urg" => {
                tcp.urgent = number(scan)
                    .and_then(|urgent| u16::try_from(urgent).ok())
                    .ok_or("its urgent pointer can't be read")?
            }
            "options" => {
                let text = scan.enclosed('[', ']').ok_or("its options are cut")?;
                tcp.options = options::bytes(text).unwrap_or_else(|| {
                    tcp.options_cut = true;
                    Vec::new()
                });
            }
            "length" => {
                tcp.len = Some(number(scan).ok_or("its length can't be read")?);
                end_of_line(scan);
                return complete(tcp);
            }
            _ => return Err("the line can't be read as a TCP segment"),
        }
    }
    Err("the line is cut before the length")
}

fn complete(tcp: PrintedTcp) -> Result<PrintedTcp, &'static str> {
    match (tcp.window, tcp.has(ACK), tcp.ack) {
        (None, ..) => Err("it has no window"),
        (_, true, None) => Err("it has no acknowledgment number"),
        _ => Ok(tcp),
    }
}

/// Passes over what a dissector of the payload printed on the same line.
fn end_of_line(scan: &mut Scan<'_>) {
    // without breaks a dump may follow
    let end = scan.rest.find('\n').unwrap_or(scan.rest.len());
    let end = super::dump::start(scan.rest).map_or(end, |dump| dump.min(end));
    scan.rest = scan.rest.get(end..).unwrap_or_default();
}

/// The payload's length of a datagram.
fn datagram(scan: &mut Scan<'_>, ip: &PrintedIp, version: u8) -> Result<u32, &'static str> {
    let text = scan.rest;
    let line = text.split('\n').next().unwrap_or_default();
    let line = super::dump::start(line).and_then(|at| line.get(..at)).unwrap_or(line).trim_end();
    let printed = |label: &str| line.rfind(label).and_then(|at| Scan::new(line.get(at + label.len()..)?).number());
    let header = if version == 4 { 28 } else { 48 };
    let in_brackets =
        || line.strip_suffix(')').and_then(|line| line.rsplit_once('(')).and_then(|(_, inner)| inner.parse().ok());
    let by_ip =
        ip.length.and_then(|length| length.checked_sub(header)).filter(|_| ip.fragment & 0x3fff == 0).map(u64::from);
    let len = printed("UDP, length ").or(by_ip).or_else(in_brackets).or_else(|| printed("length "));
    end_of_line(scan);
    len.and_then(|len| u32::try_from(len).ok())
        .filter(|len| *len < 65_536)
        .ok_or("the length of its payload is not shown")
}

/// A packet without ports: ICMP or another transport.
fn other(scan: &mut Scan<'_>, version: u8, ip: PrintedIp, ends: (IpAddr, IpAddr)) -> Body {
    while scan.rest.trim_start().starts_with('[') && scan.enclosed('[', ']').is_some() {}
    let mut ahead = *scan;
    let name = ahead.word().unwrap_or_default();
    let body = match name {
        "ICMP" | "ICMP6," => {
            icmp(ahead, version, ip, ends).map_or(Body::Other(if version == 4 { 1 } else { 58 }), Body::Icmp)
        }
        _ => Body::Other(ip.protocol.or_else(|| protocol(name)).unwrap_or(255)),
    };
    if !matches!(body, Body::Icmp(_)) {
        end_of_line(scan);
    }
    body
}

/// The number of a transport by tcpdump's name for it.
fn protocol(name: &str) -> Option<u8> {
    Some(match name.trim_end_matches([',', ':']) {
        "igmp" => 2,
        "GREv0" | "GREv1" | "gre" => 47,
        "ESP(spi" | "ESP" => 50,
        "AH" => 51,
        "OSPFv2" | "OSPFv3" => 89,
        "PIMv2" | "PIMv1" => 103,
        "VRRPv2" | "VRRPv3" => 112,
        "sctp" => 132,
        name => name.strip_prefix("ip-proto-")?.parse().ok()?,
    })
}

/// An ICMP error that names what it is about.
fn icmp(scan: Scan<'_>, version: u8, ip: PrintedIp, (source, destination): (IpAddr, IpAddr)) -> Option<PrintedIcmp> {
    let text = scan.rest;
    let line = text.split('\n').next()?;
    let (kind, code) = match version {
        4 if line.contains(" port ") && line.contains(" unreachable") => (3, 3),
        4 if line.contains("need to frag") => (3, 4),
        4 if line.contains(" host ") && line.contains("admin prohibited filter") => (3, 13),
        4 if line.contains(" host ") && line.contains("admin prohibited") => (3, 10),
        4 if line.contains("host ") && line.contains(" unreachable") => (3, 1),
        4 if line.contains("net ") && line.contains(" unreachable") => (3, 0),
        4 if line.contains("protocol ") && line.contains(" unreachable") => (3, 2),
        4 if line.contains("time exceeded in-transit") => (11, 0),
        6 if line.contains("unreachable port") => (1, 4),
        6 if line.contains("unreachable route") => (1, 0),
        6 if line.contains("unreachable prohibited") => (1, 1),
        6 if line.contains("unreachable address") => (1, 3),
        6 if line.contains("time exceeded in-transit") => (3, 0),
        6 if line.contains("packet too big") => (2, 0),
        _ => return None,
    };
    let printed = Scan::new(line).number_after("length ").and_then(|len| u32::try_from(len).ok());
    let header = if version == 4 { 20 } else { 40 };
    let len = printed.or(ip.length.and_then(|length| length.checked_sub(header)))?;
    let mtu = ["(mtu ", "mtu "].into_iter().find_map(|label| Scan::new(line).number_after(label));
    Some(PrintedIcmp {
        kind,
        code,
        len: len.clamp(8, 65_535),
        mtu: mtu.and_then(|mtu| u16::try_from(mtu).ok()),
        quoted: printed_quote(text).or_else(|| named_quote(line, source, destination)),
    })
}

/// The quoted packet that `-v` prints behind the message.
fn printed_quote(text: &str) -> Option<PrintedQuote> {
    let (at, _) = text
        .match_indices('\n')
        .find(|(at, _)| text.get(at + 1..).is_some_and(|rest| rest.trim_start().starts_with("IP")))?;
    let mut scan = Scan::new(text.get(at + 1..)?);
    let version = if scan.word()? == "IP" { 4 } else { 6 };
    let (printed, _) = packet(scan, version, 1).ok()?;
    let (protocol, ports) = match printed.body {
        Body::Tcp(tcp) => (TCP, tcp.ports),
        Body::Udp { ports, .. } => (UDP, ports),
        _ => return None,
    };
    let (source, destination) = (printed.source, printed.destination);
    Some(PrintedQuote { protocol, source, destination, source_port: Some(ports.0), destination_port: Some(ports.1) })
}

/// Reads the quoted packet from the message itself: `10.0.0.2 udp port 4002 unreachable`.
fn named_quote(line: &str, reporter: IpAddr, sender: IpAddr) -> Option<PrintedQuote> {
    let _ = reporter;
    let words: Vec<_> = line.split_whitespace().map(|word| word.trim_end_matches(',')).take(16).collect();
    let destination = words.iter().find_map(|word| scan::address(word))?;
    let transport = words.iter().position(|word| matches!(*word, "udp" | "tcp"));
    let (protocol, port) = match transport {
        Some(at) => {
            let port = words.get(at + 2).and_then(|port| port.parse().ok());
            (if words.get(at) == Some(&"udp") { UDP } else { TCP }, port)
        }
        None => (0, None),
    };
    Some(PrintedQuote { protocol, source: sender, destination, source_port: None, destination_port: port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_a_packet_are_recognized() {
        for line in [
            "11:11:02.375885 lo    In  IP 127.0.0.1.60990 > 127.0.0.1.6542: Flags [S]",
            "    1  11:11:02.375885 IP 127.0.0.1.60990 > 127.0.0.1.6542: UDP, length 1",
            "> 2014-11-04 15:30:11.106833 IP6 ::1.1 > ::1.2: UDP, length 1",
            "IP (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto UDP (17), length 28)",
            "02:db:61:00:37:01 > 02:a5:04:0b:00:01, ethertype IPv4 (0x0800), length 66: 192.0.2.1.40000 > 198.51.100.1.7000:",
            "11:11:02.375885 STP 802.1d, Config, Flags [none]",
        ] {
            assert!(begins(line, None), "{line}");
        }
        for line in
            ["    127.0.0.1.60990 > 127.0.0.1.6542: Flags [S]", "E..<c.@.@", "\t0x0000:  4500", "", "IP is a protocol"]
        {
            assert!(!begins(line, None), "{line}");
        }
        // an ICMP error's quotation, in a text with times
        assert!(!begins("IP (tos 0x0, ttl 64, id 1)", Some(true)));
    }

    #[test]
    fn a_packet_within_a_line_begins_at_its_time_or_date() {
        let one = "11:11:02.1 IP 10.0.0.1.1 > 10.0.0.2.7: UDP, length 3";
        assert_eq!(begins_within(one), None);
        assert_eq!(begins_within(&format!("{one} {one}")), Some(one.len() + 1));
        let dated = format!("2014-11-04 {one}");
        assert_eq!(begins_within(&dated), None);
        assert_eq!(begins_within(&format!("{dated} {dated}")), Some(dated.len() + 1));
        assert_eq!(begins_within(&format!("  3 {one}")), None);
    }

    #[test]
    fn truncation_is_reported_with_its_offset() {
        for (text, why) in [
            ("IP 10.0.0.1.1 > 10.0.0.2.7: Flags [S], seq", "its sequence number can't be read"),
            ("IP 10.0.0.1.1 > 10.0.0.2.7: Flags [S], seq 3, win 5", "the line is cut before the length"),
            ("IP host.1 > 10.0.0.2.7: UDP, length 3", "its addresses are no numbers: tcpdump -nn prints them so"),
            ("IP 10.0.0.1.1 > 10.0.0.2.7: NBT", "the length of its payload is not shown"),
        ] {
            assert!(matches!(read(text), (None, RecordKind::Unread(said)) if said == why), "{text}");
        }
    }
}
