//! Who closed first, with which segments, and who waits in TIME-WAIT.

use super::answer::{Answer, AnswerTable};
use super::data::BOTH;
use super::question::{Case, Question, Topic};
use super::words::moment;
use crate::explain::conversation_findings::handshake::{never_opened, went_on};
use crate::model::{Direction, Nanos};
use crate::track::{Close, Event, Fins, Handshake, SegmentRole, TcpFacts, TcpTotals};

pub(super) static FIRST: Question = Question {
    id: "closed_first",
    text: "Which side closed the connection first, and with which segments was it closed?",
    topic: Topic::Tcp(first),
    of_all_steps: true,
};

pub(super) static TIME_WAIT: Question = Question {
    id: "time_wait",
    text: "Which side goes to TIME-WAIT, and how long does it stay there?",
    topic: Topic::Tcp(time_wait),
    of_all_steps: true,
};

/// How many segments of the close are listed.
const ROWS: usize = 12;

#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
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
pub(super) struct Seen {
    marks: Vec<Mark>,
    count: u64,
}

impl Seen {
    pub(super) fn see(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        let acks_fin = facts.acked.is_some_and(|acked| acked.fin);
        let kind = match (facts.role, acks_fin) {
            (SegmentRole::Reset, _) => Kind::Reset,
            (SegmentRole::Fin { .. }, true) => Kind::FinAndAck,
            (SegmentRole::Fin { .. }, false) => Kind::Fin,
            (_, true) => Kind::Ack,
            (_, false) => return,
        };
        self.count += 1;
        if self.marks.len() < ROWS {
            self.marks.push(Mark { frame: event.frame, at: event.since_start, sender: event.direction, kind });
        }
    }

    /// The segments that close, without the resets that ended nothing.
    fn marks(&self, tcp: &TcpTotals) -> impl Iterator<Item = &Mark> {
        let resets = tcp.story.resets;
        self.marks.iter().filter(move |mark| {
            mark.kind != Kind::Reset || resets.get(mark.sender).is_some_and(|first| mark.frame >= first)
        })
    }

    /// The first segment that closes.
    pub(super) fn first(&self, tcp: &TcpTotals) -> Option<&Mark> {
        self.marks(tcp).next()
    }

    /// The ACK of the last FIN.
    pub(super) fn last_ack(&self) -> Option<&Mark> {
        self.marks.iter().rev().find(|mark| matches!(mark.kind, Kind::Ack | Kind::FinAndAck))
    }
}

