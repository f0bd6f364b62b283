//! The opening of a connection, and how long its two halves took.

use std::num::NonZeroU64;

use super::SegmentRole;
use super::endpoint::TcpEndpoint;
use crate::model::{Direction, Nanos, OptTime, PerDirection, Segment, SeqNumber, TcpFlags};
use crate::track::Handshake;
use crate::track::capture_point::{HandshakeTimes, Opening};
use crate::track::packet_ref::PacketRef;

/// The progress of the handshake.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HandshakeObserver {
    began: OptTime,
    pub(super) syn: Option<(NonZeroU64, OptTime)>,
    pub(super) syn_ack: Option<(NonZeroU64, OptTime)>,
    ack: Option<(NonZeroU64, OptTime)>,
    /// The handshake's last ACK was not a bare ACK, but the client's first data or FIN.
    pub(super) ack_on_data: bool,
    pub(super) refused: bool,
    pub(super) simultaneous: bool,
    from_client: OptTime,
    from_server: OptTime,
    syn_repeated: bool,
    syn_ack_repeated: bool,
    /// From the newest SYN to the first SYN-ACK.
    first_answer: OptTime,
    /// The server's SYN of a simultaneous open.
    other_syn: OptTime,
    /// A RST ended it: an ACK that comes after that opens nothing.
    ended: bool,
    /// The RST that ended it came before anything except the SYNs was sent.
    unopened: bool,
    /// SYNs since the attempt was refused.
    syns_since_refusal: u8,
    /// The challenge ACK that refused the SYN, where no SYN-ACK came after it.
    pub(super) challenge: Option<NonZeroU64>,
    /// The SYN-ACK that echoes a timestamp which no SYN of its peer carried, and that timestamp.
    pub(super) wrong_echo: Option<(NonZeroU64, u32)>,
}

