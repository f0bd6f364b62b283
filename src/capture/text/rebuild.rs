//! Packets as bytes again. Fields that the text does not show are placeholders, which a set of [`Unknown`] names.

use std::net::IpAddr;

use super::printed::{Body, PrintedIcmp, PrintedPacket, PrintedQuote, PrintedTcp, TCP, UDP};
use crate::model::{LinkType, Unknown};

const ETHERNET: usize = 14;

/// A rebuilt frame.
#[derive(Debug, Default)]
pub(super) struct Rebuilt {
    pub(super) bytes: Vec<u8>,
    pub(super) link: Option<LinkType>,
    pub(super) wire_len: u32,
    pub(super) unknown: Unknown,
}

/// The frame of a packet; `unknown` of its numbers.
pub(super) fn packet(printed: &PrintedPacket, unknown: Unknown) -> Rebuilt {
    let mut unknown = unknown.and(Unknown::CHECKSUM);
    if !printed.ip.shown {
        unknown = unknown.and(Unknown::IP);
    }
    let mut transport = Vec::new();
    let (protocol, wire) = match &printed.body {
        Body::Tcp(tcp) => (TCP, segment(&mut transport, tcp, printed.payload.as_deref())),
        Body::Udp { ports, len } => (UDP, datagram(&mut transport, *ports, *len, printed.payload.as_deref())),
        Body::Icmp(icmp) => (if printed.source.is_ipv4() { 1 } else { 58 }, message(&mut transport, icmp)),
        Body::Other(protocol) | Body::Hidden(protocol) => (*protocol, 0),
    };
    let head = if printed.source.is_ipv4() { 20 } else { 40 };
    let length = match printed.body {
        Body::Other(_) | Body::Hidden(_) => printed.ip.length.unwrap_or(head + 64),
        _ => head + wire,
    };
    let mut rebuilt = Rebuilt { unknown, link: Some(LinkType::RAW), wire_len: length, bytes: Vec::new() };
    if let Some((destination, source)) = printed.macs {
        rebuilt.link = Some(LinkType::ETHERNET);
        rebuilt.wire_len += 14;
        rebuilt.bytes.extend(destination);
        rebuilt.bytes.extend(source);
        rebuilt.bytes.extend(if printed.source.is_ipv4() { [8, 0] } else { [0x86, 0xdd] });
    }
    // what a packet's own length counts was on the wire, whatever a column says
    rebuilt.wire_len = printed.wire_len.unwrap_or(0).max(rebuilt.wire_len);
    header(&mut rebuilt.bytes, printed, protocol, length);
    rebuilt.bytes.extend(transport);
    rebuilt
}

/// A frame of which only the kind of its payload is known.
pub(super) fn not_ip(ethertype: u16, wire_len: Option<u32>) -> Rebuilt {
    let mut bytes = vec![0; 12];
    bytes.extend(ethertype.to_be_bytes());
    let wire_len = wire_len.unwrap_or(60).max(ETHERNET as u32);
    Rebuilt { bytes, link: Some(LinkType::ETHERNET), wire_len, unknown: Unknown::default() }
}

fn header(bytes: &mut Vec<u8>, printed: &PrintedPacket, protocol: u8, length: u32) {
    let ip = &printed.ip;
    match (printed.source, printed.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            bytes.extend([0x45, ip.class]);
            // more than 16 bits is the business of the network card
            bytes.extend(u16::try_from(length).unwrap_or(0).to_be_bytes());
            bytes.extend(ip.id.to_be_bytes());
            bytes.extend(ip.fragment.to_be_bytes());
            bytes.extend([ip.ttl, protocol, 0, 0]);
            bytes.extend(source.octets());
            bytes.extend(destination.octets());
        }
        (source, destination) => {
            bytes.extend([0x60 | (ip.class >> 4), ip.class << 4, 0, 0]);
            bytes.extend(u16::try_from(length.saturating_sub(40)).unwrap_or(0).to_be_bytes());
            bytes.extend([protocol, ip.ttl]);
            for address in [source, destination] {
                match address {
                    IpAddr::V6(address) => bytes.extend(address.octets()),
                    IpAddr::V4(address) => bytes.extend(address.to_ipv6_mapped().octets()),
                }
            }
        }
    }
}

/// The segment, without the payload that is not known; gives its length on the wire.
fn segment(bytes: &mut Vec<u8>, tcp: &PrintedTcp, payload: Option<&[u8]>) -> u32 {
    let options = tcp.options.len().next_multiple_of(4).min(40);
    let words = (20 + options) / 4;
    bytes.extend(tcp.ports.0.to_be_bytes());
    bytes.extend(tcp.ports.1.to_be_bytes());
    bytes.extend(tcp.seq.unwrap_or(0).to_be_bytes());
    bytes.extend(tcp.ack.unwrap_or(0).to_be_bytes());
    let offset = u16::try_from(words).unwrap_or(5) << 12;
    bytes.extend((offset | (tcp.flags & 0x1ff)).to_be_bytes());
    bytes.extend(u16::try_from(tcp.window.unwrap_or(0)).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(tcp.urgent.to_be_bytes());
    let fixed = bytes.len();
    bytes.extend(tcp.options.iter().take(options));
    bytes.resize(fixed + options, 0);
    let len = tcp.len.unwrap_or(0);
    bytes.extend(payload.unwrap_or_default().iter().take(usize::try_from(len).unwrap_or(0)));
    u32::try_from(20 + options).unwrap_or(20) + len
}

fn datagram(bytes: &mut Vec<u8>, ports: (u16, u16), len: u32, payload: Option<&[u8]>) -> u32 {
    bytes.extend(ports.0.to_be_bytes());
    bytes.extend(ports.1.to_be_bytes());
    bytes.extend(u16::try_from(len + 8).unwrap_or(0).to_be_bytes());
    // a checksum of 0 would say that there is none
    bytes.extend([0xff, 0xff]);
    bytes.extend(payload.unwrap_or_default().iter().take(usize::try_from(len).unwrap_or(0)));
    8 + len
}

/// An ICMP message as far as its quotation is known: up to the ports.
fn message(bytes: &mut Vec<u8>, icmp: &PrintedIcmp) -> u32 {
    let mtu = icmp.mtu.unwrap_or(0).to_be_bytes();
    bytes.extend([icmp.kind, icmp.code, 0, 0, 0, 0]);
    bytes.extend(mtu);
    let Some(PrintedQuote { protocol, source, destination, source_port: Some(from), destination_port: Some(to) }) =
        icmp.quoted
    else {
        return icmp.len;
    };
    let printed = PrintedPacket {
        wire_len: None,
        macs: None,
        ip: super::printed::PrintedIp::default(),
        source,
        destination,
        body: Body::Other(protocol),
        payload: None,
    };
    header(bytes, &printed, protocol, icmp.len.saturating_sub(8));
    bytes.extend(from.to_be_bytes());
    bytes.extend(to.to_be_bytes());
    icmp.len.max(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}
