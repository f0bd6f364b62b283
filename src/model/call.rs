//! Socket calls of a program.

use std::borrow::Cow;
use std::fmt;

use super::{Direction, Endpoint, Nanos, PerDirection, Protocol, Timestamp};

/// One of the two programs of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The echo client.
    Client,
    /// The echo server.
    Server,
}

impl Side {
    /// `client` or `server`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// The direction in which it sends.
    pub fn direction(self) -> Direction {
        match self {
            Self::Client => Direction::ClientToServer,
            Self::Server => Direction::ServerToClient,
        }
    }
}

/// A call that a program made on a socket, noted when it returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The time of its return, on the clock that stamps captured frames too.
    pub time: Timestamp,
    /// The caller's end of the conversation.
    pub side: Side,
    /// The program: it is named as its side is, but where there are more than two.
    pub program: Cow<'static, str>,
    /// The number of the program's connection, from 1; 0 for the server's listening socket.
    pub connection: u64,
    /// The socket's own end, where it had one.
    pub local: Option<Endpoint>,
    /// Whom it was about.
    pub peer: Option<Endpoint>,
    /// The call and its result.
    pub kind: CallKind,
    /// Bytes that had arrived on the connection and were never read, where the call closed it and that was seen.
    pub unread: Option<u64>,
    /// The tracer's part, where the program was traced.
    pub trace: Option<CallTrace>,
    /// The state of the connection in the kernels of both ends at that time, where it was asked for.
    pub kernel: Option<PerDirection<Option<KernelView>>>,
}

/// The part of a call that only a tracer sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTrace {
    /// The kernel's own number of the socket, which no other socket gets.
    pub socket: u64,
    /// Bytes that the program wanted to send, or had room for.
    pub asked: Option<u64>,
    /// For a call that closed the socket: SO_LINGER was set with a zero timeout.
    pub lingers: bool,
}

/// The state of one end of a TCP connection in its kernel (`TCP_INFO`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelView {
    /// The state of RFC 9293 §3.3.2, as `ss` writes it: `ESTAB`, `FIN-WAIT-2`.
    pub state: &'static str,
    /// The congestion window in segments.
    pub cwnd: u32,
    /// The smoothed round-trip time.
    pub rtt: Nanos,
    /// The retransmission timer's time.
    pub rto: Nanos,
    /// Segments sent and not yet acknowledged.
    pub unacked: u32,
    /// Segments retransmitted since the connection began.
    pub retransmits: u32,
}

impl Call {
    /// The view of the kernel on this side.
    pub fn kernel_of(&self, side: Side) -> Option<&KernelView> {
        self.kernel.as_ref().and_then(|views| views.get(side.direction()).as_ref())
    }
}

/// A call and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// A socket was made.
    Open(Protocol),
    /// An option of the socket was set: `SO_REUSEADDR to 1`.
    SetOption(String),
    /// The socket got its own address.
    Bind,
    /// The socket takes connections from now on.
    Listen,
    /// The server took a connection.
    Accept,
    /// The client connected.
    Connect,
    /// The client asked for a connection without waiting for it.
    Connecting,
    /// So many bytes were handed to the kernel.
    Send(u64),
    /// So many bytes were taken from the kernel.
    Receive(u64),
    /// So many bytes were looked at, and left to be received.
    Peek(u64),
    /// There will be no more bytes: the peer has closed.
    EndOfStream,
    /// The sending half was closed.
    Shutdown,
    /// The receiving half was closed.
    ShutdownReceive,
    /// The socket was closed.
    Close,
    /// A descriptor was closed while another keeps the socket open.
    CloseCopy,
    /// The program waited in this call when echolab began to end the session; the time is that of its beginning.
    Waiting(FailedCall),
    /// The program ended; its kernel closed the socket.
    Exit,
    /// The program was killed; its kernel closed the socket.
    Killed,
    /// The call failed.
    Failed {
        /// The call.
        call: FailedCall,
        /// The reason of its failure.
        why: String,
    },
}

/// A call that may fail, or never return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedCall {
    /// To get an address.
    Bind,
    /// To take connections.
    Listen,
    /// To take a connection.
    Accept,
    /// To connect.
    Connect,
    /// To send.
    Send,
    /// To receive.
    Receive,
    /// To close the sending half.
    Shutdown,
}

impl FailedCall {
    /// The name of the system call.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Listen => "listen",
            Self::Accept => "accept",
            Self::Connect => "connect",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Shutdown => "shutdown",
        }
    }
}

impl CallKind {
    /// A call that failed, with the system's message without its error number.
    pub fn failed(call: FailedCall, why: &impl fmt::Display) -> Self {
        let why = why.to_string();
        let text = why.split_once(" (os error ").map_or(why.as_str(), |(text, _)| text);
        Self::Failed { call, why: text.to_owned() }
    }

    /// The name of the system call, or of what it gave where that matters more.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "socket",
            Self::SetOption(_) => "setsockopt",
            Self::Bind => "bind",
            Self::Listen => "listen",
            Self::Accept => "accept",
            Self::Connect => "connect",
            Self::Connecting => "connecting",
            Self::Send(_) => "send",
            Self::Receive(_) => "receive",
            Self::Peek(_) => "peek",
            Self::EndOfStream => "end_of_stream",
            Self::Shutdown => "shutdown",
            Self::ShutdownReceive => "shutdown_receive",
            Self::Close => "close",
            Self::CloseCopy => "close_copy",
            Self::Waiting(_) => "waiting",
            Self::Exit => "exit",
            Self::Killed => "killed",
            Self::Failed { .. } => "failed",
        }
    }

    /// Returns `true` if it prepares a socket, and so belongs to no conversation.
    pub fn prepares(&self) -> bool {
        matches!(self, Self::Open(_) | Self::SetOption(_) | Self::Bind | Self::Listen)
            || matches!(self, Self::Failed { call: FailedCall::Bind | FailedCall::Listen | FailedCall::Accept, .. })
    }

    /// Bytes sent, received or looked at.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Self::Send(bytes) | Self::Receive(bytes) | Self::Peek(bytes) => Some(*bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_failure_is_reported_without_the_number_of_the_error() {
        let CallKind::Failed { why, .. } = CallKind::failed(FailedCall::Connect, &io::Error::from_raw_os_error(111))
        else {
            panic!("a failure")
        };
        assert_eq!(why, "Connection refused");
    }
}
