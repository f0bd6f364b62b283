//! One TCP connection: every segment is put in its place (RFC 9293), and what it changes is remembered.

mod acceptability;
mod acks;
mod bytes;
mod captured_twice;
mod cause;
mod close;
mod congestion;
pub(super) mod connection;
mod dup_acks;
mod duplicate;
mod ecn;
mod endpoint;
mod fast_path;
mod fin;
pub(super) mod fragments;
mod gaps;
mod handshake;
mod held_back;
mod icmp;
mod ip_id_steps;
mod isn;
mod keep_alive;
mod loss_evidence;
mod loss_state;
mod numbers;
mod observations;
mod opening_path;
mod other_host;
mod port_reuse;
pub(super) mod prediction;
pub(super) mod previous;
mod probe;
mod recorder;
mod recovery;
mod refused;
mod reordering;
mod response_time;
mod role;
pub(super) mod rules;
mod sack;
mod scoreboard;
mod segment;
mod signature;
mod spurious;
mod state;
mod summary;
mod time_ledger;
mod two_ttls;
mod unanswered;
mod unseen;
mod waits;
mod wireshark;

pub use ecn::Ecn;
pub use keep_alive::KeepAlives;
pub use loss_state::Asks;
pub use rules::acceptability::Unacceptable;
pub use scoreboard::BadChecksums;
pub use state::State;
pub use summary::{
    AfterFin, Fins, Negotiated, PathMtu, RareEvents, StillZeroWindow, TcpSummary, Unacked, UnansweredRequest,
    UnfilledGap, ZeroWindow,
};
pub use two_ttls::{FasterAnswer, SameTtl, TwoTtls};

use super::analysis::Analysis;
use super::event::TcpFacts;
use super::facts::{Life, Observations, SegmentRole};
use super::packet_ref::PacketRef;
use crate::model::{Direction, IpHeader, Segment, SeqNumber, TcpFlags, Unknown};
use connection::Connection;
use endpoint::{Recent, TcpEndpoint};
use numbers::Numbers;
use rules::probe_answer::Answered;
use rules::reset::family::Ends;
use rules::reset::{self, OtherConversations, ResetCase};
use wireshark::SegmentView;

