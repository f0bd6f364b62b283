//! The common packet in one cache line: whole, TCP with no options, timestamps or the usual options of a SYN, or UDP.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU8;

use super::{
    Checksum, Datagram, EarlierFrames, Endpoint, Flow, FlowKey, Headers, IpHeader, Protocol, Segment, SeqNumber,
    TcpFlags, TcpOptions, TcpTimestamps, Timestamp, Transport,
};

/// The fields of a common packet, in 64 bytes, without IPv6 addresses. [`Brief::fill`] gives the same headers as the
/// decoder.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Brief {
    /// Source and destination of IPv4, as numbers.
    addresses: [u32; 2],
    /// Source and destination.
    ports: [u16; 2],
    seconds: u32,
    nanos: u32,
    wire_len: u32,
    seq: u32,
    ack: u32,
    stamps: [u32; 2],
    /// Payload bytes.
    len: u16,
    flags: u16,
    window: u16,
    /// TCP: the urgent pointer. UDP: the Length field.
    urgent_or_length: u16,
    /// The maximum segment size of a SYN. UDP: the checksum field.
    mss_or_checksum: u16,
    ip_id: u16,
    /// Never zero, so that an absent packet needs no more room.
    kind: NonZeroU8,
    ttl: u8,
    /// Bits 0 and 1: ECN; from bit 2 on: the checksum's verdict.
    ecn_and_checksum: u8,
    header_len: u8,
    shift: u8,
}

const _: () = assert!(size_of::<Option<Brief>>() == 64);

/// A kind with none of the bits below.
const PLAIN: NonZeroU8 = NonZeroU8::MIN;
const UDP: u8 = 1 << 1;
const IPV6: u8 = 1 << 2;
const STAMPS: u8 = 1 << 3;
const SYN_OPTIONS: u8 = 1 << 4;

/// The addresses of a packet: source and, right behind it, destination, as they stand in the header.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Addresses<'a> {
    /// IPv4.
    V4(&'a [u8; 8]),
    /// IPv6.
    V6(&'a [u8; 32]),
}

/// The fields of a common packet that are not its transport's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Seconds since 1970.
    pub seconds: u32,
    /// Nanoseconds within the second.
    pub nanos: u32,
    /// The frame's length on the wire in bytes.
    pub wire_len: u32,
    /// IPv4's identification.
    pub ip_id: u16,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// The two ECN bits.
    pub ecn: u8,
}

