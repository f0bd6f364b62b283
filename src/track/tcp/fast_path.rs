//! Header prediction: the next segment of a healthy connection is nearly always the data that is due, or a bare ACK of new
//! data; and a connection opens and closes as textbooks have it. No rule applies to such a segment, so only its effects on
//! the state are carried out.
//!
//! The prediction has two parts. The state of the connection changes rarely: it is asked once, and the answer is kept until
//! another segment takes the whole way through the rules. The segment's own numbers are compared each time, before anything
//! is changed: a segment that was not predicted finds the state as if it had not been compared.

use std::num::NonZeroU64;

use super::acks::rtt_of;
use super::congestion::CONGESTION_EXPERIENCED;
use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::numbers::Numbers;
use super::prediction::Prediction;
use super::wireshark::SegmentView;
use crate::model::thresholds::{COMPARABLE_RTT, DELAYED_ACK, IDLE, MIN_RTO};
use crate::model::{Checksum, Direction, IpHeader, OptTime, Segment, TcpFlags, Unknown};
use crate::track::analysis::Analysis;
use crate::track::capture_point::CapturePoint;
use crate::track::event::TcpFacts;
use crate::track::facts::{Acked, Life, SegmentRole};
use crate::track::packet_ref::PacketRef;

/// Flags that a predicted segment of an open connection may have beside ACK.
const OPTIONAL: TcpFlags = TcpFlags::PSH.union(TcpFlags::FIN);

impl Connection {
    /// Takes the segment and leaves its facts in `facts`, if it is the predicted one. Otherwise nothing has changed. The
    /// cause is left out where the step is not shown: no finding depends on it.
    #[inline]
    pub(in crate::track) fn take_predicted(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        facts: &mut TcpFacts,
        is_shown: bool,
    ) -> bool {
        if !is_plain(packet, segment, ip) {
            return false;
        }
        if segment.flags.contains(TcpFlags::SYN) || matches!(self.prediction, Prediction::SynReceived) {
            return self.take_opening(packet, segment, ip, facts, is_shown);
        }
        if segment.flags.union(OPTIONAL) != TcpFlags::ACK.union(OPTIONAL) || segment.options.window_scale.is_some() {
            return false;
        }
        if let Prediction::Unknown = self.prediction {
            self.prediction = self.predict();
        }
        let bare = segment.len == 0;
        let fin = segment.flags.contains(TcpFlags::FIN);
        let capture_point = match self.prediction {
            Prediction::Ready(capture_point) if bare || !fin => capture_point,
            Prediction::Closing(capture_point)
                if bare && !(fin && self.endpoints.get(packet.direction).fin.is_some()) =>
            {
                capture_point
            }
            _ => return false,
        };
        if !self.is_due(packet, segment, ip) {
            return false;
        }
        let scale = self.endpoints.get(packet.direction).scale();
        let view = SegmentView::new(packet, segment, scale, false);
        if !self.wireshark.has_no_flags(&view) {
            return false;
        }
        self.wireshark.follow_without_flags(&view);
        let role = self.predicted_place(packet, segment);
        self.advance(packet, segment, ip, capture_point, facts);
        if fin {
            self.take_due_fin(packet, segment);
        } else if self.life == Life::Opening {
            self.life = Life::Open;
        }
        if is_shown {
            (facts.ordinary, facts.or_ordinary) = self.predicted_cause(packet, facts, role);
        }
        self.leave(packet, segment, role, facts);
        true
    }

    /// Takes the window and the timestamp of a predicted segment, remembers it, and fills in what is known of every one.
    #[inline]
    pub(super) fn leave(&mut self, packet: &PacketRef, segment: &Segment, role: SegmentRole, facts: &mut TcpFacts) {
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        let scale = if segment.flags.contains(TcpFlags::SYN) { Some(0) } else { own.scale() };
        let window = u32::from(segment.window) << scale.unwrap_or(0);
        own.window = window;
        own.advertise(segment, scale.map(|_| window));
        own.learn_timestamp(packet.frame, segment);
        own.learn_scale(peer, segment);
        let numbers = Numbers {
            analysis: Analysis::default(),
            role,
            probe: None,
            reset: None,
            copied: false,
            window,
            scale: scale.map(|shift| 1 << shift),
        };
        self.remember(packet, segment, &numbers, facts);
        self.recorder.see_plain(packet, segment.checksum);
        self.account_predicted(packet, segment, role);
    }

