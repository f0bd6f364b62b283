//! The properties of a frame that a rule can refer to: its kind of packet, its conversation, and the place of its
//! payload.
//!
//! The frames come from the hosts' own kernels, complete and well-formed; an unreadable one is of the kind `any` alone.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::str::FromStr;

use etherparse::{IpNumber, NetSlice, SlicedPacket, TcpSlice, UdpSlice};

use crate::model::{Endpoint, SeqNumber, TcpFlags};

/// The kind of a packet, as rules name it. A packet may be of several kinds: a FIN may carry data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PacketKind {
    /// SYN without ACK.
    Syn,
    /// SYN with ACK.
    SynAck,
    /// RST.
    Rst,
    /// A segment with payload.
    Data,
    /// FIN, with or without data.
    Fin,
    /// A segment with nothing but an acknowledgment: no SYN, FIN, RST or payload.
    Ack,
    /// A UDP datagram, or its first fragment.
    Datagram,
    /// An IP fragment: not a whole packet.
    Fragment,
    /// An ICMP or ICMPv6 message.
    Icmp,
    /// Every frame.
    Any,
}

impl PacketKind {
    /// Every kind with its names in a rule, the preferred one first; the most specific kind comes first.
    pub const ALL: [(Self, &'static [&'static str]); 10] = [
        (Self::Syn, &["syn"]),
        (Self::SynAck, &["syn-ack", "synack"]),
        (Self::Rst, &["rst", "reset"]),
        (Self::Data, &["data"]),
        (Self::Fin, &["fin"]),
        (Self::Ack, &["ack"]),
        (Self::Datagram, &["datagram", "udp"]),
        (Self::Fragment, &["fragment"]),
        (Self::Icmp, &["icmp"]),
        (Self::Any, &["any", "packet", "frame"]),
    ];

    /// The name in a rule.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(kind, _)| *kind == self).and_then(|(_, names)| names.first()).unwrap_or(&"any")
    }
}

/// The name in a rule.
impl fmt::Display for PacketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The error for a word that names no kind of packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKind;

impl FromStr for PacketKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|(_, names)| names.contains(&text)).map(|(kind, _)| kind).ok_or(UnknownKind)
    }
}

/// The two endpoints of a packet, the sender's first.
pub(super) type Flow = (Endpoint, Endpoint);

/// The fields of a TCP segment that identify it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) flow: Flow,
    pub(super) flags: TcpFlags,
    pub(super) seq: SeqNumber,
    /// Payload bytes.
    pub(super) len: u32,
}

/// The properties of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PacketView {
    /// The segment, if it is TCP.
    pub(super) segment: Option<Segment>,
    /// The kind of a packet that is no TCP segment; `Any` for a segment and for an unknown packet.
    other: PacketKind,
    /// `true` for a fragment of an IP packet.
    fragment: bool,
    /// The range of the frame where a corrupted bit results in a wrong checksum at the receiver and nothing else: the
    /// payload of the transport protocol, or its header if there is no payload.
    pub(super) body: Range<usize>,
}

impl PacketView {
    /// Reads an Ethernet frame.
    pub(super) fn of(frame: &[u8]) -> Self {
        let unknown = Self { segment: None, other: PacketKind::Any, fragment: false, body: 0..0 };
        Self::read(frame).unwrap_or(unknown)
    }

