//! Answers about the times of the handshake and the close.

use super::answer::{Answer, AnswerTable};
use super::close::no_close;
use super::question::{Case, Question, Topic};
use super::words::{at_time, moment, seconds};
use crate::model::Nanos;
use crate::track::{CapturePoint, Close, Handshake, TcpTotals};

pub(super) static TIMES: Question = Question {
    id: "times",
    text: "When was the connection opened and closed, and how long did each take?",
    topic: Topic::Tcp(times),
    of_all_steps: true,
};

/// `what: later - earlier = span`.
fn difference(what: &str, later: Option<Nanos>, earlier: Option<Nanos>) -> Option<String> {
    let (later, earlier) = (later?, earlier?);
    Some(format!("{what} = {} s - {} s = {} s", seconds(later), seconds(earlier), seconds(later.minus(earlier))))
}

fn times(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let (opening, closing) = (&case.seen.handshake, &case.seen.close);
    let opened = opening.ack.filter(|_| !tcp.summary.reset_in_opening);
    let mut table = AnswerTable::new("Times since the conversation's first frame", &["what", "frame", "at (s)"]);
    let closed = closing.last_ack().filter(|_| tcp.close == Close::Fin);
    let events = [
        ("SYN", opening.syn.map(|mark| (mark.frame, mark.at))),
        ("SYN-ACK", opening.syn_ack.map(|mark| (mark.frame, mark.at))),
        ("ACK: open", opened.map(|mark| (mark.frame, mark.at))),
        ("first FIN or RST", closing.first(tcp).map(|mark| (mark.frame, mark.at))),
        ("last FIN's ACK: closed", closed.map(|mark| (mark.frame, mark.at))),
    ];
    for (what, mark) in events {
        if let Some((frame, at)) = mark {
            table.push([what.to_owned(), frame.to_string(), moment(at)]);
        }
    }
    let mut answer = Answer::default().frames(events.iter().filter_map(|(_, mark)| mark.map(|(frame, _)| frame)));
    answer = match (opening.syn, opened) {
        (Some(syn), Some(ack)) => {
            let line = difference("opening (SYN to the ACK of the SYN-ACK)", ack.at, syn.at);
            let seen_at = match tcp.summary.capture_point_evidence.capture_point {
                Some(CapturePoint::Server) => " (captured at the server)",
                Some(CapturePoint::Between) => " (captured between the endpoints)",
                Some(CapturePoint::Client | CapturePoint::SameHost) | None => "",
            };
            let answer = answer.add(format!("It was opened{} with frame {}{seen_at}.", at_time(ack.at), ack.frame));
            line.into_iter().fold(answer, Answer::line)
        }
        (Some(_), None) if tcp.handshake == Handshake::Refused => {
            answer.add("It was never opened: the SYN was refused.")
        }
        (Some(_), None) if tcp.summary.reset_in_opening => {
            answer.add("It was never opened: a RST came instead of the ACK of the SYN-ACK.")
        }
        (Some(_), None) if case.totals.never_opened() => {
            answer.add("It was never opened as far as the capture shows: no ACK of the SYN-ACK is in it.")
        }
        (Some(_), None) => answer.but("When it was opened: the handshake is not complete in the capture."),
        (None, _) => answer.but("When it was opened: that was before the capture, or its SYN was not captured."),
    };
    answer = match (closing.first(tcp), closed) {
        (None, _) => answer.but(no_close(case, tcp)),
        (Some(first), Some(last)) => {
            let answer = answer.add(format!(
                "Closing began{} with frame {} and ended{} with frame {}.",
                at_time(first.at),
                first.frame,
                at_time(last.at),
                last.frame
            ));
            difference("closing (first FIN to the last ACK of a FIN)", last.at, first.at)
                .into_iter()
                .fold(answer, Answer::line)
        }
        (Some(first), None) if tcp.handshake == Handshake::Refused => answer.add(format!(
            "So there was nothing to close: the RST came{} in frame {}.",
            at_time(first.at),
            first.frame
        )),
        (Some(first), None) => {
            let answer = answer.add(format!("Closing began{} with frame {}.", at_time(first.at), first.frame));
            match tcp.close {
                Close::Rst => answer.add("A reset ends the connection at once; it is not acknowledged."),
                _ => answer.but("When it was closed on both sides: not within the capture."),
            }
        }
    };
    if opened.map(|mark| mark.at).into_iter().chain(closing.first(tcp).map(|mark| mark.at)).any(|at| at.is_none()) {
        answer = answer.but("The times: the text that was read has none.");
    }
    if let (Some(open), Some(first)) = (opened, closing.first(tcp))
        && first.frame > open.frame
    {
        answer =
            difference("open (until the first FIN or RST)", first.at, open.at).into_iter().fold(answer, Answer::line);
    }
    answer.table(table)
}