/// Why there is no close to speak of.
pub(super) fn no_close(case: &Case<'_>) -> &'static str {
    let tcp = case.totals.tcp.as_ref();
    let unanswered = tcp.is_some_and(|tcp| tcp.story.unanswered_syn);
    let ignored = tcp.map(|tcp| tcp.story.ignored_resets);
    match case.totals.may_go_on() {
        true => "No FIN and no RST is in what was read of the capture.",
        false if unanswered || never_opened(case.totals) => {
            "The connection never opened, so there is nothing to close."
        }
        false if ignored.is_some_and(|resets| resets.client_to_server.or(resets.server_to_client).is_some()) => {
            "No FIN is in the capture, and no RST that ended the connection: it was still open when the capture ended, or its close was not captured."
        }
        false => {
            "No FIN and no RST is in the capture: the connection was still open when it ended, or its close was not captured."
        }
    }
}

/// Both FINs, the first of them first.
fn in_order(tcp: &TcpTotals) -> Option<(Direction, Fins, Fins)> {
    let (client, server) = (tcp.story.fins.client_to_server?, tcp.story.fins.server_to_client?);
    Some(match client.frame < server.frame {
        true => (Direction::ClientToServer, client, server),
        false => (Direction::ServerToClient, server, client),
    })
}

fn first(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let seen = &case.seen.close;
    let marks: Vec<&Mark> = seen.marks(tcp).collect();
    if marks.is_empty() {
        return Answer::unknown(no_close(case));
    }
    let mut table = AnswerTable::new("The close", &["frame", "at (s)", "from", "segment"]);
    for mark in &marks {
        let Mark { frame, at, sender, kind } = **mark;
        table.push([frame.to_string(), moment(at), sender.sender().to_owned(), kind.name().to_owned()]);
    }
    table.left_out = seen.count - seen.marks.len() as u64;
    let answer = Answer::default().frames(marks.iter().map(|mark| mark.frame)).table(table);
    let who = tcp.closed_first.map_or("unknown", Direction::sender);
    match (tcp.close, in_order(tcp)) {
        (_, _) if tcp.handshake == Handshake::Refused => {
            answer.add("Nobody: the connection never opened. The server refused it with RST.")
        }
        (Close::Fin, Some((_, one, other))) if !other.acks_peer_fin => answer.add(format!(
            "Both at once: neither side had seen the other's FIN when it sent its own (frames {} and {}).",
            one.frame, other.frame
        )),
        (Close::Fin, Some((side, one, other))) => {
            let (who, peer) = (side.sender(), side.receiver());
            let how = match one.acked_by == Some(other.frame) {
                true => {
                    format!("three segments: the {peer}'s FIN in frame {} carried the ACK of the first", other.frame)
                }
                false => format!(
                    "four segments: the {peer} acknowledged it on its own and sent its FIN later, in frame {}",
                    other.frame
                ),
            };
            let answer = answer.add(format!("The {who} closed first, with the FIN in frame {}; {how}.", one.frame));
            match other.acked_by {
                Some(_) => answer,
                None => answer
                    .but(format!("Whether the {who} acknowledged the second FIN: that ACK is not in the capture.")),
            }
        }
        (Close::Rst, _) => {
            let resets = BOTH.into_iter().filter_map(|side| Some((side, (*tcp.story.resets.get(side))?)));
            let resets: Vec<_> =
                resets.map(|(side, frame)| format!("the {}'s RST in frame {frame}", side.sender())).collect();
            let resets = resets.join(" and ");
            let answer = answer.add(match never_opened(case.totals) {
                true => format!("Nobody: {resets} came before the connection was open."),
                false => format!("The {who} was first to close or reset; {resets} ended the connection at once."),
            });
            match went_on(tcp) {
                Some((who, since)) => answer.but(format!(
                    "Who sent the first RST: the {who} went on in frame {since} as if it had sent none, so most likely somebody else did, in its name."
                )),
                None => answer,
            }
        }
        _ => answer
            .add(format!("The {who} closed its direction."))
            .but("Whether and when the other side closed: its FIN is not in the capture."),
    }
}

fn time_wait(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    const LONG: &str = "How long it really lasted: nothing of TIME-WAIT is on the wire, only a packet that comes while it lasts would show.";
    let long = |answer: Answer| {
        answer
            .line("TIME-WAIT lasts 2 × MSL; MSL = 2 min in RFC 9293 §3.4.2, so 2 × 2 min = 4 min; Linux: 60 s, fixed")
            .but(LONG)
    };
    let last_ack = case.seen.close.last_ack();
    match (tcp.close, in_order(tcp)) {
        (_, _) if tcp.handshake == Handshake::Refused => Answer::new("Neither: the connection never opened."),
        (Close::Rst, _) => {
            let frames = BOTH.into_iter().filter_map(|side| *tcp.story.resets.get(side));
            Answer::new("Neither as far as the capture shows: a reset ends the connection at once on both sides, without TIME-WAIT.").frames(frames)
        }
        (Close::Fin, Some((_, one, other))) if !other.acks_peer_fin => long(Answer::new(
            "Both: each closed before it saw the other's FIN, so each goes through CLOSING to TIME-WAIT (RFC 9293 §3.6).",
        ))
        .frames([one.frame, other.frame]),
        (Close::Fin, Some((side, one, other))) => {
            let who = side.sender();
            let answer = long(Answer::new(format!(
                "The {who}, because it closed first (frame {}): it may have to acknowledge the other's FIN again, and old segments must die out before the ports are used again (RFC 9293 §3.6).",
                one.frame
            )))
            .frames([one.frame, other.frame]);
            match last_ack.filter(|_| other.acked_by.is_some()) {
                Some(ack) => answer.line(format!("it begins with the ACK in frame {}, at {} s", ack.frame, moment(ack.at))).frames([ack.frame]),
                None => answer.but(format!("When it began: the {who}'s ACK of the second FIN is not in the capture.")),
            }
        }
        (Close::Half, _) => Answer::unknown(format!(
            "Only the {} has closed within the capture; it will hold TIME-WAIT if the other side closes too.",
            tcp.closed_first.map_or("one side", Direction::sender)
        ))
        .frames(case.seen.close.first(tcp).map(|mark| mark.frame)),
        _ => Answer::unknown(format!("{} The side that closes first goes to TIME-WAIT.", no_close(case))),
    }
}
