//! The time ledger: a conversation's duration in exclusive shares, one for each kind of wait.
//!
//! The packet that ends an interval shows what the wait was for; each protocol decides that where it follows its
//! packets. Here the shares are added up, so that they always sum to the duration.

use smallvec::SmallVec;

use crate::model::Nanos;

/// The cause of waiting time in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Wait {
    /// The client's program.
    ClientApplication,
    /// The server's program.
    ServerApplication,
    /// A packet to cross the network, and a kernel to answer it.
    Network,
    /// A retransmission timer, or the timer of a tail-loss probe.
    Timeout,
    /// The repair of a loss: from the retransmission until its ACK.
    Recovery,
    /// Room in the receiver's window: zero, or full.
    Window,
    /// ACKs that let a sender with more data go on: its congestion window, pacing or send buffer.
    Congestion,
    /// A delayed ACK or Nagle's algorithm.
    DelayedAck,
    /// Nothing: neither side had anything to send.
    Idle,
    /// Unknown from this capture.
    Unknown,
}

impl Wait {
    /// Every kind, in the order of the ledger.
    pub const ALL: [Self; 10] = [
        Self::ClientApplication,
        Self::ServerApplication,
        Self::Network,
        Self::Timeout,
        Self::Recovery,
        Self::Window,
        Self::Congestion,
        Self::DelayedAck,
        Self::Idle,
        Self::Unknown,
    ];

    /// The key in the JSON Lines output.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientApplication => "client_application",
            Self::ServerApplication => "server_application",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Recovery => "recovery",
            Self::Window => "window",
            Self::Congestion => "congestion",
            Self::DelayedAck => "delayed_ack",
            Self::Idle => "idle",
            Self::Unknown => "unknown",
        }
    }
}

/// The time of one kind of wait, with its longest interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// All intervals together.
    pub time: Nanos,
    /// The longest of them.
    pub longest: Nanos,
    /// The frame that begins the longest.
    pub from: u64,
    /// The frame that ends it.
    pub to: u64,
}

/// The time of a conversation by cause. The shares do not overlap and add up to the conversation's duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    shares: [Share; Wait::ALL.len()],
}

/// The ledger of a conversation that goes on. Most conversations wait for few things: only these take memory.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenLedger {
    shares: SmallVec<[(Wait, Share); 3]>,
    /// Time up to which the shares reach, since the conversation's start.
    until: Nanos,
    /// The frame at that time.
    frame: u64,
}

impl Ledger {
    /// The share of one kind of wait.
    pub fn share(&self, wait: Wait) -> Share {
        self.shares.get(wait as usize).copied().unwrap_or_default()
    }

    /// Every kind of wait with its share.
    pub fn shares(&self) -> impl Iterator<Item = (Wait, Share)> + '_ {
        Wait::ALL.into_iter().zip(self.shares.iter().copied())
    }

    /// The largest share; `None` where no time passed.
    pub fn largest(&self) -> Option<(Wait, Share)> {
        self.shares().filter(|(_, share)| share.time.0 > 0).max_by_key(|(_, share)| share.time)
    }

    /// All shares together: the conversation's duration.
    pub fn total(&self) -> Nanos {
        self.shares.iter().fold(Nanos(0), |sum, share| sum.plus(share.time))
    }
}

