//! From data to its ACK, and whether that is a round trip.

use crate::explain::capture_point;
use crate::model::{Direction, Nanos, counted};
use crate::track::{CapturePoint, ConversationTotals};

/// The samples; where the data was received, that there is no round trip to be seen.
pub(super) fn round_trip(totals: &ConversationTotals) -> Option<String> {
    let seen = totals.tcp.as_ref()?.summary.capture_point_evidence.capture_point;
    let whose = match seen {
        Some(CapturePoint::Client) => "client's data",
        Some(CapturePoint::Server) => "server's data",
        Some(CapturePoint::Between | CapturePoint::SameHost) | None => "data",
    };
    let Some((min, median, max, count)) = totals.rtt.and_then(|rtt| Some((rtt.min?, rtt.median?, rtt.max?, rtt.count)))
    else {
        return unseen(totals, seen);
    };
    let samples = format!("{whose} to ACK: {}", spread((min, median, max), count));
    let place = capture_point::captured_at(seen);
    Some(match seen {
        Some(CapturePoint::Between) => format!("{samples}; {place}, so only from there to the receiver and back"),
        Some(_) => format!("{samples}; {place}"),
        None => format!("{samples}; {place}, so it may be the receiver's delay alone"),
    })
}

/// Min, median and max of the samples; of one just that.
pub(super) fn spread((min, median, max): (Nanos, Nanos, Nanos), count: u64) -> String {
    let samples = counted(count, "sample");
    match count {
        1 => format!("{} ({samples})", median.human()),
        _ => format!("min {}, median {}, max {} ({samples})", min.human(), median.human(), max.human()),
    }
}

/// The reason why data gives no round trip: it is received where the capture was made.
fn unseen(totals: &ConversationTotals, seen: Option<CapturePoint>) -> Option<String> {
    let sender = match seen? {
        CapturePoint::Client => Direction::ServerToClient,
        CapturePoint::Server => Direction::ClientToServer,
        CapturePoint::Between | CapturePoint::SameHost => return None,
    };
    let lone = *totals.payload.get(sender) > 0 && *totals.payload.get(!sender) == 0;
    lone.then(|| {
        format!(
            "not shown by this capture: only the {} sent data, and at the receiver the time to its ACK leaves out the path",
            sender.sender()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sample_is_neither_min_nor_max() {
        let times = (Nanos(3_000), Nanos(4_000), Nanos(5_000));
        assert_eq!(spread((times.0, times.0, times.0), 1), "3.00 µs (1 sample)");
        assert_eq!(spread(times, 2), "min 3.00 µs, median 4.00 µs, max 5.00 µs (2 samples)");
    }
}
