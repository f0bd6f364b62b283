//! A decoded packet: IP with TCP, UDP or an ICMP error in it.

use std::net::IpAddr;

use super::{EarlierFrames, Endpoint, Flow, Protocol, SeqNumber, TcpFlags, TcpOptions};

/// An IP packet that can be a step; borrowed from the decoder.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// The parsed headers.
    pub headers: &'a Headers,
    /// As much of the TCP or UDP header as was captured, options included; nothing of an ICMP error, or where frames
    /// are read ahead.
    pub header: &'a [u8],
    /// As much of the payload as was captured.
    pub payload: &'a [u8],
}

/// The parsed headers of an IP packet.
#[derive(Clone, Copy, Debug)]
pub struct Headers {
    /// The flow and the direction within it; for an ICMP error, those of the quoted packet.
    pub flow: Flow,
    /// The innermost IP header.
    pub ip: IpHeader,
    /// The parsed transport header.
    pub transport: Transport,
}

impl Headers {
    /// These headers, and the flow that they tell.
    #[inline(always)]
    pub fn new(ip: IpHeader, transport: Transport) -> Self {
        let (protocol, source, destination) = transport.ends();
        Self { flow: Flow::new(protocol, source, destination), ip, transport }
    }
}

/// The innermost IP header, as far as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpHeader {
    /// 4 or 6.
    pub version: u8,
    /// IPv4's identification; `None` for IPv6, and where it is unknown.
    pub id: Option<u16>,
    /// Time to live or hop limit; 0 where it is unknown.
    pub ttl: u8,
    /// The two ECN bits (RFC 3168): 0 not capable, 1 and 2 capable, 3 congestion experienced.
    pub ecn: u8,
    /// Length of the header in bytes, IPv4 options and IPv6 extension headers included.
    pub header_len: u16,
    /// Into how many fragments the packet was cut; 1 for a whole packet.
    pub fragments: u16,
    /// Bytes on the wire of the frames that brought those before the last; 0 where only one is known.
    pub earlier_bytes: u32,
    /// These frames.
    pub earlier: EarlierFrames,
}

/// The transport header of an IP packet.
#[derive(Clone, Copy, Debug)]
pub enum Transport {
    /// A TCP segment.
    Segment(Segment),
    /// A UDP datagram.
    Datagram(Datagram),
    /// An ICMP error about one of these.
    IcmpError(IcmpError),
}

impl Transport {
    /// The protocol, who sent it, and to whom; of an ICMP error, what it quotes.
    #[inline(always)]
    pub fn ends(&self) -> (Protocol, Endpoint, Endpoint) {
        match self {
            Self::Segment(tcp) => (Protocol::Tcp, tcp.source, tcp.destination),
            Self::Datagram(udp) => (Protocol::Udp, udp.source, udp.destination),
            Self::IcmpError(IcmpError { quoted, .. }) => (quoted.protocol, quoted.source, quoted.destination),
        }
    }
}

/// The result of a checksum test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// It fits.
    Valid,
    /// It holds only the pseudo-header's sum (or 0 in TCP): the network card fills it in later.
    Offloaded,
    /// UDP's 0 over IPv4: the sender made none (RFC 768).
    Absent,
    /// It does not match: the packet was corrupted.
    Invalid,
    /// The capture cut the payload, so that it can't be checked.
    #[default]
    Unverifiable,
}

impl Checksum {
    /// The name in the JSON Lines output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Offloaded => "offloaded",
            Self::Absent => "absent",
            Self::Invalid => "invalid",
            Self::Unverifiable => "unverifiable",
        }
    }
}

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// The sender.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// Sequence number of the first byte (of the SYN, where there is one).
    pub seq: SeqNumber,
    /// Acknowledgment number; meaningless without the ACK flag.
    pub ack: SeqNumber,
    /// The control bits.
    pub flags: TcpFlags,
    /// The window as sent, unscaled.
    pub window: u16,
    /// The urgent pointer; meaningless without URG.
    pub urgent: u16,
    /// Length of the TCP header in bytes, options included.
    pub header_len: u8,
    /// The options.
    pub options: TcpOptions,
    /// The result of the checksum test.
    pub checksum: Checksum,
    /// Payload bytes on the wire.
    pub len: u32,
}