impl HandshakeObserver {
    /// Reads a part of every cache line of it, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(super) fn read_ahead(&self) -> u64 {
        u64::from(self.syn.is_some()) ^ u64::from(self.refused)
    }

    /// Returns `true` if only a SYN or RST can still concern it.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.ack.is_some() || self.syn.is_none() && self.syn_ack.is_none()
    }

    /// Notes a SYN-ACK that echoes a timestamp which none of the SYNs of `peer` carried.
    #[inline]
    pub(super) fn note_echo(&mut self, frame: u64, segment: &Segment, peer: &TcpEndpoint) {
        let echo = segment.options.timestamps.map_or(0, |stamps| stamps.echo_reply);
        let Some((newest, _)) = peer.newest_timestamp.filter(|(newest, _)| ![0, *newest].contains(&echo)) else {
            return;
        };
        let first = peer.sent.iter().find(|sent| Some(sent.seq) == peer.isn).and_then(|sent| sent.timestamp);
        let Some(first) = first else { return };
        if echo.wrapping_sub(first) > newest.wrapping_sub(first) {
            self.wrong_echo = NonZeroU64::new(frame).map(|frame| (frame, echo));
        }
    }

    /// Takes a segment's place in the handshake, if it has one.
    #[inline]
    pub(super) fn follow(
        &mut self,
        packet: &PacketRef,
        place: SegmentRole,
        seq: SeqNumber,
        endpoints: &PerDirection<TcpEndpoint>,
    ) {
        if matches!(place, SegmentRole::SynAck | SegmentRole::AnotherSynAck { .. }) {
            self.challenge = None;
        }
        match place {
            // of the server, in an open connection
            SegmentRole::Syn if packet.direction == Direction::ServerToClient && self.ack.is_some() => {}
            SegmentRole::Syn => {
                self.syn_repeated |= self.syn.is_some();
                if self.refused {
                    self.syns_since_refusal = self.syns_since_refusal.saturating_add(1);
                }
                if self.syn.is_none() || self.syns_since_refusal == 1 {
                    self.began = packet.at;
                }
                self.syn = packet.place();
            }
            SegmentRole::SimultaneousSyn { .. } => {
                self.simultaneous = true;
                self.other_syn = packet.at;
            }
            // one that comes behind the ACK was not what that answered
            SegmentRole::SynAck | SegmentRole::AnotherSynAck { .. } if self.ack.is_none() => {
                if self.refused && self.syns_since_refusal > 0 {
                    // the RST had answered the SYNs before it, so these are not repeats of one attempt
                    self.syn_repeated = self.syns_since_refusal > 1;
                    (self.refused, self.ended, self.unopened) = (false, false, false);
                }
                self.syn_ack_repeated |= self.syn_ack.is_some();
                if self.syn_ack.is_none() || !self.syn_ack_repeated {
                    self.first_answer = self.syn.and_then(|(_, syn)| packet.since(syn)).into();
                }
                self.syn_ack = packet.place();
                self.time_simultaneous(packet);
            }
            SegmentRole::SynAck | SegmentRole::AnotherSynAck { .. } => {
                self.syn_ack = self.syn_ack.or(packet.place());
            }
            SegmentRole::Reset => {
                let peer = endpoints.get(!packet.direction);
                let own = endpoints.get(packet.direction);
                let waits = self.ack.is_none() && self.challenge.is_none();
                self.refused |= waits && self.syn.is_some() && peer.isn.is_some() && own.isn.is_none();
            }
            // without its SYN-ACK in the capture too: the client has seen one, or it could acknowledge nothing
            SegmentRole::Odd | SegmentRole::WrongSynAck => {}
            // what does not follow the SYN is of an older connection on the same ports
            _ if self.ack.is_none()
                && packet.direction == Direction::ClientToServer
                && self.has_begun()
                && self.challenge.is_none()
                && endpoints.get(packet.direction).isn.is_none_or(|isn| seq.is_after(isn)) =>
            {
                self.ack = packet.place();
                self.ack_on_data = matches!(place, SegmentRole::Data | SegmentRole::Fin { .. });
                self.finish(packet);
            }
            _ => {}
        }
    }

    /// The ACK of the SYN-ACK.
    pub(super) fn ack(&self) -> Option<(NonZeroU64, OptTime)> {
        self.ack.filter(|_| !self.ended)
    }

    /// A RST came; if the handshake was not over, it is now. `silent`: nothing but SYNs had been sent.
    pub(super) fn reset(&mut self, silent: bool) {
        if self.ack.is_none() && !self.ended {
            (self.ended, self.unopened) = (true, silent);
        }
    }

    /// Returns `true` if a RST came instead of the ACK of the SYN-ACK.
    pub(super) fn is_reset(&self) -> bool {
        self.ended && self.unopened && self.syn.is_some() && self.syn_ack.is_some()
    }

    /// The RST ended nothing.
    pub(super) fn ignore_reset(&mut self) {
        self.ended = false;
        self.refused &= self.syn_ack.is_none();
    }

    fn finish(&mut self, packet: &PacketRef) {
        let (Some((_, syn)), Some((_, syn_ack))) = (self.syn, self.syn_ack) else { return };
        if !self.simultaneous {
            let to_first = self.first_answer.get().filter(|_| self.syn_ack_repeated);
            self.from_client = to_first.or(syn_ack.since(syn)).into();
            // Karn: a retransmitted SYN-ACK leaves open which one was answered, so this is the least
            self.from_server = packet.since(syn_ack).into();
        }
    }

    /// In a simultaneous open, each side's SYN-ACK answers the other's SYN (RFC 9293 §3.5).
    fn time_simultaneous(&mut self, packet: &PacketRef) {
        let Some((_, syn)) = self.syn.filter(|_| self.simultaneous) else { return };
        let (took, since) = match packet.direction {
            Direction::ServerToClient => (&mut self.from_client, packet.since(syn)),
            Direction::ClientToServer => (&mut self.from_server, packet.since(self.other_syn)),
        };
        if took.get().is_none() {
            *took = since.into();
        }
    }

    /// From the SYN to the ACK of the SYN-ACK: one round trip, wherever it was captured.
    pub(super) fn round_trip(&self) -> Option<Nanos> {
        self.halves().map(|(server, client)| server.plus(client))
    }

    /// From the first SYN to the ACK of the SYN-ACK, repeats and all.
    pub(super) fn opened_after(&self) -> Option<Nanos> {
        self.ack()?.1.since(self.began)
    }

    /// Returns the time that the sender of `direction` took to answer in the handshake, as captured.
    pub(super) fn answer_time(&self, direction: Direction) -> Option<Nanos> {
        let took = match direction {
            Direction::ServerToClient => self.from_client,
            Direction::ClientToServer => self.from_server,
        };
        let exact = match direction {
            Direction::ServerToClient => !self.syn_repeated,
            Direction::ClientToServer => !self.syn_ack_repeated || self.simultaneous,
        };
        took.get().filter(|_| !self.ended && exact)
    }

    /// Returns the time that the server took to answer the SYN, and the client to answer the SYN-ACK, as captured.
    pub(super) fn halves(&self) -> Option<(Nanos, Nanos)> {
        self.times().filter(|times| times.opening.is_exact()).map(|times| (times.server, times.client))
    }

    /// The same, also where the SYN or SYN-ACK was retransmitted: then the time is that since the newest, the least that it
    /// can have been.
    pub(super) fn times(&self) -> Option<HandshakeTimes> {
        let (server, client) = self.from_client.get().zip(self.from_server.get()).filter(|_| !self.ended)?;
        let opening = match () {
            () if self.syn_ack_repeated && !self.simultaneous => Opening::SynAckRetransmitted,
            () if self.syn_repeated => Opening::SynRetransmitted,
            () if self.simultaneous => Opening::Simultaneous,
            () => Opening::Usual,
        };
        Some(HandshakeTimes { server, client, opening })
    }

    fn has_begun(&self) -> bool {
        self.syn.is_some() || self.syn_ack.is_some()
    }

    /// Returns `true` if a SYN was captured and the ACK that ends the handshake was not.
    pub(super) fn is_under_way(&self) -> bool {
        self.ack.is_none() && self.challenge.is_none() && (self.syn.is_some() || self.syn_ack.is_some())
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    /// The SYN-ACK of this side, if this SYN follows it with the same number: no TCP sends them in this order, so the SYN
    /// was overtaken, and both sides opened at once (RFC 9293 §3.5).
    pub(super) fn overtaken_syn(
        &self,
        own: &TcpEndpoint,
        packet: &PacketRef,
        segment: &Segment,
    ) -> Option<(NonZeroU64, OptTime)> {
        let server = packet.direction == Direction::ServerToClient && own.syn_with_ack;
        // one that comes when the connection is open, or after a RST, was sent then
        let first = server && !self.simultaneous && self.ack.is_none() && !self.ended;
        own.syn.filter(|_| first && !segment.flags.contains(TcpFlags::ACK))
    }

    /// Returns which part of the handshake was captured.
    pub(super) fn outcome(&self) -> Handshake {
        match (self.syn, self.syn_ack, self.ack()) {
            _ if self.refused => Handshake::Refused,
            (Some(_), Some(_), Some(_)) => Handshake::Complete,
            (None, None, _) => Handshake::Absent,
            _ => Handshake::Partial,
        }
    }
}
