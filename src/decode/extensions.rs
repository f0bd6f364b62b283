//! Headers between the IP header and the transport: IPv6's extension headers (RFC 8200 §4) and AH (RFC 4302).

use etherparse::{IpAuthHeaderSlice, Ipv6FragmentHeaderSlice, Ipv6RawExtHeaderSlice, err, ip_number};

use super::captured::Captured;
use super::checksum::PseudoHeader;
use super::fragments::Fragment;
use super::ip::{Addresses, Ip};
use crate::model::Skip;

/// The hop-by-hop option that holds the length of a jumbogram (RFC 2675).
const JUMBO_PAYLOAD: u8 = 0xc2;

/// Steps over the extension headers that `ip.payload` starts with, in whatever order they come, up to the transport
/// or to the header of a fragment.
#[inline]
pub(super) fn skip(ip: &mut Ip<'_>) -> Result<(), Skip> {
    while ip.fragment.is_none() && is_extension(ip) {
        step(ip)?;
    }
    Ok(())
}

#[inline]
fn is_extension(ip: &Ip<'_>) -> bool {
    match ip.protocol {
        ip_number::TCP | ip_number::UDP => false,
        ip_number::AUTH => true,
        ip_number::IPV6_FRAGMENTATION_HEADER => ip.header.version == 6,
        other => ip.header.version == 6 && Ipv6RawExtHeaderSlice::header_type_supported(other),
    }
}

#[cold]
fn step(ip: &mut Ip<'_>) -> Result<(), Skip> {
    let bytes = ip.payload;
    let short = |error: err::LenError| bytes.short(error.required_len);
    let (next, len) = match ip.protocol {
        ip_number::AUTH => {
            let header = IpAuthHeaderSlice::from_slice(bytes.data).map_err(|error| match error {
                err::ip_auth::HeaderSliceError::Len(error) => short(error),
                err::ip_auth::HeaderSliceError::Content(_) => Skip::Malformed,
            })?;
            (header.next_header(), header.slice().len())
        }
        ip_number::IPV6_FRAGMENTATION_HEADER => {
            let header = Ipv6FragmentHeaderSlice::from_slice(bytes.data).map_err(short)?;
            // an atomic fragment (RFC 6946) is a whole packet
            ip.fragment = header.is_fragmenting_payload().then(|| Fragment {
                id: header.identification(),
                offset: header.fragment_offset(),
                more: header.more_fragments(),
            });
            (header.next_header(), header.slice().len())
        }
        kind => {
            let header = Ipv6RawExtHeaderSlice::from_slice(bytes.data).map_err(short)?;
            if kind == ip_number::IPV6_ROUTE
                && let Addresses::V6(both) = ip.addresses
                && let Some(last) = final_destination(header.payload())
            {
                let (source, _) = both.as_chunks::<16>();
                ip.pseudo_header = PseudoHeader::new(&[*source.first().unwrap_or(&last), last].concat());
            }
            (header.next_header(), header.slice().len())
        }
    };
    ip.payload = bytes.skip(len);
    ip.protocol = next;
    ip.header.header_len = ip.header.header_len.saturating_add(u16::try_from(len).unwrap_or(u16::MAX));
    Ok(())
}

/// The last address of a routing header from its third byte on: type, segments left, four bytes, addresses.
///
/// Types 0 (RFC 5095) and 2 (RFC 6275) list the way in order, type 4 (RFC 8754) backwards. `None` where the way is at
/// its end or the type is another.
fn final_destination(routing: &[u8]) -> Option<[u8; 16]> {
    let ([kind, segments_left, ..], addresses) = routing.split_first_chunk::<6>()?;
    let (addresses, _) = addresses.as_chunks::<16>();
    let last = match (*kind, *segments_left) {
        (_, 0) => None,
        (0 | 2, _) => addresses.last(),
        (4, _) => addresses.first(),
        _ => None,
    };
    last.copied()
}

