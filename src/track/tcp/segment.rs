//! A segment that is in the capture again, or late, as it is remembered.

use std::num::NonZeroU64;

use crate::model::{OptTime, SeqNumber};

/// A transmission that brought no new bytes: a retransmission, or an original captured after its retransmission.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetransmittedSegment {
    pub(super) frame: u64,
    pub(super) seq: SeqNumber,
    /// The end of the bytes that were sent before.
    pub(super) end: SeqNumber,
    pub(super) at: OptTime,
    pub(super) ip_id: Option<u16>,
    pub(super) timestamp: Option<u32>,
    /// The end of the packet: bytes after `end` are new.
    pub(super) packet_end: SeqNumber,
    /// The frame that carried the bytes first, once it is known.
    pub(super) first: Option<u64>,
    /// Up to where DSACKs have reported its bytes.
    pub(super) had: Option<SeqNumber>,
    /// It is a FIN alone, and acknowledges new bytes.
    pub(super) fin_on_ack: bool,
    /// An ACK that was captured before it covers its bytes: they had arrived.
    pub(super) arrived: bool,
    /// It is an original that was captured after its retransmission.
    pub(super) late: bool,
    /// The last captured duplicate of this packet.
    pub(super) copy: Option<NonZeroU64>,
}

impl RetransmittedSegment {
    /// A segment that was sent as one packet.
    pub(super) fn whole(sent: &SentSegment) -> Self {
        Self {
            frame: sent.frame,
            seq: sent.seq,
            end: sent.end,
            packet_end: sent.end,
            first: None,
            had: None,
            fin_on_ack: false,
            at: sent.at,
            ip_id: sent.ip_id,
            timestamp: sent.timestamp,
            arrived: false,
            late: false,
            copy: None,
        }
    }

    /// Returns `true` if it carries the byte at `seq`.
    pub(super) fn carries(&self, seq: SeqNumber) -> bool {
        !self.seq.is_after(seq) && self.packet_end.is_after(seq)
    }
}

/// One segment that took sequence numbers: data, SYN or FIN.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentSegment {
    pub(super) seq: SeqNumber,
    pub(super) end: SeqNumber,
    /// Payload bytes.
    pub(super) len: u32,
    /// The frame that carried it first.
    pub(super) frame: u64,
    /// The time, since the conversation's start.
    pub(super) at: OptTime,
    /// The frame that carried it last, and when.
    pub(super) last: (u64, OptTime),
    pub(super) ip_id: Option<u16>,
    pub(super) timestamp: Option<u32>,
    /// The number of times it was retransmitted.
    pub(super) retransmissions: u16,
    /// Its checksum is invalid.
    pub(super) damaged: bool,
    /// It filled a gap.
    pub(super) late: bool,
    /// It was sent before others that were captured earlier.
    pub(super) overtaken: bool,
    /// It is a part of what its frame carried: another part was retransmitted without it.
    pub(super) part: bool,
    /// The frame that acknowledged it.
    pub(super) acked_by: Option<NonZeroU64>,
}

impl SentSegment {
    /// Returns `true` unless it was sent exactly once, whole and in order.
    pub(super) fn is_unusual(&self) -> bool {
        self.retransmissions > 0 || self.damaged | self.late | self.part
    }
}
