//! Bytes to packets: lax, never failing, never panicking, with no state but the fragments that wait for the rest.
//!
//! A frame is read layer by layer, each in its file: `link` finds the IP packet, `ip` its transport, `tcp`,
//! `udp` and `icmp` the headers that are shown. What can't be a step says why: a [`Skip`]. Nothing here knows which
//! packets belong together; that is tracking.

mod brief;
mod captured;
mod checksum;
mod extensions;
mod fragments;
mod icmp;
mod ip;
mod link;
mod options;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
mod tcp;
mod udp;

use etherparse::ip_number;

use crate::model::{Checksum, Frame, Headers, Packet, Skip, Transport, Unknown};
pub(crate) use brief::{Common, common};
use captured::Captured;
use fragments::Reassembly;
use ip::{Ip, Lengths};
use link::Network;

/// Maximum number of fragmented headers of one packet, one within the other: a tunnel's and the inner packet's, twice.
const NESTED_FRAGMENTS: usize = 4;

/// Reads frames, one after the other, of one capture.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The headers of the last packet.
    headers: Option<Headers>,
    fragments: Reassembly,
    /// The reassembled packets that the last packet borrows from, outermost first.
    reassembled: [Vec<u8>; NESTED_FRAGMENTS],
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The packet in `frame`, read down to the innermost IP header and its transport.
    ///
    /// It borrows from the frame or, when the frame completes a fragmented packet, from the decoder.
    ///
    /// # Errors
    /// The reason for which the frame is no step; [`Skip::Fragment`] for every fragment but the one that completes
    /// its packet (see [`Decoder::incomplete_fragments`]).
    pub fn decode<'a>(&'a mut self, frame: &Frame<'a>) -> Result<Packet<'a>, Skip> {
        let packet = link::network(frame)?.packet;
        // one branch for each version all the way down: where the kind of address is known, it is copied but once
        match packet.array()? {
            [0x40..=0x4f] => self.plain(Ip::v4(packet, Lengths::Trusted)?, frame),
            [0x60..=0x6f] => self.plain(Ip::v6(packet, Lengths::Trusted)?, frame),
            _ => Err(Skip::Malformed),
        }
    }

    /// Nearly every packet: an IP header and a transport, nothing between and nothing missing. The rest goes through
    /// its layers.
    #[inline(always)]
    fn plain<'a>(&'a mut self, ip: Ip<'a>, frame: &Frame<'a>) -> Result<Packet<'a>, Skip> {
        // the same for both, but not made one: a transport of either kind is copied once more than one that is known
        match (ip.fragment, ip.protocol) {
            (None, ip_number::TCP) => {
                let headers = Headers::new(ip.header, Transport::Segment(tcp::read(&ip)?));
                Ok(lend(self.headers.insert(headers), &ip, frame.unknown))
            }
            (None, ip_number::UDP) => {
                let headers = Headers::new(ip.header, Transport::Datagram(udp::read(&ip)?));
                Ok(lend(self.headers.insert(headers), &ip, frame.unknown))
            }
            _ => self.layers(frame),
        }
    }

    /// The packet in `frame`, whatever is around it: fragments, extension headers, tunnels.
    #[inline(never)]
    fn layers<'a>(&'a mut self, frame: &Frame<'a>) -> Result<Packet<'a>, Skip> {
        let Network { vlan, mut packet } = link::network(frame)?;
        let mut buffers = self.reassembled.iter_mut();
        loop {
            let mut ip = Ip::read(packet, Lengths::Trusted)?;
            while let Some(fragment) = ip.fragment.take() {
                if fragment.stands_alone(&ip) {
                    // how many there are can't be known; at least one more
                    ip.header.fragments = 2;
                    break;
                }
                let whole = self.fragments.add(&ip, fragment, vlan, frame)?;
                let buffer = buffers.next().ok_or(Skip::Malformed)?;
                *buffer = whole.data;
                ip.header.fragments = whole.fragments;
                ip.header.earlier_bytes = whole.earlier_bytes;
                ip.header.earlier = whole.earlier;
                ip.protocol = whole.protocol;
                ip.payload = Captured::whole(buffer);
                extensions::skip(&mut ip)?;
            }
            let transport = match ip.protocol {
                ip_number::TCP => Transport::Segment(tcp::read(&ip)?),
                ip_number::UDP => Transport::Datagram(udp::read(&ip)?),
                ip_number::ICMP | ip_number::IPV6_ICMP => Transport::IcmpError(icmp::read(&ip)?),
                ip_number::IPV4 | ip_number::IPV6 => {
                    packet = ip.payload;
                    continue;
                }
                _ => return Err(Skip::OtherProtocol),
            };
            return Ok(lend(self.headers.insert(Headers::new(ip.header, transport)), &ip, frame.unknown));
        }
    }

    /// Number of frames reported as [`Skip::Fragment`] so far whose packets no frame has completed.
    pub fn incomplete_fragments(&self) -> u64 {
        self.fragments.incomplete()
    }
}

/// The packet with these headers; its bytes are where `ip` ends.
#[inline(always)]
fn lend<'a>(headers: &'a mut Headers, ip: &Ip<'a>, unknown: Unknown) -> Packet<'a> {
    if !unknown.is_nothing() {
        forget(headers, unknown);
    }
    let (header, bytes) = match &headers.transport {
        Transport::Segment(segment) => (segment.header_len.into(), ip.payload),
        Transport::Datagram(datagram) => (udp::HEADER, ip.payload.limit(udp::HEADER + datagram.len as usize)),
        Transport::IcmpError(_) => (0, Captured::whole(&[])),
    };
    Packet { headers, header: bytes.limit(header).data, payload: bytes.skip(header).data }
}

/// Takes out of the headers what the frame holds only placeholders for.
#[cold]
fn forget(headers: &mut Headers, unknown: Unknown) {
    if unknown.contains(Unknown::IP) {
        // no packet on the wire has a TTL of 0
        (headers.ip.ttl, headers.ip.id) = (0, None);
    }
    let checksum = unknown.contains(Unknown::CHECKSUM);
    match &mut headers.transport {
        Transport::Segment(segment) if checksum => segment.checksum = Checksum::Unverifiable,
        Transport::Datagram(datagram) if checksum => datagram.checksum = Checksum::Unverifiable,
        Transport::IcmpError(error) => (error.quoted.ip_id, error.quoted.length) = (None, None),
        Transport::Segment(_) | Transport::Datagram(_) => {}
    }
}
