//! What tells a datagram from the next, in its own headers and where an ICMP error quotes them.

use crate::model::Quoted;

/// What tells a datagram from the next of the same conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// IP identification; 0 tells nothing.
    pub(crate) ip_id: u16,
    /// The checksum field.
    pub(crate) checksum: u16,
    /// The Length field.
    pub(crate) length: u16,
}

/// How well a datagram fits the quotation of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// Nothing speaks against it.
    Possible,
    /// Its IP identification or its checksum is the quoted one.
    Same,
}

impl Identity {
    /// Whether an ICMP error that quotes this may be about the datagram: eight bytes of UDP are its whole header (RFC
    /// 792). The checksum may have been filled in, or changed with the addresses, on the way.
    pub(crate) fn likeness(self, quoted: &Quoted) -> Option<Likeness> {
        let ip_id = quoted.ip_id.unwrap_or(0);
        let known = ip_id != 0 && self.ip_id != 0;
        if known && ip_id != self.ip_id || quoted.udp.is_some_and(|(length, _)| length != self.length) {
            return None;
        }
        let same = known || quoted.udp.is_some_and(|(_, checksum)| checksum != 0 && checksum == self.checksum);
        Some(if same { Likeness::Same } else { Likeness::Possible })
    }
}
