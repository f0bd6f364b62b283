//! The state of one end of a TCP connection (RFC 9293 §3.3.2), inferred from the segments that it sends and receives.
//!
//! A state is not on the wire. A segment that is sent proves the state that it is sent from; one that is received moves
//! the receiver once it arrives. TIME-WAIT ends after two segment lifetimes without a packet, so no ladder shows that.

use std::cmp::Ordering;
use std::ops::Range;

use rangemap::RangeSet;

use super::work;
use crate::model::{SeqNumber, TcpFlags};
use crate::report::seq_unwrapper::SeqUnwrapper;
use crate::track::State;

/// The part of a segment that changes a state; numbers are relative to the sender's and the receiver's initial ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentEffect {
    pub(super) flags: TcpFlags,
    pub(super) seq: u32,
    pub(super) next: u32,
    pub(super) ack: Option<u32>,
    /// The first byte of a gap before this segment.
    pub(super) hole: Option<u32>,
    /// A RST that answers a segment of no connection that its sender knows: it changes nothing at the sender's.
    pub(super) stale: bool,
}

impl SegmentEffect {
    /// Returns `true` if it acknowledges everything before `number`.
    pub(super) fn covers(&self, number: Option<u32>) -> bool {
        self.ack.zip(number).is_some_and(|(ack, number)| !SeqNumber(ack).is_before(SeqNumber(number)))
    }
}

/// A byte's place in the peer's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StreamOffset(u64);

impl Ord for StreamOffset {
    fn cmp(&self, other: &Self) -> Ordering {
        work::looked(self.0).cmp(&other.0)
    }
}

impl PartialOrd for StreamOffset {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One end of a connection.
#[derive(Clone, Debug)]
pub(super) struct EndpointState {
    pub(super) state: Option<State>,
    /// The end that was asked: back to LISTEN when the handshake is broken off.
    passive: bool,
    /// The number after its SYN.
    syn: Option<u32>,
    /// The number after its FIN.
    fin: Option<u32>,
    /// The number after a FIN of the peer that came before all bytes in front of it had.
    early_fin: Option<u32>,
    /// Bytes of the peer that have not come: at most two ranges for each row of the ladder.
    missing: RangeSet<StreamOffset>,
    places: SeqUnwrapper,
}

impl EndpointState {
    pub(super) fn new(state: Option<State>, passive: bool) -> Self {
        Self {
            state,
            passive,
            syn: None,
            fin: None,
            early_fin: None,
            missing: RangeSet::new(),
            places: SeqUnwrapper::default(),
        }
    }

    /// The end sends a segment.
    pub(super) fn sends(&mut self, segment: &SegmentEffect) {
        use State::{Closed, Established, SynSent};
        let flags = segment.flags;
        if flags.contains(TcpFlags::RST) {
            if !segment.stale {
                self.state = Some(Closed);
            }
            return;
        }
        if flags.contains(TcpFlags::SYN) {
            self.syn = Some(segment.seq.wrapping_add(1));
            self.state = State::after_sending_syn(self.state, flags.contains(TcpFlags::ACK));
        }
        // only a connected endpoint sends an ACK beyond the handshake
        if self.state == Some(SynSent) && segment.ack.is_some_and(|ack| ack > 0) && !flags.contains(TcpFlags::SYN) {
            self.state = Some(Established);
        }
        if self.early_fin.is_some() && segment.covers(self.early_fin) {
            self.missing.clear();
            self.take_fin();
        }
        if flags.contains(TcpFlags::FIN) {
            self.fin = Some(segment.next);
            self.state = State::after_sending_fin(self.state);
        }
    }

    /// A segment arrives at the end.
    pub(super) fn receives(&mut self, segment: &SegmentEffect) {
        use State::{Established, SynReceived, SynSent};
        let flags = segment.flags;
        if flags.contains(TcpFlags::RST) {
            self.state = Some(State::after_reset(self.state, self.passive));
            return;
        }
        self.fill(segment);
        if flags.contains(TcpFlags::SYN) && self.state == Some(SynSent) {
            let acked = segment.covers(self.syn);
            self.state = Some(if acked { Established } else { SynReceived });
        } else if self.state == Some(SynReceived) && segment.covers(self.syn) {
            self.state = Some(Established);
        }
        if segment.covers(self.fin) {
            self.state = State::after_fin_acked(self.state);
        }
        if flags.contains(TcpFlags::FIN) {
            self.early_fin = Some(segment.next);
        }
        if self.early_fin.is_some() && self.missing.is_empty() {
            self.take_fin();
        }
    }

    /// Everything before the peer's FIN has come.
    fn take_fin(&mut self) {
        self.early_fin = None;
        self.state = State::after_receiving_fin(self.state);
    }

    /// A segment of the peer never arrives.
    pub(super) fn misses(&mut self, segment: &SegmentEffect) {
        self.lacks(segment.seq, segment.next);
    }

    /// Bytes that arrive are no longer missing; those skipped are.
    fn fill(&mut self, segment: &SegmentEffect) {
        if let Some(start) = segment.hole {
            self.lacks(start, segment.seq);
        }
        if let Some(came) = self.range(segment.seq, segment.next) {
            self.missing.remove(came);
        }
    }

