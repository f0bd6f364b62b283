//! Reassembly: the bytes of one direction in stream order, from segments in any order.

use std::collections::VecDeque;
use std::sync::Arc;

use super::budget::{BudgetGuard, MemoryBudget};
use crate::model::SeqNumber;

/// Limit of the out-of-order bytes that a stream holds in its own memory.
const OWN: usize = 256 * 1024;
/// Limit of the same with borrowed memory: a window of that size may be in flight behind a lost segment.
const BORROWED: usize = 8 * 1024 * 1024;
/// Limit of the gaps in a stream that memory is borrowed for.
const GAPS: usize = 32;

/// Reassembles segments within a bound; permanently broken if more would have to be held.
#[derive(Clone, Debug, Default)]
pub(super) struct InOrder {
    next: Option<SeqNumber>,
    /// Allocated when the first segment arrives out of order.
    held: Option<Box<OutOfOrder>>,
    broken: bool,
}

/// Out-of-order segments, which wait for the ones before them.
#[derive(Clone, Debug, Default)]
struct OutOfOrder {
    /// The segments in stream order.
    segments: VecDeque<Segment>,
    /// Their memory in bytes, bookkeeping included.
    bytes: usize,
    /// Memory beyond the limit of a single stream.
    borrowed: Option<Arc<BudgetGuard>>,
}

/// The origin of a segment's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) frame: u64,
    pub(super) push: bool,
}

#[derive(Clone, Debug)]
struct Segment {
    at: SeqNumber,
    bytes: Vec<u8>,
    mark: Origin,
}

impl InOrder {
    /// `true` if reassembly has been given up.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// The stream's beginning is in the capture: it starts at offset 0, whichever segment arrives first.
    pub(super) fn begin(&mut self) {
        self.next.get_or_insert_default();
    }

    /// `true` if bytes below `acked`, which the receiver has, are missing here.
    #[inline]
    pub(super) fn lacks(&self, acked: u32) -> bool {
        self.next.is_some_and(|next| SeqNumber(acked).is_after(next))
    }

    /// The number of bytes by which the stream is beyond `offset`; `None` if it is not.
    pub(super) fn ahead_of(&self, offset: u32) -> Option<u32> {
        let next = self.next.filter(|next| next.is_after(SeqNumber(offset)))?;
        Some(next.relative_to(SeqNumber(offset)))
    }

    /// Releases the segments held in borrowed memory: no more are expected.
    pub(super) fn settle(&mut self) {
        self.held = self.held.take().filter(|held| held.borrowed.is_none());
    }

    /// Skips the missing bytes below `acked`: the receiver has them, and the capture does not. Gives `deliver` the
    /// offset and the length of each gap, and the bytes that were held behind it.
    pub(super) fn skip(&mut self, acked: u32, mut deliver: impl FnMut(Result<(&[u8], Origin), (SeqNumber, u32)>)) {
        let acked = SeqNumber(acked);
        while let Some(next) = self.next.filter(|next| acked.is_after(*next)) {
            let held = self.held.as_ref().and_then(|held| held.first());
            let to = held.filter(|held| held.is_before(acked)).unwrap_or(acked);
            deliver(Err((next, to.relative_to(next))));
            self.next = Some(to);
            self.release(to, |fresh, mark| deliver(Ok((fresh, mark))));
        }
    }

    /// Gives `deliver` the bytes that are now in order. `offset` counts from the stream's start, modulo 2^32.
    pub(super) fn feed(
        &mut self,
        offset: u32,
        payload: &[u8],
        (mark, budget): (Origin, &MemoryBudget),
        mut deliver: impl FnMut(&[u8], Origin),
    ) {
        let at = SeqNumber(offset);
        let next = *self.next.get_or_insert(at);
        if at.is_after(next) {
            self.hold(next, Segment { at, bytes: payload.to_vec(), mark }, budget);
            return;
        }
        let known = next.relative_to(at) as usize;
        let Some(fresh) = payload.get(known..).filter(|fresh| !fresh.is_empty()) else { return };
        deliver(fresh, mark);
        self.release(advance(next, fresh.len()), deliver);
    }

    /// Gives `deliver` the bytes held before `next`, and continues behind it.
    #[inline]
    fn release(&mut self, mut next: SeqNumber, mut deliver: impl FnMut(&[u8], Origin)) {
        while let Some(Segment { at, bytes, mark }) = self.held.as_mut().and_then(|held| held.take(next)) {
            if let Some(fresh) = bytes.get(next.relative_to(at) as usize..).filter(|fresh| !fresh.is_empty()) {
                deliver(fresh, mark);
                next = advance(next, fresh.len());
            }
        }
        self.next = Some(next);
    }

    #[cold]
    fn hold(&mut self, next: SeqNumber, segment: Segment, budget: &MemoryBudget) {
        let held = self.held.get_or_insert_default();
        if self.broken || !held.make_room(segment.cost(), budget) {
            self.broken = true;
            self.held = None;
            return;
        }
        held.put(next, segment);
    }
}

impl Segment {
    /// The memory that the segment takes, in bytes.
    fn cost(&self) -> usize {
        self.bytes.len() + size_of::<Self>()
    }
}