    /// Takes a FIN that is due; its number and ACK are taken.
    #[cold]
    fn take_due_fin(&mut self, packet: &PacketRef, segment: &Segment) {
        self.note_unanswered(packet, segment, None, false);
        self.note_close(packet, segment, None);
        self.life = Life::Closing;
        if let Prediction::Ready(capture_point) = self.prediction {
            self.prediction = Prediction::Closing(capture_point);
        }
    }

    /// The prediction for the connection as it is.
    #[cold]
    fn predict(&self) -> Prediction {
        match self.is_healthy() {
            true => Prediction::Ready(self.capture_point_evidence().capture_point),
            false => Prediction::Impossible,
        }
    }

    /// Returns `true` if the connection is open and nothing about it is unusual.
    fn is_healthy(&self) -> bool {
        let opened =
            matches!(self.life, Life::Open | Life::Opening) && self.handshake.is_over() && !self.handshake.simultaneous;
        let complete = !self.lacks_frames && !self.renumbered && self.previous.is_none();
        let sides = [Direction::ClientToServer, Direction::ServerToClient];
        opened
            && complete
            && !self.is_other_host
            && !self.ecn.is_accurate()
            && !self.time.is_recovering()
            && sides.into_iter().all(|side| {
                let one_ttl = !self.clues.has_two_ttls(side);
                let side_state = self.endpoints.get(side);
                let same_ttl = side_state.ttl.is_some_and(|ttl| ttl.get() == self.clues.ttl(side));
                one_ttl && same_ttl && side_state.is_healthy()
            })
    }

    /// Returns `true` if the segment is the expected one, by its numbers, and shows no wait that a rule explains.
    #[inline(always)]
    fn is_due(&self, packet: &PacketRef, segment: &Segment, ip: &IpHeader) -> bool {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let (Some(acked), Some(sent)) = (own.ack_sent, peer.snd_nxt) else { return false };
        let in_order = own.snd_nxt == Some(segment.seq);
        let covered = !segment.ack.is_before(acked) && !segment.ack.is_after(sent);
        let soon = packet.since(self.last.1).is_some_and(|since| since < IDLE);
        in_order
            && covered
            && soon
            && own.is_newer(segment)
            && self.clues.ttl(packet.direction) == ip.ttl
            && own.keeps_window(segment, segment.ack.relative_to(acked))
            && self.is_prompt(packet, segment)
            && match segment.len {
                0 if segment.flags.contains(TcpFlags::FIN) => true,
                0 => {
                    let copied = own.last_ip_id == ip.id && (own.ip_ids_vary || packet.at == own.ack_at);
                    let answers_syn = peer.newest().is_some_and(|newest| newest.syn);
                    segment.ack.is_after(acked) && !copied && !answers_syn
                }
                _ => !self.fills_window(packet, segment) && !self.may_have_waited(packet, segment),
            }
    }

    /// Returns `true` if the ACK comes as soon as this side usually acknowledges, and covers only segments that were
    /// sent once.
    #[inline]
    fn is_prompt(&self, packet: &PacketRef, segment: &Segment) -> bool {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let mut last = OptTime::UNKNOWN;
        for sent in peer.sent.in_flight_up_to(segment.ack) {
            if sent.is_unusual() {
                return false;
            }
            last = sent.at;
        }
        let Some(delay) = packet.since(last) else { return true };
        let usual = own.quickest_answer(self.handshake.answer_time(packet.direction));
        usual.is_none_or(|usual| delay.minus(usual) < DELAYED_ACK)
    }

