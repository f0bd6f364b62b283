//! What the conversation so far says about one packet.

use crate::model::Nanos;

/// What part a segment plays in the life of its connection (RFC 9293 §3.5, §3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpPlace {
    /// SYN: asks to connect.
    Syn,
    /// SYN of the side that was asked, without ACK: both opened at once.
    SimultaneousSyn,
    /// SYN-ACK: accepts.
    SynAck,
    /// The ACK that completes the handshake.
    HandshakeAck,
    /// Data.
    Data,
    /// No data: acknowledges, or only tells the window.
    Ack,
    /// FIN; `first` is false when the peer had closed before.
    Fin {
        /// Whether it is the connection's first FIN.
        first: bool,
    },
    /// The ACK of the last FIN: closed on both sides.
    LastAck,
    /// RST.
    Reset,
    /// A segment with no flags that say anything, or flags that contradict each other.
    Odd,
}

/// What a segment's ACK covers that was not covered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acked {
    /// Relative acknowledgment number before.
    pub from: u32,
    /// Payload bytes newly covered.
    pub bytes: u32,
    /// The peer's SYN is newly covered.
    pub syn: bool,
    /// The peer's FIN is newly covered.
    pub fin: bool,
    /// Data segments newly covered, as far as they are remembered.
    pub segments: u32,
    /// First and last frame newly covered, where they are remembered.
    pub frames: Option<(u64, u64)>,
}

/// Why bytes are sent that were captured before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The frame that carried them before; `None` when it is no longer remembered.
    pub original: Option<u64>,
    /// How long after that frame.
    pub after: Option<Nanos>,
}

/// A round-trip time: from a segment to the ACK that covers it (RFC 6298, Karn's rule kept).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RttSample {
    /// The segment's frame.
    pub of: u64,
    /// The time between the two frames.
    pub time: Nanos,
    /// SRTT after this sample, α = 1/8.
    pub smoothed: Nanos,
    /// RTTVAR after this sample, β = 1/4.
    pub variation: Nanos,
}

/// How answer bytes relate to request bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchoKind {
    /// The same bytes.
    Identical,
    /// The same in upper case.
    Upper,
    /// The same behind a prefix of so many bytes.
    Prefixed(u32),
    /// The same, so many times over.
    Repeated(u32),
    /// Only the beginning of them, so far.
    Partial,
    /// Other bytes.
    Different,
}

/// What a payload echoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// How the bytes relate.
    pub kind: EchoKind,
    /// First and last frame of the request.
    pub request: (u64, u64),
    /// Bytes of the request that this step's payload answers.
    pub bytes: u32,
    /// Whether the request is now answered in full.
    pub complete: bool,
}

/// What made a connection reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Nobody listens: answers the SYN in this frame.
    Refused(u64),
    /// The program closed with this many received bytes unread, so a RST goes in place of a FIN (RFC 2525 §2.17).
    Unread(u32),
    /// The socket was closed already when this many bytes came in this frame (RFC 9293 §3.10.7.1).
    AfterClose {
        /// The frame that is answered.
        answers: u64,
        /// Payload bytes that never reached the program.
        bytes: u32,
    },
    /// Nothing was unread and nothing came: linger 0, or the program was killed.
    Abort,
    /// Answers a segment of an older connection.
    Stale(u64),
    /// The capture does not show why.
    Unknown,
}

/// What part a datagram plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpPlace {
    /// From the client.
    Request,
    /// From the server, in answer to this frame.
    Reply(u64),
    /// From the server, unasked as far as the capture shows.
    Unasked,
    /// The same bytes with the same IP identification as this frame.
    Duplicate(u64),
}
