//! The headers of IPv4 (RFC 791) and IPv6 (RFC 8200): who to whom, how long, and what is inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{IpNumber, Ipv4HeaderSlice, Ipv6HeaderSlice, err, ip_number};

use super::captured::Captured;
use super::checksum::PseudoHeader;
use super::extensions;
use super::fragments::Fragment;
use crate::model::{EarlierFrames, Endpoint, IpHeader, Skip};

/// The options of an IPv4 header (RFC 791 §3.1) that are distinguished here.
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const LOOSE_SOURCE_ROUTE: u8 = 131;
const STRICT_SOURCE_ROUTE: u8 = 137;

/// An IP packet, read as far as its transport or its fragmentation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ip<'a> {
    /// The part of the header that the model keeps.
    pub(super) header: IpHeader,
    /// The header's source and destination.
    pub(super) addresses: Addresses<'a>,
    /// The pseudo header of the transport's checksum; the last address of a source route replaces the destination.
    pub(super) pseudo_header: PseudoHeader,
    /// The protocol of `payload`.
    pub(super) protocol: IpNumber,
    pub(super) payload: Captured<'a>,
    /// Set while the payload is only a part of the packet's.
    pub(super) fragment: Option<Fragment>,
}

/// A source and, right behind it, a destination, as they stand in the header: not copied before they are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Addresses<'a> {
    V4(&'a [u8; 8]),
    V6(&'a [u8; 32]),
}

impl Addresses<'_> {
    /// The source.
    #[inline]
    pub(super) fn source(self) -> IpAddr {
        match self {
            Self::V4([a, b, c, d, ..]) => Ipv4Addr::new(*a, *b, *c, *d).into(),
            Self::V6(both) => v6_address(both.first_chunk()),
        }
    }

    /// The destination.
    #[inline]
    pub(super) fn destination(self) -> IpAddr {
        match self {
            Self::V4([.., a, b, c, d]) => Ipv4Addr::new(*a, *b, *c, *d).into(),
            Self::V6(both) => v6_address(both.last_chunk()),
        }
    }
}

#[inline]
fn v6_address(bytes: Option<&[u8; 16]>) -> IpAddr {
    bytes.map_or(Ipv6Addr::UNSPECIFIED, |bytes| Ipv6Addr::from(*bytes)).into()
}

/// The reliability of the lengths in an IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lengths {
    /// They say where the packet ends.
    Trusted,
    /// The packet is a quotation: cut by its quoter, who may also have changed its lengths.
    Quoted,
}

impl<'a> Ip<'a> {
    /// Reads the IP header that `packet` starts with, IPv6 extension headers included.
    pub(super) fn read(packet: Captured<'a>, lengths: Lengths) -> Result<Self, Skip> {
        let mut ip = match packet.array()? {
            [0x40..=0x4f] => Self::v4(packet, lengths)?,
            [0x60..=0x6f] => Self::v6(packet, lengths)?,
            _ => return Err(Skip::Malformed),
        };
        extensions::skip(&mut ip)?;
        Ok(ip)
    }

    /// Reads an IPv4 header.
    #[inline(always)]
    pub(super) fn v4(packet: Captured<'a>, lengths: Lengths) -> Result<Self, Skip> {
        let header = Ipv4HeaderSlice::from_slice(packet.data).map_err(|error| match error {
            err::ipv4::HeaderSliceError::Len(error) => packet.short(error.required_len),
            err::ipv4::HeaderSliceError::Content(_) => Skip::Malformed,
        })?;
        let header_len = header.slice().len();
        let packet = match usize::from(header.total_len()) {
            // 0: the length did not fit, or the network card fills it in; the frame's end is the packet's
            0 => packet,
            _ if lengths == Lengths::Quoted => packet,
            short if short < header_len => return Err(Skip::Malformed),
            total => packet.limit(total),
        };
        let addresses: &[u8; 8] = packet.skip(12).array()?;
        let pseudo_header = match header.options() {
            [] => PseudoHeader::new(addresses),
            options => routed_pseudo_header(addresses, options),
        };
        Ok(Self {
            header: IpHeader {
                version: 4,
                id: Some(header.identification()),
                ttl: header.ttl(),
                ecn: header.ecn().value(),
                header_len: u16::try_from(header_len).unwrap_or(u16::MAX),
                fragments: 1,
                earlier_bytes: 0,
                earlier: EarlierFrames::default(),
            },
            addresses: Addresses::V4(addresses),
            pseudo_header,
            protocol: header.protocol(),
            payload: packet.skip(header_len),
            fragment: header.is_fragmenting_payload().then(|| Fragment {
                id: header.identification().into(),
                offset: header.fragments_offset(),
                more: header.more_fragments(),
            }),
        })
    }

