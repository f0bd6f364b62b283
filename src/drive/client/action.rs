//! The actions of a client.

use std::sync::Arc;

/// One action of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connects; over UDP this only fixes the peer.
    Connect,
    /// Sends all of these bytes, over UDP as one datagram, without reading meanwhile.
    Send(Arc<[u8]>),
    /// Sends all of these bytes and reads until everything exchanged so far is answered. Reads while it sends, so that
    /// neither side waits for the other. TCP only.
    Exchange {
        /// The bytes to send.
        bytes: Arc<[u8]>,
        /// Number of bytes that answer them.
        answer: u64,
        /// Maximum bytes of one read.
        read_size: usize,
    },
    /// Reads.
    Receive {
        /// The end of the reading.
        until: Until,
        /// Maximum bytes of one read; a longer datagram is truncated.
        read_size: usize,
    },
    /// Closes the sending half: FIN, while answers may still come. TCP only.
    Shutdown,
    /// Closes.
    Close,
}

/// The condition that ends a client's reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// This number of reads, or the end of the stream.
    Reads(u64),
    /// The server has closed.
    End,
}
