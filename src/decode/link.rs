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
#[inline]
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
        LinkType::NULL => {
            // in the byte order of the capturing host, which the file's need not be; a family is a small number
            let family: [u8; 4] = *bytes.array()?;
            loopback(u32::from_le_bytes(family).min(u32::from_be_bytes(family)), bytes.skip(4))
        }
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

/// What an EtherType announces, however many VLAN tags come first.
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

/// A Linux cooked capture's protocol, which is an EtherType but for a few device types and small numbers.
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