    /// Returns `true` if new data may have waited in its sender's kernel, for an ACK or for the rest of a segment. The
    /// first data wait for neither.
    #[inline]
    fn may_have_waited(&self, packet: &PacketRef, segment: &Segment) -> bool {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let slow = |since: Option<_>, limit| since.is_some_and(|since| since >= limit);
        if own.sent.in_flight() > 0 && slow(packet.since(own.last_data), COMPARABLE_RTT) {
            return true;
        }
        let partial = own.full_segment(peer, segment).is_some_and(|full| !segment.len.is_multiple_of(full));
        let behind_ack = !own.nagle_off && peer.newest().is_some_and(|newest| newest.len == 0);
        partial && (behind_ack || slow(packet.since(peer.ack_at), MIN_RTO)) && own.newest_data().is_some()
    }

    /// Takes the predicted segment's bytes and ACK.
    #[inline(always)]
    fn advance(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        capture_point: Option<CapturePoint>,
        facts: &mut TcpFacts,
    ) {
        let capture_point = if !self.clues.learns_from(packet.direction, segment) {
            capture_point
        } else {
            let evidence = self.capture_point_evidence().capture_point;
            self.prediction = match self.prediction {
                Prediction::Closing(_) => Prediction::Closing(evidence),
                _ => Prediction::Ready(evidence),
            };
            evidence
        };
        facts.shows_nothing();
        self.take_due_bytes(packet, segment, ip);
        self.take_due_ack(packet, segment, capture_point, facts);
        if segment.len > 0 {
            let off = !self.endpoints.get(packet.direction).nagle_off && self.shows_no_nagle(packet, segment);
            let (own, peer) = self.endpoints.both_mut(packet.direction);
            own.nagle_off |= off;
            own.note_new_data(peer, packet, segment);
        }
    }

    /// Takes an ACK that acknowledges at least as much as the one before, and nothing unusual.
    #[inline]
    pub(super) fn take_due_ack(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        capture_point: Option<CapturePoint>,
        facts: &mut TcpFacts,
    ) {
        let usual = self.handshake.answer_time(packet.direction);
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        own.note_ack(packet, segment);
        let before = own.ack_sent;
        if before.is_some_and(|before| !segment.ack.is_after(before)) {
            return;
        }
        own.ack_sent = Some(segment.ack);
        own.advanced = (packet.frame, packet.at);
        let syn = !std::mem::replace(&mut peer.syn_acked, true);
        let fin = peer.fin.as_mut().filter(|fin| fin.acked_by.is_none() && !segment.ack.is_before(fin.end));
        let fin = fin.map(|fin| fin.acked_by = NonZeroU64::new(packet.frame)).is_some();
        let covered = peer.sent.acknowledge(segment.ack, packet.frame);
        let sample = covered.sample.filter(|sent| sent.len > 0);
        if let Some((sent, delay)) = sample.and_then(|sent| Some((sent, packet.since(sent.at)?))) {
            own.holds_ack(delay, usual);
            facts.rtt = rtt_of(&mut self.rtt, peer, (sent, delay), (capture_point, packet.direction));
        }
        let from = before.or(peer.isn).unwrap_or(segment.ack);
        let bytes = segment.ack.relative_to(from).saturating_sub(u32::from(syn) + u32::from(fin));
        let from = from.relative_to(peer.seq_base.unwrap_or_default());
        let (segments, frames) = (covered.segments, covered.frames);
        facts.acked = Some(Acked { from, bytes, syn, fin, segments, frames });
    }
}

impl TcpEndpoint {
    /// Returns `true` if both numbers of this side are known and it has shown neither a loss, a zero window nor an end.
    fn is_healthy(&self) -> bool {
        let known = self.seq_base.is_some() && self.snd_nxt.is_some() && self.ack_sent.is_some();
        let open = self.syn_acked && self.fin.is_none() && self.reset.is_none();
        known && open && self.loss.is_none() && !self.signed && self.newest().is_some()
    }

