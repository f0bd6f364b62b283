//! Explicit congestion notification: which kind the handshake agrees on, and what the flags say after it (RFC 3168,
//! RFC 9768).

use std::num::NonZeroU64;

use super::{Connection, PacketRef};
use crate::model::{Direction, IpHeader, Segment, TcpFlags};
use crate::track::facts::{EcnSignal, Observations};

/// ECN field of a packet that met congestion (RFC 3168 §5).
const CONGESTION_EXPERIENCED: u8 = 3;
/// The three flags of ECN.
const ECN_FLAGS: TcpFlags = TcpFlags::AE.union(TcpFlags::CWR).union(TcpFlags::ECE);
/// AE, CWR and ECE of a SYN that offers Accurate ECN (RFC 9768 §3.1.1), and of one that offers classic ECN.
const OFFERS_ACCURATE: u8 = 0b111;
const OFFERS_CLASSIC: u8 = 0b011;
/// The flags that a SYN-ACK, or the ACK of it, has where the packet that it answers came with the mark of congestion
/// (RFC 9768 §3.1.2, table 2; §3.2.2.1, table 3).
const ANSWERS_MARKED: u8 = 0b110;
/// Where both counters of marked packets start (RFC 9768 §3.2.1).
const FIRST_COUNT: u8 = 5;

/// What the handshake says of ECN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ecn {
    /// A SYN or SYN-ACK is not in the capture.
    #[default]
    Unknown,
    /// The SYN does not offer it.
    NotOffered,
    /// The SYN offers it, the SYN-ACK does not agree.
    Refused {
        /// Accurate ECN was offered.
        accurate: bool,
    },
    /// Classic ECN (RFC 3168 §6.1.1).
    Classic {
        /// Accurate ECN was offered.
        accurate: bool,
    },
    /// Accurate ECN (RFC 9768 §3.1).
    Accurate,
}

/// The state of ECN on a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EcnState {
    pub(super) agreed: Ecn,
    /// The flags of the SYN, as a number.
    offered: Option<u8>,
    /// The last counter of marked packets that each side sent.
    counts: [Option<u8>; 2],
}

/// The last packets of each direction that carried a signal of classic ECN, or a mark.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EcnFrames {
    /// The last packet with the mark of congestion.
    marked: [Option<NonZeroU64>; 2],
    /// The first ECE since CWR answered the one before.
    echo: [Option<NonZeroU64>; 2],
}

impl EcnState {
    /// Takes a SYN or an acceptable SYN-ACK.
    fn take_handshake(&mut self, flags: TcpFlags) {
        if flags.is_syn_only() {
            // a SYN that is retransmitted may leave the offer out (RFC 3168 §6.1.1.1, RFC 9768 §3.1.4)
            let offer = self.offered.get_or_insert(flags.ace());
            *offer |= flags.ace();
        } else if let Some(offer) = self.offered {
            self.agreed = agreed(offer, flags.ace());
        }
    }

    /// Whether a SYN so far offers any kind of it.
    pub(super) fn is_offered(&self) -> bool {
        matches!(self.offered, Some(OFFERS_ACCURATE | OFFERS_CLASSIC))
    }

    fn count(&mut self, direction: Direction) -> Option<&mut Option<u8>> {
        self.counts.get_mut(direction as usize)
    }
}

/// What a SYN's and a SYN-ACK's flags agree on (RFC 9768 §3.1.2, table 2).
fn agreed(offer: u8, answer: u8) -> Ecn {
    let accurate = offer == OFFERS_ACCURATE;
    match (offer, answer) {
        (OFFERS_ACCURATE, 0b010 | 0b011 | 0b100 | ANSWERS_MARKED) => Ecn::Accurate,
        // 101 was the nonce's (RFC 3540, historic)
        (OFFERS_ACCURATE | OFFERS_CLASSIC, 0b001 | 0b101) => Ecn::Classic { accurate },
        (OFFERS_ACCURATE | OFFERS_CLASSIC, _) => Ecn::Refused { accurate },
        _ => Ecn::NotOffered,
    }
}

impl Connection {
    /// What the packet shows of congestion. Called when its ACK is taken; `fits`: it is of this connection.
    #[inline]
    pub(super) fn hint_ecn(
        &mut self,
        moment: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        fits: bool,
        observations: &mut Observations,
    ) {
        let flags = segment.flags;
        if ip.ecn == CONGESTION_EXPERIENCED
            || flags.intersects(ECN_FLAGS.union(TcpFlags::SYN))
            || self.ecn.agreed == Ecn::Accurate
        {
            self.note_ecn(moment, segment, ip, fits, observations);
        }
    }

