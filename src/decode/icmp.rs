//! ICMP (RFC 792) and ICMPv6 (RFC 4443) errors, for the packet that they quote.

use etherparse::ip_number;

use super::captured::Captured;
use super::ip::{Ip, Lengths};
use crate::model::{IcmpError, Protocol, Quoted, SeqNumber, Skip};

/// Length of the IPv6 header, which its payload length leaves out.
const IPV6_HEADER: u16 = 40;
/// Length of the header before the quotation, the same for every error.
const HEADER: usize = 8;

/// The error that `ip` carries; [`Skip::Icmp`] if it is no error or quotes neither TCP nor UDP.
pub(super) fn read(ip: &Ip<'_>) -> Result<IcmpError, Skip> {
    let [icmp_type, code] = *ip.payload.array()?;
    let version = match (ip.protocol, ip.header.version, icmp_type) {
        // unreachable, source quench, redirect, time exceeded, parameter problem
        (ip_number::ICMP, 4, 3 | 4 | 5 | 11 | 12) => 4,
        // unreachable, too big, time exceeded, parameter problem
        (ip_number::IPV6_ICMP, 6, 1..=4) => 6,
        _ => return Err(Skip::Icmp),
    };
    let mtu = match (version, icmp_type, code) {
        (4, 3, 4) => ip.payload.skip(6).array().map(|mtu| u32::from(u16::from_be_bytes(*mtu))).ok(),
        (6, 2, _) => ip.payload.skip(4).array().map(|mtu| u32::from_be_bytes(*mtu)).ok(),
        _ => None,
    };
    let quoted = quoted(ip).map_err(|skip| if skip == Skip::Cut { Skip::Cut } else { Skip::Icmp })?;
    Ok(IcmpError {
        source: ip.addresses.source(),
        destination: ip.addresses.destination(),
        version,
        icmp_type,
        code,
        // routers older than RFC 1191 say 0
        mtu: mtu.filter(|mtu| *mtu > 0),
        quoted,
    })
}