impl Brief {
    /// A packet that came so between these ends; `ports` are source and destination.
    #[inline(always)]
    fn new(arrival: Arrival, addresses: Addresses<'_>, ports: [u16; 2], checksum: Checksum) -> Self {
        let Arrival { seconds, nanos, wire_len, ip_id, ttl, ecn } = arrival;
        let (kind, addresses) = match addresses {
            Addresses::V4([a, b, c, d, e, f, g, h]) => {
                (PLAIN, [u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h])])
            }
            Addresses::V6(_) => (PLAIN | IPV6, [0; 2]),
        };
        let ecn_and_checksum = ecn | (checksum as u8) << 2;
        Self {
            addresses,
            ports,
            seconds,
            nanos,
            wire_len,
            seq: 0,
            ack: 0,
            stamps: [0; 2],
            len: 0,
            flags: 0,
            window: 0,
            urgent_or_length: 0,
            mss_or_checksum: 0,
            ip_id,
            kind,
            ttl,
            ecn_and_checksum,
            header_len: 0,
            shift: 0,
        }
    }

    /// A TCP segment; `None` where its options are not common ones. `header` is its header without options; `len` counts
    /// its payload.
    #[inline(always)]
    pub(crate) fn segment(
        arrival: Arrival,
        addresses: Addresses<'_>,
        header: &[u8; 20],
        options: &[u8],
        len: u16,
        checksum: Checksum,
    ) -> Option<Self> {
        let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, low, w0, w1, _, _, u0, u1] = *header;
        let ports = [u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])];
        let mut brief = Self {
            seq: u32::from_be_bytes([q0, q1, q2, q3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags: u16::from_be_bytes([offset, low]),
            window: u16::from_be_bytes([w0, w1]),
            urgent_or_length: u16::from_be_bytes([u0, u1]),
            header_len: offset >> 4 << 2,
            len,
            ..Self::new(arrival, addresses, ports, checksum)
        };
        match *options {
            [] => {}
            [1, 1, 8, 10, v0, v1, v2, v3, r0, r1, r2, r3] => {
                brief.kind |= STAMPS;
                brief.stamps = [u32::from_be_bytes([v0, v1, v2, v3]), u32::from_be_bytes([r0, r1, r2, r3])];
            }
            [2, 4, m0, m1, 4, 2, 8, 10, v0, v1, v2, v3, r0, r1, r2, r3, 1, 3, 3, shift] => {
                brief.kind |= STAMPS | SYN_OPTIONS;
                brief.stamps = [u32::from_be_bytes([v0, v1, v2, v3]), u32::from_be_bytes([r0, r1, r2, r3])];
                brief.mss_or_checksum = u16::from_be_bytes([m0, m1]);
                brief.shift = shift;
            }
            _ => return None,
        }
        Some(brief)
    }

    /// A UDP datagram whose Length is that of its IP packet; `len` counts its payload.
    #[inline(always)]
    pub(crate) fn datagram(
        arrival: Arrival,
        addresses: Addresses<'_>,
        header: &[u8; 8],
        len: u16,
        checksum: Checksum,
    ) -> Self {
        let [s0, s1, d0, d1, l0, l1, c0, c1] = *header;
        let ports = [u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])];
        let mut brief = Self::new(arrival, addresses, ports, checksum);
        brief.kind |= UDP;
        brief.urgent_or_length = u16::from_be_bytes([l0, l1]);
        brief.mss_or_checksum = u16::from_be_bytes([c0, c1]);
        brief.len = len;
        brief
    }

    /// Payload bytes, all of which were captured.
    #[inline]
    pub(crate) fn payload_len(&self) -> usize {
        self.len.into()
    }

    /// The key of its conversation; `None` over IPv6.
    #[inline(always)]
    pub(crate) fn key(&self) -> Option<FlowKey> {
        let ([source, destination], [from, to]) = (self.addresses, self.ports);
        (!self.is_ipv6()).then(|| Flow::v4(self.protocol(), (source, from), (destination, to)).key)
    }

    /// The time of capture.
    #[inline]
    pub(crate) fn time(&self) -> Timestamp {
        Timestamp::new(self.seconds.into(), self.nanos)
    }

    /// The frame's length on the wire in bytes.
    #[inline]
    pub(crate) fn wire_len(&self) -> u32 {
        self.wire_len
    }

    /// Returns `true` for IPv6 addresses, which are kept separately.
    #[inline]
    pub(crate) fn is_ipv6(&self) -> bool {
        self.is(IPV6)
    }

    #[inline]
    fn is(&self, bit: u8) -> bool {
        self.kind.get() & bit != 0
    }

    /// Headers for [`Brief::fill`] to write to, with the fields in which all common packets of a protocol agree.
    pub(crate) fn blank(protocol: Protocol) -> Headers {
        let nobody = Endpoint::new(Ipv4Addr::UNSPECIFIED, 0);
        let transport = match protocol {
            Protocol::Tcp => Transport::Segment(Segment {
                source: nobody,
                destination: nobody,
                seq: SeqNumber(0),
                ack: SeqNumber(0),
                flags: TcpFlags::default(),
                window: 0,
                urgent: 0,
                header_len: 20,
                options: TcpOptions::default(),
                checksum: Checksum::default(),
                len: 0,
            }),
            Protocol::Udp => Transport::Datagram(Datagram {
                source: nobody,
                destination: nobody,
                checksum: Checksum::default(),
                checksum_raw: 0,
                length: 0,
                lacking: 0,
                len: 0,
            }),
        };
        let ip = IpHeader {
            version: 4,
            id: None,
            ttl: 0,
            ecn: 0,
            header_len: 20,
            fragments: 1,
            earlier_bytes: 0,
            earlier: EarlierFrames::default(),
        };
        Headers::new(ip, transport)
    }

    /// Writes the headers as the decoder makes them; `wide` are the addresses of IPv6. `headers` are blank ones of its
    /// protocol or those of another common packet: to make all of them anew would cost several times as much.
    #[inline(always)]
    pub(crate) fn fill(&self, wide: &[u8; 32], headers: &mut Headers) {
        let [from, to] = self.ports;
        let (source, destination) = if self.is_ipv6() {
            let address = |half: Option<&[u8; 16]>| half.map_or(Ipv6Addr::UNSPECIFIED, |half| Ipv6Addr::from(*half));
            let source = Endpoint::new(address(wide.first_chunk()), from);
            let destination = Endpoint::new(address(wide.last_chunk()), to);
            headers.flow = Flow::new(self.protocol(), source, destination);
            (headers.ip.version, headers.ip.id, headers.ip.header_len) = (6, None, 40);
            (source, destination)
        } else {
            let [source, destination] = self.addresses;
            headers.flow = Flow::v4(self.protocol(), (source, from), (destination, to));
            (headers.ip.version, headers.ip.id, headers.ip.header_len) = (4, Some(self.ip_id), 20);
            let end = |address: u32, port: u16| Endpoint::new(Ipv4Addr::from_bits(address), port);
            (end(source, from), end(destination, to))
        };
        headers.ip.ttl = self.ttl;
        headers.ip.ecn = self.ecn_and_checksum & 3;
        match &mut headers.transport {
            Transport::Segment(segment) => {
                (segment.source, segment.destination) = (source, destination);
                (segment.seq, segment.ack) = (SeqNumber(self.seq), SeqNumber(self.ack));
                segment.flags = TcpFlags::from_bits(self.flags);
                segment.window = self.window;
                segment.urgent = self.urgent_or_length;
                segment.header_len = self.header_len;
                segment.checksum = self.checksum();
                segment.len = self.len.into();
                let [value, echo_reply] = self.stamps;
                let syn = self.is(SYN_OPTIONS);
                let options = &mut segment.options;
                options.mss = syn.then_some(self.mss_or_checksum);
                options.window_scale = syn.then_some(self.shift);
                options.sack_permitted = syn;
                options.timestamps = self.is(STAMPS).then_some(TcpTimestamps { value, echo_reply });
            }
            Transport::Datagram(datagram) => {
                (datagram.source, datagram.destination) = (source, destination);
                datagram.checksum = self.checksum();
                datagram.checksum_raw = self.mss_or_checksum;
                datagram.length = self.urgent_or_length;
                datagram.len = self.len.into();
            }
            Transport::IcmpError(_) => {}
        }
    }

    /// TCP or UDP.
    #[inline]
    pub(crate) fn protocol(&self) -> Protocol {
        if self.is(UDP) { Protocol::Udp } else { Protocol::Tcp }
    }

    #[inline]
    fn checksum(&self) -> Checksum {
        const ALL: [Checksum; 5] =
            [Checksum::Valid, Checksum::Offloaded, Checksum::Absent, Checksum::Invalid, Checksum::Unverifiable];
        const { assert!(ALL[1] as u8 == 1 && ALL[2] as u8 == 2 && ALL[3] as u8 == 3 && ALL[4] as u8 == 4) };
        ALL.get(usize::from(self.ecn_and_checksum >> 2)).copied().unwrap_or_default()
    }
}
