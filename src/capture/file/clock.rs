//! The clock of a pcapng interface: how its 64-bit counter becomes a time.

use crate::model::Timestamp;

/// `if_tsresol` and `if_tsoffset` of an interface (draft-ietf-opsawg-pcapng, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    resolution: u8,
    offset: i64,
}

/// Microseconds since 1970, where the interface says nothing.
impl Default for Clock {
    fn default() -> Self {
        Self { resolution: 6, offset: 0 }
    }
}

impl Clock {
    /// `resolution`: ticks a second, 10 to its power, or 2 to the power of its low seven bits where the high bit is set.
    pub(super) fn set_resolution(&mut self, resolution: u8) {
        self.resolution = resolution;
    }

    /// `offset`: seconds to be added to every time.
    pub(super) fn set_offset(&mut self, offset: i64) {
        self.offset = offset;
    }

    /// The moment of `ticks`, rounded down to a nanosecond; a second beyond 64 bits is held at the farthest moment.
    #[inline]
    pub(super) fn time(self, ticks: u64) -> Timestamp {
        let (seconds, nanos) = match self.resolution {
            6 => (ticks / 1_000_000, (ticks % 1_000_000) * 1_000),
            9 => (ticks / 1_000_000_000, ticks % 1_000_000_000),
            other => odd_resolution(other, ticks),
        };
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_add(self.offset);
        Timestamp::new(seconds, nanos as u32)
    }
}

/// Seconds and nanoseconds of `ticks` at any resolution there can be.
#[cold]
fn odd_resolution(resolution: u8, ticks: u64) -> (u64, u64) {
    let power = u32::from(resolution & 0x7f);
    let per_second = if resolution & 0x80 == 0 { 10_u128.checked_pow(power) } else { 2_u128.checked_pow(power) };
    // finer than 128 bits: 64 bits of ticks are no nanosecond
    let Some(per_second) = per_second else { return (0, 0) };
    let ticks = u128::from(ticks);
    // the rest is below 2^64, so 2^94 is the most that the product gets
    let nanos = (ticks % per_second) * 1_000_000_000 / per_second;
    ((ticks / per_second) as u64, nanos as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(resolution: u8, offset: i64, ticks: u64) -> String {
        let mut clock = Clock::default();
        clock.set_resolution(resolution);
        clock.set_offset(offset);
        clock.time(ticks).to_string()
    }

    #[test]
    fn powers_of_ten_and_of_two_become_nanoseconds() {
        assert_eq!(time(6, 0, 1_700_000_000_000_001), "1700000000.000001000");
        assert_eq!(time(9, 0, 1_700_000_000_123_456_789), "1700000000.123456789");
        assert_eq!(time(3, 0, 1_700_000_000_005), "1700000000.005000000");
        assert_eq!(time(0, 0, 17), "17.000000000");
        assert_eq!(time(12, 0, 1_500_000_000_999), "1.500000000");
        assert_eq!(time(0x80 | 10, 0, 1024 * 5 + 512), "5.500000000");
        assert_eq!(time(0x80, 0, 5), "5.000000000");
    }

    #[test]
    fn no_resolution_overflows() {
        assert_eq!(time(19, 0, u64::MAX), "1.844674407");
        assert_eq!(time(20, 0, u64::MAX), "0.184467440");
        assert_eq!(time(0x80 | 64, 0, u64::MAX), "0.999999999");
        assert_eq!(time(127, 0, u64::MAX), "0.000000000");
        assert_eq!(time(0xff, 0, u64::MAX), "0.000000000");
        assert_eq!(time(0, i64::MAX, u64::MAX), format!("{}.000000000", i64::MAX));
        for resolution in 0..=255 {
            time(resolution, i64::MIN, u64::MAX);
        }
    }

    #[test]
    fn the_offset_is_added_in_seconds() {
        assert_eq!(time(6, 100, 1_000_001), "101.000001000");
        assert_eq!(time(6, -2, 1_250_000), "-0.750000000");
    }
}
