//! How fast data got through, and how that is computed.

use super::answer::Answer;
use super::data::BOTH;
use super::question::{Case, Question, Topic};
use super::words::{rate, seconds};
use crate::explain::describe::thousands;
use crate::model::{Nanos, TcpFlags};
use crate::track::{Event, Measures, TcpFacts, TcpTotals};

pub(super) static THROUGHPUT: Question = Question {
    id: "throughput",
    text: "What is the throughput (bytes acknowledged a second), and how is it computed?",
    topic: Topic::Tcp(throughput),
};

/// One side's data, from the first of it to its last ACK.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    first: Option<(u64, Option<Nanos>)>,
    last: Option<(u64, Option<Nanos>)>,
    bytes: u64,
}

impl Seen {
    pub(super) fn sent(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        if facts.len > 0 {
            self.first.get_or_insert((event.frame, event.since_start));
        }
    }

    /// Takes a segment of the peer.
    pub(super) fn acknowledged(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        let Some(acked) = facts.acked.filter(|acked| acked.bytes > 0 && acked.bytes < 1 << 31) else { return };
        if self.first.is_some() && !facts.flags.contains(TcpFlags::RST) {
            self.bytes += u64::from(acked.bytes);
            self.last = Some((event.frame, event.since_start));
        }
    }
}

fn throughput(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let mut answer = Answer::default();
    for direction in BOTH {
        let seen = case.seen.throughput.get(direction);
        let Some((first, from)) = seen.first else { continue };
        let who = direction.sender();
        let Some((last, to)) = seen.last else {
            answer = answer.but(format!("The {who}'s throughput: no ACK of its data is in the capture."));
            continue;
        };
        let span = to.zip(from).map(|(to, from)| to.minus(from)).filter(|span| span.0 > 0);
        answer = answer.frames([first, last]);
        let Some(span) = span else {
            answer =
                answer.but(format!("The {who}'s throughput: no time passes between frame {first} and frame {last}."));
            continue;
        };
        let (begun, ended) = (from.unwrap_or_default(), to.unwrap_or_default());
        let seen_at = match Measures::of(tcp.story.standpoint.vantage, direction) {
            Measures::Delay => " as it came in, for the capture was made at its receiver",
            _ => "",
        };
        answer = answer.add(format!("The {who}'s data{seen_at}: {}.", rate(seen.bytes, span))).line(format!(
            "{who}: {} bytes / ({} s - {} s) = {} / {} s, from frame {first} (first data) to frame {last} (last ACK of new data)",
            thousands(seen.bytes),
            seconds(ended),
            seconds(begun),
            thousands(seen.bytes),
            seconds(span)
        ));
    }
    if answer.text.is_empty() && answer.cannot_tell.is_none() {
        return Answer::unknown("No segment with data is in the capture.");
    }
    match tcp.story.idle.0 > 0 && !answer.text.is_empty() {
        true => answer.add(format!(
            "For {} of the connection nothing was sent (waits of a second or more), so this says how fast the programs were rather than the path.",
            tcp.story.idle.human()
        )),
        false => answer,
    }
}
