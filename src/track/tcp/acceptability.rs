//! The receiver's decision on a segment: acceptable or not (RFC 9293 §3.10.7, RFC 5961, RFC 7323 §5.3).
//!
//! It is asked first of every segment. One that is not acceptable changes nothing, and the connection goes on.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::refused::{Reaction, Refused};
use super::rules::acceptability::{Acceptability, Case, UNACCEPTABLE, Unacceptable, is_void};
use super::rules::probe_answer::Answered;
use super::rules::rule::{Rule, first};
use crate::model::thresholds::IDLE;
use crate::model::{Checksum, Direction, SackBlocks, Segment, SeqNumber, TcpFlags};
use crate::track::capture_point::Measures;
use crate::track::facts::Probe;
use crate::track::packet_ref::PacketRef;

impl Connection {
    /// The reason for which the receiver does not accept the segment, as far as the capture shows the receiver's state.
    /// SYNs and RSTs have checks of their own.
    #[inline]
    pub(super) fn unacceptable_segment(&mut self, packet: &PacketRef, segment: &Segment) -> Option<Unacceptable> {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let due = own.snd_nxt == Some(segment.seq) && segment.flags.contains(TcpFlags::ACK);
        let known = peer.snd_nxt.is_none_or(|next| !segment.ack.is_after(next))
            && own.ack_sent.is_none_or(|ack| !segment.ack.is_before(ack));
        let intact = segment.checksum != Checksum::Invalid && !own.signed;
        if due
            && known
            && intact
            && own.is_newer(segment)
            && !segment.flags.intersects(TcpFlags::SYN.union(TcpFlags::RST))
        {
            return None;
        }
        self.judge(packet, segment)
    }

    #[cold]
    fn judge(&mut self, packet: &PacketRef, segment: &Segment) -> Option<Unacceptable> {
        if segment.flags.intersects(TcpFlags::SYN.union(TcpFlags::RST)) {
            return None;
        }
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        // with several initial sequence numbers the window of one is no window of the other
        if own.snd_nxt.is_none() || self.renumbered {
            return None;
        }
        let point = self.capture_point_evidence().capture_point;
        let at_receiver = Measures::of(point, !packet.direction) == Measures::RoundTrip;
        let checksums_tell = self.clues.has_valid(packet.direction);
        // a host's own packets, captured there, have no gap
        let at_sender = Measures::of(point, packet.direction) == Measures::RoundTrip;
        let gap = own.snd_nxt.is_some_and(|next| segment.seq.is_after(next));
        let in_window = gap && at_sender && peer.window_end.is_some_and(|end| segment.seq.is_before(end));
        let complete = !self.lacks_frames && !in_window;
        let soon = packet.since(self.last.1).is_none_or(|since| since < IDLE);
        let case = Case { own, peer, segment, at_receiver, checksums_tell, complete, soon };
        let unacceptable = first(UNACCEPTABLE, &case);
        self.lacks_frames |= at_sender && gap && unacceptable.is_none();
        unacceptable
    }

    /// The segment without SACK blocks that cannot be true, and the first of these, raw; `None` where all may be.
    #[cold]
    pub(super) fn without_void_sack(&self, packet: &PacketRef, segment: &Segment) -> Option<(Segment, (u32, u32))> {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let window_end = own.scale().map(|shift| {
            let end = segment.ack.plus(u32::from(segment.window) << shift);
            own.window_end.filter(|before| before.is_after(end)).unwrap_or(end)
        });
        let point = self.capture_point_evidence().capture_point;
        let at_sender = Measures::of(point, !packet.direction) == Measures::RoundTrip;
        let all_sent = peer.snd_nxt.filter(|_| at_sender);
        let mut valid = SackBlocks::default();
        let mut void = None;
        for (left, right) in segment.options.sack.as_slice() {
            if is_void((SeqNumber(*left), SeqNumber(*right)), peer, window_end, all_sent) {
                void.get_or_insert((*left, *right));
            } else {
                valid.push(*left, *right);
            }
        }
        let void = void?;
        let mut segment = *segment;
        segment.options.sack = valid;
        Some((segment, void))
    }

    /// Notes a segment that the receiver does not accept: its ACK may follow.
    #[cold]
    pub(super) fn note_unacceptable(&mut self, packet: &PacketRef, segment: &Segment, rule: &Rule<Acceptability>) {
        let fin = u32::from(segment.flags.contains(TcpFlags::FIN));
        let end = segment.seq.plus(segment.len).plus(fin);
        let refused = packet.place().map(|(frame, _)| Refused {
            frame,
            seq: segment.seq,
            end,
            ack: segment.ack,
            reaction: rule.effect.reaction,
        });
        self.endpoints.get_mut(packet.direction).loss_mut().refused = refused;
        if segment.len == 0 {
            self.recorder.see_foreign_ack(packet.frame);
        }
    }

