//! One packet as a text shows it: values that are not printed are `None`.

use std::net::IpAddr;

/// A packet of a text.
#[derive(Clone, Debug)]
pub(super) struct PrintedPacket {
    /// Length of the frame on the wire.
    pub(super) wire_len: Option<u32>,
    /// Ethernet's destination and source.
    pub(super) macs: Option<([u8; 6], [u8; 6])>,
    pub(super) ip: PrintedIp,
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) body: Body,
    /// The payload printed behind the headers, as dumps line by line.
    pub(super) payload: Option<Vec<u8>>,
}

/// The IP header, as far as tcpdump's `-v` shows it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PrintedIp {
    pub(super) shown: bool,
    pub(super) class: u8,
    pub(super) ttl: u8,
    pub(super) id: u16,
    /// Flags and offset as in the header's 16 bits.
    pub(super) fragment: u16,
    pub(super) protocol: Option<u8>,
    /// The whole IP packet's length.
    pub(super) length: Option<u32>,
}

/// The content of the packet.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Tcp(PrintedTcp),
    Udp {
        ports: (u16, u16),
        len: u32,
    },
    Icmp(PrintedIcmp),
    /// Another transport, or one that is not shown: its protocol number.
    Other(u8),
    /// TCP whose ports are not shown.
    Hidden(u8),
}

/// A segment.
#[derive(Clone, Debug, Default)]
pub(super) struct PrintedTcp {
    pub(super) ports: (u16, u16),
    pub(super) flags: u16,
    pub(super) seq: Option<u32>,
    pub(super) ack: Option<u32>,
    pub(super) window: Option<u32>,
    pub(super) urgent: u16,
    /// The options' bytes, SACK blocks in their own numbers.
    pub(super) options: Vec<u8>,
    /// `true` if `options` may be incomplete.
    pub(super) options_cut: bool,
    pub(super) len: Option<u32>,
    /// Shift of the window scale option that is printed.
    pub(super) scale: Option<u8>,
}

/// An ICMP message.
#[derive(Clone, Debug)]
pub(super) struct PrintedIcmp {
    pub(super) kind: u8,
    pub(super) code: u8,
    /// The message's length.
    pub(super) len: u32,
    /// The next link's MTU, in "packet too big".
    pub(super) mtu: Option<u16>,
    /// The packet that it quotes.
    pub(super) quoted: Option<PrintedQuote>,
}

/// As much of a quoted packet as names its conversation.
#[derive(Clone, Debug)]
pub(super) struct PrintedQuote {
    pub(super) protocol: u8,
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) source_port: Option<u16>,
    pub(super) destination_port: Option<u16>,
}

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;

pub(super) const FIN: u16 = 1;
pub(super) const SYN: u16 = 2;
pub(super) const RST: u16 = 4;
pub(super) const PSH: u16 = 8;
pub(super) const ACK: u16 = 16;
pub(super) const URG: u16 = 32;
pub(super) const ECE: u16 = 64;
pub(super) const CWR: u16 = 128;
pub(super) const AE: u16 = 256;

impl PrintedTcp {
    pub(super) fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}
