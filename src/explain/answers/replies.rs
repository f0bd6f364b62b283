//! Answers about UDP replies: datagrams do not name the request that they reply to.

use super::answer::{Answer, AnswerTable};
use super::question::{Case, Question, Topic};
use super::words::{frames_of, millis};
use crate::explain::capture_point::captured_at;
use crate::model::Occurrences;
use crate::model::{Direction, Nanos};
use crate::track::{Event, RetransmittedRequest, UdpFacts, UdpPlace};

pub(super) static PAIR: Question = Question {
    id: "udp_pair",
    text: "Which datagrams are request and reply, and how do their ports relate?",
    topic: Topic::Udp(pair),
    of_all_steps: true,
};

/// So many pairs are kept.
const ROWS: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Pair {
    request: u64,
    reply: u64,
    len: u32,
    time: Option<Nanos>,
}

/// The replies.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplyEvidence {
    pairs: Vec<Pair>,
    replies: u64,
    /// The requests that replies are taken for, where others fit as well, and those replies.
    in_doubt: (Occurrences, Occurrences),
}

impl ReplyEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &UdpFacts) {
        match facts.place {
            UdpPlace::Reply { request, sure: true, .. } => {
                self.replies += 1;
                if self.pairs.len() < ROWS {
                    self.pairs.push(Pair { request, reply: event.frame, len: facts.len, time: facts.response_time });
                }
            }
            UdpPlace::Reply { request, .. } => {
                self.in_doubt.0.see(request);
                self.in_doubt.1.see(event.frame);
            }
            _ => {}
        }
    }

    /// Returns `true` if a reply matches several requests.
    pub(super) fn doubted(&self) -> bool {
        self.in_doubt.1.count > 0
    }
}

fn pair(case: &Case<'_>) -> Answer {
    let (seen, totals) = (&case.seen.replies, case.totals);
    let Some(pair) = seen.pairs.first() else { return no_pair(case) };
    let caption = format!("Requests and replies, {}", captured_at(totals.capture_point_evidence().capture_point));
    let mut table = AnswerTable::new(caption, &["request", "reply", "reply length", "time (ms)"]);
    for pair in &seen.pairs {
        let time = pair.time.map_or_else(|| "unknown".to_owned(), millis);
        table.push([pair.request.to_string(), pair.reply.to_string(), pair.len.to_string(), time]);
    }
    table.left_out = seen.replies - seen.pairs.len() as u64;
    let answer = Answer::new(format!("Frame {} is a request, frame {} its reply.", pair.request, pair.reply));
    let answer =
        ports_swapped(case, answer).frames(seen.pairs.iter().flat_map(|pair| [pair.request, pair.reply])).table(table);
    match seen.in_doubt.1.count {
        0 => answer,
        count => {
            let frames = frames_of(count, &seen.in_doubt.1.frames);
            answer.but(format!("Which request is answered by {frames}: several fit.")).frames(in_doubt(case))
        }
    }
}

/// The relation of the ports of request and reply, which identifies a reply.
fn ports_swapped(case: &Case<'_>, answer: Answer) -> Answer {
    let (client, server) = (case.totals.client.port, case.totals.server.port);
    answer
        .add(format!(
            "The reply's ports are swapped: the request goes from {client} to {server}, the reply from {server} to {client}."
        ))
        .add("UDP does not mark replies. echolab matches an echo by its bytes, DNS by the transaction ID, and otherwise takes the server's next datagram.")
}

/// The answer where no reply is known to be to one request.
fn no_pair(case: &Case<'_>) -> Answer {
    if let Some(RetransmittedRequest { first, last, answer }) =
        case.totals.udp.as_ref().and_then(|udp| udp.retransmitted)
    {
        let text = format!(
            "Frame {first} is a request, frame {last} the last that sends its bytes again, and frame {answer} the reply."
        );
        return ports_swapped(case, Answer::new(text))
            .but(format!("Which of them frame {answer} answers, and so how long the answer took."))
            .frames(in_doubt(case).chain([first, last, answer]));
    }
    if case.seen.replies.doubted() {
        let why = "Several requests were unanswered whenever an answer came, and neither its bytes nor an ID shows which of them it answers.";
        return Answer::unknown(why).frames(in_doubt(case));
    }
    let udp = &case.seen.udp;
    let answer = Answer::unknown("No datagram in the capture answers another.");
    let answer = answer.frames(udp.first.map(|sent| sent.frame));
    match udp.error(Direction::ClientToServer) {
        Some(per_sender) => answer
            .add(format!("What came back is an ICMP error: {} (frame {}).", per_sender.error.name(), per_sender.frame))
            .frames([per_sender.frame]),
        None => answer,
    }
}

/// The frames of the replies in doubt, and of the requests that they may be to.
fn in_doubt<'a>(case: &'a Case<'_>) -> impl Iterator<Item = u64> + 'a {
    let (requests, replies) = &case.seen.replies.in_doubt;
    let last = replies.frames.last().copied().unwrap_or(0);
    let unanswered = case.totals.udp.iter().flat_map(|udp| udp.unanswered.frames.iter().copied());
    let before = unanswered.filter(move |frame| *frame < last);
    requests.frames.iter().chain(&replies.frames).copied().chain(before)
}