impl OutOfOrder {
    /// Frees or borrows memory for `cost` more bytes; `false` if there is none.
    fn make_room(&mut self, cost: usize, budget: &MemoryBudget) -> bool {
        let needed = self.bytes + cost;
        if needed <= self.borrowed.as_ref().map_or(OWN, |loan| loan.bytes) {
            return true;
        }
        let most = needed.next_power_of_two();
        let loan = if most <= BORROWED && self.gaps() <= GAPS { budget.borrow(most) } else { None };
        let lent = loan.is_some();
        self.borrowed = loan.or(self.borrowed.take());
        lent
    }

    fn gaps(&self) -> usize {
        let pairs = self.segments.iter().zip(self.segments.iter().skip(1));
        pairs.filter(|(one, next)| next.at.is_after(advance(one.at, one.bytes.len()))).count()
    }

    /// Inserts a segment in stream order, unless one at its place has all its bytes.
    fn put(&mut self, next: SeqNumber, segment: Segment) {
        let place = |segment: &Segment| segment.at.relative_to(next);
        let own = place(&segment);
        let index = self.segments.partition_point(|other| place(other) <= own);
        let before = index.checked_sub(1).and_then(|before| self.segments.get(before));
        if before.is_some_and(|other| other.at == segment.at && other.bytes.len() >= segment.bytes.len()) {
            return;
        }
        self.bytes += segment.cost();
        self.segments.insert(index, segment);
    }

    /// The offset of the first held segment.
    fn first(&self) -> Option<SeqNumber> {
        self.segments.front().map(|held| held.at)
    }

    /// Takes the first segment if it begins at `next` or before.
    fn take(&mut self, next: SeqNumber) -> Option<Segment> {
        let segment = self.segments.pop_front_if(|held| !held.at.is_after(next))?;
        self.bytes -= segment.cost();
        if self.segments.is_empty() {
            self.borrowed = None;
        }
        Some(segment)
    }
}

fn advance(next: SeqNumber, bytes: usize) -> SeqNumber {
    next.plus(u32::try_from(bytes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin { frame: 1, push: true };

    #[test]
    fn late_and_repeated_bytes_are_delivered_once_and_in_order() {
        let mut stream = InOrder::default();
        let mut out = Vec::new();
        let mut feed = |at: u32, bytes: &[u8]| {
            stream.feed(at, bytes, (ORIGIN, &MemoryBudget::default()), |fresh, _| out.extend_from_slice(fresh))
        };
        feed(u32::MAX - 1, b"ab");
        feed(2, b"ef");
        feed(2, b"ef");
        feed(u32::MAX, b"bcd");
        feed(3, b"fg");
        assert_eq!(out, b"abcdefg");
    }

    #[test]
    fn stream_captured_from_its_start_waits_for_its_first_bytes() {
        let mut stream = InOrder::default();
        stream.begin();
        let mut out = Vec::new();
        [(2, b"cd"), (0, b"ab")].iter().for_each(|(at, bytes)| {
            stream.feed(*at, *bytes, (ORIGIN, &MemoryBudget::default()), |x, _| out.extend_from_slice(x))
        });
        assert_eq!(out, b"abcd");
    }

    #[test]
    fn uncaptured_delivered_bytes_are_skipped() {
        let mut stream = InOrder::default();
        let mut feed = |at: u32, bytes: &[u8]| stream.feed(at, bytes, (ORIGIN, &MemoryBudget::default()), |_, _| {});
        [(0, b"ab"), (4, b"ef"), (8, b"ij")].iter().for_each(|(at, bytes)| feed(*at, *bytes));
        assert!(stream.lacks(9) && !stream.lacks(2));
        let mut out = Vec::new();
        stream.skip(9, |part| out.push(part.map(|(bytes, _)| bytes.to_vec())));
        let lost = |at| Err((SeqNumber(at), 2));
        assert_eq!(out, [lost(2), Ok(b"ef".to_vec()), lost(6), Ok(b"ij".to_vec())]);
        assert!(!stream.lacks(10) && stream.lacks(11));
    }

    #[test]
    fn held_bytes_are_bounded() {
        let (mut stream, budget) = (InOrder::default(), MemoryBudget::default());
        let mut feed = |at: u32, bytes: &[u8]| {
            stream.feed(at, bytes, (ORIGIN, &budget), |_, _| {});
            stream.is_broken()
        };
        feed(0, b"x");
        assert!(!(0..100).any(|n| feed(10 + n * 60_000, &[0; 60_000])));
        assert!((100..200).any(|n| feed(10 + n * 60_000, &[0; 60_000])));
        assert!(stream.held.is_none() && budget.borrow(64 << 20).is_some());
        // gaps everywhere: no memory is borrowed for them
        let mut stream = InOrder::default();
        (0..300_u32).for_each(|n| stream.feed(n * 2_000, &[0; 1000], (ORIGIN, &budget), |_, _| {}));
        assert!(stream.is_broken());
    }

    #[test]
    fn large_backlog_is_delivered_in_order_and_its_memory_released() {
        let (mut stream, budget) = (InOrder::default(), MemoryBudget::default());
        stream.begin();
        let mut out = Vec::new();
        let mut feed = |n: u8| {
            stream
                .feed(u32::from(n) * 10_000, &[n; 10_000], (ORIGIN, &budget), |fresh, _| out.extend_from_slice(fresh));
        };
        (1..=90).rev().chain(91..=200).chain([50, 0]).for_each(&mut feed);
        assert!(out.iter().is_sorted() && out.len() == 201 * 10_000);
        assert!(!stream.is_broken() && budget.borrow(64 << 20).is_some());
    }
}
