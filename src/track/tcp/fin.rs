//! A FIN of one side.

use std::num::NonZeroU64;

use crate::model::{OptTime, SeqNumber};

/// A FIN.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fin {
    pub(super) frame: u64,
    pub(super) at: OptTime,
    /// The sequence number after the FIN.
    pub(super) end: SeqNumber,
    /// `true` if it was sent before its sender had acknowledged the peer's FIN, though the peer had sent one.
    pub(super) acks_peer_fin: bool,
    /// The frame that acknowledged it.
    pub(super) acked_by: Option<NonZeroU64>,
    /// Its timestamp.
    pub(super) stamp: Option<u32>,
    /// Its IP identification.
    pub(super) ip_id: Option<u16>,
}
