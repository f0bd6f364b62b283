//! The count of everything in a capture.

use crate::model::{Finding, Program, Protocol, Skip};
use crate::track::StopReason;

/// Every frame of a capture, as a step or under its reason: `frames = tcp + udp + icmp + Σ other`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureTotals {
    /// Frames read.
    pub frames: u64,
    /// Steps that are TCP segments.
    pub tcp: u64,
    /// Steps that are UDP datagrams.
    pub udp: u64,
    /// Steps that are ICMP errors.
    pub icmp: u64,
    pub(super) other: [u64; Skip::ALL.len()],
    /// TCP conversations.
    pub tcp_conversations: u64,
    /// UDP conversations.
    pub udp_conversations: u64,
    /// Conversations whose state was given up early because too many were open at once.
    pub evicted: u64,
    /// Diagnoses that only the capture as a whole shows.
    pub findings: Vec<Finding>,
    /// Where and why the capture broke off.
    pub truncated: Option<String>,
    /// What stopped the session that was captured, or the reading; not where the capture breaks off.
    pub stopped: Option<StopReason>,
    /// Packets that the kernel dropped; `None` for files.
    pub dropped: Option<u64>,
    /// Conversations that have no answers, although these were asked for: too many were open at once.
    pub unanswered: u64,
    /// Steps of others, who use the port of the session that was captured.
    pub others: u64,
    /// The programs whose session was captured, where they are the user's own.
    pub programs: Vec<Program>,
    /// What a bound of the output keeps from being shown. Sinks that leave something out add to it.
    pub left_out: LeftOut,
}

/// What is counted but not shown, since the output keeps only so much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Conversations of which nothing is shown.
    pub conversations: u64,
    /// Steps not shown, those of these conversations included.
    pub steps: u64,
}

impl LeftOut {
    /// Whether everything is shown.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl CaptureTotals {
    /// How many conversations of this protocol there are.
    pub fn conversations(&self, protocol: Protocol) -> u64 {
        match protocol {
            Protocol::Tcp => self.tcp_conversations,
            Protocol::Udp => self.udp_conversations,
        }
    }

    /// Counts `count` frames under `reason`.
    pub fn skip(&mut self, reason: Skip, count: u64) {
        if let Some(slot) = self.other.get_mut(reason as usize) {
            *slot += count;
        }
    }

    /// Moves `count` frames from one reason to another: fragments that turn out never to be completed.
    pub fn recount(&mut self, from: Skip, to: Skip, count: u64) {
        if let Some(slot) = self.other.get_mut(from as usize) {
            *slot = slot.saturating_sub(count);
        }
        self.skip(to, count);
    }

    /// The reasons that occurred, with their counts.
    pub fn other(&self) -> impl Iterator<Item = (Skip, u64)> + '_ {
        Skip::ALL.into_iter().zip(self.other.iter().copied()).filter(|(_, count)| *count > 0)
    }
}
