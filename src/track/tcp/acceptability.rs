//! The receiver's decision on a segment: acceptable or not (RFC 9293 §3.10.7, RFC 5961, RFC 7323 §5.3).
//!
//! It is asked first of every segment. One that is not acceptable changes nothing, and the connection goes on.

use std::num::NonZeroU64;

use super::bytes::sent;
use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::gaps::AckedUnseen;
use super::refused::{Kept, Reaction, Refused};
use super::rules::acceptability::{Acceptability, Case, UNACCEPTABLE, Unacceptable, is_void};
use super::rules::probe_answer::Answered;
use super::rules::rule::{Rule, first};
use crate::model::thresholds::IDLE;
use crate::model::{Checksum, Direction, IpHeader, SackBlocks, Segment, SeqNumber, TcpFlags};
use crate::track::capture_point::Measures;
use crate::track::facts::{Probe, Refusal, SegmentRole};
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
        let open = own.fin.is_none() || segment.len == 0;
        if due
            && open
            && known
            && intact
            && own.is_newer(segment)
            && !segment.flags.intersects(TcpFlags::SYN.union(TcpFlags::RST))
        {
            return None;
        }
        self.judge(packet, segment, false)
    }

    /// The same of a segment with bytes or FIN whose ACK number does not fit the receiver's SYN.
    #[cold]
    pub(super) fn wrongly_acking(&mut self, packet: &PacketRef, segment: &Segment) -> Option<Unacceptable> {
        let carries = segment.len > 0 || segment.flags.contains(TcpFlags::FIN);
        if carries { self.judge(packet, segment, true) } else { None }
    }

    #[cold]
    fn judge(&mut self, packet: &PacketRef, segment: &Segment, wrong_ack: bool) -> Option<Unacceptable> {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let opened = self.handshake.ack().is_some() && !self.handshake.simultaneous;
        let syn_ack_in_open = opened && segment.flags.is_syn_ack() && own.isn.is_some() && !own.syn_with_ack;
        if segment.flags.intersects(TcpFlags::SYN.union(TcpFlags::RST)) && !syn_ack_in_open {
            return None;
        }
        // with several initial sequence numbers the window of one is no window of the other
        if own.snd_nxt.is_none() && peer.isn.is_none() || self.renumbered && !syn_ack_in_open {
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
        let continues =
            own.loss().refused.is_some_and(|refused| refused.end == segment.seq && refused.end != refused.seq);
        let case = Case {
            own,
            peer,
            segment,
            at_receiver,
            checksums_tell,
            complete,
            soon,
            continues,
            wrong_ack,
            syn_ack_in_open,
        };
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
    pub(super) fn note_unacceptable(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        rule: &Rule<Acceptability>,
    ) {
        let closes = segment.flags.contains(TcpFlags::FIN);
        let end = segment.seq.plus(segment.len).plus(closes.into());
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let next = peer.snd_nxt.filter(|next| segment.flags.contains(TcpFlags::ACK) && segment.ack.is_after(*next));
        let next = next.filter(|_| !rule.effect.sure);
        let kept = || Kept {
            sent: sent(packet, segment, end, ip),
            fin: closes.then(|| own.fin_of(packet, segment, peer)),
            next,
        };
        let refused = packet.place().map(|(frame, _)| Refused {
            frame,
            seq: segment.seq,
            end,
            ack: segment.ack,
            reaction: rule.effect.reaction,
            ahead: next.is_some(),
            kept: (!rule.effect.sure).then(kept),
        });
        self.endpoints.get_mut(packet.direction).loss_mut().refused = refused;
        // a FIN or SYN-ACK is no ACK of a loop
        if end == segment.seq && !segment.flags.contains(TcpFlags::SYN) {
            self.recorder.see_foreign_ack(packet.frame);
        }
    }

    /// Decides on a segment that was not accepted unless the capture lacks packets of its receiver: the receiver's next
    /// segment shows by its numbers which it was. Returns the frame and the bytes of the receiver's that the capture lacks.
    #[cold]
    pub(super) fn settle_refused(&mut self, packet: &PacketRef, segment: &Segment) -> Option<(NonZeroU64, u32)> {
        let sender = !packet.direction;
        let (own, peer) = self.endpoints.both_mut(sender);
        let refused = own.loss().refused?;
        let kept = refused.kept.filter(|_| !segment.flags.contains(TcpFlags::RST))?;
        let has_ack = segment.flags.contains(TcpFlags::ACK);
        let sent_more = kept.next.is_some_and(|next| segment.seq.is_after(next) && !segment.seq.is_before(refused.ack));
        let received = has_ack
            && refused.end != refused.seq
            && !segment.ack.is_before(refused.end)
            && own.snd_nxt.is_none_or(|next| !next.is_after(refused.seq));
        if sent_more {
            return self.accept_refused(sender);
        }
        if received {
            // its bytes were taken, and nothing shows that its ACK was
            let unopened = own.isn.is_none();
            if let Some(kept) = own.loss_mut().refused.as_mut().and_then(|refused| refused.kept.as_mut()) {
                kept.next = None;
            }
            return self.accept_refused(sender).filter(|_| unopened);
        }
        // it repeats the number before: nothing is missing, and a SYN-ACK comes only now
        let refuted = kept.next == Some(segment.seq) || segment.flags.is_syn_ack() || peer.isn.is_none();
        if refuted && let Some(refused) = own.loss_mut().refused.as_mut() {
            refused.kept = None;
        }
        None
    }

    /// A segment is accepted after one of its sender that was not: where it begins behind that one, its sender has gone on,
    /// so the capture lacks packets. Returns the same.
    #[cold]
    pub(super) fn supersede_refused(&mut self, packet: &PacketRef, segment: &Segment) -> Option<(NonZeroU64, u32)> {
        let refused = self.endpoints.get_mut(packet.direction).loss_mut().refused.as_mut()?;
        if refused.end == segment.seq && refused.end != refused.seq {
            return self.accept_refused(packet.direction);
        }
        refused.kept = None;
        None
    }

    /// Takes a segment that was not accepted before: what was captured since shows that its receiver had accepted it, and
    /// that the capture lacks packets. Returns its frame and the receiver's bytes that the capture lacks.
    #[cold]
    pub(super) fn accept_refused(&mut self, sender: Direction) -> Option<(NonZeroU64, u32)> {
        let (own, peer) = self.endpoints.both_mut(sender);
        let refused = own.loss_mut().refused.take()?;
        let kept = refused.kept?;
        self.lacks_frames = true;
        if own.snd_nxt.is_none_or(|next| refused.end.is_after(next)) {
            if let Some(next) = own.snd_nxt.filter(|next| refused.seq.is_after(*next)) {
                own.loss_mut().gaps.open(next, refused.seq, refused.frame.get());
            }
            own.snd_nxt = Some(refused.end);
            own.sent.push(kept.sent);
        }
        if kept.sent.len > 0 {
            own.last_data = kept.sent.at;
            own.unread_bytes = own.unread_bytes.saturating_add(kept.sent.len);
        }
        let missing = kept.next.map_or(0, |next| refused.ack.relative_to(next));
        if let Some(next) = kept.next.filter(|_| own.ack_sent.is_none_or(|before| refused.ack.is_after(before))) {
            own.ack_sent = Some(refused.ack);
            own.advanced = (refused.frame.get(), kept.sent.at);
            peer.sent.acknowledge(refused.ack, refused.frame.get());
            let missed = AckedUnseen { frame: refused.frame.get(), at: kept.sent.at, echo: None };
            peer.loss_mut().gaps.missed(next, refused.ack, missed);
            if peer.snd_nxt.is_none_or(|known| refused.ack.is_after(known)) {
                peer.snd_nxt = Some(refused.ack);
            }
        }
        if let Some(fin) = kept.fin.filter(|_| own.fin.is_none()) {
            own.fin = Some(fin);
            self.closed_first.get_or_insert(sender);
            self.life = self.life(SegmentRole::Fin { first: true });
        }
        Some((refused.frame, missing))
    }

    /// The segment that this one refuses: an ACK without data that repeats the receiver's numbers, right after a
    /// segment that the receiver does not accept.
    #[inline]
    pub(super) fn refuses(&self, packet: &PacketRef, segment: &Segment) -> Option<Refusal> {
        let peer = self.endpoints.get(!packet.direction);
        let refused = peer.loss.as_ref()?.refused.filter(|refused| refused.reaction == Reaction::Ack)?;
        let own = self.endpoints.get(packet.direction);
        let bare =
            segment.len == 0 && !segment.flags.intersects(TcpFlags::CONTROL) && segment.flags.contains(TcpFlags::ACK);
        let right_behind = peer.newest().is_some_and(|newest| newest.frame == refused.frame.get());
        let refusal = Refusal { frame: refused.frame, unsent: refused.ahead };
        (own.repeats_numbers(segment) && bare && right_behind).then_some(refusal)
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
    let with_fin = peer.loss().fin_on_syn.is_some_and(|fin| fin.end == segment.ack);
    with_fin
        || peer.has_asked_with(SeqNumber(segment.ack.0.wrapping_sub(1)))
        || segment.ack.is_after(isn) && !(beyond && first)
}
