//! Slow start and congestion avoidance, as far as the sent bytes of each round trip show them.
//!
//! The congestion window is in the sender's memory, never on the wire.

use super::answer::{Answer, AnswerTable};
use super::data::{BOTH, NO_DATA};
use super::question::{Case, Question, Topic};
use super::words::moment;
use crate::explain::describe::thousands;
use crate::explain::transfer::{Growth, MIN_ROUNDS, initial_window};
use crate::model::Direction;
use crate::track::{Measures, TcpTotals};

pub(super) static CONGESTION: Question = Question {
    id: "congestion",
    text: "Where are slow start and congestion avoidance visible?",
    topic: Topic::Tcp(congestion),
    of_all_steps: true,
};

fn congestion(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    // of the side that sent more: the other one's few bytes show nothing
    let payload = &case.totals.payload;
    let direction = BOTH.into_iter().rev().max_by_key(|side| *payload.get(*side)).unwrap_or(Direction::ClientToServer);
    let flow = case.seen.transfer.flows().get(direction);
    if flow.bytes == 0 {
        return Answer::unknown(NO_DATA);
    }
    let who = direction.sender();
    let offers = &tcp.summary.negotiated;
    let mss =
        [offers.client_to_server, offers.server_to_client].into_iter().map(|offer| offer.and_then(|offer| offer.mss));
    let mss = u64::from(mss.flatten().min().unwrap_or(536));
    let initial = initial_window(mss);
    let rounds = flow.rounds.first();
    let answer = Answer::default().frames(rounds.first().map(|round| round.frame));
    if flow.bytes <= initial {
        if case.seen.handshake.syn.is_none() {
            return answer.but("The capture began after the connection was opened: what was sent before, and how large the congestion window had grown, is not known.");
        }
        return answer
            .line(format!(
                "the {who}'s data = {} bytes <= {} = min(10 × MSS, max(2 × MSS, 14,600)), where MSS = {}",
                thousands(flow.bytes),
                thousands(initial),
                thousands(mss)
            ))
            .but(format!(
                "All data that the {who} sent fits in the initial window: a sender that keeps to RFC 6928 §2 was never limited by its congestion window{}, so neither is visible.",
                if flow.retransmitted() { " before the first retransmission" } else { "" }
            ));
    }
    if Measures::of(tcp.summary.capture_point_evidence.capture_point, direction) == Measures::Delay {
        return answer.but(format!(
            "The capture was made at the receiver of the {who}'s data: what was sent in one round trip can't be seen there."
        ));
    }
    let mut table =
        AnswerTable::new(format!("The {who}'s rounds"), &["round", "first frame", "at (s)", "segments", "bytes"]);
    for (number, round) in (1_u64..).zip(&rounds) {
        table.push([
            number.to_string(),
            round.frame.to_string(),
            moment(round.at),
            round.segments.to_string(),
            round.bytes.to_string(),
        ]);
    }
    table.left_out = flow.rounds.count.saturating_sub(rounds.len() as u64);
    let answer = answer
        .line("a round = what was sent until the ACK of its first segment came; its bytes are at most the congestion window")
        .frames(rounds.iter().map(|round| round.frame))
        .table(table);
    const HIDDEN: &str = "The congestion window itself is not on the wire, and a program that sends little or a small receive window looks the same.";
    if rounds.len() < MIN_ROUNDS {
        return answer.but(format!(
            "The {who}'s data took fewer than {MIN_ROUNDS} round trips: no growth can be seen. {HIDDEN}"
        ));
    }
    let Growth { first, exponential, linear } = flow.rounds.growth(mss);
    if first == 0 {
        return answer.but(format!(
            "No two rounds in a row are longer than a segment and either fill the initial window of {} bytes or leave data waiting: they show how much the program sent, not how much it was allowed to. {HIDDEN}",
            thousands(initial)
        ));
    }
    let answer = match exponential {
        0 => answer.add("The bytes of a round do not grow as in slow start."),
        count => {
            answer.add(format!("Rounds {first} to {} grow by half or more each, as slow start does.", first + count))
        }
    };
    match linear {
        0 | 1 => answer.add("No rounds in a row grow by about one segment, as congestion avoidance would."),
        count => answer.add(format!(
            "{} rounds in a row grow by about one segment of {mss} bytes, as congestion avoidance does.",
            count + 1
        )),
    }
    .but(HIDDEN)
}
