//! The link layer: from the first byte of a frame to its IP packet.

use etherparse::{EtherType, Ethernet2HeaderSlice, SingleVlanHeaderSlice};

use super::captured::Captured;
use crate::model::{Frame, LinkType, Skip};

/// The IP packet of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network<'a> {
    /// The innermost VLAN: the same addresses may be in use in several.
    pub(super) vlan: Option<u16>,
    /// From the IP header on, with what may be padding.
    pub(super) packet: Captured<'a>,
}

/// ARPHRD_NETLINK: the payload is a netlink message, whatever the protocol field says.
const ARPHRD_NETLINK: u16 = 824;
/// A cooked capture's protocol of frames that start with an LLC header.
const SLL_LLC: u16 = 4;
/// The last EtherType value that is a length instead (IEEE 802.3).
const LAST_LENGTH: u16 = 1500;
/// The former QinQ tag, which predates IEEE 802.1ad.
const OLD_QINQ: EtherType = EtherType::VLAN_DOUBLE_TAGGED_FRAME;

/// Finds the IP packet in `frame`.
#[inline(always)]
pub(super) fn network<'a>(frame: &Frame<'a>) -> Result<Network<'a>, Skip> {
    let bytes = Captured::new(frame.data, frame.wire_len);
    match frame.link {
        LinkType::ETHERNET => ethernet(bytes),
        // 12 and 14 are what BSD and OpenBSD call raw IP; files hold them too
        LinkType::RAW | LinkType::IPV4 | LinkType(12 | 14) => Ok(Network { vlan: None, packet: bytes }),
        LinkType::IPV6 => ipv6(None, bytes),
        LinkType::LINUX_SLL => {
            let header: &[u8; 16] = bytes.array()?;
            let [_, _, t0, t1, .., p0, p1] = *header;
            cooked(u16::from_be_bytes([t0, t1]), u16::from_be_bytes([p0, p1]), bytes.skip(16))
        }
        LinkType::LINUX_SLL2 => {
            let header: &[u8; 20] = bytes.array()?;
            let [p0, p1, _, _, _, _, _, _, t0, t1, ..] = *header;
            cooked(u16::from_be_bytes([t0, t1]), u16::from_be_bytes([p0, p1]), bytes.skip(20))
        }
        LinkType::NULL => null(*bytes.array()?, bytes.skip(4)),
        LinkType::LOOP => loopback(u32::from_be_bytes(*bytes.array()?), bytes.skip(4)),
        _ => Err(Skip::LinkType),
    }
}

