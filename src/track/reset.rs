//! What a reset says, as far as the capture shows it: its causes, told apart. How they are found out stands with the
//! connection's state.

use std::num::NonZeroU64;

/// What made a connection reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Nobody listens: answers the SYN in this frame.
    Refused(u64),
    /// The same once more: more RSTs than SYNs were sent.
    RefusedAgain {
        /// The RST before.
        before: u64,
        /// The copy of the SYN that it answers, where that is in the capture.
        copy: Option<NonZeroU64>,
    },
    /// The program closed with received bytes unread, so a RST goes in place of a FIN (RFC 2525 §2.17).
    Unread {
        /// Bytes that came and were not answered.
        bytes: u32,
        /// The frame of the last of them, where it is remembered.
        last: Option<NonZeroU64>,
    },
    /// The RST acknowledges none of the bytes that were sent to it last: they had not arrived, so they were not unread.
    Unreached {
        /// So many.
        bytes: u32,
        /// The frame of the last of them, where it is remembered.
        last: Option<NonZeroU64>,
    },
    /// The socket was closed already when this many bytes came in this frame (RFC 9293 §3.10.7.1).
    AfterClose {
        /// The frame that is answered.
        answers: u64,
        /// Where it may as well be an earlier one that came since: the first of these.
        or_from: Option<NonZeroU64>,
        /// Payload bytes that never reached the program.
        bytes: u32,
    },
    /// The socket was closed already when an old copy came of a packet whose bytes it had: held up or doubled on its way.
    LateCopy {
        /// The frame of the copy; `None` where its arrival was not captured.
        arrived: Option<u64>,
        /// The frame that had acknowledged the peer's FIN and everything before; `None` where there was no FIN.
        acked: Option<u64>,
    },
    /// Its sender had sent bytes again and again, and no ACK came: it gave the connection up.
    GaveUp {
        /// The frame that carried the bytes first.
        first: u64,
        /// The frame that carried them last.
        last: u64,
        /// How often they were sent again.
        repeats: u16,
        /// The frame that came for the connection when it was given up already; `None` where giving up sent the RST.
        answers: Option<NonZeroU64>,
    },
    /// A probe was not answered.
    Silence {
        /// Its frame.
        probe: u64,
        /// It asked about the window; else it was a keep-alive.
        window: bool,
    },
    /// The same RST as in this frame: captured twice, or doubled on its way.
    Copy(u64),
    /// Nothing was unread and nothing came: linger 0, or the program was killed.
    Abort,
    /// The same, at once after the answer in this frame: it may have been unread, but was most likely read.
    AbortAtOnce(u64),
    /// Answers the SYN-ACK in this frame: nobody waits for it any more.
    Unwanted(u64),
    /// Answers this frame, which fits the connection; but its sender has none any more, and no FIN of its was captured.
    HalfOpen(u64),
    /// Answers a challenge ACK, at the number that this names: the RST before was meant (RFC 5961 §3.2).
    Confirmed {
        /// The RST before.
        reset: u64,
        /// The challenge ACK.
        challenge: u64,
    },
    /// Answers a segment of an older connection.
    Stale(u64),
    /// Answers this frame, whose ACK does not fit the SYN that waits for one (RFC 9293 §3.10.7.3). It ends nothing here:
    /// the SYN still waits.
    BadAck(u64),
    /// Answers the SYN in this frame, but acknowledges nothing: who waits for the ACK of its SYN ignores it (RFC 9293
    /// §3.10.7.3).
    NoAck(u64),
    /// Answers a frame that came after its sender's own RST, which had ended the connection here.
    AfterReset {
        /// The frame that is answered.
        answers: u64,
        /// The peer's RST.
        reset: u64,
    },
    /// Its TTL is not that of its sender's first packet: somebody else may have sent it.
    OtherTtl {
        /// Its own.
        ttl: u8,
        /// The first packet's.
        first: u8,
        /// The frame that it answers, as one that fits no connection.
        answers: Option<NonZeroU64>,
    },
    /// A client's, with its requests answered and all acknowledged: linger 0, killed, or with some of so many bytes
    /// unread.
    AfterAnswer {
        /// Bytes of the answer.
        bytes: u32,
        /// The frame of the last of them, where it is remembered.
        last: Option<NonZeroU64>,
    },
    /// Its own number is not the one that its receiver expects: it ends nothing (RFC 9293 §3.10.7.4, RFC 5961 §3.2).
    Unacceptable {
        /// The relative number expected.
        expected: u32,
        /// The frame that told it.
        told_by: u64,
        /// It lies in the window all the same: its receiver answers, and with bytes that the capture lacks it may fit.
        in_window: bool,
    },
    /// The capture does not show why.
    Unknown,
}

impl Reset {
    /// Whether it refuses a connection.
    pub(super) fn refuses(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::RefusedAgain { .. })
    }
}