    fn read(frame: &[u8]) -> Option<Self> {
        let sliced = SlicedPacket::from_ethernet(frame).ok()?;
        let (source, destination, ip) = match &sliced.net {
            Some(NetSlice::Ipv4(ip)) => {
                let header = ip.header();
                (IpAddr::from(header.source_addr()), IpAddr::from(header.destination_addr()), ip.payload())
            }
            Some(NetSlice::Ipv6(ip)) => {
                let header = ip.header();
                (IpAddr::from(header.source_addr()), IpAddr::from(header.destination_addr()), ip.payload())
            }
            _ => return None,
        };
        let first = !ip.fragmented || starts_packet(&sliced);
        let mut view =
            Self { segment: None, other: PacketKind::Any, fragment: ip.fragmented, body: place(frame, ip.payload) };
        match ip.ip_number {
            IpNumber::TCP if first => {
                if let Ok(tcp) = TcpSlice::from_slice(ip.payload) {
                    view.body = place(frame, if tcp.payload().is_empty() { ip.payload } else { tcp.payload() });
                    view.segment = Some(Segment {
                        flow: (
                            Endpoint::new(source, tcp.source_port()),
                            Endpoint::new(destination, tcp.destination_port()),
                        ),
                        flags: flags(&tcp),
                        seq: SeqNumber(tcp.sequence_number()),
                        len: u32::try_from(tcp.payload().len()).ok()?,
                    });
                }
            }
            IpNumber::UDP if first => {
                view.other = PacketKind::Datagram;
                // a first fragment is shorter than its UDP Length field
                if let Ok(udp) = UdpSlice::from_slice_lax(ip.payload)
                    && !udp.payload().is_empty()
                {
                    view.body = place(frame, udp.payload());
                }
            }
            IpNumber::ICMP | IpNumber::IPV6_ICMP => view.other = PacketKind::Icmp,
            _ => {}
        }
        Some(view)
    }

    /// `true` if the packet is of `kind`.
    pub(super) fn is(&self, kind: PacketKind) -> bool {
        let flags = self.segment.map_or(TcpFlags::default(), |segment| segment.flags);
        let data = self.segment.is_some_and(|segment| segment.len > 0);
        match kind {
            PacketKind::Syn => flags.is_syn_only(),
            PacketKind::SynAck => flags.is_syn_ack(),
            PacketKind::Rst => flags.contains(TcpFlags::RST),
            PacketKind::Data => data,
            PacketKind::Fin => flags.contains(TcpFlags::FIN),
            PacketKind::Ack => {
                let more = TcpFlags::SYN.union(TcpFlags::FIN).union(TcpFlags::RST);
                !data && flags.contains(TcpFlags::ACK) && !flags.intersects(more)
            }
            PacketKind::Fragment => self.fragment,
            PacketKind::Datagram | PacketKind::Icmp => self.other == kind,
            PacketKind::Any => true,
        }
    }

    /// The most specific kind of the packet.
    pub(super) fn kind(&self) -> PacketKind {
        PacketKind::ALL.into_iter().map(|(kind, _)| kind).find(|kind| self.is(*kind)).unwrap_or(PacketKind::Any)
    }
}

/// `true` if a fragment is its packet's first.
fn starts_packet(sliced: &SlicedPacket<'_>) -> bool {
    match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => ip.header().fragments_offset().value() == 0,
        Some(NetSlice::Ipv6(ip)) => ip.extensions().clone().into_iter().all(|extension| match extension {
            etherparse::Ipv6ExtensionSlice::Fragment(fragment) => fragment.fragment_offset().value() == 0,
            _ => true,
        }),
        _ => false,
    }
}

fn flags(tcp: &TcpSlice<'_>) -> TcpFlags {
    let flag = |set: bool, flag: TcpFlags| if set { flag } else { TcpFlags::default() };
    flag(tcp.syn(), TcpFlags::SYN)
        .union(flag(tcp.ack(), TcpFlags::ACK))
        .union(flag(tcp.fin(), TcpFlags::FIN))
        .union(flag(tcp.rst(), TcpFlags::RST))
}

/// The range of `part`, a slice of `frame`, within it.
fn place(frame: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(frame.as_ptr().addr()).min(frame.len());
    start..(start + part.len()).min(frame.len())
}

#[cfg(test)]
mod tests {
    use etherparse::{IpFragOffset, Ipv4Header, PacketBuilder};

    use super::super::samples::{TCP_HEADERS, datagram, segment};
    use super::*;
    use crate::model::Direction;

    const CLIENT: Direction = Direction::ClientToServer;