    #[cold]
    fn note_ecn(
        &mut self,
        moment: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        fits: bool,
        observations: &mut Observations,
    ) {
        let flags = segment.flags;
        observations.congestion = ip.ecn == CONGESTION_EXPERIENCED;
        if observations.congestion
            && let Some(marked) = self.recorder.rare().ecn.marked.get_mut(moment.direction as usize)
        {
            *marked = NonZeroU64::new(moment.frame);
        }
        if !fits || flags.contains(TcpFlags::RST) {
            return;
        }
        if flags.contains(TcpFlags::SYN) {
            self.ecn.take_handshake(flags);
            if self.ecn.agreed == Ecn::Accurate && flags.is_syn_ack() {
                observations.ecn = self.handshake_marked(moment.direction, flags.ace());
            }
            return;
        }
        // without the handshake in the capture AE tells: classic ECN does not use it
        if self.ecn.agreed == Ecn::Unknown && flags.contains(TcpFlags::AE) {
            self.ecn.agreed = Ecn::Accurate;
        }
        match self.ecn.agreed {
            Ecn::Accurate => observations.ecn = self.counted(moment, segment, observations),
            Ecn::Classic { .. } | Ecn::Unknown => observations.ecn = self.classic_signal(moment, flags),
            Ecn::NotOffered | Ecn::Refused { .. } => {}
        }
    }

    /// What ECE and CWR say in classic ECN (RFC 3168 §6.1).
    fn classic_signal(&mut self, moment: &PacketRef, flags: TcpFlags) -> Option<EcnSignal> {
        let (own, peer) = (moment.direction as usize, !moment.direction as usize);
        let known = self.ecn.agreed != Ecn::Unknown;
        let (echoes, reduced) = (flags.contains(TcpFlags::ECE), flags.contains(TcpFlags::CWR));
        if !echoes && !reduced {
            return None;
        }
        let frames = &mut self.recorder.rare().ecn;
        let answered = frames.echo.get_mut(peer).filter(|_| reduced).and_then(Option::take);
        if !echoes {
            return Some(EcnSignal::Reduced { echo: answered, known });
        }
        let marked = frames.marked.get(peer).copied().flatten();
        let echo = frames.echo.get_mut(own)?;
        let since = *echo;
        *echo = echo.or(NonZeroU64::new(moment.frame));
        Some(EcnSignal::Echo { marked, since, reduced, known })
    }

    /// By how much the counter of marked packets rises: three bits that start at 5 (RFC 9768 §3.2.2).
    fn counted(&mut self, moment: &PacketRef, segment: &Segment, observations: &Observations) -> Option<EcnSignal> {
        let ace = segment.flags.ace();
        let (own, peer) = (self.sides.get(moment.direction), self.sides.get(!moment.direction));
        // the client's ACK of the SYN-ACK has the SYN-ACK's mark instead of the counter (RFC 9768 §3.2.2.1)
        let at_first = |end: &super::TcpEndpoint, number| end.isn.is_some_and(|isn| isn.plus(1) == number);
        let first = segment.len == 0
            && !segment.flags.contains(TcpFlags::FIN)
            && !own.syn_with_ack
            && at_first(peer, segment.ack)
            && own.isn.is_some_and(|isn| own.snd_nxt == Some(segment.seq) && segment.seq.is_after(isn));
        if first && matches!(ace, 0b010 | 0b011 | 0b100 | ANSWERS_MARKED) {
            return self.handshake_marked(moment.direction, ace);
        }
        // an ACK that was overtaken has an older count
        if observations.older_ack.is_some() || !segment.flags.contains(TcpFlags::ACK) {
            return None;
        }
        let handshake = own.isn.is_some() && peer.isn.is_some();
        let last = self.ecn.count(moment.direction)?;
        let before = match last.replace(ace) {
            // a counter that is 0 from the first packet on was cleared on the path (RFC 9768 §3.2.2.4)
            None if !handshake || ace == 0 => return None,
            None => FIRST_COUNT,
            Some(before) => before,
        };
        let more = ace.wrapping_sub(before) & 7;
        (more > 0).then_some(EcnSignal::Counted { before, now: ace, more })
    }

    /// Whether the SYN, or the SYN-ACK, that this segment answers came with the mark; then the counter starts one higher.
    fn handshake_marked(&mut self, direction: Direction, ace: u8) -> Option<EcnSignal> {
        let marked = ace == ANSWERS_MARKED;
        if let Some(count) = self.ecn.count(direction).filter(|_| marked) {
            *count = Some(FIRST_COUNT + 1);
        }
        marked.then_some(EcnSignal::HandshakeMarked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_agrees_as_table_2_of_rfc_9768_says() {
        let accurate = [0b010, 0b011, 0b100, 0b110];
        for answer in 0..8 {
            let expected = match answer {
                answer if accurate.contains(&answer) => Ecn::Accurate,
                0b001 | 0b101 => Ecn::Classic { accurate: true },
                _ => Ecn::Refused { accurate: true },
            };
            assert_eq!(agreed(0b111, answer), expected, "{answer:03b}");
        }
        assert_eq!(agreed(0b011, 0b001), Ecn::Classic { accurate: false });
        // a SYN-ACK that copies the SYN's flags agrees to nothing
        assert_eq!(agreed(0b011, 0b011), Ecn::Refused { accurate: false });
        assert_eq!(agreed(0b000, 0b001), Ecn::NotOffered);
        assert_eq!(agreed(0b001, 0b001), Ecn::NotOffered);
    }
}
