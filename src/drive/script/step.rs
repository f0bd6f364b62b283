//! The steps of a script: socket operations, executed one after the other.

use std::time::Duration;

/// One operation of one of the programs.
#[derive(Clone, Copy, Debug)]
pub struct ScriptStep {
    /// Whose socket it is done with.
    pub who: SocketRef,
    /// What is done.
    pub op: SocketOp,
}

/// Whose socket.
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
    /// The server listens, with room for so many that wait.
    Listen(u32),
    /// The client takes a port of its own before it connects.
    Bind,
    /// The client takes the port that its socket with this number has or had.
    BindLike(usize),
    /// Connects to the server and waits until that is done.
    Connect,
    /// Connects to somewhere else.
    ConnectTo(Target),
    /// Begins to connect and does not wait.
    Begin,
    /// Begins to connect to somewhere else.
    BeginTo(Target),
    /// Waits until what was begun is done.
    Finish,
    /// The server takes a connection.
    Accept,
    /// Sends this, over UDP as a datagram.
    Send(&'static str),
    /// Sends so many bytes, as one send.
    SendBytes(usize),
    /// Sends as much as the kernel takes at once, of at most so many bytes.
    Fill(usize),
    /// Sends this as urgent data.
    SendUrgent(&'static str),
    /// Connects and sends this with the SYN, where the kernel has a cookie (RFC 7413).
    ConnectAndSend(&'static str),
    /// Reads until so many bytes have come, over UDP one datagram.
    Receive(usize),
    /// Reads so many bytes and sends them back.
    Echo(usize),
    /// Over UDP: sends back every datagram that is there, and waits for none.
    EchoWaiting,
    /// Reads to the end of the stream.
    ReceiveAll,
    /// Waits for the peer's reset, on a stream whose end was read.
    AwaitReset,
    /// Closes the sending half.
    Shutdown,
    /// Closes, and waits until the peer has acknowledged that.
    Close,
    /// Closes, and waits for nothing.
    Leave,
    /// The program that has the socket is killed.
    Kill,
    /// Does nothing for so long.
    Wait(Duration),
    /// Changes the socket.
    Set(Setting),
    /// From now on the kernel loses these packets before the socket sees them. In the lab the wire loses them instead, by
    /// its script, and this is passed over.
    Lose(Loses),
    /// An operation that must fail with this error.
    Fails(ExpectedError, &'static SocketOp),
}

/// Where a client may go that is not the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A port of the server's host at which nobody listens.
    ClosedPort,
    /// The address that the client's first socket has [bound](SocketOp::Bind).
    Client,
}

/// A quality of a socket.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// Small segments do not wait (`TCP_NODELAY`).
    NoDelay,
    /// Whether ACKs go at once (`TCP_QUICKACK`).
    QuickAck(bool),
    /// Room for received bytes (`SO_RCVBUF`).
    ReceiveBuffer(usize),
    /// Longest segment (`TCP_MAXSEG`).
    Mss(u32),
    /// Asks after so long without a word whether the peer is there, and again after the same time.
    KeepAlive(Duration),
    /// How long data may stay unacknowledged (`TCP_USER_TIMEOUT`).
    UserTimeout(Duration),
    /// How often a SYN is sent again (`TCP_SYNCNT`).
    SynRetries(u32),
    /// `close` sends RST (`SO_LINGER` with 0 seconds).
    LingerZero,
    /// UDP without a checksum (`SO_NO_CHECK`).
    NoChecksum,
    /// What is sent from now on is marked, or not: [`Loses::Marked`] knows it by that.
    Marked(bool),
    /// The port may be one that was used before (`SO_REUSEADDR`).
    ReuseAddress,
}

/// What a socket's kernel loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loses {
    /// Nothing any more.
    Nothing,
    /// Everything.
    All,
    /// What was sent while its socket was [marked](Setting::Marked).
    Marked,
    /// Segments with nothing but an acknowledgment.
    PureAcks,
}

/// The error with which an operation must fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedError {
    /// `ECONNREFUSED`.
    Refused,
    /// `ECONNRESET`, or `EPIPE` where that was told before.
    Reset,
    /// `ETIMEDOUT`: TCP gave up.
    TimedOut,
    /// Nothing came for so long.
    NothingFor(Duration),
}

impl ScriptStep {
    /// Whether it has a socket lose packets, which takes CAP_NET_ADMIN and CAP_NET_RAW.
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
