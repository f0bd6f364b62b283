//! Only the first conversations of an order, for a summary of any capture in bounded memory.

use std::io;

use super::Sink;
use super::ranking::{Order, Ranking};
use super::totals::CaptureTotals;
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;

/// The sink that holds conversations back until the end and passes the first on, in order; steps are dropped.
#[derive(Debug)]
pub struct LargestConversations<S> {
    inner: S,
    ranking: Ranking,
}

impl<S: Sink> LargestConversations<S> {
    /// Passes at most `max` conversations on to `inner`, by `order`.
    pub fn new(order: Order, max: usize, inner: S) -> Self {
        Self { inner, ranking: Ranking::new(order, max) }
    }
}

impl<S: Sink> Sink for LargestConversations<S> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.ranking.take();
        self.inner.capture(info)
    }

    fn wants_steps(&self) -> bool {
        false
    }

    fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.ranking.offer(conversation);
        Ok(())
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        let (first, left_out) = self.ranking.take();
        first.iter().try_for_each(|conversation| self.inner.conversation(conversation))?;
        let mut totals = totals.clone();
        totals.left_out.conversations += left_out;
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

    fn largest(order: Order, max: usize) -> (Vec<u64>, u64) {
        let mut told = Told::default();
        let mut sink = LargestConversations::new(order, max, &mut told);
        sink.capture(&CaptureInfo::default()).expect("told");
        // frame, bytes, packets, duration; each order has another first
        for (frame, bytes, packets, duration) in [(1, 10, 3, 5), (2, 40, 1, 5), (3, 10, 7, 1), (4, 20, 2, 9)] {
            sink.conversation(&conversation(frame, bytes, packets, duration)).expect("told");
        }
        sink.finish(&CaptureTotals::default()).expect("told");
        (told.conversations, told.totals.left_out.conversations)
    }

    #[test]
    fn every_sort_order_has_its_first_and_ties_go_to_the_earlier() {
        assert_eq!(largest(Order::Bytes, 9), (vec![2, 4, 1, 3], 0));
        assert_eq!(largest(Order::Packets, 9), (vec![3, 1, 4, 2], 0));
        assert_eq!(largest(Order::Start, 9), (vec![1, 2, 3, 4], 0));
        assert_eq!(largest(Order::Duration, 9), (vec![4, 1, 2, 3], 0));
        assert_eq!(largest(Order::Trouble, 9), largest(Order::Bytes, 9), "none of them has a finding");
    }

    #[test]
    fn bound_keeps_the_first_in_order_and_counts_the_rest() {
        assert_eq!(largest(Order::Bytes, 3), (vec![2, 4, 1], 1));
        assert_eq!(largest(Order::Packets, 1), (vec![3], 3));
        assert_eq!(largest(Order::Start, 2), (vec![1, 2], 2));
    }
}
