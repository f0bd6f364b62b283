//! The common packet, read at once instead of layer by layer. Every other packet goes through the layers.

use etherparse::ip_number;

use super::checksum::PseudoHeader;
use super::link;
use crate::model::{Addresses, Arrival, Brief, Checksum, Frame};

/// Version 4, a header of 20 bytes.
const PLAIN_IPV4: u8 = 0x45;

/// A common packet of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Common<'a> {
    /// Its fields.
    pub brief: Brief,
    /// The addresses of IPv6, source and destination.
    pub wide: Option<&'a [u8; 32]>,
    /// All of its payload.
    pub payload: &'a [u8],
}

/// The packet in `frame`, where it is a common one: captured whole, neither fragmented nor tunnelled, without IP options
/// or extension headers, TCP with no options, timestamps or the usual options of a SYN, or UDP.
///
/// It says then what [`Decoder::decode`](super::Decoder::decode) would say.
#[inline(always)]
pub(crate) fn common<'a>(frame: &Frame<'a>) -> Option<Common<'a>> {
    // a field that a text does not show needs the general decoder
    let time = frame.time.filter(|_| frame.unknown.is_nothing())?;
    let seconds = u32::try_from(time.seconds()).ok()?;
    let packet = link::network(frame).ok()?.packet.data;
    let arrival = Arrival { seconds, nanos: time.subsec_nanos(), wire_len: frame.wire_len, ip_id: 0, ttl: 0, ecn: 0 };
    match packet.first()? >> 4 {
        4 => v4(packet, arrival),
        6 => v6(packet, arrival),
        _ => None,
    }
}

#[inline(always)]
fn v4(packet: &[u8], arrival: Arrival) -> Option<Common<'_>> {
    let header: &[u8; 20] = packet.first_chunk()?;
    let [first, tos, t0, t1, i0, i1, f0, f1, ttl, protocol, ..] = *header;
    let fragmented = u16::from_be_bytes([f0, f1]) & 0x3fff != 0;
    if first != PLAIN_IPV4 || fragmented {
        return None;
    }
    let body = packet.get(header.len()..usize::from(u16::from_be_bytes([t0, t1])))?;
    let arrival = Arrival { ip_id: u16::from_be_bytes([i0, i1]), ttl, ecn: tos & 3, ..arrival };
    transport(arrival, Addresses::V4(header.last_chunk()?), protocol, body)
}

#[inline(never)]
fn v6(packet: &[u8], arrival: Arrival) -> Option<Common<'_>> {
    let header: &[u8; 40] = packet.first_chunk()?;
    let [_, second, _, _, l0, l1, protocol, ttl, ..] = *header;
    let body = packet.get(header.len()..)?.get(..usize::from(u16::from_be_bytes([l0, l1])))?;
    let arrival = Arrival { ttl, ecn: second >> 4 & 3, ..arrival };
    let wide: &[u8; 32] = header.last_chunk()?;
    let common = transport(arrival, Addresses::V6(wide), protocol, body)?;
    Some(Common { wide: Some(wide), ..common })
}