#[inline]
fn ethernet(bytes: Captured<'_>) -> Result<Network<'_>, Skip> {
    let header = Ethernet2HeaderSlice::from_slice(bytes.data).map_err(|error| bytes.short(error.required_len))?;
    let payload = bytes.skip(header.slice().len());
    match header.ether_type() {
        EtherType::IPV4 => Ok(Network { vlan: None, packet: payload }),
        other => tagged(other, payload),
    }
}

/// Reads the payload of an EtherType, behind any number of VLAN tags.
fn tagged(mut kind: EtherType, mut payload: Captured<'_>) -> Result<Network<'_>, Skip> {
    let mut vlan = None;
    loop {
        match kind {
            EtherType::IPV4 => return Ok(Network { vlan, packet: payload }),
            EtherType::IPV6 => return ipv6(vlan, payload),
            EtherType::ARP => return Err(Skip::Arp),
            EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING | OLD_QINQ => {
                let tag = SingleVlanHeaderSlice::from_slice(payload.data)
                    .map_err(|error| payload.short(error.required_len))?;
                vlan = Some(tag.vlan_identifier().value());
                kind = tag.ether_type();
                payload = payload.skip(tag.slice().len());
            }
            EtherType(length @ ..=LAST_LENGTH) => {
                payload = payload.limit(length.into());
                (kind, payload) = llc(payload)?;
            }
            _ => return Err(Skip::NotIp),
        }
    }
}

/// The EtherType that an LLC header (IEEE 802.2) stands for, and what follows: IP's own SAP, or SNAP.
fn llc(bytes: Captured<'_>) -> Result<(EtherType, Captured<'_>), Skip> {
    match *bytes.array::<3>()? {
        [0x06, 0x06, 0x03] => Ok((EtherType::IPV4, bytes.skip(3))),
        [0xaa, 0xaa, 0x03] => match *bytes.array::<8>()? {
            // the OUIs of encapsulated Ethernet (RFC 1042) and of bridges (IEEE 802.1H)
            [_, _, _, 0, 0, 0 | 0xf8, t0, t1] => {
                // a length here would be no frame's, and looping on it no end
                let kind = u16::from_be_bytes([t0, t1]);
                if kind <= LAST_LENGTH { Err(Skip::NotIp) } else { Ok((EtherType(kind), bytes.skip(8))) }
            }
            _ => Err(Skip::NotIp),
        },
        _ => Err(Skip::NotIp),
    }
}

/// A Linux cooked capture's protocol, which is an EtherType except for a few device types and small numbers.
#[inline]
fn cooked(device: u16, protocol: u16, payload: Captured<'_>) -> Result<Network<'_>, Skip> {
    match (device, EtherType(protocol)) {
        (ARPHRD_NETLINK, _) => Err(Skip::NotIp),
        (_, EtherType::IPV4) => Ok(Network { vlan: None, packet: payload }),
        (_, EtherType(SLL_LLC)) => {
            let (kind, payload) = llc(payload)?;
            tagged(kind, payload)
        }
        (_, EtherType(..=LAST_LENGTH)) => Err(Skip::NotIp),
        (_, other) => tagged(other, payload),
    }
}

/// Reads the payload behind a NULL header, as Wireshark does.
fn null(header: [u8; 4], payload: Captured<'_>) -> Result<Network<'_>, Skip> {
    let value = match header {
        // PPP's address and control fields
        [0xff, 0x03, _, _] => return Err(Skip::NotIp),
        [0, family @ ..=5, 0, 0] | [_, _, family @ 1..=5, 0] => family.into(),
        [_, _, 0, 0] => u32::from_le_bytes(header),
        _ => u32::from_be_bytes(header),
    };
    if value <= LAST_LENGTH.into() {
        return loopback(value, payload);
    }
    let [_, _, high, low] = value.to_be_bytes();
    match u16::from_be_bytes([high, low]) {
        // a length would announce LLC, which this header never carries
        ..=LAST_LENGTH => Err(Skip::NotIp),
        kind => tagged(EtherType(kind), payload),
    }
}

/// A BSD loopback header's address family; IPv6 has another number on each system.
fn loopback(family: u32, payload: Captured<'_>) -> Result<Network<'_>, Skip> {
    match family {
        2 => Ok(Network { vlan: None, packet: payload }),
        10 | 23 | 24 | 28 | 30 => ipv6(None, payload),
        _ => Err(Skip::NotIp),
    }
}

/// A packet announced as IPv6 must be one; one announced as IPv4 may be either, as Wireshark takes it.
fn ipv6(vlan: Option<u16>, packet: Captured<'_>) -> Result<Network<'_>, Skip> {
    match packet.array::<1>()?[0] >> 4 {
        6 => Ok(Network { vlan, packet }),
        _ => Err(Skip::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoder, samples};

    const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

    /// Reads `header` and a TCP packet behind it: the VLAN, or why there is none.
    fn read(link: LinkType, header: &[u8], packet: &[u8]) -> Result<Option<u16>, Skip> {
        let bytes = [header, packet].concat();
        let vlan = network(&samples::frame(link, &bytes))?.vlan;
        let mut decoder = Decoder::new();
        assert_eq!(decoder.decode(&samples::frame(link, &bytes))?.payload, b"hello");
        Ok(vlan)
    }

    fn ethernet(after_addresses: &[u8], packet: &[u8]) -> Result<Option<u16>, Skip> {
        read(LinkType::ETHERNET, &[&MACS, after_addresses].concat(), packet)
    }

    #[test]
    fn ethernet_is_read_through_any_number_of_tags() {
        let (v4, v6) = (samples::tcp4(b"hello"), samples::tcp6(b"hello"));
        assert_eq!(ethernet(&[8, 0], &v4), Ok(None));
        assert_eq!(ethernet(&[0x86, 0xdd], &v6), Ok(None));
        assert_eq!(ethernet(&[0x81, 0, 0xe0, 5, 8, 0], &v4), Ok(Some(5)));
        assert_eq!(ethernet(&[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd], &v6), Ok(Some(6)));
        assert_eq!(ethernet(&[0x91, 0, 0, 5, 0x91, 0, 0, 6, 0x81, 0, 0, 7, 8, 0], &v4), Ok(Some(7)));
        assert_eq!(ethernet(&[0x81, 0, 0xe0], &[]), Err(Skip::Malformed));
    }

    #[test]
    fn ieee_802_3_frames_carry_ip_after_llc() {
        let v4 = samples::tcp4(b"hello");
        let length = |llc: usize| u16::try_from(llc + v4.len()).unwrap().to_be_bytes();
        let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
        assert_eq!(ethernet(&[&length(8)[..], &snap].concat(), &v4), Ok(None));
        assert_eq!(ethernet(&[&length(3)[..], &[6, 6, 3]].concat(), &v4), Ok(None));
        assert_eq!(ethernet(&[&[0x81, 0, 0, 5][..], &length(8), &snap].concat(), &v4), Ok(Some(5)));
        // shorter than the packet, a spanning tree frame, IPX, a length for a protocol
        assert_eq!(ethernet(&[&[0, 20][..], &snap].concat(), &v4), Err(Skip::Malformed));
        assert_eq!(ethernet(&[&length(3)[..], &[0x42, 0x42, 3]].concat(), &v4), Err(Skip::NotIp));
        assert_eq!(ethernet(&length(0), &[&[0xff, 0xff], &v4[..]].concat()), Err(Skip::NotIp));
        assert_eq!(ethernet(&[&length(8)[..], &[0xaa, 0xaa, 3, 0, 0, 0, 0, 8]].concat(), &v4), Err(Skip::NotIp));
    }

    #[test]
    fn other_protocols_are_distinguished() {
        assert_eq!(ethernet(&[8, 6], &[0; 28]), Err(Skip::Arp));
        assert_eq!(ethernet(&[0x81, 0, 0, 5, 8, 6], &[0; 28]), Err(Skip::Arp));
        for other in [[0x88, 0xcc], [0x88, 0x64], [0x88, 0x47], [0x92, 0], [0x05, 0xdd]] {
            assert_eq!(ethernet(&other, &samples::tcp4(b"hello")), Err(Skip::NotIp));
        }
        assert_eq!(ethernet(&[0x86, 0xdd], &samples::tcp4(b"hello")), Err(Skip::Malformed));
        assert_eq!(read(LinkType(9999), &[], &samples::tcp4(b"hello")), Err(Skip::LinkType));
    }

    #[test]
    fn cooked_captures_of_every_device_are_read() {
        let v4 = samples::tcp4(b"hello");
        let sll = |device: u16, protocol: u16| {
            let ([t0, t1], [p0, p1]) = (device.to_be_bytes(), protocol.to_be_bytes());
            [0, 0, t0, t1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, p0, p1]
        };
        let sll2 = |device: u16, protocol: u16| {
            let ([t0, t1], [p0, p1]) = (device.to_be_bytes(), protocol.to_be_bytes());
            [p0, p1, 0, 0, 0, 0, 0, 3, t0, t1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]
        };
        for device in [1, 772, 778, 0xfffe] {
            assert_eq!(read(LinkType::LINUX_SLL, &sll(device, 0x0800), &v4), Ok(None));
            assert_eq!(read(LinkType::LINUX_SLL2, &sll2(device, 0x0800), &v4), Ok(None));
            assert_eq!(read(LinkType::LINUX_SLL2, &sll2(device, 0x86dd), &samples::tcp6(b"hello")), Ok(None));
        }
        let tagged = [&sll(1, 0x8100)[..], &[0, 5, 8, 0]].concat();
        assert_eq!(read(LinkType::LINUX_SLL, &tagged, &v4), Ok(Some(5)));
        let llc = [&sll(1, SLL_LLC)[..], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]].concat();
        assert_eq!(read(LinkType::LINUX_SLL, &llc, &v4), Ok(None));
        assert_eq!(read(LinkType::LINUX_SLL, &sll(ARPHRD_NETLINK, 0x0800), &v4), Err(Skip::NotIp));
        assert_eq!(read(LinkType::LINUX_SLL, &sll(1, 1), &v4), Err(Skip::NotIp));
        assert_eq!(read(LinkType::LINUX_SLL2, &sll2(1, 0x0806), &v4), Err(Skip::Arp));
    }

    #[test]
    fn loopback_families_of_every_system_are_read() {
        let (v4, v6) = (samples::tcp4(b"hello"), samples::tcp6(b"hello"));
        assert_eq!(read(LinkType::NULL, &[2, 0, 0, 0], &v4), Ok(None));
        assert_eq!(read(LinkType::NULL, &[0, 0, 0, 2], &v4), Ok(None));
        assert_eq!(read(LinkType::LOOP, &[0, 0, 0, 2], &v4), Ok(None));
        assert_eq!(read(LinkType::LOOP, &[2, 0, 0, 0], &v4), Err(Skip::NotIp));
        for family in [10, 23, 24, 28, 30] {
            assert_eq!(read(LinkType::NULL, &[family, 0, 0, 0], &v6), Ok(None));
            assert_eq!(read(LinkType::NULL, &[0, 0, 0, family], &v6), Ok(None));
            assert_eq!(read(LinkType::LOOP, &[0, 0, 0, family], &v6), Ok(None));
        }
        assert_eq!(read(LinkType::NULL, &[7, 0, 0, 0], &v4), Err(Skip::NotIp));
        // IRIX
        assert_eq!(read(LinkType::NULL, &[0, 2, 0, 0], &v4), Ok(None));
        assert_eq!(read(LinkType::NULL, &[0, 0, 2, 0], &v4), Ok(None));
    }

    #[test]
    fn a_null_header_may_hold_an_ethertype() {
        let (v4, v6) = (samples::tcp4(b"hello"), samples::tcp6(b"hello"));
        for before in [[0, 0], [0x0f, 0], [0, 0x60]] {
            let header = |kind: [u8; 2]| [before, kind].concat();
            assert_eq!(read(LinkType::NULL, &header([8, 0]), &v4), Ok(None));
            assert_eq!(read(LinkType::NULL, &header([0x86, 0xdd]), &v6), Ok(None));
            assert_eq!(read(LinkType::NULL, &header([8, 6]), &v4), Err(Skip::Arp));
            assert_eq!(read(LinkType::NULL, &header([0x88, 0xcc]), &v4), Err(Skip::NotIp));
        }
        // a length, whatever follows; PPP
        let llc = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &v4].concat();
        assert_eq!(read(LinkType::NULL, &[0x0f, 0, 0, 100], &llc), Err(Skip::NotIp));
        assert_eq!(read(LinkType::NULL, &[0xff, 3, 8, 0], &v4), Err(Skip::NotIp));
        // OpenBSD's header holds nothing but families
        assert_eq!(read(LinkType::LOOP, &[0, 0, 8, 0], &v4), Err(Skip::NotIp));
    }

    #[test]
    fn raw_ip_of_every_name_is_read() {
        for link in [LinkType::RAW, LinkType(12), LinkType(14), LinkType::IPV4] {
            assert_eq!(read(link, &[], &samples::tcp4(b"hello")), Ok(None));
        }
        assert_eq!(read(LinkType::RAW, &[], &samples::tcp6(b"hello")), Ok(None));
        assert_eq!(read(LinkType::IPV6, &[], &samples::tcp6(b"hello")), Ok(None));
        assert_eq!(read(LinkType::IPV6, &[], &samples::tcp4(b"hello")), Err(Skip::Malformed));
    }
}
