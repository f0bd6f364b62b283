//! Answers about throughput and its computation.

use super::answer::Answer;
use super::data::BOTH;
use super::question::{Case, Question, Topic};
use super::words::{rate, seconds};
use crate::explain::describe::thousands;
use crate::track::{Measures, TcpTotals};

pub(super) static THROUGHPUT: Question = Question {
    id: "throughput",
    text: "What is the throughput (bytes acknowledged per second), and how is it computed?",
    topic: Topic::Tcp(throughput),
    of_all_steps: true,
};

fn throughput(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let mut answer = Answer::default();
    for direction in BOTH {
        let seen = case.seen.transfer.flows().get(direction);
        let Some((first, from)) = seen.first else { continue };
        let who = direction.sender();
        let Some((last, to)) = seen.last else {
            answer = answer.but(format!("The {who}'s throughput: no ACK of new data of it is in the capture."));
            continue;
        };
        answer = answer.frames([first, last]);
        let Some(span) = seen.span() else {
            answer =
                answer.but(format!("The {who}'s throughput: no time passes between frame {first} and frame {last}."));
            continue;
        };
        let (begun, ended) = (from.unwrap_or_default(), to.unwrap_or_default());
        let measures = Measures::of(tcp.summary.capture_point_evidence.capture_point, direction);
        if measures == Measures::Delay && seen.segments == 1 {
            answer = answer.but(format!(
                "The {who}'s throughput: at its receiver the time from one segment to its ACK is the receiver's delay."
            ));
            continue;
        }
        let seen_at = match measures {
            Measures::Delay => " as it arrived (the capture was made at its receiver)",
            _ => "",
        };
        answer = answer.add(format!("The {who}'s data{seen_at}: {}.", rate(seen.acked_bytes, span))).line(format!(
            "{who}: {} bytes / ({} s - {} s) = {} / {} s, from frame {first} (first data) to frame {last} (last ACK of new data)",
            thousands(seen.acked_bytes),
            seconds(ended),
            seconds(begun),
            thousands(seen.acked_bytes),
            seconds(span)
        ));
        // at the receiver nothing in flight shows
        if measures != Measures::Delay && seen.idle.0 >= span.0 / 10 && seen.idle.0 > 0 {
            answer = answer.add(format!(
                "For {} of that time none of this data was in flight, so the programs limit this throughput as well as the path.",
                seen.idle.human()
            ));
        }
    }
    if answer.text.is_empty() && answer.cannot_tell.is_none() {
        return Answer::unknown("No segment with data is in the capture.");
    }
    answer
}