    fn kinds(frame: &[u8]) -> Vec<PacketKind> {
        let view = PacketView::of(frame);
        PacketKind::ALL.into_iter().map(|(kind, _)| kind).filter(|kind| view.is(*kind)).collect()
    }

    #[test]
    fn segments_are_recognized_by_flags_and_payload() {
        use PacketKind::{Ack, Any, Data, Fin, Rst, Syn, SynAck};
        let (syn, ack, fin, rst) = (TcpFlags::SYN, TcpFlags::ACK, TcpFlags::FIN, TcpFlags::RST);
        for (flags, payload, expected) in [
            (syn, &b""[..], &[Syn, Any][..]),
            (syn, b"fast open", &[Syn, Data, Any]),
            (syn.union(ack), b"", &[SynAck, Any]),
            (ack, b"", &[Ack, Any]),
            (ack, b"Hello", &[Data, Any]),
            (ack.union(fin), b"", &[Fin, Any]),
            (ack.union(fin), b"last", &[Data, Fin, Any]),
            (rst, b"", &[Rst, Any]),
            (rst.union(ack), b"", &[Rst, Any]),
        ] {
            assert_eq!(kinds(&segment(CLIENT, flags, 1, payload)), expected, "{flags}");
        }
    }

    #[test]
    fn other_packets_are_recognized() {
        assert_eq!(kinds(&datagram(CLIENT, b"Hello")), [PacketKind::Datagram, PacketKind::Any]);
        let mut echo = Vec::new();
        let builder = PacketBuilder::ethernet2([2; 6], [3; 6]).ipv6([1; 16], [2; 16], 64).icmpv6_echo_request(1, 1);
        builder.write(&mut echo, b"ping").unwrap();
        assert_eq!(kinds(&echo), [PacketKind::Icmp, PacketKind::Any]);
        for unknown in [&b""[..], &[0; 14], &[0xff; 60], &echo[..20]] {
            assert_eq!(kinds(unknown), [PacketKind::Any]);
            assert_eq!(PacketView::of(unknown).body, 0..0);
        }
    }

    #[test]
    fn only_the_first_fragment_of_a_datagram_is_one() {
        let whole = datagram(CLIENT, &[7; 64]);
        let (ethernet, packet) = whole.split_at(14);
        let (header, _) = Ipv4Header::from_slice(packet).unwrap();
        let fragment = |offset: u16, more: bool, part: &[u8]| {
            let mut header = header.clone();
            header.fragment_offset = IpFragOffset::try_new(offset).unwrap();
            header.more_fragments = more;
            header.set_payload_len(part.len()).unwrap();
            let mut frame = ethernet.to_vec();
            header.write(&mut frame).unwrap();
            frame.extend_from_slice(part);
            frame
        };
        let first = fragment(0, true, &packet[20..60]);
        assert_eq!(kinds(&first), [PacketKind::Datagram, PacketKind::Fragment, PacketKind::Any]);
        assert_eq!(PacketView::of(&first).body, 42..74);
        let second = fragment(5, false, &packet[60..]);
        assert_eq!(kinds(&second), [PacketKind::Fragment, PacketKind::Any]);
        assert_eq!(PacketView::of(&second).body, 34..66);
    }

    #[test]
    fn body_is_the_payload_or_the_transport_header() {
        let data = segment(CLIENT, TcpFlags::ACK, 1, b"Hello");
        assert_eq!(PacketView::of(&data).body, TCP_HEADERS..TCP_HEADERS + 5);
        let bare = segment(CLIENT, TcpFlags::ACK, 1, b"");
        assert_eq!(PacketView::of(&bare).body, 34..TCP_HEADERS);
    }

    #[test]
    fn every_kind_is_found_by_each_of_its_names() {
        for (kind, names) in PacketKind::ALL {
            assert_eq!(names[0], kind.name());
            assert!(names.iter().all(|name| name.parse() == Ok(kind)));
            assert_eq!(PacketKind::ALL.iter().filter(|(other, _)| *other as usize == kind as usize).count(), 1);
        }
    }
}
