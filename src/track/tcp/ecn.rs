//! Explicit congestion notification: which kind the handshake agrees on, and what the flags say after it (RFC 3168,
//! RFC 9768).

use std::num::NonZeroU64;

use crate::model::{Direction, SeqNumber, TcpFlags};

/// AE, CWR and ECE of a SYN that offers Accurate ECN (RFC 9768 §3.1.1), and of one that offers classic ECN.
const OFFERS_ACCURATE: u8 = 0b111;
const OFFERS_CLASSIC: u8 = 0b011;
/// The flags that a SYN-ACK, or the ACK of it, has where the packet that it answers came with the mark of congestion
/// (RFC 9768 §3.1.2, table 2; §3.2.2.1, table 3).
pub(super) const ANSWERS_MARKED: u8 = 0b110;
/// The initial value of both counters of marked packets (RFC 9768 §3.2.1).
pub(super) const FIRST_COUNT: u8 = 5;

/// The outcome of the ECN negotiation in the handshake.
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
    pub(super) offered: Option<u8>,
    /// The last counter of marked packets that each side sent.
    pub(super) counts: [Option<u8>; 2],
}

/// The last packets of each direction that carried a signal of classic ECN, or a mark.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EcnFrames {
    /// The last packet with the mark of congestion.
    pub(super) marked: [Option<NonZeroU64>; 2],
    /// The first ECE since CWR answered the one before.
    pub(super) echo: [Option<NonZeroU64>; 2],
    /// The ECE that the last CWR answered, and where the segment with that CWR begins: until it arrives, ECE goes on.
    pub(super) reduced: [Option<(NonZeroU64, SeqNumber)>; 2],
}

impl EcnState {
    /// Takes a SYN or an acceptable SYN-ACK.
    pub(super) fn take_handshake(&mut self, flags: TcpFlags) {
        if flags.is_syn_only() {
            // a SYN that is retransmitted may leave the offer out (RFC 3168 §6.1.1.1, RFC 9768 §3.1.4)
            let offer = self.offered.get_or_insert(flags.ace());
            *offer |= flags.ace();
        } else if let Some(offer) = self.offered {
            self.agreed = agreed(offer, flags.ace());
        }
    }

    /// Returns `true` if a SYN so far offers any kind of ECN.
    pub(super) fn is_offered(&self) -> bool {
        matches!(self.offered, Some(OFFERS_ACCURATE | OFFERS_CLASSIC))
    }

    /// Returns `true` if Accurate ECN was negotiated, whose flags count on every segment.
    pub(super) fn is_accurate(&self) -> bool {
        self.agreed == Ecn::Accurate
    }

    pub(super) fn count(&mut self, direction: Direction) -> Option<&mut Option<u8>> {
        self.counts.get_mut(direction as usize)
    }
}

/// Returns the kind of ECN on which the flags of a SYN and a SYN-ACK agree (RFC 9768 §3.1.2, table 2).
pub(super) fn agreed(offer: u8, answer: u8) -> Ecn {
    let accurate = offer == OFFERS_ACCURATE;
    match (offer, answer) {
        (OFFERS_ACCURATE, 0b010 | 0b011 | 0b100 | ANSWERS_MARKED) => Ecn::Accurate,
        // 101 was the nonce's (RFC 3540, historic)
        (OFFERS_ACCURATE | OFFERS_CLASSIC, 0b001 | 0b101) => Ecn::Classic { accurate },
        (OFFERS_ACCURATE | OFFERS_CLASSIC, _) => Ecn::Refused { accurate },
        _ => Ecn::NotOffered,
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
