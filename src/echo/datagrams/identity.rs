//! The header fields that identify a datagram, in the datagram itself and in the quotation of an ICMP error.

use crate::model::Quoted;

/// The fields that distinguish a datagram from others of the same conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// IP identification; 0 identifies nothing (RFC 6864 §4).
    pub(crate) ip_id: u16,
    /// The checksum field.
    pub(crate) checksum: u16,
    /// The Length field.
    pub(crate) length: u16,
}

/// The degree to which a datagram matches the quotation in an ICMP error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum QuoteMatch {
    /// No field differs.
    Possible,
    /// Its IP identification or its checksum is the quoted one.
    Same,
}

impl Identity {
    /// The match between this datagram and an ICMP error's quotation; `None` if the error is about another. Eight bytes
    /// of UDP are its whole header (RFC 792). The checksum may have been filled in, or changed with the addresses, on
    /// the path.
    pub(crate) fn likeness(self, quoted: &Quoted) -> Option<QuoteMatch> {
        let ip_id = quoted.ip_id.unwrap_or(0);
        let known = ip_id != 0 && self.ip_id != 0;
        if known && ip_id != self.ip_id || quoted.udp.is_some_and(|(length, _)| length != self.length) {
            return None;
        }
        let same = known || quoted.udp.is_some_and(|(_, checksum)| checksum != 0 && checksum == self.checksum);
        Some(if same { QuoteMatch::Same } else { QuoteMatch::Possible })
    }
}
