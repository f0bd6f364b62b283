//! The number of a conversation, and who its client is.

use std::fmt;

use crate::model::Protocol;

/// Wireshark's name of a conversation: numbers count per protocol from 0, in order of the first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// `tcp.stream` or `udp.stream`.
    pub number: u32,
}

/// `tcp:0`, as on the command line.
impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.protocol.name(), self.number)
    }
}

/// The evidence by which the client was determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolesFrom {
    /// echolab drove the session.
    Session,
    /// A SYN or SYN-ACK was captured, of this connection or of another one to the same port.
    Syn,
    /// Only one port is a server's: below 1024, or registered for a service.
    Port,
    /// The first frame seen was the client's.
    FirstFrame,
}

impl RolesFrom {
    /// The name in the JSON Lines output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Syn => "syn",
            Self::Port => "port",
            Self::FirstFrame => "first_frame",
        }
    }
}