    /// Reads an IPv6 header, without extension headers.
    #[inline(always)]
    pub(super) fn v6(packet: Captured<'a>, lengths: Lengths) -> Result<Self, Skip> {
        let header = Ipv6HeaderSlice::from_slice(packet.data).map_err(|error| match error {
            err::ipv6::HeaderSliceError::Len(error) => packet.short(error.required_len),
            err::ipv6::HeaderSliceError::Content(_) => Skip::Malformed,
        })?;
        let payload = packet.skip(header.slice().len());
        let protocol = header.next_header();
        let payload = match (header.payload_length(), lengths) {
            (_, Lengths::Quoted) => payload,
            (0, _) if protocol == ip_number::IPV6_HOP_BY_HOP => {
                payload.limit(extensions::jumbo_length(payload).unwrap_or(0))
            }
            (length, _) => payload.limit(length.into()),
        };
        let addresses = packet.skip(8).array()?;
        Ok(Self {
            header: IpHeader {
                version: 6,
                id: None,
                ttl: header.hop_limit(),
                ecn: header.ecn().value(),
                header_len: 40,
                fragments: 1,
                earlier_bytes: 0,
                earlier: EarlierFrames::default(),
            },
            addresses: Addresses::V6(addresses),
            pseudo_header: PseudoHeader::new(addresses),
            protocol,
            payload,
            fragment: None,
        })
    }

    /// The two ends, as the transport names their ports.
    #[inline]
    pub(super) fn endpoints(&self, source: u16, destination: u16) -> (Endpoint, Endpoint) {
        (
            Endpoint { address: self.addresses.source(), port: source },
            Endpoint { address: self.addresses.destination(), port: destination },
        )
    }

    /// The pseudo header of the transport's checksum.
    #[inline]
    pub(super) fn pseudo_header(&self) -> PseudoHeader {
        self.pseudo_header.with_protocol(self.protocol.0)
    }
}

/// The pseudo header of an IPv4 header with options, which may hold a source route (RFC 9293 §3.1).
#[cold]
fn routed_pseudo_header(addresses: &[u8; 8], options: &[u8]) -> PseudoHeader {
    let [a, b, c, d, ..] = *addresses;
    match final_destination(options) {
        Some([e, f, g, h]) => PseudoHeader::new(&[a, b, c, d, e, f, g, h]),
        None => PseudoHeader::new(addresses),
    }
}