/// A UDP datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram {
    /// The sender.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// The result of the checksum test.
    pub checksum: Checksum,
    /// The checksum field as sent.
    pub checksum_raw: u16,
    /// The Length field: header and data, in bytes (RFC 768).
    pub length: u16,
    /// Number of these bytes that the IP packet does not hold: the field is wrong, or the packet was cut off.
    pub lacking: u16,
    /// Payload bytes on the wire.
    pub len: u32,
}

/// An ICMP or ICMPv6 error message that quotes a TCP or UDP packet (RFC 792, RFC 4443).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// The host that reports the error.
    pub source: IpAddr,
    /// To whom: the sender of the quoted packet.
    pub destination: IpAddr,
    /// 4 for ICMP, 6 for ICMPv6.
    pub version: u8,
    /// The message's type.
    pub icmp_type: u8,
    /// The message's code.
    pub code: u8,
    /// Most bytes that the next link takes, where the packet was too long for it and the message tells (RFC 1191 §4,
    /// RFC 4443 §3.2).
    pub mtu: Option<u32>,
    /// The packet that it is about.
    pub quoted: Quoted,
}

/// The start of the packet that an ICMP error quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// The quoted packet's transport.
    pub protocol: Protocol,
    /// The sender of the quoted packet.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// TCP's sequence number.
    pub seq: Option<SeqNumber>,
    /// IPv4's identification of the quoted packet.
    pub ip_id: Option<u16>,
    /// Length of the quoted IP packet in bytes, its header included, as the quotation says.
    pub length: Option<u16>,
    /// UDP's Length and checksum fields.
    pub udp: Option<(u16, u16)>,
}

impl IcmpError {
    /// Returns `true` if the destination can't be reached at all (ICMP type 3 except "fragmentation needed"; ICMPv6
    /// type 1).
    pub fn is_unreachable(&self) -> bool {
        matches!((self.version, self.icmp_type, self.code), (4, 3, 0..=3 | 5..) | (6, 1, _))
    }

    /// Returns `true` if the error means that the packet was not delivered; `false` for a redirect and a source quench,
    /// whose sender may have forwarded it (RFC 792).
    pub fn tells_of_loss(&self) -> bool {
        !matches!((self.version, self.icmp_type), (4, 4 | 5))
    }

    /// Returns `true` if a route to the host or network is missing (RFC 6069 §3: network, host; ICMPv6: no route,
    /// address).
    pub fn is_route_missing(&self) -> bool {
        matches!((self.version, self.icmp_type, self.code), (4, 3, 0 | 1) | (6, 1, 0 | 3))
    }

    /// Returns `true` if the quoted packet was discarded, for another reason than the MTU of a link (RFC 792; RFC 4443 §3).
    pub fn is_discarded(&self) -> bool {
        let discards = matches!((self.version, self.icmp_type), (4, 3 | 11 | 12) | (6, 1 | 3 | 4));
        discards && !self.is_too_big()
    }

    /// Returns `true` if the packet exceeded the MTU of the next link and must not be fragmented (RFC 1191 §4, RFC 4443
    /// §3.2).
    pub fn is_too_big(&self) -> bool {
        matches!((self.version, self.icmp_type, self.code), (4, 3, 4) | (6, 2, _))
    }

    /// The usual name of the error, as in RFC 792 and RFC 4443.
    pub fn name(&self) -> &'static str {
        match (self.version, self.icmp_type, self.code) {
            (4, 3, 0) => "network unreachable",
            (4, 3, 1) => "host unreachable",
            (4, 3, 2) => "protocol unreachable",
            (4, 3, 3) | (6, 1, 4) => "port unreachable",
            (4, 3, 4) => "fragmentation needed",
            (4, 3, 5) => "source route failed",
            (4, 3, 9 | 10 | 13) | (6, 1, 1) => "administratively prohibited",
            (6, 1, 0) => "no route to destination",
            (6, 1, 2) => "beyond scope of source address",
            (6, 1, 3) => "address unreachable",
            (6, 1, 5) => "source address failed policy",
            (6, 1, 6) => "route rejected",
            (4, 3, _) | (6, 1, _) => "destination unreachable",
            (4, 4, _) => "source quench",
            (4, 5, _) => "redirect",
            (4, 11, 0) => "time to live exceeded",
            (6, 3, 0) => "hop limit exceeded",
            (4, 11, _) | (6, 3, _) => "fragment reassembly time exceeded",
            (4, 12, _) | (6, 4, _) => "parameter problem",
            (6, 2, _) => "packet too big",
            _ => "unknown error",
        }
    }
}
