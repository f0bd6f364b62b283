//! Header prediction while a connection opens: SYN, SYN-ACK and ACK, each sent once, with nothing between them.

use std::num::NonZeroU8;

use super::connection::Connection;
use super::prediction::Prediction;
use super::wireshark::SegmentView;
use crate::model::thresholds::IDLE;
use crate::model::{Direction, IpHeader, Segment, TcpFlags};
use crate::track::event::TcpFacts;
use crate::track::facts::{Life, SegmentRole};
use crate::track::packet_ref::PacketRef;

const SYN_ACK: TcpFlags = TcpFlags::SYN.union(TcpFlags::ACK);

impl Connection {
    /// Takes the segment and leaves its facts in `facts`, if it is the next one of the handshake. Otherwise nothing has
    /// changed.
    pub(super) fn take_opening(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        facts: &mut TcpFacts,
        is_shown: bool,
    ) -> bool {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let from_client = packet.direction == Direction::ClientToServer;
        let answers = peer.snd_nxt == Some(segment.ack);
        let next = match self.prediction {
            Prediction::Begins if segment.flags == TcpFlags::SYN && from_client => Prediction::SynSent,
            Prediction::SynSent if segment.flags == SYN_ACK && !from_client && answers => Prediction::SynReceived,
            Prediction::SynReceived if segment.flags == TcpFlags::ACK && from_client && answers => {
                let in_order = own.snd_nxt == Some(segment.seq) && own.is_newer(segment);
                let soon = packet.since(self.last.1).is_some_and(|since| since < IDLE);
                let one_ttl = self.clues.ttl(packet.direction) == ip.ttl;
                let view = SegmentView::new(packet, segment, own.scale(), false);
                if !(in_order && soon && one_ttl && self.wireshark.has_no_flags(&view)) {
                    return false;
                }
                Prediction::Unknown
            }
            _ => return false,
        };
        if segment.len > 0 {
            return false;
        }
        facts.shows_nothing();
        let role = match next {
            Prediction::SynSent => SegmentRole::Syn,
            Prediction::SynReceived => SegmentRole::SynAck,
            _ => SegmentRole::HandshakeAck,
        };
        if role == SegmentRole::HandshakeAck {
            self.take_due_bytes(packet, segment, ip);
        } else {
            self.learn(packet.direction, segment, true);
            self.endpoints.get_mut(packet.direction).ttl = NonZeroU8::new(ip.ttl);
            self.clues.note_ttl(packet.direction, ip.ttl);
            self.take_due_syn(packet, segment, ip);
            self.ecn.take_handshake(segment.flags);
        }
        let scale =
            if role == SegmentRole::HandshakeAck { self.endpoints.get(packet.direction).scale() } else { Some(0) };
        self.wireshark.follow_without_flags(&SegmentView::new(packet, segment, scale, false));
        self.clues.note_segment(packet.direction, segment, None);
        self.handshake.follow(packet, role, segment.seq, &self.endpoints);
        if role == SegmentRole::SynAck {
            self.handshake.note_echo(packet.frame, segment, self.endpoints.get(!packet.direction));
        }
        if role != SegmentRole::Syn {
            self.take_due_ack(packet, segment, None, facts);
        }
        self.life = Life::Opening;
        if is_shown {
            (facts.ordinary, facts.or_ordinary) =
                self.ordinary_cause(packet.direction, packet.at, segment, facts, (role, None));
        }
        self.leave(packet, segment, role, facts);
        self.prediction = next;
        true
    }
}
