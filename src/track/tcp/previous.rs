//! The connection that used the ports before, when a SYN with another initial sequence number comes for them.

use std::num::NonZeroU64;

use crate::model::{Nanos, SeqNumber};

/// The state of the former connection at the time of the SYN, as seen by the sender of that SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::track) enum PreviousEnd {
    /// The capture does not show it closed.
    Open,
    /// It never opened: its SYN was refused by RST, or got no answer.
    NeverOpened {
        /// The RST.
        refused: Option<NonZeroU64>,
    },
    /// This RST ended it.
    Reset(NonZeroU64),
    /// Nothing captured of it shows a connection: RSTs, or segments without ACK.
    Unseen,
    /// Both sides had closed.
    Closed {
        /// The sender of the SYN closed first, so it holds TIME-WAIT.
        sender_waits: bool,
        /// Its peer closed first. Both flags are set if both closed at once.
        receiver_waits: bool,
        /// The ACK of the last FIN, or that FIN itself.
        last: NonZeroU64,
        /// No ACK of that FIN was captured.
        unacked: bool,
    },
}

/// The connection that used the ports before.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct PreviousConnection {
    /// Its stream number.
    pub(in crate::track) stream: u32,
    pub(in crate::track) end: PreviousEnd,
    /// Its last frame.
    pub(in crate::track) last_frame: u64,
    /// The time since its last captured packet.
    pub(in crate::track) since: Option<Nanos>,
    /// The number after the last one that the SYN's sender had used.
    pub(in crate::track) next: Option<SeqNumber>,
    /// The next number of its peer.
    pub(in crate::track) peer_next: Option<SeqNumber>,
    /// The number that its peer expected of it.
    pub(in crate::track) expected: Option<SeqNumber>,
    /// The timestamp of the last FIN of the SYN's sender.
    pub(in crate::track) stamp: Option<u32>,
    /// The SYN of the current connection.
    pub(in crate::track) syn: Option<NonZeroU64>,
    /// It opens nothing by itself: what answers it decides.
    pub(in crate::track) undecided: bool,
    /// It was refused, and the former connection goes on.
    pub(in crate::track) continues: bool,
    /// The RST by which the SYN's sender answered the challenge ACK: it ends the former connection.
    pub(in crate::track) reset: Option<NonZeroU64>,
}