impl OpenLedger {
    /// Reads a part of every cache line of it, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(super) fn read_ahead(&self) -> u64 {
        self.shares.last().map_or(0, |(_, share)| share.to) ^ self.frame
    }

    /// The time that is not attributed yet, up to `at` (since the conversation's start).
    #[inline]
    pub(super) fn open(&self, at: Nanos) -> Nanos {
        Nanos(at.0.saturating_sub(self.until.0).max(0))
    }

    /// Attributes the time up to `at`, when `frame` was captured, to one kind of wait. A time before the last one adds
    /// nothing.
    #[inline]
    pub(super) fn attribute(&mut self, wait: Wait, at: Nanos, frame: u64) {
        let time = self.open(at);
        if time.0 > 0 {
            let longest = Share { time, longest: time, from: self.frame, to: frame };
            match self.shares.iter_mut().find(|(other, _)| *other == wait) {
                Some((_, share)) if time > share.longest => {
                    *share = Share { time: share.time.plus(time), ..longest };
                }
                Some((_, share)) => share.time = share.time.plus(time),
                None => self.shares.push((wait, longest)),
            }
        }
        if time.0 > 0 || self.frame == 0 {
            self.until = self.until.max(at);
            self.frame = frame;
        }
    }

    /// The first `part` of the open time goes to one wait and the rest to another.
    #[inline]
    pub(super) fn split(&mut self, first: (Wait, Nanos), rest: Wait, at: Nanos, frame: u64) {
        let (wait, part) = first;
        if part.0 <= 0 {
            self.attribute(rest, at, frame);
            self.frame = frame;
            return;
        }
        let begin = self.frame;
        let middle = Nanos(self.until.0.saturating_add(part.0.max(0)).min(at.0));
        self.attribute(wait, middle, frame);
        // both parts lie between the same frames
        self.frame = begin;
        self.attribute(rest, at, frame);
        self.frame = frame;
    }

    /// The shares so far.
    fn shares(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for (wait, share) in &self.shares {
            if let Some(place) = ledger.shares.get_mut(*wait as usize) {
                *place = *share;
            }
        }
        ledger
    }

    /// The ledger of a conversation that ends with `frame`, this long after its start. The remaining time is of unknown
    /// cause. A clock that went back makes the duration shorter than its parts: the excess is taken from the least
    /// certain ones.
    pub(super) fn closed(mut self, duration: Nanos, frame: u64) -> Ledger {
        self.attribute(Wait::Unknown, duration, frame);
        let mut ledger = self.shares();
        let mut excess = ledger.total().minus(duration);
        for share in ledger.shares.iter_mut().rev() {
            if excess.0 <= 0 {
                break;
            }
            let taken = Nanos(excess.0.clamp(0, share.time.0.max(0)));
            share.time = share.time.minus(taken);
            share.longest = share.longest.min(share.time);
            excess = excess.minus(taken);
        }
        ledger
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_the_duration_and_name_their_longest_interval() {
        let mut ledger = OpenLedger::default();
        ledger.attribute(Wait::Network, Nanos(0), 1);
        ledger.attribute(Wait::Network, Nanos(10), 2);
        ledger.split((Wait::Network, Nanos(5)), Wait::ServerApplication, Nanos(40), 5);
        ledger.attribute(Wait::Timeout, Nanos(240), 6);
        let ledger = ledger.closed(Nanos(250), 7);
        assert_eq!(ledger.total(), Nanos(250));
        let share = |time, longest, from, to| Share { time: Nanos(time), longest: Nanos(longest), from, to };
        assert_eq!(ledger.share(Wait::Network), share(15, 10, 1, 2));
        assert_eq!(ledger.share(Wait::ServerApplication), share(25, 25, 2, 5));
        assert_eq!(ledger.largest(), Some((Wait::Timeout, share(200, 200, 5, 6))));
        assert_eq!(ledger.share(Wait::Unknown), share(10, 10, 6, 7));
    }

    #[test]
    fn split_leaves_nothing_when_the_first_part_takes_all() {
        let mut ledger = OpenLedger::default();
        ledger.split((Wait::Network, Nanos(50)), Wait::ClientApplication, Nanos(20), 2);
        let ledger = ledger.shares();
        assert_eq!((ledger.share(Wait::Network).time, ledger.share(Wait::ClientApplication).time.0), (Nanos(20), 0));
    }

    #[test]
    fn backward_timestamps_keep_the_sum() {
        let mut ledger = OpenLedger::default();
        ledger.attribute(Wait::Network, Nanos(100), 2);
        ledger.attribute(Wait::Idle, Nanos(60), 3);
        ledger.attribute(Wait::ClientApplication, Nanos(130), 4);
        assert_eq!(ledger.shares().total(), Nanos(130));
        let ledger = ledger.closed(Nanos(90), 5);
        assert_eq!(ledger.total(), Nanos(90));
        assert_eq!(ledger.share(Wait::Network).time, Nanos(60));
    }
}
