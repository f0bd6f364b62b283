//! Values over time in a bounded number of buckets.
//!
//! As long as there are few, each has its own bucket and is exact. When there are too many, all buckets double their
//! width and neighbours are merged: what is merged keeps its smallest and its largest value, so a peak or a single
//! retransmission never disappears.

use crate::model::Nanos;

/// Most buckets of a series: more than a page has dots in a line.
const MAX_BUCKETS: usize = 1_024;

/// A value that can stand for several.
pub(crate) trait Merge {
    /// Takes a later value in.
    fn merge(&mut self, later: &Self);
}

/// From the smallest to the largest of some values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// The smallest.
    pub low: u64,
    /// The largest.
    pub high: u64,
    /// The latest.
    pub last: u64,
    /// Number of values.
    pub count: u64,
}

impl Range {
    /// From `low` to `high`.
    pub(crate) fn new(low: u64, high: u64) -> Self {
        Self { low, high, last: high, count: 1 }
    }
}

impl From<u64> for Range {
    fn from(value: u64) -> Self {
        Self::new(value, value)
    }
}

impl Merge for Range {
    fn merge(&mut self, later: &Self) {
        self.low = self.low.min(later.low);
        self.high = self.high.max(later.high);
        self.last = later.last;
        self.count += later.count;
    }
}

/// Packets and bytes, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Number of packets.
    pub packets: u64,
    /// Number of bytes.
    pub bytes: u64,
}

impl Merge for Sum {
    fn merge(&mut self, later: &Self) {
        self.packets += later.packets;
        self.bytes += later.bytes;
    }
}

/// A span of time and the value in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot<V> {
    /// The time of the first value in it.
    pub from: Nanos,
    /// The time of the last.
    pub to: Nanos,
    /// The value.
    pub value: V,
}

/// Values over time.
#[derive(Clone, Debug)]
pub(crate) struct Buckets<V> {
    width: i64,
    slots: Vec<Slot<V>>,
}

impl<V> Default for Buckets<V> {
    fn default() -> Self {
        Self { width: 1, slots: Vec::new() }
    }
}

impl<V: Merge> Buckets<V> {
    /// Adds a value; one whose time is before the last one's counts at the last one's.
    pub(crate) fn push(&mut self, time: Nanos, value: V) {
        let width = self.width;
        if let Some(last) = self.slots.last_mut() {
            let time = time.max(last.to);
            if time.0.div_euclid(width) == last.from.0.div_euclid(width) {
                last.to = time;
                last.value.merge(&value);
                return;
            }
            self.slots.push(Slot { from: time, to: time, value });
        } else {
            self.slots.push(Slot { from: time, to: time, value });
        }
        while self.slots.len() > MAX_BUCKETS {
            self.widen();
        }
    }

    /// Makes buckets twice as wide.
    fn widen(&mut self) {
        let Some(width) = self.width.checked_mul(2) else {
            self.slots.truncate(1);
            return;
        };
        self.width = width;
        let mut merged: Vec<Slot<V>> = Vec::with_capacity(self.slots.len());
        for slot in self.slots.drain(..) {
            match merged.last_mut() {
                Some(last) if slot.from.0.div_euclid(width) == last.from.0.div_euclid(width) => {
                    last.to = slot.to;
                    last.value.merge(&slot.value);
                }
                _ => merged.push(slot),
            }
        }
        self.slots = merged;
    }

    /// The buckets that hold a value, in the order of time.
    pub(crate) fn slots(&self) -> &[Slot<V>] {
        &self.slots
    }

    /// Returns `true` if there is no value.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn extremes_and_counts_are_exact_and_memory_is_bounded(
            values in prop::collection::vec((0_i64..50_000_000_000, 0_u64..1_000_000), 1..6_000),
        ) {
            let mut times: Vec<i64> = values.iter().map(|(time, _)| *time).collect();
            times.sort_unstable();
            let mut buckets = Buckets::default();
            for (time, (_, value)) in times.iter().zip(&values) {
                buckets.push(Nanos(*time), Range::from(*value));
            }
            prop_assert!(buckets.slots().len() <= MAX_BUCKETS);
            let all = || buckets.slots().iter().map(|slot| slot.value);
            prop_assert_eq!(all().map(|range| range.count).sum::<u64>(), values.len() as u64);
            prop_assert_eq!(all().map(|range| range.high).max(), values.iter().map(|(_, value)| *value).max());
            prop_assert_eq!(all().map(|range| range.low).min(), values.iter().map(|(_, value)| *value).min());
            prop_assert!(buckets.slots().is_sorted_by_key(|slot| (slot.from, slot.to)));
            if values.len() <= MAX_BUCKETS {
                times.dedup();
                prop_assert_eq!(buckets.slots().len(), times.len());
            }
        }
    }

    #[test]
    fn backward_and_extreme_timestamps_are_handled() {
        let mut buckets = Buckets::default();
        for time in [5, 3, i64::MIN, i64::MAX, 7] {
            buckets.push(Nanos(time), Range::from(1));
        }
        for time in 0..5_000 {
            buckets.push(Nanos(i64::MAX - time), Range::from(2));
        }
        assert_eq!(buckets.slots().iter().map(|slot| slot.value.count).sum::<u64>(), 5_005);
    }
}
