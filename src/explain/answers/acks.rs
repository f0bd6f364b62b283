//! Answers about ACKs: the bytes that they cover, and their delay.

use super::answer::{Answer, AnswerTable};
use super::data::{BOTH, NO_DATA};
use super::question::{Case, Question, Topic};
use super::words::{counted, frames_of, millis};
use crate::explain::describe::thousands;
use crate::model::Occurrences;
use crate::model::{Direction, Nanos};
use crate::track::{AckDelayProof, CapturePoint, Event, Measures, TcpFacts, TcpTotals};

pub(super) static BYTES: Question = Question {
    id: "acked_bytes",
    text: "How many bytes does the receiver acknowledge with one ACK?",
    topic: Topic::Tcp(bytes),
    of_all_steps: true,
};

pub(super) static DELAYED: Question = Question {
    id: "delayed_acks",
    text: "Are there delayed ACKs, or ACKs of every other segment?",
    topic: Topic::Tcp(delayed),
    of_all_steps: true,
};

const ROWS: usize = 12;

/// An ACK of new data.
#[derive(Clone, Copy, Debug)]
struct DataAck {
    frame: u64,
    from: u32,
    ack: u32,
    bytes: u32,
    segments: u32,
}

/// One side's ACKs.
#[derive(Clone, Debug, Default)]
pub(super) struct AckEvidence {
    first: Vec<DataAck>,
    count: u64,
    bytes: u64,
    min: Option<u32>,
    max: u32,
    /// ACKs of no, one, two, and more than two data segments.
    covering: [u64; 4],
    with_data: u64,
    delayed: Occurrences,
    /// Frame of the data, frame of its ACK, time between them.
    waits: Vec<(u64, u64, Nanos)>,
    longest: Nanos,
}

impl AckEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        // one that is piggybacked on data may have come late with it
        let delayed = facts.observations.delayed_ack.filter(|_| facts.len == 0);
        if let Some(AckDelayProof { data, delay, .. }) = delayed.map(|delayed| delayed.proof) {
            self.delayed.see(event.frame);
            self.longest = self.longest.max(delay);
            if self.waits.len() < ROWS {
                self.waits.push((data, event.frame, delay));
            }
        }
        let Some(acked) = facts.acked.filter(|acked| acked.bytes > 0 && acked.bytes < 1 << 31) else { return };
        self.count += 1;
        self.bytes += u64::from(acked.bytes);
        self.min = Some(self.min.map_or(acked.bytes, |min| min.min(acked.bytes)));
        self.max = self.max.max(acked.bytes);
        self.with_data += u64::from(facts.len > 0);
        if let Some(slot) = self.covering.get_mut(acked.segments.min(3) as usize) {
            *slot += 1;
        }
        if self.first.len() < ROWS {
            let ack = facts.ack.unwrap_or_default();
            self.first.push(DataAck {
                frame: event.frame,
                from: acked.from,
                ack,
                bytes: acked.bytes,
                segments: acked.segments,
            });
        }
    }
}

fn bytes(case: &Case<'_>, _: &TcpTotals) -> Answer {
    let mut answer = Answer::default();
    for side in BOTH {
        let seen = case.seen.acks.get(side);
        let Some(min) = seen.min else { continue };
        let who = side.sender();
        let range = match min == seen.max {
            true => counted(u64::from(min), "byte"),
            false => format!("{} to {} bytes", thousands(u64::from(min)), thousands(u64::from(seen.max))),
        };
        let mut table =
            AnswerTable::new(format!("The {who}'s ACKs"), &["frame", "ACK number", "before", "bytes", "segments"]);
        for ack in &seen.first {
            table.push(
                [ack.frame, u64::from(ack.ack), u64::from(ack.from), u64::from(ack.bytes), u64::from(ack.segments)]
                    .map(|n| n.to_string()),
            );
        }
        table.left_out = seen.count - seen.first.len() as u64;
        let (carried, each) = match (seen.with_data, seen.count) {
            (0, 1) => (String::new(), ""),
            (0, _) => (String::new(), " each"),
            (_, 1) => (", piggybacked on data".to_owned(), ""),
            (count, all) if count == all => (", all piggybacked on data".to_owned(), " each"),
            (count, _) => (format!(", {} of them piggybacked on data", thousands(count)), " each"),
        };
        answer = answer
            .add(format!(
                "The {who} acknowledged new data in {}{carried}: {range}{each}.",
                counted(seen.count, "segment")
            ))
            .line(format!(
                "{who}: average = {} bytes / {} = {:.1} bytes per ACK",
                thousands(seen.bytes),
                counted(seen.count, "ACK"),
                seen.bytes as f64 / seen.count as f64
            ))
            .frames(seen.first.iter().map(|ack| ack.frame))
            .table(table);
    }
    match answer.text.is_empty() {
        true => Answer::unknown("No ACK of new data is in the capture."),
        false => answer.line("bytes = ACK number - ACK number before (SYN and FIN taken off)"),
    }
}

/// Unless an ACK was captured where it was sent, the network may have held it up.
fn or_late(capture_point: Option<CapturePoint>, side: Direction) -> &'static str {
    let at_sender =
        capture_point == Some(CapturePoint::SameHost) || Measures::of(capture_point, !side) == Measures::Delay;
    if at_sender { "" } else { ", or the network delayed it" }
}

fn delayed(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let mut answer = Answer::default();
    for side in BOTH {
        let seen = case.seen.acks.get(side);
        if seen.count == 0 {
            continue;
        }
        let who = side.sender();
        let [none, one, two, more] = seen.covering;
        answer = answer.line(format!(
            "{who}: ACKs covering one segment: {}; two: {}; more: {}{}",
            thousands(one),
            thousands(two),
            thousands(more),
            if none > 0 {
                format!("; segments that were not captured or are no longer kept: {}", thousands(none))
            } else {
                String::new()
            }
        ));
        answer = match seen.delayed.count {
            0 => answer.add(format!("No ACK from the {who} was visibly delayed.")),
            count => answer.add(format!(
                "The {who} delayed the ACK in {}, by {} at most (RFC 1122 §4.2.3.2 allows 500 ms){}.",
                frames_of(count, &seen.delayed.frames),
                seen.longest.human(),
                or_late(tcp.summary.capture_point_evidence.capture_point, side)
            )),
        };
        if two > 0 {
            let every_other = seen.first.iter().filter(|ack| ack.segments == 2).map(|ack| ack.frame);
            answer = answer
                .add(match two {
                    1 => format!("1 ACK of the {who} covers two segments."),
                    _ => format!(
                        "{} of the {who} cover two segments each: ACKs of every other segment.",
                        counted(two, "ACK")
                    ),
                })
                .frames(every_other);
        }
        let mut table =
            AnswerTable::new(format!("The {who}'s delayed ACKs"), &["data in frame", "ACK in frame", "delay (ms)"]);
        for (data, ack, delay) in &seen.waits {
            table.push([data.to_string(), ack.to_string(), millis(*delay)]);
        }
        table.left_out = seen.delayed.count.saturating_sub(seen.waits.len() as u64);
        answer = answer.frames(seen.waits.iter().flat_map(|(data, ack, _)| [*data, *ack])).table(table);
    }
    match answer.text.is_empty() {
        true => Answer::unknown(if case.totals.payload.client_to_server + case.totals.payload.server_to_client == 0 {
            NO_DATA
        } else {
            "No ACK of new data is in the capture."
        }),
        false => answer,
    }
}
