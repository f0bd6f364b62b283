//! Changes that the link makes to the bytes of a frame: corruption, and the congestion mark of a router.

use super::packet::PacketView;

/// Offsets in an Ethernet frame.
const ETHER_TYPE: usize = 12;
const IP: usize = 14;

/// Flips one bit of the packet's body; `None` where it has none.
pub(super) fn damage(bytes: &mut [u8], view: &PacketView, (place, bit): (f64, u8)) -> Option<usize> {
    let body = view.body.clone();
    let offset = body.start + ((body.len() as f64 * place) as usize).min(body.len().checked_sub(1)?);
    *bytes.get_mut(offset)? ^= bit;
    Some(offset)
}

/// Marks the packet in `frame` as having met congestion (CE, RFC 3168 §5), which a router may do instead of dropping it
/// if the sender supports ECN (ECT). Returns `true` if it is marked now.
pub(super) fn mark(frame: &mut [u8]) -> bool {
    match frame.get(ETHER_TYPE..IP) {
        Some([0x08, 0x00]) => mark_ipv4(frame).is_some(),
        Some([0x86, 0xdd]) => mark_ipv6(frame).is_some(),
        _ => false,
    }
}

/// The ECN field is the last two bits of the second byte; the header's checksum follows (RFC 1624, eqn. 3).
fn mark_ipv4(frame: &mut [u8]) -> Option<()> {
    let before = word(frame, IP)?;
    if before & 0b11 == 0 {
        return None;
    }
    let after = before | 0b11;
    let sum = u32::from(!word(frame, IP + 10)?) + u32::from(!before) + u32::from(after);
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    let checksum = !u16::try_from(sum).ok()?;
    frame.get_mut(IP..IP + 2)?.copy_from_slice(&after.to_be_bytes());
    frame.get_mut(IP + 10..IP + 12)?.copy_from_slice(&checksum.to_be_bytes());
    Some(())
}

/// The traffic class lies across the first two bytes, its last two bits in the upper half of the second.
fn mark_ipv6(frame: &mut [u8]) -> Option<()> {
    let byte = frame.get_mut(IP + 1)?;
    if *byte & 0x30 == 0 {
        return None;
    }
    *byte |= 0x30;
    Some(())
}

fn word(frame: &[u8], at: usize) -> Option<u16> {
    frame.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::super::samples::datagram;
    use super::*;
    use crate::model::Direction;

    #[test]
    fn only_markable_packets_are_marked_with_a_valid_header_checksum() {
        let mut plain = datagram(Direction::ClientToServer, b"x");
        assert!(!mark(&mut plain));
        assert_eq!(plain, datagram(Direction::ClientToServer, b"x"), "not ECT: left alone");
        let mut frame = plain;
        frame[IP + 1] |= 0b10;
        let header = etherparse::Ipv4Header::from_slice(&frame[IP..]).expect("a header").0;
        frame[IP + 10..IP + 12].copy_from_slice(&header.calc_header_checksum().to_be_bytes());
        assert!(mark(&mut frame));
        let header = etherparse::Ipv4Header::from_slice(&frame[IP..]).expect("a header").0;
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        assert_eq!(frame[IP + 1] & 0b11, 0b11);
        assert!(!mark(&mut frame[..13]) && !mark(&mut []));
    }

    #[test]
    fn ipv6_has_no_header_checksum_to_update() {
        let mut frame = [[0; 12].as_slice(), &[0x86, 0xdd, 0x60, 0x10, 0, 0]].concat();
        assert!(mark(&mut frame));
        assert_eq!(frame[IP..IP + 2], [0x60, 0x30]);
    }
}
