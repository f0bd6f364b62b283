//! Events of a server, for its log.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::drive::fault::Fault;

/// An event of a server. Its text is one line.
#[derive(Debug)]
pub enum ServerEvent {
    /// A connection was accepted.
    Accepted {
        /// Its number, from 1.
        connection: u64,
        /// The client's address.
        peer: SocketAddr,
    },
    /// A connection has ended.
    Closed {
        /// Its number.
        connection: u64,
        /// The client's address.
        peer: SocketAddr,
        /// Bytes read.
        received: u64,
        /// Bytes written.
        sent: u64,
        /// The fault with which the server ended it, if not in order.
        fault: Option<Fault>,
    },
    /// A connection was closed at once, since the limit was reached.
    Full {
        /// The client's address.
        peer: SocketAddr,
        /// The limit on connections.
        limit: usize,
    },
    /// A datagram was received and answered.
    Answered {
        /// Its source, which may be forged.
        peer: SocketAddr,
        /// Its length in bytes.
        received: usize,
        /// Bytes of its answers.
        sent: usize,
    },
    /// A datagram got no answer.
    Ignored {
        /// Its source, which may be forged.
        peer: SocketAddr,
        /// The reason.
        reason: Ignored,
        /// Number of further ignored datagrams since the last event of this kind.
        unsaid: u64,
    },
    /// An answer could not be sent.
    Unsent {
        /// The destination.
        peer: SocketAddr,
        /// Its length in bytes.
        bytes: usize,
        /// The system's error.
        error: io::Error,
    },
    /// The server's own socket could not be read this time.
    SocketError(io::Error),
}

/// The reason that a datagram gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// It was sent from the server's own port: by another echo server, or itself.
    OwnPort,
    /// It was sent from a port below 1024, where a service may answer the answer.
    SystemPort,
    /// Its source has exhausted its budget of bytes or datagrams.
    OverBudget,
    /// Its source is on another host and would be sent more than this multiple of the bytes received from it.
    OverShare(u64),
    /// The table of sources is full.
    TooManySources,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OverShare(times) => {
                return write!(f, "its source would be sent more than {times} times what it sent");
            }
            Self::OwnPort => "it comes from the server's own port",
            Self::SystemPort => "it comes from a port below 1024",
            Self::OverBudget => "its source has had all the answers that it may have without a pause",
            Self::TooManySources => "there are too many sources at once",
        })
    }
}

impl fmt::Display for ServerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted { connection, peer } => write!(f, "connection {connection} from {peer}"),
            Self::Closed { connection, peer, received, sent, fault } => {
                write!(f, "connection {connection} from {peer} closed: {received} bytes in, {sent} bytes out")?;
                fault.as_ref().map_or(Ok(()), |fault| write!(f, " ({fault})"))
            }
            Self::Full { peer, limit } => write!(f, "connection from {peer} turned away: {limit} are open already"),
            Self::Answered { peer, received, sent } => {
                write!(f, "datagram from {peer}: {received} bytes in, {sent} bytes out")
            }
            Self::Ignored { peer, reason, unsaid } => {
                write!(f, "datagram from {peer} not answered: {reason}")?;
                if *unsaid > 0 { write!(f, " ({unsaid} more since the last such line)") } else { Ok(()) }
            }
            Self::Unsent { peer, bytes, error } => write!(f, "answer of {bytes} bytes to {peer} not sent: {error}"),
            Self::SocketError(error) => write!(f, "error on the server's socket: {error}"),
        }
    }
}