/// The length of a jumbogram, from the hop-by-hop header that `payload` starts with; always above 65,535.
pub(super) fn jumbo_length(payload: Captured<'_>) -> Option<usize> {
    let header = Ipv6RawExtHeaderSlice::from_slice(payload.data).ok()?;
    let mut options = header.payload();
    while let [kind, rest @ ..] = options {
        // Pad1 alone has no length
        let [len, rest @ ..] = rest else { return None };
        if *kind == 0 {
            options = options.get(1..)?;
            continue;
        }
        let (value, after) = rest.split_at_checked(usize::from(*len))?;
        if *kind == JUMBO_PAYLOAD {
            let length = u32::from_be_bytes(value.try_into().ok()?);
            return usize::try_from(length).ok().filter(|length| *length > usize::from(u16::MAX));
        }
        options = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use etherparse::IpNumber;

    use super::*;
    use crate::decode::{Decoder, samples};
    use crate::model::{Checksum, Endpoint, LinkType};

    const VIA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 9);

    /// A segment to `to`, without its IP header.
    fn segment_to(to: Ipv6Addr) -> Vec<u8> {
        let builder = etherparse::PacketBuilder::ipv6(samples::CLIENT6.octets(), to.octets(), 64).tcp(1, 2, 3, 4);
        let mut bytes = Vec::new();
        builder.write(&mut bytes, b"hello").unwrap();
        bytes.split_off(40)
    }

    fn checksum(first: IpNumber, headers: &[u8], segment: &[u8]) -> Checksum {
        let bytes = samples::ipv6(first, &[headers, segment].concat());
        let mut decoder = Decoder::new();
        let packet = decoder.decode(&samples::frame(LinkType::RAW, &bytes)).unwrap();
        assert_eq!(usize::from(packet.headers.ip.header_len), 40 + headers.len());
        let segment = samples::segment(packet);
        assert_eq!(packet.payload, b"hello");
        // the header's own destination, whatever the way
        assert_eq!(segment.destination, Endpoint::new(samples::SERVER6, 2));
        segment.checksum
    }

    #[test]
    fn extension_headers_are_skipped_in_any_order() {
        let segment = segment_to(samples::SERVER6);
        let pad = |next| [next, 0, 1, 4, 0, 0, 0, 0];
        let chain = [pad(60), pad(0), pad(135), pad(6)].concat();
        assert_eq!(checksum(ip_number::IPV6_HOP_BY_HOP, &chain, &segment), Checksum::Valid);
        let auth = [&[6, 4][..], &[0; 22]].concat();
        assert_eq!(checksum(ip_number::AUTH, &auth, &segment), Checksum::Valid);
        let atomic = [6, 0, 0, 0, 0, 0, 0, 9];
        assert_eq!(checksum(ip_number::IPV6_FRAGMENTATION_HEADER, &atomic, &segment), Checksum::Valid);
    }

    #[test]
    fn checksum_covers_the_final_destination() {
        let routing = |kind, left, way: &[Ipv6Addr]| {
            let mut header = vec![6, way.len() as u8 * 2, kind, left, 0, 0, 0, 0];
            way.iter().for_each(|hop| header.extend(hop.octets()));
            header
        };
        let to_via = segment_to(VIA);
        let route = ip_number::IPV6_ROUTE;
        assert_eq!(checksum(route, &routing(0, 1, &[samples::SERVER6, VIA]), &to_via), Checksum::Valid);
        assert_eq!(checksum(route, &routing(2, 1, &[VIA]), &to_via), Checksum::Valid);
        assert_eq!(checksum(route, &routing(4, 1, &[VIA, samples::SERVER6]), &to_via), Checksum::Valid);
        let arrived = segment_to(samples::SERVER6);
        assert_eq!(checksum(route, &routing(4, 0, &[VIA]), &arrived), Checksum::Valid);
        assert_eq!(checksum(route, &routing(0, 1, &[VIA]), &arrived), Checksum::Invalid);
    }

    #[test]
    fn jumbogram_length_is_read_from_its_option() {
        let jumbo = |length: u32| [&[17, 0, JUMBO_PAYLOAD, 4][..], &length.to_be_bytes()].concat();
        let mut udp = vec![0; 70_000];
        udp[..4].copy_from_slice(&[0, 1, 0, 2]);
        let mut bytes = samples::ipv6(ip_number::IPV6_HOP_BY_HOP, &[]);
        bytes.extend(jumbo(8 + 70_000));
        bytes.extend(udp);
        bytes.extend([0; 10]);
        let mut decoder = Decoder::new();
        let packet = decoder.decode(&samples::frame(LinkType::RAW, &bytes)).unwrap();
        let datagram = samples::datagram(packet);
        assert_eq!((datagram.len, packet.payload.len(), datagram.length), (69_992, 69_992, 0));

        let short = [samples::ipv6(ip_number::IPV6_HOP_BY_HOP, &[]), jumbo(100), vec![0; 100]].concat();
        assert_eq!(samples::skip(&short), Some(Skip::Malformed));
    }

    #[test]
    fn truncated_header_chain_is_malformed_and_other_protocols_are_skipped() {
        assert_eq!(
            samples::skip(&samples::ipv6(ip_number::IPV6_ROUTE, &[6, 9, 0, 0, 0, 0, 0, 0])),
            Some(Skip::Malformed)
        );
        for other in [ip_number::GRE, ip_number::SCTP, ip_number::ENCAPSULATING_SECURITY_PAYLOAD, IpNumber(59)] {
            assert_eq!(samples::skip(&samples::ipv6(other, &[0; 40])), Some(Skip::OtherProtocol));
            assert_eq!(samples::skip(&samples::ipv4(other, &[0; 40])), Some(Skip::OtherProtocol));
        }
        // extension headers are IPv6's alone
        assert_eq!(samples::skip(&samples::ipv4(ip_number::IPV6_DEST_OPTIONS, &[6; 40])), Some(Skip::OtherProtocol));
    }
}