impl Connection {
    /// Takes one segment that was not predicted, and leaves its facts in `facts`, where they need not be moved again.
    #[inline]
    pub(super) fn follow(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        others: &OtherConversations<'_>,
        facts: &mut TcpFacts,
    ) {
        self.prediction.forget();
        let direction = packet.direction;
        let shown = segment;
        let (without_fin, with_fin);
        let segment = if segment.flags.contains(TcpFlags::SYN.union(TcpFlags::FIN)) {
            without_fin = Segment { flags: segment.flags.without(TcpFlags::FIN), ..*segment };
            with_fin = true;
            &without_fin
        } else {
            with_fin = false;
            segment
        };
        self.lacks_frames |= packet.unknown.contains(Unknown::FRAMES);
        let has_ack = segment.flags.contains(TcpFlags::ACK);
        if self.previous.is_some() && (self.handshake.challenge.is_some() || self.handshake.is_refused()) {
            self.resume_previous(packet, segment);
        }
        let waits = |endpoint: &TcpEndpoint| endpoint.loss.as_ref().is_some_and(|loss| loss.refused.is_some());
        let settled = if waits(self.endpoints.get(!direction)) { self.settle_refused(packet, segment) } else { None };
        // asked before anything of the segment is taken
        let may_ack = !has_ack || self.may_ack(direction, segment);
        let known =
            self.endpoints.get(direction).seq_base.is_some() && self.endpoints.get(!direction).seq_base.is_some();
        self.new_isn = false;
        if self.endpoints.get(direction).ttl.is_none_or(|ttl| ttl.get() != ip.ttl)
            && !segment.flags.contains(TcpFlags::RST)
        {
            self.endpoints.get_mut(direction).learn_ttl(ip.ttl);
        }
        if !known || segment.flags.contains(TcpFlags::SYN) {
            self.learn(direction, segment, may_ack);
        }
        self.clues.note_segment(direction, segment, packet.since(self.last.1));
        let two_ttls = !segment.flags.contains(TcpFlags::RST) && self.clues.note_ttl(direction, ip.ttl);
        self.is_other_host = two_ttls && self.take_other_ttl(packet, segment, ip);
        let place = self.segment_role(packet, segment, may_ack);
        let role = if with_fin { SegmentRole::Odd } else { place };
        let analysis = self.analyse(packet, shown);
        if !analysis.is_empty() {
            self.counts.get_or_insert_default().add(analysis);
        }
        let resets = segment.flags.contains(TcpFlags::RST);
        let reset = if resets { reset::judge(&ResetCase::new(self, packet, segment, ip, others)) } else { None };
        let effect = reset.map(|reset| reset.rule.effect);
        let ignored = effect.is_some_and(|effect| effect.is_ignored());
        // bytes on a RST are its reason, no data of the connection (RFC 1122 §4.2.2.12)
        let without_data;
        let segment = if resets && segment.len > 0 {
            without_data = Segment { len: 0, ..*segment };
            &without_data
        } else {
            segment
        };
        let fits = !ignored && may_ack;
        // set in place, as every fact is below: made elsewhere and moved here, they would cost as much again
        facts.observations = Observations::default();
        facts.observations.accepted = settled;
        facts.acked = None;
        facts.rtt = None;
        facts.unacceptable = match fits {
            true => self.unacceptable_segment(packet, segment),
            false if may_ack => None,
            false => self.wrongly_acking(packet, segment),
        };
        if let Some((rule, _)) = facts.unacceptable {
            if !may_ack {
                self.recorder.record_wrong_handshake_ack(packet.frame);
            }
            self.note_unacceptable(packet, segment, ip, rule);
            if !rule.effect.was_sent {
                facts.retransmission = None;
                let syn = segment.flags.contains(TcpFlags::SYN);
                let shift = if syn { Some(0) } else { self.endpoints.get(direction).scale() };
                let window = u32::from(segment.window) << shift.unwrap_or(0);
                let scale = shift.map(|shift| 1 << shift);
                let role = if syn { SegmentRole::Odd } else { role };
                let numbers = Numbers { analysis, role, probe: None, reset: None, copied: false, window, scale };
                self.record(packet, segment, &numbers, facts);
                return;
            }
        }
        let accepted = fits && facts.unacceptable.is_none();
        let continued = match accepted && waits(self.endpoints.get(direction)) {
            true => self.supersede_refused(packet, segment),
            false => None,
        };
        let probe = match fits {
            true => self.probe(packet, segment),
            false if ignored && self.endpoints.get(!direction).syn_acked => None,
            false => self.wrong_handshake_ack(packet, segment),
        };
        facts.retransmission = match effect {
            Some(effect) => {
                self.take_reset(packet, segment, ip, effect);
                None
            }
            None if fits => self.take_bytes(packet, segment, ip, probe),
            // what does not match the SYN takes no place in the sequence space
            None => None,
        };
        // a duplicate of an ACK or of a SYN adds no information
        let copied = segment.len == 0 && facts.retransmission.is_some_and(|again| again.is_duplicate());
        // a client that has received the SYN-ACK acknowledges it with every later segment
        let counts = has_ack || segment.flags.intersects(TcpFlags::SYN.union(TcpFlags::RST));
        if (!self.handshake.is_over() || segment.flags.intersects(TcpFlags::CONTROL)) && accepted && counts && !copied {
            self.handshake.follow(packet, place, segment.seq, &self.endpoints);
        }
        // the ACK number of a RST is not checked by its receiver, and proves nothing beyond what was sent
        let beyond = resets && self.endpoints.get(!direction).snd_nxt.is_some_and(|next| segment.ack.is_after(next));
        let takes_ack = effect.is_none_or(|effect| effect.by_host && effect.ends != Ends::Over && !beyond);
        facts.observations.refuses = self.refuses(packet, segment);
        if has_ack && accepted && !copied && takes_ack {
            self.take_ack(packet, segment, probe, facts);
        }
        if let Some((frame, missing)) = continued.filter(|(_, missing)| *missing > 0) {
            let (more, _) = facts.observations.capture_gap.unwrap_or_default();
            facts.observations.capture_gap = Some((missing.saturating_add(more), Some(frame.get())));
        }
        if probe.and_then(|probe| probe.answers()).is_some_and(|(answered, _)| answered == Answered::KeepAlive) {
            // a keep-alive's byte is meant to come twice
            facts.observations.duplicate_sack = None;
        }
        let TcpFacts { retransmission, observations, acked, .. } = facts;
        if facts.unacceptable.is_none() {
            self.observe(packet, segment, ip, retransmission.as_ref(), observations);
            self.observe_ecn(packet, segment, ip, fits, observations);
            if self.previous.is_some() {
                self.observe_previous(segment, place, probe, retransmission.is_some(), observations);
            }
        }
        if segment.flags.intersects(TcpFlags::CONTROL) {
            if accepted {
                self.note_unanswered(packet, segment, reset, retransmission.is_some());
            }
            if reset.is_some() {
                self.note_probe_reset(packet);
            }
            self.note_close(packet, segment, reset);
        } else if self.life == Life::Aborted {
            self.note_after_reset(packet, segment, acked.is_some(), probe);
        }
        if matches!(self.life, Life::Opening | Life::Aborted) || segment.flags.intersects(TcpFlags::CONTROL) {
            self.life = self.life(place);
        }
        self.lacks_frames |= observations.capture_gap.is_some();
        let two_hosts = two_ttls && self.may_be_two_hosts(direction);
        let takes_window = accepted && self.takes_window(packet, segment, retransmission.as_ref(), observations);
        let (own, peer) = self.endpoints.both_mut(direction);
        let applied = if segment.flags.contains(TcpFlags::SYN) { Some(0) } else { own.scale() };
        let window = u32::from(segment.window) << applied.unwrap_or(0);
        if takes_window {
            let smaller = window < own.window && has_ack && !two_hosts && retransmission.is_none();
            if smaller && !segment.flags.intersects(TcpFlags::CONTROL) && !own.expects_nothing_from(peer) {
                observations.shrunk = own.shrinks(window, acked.as_ref(), segment.ack);
                observations.unscaled_syn_ack = own.syn.map(|(frame, _)| frame).filter(|_| own.may_scale(peer, window));
            }
            own.window = window;
        }
        if accepted {
            own.advertise(segment, applied.map(|_| window));
            own.learn_timestamp(packet.frame, segment);
        }
        own.learn_scale(peer, segment);
        if segment.len > 0 && retransmission.is_some_and(|retransmission| retransmission.may_arrive_first()) {
            // what is answered may be this one, and bytes that fill a gap are unread as others are
            own.last_data = packet.at;
            let unseen =
                retransmission.map_or(0, |retransmission| retransmission.proof.not_captured_before(segment.len));
            own.unread_bytes = own.unread_bytes.saturating_add(unseen);
        } else if segment.len > 0
            && retransmission.is_none()
            && accepted
            && reset.is_none()
            && !probe.is_some_and(|probe| probe.is_question())
        {
            own.note_new_data(peer, packet, segment);
        }
        if probe.and_then(|probe| probe.asks()) == Some(Asks::Alive) {
            // it is sent because of the silence
            observations.idle = self.recorder.silence(packet);
        }
        let scale = applied.map(|shift| 1 << shift);
        if accepted && segment.flags.is_syn_ack() {
            self.handshake.note_echo(packet.frame, segment, peer);
        }
        if with_fin && accepted {
            self.note_fin_on_syn(packet, segment);
        }
        self.record(packet, segment, &Numbers { analysis, role, probe, reset, copied, window, scale }, facts);
    }

