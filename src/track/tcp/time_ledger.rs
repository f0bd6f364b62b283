//! The facts about earlier segments that a connection's time ledger needs.

use crate::model::{Direction, Nanos, PerDirection, SeqNumber};
use crate::track::ledger::OpenLedger;

/// Time up to a bare ACK, whose reason the next segment shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenAck {
    pub(super) sender: Direction,
    /// The time it was captured, and its frame.
    pub(super) at: Nanos,
    pub(super) frame: u64,
    /// The peer's data had filled the window.
    pub(super) window: bool,
    /// It reopens a window of zero.
    pub(super) reopens: bool,
    /// A timer had delayed it.
    pub(super) delayed: bool,
}

/// The ledger of a connection, and what it needs to know of the segments before.
#[derive(Clone, Debug, Default)]
pub(in crate::track) struct TimeLedger {
    pub(super) ledger: OpenLedger,
    pub(super) open_ack: Option<OpenAck>,
    /// The sender of the newest segment that was not a mere duplicate.
    pub(super) last: Option<Direction>,
    /// The sender of the newest data or FIN.
    pub(super) turn: Option<Direction>,
    /// Each side's last data was a full segment: its program may have had more.
    pub(super) full: PerDirection<bool>,
    /// The same without PSH: its program had more (RFC 9293 §3.9.1.2).
    pub(super) more: PerDirection<bool>,
    /// The receiver's window has no room for another full segment of this side.
    pub(super) blocked: PerDirection<bool>,
    /// Data or a FIN of each side is not acknowledged.
    pub(super) in_flight: PerDirection<bool>,
    /// The time of the newest segment, if its receiver does not accept it, so that it ended no wait.
    pub(super) apart: Option<Nanos>,
    /// Up to this number this side's losses are being repaired.
    pub(super) recovers: PerDirection<Option<SeqNumber>>,
}

impl TimeLedger {
    /// Returns `true` if a loss of either side is being repaired.
    pub(super) fn is_recovering(&self) -> bool {
        self.recovers.client_to_server.is_some() || self.recovers.server_to_client.is_some()
    }

    /// Returns `true` if data or a FIN of either side is not acknowledged.
    pub(super) fn is_any_in_flight(&self) -> bool {
        self.in_flight.client_to_server || self.in_flight.server_to_client
    }
}
