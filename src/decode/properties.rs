//! Invariants of every frame, whatever its bytes are.

use etherparse::IpNumber;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Decoder, samples};
use crate::model::{Checksum, LinkType, Packet, Skip, Transport};

const LINKS: [LinkType; 10] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::LINUX_SLL2,
    LinkType(12),
    LinkType(9999),
];

fn transport_checksum(packet: Packet<'_>) -> Checksum {
    match packet.headers.transport {
        Transport::Segment(segment) => segment.checksum,
        Transport::Datagram(datagram) => datagram.checksum,
        Transport::IcmpError(error) => panic!("no checksum in {error:?}"),
    }
}

/// One checksum in 65,536 is by chance the sum of its pseudo-header, which then is all that can be said of it.
fn is(found: Checksum, expected: Checksum) -> bool {
    found == expected || expected != Checksum::Valid && found == Checksum::Offloaded
}

/// Everything that reading a packet can go through: any packet, any extension headers, any tunnel, any quotation.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let inner = prop_oneof![
        vec(any::<u8>(), 0..80).prop_map(|data| samples::tcp4(&data)),
        vec(any::<u8>(), 0..80).prop_map(|data| samples::udp4(&data)),
        vec(any::<u8>(), 0..80).prop_map(|data| samples::tcp6(&data)),
        vec(any::<u8>(), 0..80).prop_map(|data| samples::udp6(&data)),
        vec(any::<u8>(), 0..120),
    ];
    let next = prop_oneof![Just(0), Just(4), Just(6), Just(17), Just(41), Just(43), Just(44), Just(51), Just(60)];
    inner.prop_recursive(4, 8, 1, move |inner| {
        prop_oneof![
            inner.clone().prop_map(|data| samples::ipv4(IpNumber::IPV4, &data)),
            (any::<u8>(), inner.clone()).prop_map(|(next, data)| samples::ipv6(IpNumber(next), &data)),
            (next.clone(), next.clone(), 0..3_u8, any::<[u8; 6]>(), inner.clone()).prop_map(
                |(first, second, len, value, data)| samples::ipv6(
                    IpNumber(first),
                    &[&[second, len][..], &value, &data].concat()
                )
            ),
            (0..13_u8, any::<u8>(), inner.clone()).prop_map(|(kind, code, data)| samples::ipv4(
                IpNumber::ICMP,
                &[&[kind, code, 0, 0, 0, 0, 0, 0][..], &data].concat()
            )),
            (1..5_u8, any::<u8>(), inner).prop_map(|(kind, code, data)| samples::ipv6(
                IpNumber::IPV6_ICMP,
                &[&[kind, code, 0, 0, 0, 0, 0, 0][..], &data].concat()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_of_any_link_type_are_read(
        frames in vec((prop::sample::select(&LINKS[..]), any::<u32>(), vec(any::<u8>(), 0..150)), 1..8)
    ) {
        let mut decoder = Decoder::new();
        for (link, wire_len, data) in frames {
            let frame = crate::model::Frame { wire_len, ..samples::frame(link, &data) };
            if let Err(skip) = decoder.decode(&frame) {
                prop_assert!(Skip::ALL.contains(&skip));
            }
        }
    }

    #[test]
    fn truncated_or_damaged_packet_never_panics(
        packet in packet(),
        keep in any::<prop::sample::Index>(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut decoder = Decoder::new();
        let mut damaged = packet.clone();
        for (at, byte) in damage {
            if let Some(place) = damaged.get_mut(at.index(packet.len().max(1))) {
                *place = byte;
            }
        }
        for data in [&packet[..], &damaged, &damaged[..keep.index(packet.len() + 1)]] {
            if let Ok(packet) = decoder.decode(&samples::cut_frame(LinkType::RAW, data, damaged.len())) {
                match packet.headers.transport {
                    Transport::Segment(segment) => prop_assert!(packet.payload.len() <= segment.len as usize),
                    Transport::Datagram(datagram) => prop_assert!(packet.payload.len() <= datagram.len as usize),
                    Transport::IcmpError(error) => prop_assert!(matches!(error.version, 4 | 6)),
                }
            }
        }
    }

    #[test]
    fn packet_truncated_anywhere_is_truncated_or_a_step_of_full_length(payload in vec(any::<u8>(), 0..60)) {
        for whole in [samples::tcp4(&payload), samples::udp4(&payload), samples::tcp6(&payload), samples::udp6(&payload)] {
            let header = whole.len() - payload.len();
            for keep in 0..=whole.len() {
                let mut decoder = Decoder::new();
                match decoder.decode(&samples::cut_frame(LinkType::RAW, &whole[..keep], whole.len())) {
                    Err(skip) => {
                        prop_assert_eq!(skip, Skip::Cut);
                        prop_assert!(keep < header);
                    }
                    Ok(packet) => {
                        let expected = if keep < whole.len() { Checksum::Unverifiable } else { Checksum::Valid };
                        prop_assert!(is(transport_checksum(packet), expected));
                        let len = match packet.headers.transport {
                            Transport::Segment(segment) => segment.len,
                            Transport::Datagram(datagram) => datagram.len,
                            Transport::IcmpError(error) => panic!("{error:?}"),
                        };
                        prop_assert_eq!(len as usize, payload.len());
                        prop_assert_eq!(packet.payload, &payload[..keep.saturating_sub(header)]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_checksum_holds_until_a_bit_is_flipped(
        payload in vec(any::<u8>(), 1..100),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        for mut bytes in [samples::tcp4(&payload), samples::udp4(&payload), samples::tcp6(&payload), samples::udp6(&payload)] {
            let checksum = |bytes: &[u8]| {
                Decoder::new().decode(&samples::frame(LinkType::RAW, bytes)).map(transport_checksum)
            };
            prop_assert_eq!(checksum(&bytes), Ok(Checksum::Valid));
            let at = bytes.len() - 1 - at.index(payload.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(is(checksum(&bytes).unwrap(), Checksum::Invalid));
        }
    }
}
