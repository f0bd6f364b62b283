//! Display options for values; nothing here asks a clock or the environment.

use jiff::tz::TimeZone;

use crate::model::{Nanos, Timestamp};

/// The notation of payload bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadView {
    /// As text, with what is no text escaped.
    #[default]
    Text,
    /// As hexadecimal bytes.
    Hex,
}

/// The reader's choices, the same for every column.
#[derive(Clone, Debug)]
pub struct View {
    /// Raw numbers as on the wire instead of relative and scaled ones.
    pub absolute: bool,
    /// The notation of payload bytes.
    pub payload: PayloadView,
    /// Most characters of a payload that a cell shows, where there is more room than usual.
    pub shown: Option<usize>,
    /// Only ASCII: `->` for `→`.
    pub ascii: bool,
    /// The time zone of dates.
    pub time_zone: TimeZone,
}

/// Relative numbers, payload as text, Unicode, UTC.
impl Default for View {
    fn default() -> Self {
        Self { absolute: false, payload: PayloadView::Text, shown: None, ascii: false, time_zone: TimeZone::UTC }
    }
}

impl View {
    /// `→`, or `->`.
    pub fn arrow(&self) -> &'static str {
        if self.ascii { "->" } else { "→" }
    }

    /// Seconds with six decimals, or nine where the microsecond is divided.
    pub(crate) fn seconds(span: Nanos) -> String {
        let text = span.to_string();
        match span.0 % 1_000 {
            0 => text.strip_suffix("000").unwrap_or(&text).to_owned(),
            _ => text,
        }
    }

    /// Seconds with six decimals; what goes beyond is cut off.
    pub(crate) fn microseconds(span: Nanos) -> String {
        let text = span.to_string();
        text.get(..text.len().saturating_sub(3)).unwrap_or(&text).to_owned()
    }

    /// Date and time in the reader's time zone, with its offset from UTC: `2024-05-05 12:34:56.123456+02:00`.
    ///
    /// Seconds since 1970 for a moment outside of the years that a calendar knows.
    pub fn date(&self, time: Timestamp) -> String {
        let nanos = time.subsec_nanos();
        let Ok(moment) = jiff::Timestamp::new(time.seconds(), 0) else { return time.to_string() };
        let zoned = moment.to_zoned(self.time_zone.clone());
        let offset = if self.time_zone == TimeZone::UTC { "Z" } else { &zoned.strftime("%:z").to_string() };
        let fraction = match nanos % 1_000 {
            0 => format!("{:06}", nanos / 1_000),
            _ => format!("{nanos:09}"),
        };
        format!("{}.{fraction}{offset}", zoned.strftime("%Y-%m-%d %H:%M:%S"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_stand_in_the_readers_time_zone() {
        let time = Timestamp::new(1_714_912_496, 123_456_000);
        assert_eq!(View::default().date(time), "2024-05-05 12:34:56.123456Z");
        let east = View { time_zone: TimeZone::fixed(jiff::tz::offset(2)), ..View::default() };
        assert_eq!(east.date(time), "2024-05-05 14:34:56.123456+02:00");
        assert_eq!(View::default().date(Timestamp::new(0, 1)), "1970-01-01 00:00:00.000000001Z");
    }

    #[test]
    fn time_outside_the_calendar_is_shown_as_a_number() {
        assert_eq!(View::default().date(Timestamp::new(i64::MAX, 0)), "9223372036854775807.000000000");
    }

    #[test]
    fn spans_have_as_many_decimals_as_they_need() {
        assert_eq!(View::seconds(Nanos(34_000)), "0.000034");
        assert_eq!(View::seconds(Nanos(34_001)), "0.000034001");
        assert_eq!(View::microseconds(Nanos(1_000_034_999)), "1.000034");
    }
}
