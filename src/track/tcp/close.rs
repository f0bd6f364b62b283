//! Decides how a connection ended, from the last segments of both sides.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::fin::Fin;
use super::loss_state::{Asks, SackBlocks};
use super::previous::PreviousConnection;
use super::rules::reset::family::{Ends, ResetEffect, ResetFamily};
use super::rules::rule::Verdict;
use super::summary::{RareEvents, TcpSummary};
use crate::model::{Direction, IpHeader, Segment, SeqNumber, TcpFlags};
use crate::track::facts::Life;
use crate::track::packet_ref::PacketRef;
use crate::track::rtt::RttTotals;
use crate::track::totals::{Close, Handshake, TcpTotals};

impl TcpEndpoint {
    /// The FIN of a segment that it sends.
    pub(super) fn fin_of(&self, packet: &PacketRef, segment: &Segment, peer: &Self) -> Fin {
        let peer_end = peer.fin.map(|fin| fin.end);
        Fin {
            frame: packet.frame,
            at: packet.at,
            end: segment.seq.plus(segment.len).plus(1),
            acks_peer_fin: peer_end.is_some_and(|end| self.ack_sent.is_some_and(|ack| !ack.is_before(end))),
            acked_by: None,
            stamp: segment.options.timestamps.map(|stamps| stamps.value),
            ip_id: self.last_ip_id,
        }
    }

    /// Decides between two FINs of this side at different numbers: the `receiver` acknowledged the lower one and nothing
    /// above it, so the stream ends there. What lies beyond is void, and the receiver forgets what it had received of it
    /// (Linux: `tcp_fin`).
    #[cold]
    pub(super) fn settle_fins(&mut self, receiver: &mut Self, ack: SeqNumber) {
        let Some((first, other)) = self.fin.zip(self.loss().other_fin) else { return };
        let (lower, upper) = if first.end.is_before(other.end) { (first, other) } else { (other, first) };
        // the byte there may be data of a longer stream
        let last = SeqNumber(ack.0.wrapping_sub(1));
        let is_data = self.sent.iter().any(|sent| !sent.seq.is_after(last) && sent.seq.plus(sent.len).is_after(last));
        if is_data || lower.end != ack || !upper.end.is_after(ack) {
            return;
        }
        self.fin = Some(lower);
        self.snd_nxt = Some(lower.end);
        self.sent.forget_from(lower.end);
        let loss = self.loss_mut();
        loss.other_fin = None;
        loss.gaps.forget_from(lower.end);
        if let Some(loss) = receiver.loss.as_mut() {
            loss.sacked = None;
            loss.sack_blocks = SackBlocks::default();
        }
    }
}

