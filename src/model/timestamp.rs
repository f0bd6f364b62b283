//! Times of capture and durations: nanoseconds, without a clock.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::num::NonZeroU32;

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// A moment on the capture's clock: seconds since 1970-01-01 UTC and nanoseconds within the second.
///
/// Kept in two parts since a pcapng timestamp may lie further away than 64 bits of nanoseconds reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    /// One more than the nanoseconds: never 0, so that `Option<Timestamp>` takes no more room than a timestamp.
    nanos_plus_one: NonZeroU32,
}

impl Timestamp {
    /// The moment `seconds` and `nanos` after 1970; a sub-second part of a second or more carries over.
    pub fn new(seconds: i64, nanos: u32) -> Self {
        let carry = i64::from(nanos / 1_000_000_000);
        let nanos_plus_one = NonZeroU32::MIN.saturating_add(nanos % 1_000_000_000);
        Self { seconds: seconds.saturating_add(carry), nanos_plus_one }
    }

    /// Whole seconds since 1970; negative before it.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second, 0 to 999,999,999.
    pub fn subsec_nanos(self) -> u32 {
        self.nanos_plus_one.get() - 1
    }

    /// The time from `earlier` to `self`, negative if the clock went back; saturates at ±292 years.
    #[inline]
    pub fn since(self, earlier: Self) -> Nanos {
        let nanos = i64::from(self.nanos_plus_one.get()) - i64::from(earlier.nanos_plus_one.get());
        if let Some(seconds) = self.seconds.checked_sub(earlier.seconds)
            && seconds.unsigned_abs() < 1 << 33
        {
            return Nanos(seconds * 1_000_000_000 + nanos);
        }
        let wide = (i128::from(self.seconds) - i128::from(earlier.seconds)) * NANOS_PER_SECOND + i128::from(nanos);
        Nanos(i64::try_from(wide).unwrap_or(if wide < 0 { i64::MIN } else { i64::MAX }))
    }
}

/// The beginning of 1970.
impl Default for Timestamp {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

/// Seconds since 1970 with nine decimals, as in the JSON Lines output.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.subsec_nanos();
        if self.seconds < 0 && nanos > 0 {
            // -1 s + 0.25 s is written -0.75
            write_seconds(f, true, (self.seconds + 1).unsigned_abs(), 1_000_000_000 - nanos)
        } else {
            write_seconds(f, self.seconds < 0, self.seconds.unsigned_abs(), nanos)
        }
    }
}

/// A span of time in nanoseconds; negative where the capture's clock went back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub i64);

impl Nanos {
    /// A span of whole milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    /// The difference to `other`; saturates.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Both spans together; saturates.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The span in seconds, for arithmetic that needs no exactness.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The span in prose: three significant digits and the unit that fits (`34.2 µs`, `5.16 s`).
    pub fn human(self) -> impl fmt::Display {
        HumanNanos(self.0)
    }
}

/// Seconds with nine decimals, as in the JSON Lines output.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let abs = self.0.unsigned_abs();
        write_seconds(f, self.0 < 0, abs / 1_000_000_000, (abs % 1_000_000_000) as u32)
    }
}

/// Whole seconds and nine decimals. Every step has such a number, and the machinery of formatting takes several times as
/// long for it.
fn write_seconds(f: &mut fmt::Formatter<'_>, is_negative: bool, seconds: u64, nanos: u32) -> fmt::Result {
    // a sign, 20 digits, a point and 9 digits, from the right
    let mut text = [b'0'; 31];
    let mut places = text.iter_mut().rev();
    let mut put = |byte: u8| places.next().into_iter().for_each(|place| *place = byte);
    let mut rest = nanos;
    for _ in 0..9 {
        put(b'0' + (rest % 10) as u8);
        rest /= 10;
    }
    put(b'.');
    let mut rest = seconds;
    loop {
        put(b'0' + (rest % 10) as u8);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if is_negative {
        put(b'-');
    }
    let unused = places.len();
    let used = text.get(unused..).and_then(|used| str::from_utf8(used).ok());
    f.write_str(used.unwrap_or_default())
}

struct HumanNanos(i64);

impl fmt::Display for HumanNanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let abs = self.0.unsigned_abs();
        let (unit, name) = match abs {
            0..1_000 => (1, " ns"),
            1_000..999_500 => (1_000, " µs"),
            999_500..999_500_000 => (1_000_000, " ms"),
            _ => (1_000_000_000, " s"),
        };
        let decimals = match unit {
            1 => 0,
            _ if abs < unit / 1_000 * 9_995 => 2,
            _ if abs < unit / 1_000 * 99_950 => 1,
            _ => 0,
        };
        if self.0 < 0 {
            f.write_str("-")?;
        }
        match rounded(abs, unit, decimals) {
            Some((whole, part)) => {
                f.write_str(itoa::Buffer::new().format(whole))?;
                let digit = |number: u8| char::from(b'0' + number % 10);
                if decimals > 0 {
                    f.write_char('.')?;
                }
                if decimals > 1 {
                    f.write_char(digit(part / 10))?;
                }
                if decimals > 0 {
                    f.write_char(digit(part))?;
                }
            }
            None => write!(f, "{:.1$}", abs as f64 / unit as f64, decimals as usize)?,
        }
        f.write_str(name)
    }
}

