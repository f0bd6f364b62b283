//! The arithmetic of a step's sequence and acknowledgment numbers: `X+1`, `Y+13`.
//!
//! SYN and FIN count one each, data counts its length, anything else moves nothing (RFC 9293 §3.4).

use std::fmt;

use crate::model::{Direction, TcpFlags};
use crate::track::TcpFacts;

/// A number of a segment in terms of the initial sequence numbers X (client) and Y (server).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// `X` or `Y`.
    pub base: char,
    /// The sequence space of SYN, FIN and data before it.
    pub offset: u32,
}

impl Arithmetic {
    /// The arithmetic of a segment's sequence number; `None` for one before the initial sequence number.
    pub(super) fn of_seq(direction: Direction, facts: &TcpFacts) -> Option<Self> {
        // who refuses has chosen no number of its own: the RST's is 0 (RFC 9293 §3.10.7.1)
        let refuses = facts.reset.is_some_and(|reset| !reset.rule.effect.is_numbered());
        let number = Self::new(direction, facts.seq, facts)?;
        let is_syn = facts.flags.contains(TcpFlags::SYN);
        // of several SYN-ACKs one has the number that counts
        (!refuses && (!is_syn || number.offset == 0)).then_some(number)
    }

    /// The arithmetic of its acknowledgment number; `None` if it has none.
    pub(super) fn of_ack(direction: Direction, facts: &TcpFacts) -> Option<Self> {
        Self::new(!direction, facts.ack?, facts)
    }

    /// A number that the sender in `direction` counts.
    fn new(direction: Direction, relative: u32, facts: &TcpFacts) -> Option<Self> {
        let offset = relative.wrapping_add(*facts.observations.renumbered.get(direction));
        let base = match direction {
            Direction::ClientToServer => 'X',
            Direction::ServerToClient => 'Y',
        };
        (offset < 1 << 31).then_some(Self { base, offset })
    }
}

/// `X`, `X+1`.
impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            0 => write!(f, "{}", self.base),
            offset => write!(f, "{}+{offset}", self.base),
        }
    }
}
