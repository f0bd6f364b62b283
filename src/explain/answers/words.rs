//! Numbers and times as the answers write them.

use crate::explain::describe::thousands;
use crate::model::Nanos;
pub(super) use crate::model::counted;

/// Seconds with six decimals, or nine where the microsecond is divided.
pub(super) fn seconds(span: Nanos) -> String {
    let text = span.to_string();
    match span.0 % 1_000 {
        0 => text.strip_suffix("000").unwrap_or(&text).to_owned(),
        _ => text,
    }
}

/// A moment that may not be known.
pub(super) fn moment(at: Option<Nanos>) -> String {
    at.map_or_else(|| "unknown".to_owned(), seconds)
}

/// ` at 0.000123 s`, or nothing if the capture has no times.
pub(super) fn at_time(at: Option<Nanos>) -> String {
    at.map(|at| format!(" at {} s", seconds(at))).unwrap_or_default()
}

/// Milliseconds with three decimals, or six where the microsecond is divided.
pub(super) fn millis(span: Nanos) -> String {
    let sign = if span.0 < 0 { "-" } else { "" };
    let nanos = span.0.unsigned_abs();
    match nanos % 1_000 {
        0 => format!("{sign}{}.{:03}", nanos / 1_000_000, nanos / 1_000 % 1_000),
        _ => format!("{sign}{}.{:06}", nanos / 1_000_000, nanos % 1_000_000),
    }
}

/// A rate in prose, with three significant digits: `1.33 MB/s (10.7 Mbit/s)`.
pub(in crate::explain) fn rate(bytes: u64, span: Nanos) -> String {
    let a_second = bytes as f64 / span.as_secs_f64();
    format!("{}B/s ({}bit/s)", scaled(a_second), scaled(a_second * 8.0))
}

fn scaled(value: f64) -> String {
    let (value, unit) = match value {
        value if value < 999.5 => (value, ""),
        value if value < 999_500.0 => (value / 1e3, "k"),
        value if value < 999_500_000.0 => (value / 1e6, "M"),
        value => (value / 1e9, "G"),
    };
    let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.decimals$} {unit}")
}

/// `frame 3`, `frames 3, 5 and 20 more`.
pub(super) fn frames_of(count: u64, named: &[u64]) -> String {
    let names: Vec<String> = named.iter().map(u64::to_string).collect();
    match (names.len() as u64, count) {
        (1, 1) => format!("frame {}", names.concat()),
        (shown, all) if all > shown => format!("frames {} and {} more", names.join(", "), thousands(all - shown)),
        _ => format!("frames {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_as_many_decimals_as_they_need() {
        assert_eq!((seconds(Nanos(34_000)), seconds(Nanos(34_001))), ("0.000034".into(), "0.000034001".into()));
        assert_eq!((millis(Nanos(5_171_000)), millis(Nanos(9_500))), ("5.171".into(), "0.009500".into()));
        assert_eq!(millis(Nanos(-1_500_000)), "-1.500");
    }

    #[test]
    fn rates_are_bytes_and_bits() {
        assert_eq!(rate(12, Nanos(9_000)), "1.33 MB/s (10.7 Mbit/s)");
        assert_eq!(rate(100, Nanos(1_000_000_000)), "100 B/s (800 bit/s)");
        assert_eq!(rate(5_100, Nanos(25_885_000)), "197 kB/s (1.58 Mbit/s)");
    }

    #[test]
    fn frames_that_are_not_named_are_counted() {
        assert_eq!(frames_of(1, &[3]), "frame 3");
        assert_eq!(frames_of(2, &[3, 5]), "frames 3, 5");
        assert_eq!(frames_of(2_000, &[3, 5]), "frames 3, 5 and 1,998 more");
    }
}