impl Connection {
    /// Returns `true` once a FIN or RST was accepted: before that, no search for one is needed.
    #[inline]
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.life, Life::Closing | Life::Aborted)
    }

    /// Returns `true` if both sides are done, so that only late packets can follow.
    pub(in crate::track) fn has_ended(&self) -> bool {
        if !self.is_ending() {
            return false;
        }
        let (client, server) = (&self.endpoints.client_to_server, &self.endpoints.server_to_client);
        let acked = |side: &TcpEndpoint| side.fin.is_some_and(|fin| fin.acked_by.is_some());
        client.reset.is_some() || server.reset.is_some() || acked(client) && acked(server)
    }

    /// Notes a FIN or RST.
    pub(super) fn note_close(&mut self, packet: &PacketRef, segment: &Segment, reset: Option<Verdict<ResetFamily>>) {
        let refused = self.handshake.is_refused();
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        // a FIN without ACK closes nothing (RFC 9293 §3.10.7.4)
        let closes = segment.flags.contains(TcpFlags::FIN.union(TcpFlags::ACK));
        if let Some(Verdict { rule, proof }) = reset {
            if let Some((_, Asks::Alive)) = peer.loss().probe.filter(|(probe, _)| proof.answers == Some(*probe)) {
                peer.loss_mut().probe = None;
                self.recorder.record_keep_alive_reset(packet);
            }
            let first = own.reset.is_none();
            let resets = &mut own.loss_mut().resets;
            (resets.frame, resets.at, resets.seq) = (packet.frame, packet.at, segment.seq);
            resets.ack = segment.flags.contains(TcpFlags::ACK).then_some(segment.ack);
            resets.answered = resets.answered.max(proof.answers.map_or(0, NonZeroU64::get));
            let answers = |frame: u64| proof.answers == NonZeroU64::new(frame);
            if let Some(rest) = resets.rest.as_mut().filter(|rest| answers(rest.frames.0) || answers(rest.frames.1)) {
                rest.count = rest.count.saturating_sub(1);
            }
            if proof.data && proof.bytes > 0 {
                resets.reported = peer.snd_nxt;
            }
            match rule.effect.ends {
                Ends::Nothing => {
                    self.recorder.see_ignored(packet.direction, [packet.frame, 0, 0]);
                    return;
                }
                Ends::Over => return,
                Ends::Unconfirmed => {
                    own.loss_mut().probe = packet.place().map(|(frame, _)| (frame, Asks::Reset));
                }
                Ends::Connection | Ends::Attempt => {}
            }
            if first {
                let resets = &mut own.loss_mut().resets;
                resets.label = rule.label;
                resets.ended_at = packet.at;
                resets.foreign = !rule.effect.by_host;
                resets.half_open = rule.effect.half_open;
                resets.refused = rule.effect.ends == Ends::Attempt;
            }
        } else if segment.flags.is_syn_ack()
            && own.loss().resets.refused
            && peer.syn.zip(own.reset).is_some_and(|((syn, _), reset)| syn > reset)
        {
            // the SYN was retransmitted, and the port listens now
            own.loss_mut().resets.refused = false;
            own.reset = None;
        }
        if segment.flags.contains(TcpFlags::RST) {
            if own.reset.or(peer.reset).is_none() {
                for side in [&mut *own, &mut *peer] {
                    side.next_at_reset = side.snd_nxt.unwrap_or_default();
                    if let Some(zero_window) = side.loss.as_mut().and_then(|loss| loss.zero_window.as_mut()) {
                        zero_window.reset = packet.place();
                    }
                }
            }
            own.reset = own.reset.or(NonZeroU64::new(packet.frame));
            let only_syn =
                |side: &TcpEndpoint| side.snd_nxt.is_some() && side.isn.map(|isn| isn.plus(1)) == side.snd_nxt;
            self.handshake.reset(only_syn(own) && only_syn(peer));
        } else if closes {
            let fin = own.fin_of(packet, segment, peer);
            let Some(first) = own.fin else {
                own.fin = Some(fin);
                self.close_by(packet.direction, refused);
                return;
            };
            let lower = |other: Fin| fin.end.is_before(other.end);
            if fin.end != first.end && first.acked_by.is_none() && own.loss().other_fin.is_none_or(lower) {
                own.loss_mut().other_fin = Some(fin);
            }
            return;
        } else {
            return;
        }
        self.close_by(packet.direction, refused);
    }

    /// Notes who closed; a refused connection was not open.
    fn close_by(&mut self, direction: Direction, refused: bool) {
        if !refused {
            self.closed_first.get_or_insert(direction);
        }
    }

    /// Notes a SYN that has FIN too.
    #[cold]
    pub(super) fn note_fin_on_syn(&mut self, packet: &PacketRef, segment: &Segment) {
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        let fin = own.fin_of(packet, segment, peer);
        own.loss_mut().fin_on_syn = Some(Fin { end: fin.end.plus(1), ..fin });
    }

    /// Takes the marks and the number of a RST, as far as they are its sender's.
    #[cold]
    pub(super) fn take_reset(&mut self, packet: &PacketRef, segment: &Segment, ip: &IpHeader, effect: ResetEffect) {
        let own = self.endpoints.get_mut(packet.direction);
        if effect.by_host {
            own.learn_packet_ids(ip);
            own.last_ip_id = ip.id;
            if effect.ends == Ends::Connection {
                own.snd_nxt.get_or_insert(segment.seq);
            }
        }
    }

    /// Returns `true` if the bytes that the peer has acknowledged of this direction end with its FIN.
    pub(in crate::track) fn covers_fin(&self, direction: Direction) -> bool {
        let fin = self.endpoints.get(direction).fin.as_ref();
        fin.is_some_and(|fin| self.endpoints.get(!direction).ack_sent == Some(fin.end))
    }

    /// Returns the totals of the connection at its end, and moves the recorded events into them.
    pub(in crate::track) fn totals(&mut self) -> TcpTotals {
        let mut summary = Box::<TcpSummary>::default();
        self.fill(&mut summary);
        let (client, server) = (&self.endpoints.client_to_server, &self.endpoints.server_to_client);
        TcpTotals {
            client_isn: client.isn.map(|isn| isn.0),
            server_isn: server.isn.map(|isn| isn.0),
            handshake: self.handshake.outcome(),
            close: self.close(),
            closed_first: self.closed_first,
            analysis: self.counts.as_deref().copied().unwrap_or_default(),
            summary,
        }
    }

    /// Round-trip times.
    pub(in crate::track) fn rtt_totals(&mut self) -> Option<RttTotals> {
        self.rtt.totals(self.handshake.round_trip())
    }

    fn close(&self) -> Close {
        let (client, server) = (&self.endpoints.client_to_server, &self.endpoints.server_to_client);
        let reset = client.reset.into_iter().chain(server.reset).map(NonZeroU64::get).min();
        // when both FINs are acknowledged it is over: a reset after that answers something late
        let over = [client, server].map(|side| side.fin.and_then(|fin| fin.acked_by).map(NonZeroU64::get));
        let over = over.into_iter().max().filter(|_| over.iter().all(Option::is_some)).flatten();
        match (client.fin.is_some(), server.fin.is_some()) {
            _ if reset.is_some_and(|reset| over.is_none_or(|over| reset < over)) => Close::Rst,
            (true, true) => Close::Fin,
            (false, false) => Close::None,
            _ => Close::Half,
        }
    }

    /// The summary of what was noted and of what the sides know.
    fn fill(&mut self, summary: &mut TcpSummary) {
        self.recorder.fill(summary);
        if let Some(rare) = &mut summary.rare {
            rare.unanswered = rare.unanswered.filter(|request| !self.answered_after_close(request));
        }
        summary.capture_point_evidence = self.capture_point_evidence();
        let frame_of = |seen: Option<(NonZeroU64, _)>| seen.map(|(frame, _)| frame.get());
        let ack = self.handshake.ack();
        summary.handshake = [frame_of(self.handshake.syn), frame_of(self.handshake.syn_ack), frame_of(ack)];
        summary.opened_after = self.handshake.opened_after();
        summary.opened_by_data = self.handshake.ack_on_data && ack.is_some();
        summary.ecn = self.ecn.agreed;
        summary.challenged_syn = self.handshake.syn.zip(self.handshake.challenge).map(|((syn, _), ack)| {
            // a RST in answer to the challenge ends the older connection
            let reset = self.endpoints.client_to_server.reset.or(self.endpoints.server_to_client.reset);
            let goes_on =
                |previous: &PreviousConnection| previous.continues || previous.reset.is_none() && reset.is_none();
            let continues = self.previous.as_deref().filter(|previous| goes_on(previous));
            (syn.get(), ack.get(), continues.map(|previous| previous.stream))
        });
        summary.simultaneous_open = self.handshake.simultaneous;
        summary.unanswered_syn =
            self.handshake.outcome() == Handshake::Partial && self.handshake.syn_ack.is_none() && ack.is_none();
        summary.reset_in_opening = self.handshake.is_reset();
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let (own, peer) = (self.endpoints.get(direction), self.endpoints.get(!direction));
            *summary.fins.get_mut(direction) = own.fin.map(|fin| super::Fins {
                frame: fin.frame,
                at: fin.at.get(),
                acked_by: fin.acked_by.map(NonZeroU64::get),
                acks_peer_fin: fin.acks_peer_fin,
            });
            *summary.resets.get_mut(direction) = own.reset.map(NonZeroU64::get);
            *summary.has_valid.get_mut(direction) = self.clues.has_valid(direction);
            *summary.reset_labels.get_mut(direction) = own.reset.map(|_| own.loss().resets.label);
            *summary.negotiated.get_mut(direction) = own.isn.map(|_| super::Negotiated {
                mss: own.mss,
                window_scale: own.shift,
                sack_permitted: own.sack_permitted,
                timestamps: own.timestamps,
            });
            *summary.unacked.get_mut(direction) = own.unacked(peer, self.last.1);
            if own.loss.is_some() || summary.rare.is_some() {
                self.fill_rare(direction, summary.rare_mut());
            }
        }
    }

    /// Fills in the events that the state of a side with losses or other rare events shows at the end.
    #[cold]
    fn fill_rare(&self, direction: Direction, rare: &mut RareEvents) {
        let (own, peer) = (self.endpoints.get(direction), self.endpoints.get(!direction));
        *rare.bad_checksums.get_mut(direction) = own.sent.bad_checksums();
        *rare.unseen.get_mut(direction) = own.loss().unseen.clone();
        *rare.other_hosts.get_mut(direction) = self.two_hosts(direction);
        *rare.unfilled.get_mut(direction) = own.loss().gaps.lowest_unfilled().and_then(|(from, to, shown_by)| {
            let asks = peer.ack_sent == Some(from) && peer.ack_frame > shown_by;
            asks.then(|| super::UnfilledGap { bytes: to.relative_to(from), shown_by, asked_by: peer.ack_frame })
        });
        *rare.still_zero_window.get_mut(direction) = own.loss().zero_window.map(|zero_window| super::StillZeroWindow {
            by: (zero_window.frame.get(), zero_window.at.get()),
            last: (zero_window.last.0, zero_window.last.1.get()),
            // one that ended nothing is forgotten
            reset: zero_window
                .reset
                .filter(|(frame, _)| [own.reset, peer.reset].contains(&Some(*frame)))
                .map(|(frame, at)| (frame.get(), at.get())),
        });
    }
}
