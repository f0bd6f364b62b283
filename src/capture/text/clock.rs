//! The times of a text: of the day, since 1970, since the first or since the previous packet, or none.

use super::scan::Scan;
use crate::model::Timestamp;

const DAY: i64 = 86_400;
/// Nanoseconds.
const SECOND: u32 = 1_000_000_000;
/// So far back within a day is the next day.
const HALF_DAY: i64 = DAY / 2;
/// Times that rise so often and never go back are since the first packet: of times since the previous one, some are
/// shorter than the one before.
const ENOUGH: usize = 4;

/// A time as printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stamp {
    /// Of the day (or since another packet): seconds and nanoseconds.
    Clock(i64, u32),
    /// Of a date: seconds since 1970 in an unnamed time zone.
    Date(i64, u32),
    /// Seconds since 1970.
    Epoch(i64, u32),
    /// Seconds since the first packet.
    Elapsed(i64, u32),
}

/// The meaning of times like `00:00:01.5` in a text whose first one is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeBase {
    OfDay,
    SinceFirst,
    SincePrevious,
    Undecided,
}

/// Makes moments of the times of a text.
#[derive(Debug)]
pub(super) struct Clock {
    base: Option<TimeBase>,
    last: Timestamp,
    days: i64,
    packets: u64,
    seen: Option<Stamp>,
    missing: bool,
}

impl Clock {
    /// For a text with these first times.
    pub(super) fn new(first: &[Stamp]) -> Self {
        let base = first.first().map(|stamp| match stamp {
            Stamp::Clock(0, 0) if first.len() > 1 => {
                let rises = first.windows(2).filter(|pair| matches!(pair, [one, next] if one < next)).count();
                match rises {
                    _ if !first.is_sorted() => TimeBase::SincePrevious,
                    0..ENOUGH => TimeBase::Undecided,
                    _ => TimeBase::SinceFirst,
                }
            }
            _ => TimeBase::OfDay,
        });
        Self { base, last: Timestamp::default(), days: 0, packets: 0, seen: None, missing: false }
    }

    /// The moment of the next packet, which has this time.
    pub(super) fn time_of(&mut self, stamp: Option<Stamp>) -> Option<Timestamp> {
        self.packets += 1;
        let Some(stamp) = stamp else {
            self.missing = true;
            return None;
        };
        self.seen.get_or_insert(stamp);
        let time_of = match stamp {
            Stamp::Epoch(seconds, nanos) | Stamp::Date(seconds, nanos) | Stamp::Elapsed(seconds, nanos) => {
                Timestamp::new(seconds, nanos)
            }
            Stamp::Clock(seconds, nanos) => match self.base.unwrap_or(TimeBase::OfDay) {
                TimeBase::OfDay => {
                    let gone = self.last.seconds() - self.days * DAY - seconds;
                    if self.packets > 1 && gone > HALF_DAY {
                        self.days += 1;
                    }
                    Timestamp::new(self.days * DAY + seconds, nanos)
                }
                TimeBase::SinceFirst => Timestamp::new(seconds, nanos),
                TimeBase::SincePrevious => Timestamp::new(
                    self.last.seconds().saturating_add(seconds),
                    self.last.subsec_nanos().saturating_add(nanos),
                ),
                // the second packet's is both
                TimeBase::Undecided if self.packets <= 2 => Timestamp::new(seconds, nanos),
                TimeBase::Undecided => {
                    self.missing = true;
                    return None;
                }
            },
        };
        self.last = time_of;
        Some(time_of)
    }

    /// The remark about times that are missing or incomplete.
    pub(super) fn remark(&self) -> Option<&'static str> {
        Some(match (self.seen?, self.base) {
            (_, Some(TimeBase::Undecided)) => {
                "its times may be since the first or since the previous packet: only the first two are used"
            }
            (Stamp::Clock(..), Some(TimeBase::SinceFirst | TimeBase::SincePrevious)) | (Stamp::Elapsed(..), _) => {
                "its times are since the first packet: the date is unknown"
            }
            (Stamp::Clock(..), _) => "its times have no date and no time zone",
            (Stamp::Date(..), _) => "its times have no time zone: they are taken as UTC",
            (Stamp::Epoch(..), _) => return None,
        })
    }

    /// Returns `true` if a packet had no time.
    pub(super) fn lacks_times(&self) -> bool {
        self.missing
    }
}

/// The time at the front of a line, if there is one.
pub(super) fn stamp(scan: &mut Scan<'_>) -> Option<Stamp> {
    let mut ahead = *scan;
    let word = ahead.word()?;
    let stamp = if let Some(days) = date(word) {
        let (seconds, nanos) = time_of_day(ahead.word()?)?;
        Stamp::Date(days * DAY + seconds, nanos)
    } else if let Some((seconds, nanos)) = time_of_day(word) {
        Stamp::Clock(seconds, nanos)
    } else {
        let (seconds, nanos) = decimal(word)?;
        Stamp::Epoch(seconds, nanos)
    };
    *scan = ahead;
    Some(stamp)
}

