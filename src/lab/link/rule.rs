//! A rule: an action on selected packets.
//!
//! ```text
//! rule      = action packet [ "of" side ] [ "by" duration ] [ times ]      the last three in any order
//! action    = "drop" | "delay" | "duplicate" | "corrupt" | "mark" | "swap"
//! packet    = kind [ number ]             for "swap": kind number number
//! kind      = "syn" | "syn-ack" | "ack" | "data" | "fin" | "rst" | "datagram" | "fragment" | "icmp" | "any"
//! side      = "client" | "server"         who sends it; without it either, and of numbered packets the first
//! duration  = as in "50ms", "1.5s"        needed by "delay", of no other action
//! times     = "once" | "twice" | count "times" | "always"                  "once" if not said
//! script    = rules separated by ";", "," or line ends; "#" begins a comment
//! ```
//!
//! A number counts the packets of that kind that the side sends, from 1, over all conversations. SYN, SYN-ACK, data and
//! FIN keep their number when they are retransmitted: `drop data 2 twice` drops the second piece of data and its first
//! retransmission, `drop data twice` the next two segments with data, original or retransmitted. "udp" means
//! "datagram".
//!
//! `swap data 4 5` (or `5 4`) holds data 4 back until data 5 has passed, for 100 ms at most. Several rules may apply to
//! one packet; they act in their order, and a dropped packet is not affected by later ones.

use std::fmt;
use std::time::Duration;

use super::packet::PacketKind;
use crate::model::Direction;

/// An action, and the packets that it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The action.
    pub action: Action,
    /// The packet's kind.
    pub kind: PacketKind,
    /// The packet's number among those of its kind, from 1; `None` for any number.
    pub number: Option<u32>,
    /// The direction of the packet; `None` for the direction in which the first such packet is sent.
    pub direction: Option<Direction>,
    /// The number of times that it applies.
    pub times: Times,
}

/// An action on a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The packet is lost.
    Drop,
    /// It arrives this much later; later packets may overtake it.
    Delay(Duration),
    /// It arrives twice.
    Duplicate,
    /// It arrives with a corrupted byte and its original checksum.
    Corrupt,
    /// It arrives with the congestion mark (CE), if its sender uses ECN (RFC 3168).
    Mark,
    /// It arrives after the packet of the same kind with this number.
    SwapWith(u32),
}

impl Action {
    /// The action's word in a rule.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Delay(_) => "delay",
            Self::Duplicate => "duplicate",
            Self::Corrupt => "corrupt",
            Self::Mark => "mark",
            Self::SwapWith(_) => "swap",
        }
    }
}

/// The number of times that a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// To this many packets.
    Count(u32),
    /// To every matching packet.
    Always,
}

/// The rule in its canonical form, which parses to the same rule.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action.name(), self.kind)?;
        if let Some(number) = self.number {
            write!(f, " {number}")?;
        }
        if let Action::SwapWith(other) = self.action {
            write!(f, " {other}")?;
        }
        if let Some(direction) = self.direction {
            write!(f, " of {}", direction.sender())?;
        }
        if let Action::Delay(delay) = self.action {
            // one word: the grammar has no spaces within a duration
            write!(f, " by {}", humantime::format_duration(delay).to_string().replace(' ', ""))?;
        }
        match self.times {
            Times::Count(1) => Ok(()),
            Times::Count(2) => f.write_str(" twice"),
            Times::Count(count) => write!(f, " {count} times"),
            Times::Always => f.write_str(" always"),
        }
    }
}
