//! The role of a segment, and the state that it brings the connection to.

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use crate::model::{Checksum, Direction, Segment, SeqNumber, TcpFlags};
use crate::track::facts::{Life, SegmentRole};
use crate::track::packet_ref::PacketRef;

impl Connection {
    /// Returns the role of the segment, which has no FIN if it has a SYN; `may_ack`: its ACK can be of this connection.
    pub(super) fn segment_role(&self, packet: &PacketRef, segment: &Segment, may_ack: bool) -> SegmentRole {
        let flags = segment.flags;
        let own = self.endpoints.get(packet.direction);
        let peer = self.endpoints.get(!packet.direction);
        if flags.contains(TcpFlags::RST) {
            SegmentRole::Reset
        } else if flags.contains(TcpFlags::SYN) {
            match flags.contains(TcpFlags::ACK) {
                true if !may_ack => SegmentRole::WrongSynAck,
                true => match own.syn.filter(|_| self.new_isn && !own.has_asked_with(segment.seq)) {
                    Some((before, _)) => {
                        let before = before.get();
                        let damaged = own.sent.iter().any(|sent| sent.frame == before && sent.damaged);
                        let corrupted = damaged && segment.checksum != Checksum::Invalid;
                        SegmentRole::AnotherSynAck { before, corrupted }
                    }
                    None => SegmentRole::SynAck,
                },
                // a side whose SYN-ACK has opened the connection does not open it again
                false if peer.isn.is_some() && !peer.syn_with_ack && !self.is_opened_by(own) => {
                    SegmentRole::SimultaneousSyn { other: peer.syn.map_or(0, |(frame, _)| frame.get()) }
                }
                false => SegmentRole::Syn,
            }
        } else if flags.contains(TcpFlags::FIN) {
            // one without ACK is dropped (RFC 9293 §3.10.7.4)
            if flags.contains(TcpFlags::ACK) {
                SegmentRole::Fin { first: peer.fin.is_none() }
            } else {
                SegmentRole::Odd
            }
        } else if segment.len > 0 {
            SegmentRole::Data
        } else if !flags.contains(TcpFlags::ACK) {
            SegmentRole::Odd
        } else if self.opens(packet, own, peer, segment) {
            SegmentRole::HandshakeAck
        } else if self.is_ending() && closes(own, peer, segment.ack) {
            SegmentRole::LastAck
        } else {
            SegmentRole::Ack
        }
    }

    /// Returns `true` if this side's SYN-ACK was acknowledged.
    fn is_opened_by(&self, own: &TcpEndpoint) -> bool {
        own.syn_with_ack && self.handshake.ack().is_some()
    }

    /// The part of a segment of an open connection that was predicted; called before its ACK is taken.
    #[inline]
    pub(super) fn predicted_place(&self, packet: &PacketRef, segment: &Segment) -> SegmentRole {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        match segment.len {
            _ if segment.flags.contains(TcpFlags::FIN) => SegmentRole::Fin { first: peer.fin.is_none() },
            0 if self.is_ending() && closes(own, peer, segment.ack) => SegmentRole::LastAck,
            0 => SegmentRole::Ack,
            _ => SegmentRole::Data,
        }
    }

    /// Returns `true` if an ACK completes the handshake: it covers the SYN, and perhaps data that came with it or right
    /// after it (RFC 7413 §4.2.2). If both sides sent a SYN first, it is the client's ACK of the SYN-ACK (RFC 9293
    /// §3.5).
    fn opens(&self, packet: &PacketRef, own: &TcpEndpoint, peer: &TcpEndpoint, segment: &Segment) -> bool {
        if own.isn.is_none() || self.life == Life::Aborted {
            return false;
        }
        if self.handshake.simultaneous {
            let client = packet.direction == Direction::ClientToServer;
            return client && own.syn_with_ack && peer.syn_with_ack && self.handshake.ack().is_none();
        }
        let behind = |isn: SeqNumber| {
            segment.ack.is_after(isn)
                && peer.snd_nxt.is_some_and(|next| !segment.ack.is_after(next))
                && peer.syn_with_ack
        };
        !peer.syn_acked
            && (peer.has_asked_with(SeqNumber(segment.ack.0.wrapping_sub(1))) || peer.isn.is_some_and(behind))
    }

    /// Returns the state of the connection after this segment.
    pub(super) fn life(&self, place: SegmentRole) -> Life {
        let (client, server) = (&self.endpoints.client_to_server, &self.endpoints.server_to_client);
        if client.reset.or(server.reset).is_some() {
            Life::Aborted
        } else if client.fin.is_some() || server.fin.is_some() {
            Life::Closing
        } else if self.handshake.is_under_way() || matches!(place, SegmentRole::HandshakeAck) {
            Life::Opening
        } else {
            Life::Open
        }
    }
}

/// Returns `true` if this ACK covers the peer's FIN when the sender's own FIN is sent and covered too.
fn closes(own: &TcpEndpoint, peer: &TcpEndpoint, ack: SeqNumber) -> bool {
    let covers = peer.fin.is_some_and(|fin| fin.acked_by.is_none() && !ack.is_before(fin.end));
    covers && own.fin.is_some_and(|fin| fin.acked_by.is_some())
}
