//! The reasons that a client stopped early, each with advice.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::model::Protocol;

/// The reason that a client stopped early.
#[derive(Debug)]
pub enum ClientFault {
    /// No program listens at the server's port.
    Refused {
        /// Over TCP or UDP.
        protocol: Protocol,
        /// The server's address.
        server: SocketAddr,
    },
    /// The connection was not established in time.
    NoConnection {
        /// The server's address.
        server: SocketAddr,
        /// The time waited.
        waited: Duration,
    },
    /// An answer did not arrive in time.
    NoAnswer {
        /// Over TCP or UDP.
        protocol: Protocol,
        /// The server's address.
        server: SocketAddr,
        /// The time waited.
        waited: Duration,
    },
    /// Over TCP: a read timed out, after earlier ones had taken all bytes that arrived.
    NothingLeft {
        /// The number of the read, from 1.
        read: u64,
        /// Bytes that the reads before it took.
        received: u64,
        /// The time waited.
        waited: Duration,
    },
    /// The server read no more bytes within the time limit.
    NotTaken {
        /// The server's address.
        server: SocketAddr,
        /// The time waited.
        waited: Duration,
    },
    /// The server closed before all answers had arrived.
    ClosedEarly {
        /// Bytes expected.
        expected: u64,
        /// Bytes received.
        received: u64,
    },
    /// The server reset the connection.
    Reset(SocketAddr),
    /// The session was halted.
    Halted,
    /// A system call failed.
    Failed {
        /// The operation that failed.
        what: &'static str,
        /// The server's address.
        server: SocketAddr,
        /// The system's error.
        error: io::Error,
    },
}

impl fmt::Display for ClientFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: &Duration| humantime::format_duration(*time);
        match self {
            Self::Refused { protocol: Protocol::Tcp, server } => write!(
                f,
                "connection refused: no program listens on TCP port {} of {} (the SYN was answered by a RST); start the \
                 server first, and check that both use the same port",
                server.port(),
                server.ip()
            ),
            Self::Refused { protocol: Protocol::Udp, server } => write!(
                f,
                "no program listens on UDP port {} of {} (the datagram was answered by ICMP port unreachable); start the \
                 server first, and check that both use the same port",
                server.port(),
                server.ip()
            ),
            Self::NoConnection { server, waited } => write!(
                f,
                "no connection to {server} within {}: the SYN was not answered; check the address, and whether a \
                 firewall drops it",
                time(waited)
            ),
            Self::NoAnswer { protocol: Protocol::Udp, server, waited } => write!(
                f,
                "no answer from {server} within {}: UDP does not say whether the datagram was lost, dropped by a \
                 firewall, or ignored by the server",
                time(waited)
            ),
            Self::NoAnswer { protocol: Protocol::Tcp, server, waited } => {
                write!(f, "no answer from {server} within {}, though the connection stands", time(waited))
            }
            Self::NothingLeft { read, received, waited } => write!(
                f,
                "read {read} got nothing within {}: the reads before it took all {received} bytes that had come; read \
                 less often, or less at once with --client-read-size",
                time(waited)
            ),
            Self::NotTaken { server, waited } => write!(
                f,
                "{server} took no more bytes for {}: it does not read, perhaps since its own answers are not read",
                time(waited)
            ),
            Self::ClosedEarly { expected, received } => {
                write!(f, "the server closed after {received} of the {expected} bytes that were to come")
            }
            Self::Reset(server) => write!(f, "{server} reset the connection"),
            Self::Halted => f.write_str("stopped before the end"),
            Self::Failed { what, server, error } => write!(f, "{what} {server}: {error}"),
        }
    }
}

impl std::error::Error for ClientFault {}
