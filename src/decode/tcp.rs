//! The TCP header (RFC 9293 §3.1).

use etherparse::{TcpHeaderSlice, err};

use super::ip::Ip;
use super::options;
use crate::model::{Checksum, Segment, SeqNumber, Skip, TcpFlags};

/// Length of the header without options.
const FIXED: usize = 20;
/// Length of the longest header.
const LONGEST: usize = 60;

/// The segment that `ip` carries.
#[inline(always)]
pub(super) fn read(ip: &Ip<'_>) -> Result<Segment, Skip> {
    match TcpHeaderSlice::from_slice(ip.payload.data) {
        Ok(header) => Ok(segment(ip, &header)),
        Err(err::tcp::HeaderSliceError::Len(error)) => cut(*ip, error.required_len),
        Err(err::tcp::HeaderSliceError::Content(_)) => Err(Skip::Malformed),
    }
}

/// A segment of which the capture kept less than the header; what is there of the options is read.
#[cold]
#[inline(never)]
fn cut(ip: Ip<'_>, header_len: usize) -> Result<Segment, Skip> {
    let bytes = ip.payload;
    if bytes.data.len() < FIXED || bytes.len < header_len {
        return Err(bytes.short(header_len));
    }
    // a copy that is as long as the header claims
    let mut padded = [0; LONGEST];
    padded.iter_mut().zip(bytes.data).for_each(|(to, from)| *to = *from);
    let header = TcpHeaderSlice::from_slice(&padded).map_err(|_| Skip::Malformed)?;
    let mut segment = segment(&ip, &header);
    segment.options.cut = true;
    Ok(segment)
}

/// Inlined with its callers, so that the segment is made where it will stay.
#[inline(always)]
fn segment(ip: &Ip<'_>, header: &TcpHeaderSlice<'_>) -> Segment {
    let bytes = ip.payload;
    let header_len = header.slice().len();
    let payload = bytes.skip(header_len);
    let (source, destination) = ip.endpoints(header.source_port(), header.destination_port());
    Segment {
        source,
        destination,
        seq: SeqNumber(header.sequence_number()),
        ack: SeqNumber(header.acknowledgment_number()),
        flags: flags(header),
        window: header.window_size(),
        urgent: header.urgent_pointer(),
        header_len: u8::try_from(header_len).unwrap_or(u8::MAX),
        options: options::read(bytes.limit(header_len).skip(FIXED).data),
        checksum: match (ip.pseudo_header().verdict(bytes.data, bytes.len, header.checksum()), header.checksum()) {
            (Checksum::Invalid | Checksum::Unverifiable, 0) => Checksum::Offloaded,
            (verdict, _) => verdict,
        },
        len: u32::try_from(payload.len).unwrap_or(u32::MAX),
    }
}

/// The nine flags of bytes 12 and 13.
#[inline]
fn flags(header: &TcpHeaderSlice<'_>) -> TcpFlags {
    match header.slice() {
        [_, _, _, _, _, _, _, _, _, _, _, _, high, low, ..] => TcpFlags::from_bits(u16::from_be_bytes([*high, *low])),
        _ => TcpFlags::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoder, samples};
    use crate::model::{Endpoint, LinkType, TcpTimestamps};

    #[test]
    fn every_field_of_a_segment_is_read() {
        let bytes = samples::tcp4(b"hello");
        let mut decoder = Decoder::new();
        let packet = decoder.decode(&samples::frame(LinkType::RAW, &bytes)).unwrap();
        let ip = packet.headers.ip;
        assert_eq!((ip.version, ip.ttl, ip.header_len, ip.fragments), (4, 64, 20, 1));
        let segment = samples::segment(packet);
        assert_eq!(segment.source, Endpoint::new(samples::CLIENT, 40_000));
        assert_eq!(segment.destination, Endpoint::new(samples::SERVER, 6542));
        assert_eq!((segment.seq, segment.ack, segment.window), (SeqNumber(0x0102_0304), SeqNumber(77), 512));
        assert_eq!(segment.flags, TcpFlags::PSH.union(TcpFlags::ACK));
        assert_eq!(segment.options.timestamps, Some(TcpTimestamps { value: 9, echo_reply: 8 }));
        assert_eq!((segment.header_len, segment.len, packet.payload), (32, 5, &b"hello"[..]));
        assert_eq!(packet.header, &bytes[20..52]);
        assert_eq!(segment.checksum, Checksum::Valid);
    }

    #[test]
    fn all_nine_flags_are_read() {
        let mut bytes = samples::tcp4(b"");
        bytes[32] |= 0x0f;
        bytes[33] = 0xff;
        let mut decoder = Decoder::new();
        let segment = samples::segment(decoder.decode(&samples::frame(LinkType::RAW, &bytes)).unwrap());
        assert_eq!(segment.flags.bits(), 0x1ff);
    }

    #[test]
    fn ethernet_padding_is_no_payload() {
        let padded = [&[0; 12][..], &[8, 0], &samples::tcp4(b""), &[0; 6]].concat();
        let mut decoder = Decoder::new();
        let packet = decoder.decode(&samples::frame(LinkType::ETHERNET, &padded)).unwrap();
        let segment = samples::segment(packet);
        assert_eq!((segment.len, packet.payload, segment.checksum), (0, &[][..], Checksum::Valid));
    }

    #[test]
    fn truncated_options_are_read_as_far_as_captured() {
        let syn = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8];
        let mut bytes = vec![0; 36];
        bytes[12] = 9 << 4;
        bytes[20..].copy_from_slice(&syn);
        let bytes = samples::ipv4(etherparse::IpNumber::TCP, &bytes);
        let mut decoder = Decoder::new();
        let cut = samples::cut_frame(LinkType::RAW, &bytes[..50], bytes.len());
        let packet = decoder.decode(&cut).unwrap();
        assert_eq!(packet.header, &bytes[20..50]);
        let options = samples::segment(packet).options;
        assert_eq!((options.mss, options.sack_permitted, options.timestamps), (Some(1460), true, None));
    }

    #[test]
    fn an_impossible_data_offset_is_malformed() {
        let mut bytes = samples::tcp4(b"");
        bytes[32] = 4 << 4;
        assert_eq!(samples::skip(&bytes), Some(Skip::Malformed));
        bytes[32] = 15 << 4;
        assert_eq!(samples::skip(&bytes), Some(Skip::Malformed));
        assert_eq!(samples::skip(&samples::ipv4(etherparse::IpNumber::TCP, &[0; 19])), Some(Skip::Malformed));
    }

    #[test]
    fn an_empty_checksum_is_offloaded_and_a_wrong_one_invalid() {
        let mut bytes = samples::tcp4(b"hello");
        for (field, expected) in [([0, 0], Checksum::Offloaded), ([1, 2], Checksum::Invalid)] {
            bytes[36..38].copy_from_slice(&field);
            let mut decoder = Decoder::new();
            let segment = samples::segment(decoder.decode(&samples::frame(LinkType::RAW, &bytes)).unwrap());
            assert_eq!(segment.checksum, expected);
        }
    }
}
