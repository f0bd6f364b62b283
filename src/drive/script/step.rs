//! The steps of a script: socket operations, executed one after the other.

use std::time::Duration;

/// One operation of one of the programs.
#[derive(Clone, Copy, Debug)]
pub struct ScriptStep {
    /// The socket that it uses.
    pub who: SocketRef,
    /// The operation.
    pub op: SocketOp,
}

/// The socket of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketRef {
    /// The client's, one of several, from 0.
    Client(usize),
    /// The server's connection, in the order in which they were accepted, from 0. Over UDP it has only one socket.
    Server(usize),
    /// The socket at which the server listens.
    Listener,
}

/// An operation of a program on a socket.
#[derive(Clone, Copy, Debug)]
pub enum SocketOp {
    /// The server listens, with this backlog.
    Listen(u32),
    /// The client binds a port before it connects.
    Bind,
    /// The client binds the port that its socket with this number has or had.
    BindLike(usize),
    /// Connects to the server and waits until connected.
    Connect,
    /// Connects to another target.
    ConnectTo(Target),
    /// Starts to connect, without waiting.
    Begin,
    /// Starts to connect to another target.
    BeginTo(Target),
    /// Waits until the started connect is complete.
    Finish,
    /// The server accepts a connection.
    Accept,
    /// Sends this, over UDP as a datagram.
    Send(&'static str),
    /// Sends this number of bytes, in one send.
    SendBytes(usize),
    /// Sends as much as the kernel accepts at once, up to this number of bytes.
    Fill(usize),
    /// Sends this as urgent data.
    SendUrgent(&'static str),
    /// Connects and sends this with the SYN, where the kernel has a cookie (RFC 7413).
    ConnectAndSend(&'static str),
    /// Reads until this number of bytes has been received, over UDP one datagram.
    Receive(usize),
    /// Reads this number of bytes and sends them back.
    Echo(usize),
    /// Over UDP: sends back every datagram that has arrived, without waiting.
    EchoWaiting,
    /// Reads to the end of the stream.
    ReceiveAll,
    /// Waits for the peer's reset, on a stream whose end was read.
    AwaitReset,
    /// Closes the sending half.
    Shutdown,
    /// Closes, and waits until the peer has acknowledged the FIN.
    Close,
    /// Closes, without waiting.
    Leave,
    /// The program that owns the socket is killed.
    Kill,
    /// Does nothing for this time.
    Wait(Duration),
    /// Sets a socket option.
    Set(Setting),
    /// From now on the kernel drops these packets before the socket receives them. In the lab the script of the link
    /// drops them instead, and this step is skipped.
    Lose(SocketLoss),
    /// An operation that must fail with this error.
    Fails(ExpectedError, &'static SocketOp),
}

/// A target of a connect other than the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A port of the server's host at which no program listens.
    ClosedPort,
    /// The address that the client's first socket has [bound](SocketOp::Bind).
    Client,
}

/// A socket option.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// Disables Nagle's algorithm (`TCP_NODELAY`).
    NoDelay,
    /// Sends ACKs without delay if `true` (`TCP_QUICKACK`).
    QuickAck(bool),
    /// Size of the receive buffer in bytes (`SO_RCVBUF`).
    ReceiveBuffer(usize),
    /// Maximum segment size in bytes (`TCP_MAXSEG`).
    Mss(u32),
    /// Time without traffic after which keep-alives are sent, and the interval between them (`SO_KEEPALIVE`).
    KeepAlive(Duration),
    /// The longest time that data may stay unacknowledged (`TCP_USER_TIMEOUT`).
    UserTimeout(Duration),
    /// The number of retransmissions of a SYN (`TCP_SYNCNT`).
    SynRetries(u32),
    /// `close` sends RST (`SO_LINGER` with a zero timeout).
    LingerZero,
    /// UDP without a checksum (`SO_NO_CHECK`).
    NoChecksum,
    /// Marks the packets sent from now on if `true`, for [`SocketLoss::Marked`] (`SO_MARK`).
    Marked(bool),
    /// Permits a port in TIME-WAIT (`SO_REUSEADDR`).
    ReuseAddress,
}

/// The received packets that a socket's kernel drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketLoss {
    /// None any more.
    Nothing,
    /// All.
    All,
    /// Those sent while their socket was [marked](Setting::Marked).
    Marked,
    /// Segments with nothing but an acknowledgment.
    PureAcks,
}

/// The error with which an operation must fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedError {
    /// `ECONNREFUSED`.
    Refused,
    /// `ECONNRESET`, or `EPIPE` if that was reported before.
    Reset,
    /// `ETIMEDOUT`: TCP has given up.
    TimedOut,
    /// Nothing was received within this time.
    NothingFor(Duration),
}

impl ScriptStep {
    /// `true` if it makes a socket lose packets, which requires CAP_NET_ADMIN and CAP_NET_RAW.
    pub fn loses(&self) -> bool {
        matches!(self.op, SocketOp::Lose(_) | SocketOp::Set(Setting::Marked(_)))
    }
}

/// The client's first socket.
pub(in crate::drive) const fn client(op: SocketOp) -> ScriptStep {
    ScriptStep { who: SocketRef::Client(0), op }
}

/// The server's first connection.
pub(in crate::drive) const fn server(op: SocketOp) -> ScriptStep {
    ScriptStep { who: SocketRef::Server(0), op }
}

/// The socket at which the server listens.
pub(in crate::drive) const fn listener(op: SocketOp) -> ScriptStep {
    ScriptStep { who: SocketRef::Listener, op }
}

/// Another of the client's sockets.
pub(in crate::drive) const fn another_client(number: usize, op: SocketOp) -> ScriptStep {
    ScriptStep { who: SocketRef::Client(number), op }
}

/// Another of the server's connections.
pub(in crate::drive) const fn another_server(number: usize, op: SocketOp) -> ScriptStep {
    ScriptStep { who: SocketRef::Server(number), op }
}
