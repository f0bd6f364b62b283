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
#[inline]
pub(super) fn read<'a>(ip: &Ip<'a>) -> Result<Segment<'a>, Skip> {
    let bytes = ip.payload;
    let mut padded = [0; LONGEST];
    let header = match TcpHeaderSlice::from_slice(bytes.data) {
        Ok(header) => header,
        // cut within the options: what is there is read, from a copy that is as long as the header claims
        Err(err::tcp::HeaderSliceError::Len(error)) if bytes.data.len() >= FIXED && bytes.len >= error.required_len => {
            padded.iter_mut().zip(bytes.data).for_each(|(to, from)| *to = *from);
            TcpHeaderSlice::from_slice(&padded).map_err(|_| Skip::Malformed)?
        }
        Err(err::tcp::HeaderSliceError::Len(error)) => return Err(bytes.short(error.required_len)),
        Err(err::tcp::HeaderSliceError::Content(_)) => return Err(Skip::Malformed),
    };
    let header_len = header.slice().len();
    let payload = bytes.skip(header_len);
    let (source, destination) = ip.endpoints(header.source_port(), header.destination_port());
    Ok(Segment {
        source,
        destination,
        seq: SeqNumber(header.sequence_number()),
        ack: SeqNumber(header.acknowledgment_number()),
        flags: flags(&header),
        window: header.window_size(),
        urgent: header.urgent_pointer(),
        header_len: u8::try_from(header_len).unwrap_or(u8::MAX),
        options: options::read(bytes.limit(header_len).skip(FIXED).data),
        checksum: match (ip.pseudo_header().verdict(bytes.data, bytes.len, header.checksum()), header.checksum()) {
            (Checksum::Invalid | Checksum::Unverifiable, 0) => Checksum::Offloaded,
            (verdict, _) => verdict,
        },
        len: u32::try_from(payload.len).unwrap_or(u32::MAX),
        payload: payload.data,
    })
}

/// The nine flags of bytes 12 and 13.
#[inline]
fn flags(header: &TcpHeaderSlice<'_>) -> TcpFlags {
    match header.slice() {
        [_, _, _, _, _, _, _, _, _, _, _, _, high, low, ..] => TcpFlags::from_bits(u16::from_be_bytes([*high, *low])),
        _ => TcpFlags::default(),
    }
}
