//! Dates for many moments that lie close together: the calendar is asked once a minute.

use std::ops::Range;

use jiff::tz::TimeZone;

use super::super::buffer::{Buffer, ShortText};
use crate::model::Timestamp;

/// Writes dates in one time zone.
pub(super) struct Clock {
    time_zone: TimeZone,
    /// The seconds since 1970 for which the texts hold.
    minute: Range<i64>,
    before: ShortText<24>,
    after: ShortText<16>,
}

impl Clock {
    pub(super) fn new(time_zone: TimeZone) -> Self {
        Self { time_zone, minute: 0..0, before: ShortText::new(""), after: ShortText::new("") }
    }

    /// `2024-05-05T12:34:56.123456789Z`; seconds since 1970 for a moment that no calendar knows.
    #[inline]
    pub(super) fn write(&mut self, time: Timestamp, buffer: &mut Buffer) {
        let seconds = time.seconds();
        if !self.minute.contains(&seconds) && !self.turn_to(seconds) {
            buffer.text(&time.to_string());
            return;
        }
        buffer.short(&self.before);
        buffer.two_digits((seconds - self.minute.start) as u8);
        buffer.push(b'.');
        buffer.nine_digits(time.subsec_nanos());
        buffer.short(&self.after);
    }

    /// Makes the texts for the minute around `seconds`.
    fn turn_to(&mut self, seconds: i64) -> bool {
        let Ok(moment) = jiff::Timestamp::from_second(seconds) else { return false };
        let zoned = moment.to_zoned(self.time_zone.clone());
        let start = seconds - i64::from(zoned.second());
        self.minute = start..start + 60;
        self.before = ShortText::new(&zoned.strftime("%Y-%m-%dT%H:%M:").to_string());
        self.after = match self.time_zone == TimeZone::UTC {
            true => ShortText::new("Z"),
            false => ShortText::new(&zoned.strftime("%:z").to_string()),
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(zone: TimeZone, times: &[(i64, u32)]) -> Vec<String> {
        let mut clock = Clock::new(zone);
        let date = |(seconds, nanos): &(i64, u32)| {
            let mut buffer = Buffer::new();
            clock.write(Timestamp::new(*seconds, *nanos), &mut buffer);
            buffer.into_string()
        };
        times.iter().map(date).collect()
    }

    #[test]
    fn minute_changes_with_the_seconds_in_any_order() {
        let got = dates(TimeZone::UTC, &[(59, 1), (60, 0), (59, 999_999_999), (-1, 0)]);
        let want = [
            "1970-01-01T00:00:59.000000001Z",
            "1970-01-01T00:01:00.000000000Z",
            "1970-01-01T00:00:59.999999999Z",
            "1969-12-31T23:59:59.000000000Z",
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn utc_offset_is_that_of_the_day() {
        let rome = TimeZone::get("Europe/Rome");
        // a machine without a time zone database has nothing to test here, so a rule is spelled out
        let zone = rome.unwrap_or_else(|_| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a valid rule"));
        let got = dates(zone, &[(1_711_846_799, 0), (1_711_846_800, 0), (i64::MAX, 5)]);
        let want = [
            "2024-03-31T01:59:59.000000000+01:00",
            "2024-03-31T03:00:00.000000000+02:00",
            "9223372036854775807.000000005",
        ];
        assert_eq!(got, want);
    }
}
