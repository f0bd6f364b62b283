//! Transport protocols and directions.

use std::fmt;
use std::ops::Not;

/// The transport protocol of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Transmission Control Protocol, RFC 9293.
    Tcp,
    /// User Datagram Protocol, RFC 768.
    Udp,
}

impl Protocol {
    /// The lower-case name, as in the JSON Lines output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// `TCP` or `UDP`.
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}

/// The direction of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The client sent it.
    ClientToServer,
    /// The server sent it.
    ServerToClient,
}

impl Direction {
    /// The name in the JSON Lines output.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientToServer => "client_to_server",
            Self::ServerToClient => "server_to_client",
        }
    }

    /// The sender: `client` or `server`.
    pub fn sender(self) -> &'static str {
        match self {
            Self::ClientToServer => "client",
            Self::ServerToClient => "server",
        }
    }

    /// The receiver: `server` or `client`.
    pub fn receiver(self) -> &'static str {
        (!self).sender()
    }
}

/// The other way.
impl Not for Direction {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::ClientToServer => Self::ServerToClient,
            Self::ServerToClient => Self::ClientToServer,
        }
    }
}

/// One value for each way, or for the side that sends that way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerDirection<T> {
    /// The client's.
    pub client_to_server: T,
    /// The server's.
    pub server_to_client: T,
}

impl<T> PerDirection<T> {
    /// The value for `direction`.
    #[inline]
    pub fn get(&self, direction: Direction) -> &T {
        match direction {
            Direction::ClientToServer => &self.client_to_server,
            Direction::ServerToClient => &self.server_to_client,
        }
    }

    /// The value for `direction`, to change.
    #[inline]
    pub fn get_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::ClientToServer => &mut self.client_to_server,
            Direction::ServerToClient => &mut self.server_to_client,
        }
    }

    /// The values of the sender and of the receiver of a packet that goes `direction`.
    #[inline]
    pub fn both_mut(&mut self, direction: Direction) -> (&mut T, &mut T) {
        match direction {
            Direction::ClientToServer => (&mut self.client_to_server, &mut self.server_to_client),
            Direction::ServerToClient => (&mut self.server_to_client, &mut self.client_to_server),
        }
    }
}
