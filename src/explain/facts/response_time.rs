//! The fact about response times: the time of the server, and the share of the network.

use super::FactInput;
use super::round_trip::spread;
use crate::model::Occurrences;
use crate::model::thresholds::SLOW_RESPONSE;
use crate::model::{Nanos, counted};
use crate::track::CapturePoint;

/// From each request's last byte to its answer's first.
pub(super) fn response_time(known: &FactInput<'_>) -> Option<String> {
    let times = known.transfer?.response_times()?;
    let (min, max) = (times.min?, times.max?);
    let (it, than) = if times.count == 1 { ("it", "that") } else { ("each", "the shortest of them") };
    let times = spread((min, times.median?, max), times.count);
    let capture_point_evidence = known.totals.capture_point_evidence();
    let network = match (capture_point_evidence.capture_point, capture_point_evidence.halves) {
        (Some(CapturePoint::Server | CapturePoint::SameHost), _) => String::new(),
        (Some(CapturePoint::Client | CapturePoint::Between), Some((server, _))) if server <= nearly(min) => {
            format!("; the network took about {} of {it}, as in the handshake", server.min(min).human())
        }
        (Some(CapturePoint::Client | CapturePoint::Between), Some((server, _))) => format!(
            "; in the handshake the network took {}, longer than {than}, so its part is unknown",
            server.human()
        ),
        _ => "; the network's part is unknown".to_owned(),
    };
    let at_server = matches!(capture_point_evidence.capture_point, Some(CapturePoint::Server | CapturePoint::SameHost));
    let lost = match max >= SLOW_RESPONSE && !at_server {
        true => "; if an answer was lost before the capture point, the time runs to its retransmission",
        false => "",
    };
    let more = known.transfer.map_or_else(String::new, |transfer| pipelined(transfer.pipelined()));
    Some(format!("request's last byte to answer's first: {times}{network}{lost}{more}"))
}

/// Answers whose response time is unknown.
fn pipelined(unmatched: &Occurrences) -> String {
    let Some(first) = unmatched.frames.first() else { return String::new() };
    format!(
        "; {}, from frame {first} on, may begin answers too, but the requests had not waited for earlier answers (pipelining), so their response times are unknown",
        counted(unmatched.count, "segment")
    )
}

/// The longest time in the handshake that is still about the same: a tenth longer.
fn nearly(time: Nanos) -> Nanos {
    time.plus(Nanos(time.0 / 10))
}
