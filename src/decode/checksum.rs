//! The Internet checksum (RFC 1071) of TCP and UDP, and what a field that does not fit means.
//!
//! A sender whose network card makes the checksum leaves the folded sum of the pseudo-header in the field, not
//! complemented; a capture on that host sees it so. That sum needs no payload, so it shows on cut packets too.

use crate::model::Checksum;

/// From how many eights on several at a time are quicker than one after the other.
const LONG: usize = 24;

/// The sum of what the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1) takes from the IP header: two addresses and the
/// protocol.
#[derive(Clone, Copy, Debug)]
pub(super) struct PseudoHeader(u64);

impl PseudoHeader {
    /// Of a packet between these two addresses, as they stand in the header.
    #[inline(always)]
    pub(super) fn new(addresses: &[u8]) -> Self {
        Self(words(addresses))
    }

    /// With the protocol of what the packet carries.
    #[inline]
    pub(super) fn with_protocol(self, protocol: u8) -> Self {
        Self(add(self.0, u16::from(protocol).to_be().into()))
    }

    /// Compares `field` with the checksum of `data`, a transport header with as much of its payload as was captured of
    /// `len` bytes.
    #[inline]
    pub(super) fn verdict(self, data: &[u8], len: usize, field: u16) -> Checksum {
        let whole = data.len() == len;
        // 32 bits of length, as RFC 8200 has it; IPv4's 16 bits add up to the same
        let length = u32::try_from(len).unwrap_or(u32::MAX);
        let with_length = add(self.0, length.to_be().into());
        if whole && fold(add(with_length, words(data))) == u16::MAX {
            return Checksum::Valid;
        }
        // large sends leave the length out: the card fills it in for each segment
        if field == fold(with_length) || field == fold(self.0) {
            return Checksum::Offloaded;
        }
        if whole { Checksum::Invalid } else { Checksum::Unverifiable }
    }
}

/// The sum of the 16-bit words of `data`, in this machine's byte order and not yet folded; an odd byte is padded with
/// zero.
#[inline(always)]
fn words(data: &[u8]) -> u64 {
    let (eights, rest) = data.as_chunks::<8>();
    let (twos, odd) = rest.as_chunks::<2>();
    let sum = if eights.len() < LONG { short(eights) } else { long(eights) };
    let sum = twos.iter().fold(sum, |sum, two| add(sum, u16::from_ne_bytes(*two).into()));
    odd.iter().fold(sum, |sum, byte| add(sum, u16::from_ne_bytes([*byte, 0]).into()))
}

/// The sum of short data: one addition for each eight bytes.
#[inline(always)]
fn short(eights: &[[u8; 8]]) -> u64 {
    eights.iter().fold(0, |sum, eight| add(sum, u64::from_ne_bytes(*eight)))
}

/// The sum of long data: no carry from one word to the next, so that the processor can add several at a time. The
/// halves of a word are added apart, which loses no carry below 2^35 bytes.
#[inline(never)]
fn long(eights: &[[u8; 8]]) -> u64 {
    let (low, high) = eights.iter().fold((0, 0), |(low, high), eight| {
        let word = u64::from_ne_bytes(*eight);
        (low + (word & 0xffff_ffff), high + (word >> 32))
    });
    low + high
}

/// One's-complement addition: what is carried out comes in again.
#[inline]
fn add(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    sum + u64::from(carry)
}

/// The sum with its carries added in, in network byte order's meaning.
#[inline]
fn fold(sum: u64) -> u16 {
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    u16::from_be(sum as u16)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use proptest::prelude::*;

    use super::*;

    /// RFC 1071's sum, two bytes at a time.
    fn plain(data: &[u8]) -> u16 {
        let sum = data
            .chunks(2)
            .fold(0_u64, |sum, pair| sum + u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])));
        let mut sum = sum;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum as u16
    }

    fn pseudo() -> PseudoHeader {
        PseudoHeader::new(&[127, 0, 0, 1, 127, 0, 0, 1]).with_protocol(6)
    }

    #[test]
    fn the_example_of_rfc_1071_adds_up() {
        assert_eq!(fold(words(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), 0xddf2);
    }

    #[test]
    fn the_pseudo_header_alone_is_offloaded_even_when_the_payload_is_cut() {
        // 127.0.0.1 to itself, TCP, 33 bytes: 7f00 + 0001 + 7f00 + 0001 + 0006 + 0021
        let offloaded = 0xfe29_u16;
        let mut segment = [0_u8; 33];
        segment[16..18].copy_from_slice(&offloaded.to_be_bytes());
        assert_eq!(pseudo().verdict(&segment, 33, offloaded), Checksum::Offloaded);
        assert_eq!(pseudo().verdict(&segment[..20], 33, offloaded), Checksum::Offloaded);
        assert_eq!(pseudo().verdict(&segment[..20], 33, offloaded - 0x21), Checksum::Offloaded);
        assert_eq!(pseudo().verdict(&segment[..20], 33, 0x1234), Checksum::Unverifiable);
        assert_eq!(pseudo().verdict(&segment, 33, 0x1234), Checksum::Invalid);
    }

    #[test]
    fn ipv4_and_ipv6_addresses_count_in_full() {
        let one = Ipv6Addr::LOCALHOST.octets();
        assert_eq!(fold(PseudoHeader::new(&[one, one].concat()).with_protocol(17).0), 0x13);
        assert_eq!(fold(pseudo().0), 0xfe08);
    }

    proptest! {
        #[test]
        fn eight_bytes_at_a_time_sum_as_two(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(fold(words(&data)), plain(&data));
        }

        #[test]
        fn one_flipped_bit_is_noticed(data in proptest::collection::vec(any::<u8>(), 1..200), bit in any::<prop::sample::Index>()) {
            let bit = bit.index(data.len() * 8);
            let mut flipped = data.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(plain(&data), fold(words(&flipped)));
        }
    }
}