/// The quoted packet's innermost header and as much of its transport as names the conversation.
fn quoted(ip: &Ip<'_>) -> Result<Quoted, Skip> {
    let mut packet = ip.payload.skip(HEADER);
    loop {
        let ip = Ip::read(packet, Lengths::Quoted)?;
        let length = length(packet);
        if ip.fragment.is_some_and(|fragment| !fragment.is_first()) {
            return Err(Skip::Icmp);
        }
        let protocol = match ip.protocol {
            ip_number::TCP => Protocol::Tcp,
            ip_number::UDP => Protocol::Udp,
            ip_number::IPV4 | ip_number::IPV6 => {
                packet = ip.payload;
                continue;
            }
            _ => return Err(Skip::Icmp),
        };
        let [s0, s1, d0, d1] = *ip.payload.array()?;
        let udp = ip.payload.skip(4).array().ok().filter(|_| protocol == Protocol::Udp);
        let seq = ip.payload.skip(4).array().ok().filter(|_| protocol == Protocol::Tcp);
        let (source, destination) = ip.endpoints(u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
        return Ok(Quoted {
            protocol,
            source,
            destination,
            seq: seq.map(|seq| SeqNumber(u32::from_be_bytes(*seq))),
            ip_id: ip.header.id,
            length,
            udp: udp.map(|[l0, l1, c0, c1]| (u16::from_be_bytes([*l0, *l1]), u16::from_be_bytes([*c0, *c1]))),
        });
    }
}

/// The length that an IP header gives to its whole packet.
fn length(packet: Captured<'_>) -> Option<u16> {
    match packet.array().ok()? {
        [0x40..=0x4f] => packet.skip(2).array().map(|length| u16::from_be_bytes(*length)).ok(),
        _ => packet.skip(4).array().ok().and_then(|length| u16::from_be_bytes(*length).checked_add(IPV6_HEADER)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoder, samples};
    use crate::model::{Endpoint, LinkType, Transport};

    fn error(bytes: &[u8], wire_len: usize) -> Result<IcmpError, Skip> {
        match Decoder::new().decode(&samples::cut_frame(LinkType::RAW, bytes, wire_len))?.headers.transport {
            Transport::IcmpError(error) => Ok(error),
            other => panic!("no ICMP error: {other:?}"),
        }
    }

    fn v4(icmp_type: u8, code: u8, quoted: &[u8]) -> Vec<u8> {
        samples::ipv4(ip_number::ICMP, &[&[icmp_type, code, 0, 0, 0, 0, 0, 0], quoted].concat())
    }

    fn v6(icmp_type: u8, code: u8, quoted: &[u8]) -> Vec<u8> {
        samples::ipv6(ip_number::IPV6_ICMP, &[&[icmp_type, code, 0, 0, 0, 0, 0, 0], quoted].concat())
    }

    #[test]
    fn eight_quoted_bytes_name_the_conversation_and_the_segment() {
        let bytes = v4(3, 3, &samples::tcp4(b"hello")[..28]);
        let error = error(&bytes, bytes.len()).unwrap();
        assert_eq!((error.version, error.icmp_type, error.code, error.name()), (4, 3, 3, "port unreachable"));
        assert_eq!(error.quoted.protocol, Protocol::Tcp);
        assert_eq!(error.quoted.source, Endpoint::new(samples::CLIENT, 40_000));
        assert_eq!(error.quoted.destination, Endpoint::new(samples::SERVER, 6542));
        assert_eq!((error.quoted.seq, error.quoted.ip_id), (Some(SeqNumber(0x0102_0304)), Some(0)));
    }

    #[test]
    fn quoted_ports_are_enough() {
        let bytes = v4(11, 0, &samples::tcp4(b"")[..24]);
        assert_eq!(error(&bytes, bytes.len()).unwrap().quoted.seq, None);
        let bytes = v4(11, 0, &samples::udp4(b"hello")[..24]);
        assert_eq!(error(&bytes, bytes.len()).unwrap().quoted.protocol, Protocol::Udp);
        let bytes = v4(11, 0, &samples::udp4(b"hello")[..23]);
        assert_eq!(error(&bytes, bytes.len()), Err(Skip::Icmp));
    }

    #[test]
    fn icmpv6_quotes_after_extension_headers_are_read() {
        let datagram = samples::udp6(b"hello");
        let options = [&[17, 0, 1, 4, 0, 0, 0, 0][..], &datagram[40..]].concat();
        let bytes = v6(1, 4, &samples::ipv6(ip_number::IPV6_DEST_OPTIONS, &options));
        let error = error(&bytes, bytes.len()).unwrap();
        assert_eq!((error.version, error.name()), (6, "port unreachable"));
        assert_eq!(error.quoted.destination, Endpoint::new(samples::SERVER6, 6542));
        assert_eq!((error.quoted.seq, error.quoted.ip_id), (None, None));
    }

    #[test]
    fn a_quoted_tunnel_is_followed_and_a_wrong_quoted_length_ignored() {
        let mut tunnel = samples::ipv4(ip_number::IPV4, &samples::tcp4(b"hello"));
        tunnel[2..4].copy_from_slice(&[0, 3]);
        let bytes = v4(3, 4, &tunnel);
        assert_eq!(error(&bytes, bytes.len()).unwrap().quoted.source.port, 40_000);
    }

    #[test]
    fn only_the_first_quoted_fragment_has_ports() {
        let fragments = samples::fragments4(&samples::udp4(&[7; 100]), 5, &[48]);
        let bytes = v4(11, 1, &fragments[0]);
        assert_eq!(error(&bytes, bytes.len()).unwrap().quoted.ip_id, Some(5));
        assert_eq!(samples::skip(&v4(11, 1, &fragments[1])), Some(Skip::Icmp));
    }

    #[test]
    fn icmp_without_quoted_transport_stays_icmp() {
        let quoted = samples::udp4(b"hello");
        assert_eq!(samples::skip(&v4(8, 0, &quoted)), Some(Skip::Icmp));
        assert_eq!(samples::skip(&v6(128, 0, &quoted)), Some(Skip::Icmp));
        assert_eq!(samples::skip(&v4(3, 1, &v4(8, 0, b""))), Some(Skip::Icmp));
        assert_eq!(samples::skip(&v4(3, 1, b"")), Some(Skip::Icmp));
    }

    #[test]
    fn quotation_cut_by_the_capture_is_marked_as_cut() {
        let bytes = v4(3, 3, &samples::udp4(b"hello"));
        assert_eq!(error(&bytes[..50], bytes.len()), Err(Skip::Cut));
    }
}
