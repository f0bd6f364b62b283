//! The UDP header (RFC 768).

use etherparse::UdpHeaderSlice;

use super::ip::Ip;
use crate::model::{Checksum, Datagram, Skip};

/// Length of the header.
pub(super) const HEADER: usize = 8;

/// The datagram that `ip` carries.
///
/// Its length is the Length field's word, even where the IP packet ends before: the rest is then as good as cut.
#[inline(always)]
pub(super) fn read(ip: &Ip<'_>) -> Result<Datagram, Skip> {
    let header = UdpHeaderSlice::from_slice(ip.payload.data).map_err(|error| ip.payload.short(error.required_len))?;
    let total = match usize::from(header.length()) {
        // a jumbogram's length does not fit the field (RFC 2675 §4)
        0 if ip.payload.len > usize::from(u16::MAX) => ip.payload.len,
        0..HEADER => return Err(Skip::Malformed),
        length => length,
    };
    let bytes = ip.payload.limit(total);
    // the first fragment alone is not the whole datagram
    let is_part = ip.header.fragments > 1 && ip.header.earlier_bytes == 0;
    let lacking = if is_part { 0 } else { total.saturating_sub(ip.payload.len) };
    let (source, destination) = ip.endpoints(header.source_port(), header.destination_port());
    Ok(Datagram {
        source,
        destination,
        // RFC 768: 0 says that there is none; RFC 8200 §8.1 forbids that over IPv6
        checksum: match (header.checksum(), ip.header.version) {
            (0, 4) => Checksum::Absent,
            (field, _) => ip.pseudo_header().verdict(bytes.data, total, field),
        },
        checksum_raw: header.checksum(),
        length: header.length(),
        lacking: u16::try_from(lacking).unwrap_or(u16::MAX),
        len: u32::try_from(total - HEADER).unwrap_or(u32::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoder, samples};
    use crate::model::LinkType;

    /// The verdict, length and captured payload of an IPv4 datagram whose Length and Checksum were changed.
    fn changed(length: u16, checksum: Option<u16>) -> Result<(Checksum, u32, Vec<u8>), Skip> {
        let mut bytes = samples::udp4(b"hello");
        bytes[24..26].copy_from_slice(&length.to_be_bytes());
        if let Some(checksum) = checksum {
            bytes[26..28].copy_from_slice(&checksum.to_be_bytes());
        }
        let mut decoder = Decoder::new();
        let packet = decoder.decode(&samples::frame(LinkType::RAW, &bytes))?;
        let datagram = samples::datagram(packet);
        assert_eq!(datagram.length, length);
        assert_eq!(packet.header, &bytes[20..28]);
        Ok((datagram.checksum, datagram.len, packet.payload.to_vec()))
    }

    #[test]
    fn a_datagram_is_as_long_as_it_says() {
        assert_eq!(changed(13, None), Ok((Checksum::Valid, 5, b"hello".to_vec())));
        assert_eq!(changed(10, None), Ok((Checksum::Invalid, 2, b"he".to_vec())));
        assert_eq!(changed(100, None), Ok((Checksum::Unverifiable, 92, b"hello".to_vec())));
    }

    #[test]
    fn bytes_counted_but_not_captured_are_reported() {
        let mut bytes = samples::udp4(b"hello");
        bytes[24..26].copy_from_slice(&100_u16.to_be_bytes());
        let lacking = |frame| samples::datagram(Decoder::new().decode(&frame).unwrap()).lacking;
        assert_eq!(lacking(samples::frame(LinkType::RAW, &bytes)), 87);
        // what the capture did not keep was there all the same
        let whole = samples::udp4(b"hello");
        assert_eq!(lacking(samples::cut_frame(LinkType::RAW, &whole[..30], whole.len())), 0);
    }

    #[test]
    fn a_length_below_the_headers_is_malformed() {
        for length in 0..8 {
            assert_eq!(changed(length, None), Err(Skip::Malformed), "{length}");
        }
    }

    #[test]
    fn no_checksum_is_absent_over_ipv4_and_invalid_over_ipv6() {
        assert_eq!(changed(13, Some(0)).map(|(checksum, ..)| checksum), Ok(Checksum::Absent));
        let mut bytes = samples::udp6(b"hello");
        bytes[46..48].fill(0);
        let mut decoder = Decoder::new();
        let datagram = samples::datagram(decoder.decode(&samples::frame(LinkType::RAW, &bytes)).unwrap());
        assert_eq!((datagram.checksum, datagram.checksum_raw), (Checksum::Invalid, 0));
    }
}
