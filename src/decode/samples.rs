//! Packets for the tests of this folder.

use std::net::{Ipv4Addr, Ipv6Addr};

use etherparse::{IpFragOffset, IpNumber, Ipv4Header, Ipv6FragmentHeader, Ipv6Header, PacketBuilder};

use super::Decoder;
use crate::model::{Datagram, Frame, LinkType, Packet, Segment, Skip, Transport};

pub(super) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub(super) const CLIENT6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1);
pub(super) const SERVER6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);

/// The whole frame `data`.
pub(super) fn frame(link: LinkType, data: &[u8]) -> Frame<'_> {
    cut_frame(link, data, data.len())
}

/// The frame `data`, which had `wire_len` bytes on the wire.
pub(super) fn cut_frame(link: LinkType, data: &[u8], wire_len: usize) -> Frame<'_> {
    Frame { unknown: Default::default(), number: 1, time: None, link, interface: 0, wire_len: wire_len as u32, data }
}

/// The reason why a raw IP packet, alone in its capture, is no step; `None` if it is one.
pub(super) fn skip(data: &[u8]) -> Option<Skip> {
    Decoder::new().decode(&frame(LinkType::RAW, data)).err()
}

/// The segment in `packet`.
pub(super) fn segment(packet: Packet<'_>) -> Segment {
    match packet.headers.transport {
        Transport::Segment(segment) => segment,
        other => panic!("no segment: {other:?}"),
    }
}

/// The datagram in `packet`.
pub(super) fn datagram(packet: Packet<'_>) -> Datagram {
    match packet.headers.transport {
        Transport::Datagram(datagram) => datagram,
        other => panic!("no datagram: {other:?}"),
    }
}

/// An IPv4 TCP segment with ACK, PSH and timestamps.
pub(super) fn tcp4(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let builder = PacketBuilder::ipv4(CLIENT.octets(), SERVER.octets(), 64)
        .tcp(40_000, 6542, 0x0102_0304, 512)
        .ack(77)
        .psh()
        .options_raw(&[1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8])
        .unwrap();
    builder.write(&mut bytes, payload).unwrap();
    bytes
}

/// An IPv6 TCP segment with SYN.
pub(super) fn tcp6(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let builder = PacketBuilder::ipv6(CLIENT6.octets(), SERVER6.octets(), 64).tcp(40_000, 6542, 9, 512).syn();
    builder.write(&mut bytes, payload).unwrap();
    bytes
}

/// An IPv4 UDP datagram.
pub(super) fn udp4(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(CLIENT.octets(), SERVER.octets(), 64).udp(40_000, 6542).write(&mut bytes, payload).unwrap();
    bytes
}

/// An IPv6 UDP datagram.
pub(super) fn udp6(payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv6(CLIENT6.octets(), SERVER6.octets(), 64).udp(40_000, 6542).write(&mut bytes, payload).unwrap();
    bytes
}

/// `payload` in an IPv4 packet that carries `protocol`.
pub(super) fn ipv4(protocol: IpNumber, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let header = Ipv4Header::new(length, 64, protocol, CLIENT.octets(), SERVER.octets()).unwrap();
    [&header.to_bytes()[..], payload].concat()
}

/// `payload` in an IPv6 packet that carries `next_header`.
pub(super) fn ipv6(next_header: IpNumber, payload: &[u8]) -> Vec<u8> {
    let header = Ipv6Header {
        payload_length: u16::try_from(payload.len()).unwrap(),
        next_header,
        hop_limit: 64,
        source: CLIENT6.octets(),
        destination: SERVER6.octets(),
        ..Ipv6Header::default()
    };
    [&header.to_bytes()[..], payload].concat()
}

/// The IPv4 packet `whole`, without options, cut into fragments at these offsets of its payload.
pub(super) fn fragments4(whole: &[u8], id: u16, cuts: &[usize]) -> Vec<Vec<u8>> {
    let (header, payload) = Ipv4Header::from_slice(whole).unwrap();
    pieces(payload, cuts)
        .map(|(start, piece, more_fragments)| {
            let mut header = header.clone();
            header.identification = id;
            header.fragment_offset = IpFragOffset::try_new(start as u16 / 8).unwrap();
            header.more_fragments = more_fragments;
            header.set_payload_len(piece.len()).unwrap();
            [&header.to_bytes()[..], piece].concat()
        })
        .collect()
}

/// The IPv6 packet `whole`, without extension headers, cut into fragments at these offsets of its payload.
pub(super) fn fragments6(whole: &[u8], identification: u32, cuts: &[usize]) -> Vec<Vec<u8>> {
    let (header, payload) = Ipv6Header::from_slice(whole).unwrap();
    pieces(payload, cuts)
        .map(|(start, piece, more_fragments)| {
            let fragment_offset = IpFragOffset::try_new(start as u16 / 8).unwrap();
            let next_header = header.next_header;
            let fragment = Ipv6FragmentHeader { next_header, fragment_offset, more_fragments, identification };
            ipv6(IpNumber::IPV6_FRAGMENTATION_HEADER, &[&fragment.to_bytes()[..], piece].concat())
        })
        .collect()
}

fn pieces<'a>(payload: &'a [u8], cuts: &'a [usize]) -> impl Iterator<Item = (usize, &'a [u8], bool)> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(std::iter::once(payload.len()));
    starts.zip(ends).map(|(start, end)| (start, &payload[start..end], end < payload.len()))
}