    /// The segment that this one refuses: an ACK without data that repeats the receiver's numbers, right after a
    /// segment that the receiver does not accept.
    #[inline]
    pub(super) fn refuses(&self, packet: &PacketRef, segment: &Segment) -> Option<NonZeroU64> {
        let peer = self.endpoints.get(!packet.direction);
        let refused = peer.loss.as_ref()?.refused.filter(|refused| refused.reaction == Reaction::Ack)?;
        let own = self.endpoints.get(packet.direction);
        let retransmissions = own.ack_sent == Some(segment.ack) && own.snd_nxt == Some(segment.seq);
        let bare =
            segment.len == 0 && !segment.flags.intersects(TcpFlags::CONTROL) && segment.flags.contains(TcpFlags::ACK);
        let right_behind = peer.newest().is_some_and(|newest| newest.frame == refused.frame.get());
        (retransmissions && bare && right_behind).then_some(refused.frame)
    }
}

impl Connection {
    /// Returns `true` if the ACK can be of this connection, as far as its opening shows.
    #[inline]
    pub(super) fn may_ack(&self, direction: Direction, segment: &Segment) -> bool {
        let peer = self.endpoints.get(!direction);
        peer.syn_acked
            || fits_syn(self.endpoints.get(direction), peer, segment) && !self.is_of_former(direction, segment)
    }

    /// Returns `true` if an ACK without SYN, in answer to a SYN on used ports, has the numbers of the connection that
    /// used them.
    fn is_of_former(&self, direction: Direction, segment: &Segment) -> bool {
        let silent = self.endpoints.get(direction).isn.is_none() && !segment.flags.contains(TcpFlags::SYN);
        self.previous
            .as_ref()
            .filter(|_| silent)
            .is_some_and(|previous| previous.peer_next == Some(segment.seq) && previous.expected == Some(segment.ack))
    }

    /// Forgets a RST that ended nothing: bytes sent after it are acknowledged, or it is challenged. Called for a segment
    /// after a RST that is none itself.
    #[cold]
    pub(super) fn note_after_reset(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        advances: bool,
        probe: Option<Probe>,
    ) {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        if own.reset.is_some() && segment.len > 0 && !segment.seq.is_before(own.next_at_reset) {
            self.recorder.see_went_on(packet);
        }
        // a host without the connection acknowledges nothing, and its segments are not acknowledged
        let since = peer.newest().map_or(0, |newest| newest.frame);
        let continued_after_reset = advances && own.ack_sent.is_some_and(|acked| acked.is_after(peer.next_at_reset));
        for sender in [packet.direction, !packet.direction] {
            let Some(reset) = self.endpoints.get(sender).reset.map(NonZeroU64::get) else { continue };
            let challenged = probe.and_then(|probe| probe.answers()) == Some((Answered::Reset, reset));
            // what was sent before the RST, or is the RST itself, shows nothing
            if continued_after_reset && since > reset || challenged {
                self.endpoints.get_mut(sender).reset = None;
                let since = if challenged { 0 } else { since };
                self.recorder.see_ignored(sender, [reset, since, packet.frame]);
                self.handshake.ignore_reset();
            }
        }
        let [client, server] = [Direction::ClientToServer, Direction::ServerToClient].map(|side| {
            let side_state = self.endpoints.get(side);
            side_state.reset.map(NonZeroU64::get).or(side_state.fin.map(|fin| fin.frame)).map(|frame| (frame, side))
        });
        self.closed_first = client.into_iter().chain(server).min_by_key(|(frame, _)| *frame).map(|(_, side)| side);
    }
}

/// Returns `true` if an ACK can answer the peer's SYN, of which no ACK was captured so far: its number is not below the
/// SYN's, and a SYN-ACK, or the first segment captured at all, covers nothing that was not sent.
#[cold]
fn fits_syn(own: &TcpEndpoint, peer: &TcpEndpoint, segment: &Segment) -> bool {
    let Some(isn) = peer.isn else { return true };
    let beyond = peer.snd_nxt.is_some_and(|next| segment.ack.is_after(next));
    let first = segment.flags.contains(TcpFlags::SYN) || own.ack_sent.is_none();
    peer.has_asked_with(SeqNumber(segment.ack.0.wrapping_sub(1))) || segment.ack.is_after(isn) && !(beyond && first)
}