    /// Remembers the segment, and writes down what is known of every segment.
    #[inline]
    fn record(&mut self, packet: &PacketRef, segment: &Segment, numbers: &Numbers, facts: &mut TcpFacts) {
        let played = (numbers.role, numbers.probe);
        (facts.ordinary, facts.or_ordinary) = self.ordinary_cause(packet.direction, packet.at, segment, facts, played);
        self.remember(packet, segment, numbers, facts);
        self.recorder.follow(packet, segment, facts.retransmission.as_ref(), numbers.probe, &facts.observations);
        if self.renumbered {
            facts.observations.renumbered = self.moved();
        }
        self.account(packet, segment, numbers.copied, facts);
    }

    /// Remembers the segment, and fills in what is known of every segment. Inlined, since nearly all numbers of a predicted
    /// segment are the same constants.
    #[inline(always)]
    fn remember(&mut self, packet: &PacketRef, segment: &Segment, numbers: &Numbers, facts: &mut TcpFacts) {
        let has_ack = segment.flags.contains(TcpFlags::ACK);
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        self.last = (packet.frame, packet.at);
        own.remember(Recent {
            frame: packet.frame,
            at: packet.at,
            ack_number: segment.ack,
            has_ack,
            len: segment.len,
            syn: segment.flags.contains(TcpFlags::SYN),
            fin: segment.flags.contains(TcpFlags::FIN),
            full: own.is_full(peer, segment),
            copy: numbers.copied,
            fills_window: facts.observations.fills_window,
            push: segment.flags.contains(TcpFlags::PSH),
        });
        let base = own.seq_base.unwrap_or(SeqNumber(segment.seq.0.wrapping_sub(1)));
        facts.seq = segment.seq.relative_to(base);
        facts.ack = has_ack.then(|| segment.ack.relative_to(peer.seq_base.unwrap_or_default()));
        facts.window = numbers.window;
        facts.window_scale = numbers.scale;
        facts.sack_base = peer.seq_base.unwrap_or_default().0;
        facts.analysis = numbers.analysis;
        facts.role = numbers.role;
        facts.life = self.life;
        facts.probe = numbers.probe;
        facts.response_time = None;
        facts.echo = None;
        facts.reset = numbers.reset;
    }

