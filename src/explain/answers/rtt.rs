//! Round-trip times of the first data segments, and the textbook's EstimatedRTT.

use super::answer::{Answer, AnswerTable};
use super::data::{BOTH, NO_DATA, Segment};
use super::question::{Case, Question, Topic};
use super::words::{frames_of, millis, moment};
use crate::explain::capture_point::captured_at;
use crate::model::{Direction, Nanos};
use crate::track::{self, CapturePoint, Measures, TcpTotals};

pub(super) static RTT: Question = Question {
    id: "rtt",
    text: "For the first six data segments: when was each sent and acknowledged, what is its RTT, and the EstimatedRTT after it?",
    topic: Topic::Tcp(rtt),
    of_all_steps: false,
};

/// A segment's sample: none without its ACK, none if it was sent twice (Karn), and none if it was captured behind it.
fn sample(segment: &Segment) -> Option<Nanos> {
    let (_, acked) = segment.acked.filter(|_| segment.again.is_none() && !segment.late)?;
    Some(acked?.minus(segment.at?)).filter(|time| time.0 >= 0)
}

/// The samples whose ACK had to wait for the retransmission of an earlier segment.
fn held_up(segments: &[Segment]) -> String {
    let again = segments.iter().filter(|segment| segment.again.is_some()).filter_map(|segment| segment.acked);
    let frames: Vec<_> = again.map(|(frame, _)| frame).collect();
    let waited = segments
        .iter()
        .filter(|segment| sample(segment).is_some() && segment.acked.is_some_and(|(acked, _)| frames.contains(&acked)));
    let waited: Vec<_> = waited.map(|segment| segment.frame).collect();
    match waited.is_empty() {
        true => String::new(),
        false => format!(
            "A cumulative ACK had to wait for a retransmission, so that wait is in the samples of {}.",
            frames_of(waited.len() as u64, &waited)
        ),
    }
}

fn rtt(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let mut answer = Answer::default();
    for direction in BOTH {
        let segments = &case.seen.data.get(direction).first;
        if !segments.is_empty() {
            answer = side(answer, direction, segments, tcp.summary.capture_point_evidence.capture_point);
        }
    }
    if answer.tables.is_empty() { Answer::unknown(NO_DATA) } else { answer }
}

/// The reason why no segment gives a sample.
fn no_sample(who: &str, segments: &[Segment]) -> String {
    let mut once = segments.iter().filter(|segment| segment.again.is_none() && !segment.late);
    if once.any(|segment| segment.acked.is_some()) {
        return format!("No sample for the {who}'s data: its times or those of its ACKs are not known.");
    }
    let late = if segments.iter().any(|segment| segment.late) { " and captured before its ACK" } else { "" };
    format!("No sample for the {who}'s data: the capture has no ACK of a segment that was sent only once{late} (Karn).")
}

fn side(mut answer: Answer, direction: Direction, segments: &[Segment], seen: Option<CapturePoint>) -> Answer {
    let measures = Measures::of(seen, direction);
    let (who, peer) = (direction.sender(), direction.receiver());
    let (time, estimate) = match measures {
        Measures::RoundTrip => ("RTT (ms)", "EstimatedRTT"),
        Measures::Part => ("partial RTT (ms)", "estimated"),
        Measures::Delay => ("delay (ms)", ""),
        Measures::Unknown => ("to ACK (ms)", "estimated"),
    };
    let mut head = vec!["frame", "length", "sent (s)", "ACKed (s)", "in frame", time];
    head.extend((measures != Measures::Delay).then_some(estimate));
    let mut table = AnswerTable::new(format!("From the {who}"), &head);
    let (mut smoothed, mut steps) = (None, Vec::new());
    for segment in segments {
        let sample = sample(segment);
        if let Some(sample) = sample {
            let next = track::smoothed(smoothed, sample);
            steps.push(match smoothed {
                None => format!("after frame {}: the first sample, {} ms", segment.frame, millis(sample)),
                Some(before) => format!(
                    "after frame {}: 7/8 × {} + 1/8 × {} = {} ms",
                    segment.frame,
                    millis(before),
                    millis(sample),
                    millis(next)
                ),
            });
            smoothed = Some(next);
        }
        let measured = match (sample, segment.again, segment.acked) {
            (Some(sample), ..) => millis(sample),
            (None, ..) if segment.late => "captured late".to_owned(),
            (None, Some(again), _) if again == segment.frame => "retransmitted here".to_owned(),
            (None, Some(again), _) => format!("retransmitted in {again}"),
            (None, None, None) => "no ACK".to_owned(),
            (None, None, Some(_)) => "no time".to_owned(),
        };
        let acked = segment.acked.map(|(frame, at)| (moment(at), frame.to_string()));
        let (acked_at, acked_by) = acked.unwrap_or_else(|| ("-".to_owned(), "-".to_owned()));
        let mut row =
            vec![segment.frame.to_string(), segment.len.to_string(), moment(segment.at), acked_at, acked_by, measured];
        if measures != Measures::Delay {
            row.push(smoothed.filter(|_| sample.is_some()).map_or_else(|| "-".to_owned(), millis));
        }
        table.rows.push(row);
    }
    let frames = segments.iter().flat_map(|segment| [Some(segment.frame), segment.acked.map(|(frame, _)| frame)]);
    answer = answer.frames(frames.flatten()).table(table);
    match (measures, smoothed) {
        (Measures::Delay, _) => answer.but(format!(
            "The {who}'s data has no RTT here: the capture was made at the {peer}, the receiver, so that the time to the ACK is only the {peer}'s own delay and leaves out the path."
        )),
        (_, None) => answer.but(no_sample(who, segments)),
        (_, Some(last)) => {
            let name = if measures == Measures::RoundTrip { "EstimatedRTT" } else { "estimate" };
            let place = if measures == Measures::RoundTrip { format!(", {}", captured_at(seen)) } else { String::new() };
            answer = answer.add(format!("The {who}'s {name} after them is {} ms{place}.", millis(last)));
            if steps.len() > 1 || answer.calculation.is_empty() {
                answer = answer.line(format!("{who}: {name} = 7/8 × {name} + 1/8 × sample (RFC 6298's α = 1/8)"));
            }
            answer = steps.into_iter().fold(answer, Answer::line);
            answer = answer.add(held_up(segments));
            match measures {
                Measures::Part => answer.but(format!(
                    "Captured between the endpoints: the {who}'s times run from there to the {peer} and back, less than the whole round trip."
                )),
                Measures::Unknown => answer.but(format!(
                    "The capture point is unknown: the {who}'s times are round-trip times only if the capture was made at the {who}."
                )),
                Measures::RoundTrip | Measures::Delay => answer,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The textbook's own lab trace: six samples in microseconds, and the estimates that its solution gives.
    #[test]
    fn estimate_follows_rfc_6298() {
        let samples = [27_460, 35_557, 70_059, 114_428, 139_894, 189_645];
        let wanted = [27_460, 28_472, 33_670, 43_765, 55_781, 72_514];
        let mut before = None;
        for (sample, wanted) in samples.into_iter().zip(wanted) {
            let next = track::smoothed(before, Nanos(sample * 1_000));
            assert!((next.0 / 1_000 - wanted).abs() <= 1, "{next} for {wanted}");
            before = Some(next);
        }
    }
}
