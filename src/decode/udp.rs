//! The UDP header (RFC 768).

use etherparse::UdpHeaderSlice;

use super::ip::Ip;
use crate::model::{Checksum, Datagram, Skip};

/// Length of the header.
const HEADER: usize = 8;

/// The datagram that `ip` carries.
///
/// Its length is the Length field's word, even where the IP packet ends before: the rest is then as good as cut.
#[inline]
pub(super) fn read<'a>(ip: &Ip<'a>) -> Result<Datagram<'a>, Skip> {
    let header = UdpHeaderSlice::from_slice(ip.payload.data).map_err(|error| ip.payload.short(error.required_len))?;
    let total = match usize::from(header.length()) {
        // a jumbogram's length does not fit the field (RFC 2675 §4)
        0 if ip.payload.len > usize::from(u16::MAX) => ip.payload.len,
        0..HEADER => return Err(Skip::Malformed),
        length => length,
    };
    let bytes = ip.payload.limit(total);
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
        len: u32::try_from(total - HEADER).unwrap_or(u32::MAX),
        payload: bytes.skip(HEADER).data,
    })
}