/// `abs` in units with these decimals: the whole part and the decimals as a number. `None` where floating-point numbers
/// decide: between two neighbours, and beyond eleven days. Their formatting takes many times as long.
fn rounded(abs: u64, unit: u64, decimals: u32) -> Option<(u64, u8)> {
    const LONG: u64 = 1_000_000_000_000_000;
    let scale = 10_u64.pow(decimals);
    let scaled = if abs < LONG { abs * scale } else { return None };
    let (down, rest) = (scaled / unit, scaled % unit);
    let nearest = match (rest * 2).cmp(&unit) {
        Ordering::Less => down,
        Ordering::Equal => return None,
        Ordering::Greater => down + 1,
    };
    Some((nearest / scale, u8::try_from(nearest % scale).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_second_part_of_a_second_or_more_carries() {
        assert_eq!(Timestamp::new(10, 1_500_000_000).to_string(), "11.500000000");
    }

    #[test]
    fn times_before_1970_read_as_negative_seconds() {
        assert_eq!(Timestamp::new(-1, 250_000_000).to_string(), "-0.750000000");
        assert_eq!(Timestamp::new(-3, 250_000_000).to_string(), "-2.750000000");
    }

    #[test]
    fn spans_saturate_instead_of_overflowing() {
        let far = Timestamp::new(i64::MAX, 0);
        let past = Timestamp::new(i64::MIN, 0);
        assert_eq!(far.since(past), Nanos(i64::MAX));
        assert_eq!(past.since(far), Nanos(i64::MIN));
        assert_eq!(Timestamp::new(2, 1).since(Timestamp::new(1, 2)), Nanos(999_999_999));
    }

    #[test]
    fn human_spans_are_rounded_as_floating_point_numbers() {
        let by_float = |nanos: u64| {
            let (value, unit) = match nanos {
                0..1_000 => return format!("{nanos} ns"),
                1_000..999_500 => (nanos as f64 / 1e3, "µs"),
                999_500..999_500_000 => (nanos as f64 / 1e6, "ms"),
                _ => (nanos as f64 / 1e9, "s"),
            };
            let decimals = [(9.995, 2), (99.95, 1)].iter().find(|(below, _)| value < *below).map_or(0, |found| found.1);
            format!("{value:.decimals$} {unit}")
        };
        let powers = (0..19).map(|power| 10_u64.pow(power));
        let ties = powers.flat_map(|power| {
            [1_u64, 2, 5, 9_985, 9_995, 99_450, 99_950, 1_005, 100_500].map(|n| n.saturating_mul(power) / 1_000)
        });
        let spread = (0..2_000_000).step_by(37).chain((0..12_000_000_000).step_by(1_234_567));
        for nanos in ties.flat_map(|tie| [tie.saturating_sub(1), tie, tie + 1]).chain(spread).filter(|n| *n < 1 << 62) {
            assert_eq!(Nanos(nanos as i64).human().to_string(), by_float(nanos), "{nanos}");
        }
    }

    #[test]
    fn human_spans_have_three_significant_digits() {
        let human = |n: i64| Nanos(n).human().to_string();
        assert_eq!(human(34_210), "34.2 µs");
        assert_eq!(human(5_160_000_000), "5.16 s");
        assert_eq!(human(999_600), "1.00 ms");
        assert_eq!(human(12), "12 ns");
        assert_eq!(human(-1_500), "-1.50 µs");
    }
}