    /// Bases of the relative numbers, and the options.
    fn learn(&mut self, direction: Direction, segment: &Segment, may_ack: bool) {
        let (own, peer) = self.endpoints.both_mut(direction);
        if may_ack {
            own.learn_options(segment);
        }
        if segment.flags.contains(TcpFlags::SYN) && !may_ack {
            // its numbers count from its own, as every SYN's do, but it opens nothing
            self.renumbered |= own.seq_base.is_some_and(|base| base != segment.seq);
            own.seq_base = Some(segment.seq);
            return;
        }
        if segment.flags.contains(TcpFlags::SYN) {
            own.isn.get_or_insert(segment.seq);
            // a SYN-ACK with another number does not begin another connection, but its numbers count from there
            self.new_isn = own.seq_base.is_some_and(|base| base != segment.seq);
            own.seq_base = Some(segment.seq);
            self.renumbered |= self.new_isn;
        }
        // a closed port has no numbers: its RST's is 0 (RFC 9293 §3.10.7.1)
        let refusal = segment.flags.contains(TcpFlags::RST) && peer.isn.is_some() && !peer.syn_with_ack;
        if !refusal {
            own.seq_base.get_or_insert(SeqNumber(segment.seq.0.wrapping_sub(1)));
        }
        if segment.flags.contains(TcpFlags::ACK) {
            peer.seq_base.get_or_insert(SeqNumber(segment.ack.0.wrapping_sub(1)));
        }
    }

    fn analyse(&mut self, packet: &PacketRef, segment: &Segment) -> Analysis {
        let scale = self.endpoints.get(packet.direction).scale();
        let shift = if segment.flags.contains(TcpFlags::SYN) { Some(0) } else { scale };
        self.wireshark.analyse(&SegmentView::new(packet, segment, shift, self.new_isn))
    }
}
