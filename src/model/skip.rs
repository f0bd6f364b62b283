//! Reasons for which a frame is no step.

/// The reason for which a frame is counted instead of shown; every frame is either a step or has one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// The link type is not one that echolab reads.
    LinkType,
    /// Not IP: a frame of another network protocol (LLDP, spanning tree, IPX …).
    NotIp,
    /// Address resolution for IPv4.
    Arp,
    /// A fragment of a packet that another frame completes.
    Fragment,
    /// A fragment of a packet that was never completed.
    FragmentIncomplete,
    /// ICMP or ICMPv6 that is no error (echo, neighbour discovery …).
    Icmp,
    /// An ICMP error that quotes no conversation of this capture.
    IcmpUnmatched,
    /// IP, but neither TCP, UDP nor ICMP, nor IP in IP.
    OtherProtocol,
    /// Cut by the capture before the transport header ends.
    Cut,
    /// A header contradicts itself.
    Malformed,
    /// Rejected by the filter that was asked for.
    Filtered,
}

impl Skip {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::LinkType,
        Self::NotIp,
        Self::Arp,
        Self::Fragment,
        Self::FragmentIncomplete,
        Self::Icmp,
        Self::IcmpUnmatched,
        Self::OtherProtocol,
        Self::Cut,
        Self::Malformed,
        Self::Filtered,
    ];

    /// The key under which it is counted in the machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::LinkType => "link_type",
            Self::NotIp => "not_ip",
            Self::Arp => "arp",
            Self::Fragment => "fragment",
            Self::FragmentIncomplete => "fragment_incomplete",
            Self::Icmp => "icmp",
            Self::IcmpUnmatched => "icmp_unmatched",
            Self::OtherProtocol => "other_protocol",
            Self::Cut => "cut",
            Self::Malformed => "malformed",
            Self::Filtered => "filtered",
        }
    }

    /// Its meaning, for the reader.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::LinkType => "of a link type that echolab does not read",
            Self::NotIp => "not IP",
            Self::Arp => "ARP",
            Self::Fragment => "fragments, counted with the packet that they complete",
            Self::FragmentIncomplete => "fragments of packets that were never completed",
            Self::Icmp => "ICMP other than errors about TCP or UDP",
            Self::IcmpUnmatched => "ICMP errors about no conversation of this capture",
            Self::OtherProtocol => "IP with another transport",
            Self::Cut => "cut by the capture before the transport header ends",
            Self::Malformed => "malformed",
            Self::Filtered => "rejected by the filter",
        }
    }
}