    /// Returns `true` if the window that a segment advertises keeps its right edge, after an ACK of `forward` bytes,
    /// within the precision of the window scale.
    #[inline]
    fn keeps_window(&self, segment: &Segment, forward: u32) -> bool {
        let shift = self.scale().unwrap_or(0);
        let back = self.window.saturating_sub(u32::from(segment.window) << shift).saturating_sub(forward);
        back < (1 << shift).max(2)
    }
}

/// Returns `true` if the segment alone allows its prediction, apart from its flags: a nonzero window, no option except
/// those of a usual SYN and timestamps, a valid checksum, one packet without the CE mark.
#[inline]
fn is_plain(packet: &PacketRef, segment: &Segment, ip: &IpHeader) -> bool {
    let options = &segment.options;
    segment.window > 0
        && options.sack.is_empty()
        && options.other.is_empty()
        && segment.checksum != Checksum::Invalid
        && ip.fragments <= 1
        && ip.ecn != CONGESTION_EXPERIENCED
        && packet.unknown == Unknown::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::echo::EchoMatcher;
    use crate::model::{ClosingCalls, Endpoint, Nanos, SeqNumber, TcpOptions};
    use crate::track::hosts::Hosts;
    use crate::track::tcp::rules::reset::OtherConversations;
    use Direction::{ClientToServer, ServerToClient};

    /// Segments of one connection, each a frame, 1 ms after the one before.
    #[derive(Default)]
    struct Dialogue {
        connection: Connection,
        frame: u64,
    }

    impl Dialogue {
        /// Takes a segment; numbers count from 0 on both sides. Returns whether it was predicted.
        fn take(&mut self, direction: Direction, flags: TcpFlags, (seq, ack, len): (u32, u32, u32)) -> bool {
            self.frame += 1;
            let ends = (Endpoint::new([192, 0, 2, 1], 40_000), Endpoint::new([192, 0, 2, 2], 7));
            let (source, destination) = if direction == ClientToServer { ends } else { (ends.1, ends.0) };
            let segment = Segment {
                source,
                destination,
                seq: SeqNumber(1_000 + seq),
                ack: SeqNumber(1_000 + ack),
                flags,
                window: 65_000,
                urgent: 0,
                header_len: 20,
                options: TcpOptions::default(),
                checksum: Checksum::Valid,
                len,
            };
            let ip = IpHeader {
                version: 4,
                id: Some(self.frame as u16),
                ttl: 64,
                ecn: 0,
                header_len: 20,
                fragments: 1,
                earlier_bytes: 0,
                earlier: Default::default(),
            };
            let at = Some(Nanos::from_millis(self.frame as i64)).into();
            let packet = PacketRef { frame: self.frame, at, direction, unknown: Unknown::default() };
            let mut facts = TcpFacts::default();
            if self.connection.take_predicted(&packet, &segment, &ip, &mut facts, true) {
                return true;
            }
            let (hosts, echo, closing) = (Hosts::default(), EchoMatcher::default(), ClosingCalls::default());
            let others = OtherConversations { hosts: &hosts, echo: &echo, closing: &closing, time: None };
            self.connection.follow(&packet, &segment, &ip, &others, &mut facts);
            false
        }

        /// A connection of which nothing was captured so far.
        fn new() -> Self {
            let mut dialogue = Self::default();
            dialogue.connection.prediction = Prediction::new(false, false);
            dialogue
        }

        fn opened() -> Self {
            let mut dialogue = Self::new();
            assert!(dialogue.take(ClientToServer, TcpFlags::SYN, (0, 0, 0)));
            assert!(dialogue.take(ServerToClient, TcpFlags::SYN.union(TcpFlags::ACK), (0, 1, 0)));
            assert!(dialogue.take(ClientToServer, TcpFlags::ACK, (1, 1, 0)));
            dialogue
        }
    }

    #[test]
    fn requests_answers_and_their_acks_are_predicted() {
        let mut dialogue = Dialogue::opened();
        let push = TcpFlags::ACK.union(TcpFlags::PSH);
        for turn in 0..5 {
            let (begin, end) = (1 + turn * 10, 11 + turn * 10);
            assert!(dialogue.take(ClientToServer, push, (begin, begin, 10)));
            assert!(dialogue.take(ServerToClient, TcpFlags::ACK, (begin, end, 0)));
            assert!(dialogue.take(ServerToClient, push, (begin, end, 10)));
            assert!(dialogue.take(ClientToServer, TcpFlags::ACK, (end, end, 0)));
        }
        let fin = TcpFlags::ACK.union(TcpFlags::FIN);
        assert!(dialogue.take(ClientToServer, fin, (51, 51, 0)));
        assert!(dialogue.take(ServerToClient, TcpFlags::ACK, (51, 52, 0)));
        assert!(dialogue.take(ServerToClient, fin, (51, 52, 0)));
        assert!(dialogue.take(ClientToServer, TcpFlags::ACK, (52, 52, 0)));
        assert!(dialogue.connection.has_ended());
    }

    #[test]
    fn an_unusual_opening_or_close_is_not_predicted() {
        let (syn, syn_ack) = (TcpFlags::SYN, TcpFlags::SYN.union(TcpFlags::ACK));
        let opening = [
            ("a SYN that was retransmitted", ClientToServer, syn, (0, 0, 0)),
            ("a SYN of the other side", ServerToClient, syn, (0, 0, 0)),
            ("a SYN-ACK of another number", ServerToClient, syn_ack, (0, 5, 0)),
            ("a SYN-ACK with data", ServerToClient, syn_ack, (0, 1, 10)),
            ("a refusal", ServerToClient, TcpFlags::RST.union(TcpFlags::ACK), (0, 1, 0)),
        ];
        for (what, direction, flags, numbers) in opening {
            let mut dialogue = Dialogue::new();
            assert!(dialogue.take(ClientToServer, syn, (0, 0, 0)));
            assert!(!dialogue.take(direction, flags, numbers), "{what}");
            assert!(!dialogue.take(ServerToClient, syn_ack, (0, 1, 0)), "behind {what}");
        }
        let fin = TcpFlags::ACK.union(TcpFlags::FIN);
        let closing = [
            ("data behind a FIN", ServerToClient, TcpFlags::ACK, (1, 2, 10)),
            ("a FIN again", ClientToServer, fin, (1, 1, 0)),
            ("a FIN behind a FIN", ClientToServer, fin, (2, 1, 0)),
            ("a RST", ServerToClient, TcpFlags::RST, (1, 0, 0)),
        ];
        for (what, direction, flags, numbers) in closing {
            let mut dialogue = Dialogue::opened();
            assert!(dialogue.take(ClientToServer, fin, (1, 1, 0)));
            assert!(!dialogue.take(direction, flags, numbers), "{what}");
        }
    }

    #[test]
    fn segments_that_a_rule_may_explain_are_not_predicted() {
        let push = TcpFlags::ACK.union(TcpFlags::PSH);
        let unusual = [
            ("a retransmission", push, (1, 1, 10)),
            ("a gap", push, (21, 1, 10)),
            ("a duplicate ACK", TcpFlags::ACK, (11, 1, 0)),
            ("an ACK of bytes that were not captured", TcpFlags::ACK, (11, 5, 0)),
            ("urgent data", push.union(TcpFlags::URG), (11, 1, 10)),
            ("congestion", push.union(TcpFlags::ECE), (11, 1, 10)),
            ("a RST", TcpFlags::RST, (11, 1, 0)),
        ];
        for (what, flags, numbers) in unusual {
            let mut dialogue = Dialogue::opened();
            assert!(dialogue.take(ClientToServer, push, (1, 1, 10)));
            assert!(!dialogue.take(ClientToServer, flags, numbers), "{what}");
        }
    }

    #[test]
    fn prediction_can_be_switched_off() {
        let mut dialogue = Dialogue::opened();
        dialogue.connection.prediction = Prediction::new(true, false);
        for seq in [1, 11, 21] {
            assert!(!dialogue.take(ClientToServer, TcpFlags::ACK, (seq, 1, 10)));
        }
    }
}
