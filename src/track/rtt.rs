//! Round-trip times: RFC 6298's estimator, and the distribution of a conversation's samples.

use super::capture_point::CapturePoint;
use crate::model::Nanos;

/// How many samples are kept exactly; beyond, the median comes from buckets a sixteenth apart.
const EXACT: usize = 32;
/// Sixteen buckets for each power of two of nanoseconds.
const BUCKETS: usize = 64 * 16;

/// SRTT and RTTVAR of one sender.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Estimator {
    smoothed: Option<Nanos>,
    variation: Nanos,
}

impl Estimator {
    /// Takes one sample; RTTVAR is updated before SRTT (RFC 6298 §2.3).
    pub(super) fn sample(&mut self, of: u64, time: Nanos) -> RttSample {
        self.variation = match self.smoothed {
            None => Nanos(time.0 / 2),
            Some(srtt) => moved(self.variation, Nanos(srtt.minus(time).0.saturating_abs()), 4),
        };
        let smoothed = smoothed(self.smoothed, time);
        self.smoothed = Some(smoothed);
        RttSample { of, time, smoothed, variation: self.variation, seen: None }
    }

    /// RTTVAR.
    pub(super) fn variation(&self) -> Nanos {
        self.variation
    }

    /// SRTT, once there was a sample.
    pub(super) fn smoothed(&self) -> Option<Nanos> {
        self.smoothed
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
    exact: Vec<i64>,
    buckets: Option<Box<[u32; BUCKETS]>>,
    min: Option<Nanos>,
    max: Option<Nanos>,
    count: u64,
}

impl Distribution {
    /// Hands its memory to the next one.
    pub(super) fn hand_over(&mut self, next: &mut Self) {
        next.exact = std::mem::take(&mut self.exact);
        next.exact.clear();
    }

    /// Takes one time.
    pub fn add(&mut self, time: Nanos) {
        self.min = Some(self.min.map_or(time, |min| min.min(time)));
        self.max = Some(self.max.map_or(time, |max| max.max(time)));
        self.count += 1;
        if self.exact.len() < EXACT && self.buckets.is_none() {
            self.exact.push(time.0);
            return;
        }
        let buckets = self.buckets.get_or_insert_with(|| {
            let mut buckets = Box::new([0; BUCKETS]);
            self.exact.drain(..).for_each(|nanos| count_in(&mut buckets, nanos));
            buckets
        });
        count_in(buckets, time.0);
    }

    /// Least, middle and most of them; nothing where there is none, and no time of a handshake either.
    pub fn totals(&mut self, handshake: Option<Nanos>) -> Option<RttTotals> {
        if self.count == 0 && handshake.is_none() {
            return None;
        }
        Some(RttTotals { handshake, min: self.min, median: self.median(), max: self.max, count: self.count })
    }

    /// The middle sample, or half-way between the two in the middle; exact for few, within 1/16 for many.
    fn median(&mut self) -> Option<Nanos> {
        let Some(buckets) = &self.buckets else {
            self.exact.sort_unstable();
            let half = self.exact.len() / 2;
            let upper = *self.exact.get(half)?;
            let lower = if self.exact.len().is_multiple_of(2) { *self.exact.get(half - 1)? } else { upper };
            return Some(Nanos(lower.midpoint(upper)));
        };
        let middle = self.count.div_ceil(2);
        let mut seen = 0;
        let index = buckets.iter().position(|count| {
            seen += u64::from(*count);
            seen >= middle
        })?;
        let value = Nanos(bucket_start(index));
        Some(value.clamp(self.min?, self.max?))
    }
}

fn count_in(buckets: &mut [u32; BUCKETS], nanos: i64) {
    if let Some(count) = buckets.get_mut(bucket_of(nanos)) {
        *count = count.saturating_add(1);
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
    /// Where it was captured, as far as was known by then.
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
    /// How many samples there are.
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
