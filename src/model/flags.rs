//! The control bits of a TCP header (RFC 9293 §3.1).

use std::fmt;

/// TCP's control bits; AE is the former NS bit (RFC 9768).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(u16);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x001);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Reset the connection.
    pub const RST: Self = Self(0x004);
    /// Push: deliver without waiting for more.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgment field is significant.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer is significant.
    pub const URG: Self = Self(0x020);
    /// ECN echo (RFC 3168).
    pub const ECE: Self = Self(0x040);
    /// Congestion window reduced (RFC 3168).
    pub const CWR: Self = Self(0x080);
    /// Accurate ECN (RFC 9768), once the nonce sum.
    pub const AE: Self = Self(0x100);
    /// Those that open, close or reset a connection.
    pub const CONTROL: Self = Self::SYN.union(Self::FIN).union(Self::RST);

    /// Every flag with its name and tcpdump's letter, in the header's order from the right.
    const ALL: &'static [(Self, &'static str, char)] = &[
        (Self::FIN, "FIN", 'F'),
        (Self::SYN, "SYN", 'S'),
        (Self::RST, "RST", 'R'),
        (Self::PSH, "PSH", 'P'),
        (Self::ACK, "ACK", '.'),
        (Self::URG, "URG", 'U'),
        (Self::ECE, "ECE", 'E'),
        (Self::CWR, "CWR", 'W'),
        (Self::AE, "AE", 'e'),
    ];

    /// The flags in the nine low bits of `bits`; reserved bits are dropped.
    pub fn from_bits(bits: u16) -> Self {
        Self(bits & 0x1ff)
    }

    /// The nine flag bits as in the header.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Returns `true` if every flag of `other` is set.
    #[inline]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns `true` if any flag of `other` is set.
    #[inline]
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The three flags AE, CWR and ECE as the number that they are in Accurate ECN, the field ACE (RFC 9768 §3.2.2).
    pub fn ace(self) -> u8 {
        u8::try_from(self.0 >> 6 & 7).unwrap_or_default()
    }

    /// Both sets of flags together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These flags without those of `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// SYN without ACK: the first step of a handshake.
    pub fn is_syn_only(self) -> bool {
        self.contains(Self::SYN) && !self.contains(Self::ACK)
    }

    /// SYN and ACK: the second step of a handshake.
    pub fn is_syn_ack(self) -> bool {
        self.contains(Self::SYN.union(Self::ACK))
    }

    /// The names of the set flags: FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE in this order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().filter(move |(flag, ..)| self.contains(*flag)).map(|(_, name, _)| *name)
    }

    /// tcpdump's notation without its brackets: `S.`, `P.`, `none`.
    pub fn tcpdump(self) -> impl fmt::Display {
        Tcpdump(self)
    }
}

/// The names in the usual order: `SYN-ACK`, `PSH-ACK`, `none`.
impl fmt::Display for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.pad("none");
        }
        let mut text = String::with_capacity(16);
        let spoken = self.names().filter(|name| *name != "ACK");
        for name in spoken.chain(self.contains(Self::ACK).then_some("ACK")) {
            if !text.is_empty() {
                text.push('-');
            }
            text.push_str(name);
        }
        f.pad(&text)
    }
}

struct Tcpdump(TcpFlags);

impl fmt::Display for Tcpdump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.bits() == 0 {
            return f.write_str("none");
        }
        TcpFlags::ALL.iter().filter(|(flag, ..)| self.0.contains(*flag)).try_for_each(|(.., c)| write!(f, "{c}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_written_as_tcpdump_and_by_name() {
        let syn_ack = TcpFlags::from_bits(0x012);
        assert_eq!(syn_ack.to_string(), "SYN-ACK");
        assert_eq!(syn_ack.tcpdump().to_string(), "S.");
        assert_eq!(TcpFlags::from_bits(0x019).to_string(), "FIN-PSH-ACK");
        assert_eq!(TcpFlags::from_bits(0xfe00).to_string(), "none");
        assert_eq!(TcpFlags::from_bits(0x1ff).names().count(), 9);
    }
}
