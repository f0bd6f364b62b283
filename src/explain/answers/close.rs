//! Answers about the close: its first sender, its segments, and the side in TIME-WAIT.

use super::answer::{Answer, AnswerTable};
use super::question::{Case, Question, Topic};
use super::words::{at_time, moment};
use crate::model::{Direction, Nanos};
use crate::track::{Event, SegmentRole, TcpFacts, TcpTotals, TimeWait, Verdict, close};

pub(super) static FIRST: Question = Question {
    id: "closed_first",
    text: "Which side closed the connection first, and with which segments was it closed?",
    topic: Topic::Tcp(first),
    of_all_steps: true,
};

pub(super) static TIME_WAIT: Question = Question {
    id: "time_wait",
    text: "Which side enters TIME-WAIT, and how long does it last?",
    topic: Topic::Tcp(time_wait),
    of_all_steps: true,
};

/// Maximum number of segments of the close in the table.
const ROWS: usize = 12;

#[derive(Clone, Copy, Debug)]
pub(super) struct CloseSegment {
    pub(super) frame: u64,
    pub(super) at: Option<Nanos>,
    sender: Direction,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fin,
    FinAndAck,
    Ack,
    Reset,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Fin => "FIN",
            Self::FinAndAck => "FIN, and the ACK of the peer's FIN",
            Self::Ack => "ACK of the peer's FIN",
            Self::Reset => "RST",
        }
    }
}

/// The segments that close.
#[derive(Clone, Debug, Default)]
pub(super) struct CloseEvidence {
    segments: Vec<CloseSegment>,
    count: u64,
}

impl CloseEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        let acks_fin = facts.acked.is_some_and(|acked| acked.fin);
        let kind = match (facts.role, acks_fin) {
            (SegmentRole::Reset, _) => Kind::Reset,
            (SegmentRole::Fin { .. }, true) => Kind::FinAndAck,
            (SegmentRole::Fin { .. }, false) => Kind::Fin,
            (_, true) => Kind::Ack,
            (_, false) => return,
        };
        self.count += 1;
        if self.segments.len() < ROWS {
            self.segments.push(CloseSegment {
                frame: event.frame,
                at: event.since_start,
                sender: event.direction,
                kind,
            });
        }
    }

    /// The segments that close, without the resets that ended nothing.
    fn segments(&self, tcp: &TcpTotals) -> impl Iterator<Item = &CloseSegment> {
        let resets = tcp.summary.resets;
        self.segments.iter().filter(move |mark| {
            mark.kind != Kind::Reset || resets.get(mark.sender).is_some_and(|first| mark.frame >= first)
        })
    }

    /// The first segment that closes.
    pub(super) fn first(&self, tcp: &TcpTotals) -> Option<&CloseSegment> {
        self.segments(tcp).next()
    }

    /// The ACK of the last FIN.
    pub(super) fn last_ack(&self) -> Option<&CloseSegment> {
        self.segments.iter().rev().find(|mark| matches!(mark.kind, Kind::Ack | Kind::FinAndAck))
    }
}

/// The reason why no segment of a close is in the capture.
pub(super) fn no_close(case: &Case<'_>, tcp: &TcpTotals) -> String {
    let reply = close::of(case.totals, tcp).map(|close| (close.rule.effect.first)(&close.proof)).unwrap_or_default();
    if reply.unknown.is_empty() { reply.text } else { reply.unknown }
}

fn first(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let Some(close) = close::of(case.totals, tcp) else { return Answer::default() };
    let answer = Answer::of((close.rule.effect.first)(&close.proof));
    let seen = &case.seen.close;
    let segments: Vec<&CloseSegment> = seen.segments(tcp).collect();
    if segments.is_empty() {
        return answer;
    }
    let mut table = AnswerTable::new("The close", &["frame", "at (s)", "from", "segment"]);
    for mark in &segments {
        let CloseSegment { frame, at, sender, kind } = **mark;
        table.push([frame.to_string(), moment(at), sender.sender().to_owned(), kind.name().to_owned()]);
    }
    table.left_out = seen.count - seen.segments.len() as u64;
    answer.frames(segments.iter().map(|mark| mark.frame)).table(table)
}

fn time_wait(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let Some(Verdict { rule, proof }) = close::of(case.totals, tcp) else { return Answer::default() };
    let answer = Answer::of((rule.effect.time_wait)(&proof));
    if rule.effect.holds == TimeWait::Nobody {
        return answer;
    }
    let answer = answer
        .line("TIME-WAIT lasts 2 × MSL; MSL = 2 min in RFC 9293 §3.4.2, so 2 × 2 min = 4 min; Linux: 60 s, fixed")
        .but("How long it lasted: TIME-WAIT is not visible on the wire, unless a packet arrives during it.");
    if rule.effect.holds == TimeWait::Both {
        return answer;
    }
    match case.seen.close.last_ack().filter(|_| proof.last_fin_is_acked()) {
        Some(ack) => {
            answer.line(format!("it begins with the ACK in frame {}{}", ack.frame, at_time(ack.at))).frames([ack.frame])
        }
        None => {
            let who = proof.closed_first.map_or("unknown", Direction::sender);
            answer.but(format!("When it began: the {who}'s ACK of the second FIN is not in the capture."))
        }
    }
}