/// The last address of a loose or strict source route (RFC 791 §3.1); `None` where there is none, or where the packet
/// has reached the end of it.
fn final_destination(mut options: &[u8]) -> Option<[u8; 4]> {
    loop {
        let (length, value) = match options {
            [] | [END_OF_OPTIONS, ..] => return None,
            [NO_OPERATION, rest @ ..] => {
                options = rest;
                continue;
            }
            [_, length, ..] => (usize::from(*length), options.get(2..usize::from(*length))?),
            [_] => return None,
        };
        if let ([LOOSE_SOURCE_ROUTE | STRICT_SOURCE_ROUTE, ..], [pointer, addresses @ ..]) = (options, value) {
            // the pointer is beyond the option when all addresses have been used
            let is_under_way = usize::from(*pointer) <= length;
            return addresses.as_chunks::<4>().0.last().copied().filter(|_| is_under_way);
        }
        options = options.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoder, samples};
    use crate::model::Checksum;
    use crate::model::LinkType;

    fn payload_len(bytes: &[u8], wire_len: usize) -> Result<u32, Skip> {
        let mut decoder = Decoder::new();
        let packet = decoder.decode(&samples::cut_frame(LinkType::RAW, bytes, wire_len))?;
        Ok(samples::segment(packet).len)
    }

    #[test]
    fn ipv4_without_a_length_reaches_to_the_end_of_the_frame() {
        let mut bytes = samples::tcp4(b"hello");
        bytes[2..4].fill(0);
        assert_eq!(payload_len(&bytes, bytes.len()), Ok(5));
        assert_eq!(payload_len(&bytes, 3000), Ok(3000 - 52));
    }

    #[test]
    fn packet_length_is_limited_by_its_frame() {
        let mut bytes = samples::tcp4(b"hello");
        bytes[2..4].copy_from_slice(&[0x10, 0]);
        assert_eq!(payload_len(&bytes, bytes.len()), Ok(5));
        let mut bytes = samples::tcp6(b"hello");
        bytes[4..6].copy_from_slice(&[0x10, 0]);
        assert_eq!(payload_len(&bytes, bytes.len()), Ok(5));
    }

    #[test]
    fn contradictions_are_malformed() {
        let mut bytes = samples::tcp4(b"hello");
        bytes[3] = 19;
        assert_eq!(samples::skip(&bytes), Some(Skip::Malformed));
        let mut bytes = samples::tcp4(b"hello");
        for first in [0x44, 0x55, 0x00, 0xf5] {
            bytes[0] = first;
            assert_eq!(samples::skip(&bytes), Some(Skip::Malformed));
        }
        assert_eq!(samples::skip(&[]), Some(Skip::Malformed));
        let mut bytes = samples::tcp6(b"hello");
        bytes[4..6].fill(0);
        assert_eq!(samples::skip(&bytes), Some(Skip::Malformed));
    }

    #[test]
    fn ipv4_options_belong_to_the_header() {
        let mut header = etherparse::Ipv4Header::from_slice(&samples::tcp4(b"hello")).unwrap().0;
        header.options = [7, 7, 4, 0, 0, 0, 0, 0].into();
        header.total_len += 8;
        let mut bytes = header.to_bytes().to_vec();
        bytes.extend(&samples::tcp4(b"hello")[20..]);
        let mut decoder = Decoder::new();
        let packet = decoder.decode(&samples::frame(LinkType::RAW, &bytes)).unwrap();
        assert_eq!((packet.headers.ip.header_len, packet.payload), (28, &b"hello"[..]));
    }

    #[test]
    fn ip_in_ip_is_followed_to_the_innermost_header() {
        let (v4, v6) = (samples::tcp4(b"hello"), samples::tcp6(b"hello"));
        let (in4, in6) = (ip_number::IPV4, ip_number::IPV6);
        let tunnels = [
            (samples::ipv4(in4, &v4), 4),
            (samples::ipv4(in6, &v6), 6),
            (samples::ipv6(in4, &v4), 4),
            (samples::ipv6(in6, &v6), 6),
            (samples::ipv4(in6, &samples::ipv6(in4, &samples::ipv4(in4, &v4))), 4),
        ];
        for (bytes, version) in tunnels {
            let mut decoder = Decoder::new();
            let packet = decoder.decode(&samples::frame(LinkType::RAW, &bytes)).unwrap();
            assert_eq!(packet.headers.ip.version, version);
            let segment = samples::segment(packet);
            assert_eq!((segment.source.port, packet.payload), (40_000, &b"hello"[..]));
        }
    }

    /// The verdict on a segment for the samples' server behind an IPv4 header with these options, sent to `next`.
    fn checksum_with(options: &[u8], next: Ipv4Addr) -> Checksum {
        let segment = samples::tcp4(b"hello").split_off(20);
        let length = u16::try_from(segment.len()).unwrap();
        let mut header =
            etherparse::Ipv4Header::new(length, 64, ip_number::TCP, samples::CLIENT.octets(), next.octets()).unwrap();
        header.options = etherparse::Ipv4Options::try_from(options).unwrap();
        header.total_len = u16::try_from(header.header_len()).unwrap() + length;
        let bytes = [&header.to_bytes()[..], &segment].concat();
        let mut decoder = Decoder::new();
        let packet = decoder.decode(&samples::frame(LinkType::RAW, &bytes)).unwrap();
        let segment = samples::segment(packet);
        assert_eq!(segment.destination, Endpoint::new(next, 6542));
        segment.checksum
    }

    #[test]
    fn a_checksum_covers_the_final_destination_of_a_source_route() {
        let (via, server) = (Ipv4Addr::new(192, 0, 2, 9), samples::SERVER);
        let [a, b, c, d] = server.octets();
        for kind in [131, 137] {
            // one address left, then two; nothing before the option, then one that does nothing and one of four bytes
            assert_eq!(checksum_with(&[kind, 7, 4, a, b, c, d, 0], via), Checksum::Valid);
            assert_eq!(checksum_with(&[kind, 11, 4, 192, 0, 2, 8, a, b, c, d, 0], via), Checksum::Valid);
            assert_eq!(checksum_with(&[1, 148, 4, 0, 0, kind, 7, 4, a, b, c, d], via), Checksum::Valid);
            // the route is at its end: the addresses are those that the packet has passed
            assert_eq!(checksum_with(&[kind, 7, 8, 192, 0, 2, 8, 0], server), Checksum::Valid);
        }
        // a recorded route, an end before the option, an option longer than the header
        assert_eq!(checksum_with(&[7, 7, 4, 192, 0, 2, 8, 0], server), Checksum::Valid);
        assert_eq!(checksum_with(&[0, 131, 7, 4, 192, 0, 2, 8], server), Checksum::Valid);
        assert_eq!(checksum_with(&[131, 9, 4, 192, 0, 2, 8, 0], server), Checksum::Valid);
        for short in [[131, 0, 0, 0], [131, 1, 0, 0], [131, 2, 0, 0], [131, 3, 4, 0]] {
            assert_eq!(checksum_with(&short, server), Checksum::Valid);
        }
        assert_eq!(checksum_with(&[131, 7, 4, 192, 0, 2, 8, 0], server), Checksum::Invalid);
    }
}
