//! A connection on ports that another one used before.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::previous::{PreviousConnection, PreviousEnd};
use super::rules::port_reuse::{ANSWER_ON_USED_PORTS, ReuseCase, ReuseEffect, ReusedPorts, SYN_ON_USED_PORTS};
use super::rules::probe_answer::Answered;
use super::rules::reset::UNCONFIRMED;
use super::rules::rule::first;
use crate::model::{Direction, Nanos, Segment, TcpFlags};
use crate::track::facts::{Observations, Probe, SegmentRole};
use crate::track::packet_ref::PacketRef;
use crate::track::totals::Handshake;

impl Connection {
    /// Describes this connection as the former user of the ports, for the SYN of `sender` in frame `syn`, which belongs
    /// to another connection.
    pub(in crate::track) fn previous(
        &mut self,
        stream: u32,
        (last_frame, since): (u64, Option<Nanos>),
        syn: u64,
        sender: Direction,
    ) -> PreviousConnection {
        let (own, peer) = (self.endpoints.get(sender), self.endpoints.get(!sender));
        let confirmed = |side: &&TcpEndpoint| side.loss().resets.label != UNCONFIRMED;
        let reset = [own, peer].iter().filter(|side| confirmed(side)).filter_map(|side| side.reset).min();
        let unanswered = self.handshake.outcome() == Handshake::Partial
            && self.handshake.syn_ack.is_none()
            && self.handshake.ack().is_none();
        // a RST, and what it answers, need no connection
        let shows = |side: &TcpEndpoint| side.isn.is_some() || side.fin.is_some() || side.sent.last_data().is_some();
        let shown = shows(own) || shows(peer);
        let end = match (own.fin, peer.fin) {
            _ if self.handshake.is_refused() => PreviousEnd::NeverOpened { refused: reset },
            _ if reset.is_some() && !shown => PreviousEnd::Unseen,
            _ if reset.is_some() => reset.map_or(PreviousEnd::Open, PreviousEnd::Reset),
            _ if unanswered => PreviousEnd::NeverOpened { refused: None },
            _ if !shown && own.ack_sent.or(peer.ack_sent).is_none() => PreviousEnd::Unseen,
            (Some(own), Some(peer)) => {
                let (first, second) = if own.frame < peer.frame { (own, peer) } else { (peer, own) };
                let at_once = !second.acks_peer_fin;
                let last = NonZeroU64::new(second.acked_by.map_or(second.frame, NonZeroU64::get));
                last.map_or(PreviousEnd::Open, |last| PreviousEnd::Closed {
                    sender_waits: at_once || first.frame == own.frame,
                    receiver_waits: at_once || first.frame == peer.frame,
                    last,
                    unacked: second.acked_by.is_none(),
                })
            }
            _ => PreviousEnd::Open,
        };
        let previous = PreviousConnection {
            stream,
            end,
            last_frame,
            since,
            next: own.snd_nxt,
            peer_next: peer.snd_nxt,
            expected: peer.ack_sent,
            stamp: own.fin.and_then(|fin| fin.stamp),
            syn: None,
            undecided: false,
            continues: false,
            reset: None,
        };
        if end == PreviousEnd::Open {
            self.recorder.see_superseded(syn);
        }
        previous
    }

    /// Notes what the former use of the ports means for the connection's first SYN, and for the first answer to it.
    #[cold]
    pub(super) fn observe_previous(
        &mut self,
        segment: &Segment,
        place: SegmentRole,
        probe: Option<Probe>,
        retransmissions: bool,
        observations: &mut Observations,
    ) {
        let Some(previous) = self.previous.as_mut().filter(|previous| previous.end != PreviousEnd::Unseen) else {
            return;
        };
        let Some(syn) = previous.syn else {
            previous.syn = self.handshake.syn.map(|(frame, _)| frame);
            let case = ReuseCase { previous, segment, answers: None };
            let Some((rule, proof)) = first(SYN_ON_USED_PORTS, &case) else { return };
            previous.undecided = rule.effect == ReuseEffect::AnswerDecides;
            observations.reused_ports = Some(ReusedPorts { rule, proof });
            return;
        };
        let accepts = place == SegmentRole::SynAck && previous.undecided && !retransmissions;
        let refused = probe.and_then(|probe| probe.answers()).filter(|(answered, _)| *answered == Answered::Syn);
        if !accepts && refused.is_none() {
            return;
        }
        let answers = match refused {
            Some((_, syn)) => NonZeroU64::new(syn),
            // the last SYN: the first may be long refused
            _ => self.handshake.syn.map_or(Some(syn), |(last, _)| Some(last)),
        };
        let case = ReuseCase { previous, segment, answers };
        observations.reused_ports = first(ANSWER_ON_USED_PORTS, &case).map(|(rule, proof)| ReusedPorts { rule, proof });
        previous.undecided &= !accepts;
    }

    /// A segment after the challenge ACK or RST that refused the SYN: it is of the former connection, whose numbers count
    /// again; after a RST only if it has the next number there.
    #[cold]
    pub(super) fn resume_previous(&mut self, packet: &PacketRef, segment: &Segment) {
        let Some(previous) = &mut self.previous else { return };
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        let next = if own.isn.is_some() { previous.next } else { previous.peer_next };
        if self.handshake.challenge.is_none() && next != Some(segment.seq) {
            return;
        }
        if segment.flags.contains(TcpFlags::RST) && own.isn.is_some() {
            previous.reset = previous.reset.or(NonZeroU64::new(packet.frame));
        } else if segment.flags.is_syn_only() && own.isn == Some(segment.seq) {
            // its sender asks again
            (self.handshake.challenge, previous.continues, own.syn_acked) = (None, false, false);
        } else if !previous.continues && !segment.flags.intersects(TcpFlags::SYN.union(TcpFlags::RST)) {
            previous.continues = true;
            let (sender, other) = if own.isn.is_some() { (own, peer) } else { (peer, own) };
            other.ack_sent = previous.expected.or(other.ack_sent);
            (sender.snd_nxt, sender.syn_acked) = (previous.next, true);
            // the window of its SYN is none of the former connection
            (sender.window, sender.window_end) = (0, None);
            sender.sent.clear();
        }
    }
}
