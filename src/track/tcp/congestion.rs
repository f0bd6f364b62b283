//! Signals of congestion on a connection that uses ECN (RFC 3168, RFC 9768).

use std::num::NonZeroU64;

use super::connection::Connection;
use super::ecn::{ANSWERS_MARKED, Ecn, FIRST_COUNT};
use super::rules::ecn::{ECN_SIGNALS, EcnCase, EcnProof, ProvenEcn, Says};
use crate::model::{Direction, IpHeader, Segment, TcpFlags};
use crate::track::facts::Observations;
use crate::track::packet_ref::PacketRef;

/// ECN field of a packet that met congestion (RFC 3168 §5).
pub(super) const CONGESTION_EXPERIENCED: u8 = 3;

/// The three flags of ECN.
const ECN_FLAGS: TcpFlags = TcpFlags::AE.union(TcpFlags::CWR).union(TcpFlags::ECE);

impl Connection {
    /// Returns the congestion signal of the packet. Called when its ACK is processed; `fits`: the ACK is of this
    /// connection.
    #[inline]
    pub(super) fn observe_ecn(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        fits: bool,
        observations: &mut Observations,
    ) {
        let flags = segment.flags;
        if ip.ecn == CONGESTION_EXPERIENCED
            || flags.intersects(ECN_FLAGS.union(TcpFlags::SYN))
            || self.ecn.is_accurate()
        {
            self.note_ecn(packet, segment, ip, fits, observations);
        }
    }

    #[cold]
    fn note_ecn(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        fits: bool,
        observations: &mut Observations,
    ) {
        let flags = segment.flags;
        observations.congestion = ip.ecn == CONGESTION_EXPERIENCED;
        if observations.congestion
            && let Some(marked) = self.recorder.rare().ecn.marked.get_mut(packet.direction as usize)
        {
            *marked = NonZeroU64::new(packet.frame);
        }
        if !fits || flags.contains(TcpFlags::RST) {
            return;
        }
        if flags.contains(TcpFlags::SYN) {
            self.ecn.take_handshake(flags);
            if self.ecn.agreed == Ecn::Accurate && flags.is_syn_ack() {
                observations.ecn = self.handshake_marked(packet.direction, flags.ace());
            }
            return;
        }
        // without the handshake in the capture AE tells: classic ECN does not use it
        if self.ecn.agreed == Ecn::Unknown && flags.contains(TcpFlags::AE) {
            self.ecn.agreed = Ecn::Accurate;
        }
        match self.ecn.agreed {
            Ecn::Accurate => observations.ecn = self.counted(packet, segment, observations),
            Ecn::Classic { .. } | Ecn::Unknown => observations.ecn = self.classic_signal(packet, segment),
            Ecn::NotOffered | Ecn::Refused { .. } => {}
        }
    }

    /// Returns the signal of ECE and CWR in classic ECN (RFC 3168 §6.1).
    fn classic_signal(&mut self, packet: &PacketRef, segment: &Segment) -> Option<ProvenEcn> {
        let flags = segment.flags;
        let (own, peer) = (packet.direction as usize, !packet.direction as usize);
        let known = self.ecn.agreed != Ecn::Unknown;
        let (echoes, reduced) = (flags.contains(TcpFlags::ECE), flags.contains(TcpFlags::CWR));
        if !echoes && !reduced {
            return None;
        }
        let frames = &mut self.recorder.rare().ecn;
        let answered = frames.echo.get_mut(peer).filter(|_| reduced).and_then(Option::take);
        if let (Some(echo), Some(last)) = (answered, frames.reduced.get_mut(own)) {
            *last = Some((echo, segment.seq));
        }
        if !echoes {
            return signal(Says::Reduced, EcnProof { echo: answered, known, ..EcnProof::default() });
        }
        let marked = frames.marked.get(peer).copied().flatten();
        let in_transit = frames.reduced.get(peer).copied().flatten();
        if let Some((echo, _)) = in_transit.filter(|(_, cwr)| !segment.ack.is_after(*cwr)) {
            let proof = EcnProof { marked, echo: Some(echo), reduced, known, ..EcnProof::default() };
            return signal(Says::Echo, proof);
        }
        let echo = frames.echo.get_mut(own)?;
        let since = *echo;
        *echo = echo.or(NonZeroU64::new(packet.frame));
        signal(Says::Echo, EcnProof { marked, echo: since, reduced, known, ..EcnProof::default() })
    }

    /// By how much the counter of marked packets rises: three bits that start at 5 (RFC 9768 §3.2.2).
    fn counted(&mut self, packet: &PacketRef, segment: &Segment, observations: &Observations) -> Option<ProvenEcn> {
        let ace = segment.flags.ace();
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        // the client's ACK of the SYN-ACK has the SYN-ACK's mark instead of the counter (RFC 9768 §3.2.2.1)
        let at_first = |end: &super::TcpEndpoint, number| end.isn.is_some_and(|isn| isn.plus(1) == number);
        let first = segment.len == 0
            && !segment.flags.contains(TcpFlags::FIN)
            && !own.syn_with_ack
            && at_first(peer, segment.ack)
            && own.isn.is_some_and(|isn| own.snd_nxt == Some(segment.seq) && segment.seq.is_after(isn));
        if first && matches!(ace, 0b010 | 0b011 | 0b100 | ANSWERS_MARKED) {
            return self.handshake_marked(packet.direction, ace);
        }
        // an ACK that was overtaken has an older count
        if observations.older_ack.is_some() || !segment.flags.contains(TcpFlags::ACK) {
            return None;
        }
        let handshake = own.isn.is_some() && peer.isn.is_some();
        let last = self.ecn.count(packet.direction)?;
        let before = match last.replace(ace) {
            // a counter that is 0 from the first packet on was cleared on the path (RFC 9768 §3.2.2.4)
            None if !handshake || ace == 0 => return None,
            None => FIRST_COUNT,
            Some(before) => before,
        };
        let more = ace.wrapping_sub(before) & 7;
        if more > 0 {
            signal(Says::Counted, EcnProof { count: (before, ace, more), ..EcnProof::default() })
        } else {
            None
        }
    }

    /// Returns the proof that the SYN, or the SYN-ACK, that this segment answers arrived with the CE mark, and starts
    /// the counter one higher.
    fn handshake_marked(&mut self, direction: Direction, ace: u8) -> Option<ProvenEcn> {
        let marked = ace == ANSWERS_MARKED;
        if let Some(count) = self.ecn.count(direction).filter(|_| marked) {
            *count = Some(FIRST_COUNT + 1);
        }
        let proof = EcnProof { syn: direction == Direction::ServerToClient, ..EcnProof::default() };
        if marked { signal(Says::HandshakeMarked, proof) } else { None }
    }
}

fn signal(says: Says, proof: EcnProof) -> Option<ProvenEcn> {
    ProvenEcn::first(ECN_SIGNALS, &EcnCase { says, proof })
}