    fn lacks(&mut self, start: u32, end: u32) {
        if let Some(lacking) = self.range(start, end) {
            self.missing.insert(lacking);
        }
    }

    /// The places of these sequence numbers, unless there is none between them.
    fn range(&mut self, start: u32, end: u32) -> Option<Range<StreamOffset>> {
        let (start, end) = (self.places.number(start), self.places.number(end));
        (start < end).then_some(StreamOffset(start)..StreamOffset(end))
    }
}

#[cfg(test)]
mod tests {
    use super::State::*;
    use super::*;

    const SYN: TcpFlags = TcpFlags::SYN;
    const ACK: TcpFlags = TcpFlags::ACK;
    const FIN_ACK: TcpFlags = TcpFlags::FIN.union(ACK);
    const RST: TcpFlags = TcpFlags::RST;

    fn segment(flags: TcpFlags, seq: u32, len: u32, ack: u32) -> SegmentEffect {
        let counted = u32::from(flags.intersects(SYN.union(TcpFlags::FIN)));
        let ack = flags.contains(ACK).then_some(ack);
        SegmentEffect { flags, seq, next: seq + len + counted, ack, hole: None, stale: false }
    }

    /// An end that is connected, and has sent and received its SYN.
    fn connected() -> EndpointState {
        let mut end = EndpointState::new(Some(Closed), false);
        end.sends(&segment(SYN, 0, 0, 0));
        end.receives(&segment(SYN.union(ACK), 0, 0, 1));
        assert_eq!(end.state, Some(Established));
        end
    }

    #[test]
    fn aborted_handshake_returns_to_listen_or_closed() {
        let mut server = EndpointState::new(Some(Listen), true);
        server.receives(&segment(SYN, 0, 0, 0));
        server.sends(&segment(SYN.union(ACK), 0, 0, 1));
        assert_eq!(server.state, Some(SynReceived));
        server.receives(&segment(RST, 1, 0, 0));
        assert_eq!(server.state, Some(Listen));
        let mut client = EndpointState::new(Some(Closed), false);
        client.sends(&segment(SYN, 0, 0, 0));
        client.receives(&segment(RST.union(ACK), 0, 0, 1));
        assert_eq!(client.state, Some(Closed));
    }

    #[test]
    fn first_to_close_enters_time_wait() {
        let mut end = connected();
        end.sends(&segment(FIN_ACK, 1, 0, 1));
        assert_eq!(end.state, Some(FinWait1));
        end.receives(&segment(ACK, 1, 0, 2));
        assert_eq!(end.state, Some(FinWait2));
        end.receives(&segment(FIN_ACK, 1, 0, 2));
        assert_eq!(end.state, Some(TimeWait));
    }

    #[test]
    fn second_to_close_skips_time_wait() {
        let mut end = connected();
        end.receives(&segment(FIN_ACK, 1, 0, 1));
        assert_eq!(end.state, Some(CloseWait));
        end.sends(&segment(FIN_ACK, 1, 0, 2));
        assert_eq!(end.state, Some(LastAck));
        end.receives(&segment(ACK, 2, 0, 2));
        assert_eq!(end.state, Some(Closed));
    }

    #[test]
    fn crossing_fins_pass_through_closing() {
        let mut end = connected();
        end.sends(&segment(FIN_ACK, 1, 0, 1));
        end.receives(&segment(FIN_ACK, 1, 0, 1));
        assert_eq!(end.state, Some(Closing));
        end.receives(&segment(ACK, 2, 0, 2));
        assert_eq!(end.state, Some(TimeWait));
    }

    #[test]
    fn fin_after_a_gap_waits_until_the_gap_is_filled() {
        let mut end = connected();
        end.misses(&segment(ACK, 1, 500, 1));
        end.receives(&segment(FIN_ACK, 501, 0, 1));
        assert_eq!(end.state, Some(Established));
        end.receives(&segment(ACK, 1, 200, 1));
        assert_eq!(end.state, Some(Established));
        end.receives(&segment(ACK, 201, 300, 1));
        assert_eq!(end.state, Some(CloseWait));
    }

    #[test]
    fn a_gap_filled_from_its_middle_is_two_gaps() {
        let mut end = connected();
        end.misses(&segment(ACK, 1, 500, 1));
        end.receives(&segment(FIN_ACK, 501, 0, 1));
        end.receives(&segment(ACK, 201, 100, 1));
        end.receives(&segment(ACK, 1, 200, 1));
        assert_eq!(end.state, Some(Established));
        end.receives(&segment(ACK, 301, 200, 1));
        assert_eq!(end.state, Some(CloseWait));
    }

    #[test]
    fn a_reset_that_answers_an_old_segment_changes_nothing_at_its_sender() {
        let mut end = connected();
        end.sends(&SegmentEffect { stale: true, ..segment(RST, 9, 0, 0) });
        assert_eq!(end.state, Some(Established));
        end.sends(&segment(RST, 1, 0, 0));
        assert_eq!(end.state, Some(Closed));
    }
}