#[inline(always)]
fn transport<'a>(arrival: Arrival, addresses: Addresses<'a>, protocol: u8, body: &'a [u8]) -> Option<Common<'a>> {
    let verdict = |field: [u8; 2]| {
        let pseudo_header = match addresses {
            Addresses::V4(both) => PseudoHeader::new(both),
            Addresses::V6(both) => PseudoHeader::new(both),
        };
        pseudo_header.with_protocol(protocol).verdict(body, body.len(), u16::from_be_bytes(field))
    };
    if protocol == ip_number::TCP.0 {
        let header: &[u8; 20] = body.first_chunk()?;
        let [_, _, _, _, _, _, _, _, _, _, _, _, offset, _, _, _, c0, c1, _, _] = *header;
        let header_len = usize::from(offset >> 4) * 4;
        let (options, payload) = (body.get(header.len()..header_len)?, body.get(header_len..)?);
        let checksum = match verdict([c0, c1]) {
            Checksum::Invalid if (c0, c1) == (0, 0) => Checksum::Offloaded,
            verdict => verdict,
        };
        let len = u16::try_from(payload.len()).ok()?;
        let brief = Brief::segment(arrival, addresses, header, options, len, checksum)?;
        return Some(Common { brief, wide: None, payload });
    }
    if protocol != ip_number::UDP.0 {
        return None;
    }
    let header: &[u8; 8] = body.first_chunk()?;
    let [_, _, _, _, l0, l1, c0, c1] = *header;
    let checksum = match (u16::from_be_bytes([c0, c1]), addresses) {
        (0, Addresses::V4(_)) => Checksum::Absent,
        _ => verdict([c0, c1]),
    };
    if usize::from(u16::from_be_bytes([l0, l1])) != body.len() {
        return None;
    }
    let payload = body.get(header.len()..)?;
    let len = u16::try_from(payload.len()).ok()?;
    Some(Common { brief: Brief::datagram(arrival, addresses, header, len, checksum), wide: None, payload })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::{Decoder, samples};
    use crate::model::{LinkType, Timestamp};

    /// Returns `true` if the packet is a common one; then asserts that the decoder gives the same.
    fn is_common(frame: &Frame<'_>) -> bool {
        let frame = Frame { time: Some(Timestamp::new(1_700_000_000, 5)), ..*frame };
        let Some(common) = common(&frame) else { return false };
        let mut decoder = Decoder::new();
        let packet = decoder.decode(&frame).expect("what is common is a packet");
        let protocol = common.brief.protocol();
        // whatever common packet the same headers held before
        let before = packets().into_iter().map(Some).chain([None]);
        for before in before {
            let mut headers = Brief::blank(protocol);
            let before =
                before.as_deref().map(|packet| Frame { time: frame.time, ..samples::frame(LinkType::RAW, packet) });
            if let Some(before) =
                before.as_ref().and_then(super::common).filter(|other| other.brief.protocol() == protocol)
            {
                before.brief.fill(before.wide.unwrap_or(&[0; 32]), &mut headers);
            }
            common.brief.fill(common.wide.unwrap_or(&[0; 32]), &mut headers);
            assert_eq!(format!("{headers:?}"), format!("{:?}", packet.headers));
        }
        assert_eq!((common.payload, common.brief.payload_len()), (packet.payload, packet.payload.len()));
        assert_eq!((Some(common.brief.time()), common.brief.wire_len()), (frame.time, frame.wire_len));
        true
    }

    fn packets() -> Vec<Vec<u8>> {
        let mut packets: Vec<Vec<u8>> = vec![];
        for payload in [&b""[..], b"hello", &[b'x'; 1400]] {
            packets.extend([samples::tcp4(payload), samples::tcp6(payload)]);
            packets.extend([samples::udp4(payload), samples::udp6(payload)]);
        }
        packets
    }

    #[test]
    fn packets_of_both_protocols_and_versions_are_common_on_every_link() {
        for packet in packets() {
            let kind = if packet[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] };
            let sll2 = [&kind[..], &[0; 18]].concat();
            let heads = [
                (LinkType::RAW, vec![]),
                (LinkType::ETHERNET, [&[2; 12][..], &kind].concat()),
                (LinkType::ETHERNET, [&[2; 12][..], &[0x81, 0, 0, 5], &kind].concat()),
                (LinkType::LINUX_SLL, [&[0; 14][..], &kind].concat()),
                (LinkType::LINUX_SLL2, sll2),
            ];
            for (link, head) in heads {
                let bytes = [head, packet.clone()].concat();
                assert!(is_common(&samples::frame(link, &bytes)), "{link:?}");
                let padded = [&bytes[..], &[0; 6]].concat();
                assert!(is_common(&samples::frame(link, &padded)), "{link:?} with padding");
                let cut = &bytes[..bytes.len() - 1];
                assert!(!is_common(&samples::cut_frame(link, cut, bytes.len())), "{link:?}, cut");
            }
        }
    }

    proptest! {
        #[test]
        fn common_packets_equal_the_decoders_result(
            which in 0_usize..12,
            changes in proptest::collection::vec((0_usize..80, any::<u8>()), 0..4),
        ) {
            let mut bytes = packets().swap_remove(which);
            for (at, value) in changes {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            is_common(&samples::frame(LinkType::RAW, &bytes));
        }
    }
}