/// `2023-05-17` as days since 1970 (proleptic Gregorian calendar).
fn date(word: &str) -> Option<i64> {
    let mut parts = word.split('-');
    let mut number = |digits: usize| -> Option<i64> {
        let part = parts.next()?;
        let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse().ok()).flatten()
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // days before the month, in a year that begins in March
    let year = if month > 2 { year } else { year - 1 };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468)
}

/// `15:30:11.106833`, with up to nine decimals.
fn time_of_day(word: &str) -> Option<(i64, u32)> {
    let mut parts = word.splitn(3, ':');
    let mut field = || parts.next().filter(|part| part.len() == 2).and_then(|part| part.parse::<i64>().ok());
    let (hours, minutes) = (field()?, field()?);
    let (seconds, nanos) = decimal(parts.next()?)?;
    (minutes < 60 && seconds <= 60 && hours >= 0 && minutes >= 0)
        .then_some((hours * 3600 + minutes * 60 + seconds, nanos))
}

/// `11.106833` as time since the first packet, or `-0.000041`: a packet that was captured out of order.
pub(super) fn elapsed(word: &str) -> Option<Stamp> {
    let Some(before) = word.strip_prefix('-') else {
        let (seconds, nanos) = decimal(word)?;
        return Some(Stamp::Elapsed(seconds, nanos));
    };
    let (seconds, nanos) = decimal(before)?;
    Some(if nanos == 0 { Stamp::Elapsed(-seconds, 0) } else { Stamp::Elapsed(-seconds - 1, SECOND - nanos) })
}

/// `11.106833`, or with a comma.
pub(super) fn decimal(word: &str) -> Option<(i64, u32)> {
    let (whole, fraction) = word.split_once(['.', ','])?;
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || whole.len() > 12 || fraction.len() > 9 {
        return None;
    }
    let scale = 10_u32.pow(9 - u32::try_from(fraction.len()).ok()?);
    Some((whole.parse().ok()?, fraction.parse::<u32>().ok()?.checked_mul(scale)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Stamp> {
        stamp(&mut Scan::new(text))
    }

    #[test]
    fn every_form_of_time_is_read() {
        assert_eq!(of("15:30:11.106833 IP"), Some(Stamp::Clock(55_811, 106_833_000)));
        assert_eq!(of("1415115011.106833 IP"), Some(Stamp::Epoch(1_415_115_011, 106_833_000)));
        assert_eq!(of("2014-11-04 15:30:11.106833 IP"), Some(Stamp::Date(1_415_115_011, 106_833_000)));
        assert_eq!(of(" 00:00:00.000000001 IP"), Some(Stamp::Clock(0, 1)));
        for other in ["IP 10.0.0.1", "15:30 x", "2014-13-04 00:00:00.0", "127.0.0.1.80", "1:2:3.4", "", "aa:bb:cc.1"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn a_time_before_the_first_packet_is_negative() {
        assert_eq!(elapsed("0.5"), Some(Stamp::Elapsed(0, 500_000_000)));
        assert_eq!(elapsed("-0.000041"), Some(Stamp::Elapsed(-1, 999_959_000)));
        assert_eq!(elapsed("-2.0"), Some(Stamp::Elapsed(-2, 0)));
        assert_eq!(elapsed("-2"), None);
    }

    fn moments(stamps: &[Stamp]) -> Vec<Option<String>> {
        let mut clock = Clock::new(stamps);
        stamps.iter().map(|stamp| clock.time_of(Some(*stamp)).map(|time_of| time_of.to_string())).collect()
    }

    #[test]
    fn times_of_day_continue_after_midnight() {
        let stamps = [Stamp::Clock(86_399, 0), Stamp::Clock(1, 0), Stamp::Clock(0, 999_000_000)];
        let expected = ["86399.000000000", "86401.000000000", "86400.999000000"];
        assert_eq!(moments(&stamps), expected.map(|text| Some(text.to_owned())));
    }

    #[test]
    fn backward_times_are_relative_to_the_previous_packet() {
        let stamps = [0, 5, 2].map(|seconds| Stamp::Clock(seconds, 0));
        let expected = ["0.000000000", "5.000000000", "7.000000000"];
        assert_eq!(moments(&stamps), expected.map(|text| Some(text.to_owned())));
        let first = [0, 1, 2, 3, 9].map(|seconds| Stamp::Clock(seconds, 0));
        assert_eq!(moments(&first)[4], Some("9.000000000".to_owned()));
        // three times do not tell
        let few = [0, 1, 2].map(|seconds| Stamp::Clock(seconds, 0));
        assert_eq!(moments(&few)[2], None);
    }
}
