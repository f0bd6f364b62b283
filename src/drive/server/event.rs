//! What a server has to say.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::drive::fault::Fault;

/// Something happened at a server. Its text is one line.
#[derive(Debug)]
pub enum ServerEvent {
    /// A connection was taken.
    Accepted {
        /// Its number, from 1.
        connection: u64,
        /// Who connected.
        peer: SocketAddr,
    },
    /// A connection has ended.
    Closed {
        /// Its number.
        connection: u64,
        /// Who had connected.
        peer: SocketAddr,
        /// Bytes read.
        received: u64,
        /// Bytes written.
        sent: u64,
        /// Why the server ended it, where not in good order.
        fault: Option<Fault>,
    },
    /// A connection was closed at once, since so many were open.
    Full {
        /// Who connected.
        peer: SocketAddr,
        /// The limit on connections.
        limit: usize,
    },
    /// A datagram came and was answered.
    Answered {
        /// Who sent it, as it says.
        peer: SocketAddr,
        /// Its length in bytes.
        received: usize,
        /// Bytes of its answers.
        sent: usize,
    },
    /// A datagram got no answer.
    Ignored {
        /// Who sent it, as it says.
        peer: SocketAddr,
        /// Why.
        reason: Ignored,
        /// How many more were not answered since this was last said.
        unsaid: u64,
    },
    /// An answer could not be sent.
    Unsent {
        /// To whom.
        peer: SocketAddr,
        /// Its length in bytes.
        bytes: usize,
        /// What the system says.
        error: io::Error,
    },
    /// The server's own socket could not be read this time.
    Trouble(io::Error),
}

/// Why a datagram gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// It comes from the server's own port: another echo server, or itself.
    OwnPort,
    /// It comes from a port below 1024, where services are that would answer the answer.
    SystemPort,
    /// Its source has been sent as many bytes or datagrams as it may without a pause.
    OverBudget,
    /// Its source is on another host and would be sent more than so many times what came from it.
    OverShare(u64),
    /// There are too many sources to keep account of.
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
            Self::Trouble(error) => write!(f, "trouble with the server's socket: {error}"),
        }
    }
}
