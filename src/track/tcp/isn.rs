//! SYN-ACKs with several initial sequence numbers: two servers answer, or one that has forgotten its first answer. The
//! number that the peer's first ACK names is the connection's.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::gaps::GapList;
use super::segment::{RetransmittedSegment, SentSegment};
use crate::model::{Direction, PerDirection, SeqNumber};

impl TcpEndpoint {
    /// Returns `true` if one of its remembered SYNs had this sequence number.
    #[cold]
    pub(super) fn has_asked_with(&self, seq: SeqNumber) -> bool {
        self.isn == Some(seq) || self.isn.is_some() && self.loss().retransmissions.iter().any(|other| other.seq == seq)
    }

    /// Takes a SYN-ACK with another number than those before.
    pub(super) fn take_another_syn(&mut self, sent: &SentSegment, frame: NonZeroU64) {
        self.syn = Some((frame, sent.at));
        self.syn_count = self.syn_count.saturating_add(1);
        (self.syn_with_ack, self.several_isns) = (true, true);
        self.remember_repeat(RetransmittedSegment::whole(sent));
    }

    /// The peer's first ACK: what it names counts, and the SYNs with other numbers count no more.
    #[cold]
    pub(super) fn settle(&mut self, ack: SeqNumber) {
        let named =
            self.loss().retransmissions.iter().find(|other| other.seq.plus(1) == ack && Some(other.seq) != self.isn);
        let Some(taken) = named.map(|other| other.seq) else { return };
        let first = self
            .isn
            .replace(taken)
            .and_then(|isn| self.sent.carrying(isn))
            .map(|first| RetransmittedSegment::whole(first));
        if let Some(first) = first {
            self.remember_repeat(first);
            self.loss_mut().retransmissions.rotate_right(1);
        }
        self.sent.clear();
        self.loss_mut().gaps = GapList::default();
        self.snd_nxt = Some(ack);
    }

    /// Returns `true` if the peer accepted another of its SYN-ACKs than the one with this number.
    pub(super) fn is_not_taken(&self, seq: SeqNumber) -> bool {
        self.syn_acked && self.isn.is_some_and(|taken| taken != seq)
    }

    /// Returns the number of earlier SYNs with this sequence number; if there were several numbers, among the
    /// remembered ones.
    pub(super) fn asked_before(&self, seq: SeqNumber) -> u16 {
        let again = self.loss().retransmissions.iter().filter(|other| other.seq == seq).count();
        if !self.several_isns {
            return self.syns_sent() - 1;
        }
        let first = self.sent.iter().any(|sent| sent.seq == seq);
        u16::try_from(again).unwrap_or(u16::MAX).saturating_add(first.into())
    }
}

impl Connection {
    /// The number before a stream's first byte. Where SYN-ACKs had several numbers, relative ones count from the last of
    /// them, but the bytes from the one that counts.
    #[inline]
    pub(super) fn begin_of(&self, direction: Direction) -> Option<SeqNumber> {
        let side = self.endpoints.get(direction);
        if self.renumbered { side.isn.or(side.seq_base) } else { side.seq_base }
    }

    /// Returns the offset from each initial sequence number to the base of the relative numbers, modulo 2^32.
    #[cold]
    pub(super) fn moved(&self) -> PerDirection<u32> {
        let moved = |side: &TcpEndpoint| side.seq_base.zip(side.isn).map_or(0, |(base, isn)| base.relative_to(isn));
        PerDirection {
            client_to_server: moved(&self.endpoints.client_to_server),
            server_to_client: moved(&self.endpoints.server_to_client),
        }
    }
}
