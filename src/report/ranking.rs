//! The order of conversations, and the first of them in bounded memory.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::explain::Conversation;
use crate::model::PerDirection;

/// The order in which conversations are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Problems before warnings, and among those of one severity by the time lost, then by the bytes lost; the rest by bytes
    /// on the wire. Those of a flood or scan, which the capture reports as one, come behind others of their severity.
    #[default]
    Trouble,
    /// Many bytes on the wire.
    Bytes,
    /// Many packets.
    Packets,
    /// An early start.
    Start,
    /// A long duration.
    Duration,
}

/// The larger, the earlier a conversation comes; earlier numbers decide first.
type Rank = [i128; 3];

impl Order {
    /// Every order with its name on the command line.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Trouble, "trouble"),
        (Self::Bytes, "bytes"),
        (Self::Packets, "packets"),
        (Self::Start, "start"),
        (Self::Duration, "duration"),
    ];

    fn rank(self, of: &Conversation) -> Rank {
        let sum = |of: &PerDirection<u64>| i128::from(of.client_to_server) + i128::from(of.server_to_client);
        let totals = &of.totals;
        match self {
            Self::Trouble => match of.findings_count().trouble() {
                None => [0, 0, sum(&totals.bytes)],
                Some(severity) => {
                    let rank = 2 * severity as i128 + i128::from(!totals.in_surge);
                    [rank, i128::from(totals.time_lost().0), i128::from(totals.bytes_lost())]
                }
            },
            Self::Bytes => [sum(&totals.bytes), 0, 0],
            Self::Packets => [sum(&totals.packets), 0, 0],
            Self::Start => [
                totals.start.map_or(i128::MIN, |start| {
                    -(i128::from(start.seconds()) * 1_000_000_000 + i128::from(start.subsec_nanos()))
                }),
                0,
                0,
            ],
            Self::Duration => [totals.duration.map_or(i128::MIN, |duration| i128::from(duration.0)), 0, 0],
        }
    }
}

#[derive(Debug)]
struct Ranked {
    rank: Rank,
    /// Of two of the same rank, the earlier comes first.
    came: Reverse<u64>,
    conversation: Conversation,
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.rank, self.came).cmp(&(other.rank, other.came))
    }
}

/// The first conversations of an order; the others are counted.
#[derive(Debug)]
pub(super) struct Ranking {
    order: Order,
    max: usize,
    /// The last of them on top, so that it is the first to go.
    heap: BinaryHeap<Reverse<Ranked>>,
    left_out: u64,
}

impl Ranking {
    /// At most `max` conversations.
    pub(super) fn new(order: Order, max: usize) -> Self {
        Self { order, max, heap: BinaryHeap::new(), left_out: 0 }
    }

    /// Keeps a conversation if it is among the first.
    pub(super) fn offer(&mut self, conversation: &Conversation) {
        let rank = self.order.rank(conversation);
        let came = Reverse(conversation.totals.first_frame);
        if self.heap.len() >= self.max {
            self.left_out += 1;
            if self.heap.peek().is_none_or(|Reverse(last)| (last.rank, last.came) >= (rank, came)) {
                return;
            }
            self.heap.pop();
        }
        self.heap.push(Reverse(Ranked { rank, came, conversation: conversation.clone() }));
    }

    /// Takes out the conversations in their order, and how many were left out.
    pub(super) fn take(&mut self) -> (Vec<Conversation>, u64) {
        let sorted = std::mem::take(&mut self.heap).into_sorted_vec();
        let first = sorted.into_iter().map(|Reverse(ranked)| ranked.conversation).collect();
        (first, std::mem::take(&mut self.left_out))
    }
}
