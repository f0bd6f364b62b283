//! Round-trip times: RFC 6298's estimator, and the distribution of a conversation's samples.

use smallvec::SmallVec;

use super::capture_point::CapturePoint;
use crate::model::{Nanos, OptTime};

/// The number of samples that are kept exactly. Beyond it the median comes from buckets a sixteenth apart.
const EXACT: usize = 32;
/// Sixteen buckets for each power of two of nanoseconds.
const BUCKETS: usize = 64 * 16;

/// SRTT and RTTVAR of one sender.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Estimator {
    smoothed: OptTime,
    variation: Nanos,
}

impl Estimator {
    /// Takes one sample; RTTVAR is updated before SRTT (RFC 6298 §2.3).
    pub(super) fn sample(&mut self, of: u64, time: Nanos) -> RttSample {
        let before = self.smoothed.get();
        self.variation = match before {
            None => Nanos(time.0 / 2),
            Some(srtt) => moved(self.variation, Nanos(srtt.minus(time).0.saturating_abs()), 4),
        };
        let smoothed = smoothed(before, time);
        self.smoothed = Some(smoothed).into();
        RttSample { of, time, smoothed, variation: self.variation, seen: None }
    }

    /// RTTVAR.
    pub(super) fn variation(&self) -> Nanos {
        self.variation
    }

    /// SRTT, once there was a sample.
    pub(super) fn smoothed(&self) -> Option<Nanos> {
        self.smoothed.get()
    }
}

/// SRTT (the textbook's EstimatedRTT) after one more sample, α = 1/8; the first sample begins it (RFC 6298 §2).
pub fn smoothed(before: Option<Nanos>, sample: Nanos) -> Nanos {
    before.map_or(sample, |before| moved(before, sample, 8))
}

/// `value`, gone a part of the way to `goal`; rounded down.
fn moved(value: Nanos, goal: Nanos, part: i64) -> Nanos {
    value.plus(Nanos(goal.minus(value).0.div_euclid(part)))
}

/// Times of a conversation in bounded memory.
#[derive(Clone, Debug, Default)]
pub struct Distribution {
    /// All of them, in nanoseconds, while they are few.
    few: SmallVec<[i64; 2]>,
    /// All of them, once they are many.
    many: Option<Box<Buckets>>,
}

/// Many times, counted by their size.
#[derive(Clone, Debug)]
struct Buckets {
    counts: [u32; BUCKETS],
    count: u64,
    min: i64,
    max: i64,
}

impl Buckets {
    fn new() -> Self {
        Self { counts: [0; BUCKETS], count: 0, min: i64::MAX, max: i64::MIN }
    }

    fn add(&mut self, nanos: i64) {
        if let Some(count) = self.counts.get_mut(bucket_of(nanos)) {
            *count = count.saturating_add(1);
        }
        self.count += 1;
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
    }

    fn median(&self) -> Option<Nanos> {
        let middle = self.count.div_ceil(2);
        let mut seen = 0;
        let index = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= middle
        })?;
        Some(Nanos(bucket_start(index).clamp(self.min, self.max)))
    }
}

impl Distribution {
    /// Reads a part of every cache line of it, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(super) fn read_ahead(&self) -> u64 {
        u64::from(self.many.is_some())
    }

    /// Hands its memory to the next one.
    pub(super) fn recycle_into(&mut self, next: &mut Self) {
        next.few = std::mem::take(&mut self.few);
        next.few.clear();
    }

    /// Takes one time.
    pub fn add(&mut self, time: Nanos) {
        if let Some(many) = &mut self.many {
            return many.add(time.0);
        }
        if self.few.len() < EXACT {
            return self.few.push(time.0);
        }
        let many = self.many.insert(Box::new(Buckets::new()));
        self.few.drain(..).chain([time.0]).for_each(|nanos| many.add(nanos));
    }

    /// Least, middle and most of them; nothing where there is none, and no time of a handshake either.
    pub fn totals(&mut self, handshake: Option<Nanos>) -> Option<RttTotals> {
        if let Some(many) = &self.many {
            let (min, max) = (Some(Nanos(many.min)), Some(Nanos(many.max)));
            return Some(RttTotals { handshake, min, median: many.median(), max, count: many.count });
        }
        self.few.sort_unstable();
        let (min, max) = (self.few.first(), self.few.last());
        if min.is_none() && handshake.is_none() {
            return None;
        }
        let (min, max) = (min.copied().map(Nanos), max.copied().map(Nanos));
        Some(RttTotals { handshake, min, median: self.middle(), max, count: self.few.len() as u64 })
    }

    /// The middle one of few that are sorted, or half-way between the two in the middle.
    fn middle(&self) -> Option<Nanos> {
        let half = self.few.len() / 2;
        let upper = *self.few.get(half)?;
        let lower = if self.few.len().is_multiple_of(2) { *self.few.get(half - 1)? } else { upper };
        Some(Nanos(lower.midpoint(upper)))
    }
}

/// Exponent and the four bits behind the leading one.
fn bucket_of(nanos: i64) -> usize {
    let value = nanos.max(1).unsigned_abs();
    let exponent = value.ilog2();
    let mantissa = if exponent >= 4 { value >> (exponent - 4) } else { value << (4 - exponent) } & 15;
    exponent as usize * 16 + mantissa as usize
}

fn bucket_start(index: usize) -> i64 {
    let (exponent, mantissa) = (index / 16, index % 16);
    let value = ((16 + mantissa as u128) << exponent) >> 4;
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A round-trip time: from a segment to the ACK that covers it (RFC 6298, Karn's rule kept).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RttSample {
    /// The segment's frame.
    pub of: u64,
    /// The time between the two frames.
    pub time: Nanos,
    /// SRTT after this sample, α = 1/8.
    pub smoothed: Nanos,
    /// RTTVAR after this sample, β = 1/4.
    pub variation: Nanos,
    /// The place of the capture, as far as it was known at this sample.
    pub seen: Option<CapturePoint>,
}

/// Round-trip times of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RttTotals {
    /// From the SYN to the ACK that ends the handshake.
    pub handshake: Option<Nanos>,
    /// The smallest sample.
    pub min: Option<Nanos>,
    /// The middle sample.
    pub median: Option<Nanos>,
    /// The largest sample.
    pub max: Option<Nanos>,
    /// The number of samples.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variation_is_updated_before_the_smoothed_time() {
        let mut estimator = Estimator::default();
        let first = estimator.sample(1, Nanos(8_000));
        assert_eq!((first.smoothed, first.variation), (Nanos(8_000), Nanos(4_000)));
        let second = estimator.sample(2, Nanos(16_000));
        assert_eq!((second.smoothed, second.variation), (Nanos(9_000), Nanos(5_000)));
    }

    #[test]
    fn the_median_is_exact_for_few_and_close_for_many() {
        let mut few = Distribution::default();
        [5, 1, 9].into_iter().for_each(|n| few.add(Nanos(n)));
        assert_eq!(few.totals(None).and_then(|t| t.median), Some(Nanos(5)));
        let mut even = Distribution::default();
        [58_800, 1_440_000].into_iter().for_each(|n| even.add(Nanos(n)));
        assert_eq!(even.totals(None).and_then(|t| t.median), Some(Nanos(749_400)));
        let mut many = Distribution::default();
        (1..=100_001).for_each(|n| many.add(Nanos(n * 1_000)));
        let median = many.totals(None).and_then(|t| t.median).unwrap().0 as f64;
        assert!((median / 50_001_000.0 - 1.0).abs() < 1.0 / 16.0, "{median}");
    }
}
