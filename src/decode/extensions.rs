//! Headers between the IP header and the transport: IPv6's extension headers (RFC 8200 §4) and AH (RFC 4302).

use std::net::{IpAddr, Ipv6Addr};

use etherparse::{IpAuthHeaderSlice, Ipv6FragmentHeaderSlice, Ipv6RawExtHeaderSlice, err, ip_number};

use super::captured::Captured;
use super::fragments::Fragment;
use super::ip::Ip;
use crate::model::Skip;

/// The hop-by-hop option that holds the length of a jumbogram (RFC 2675).
const JUMBO_PAYLOAD: u8 = 0xc2;

/// Steps over the extension headers that `ip.payload` starts with, in whatever order they come, up to the transport
/// or to the header of a fragment.
#[inline]
pub(super) fn skip(ip: &mut Ip<'_>) -> Result<(), Skip> {
    while ip.fragment.is_none() && is_extension(ip) {
        step(ip)?;
    }
    Ok(())
}

#[inline]
fn is_extension(ip: &Ip<'_>) -> bool {
    match ip.protocol {
        ip_number::TCP | ip_number::UDP => false,
        ip_number::AUTH => true,
        ip_number::IPV6_FRAGMENTATION_HEADER => ip.header.version == 6,
        other => ip.header.version == 6 && Ipv6RawExtHeaderSlice::header_type_supported(other),
    }
}

#[cold]
fn step(ip: &mut Ip<'_>) -> Result<(), Skip> {
    let bytes = ip.payload;
    let short = |error: err::LenError| bytes.short(error.required_len);
    let (next, len) = match ip.protocol {
        ip_number::AUTH => {
            let header = IpAuthHeaderSlice::from_slice(bytes.data).map_err(|error| match error {
                err::ip_auth::HeaderSliceError::Len(error) => short(error),
                err::ip_auth::HeaderSliceError::Content(_) => Skip::Malformed,
            })?;
            (header.next_header(), header.slice().len())
        }
        ip_number::IPV6_FRAGMENTATION_HEADER => {
            let header = Ipv6FragmentHeaderSlice::from_slice(bytes.data).map_err(short)?;
            // an atomic fragment (RFC 6946) is a whole packet
            ip.fragment = header.is_fragmenting_payload().then(|| Fragment {
                id: header.identification(),
                offset: header.fragment_offset(),
                more: header.more_fragments(),
            });
            (header.next_header(), header.slice().len())
        }
        kind => {
            let header = Ipv6RawExtHeaderSlice::from_slice(bytes.data).map_err(short)?;
            if kind == ip_number::IPV6_ROUTE
                && let Some(last) = final_destination(header.payload())
            {
                ip.final_destination = IpAddr::V6(last);
            }
            (header.next_header(), header.slice().len())
        }
    };
    ip.payload = bytes.skip(len);
    ip.protocol = next;
    ip.header.header_len = ip.header.header_len.saturating_add(u16::try_from(len).unwrap_or(u16::MAX));
    Ok(())
}

/// The last address of a routing header from its third byte on: type, segments left, four bytes, addresses.
///
/// Types 0 (RFC 5095) and 2 (RFC 6275) list the way in order, type 4 (RFC 8754) backwards. `None` where the way is at
/// its end or the type is another.
fn final_destination(routing: &[u8]) -> Option<Ipv6Addr> {
    let ([kind, segments_left, ..], addresses) = routing.split_first_chunk::<6>()?;
    let (addresses, _) = addresses.as_chunks::<16>();
    let last = match (*kind, *segments_left) {
        (_, 0) => None,
        (0 | 2, _) => addresses.last(),
        (4, _) => addresses.first(),
        _ => None,
    };
    last.copied().map(Ipv6Addr::from)
}

/// The length of a jumbogram, told by the hop-by-hop header that `payload` starts with; always above 65,535.
pub(super) fn jumbo_length(payload: Captured<'_>) -> Option<usize> {
    let header = Ipv6RawExtHeaderSlice::from_slice(payload.data).ok()?;
    let mut options = header.payload();
    while let [kind, rest @ ..] = options {
        // Pad1 alone has no length
        let [len, rest @ ..] = rest else { return None };
        if *kind == 0 {
            options = options.get(1..)?;
            continue;
        }
        let (value, after) = rest.split_at_checked(usize::from(*len))?;
        if *kind == JUMBO_PAYLOAD {
            let length = u32::from_be_bytes(value.try_into().ok()?);
            return usize::try_from(length).ok().filter(|length| *length > usize::from(u16::MAX));
        }
        options = after;
    }
    None
}
