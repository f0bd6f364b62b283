//! What a client may be told to do.

use std::sync::Arc;

/// One thing that a client does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connects; over UDP this only fixes the peer.
    Connect,
    /// Sends all of these bytes, over UDP as one datagram, and reads nothing meanwhile.
    Send(Arc<[u8]>),
    /// Sends all of these bytes and reads until the answers to everything exchanged so far are there; reads meanwhile,
    /// so that neither side waits for the other. TCP only.
    Exchange {
        /// What is sent.
        bytes: Arc<[u8]>,
        /// How many bytes answer it.
        answer: u64,
        /// Most bytes of one read.
        read_size: usize,
    },
    /// Reads.
    Receive {
        /// How far.
        until: Until,
        /// Most bytes of one read; a longer datagram is cut.
        read_size: usize,
    },
    /// Closes the sending half: FIN, while answers may still come. TCP only.
    Shutdown,
    /// Closes.
    Close,
}

/// How far a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// So many reads, or the end of the stream.
    Reads(u64),
    /// The server has closed.
    End,
}
