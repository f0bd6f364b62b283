//! Where a step's numbers come from: `X+1`, `Y+13`.
//!
//! SYN and FIN count one each, data counts its length, anything else moves nothing (RFC 9293 §3.4).

use std::fmt;

use crate::model::Direction;
use crate::track::{Reset, TcpFacts};

/// A number of a segment in terms of the initial sequence numbers X (client) and Y (server).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// `X` or `Y`.
    pub base: char,
    /// What SYN, FIN and data have added to it.
    pub offset: u32,
}

impl Arithmetic {
    /// Where the sequence and the acknowledgment number of a segment come from; `None` for numbers that lie before
    /// the initial one, and for an ACK that is not there.
    pub(super) fn of(direction: Direction, facts: &TcpFacts) -> (Option<Self>, Option<Self>) {
        let (own, peer) = match direction {
            Direction::ClientToServer => ('X', 'Y'),
            Direction::ServerToClient => ('Y', 'X'),
        };
        let number = |base, offset: u32| (offset < 1 << 31).then_some(Self { base, offset });
        // who refuses has chosen no number of its own: the RST's is 0 (RFC 9293 §3.10.7.1)
        let refuses = matches!(facts.reset, Some(Reset::Refused(_)));
        (number(own, facts.seq).filter(|_| !refuses), facts.ack.and_then(|ack| number(peer, ack)))
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
