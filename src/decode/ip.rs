//! The headers of IPv4 (RFC 791) and IPv6 (RFC 8200): who to whom, how long, and what is inside.

use std::net::IpAddr;

use etherparse::{IpNumber, Ipv4HeaderSlice, Ipv6HeaderSlice, err, ip_number};

use super::captured::Captured;
use super::checksum::PseudoHeader;
use super::extensions;
use super::fragments::Fragment;
use crate::model::{Endpoint, IpHeader, Skip};

/// An IP packet, read as far as its transport or its fragmentation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ip<'a> {
    /// What the model keeps of the header.
    pub(super) header: IpHeader,
    pub(super) source: IpAddr,
    /// The header's destination.
    pub(super) destination: IpAddr,
    /// Where the packet ends its way: a routing header's last address, else the destination.
    pub(super) final_destination: IpAddr,
    /// What `payload` starts with.
    pub(super) protocol: IpNumber,
    pub(super) payload: Captured<'a>,
    /// Set while the payload is only a part of the packet's.
    pub(super) fragment: Option<Fragment>,
}

/// Whether the lengths in an IP header can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lengths {
    /// They say where the packet ends.
    Trusted,
    /// The packet is a quotation: cut by its quoter, who may also have changed its lengths.
    Quoted,
}

impl<'a> Ip<'a> {
    /// Reads the IP packet that `packet` starts with, IPv6 extension headers included.
    #[inline]
    pub(super) fn read(packet: Captured<'a>, lengths: Lengths) -> Result<Self, Skip> {
        let mut ip = match packet.array::<1>()?[0] >> 4 {
            4 => Self::v4(packet, lengths)?,
            6 => Self::v6(packet, lengths)?,
            _ => return Err(Skip::Malformed),
        };
        extensions::skip(&mut ip)?;
        Ok(ip)
    }

    #[inline]
    fn v4(packet: Captured<'a>, lengths: Lengths) -> Result<Self, Skip> {
        let header = Ipv4HeaderSlice::from_slice(packet.data).map_err(|error| match error {
            err::ipv4::HeaderSliceError::Len(error) => packet.short(error.required_len),
            err::ipv4::HeaderSliceError::Content(_) => Skip::Malformed,
        })?;
        let header_len = header.slice().len();
        let packet = match usize::from(header.total_len()) {
            // 0: the length did not fit, or the network card fills it in; the frame's end is the packet's
            0 => packet,
            _ if lengths == Lengths::Quoted => packet,
            short if short < header_len => return Err(Skip::Malformed),
            total => packet.limit(total),
        };
        let destination = header.destination_addr().into();
        Ok(Self {
            header: IpHeader {
                version: 4,
                id: Some(header.identification()),
                ttl: header.ttl(),
                ecn: header.ecn().value(),
                header_len: u16::try_from(header_len).unwrap_or(u16::MAX),
                fragments: 1,
            },
            source: header.source_addr().into(),
            destination,
            final_destination: destination,
            protocol: header.protocol(),
            payload: packet.skip(header_len),
            fragment: header.is_fragmenting_payload().then(|| Fragment {
                id: header.identification().into(),
                offset: header.fragments_offset(),
                more: header.more_fragments(),
            }),
        })
    }

    fn v6(packet: Captured<'a>, lengths: Lengths) -> Result<Self, Skip> {
        let header = Ipv6HeaderSlice::from_slice(packet.data).map_err(|error| match error {
            err::ipv6::HeaderSliceError::Len(error) => packet.short(error.required_len),
            err::ipv6::HeaderSliceError::Content(_) => Skip::Malformed,
        })?;
        let payload = packet.skip(header.slice().len());
        let protocol = header.next_header();
        let payload = match (header.payload_length(), lengths) {
            (_, Lengths::Quoted) => payload,
            (0, _) if protocol == ip_number::IPV6_HOP_BY_HOP => {
                payload.limit(extensions::jumbo_length(payload).unwrap_or(0))
            }
            (length, _) => payload.limit(length.into()),
        };
        let destination = header.destination_addr().into();
        Ok(Self {
            header: IpHeader {
                version: 6,
                id: None,
                ttl: header.hop_limit(),
                ecn: header.ecn().value(),
                header_len: 40,
                fragments: 1,
            },
            source: header.source_addr().into(),
            destination,
            final_destination: destination,
            protocol,
            payload,
            fragment: None,
        })
    }

    /// The two ends, as the transport names their ports.
    #[inline]
    pub(super) fn endpoints(&self, source: u16, destination: u16) -> (Endpoint, Endpoint) {
        (Endpoint::new(self.source, source), Endpoint::new(self.destination, destination))
    }

    /// What the transport's checksum covers of this header.
    #[inline]
    pub(super) fn pseudo_header(&self) -> PseudoHeader {
        PseudoHeader::new(self.source, self.final_destination, self.protocol.0)
    }
}
