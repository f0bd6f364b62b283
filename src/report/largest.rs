//! Only the largest conversations, for a summary of any capture in bounded memory.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io;

use super::Sink;
use super::totals::CaptureTotals;
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::track::ConversationSize;

/// What makes a conversation come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Many bytes on the wire.
    #[default]
    Bytes,
    /// Many packets.
    Packets,
    /// An early start.
    Start,
    /// A long duration.
    Duration,
}

impl Order {
    /// Every order with its name on the command line.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Bytes, "bytes"), (Self::Packets, "packets"), (Self::Start, "start"), (Self::Duration, "duration")];

    /// The larger, the earlier it comes.
    fn rank(self, of: &ConversationSize) -> i128 {
        match self {
            Self::Bytes => i128::from(of.bytes.client_to_server) + i128::from(of.bytes.server_to_client),
            Self::Packets => i128::from(of.packets.client_to_server) + i128::from(of.packets.server_to_client),
            Self::Start => of.start.map_or(i128::MIN, |start| {
                -(i128::from(start.seconds()) * 1_000_000_000 + i128::from(start.subsec_nanos()))
            }),
            Self::Duration => of.duration.map_or(i128::MIN, |duration| i128::from(duration.0)),
        }
    }
}

#[derive(Debug)]
struct Ranked {
    rank: i128,
    conversation: Conversation,
}

impl Ranked {
    /// Of two that are equally large, the earlier comes first.
    fn key(&self) -> (i128, Reverse<u64>) {
        (self.rank, Reverse(self.conversation.totals.first_frame))
    }
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
        self.key().cmp(&other.key())
    }
}

/// The sink that holds conversations back until the end and passes the largest on, in order; steps are dropped.
#[derive(Debug)]
pub struct Largest<S> {
    order: Order,
    most: usize,
    inner: S,
    /// The smallest on top, so that it is the first to go.
    heap: BinaryHeap<Reverse<Ranked>>,
    left_out: u64,
}

impl<S: Sink> Largest<S> {
    /// Passes at most `most` conversations on to `inner`, by `order`.
    pub fn new(order: Order, most: usize, inner: S) -> Self {
        Self { order, most, inner, heap: BinaryHeap::new(), left_out: 0 }
    }
}

impl<S: Sink> Sink for Largest<S> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.heap.clear();
        self.left_out = 0;
        self.inner.capture(info)
    }

    fn wants_steps(&self) -> bool {
        false
    }

    fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
        Ok(())
    }

    fn wants(&mut self, extent: &ConversationSize) -> bool {
        let key = (self.order.rank(extent), Reverse(extent.first_frame));
        let full = self.heap.len() >= self.most;
        let too_small = full && self.heap.peek().is_none_or(|Reverse(smallest)| smallest.key() >= key);
        self.left_out += u64::from(too_small);
        !too_small
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let extent = conversation.totals.extent();
        if !self.wants(&extent) {
            return Ok(());
        }
        if self.heap.len() >= self.most {
            self.left_out += 1;
            self.heap.pop();
        }
        self.heap.push(Reverse(Ranked { rank: self.order.rank(&extent), conversation: conversation.clone() }));
        Ok(())
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        for Reverse(ranked) in std::mem::take(&mut self.heap).into_sorted_vec() {
            self.inner.conversation(&ranked.conversation)?;
        }
        let mut totals = totals.clone();
        totals.left_out.conversations += self.left_out;
        self.inner.finish(&totals)
    }

    fn end(&mut self) -> io::Result<()> {
        self.inner.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Told, conversation};
    use super::*;

    fn largest(order: Order, most: usize) -> (Vec<u64>, u64) {
        let mut told = Told::default();
        let mut sink = Largest::new(order, most, &mut told);
        sink.capture(&CaptureInfo::default()).expect("told");
        // frame, bytes, packets, duration; each order has another first
        for (frame, bytes, packets, duration) in [(1, 10, 3, 5), (2, 40, 1, 5), (3, 10, 7, 1), (4, 20, 2, 9)] {
            sink.conversation(&conversation(frame, bytes, packets, duration)).expect("told");
        }
        sink.finish(&CaptureTotals::default()).expect("told");
        (told.conversations, told.totals.left_out.conversations)
    }

    #[test]
    fn every_order_has_its_own_first_and_ties_go_to_the_earlier() {
        assert_eq!(largest(Order::Bytes, 9), (vec![2, 4, 1, 3], 0));
        assert_eq!(largest(Order::Packets, 9), (vec![3, 1, 4, 2], 0));
        assert_eq!(largest(Order::Start, 9), (vec![1, 2, 3, 4], 0));
        assert_eq!(largest(Order::Duration, 9), (vec![4, 1, 2, 3], 0));
    }

    #[test]
    fn a_bound_keeps_the_first_of_the_order_and_counts_the_others() {
        assert_eq!(largest(Order::Bytes, 3), (vec![2, 4, 1], 1));
        assert_eq!(largest(Order::Packets, 1), (vec![3], 3));
        assert_eq!(largest(Order::Start, 2), (vec![1, 2], 2));
    }
}
