//! What was sent again, and how one knows.

use super::answer::{Answer, AnswerTable};
use super::question::{Case, Question, Topic};
use super::words::{counted, frames_of};
use crate::model::Direction;
use crate::model::Occurrences;
use crate::track::{CapturePoint, Event, Probe, Retransmission, RetransmitCause, TcpFacts, TcpTotals};

pub(super) static RETRANSMISSIONS: Question = Question {
    id: "retransmissions",
    text: "Are there retransmitted segments, and how does one know?",
    topic: Topic::Tcp(retransmissions),
    of_all_steps: true,
};

/// How many are listed.
const ROWS: usize = 12;

#[derive(Clone, Copy, Debug)]
struct Again {
    frame: u64,
    sender: Direction,
    seq: u32,
    len: u32,
    repeat: Retransmission,
}

/// Segments whose bytes came again or late.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    first: Vec<Again>,
    again: u64,
    late: u64,
    copies: u64,
    unclear: u64,
    probes: Occurrences,
}

impl Seen {
    pub(super) fn see(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        if matches!(facts.probe, Some(Probe::KeepAlive { .. } | Probe::ZeroWindow)) {
            self.probes.see(event.frame);
        }
        let Some(repeat) = facts.retransmission else { return };
        match repeat.cause {
            RetransmitCause::DuplicateFrame => self.copies += 1,
            RetransmitCause::Reordered | RetransmitCause::CaptureOutOfOrder => self.late += 1,
            RetransmitCause::OrderUnknown => self.unclear += 1,
            _ => self.again += 1,
        }
        if self.first.len() < ROWS {
            let (frame, sender) = (event.frame, event.direction);
            self.first.push(Again { frame, sender, seq: facts.seq, len: facts.len, repeat });
        }
    }
}

fn retransmissions(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let seen = &case.seen.retransmissions;
    let rule = "a segment whose sequence number is below the highest next sequence number of its sender before it";
    let mut answer = match seen.again {
        0 => Answer::new("No retransmission was captured."),
        count => Answer::new(format!("Yes: {} sent again.", are(count))),
    };
    let answer_is_whole = seen.first.is_empty();
    if answer_is_whole {
        answer =
            answer.add("No segment with data, SYN or FIN carries sequence numbers that its sender had used before.");
    }
    for (count, what) in [
        (seen.late, "only late: sent before bytes that were captured earlier"),
        (seen.copies, "the same frame captured twice, not sent twice"),
    ] {
        if count > 0 {
            answer = answer.add(format!("{} {what}.", are(count)));
        }
    }
    if seen.probes.count > 0 {
        let probes = &seen.probes;
        answer = answer
            .add(format!(
                "Keep-alive and zero-window probes only ask and are not counted: {}.",
                frames_of(probes.count, &probes.frames)
            ))
            .frames(probes.frames.iter().copied());
    }
    if seen.unclear > 0 {
        answer = answer.but(format!(
            "Whether {} late or sent again: the bytes fill a hole, and neither IP identification nor time stamp decides.",
            are(seen.unclear)
        ));
    }
    let mut table =
        AnswerTable::new("Segments that came again or late", &["frame", "from", "seq", "len", "what", "shown by"]);
    for again in &seen.first {
        let Again { frame, sender, seq, len, .. } = *again;
        let (what, why) = proof(&again.repeat);
        table.push([frame.to_string(), sender.sender().to_owned(), seq.to_string(), len.to_string(), what, why]);
    }
    let all = seen.again + seen.late + seen.copies + seen.unclear;
    table.left_out = all - seen.first.len() as u64;
    let frames = seen.first.iter().flat_map(|again| [Some(again.frame), again.repeat.original, again.repeat.witness]);
    answer = answer.line(format!("retransmission = {rule}")).frames(frames.flatten()).table(table);
    if matches!(
        tcp.story.capture_point_evidence.capture_point,
        Some(CapturePoint::Client | CapturePoint::Server | CapturePoint::Between)
    ) {
        let far = match tcp.story.capture_point_evidence.capture_point {
            Some(CapturePoint::Client) => "the server",
            Some(CapturePoint::Server) => "the client",
            _ => "either side",
        };
        return answer.add(format!(
            "Segments of {far} that were lost before they came to the place of the capture show only as gaps that are filled late."
        ));
    }
    answer
}

fn are(count: u64) -> String {
    format!("{} {}", counted(count, "segment"), if count == 1 { "was" } else { "were" })
}

/// What it is in a few words, and what shows it.
fn proof(repeat: &Retransmission) -> (String, String) {
    let original = match (repeat.original, repeat.after) {
        (Some(frame), Some(after)) => format!("the numbers of frame {frame}, sent last {} before", after.human()),
        (Some(frame), None) => format!("the numbers of frame {frame}"),
        (None, _) => "bytes behind the highest sequence number, not captured before".to_owned(),
    };
    let witness = repeat.witness.map_or_else(String::new, |frame| format!(", frame {frame}"));
    let (what, why) = match repeat.cause {
        RetransmitCause::DuplicateFrame => (
            "same frame twice",
            repeat.marks.name().map_or_else(|| "too soon to be sent again".to_owned(), |marks| format!("same {marks}")),
        ),
        RetransmitCause::CaptureOutOfOrder => {
            ("captured late", format!("acknowledged before it was captured{witness}"))
        }
        RetransmitCause::Reordered => (
            "late",
            repeat.marks.name().map_or_else(
                || "too soon after the hole to be sent again".to_owned(),
                |marks| format!("its {marks} is older"),
            ),
        ),
        RetransmitCause::Sacked => ("not needed", format!("SACK had reported the bytes{witness}")),
        RetransmitCause::FinOnAck => ("sent again", "the FIN stands on an ACK of new bytes".to_owned()),
        RetransmitCause::WindowOpened => ("sent again", format!("the window opened again{witness}")),
        RetransmitCause::Spurious(_) => ("not needed", format!("the bytes were acknowledged already{witness}")),
        RetransmitCause::Fast { acks: count, .. } => (
            "fast retransmit",
            format!("{} or SACK told of the hole{witness}", counted(u64::from(count), "duplicate ACK")),
        ),
        RetransmitCause::TailLossProbe { .. } => {
            ("tail loss probe", "the last data in flight, before its timer could run out".to_owned())
        }
        RetransmitCause::Timeout { nth, .. } => {
            ("time-out", format!("no ACK came in time; repeat {nth} of these bytes"))
        }
        RetransmitCause::SynDataNotAcked { .. } => {
            ("not taken", format!("the SYN-ACK did not cover the SYN's data{witness}"))
        }
        RetransmitCause::PathMtuDiscovery => ("sent again", format!("the packet was too long for a link{witness}")),
        RetransmitCause::RecoveryContinues { since, .. } => {
            ("sent again", format!("the recovery since frame {since} goes on{witness}"))
        }
        RetransmitCause::Unknown
        | RetransmitCause::NotHeadOfQueue
        | RetransmitCause::TimerRestarted
        | RetransmitCause::OneWayCapture => ("sent again", "the cause can't be told".to_owned()),
        RetransmitCause::OrderUnknown => ("late or again", "it fills a hole".to_owned()),
        RetransmitCause::Handshake { rule, proof } => (rule.label, format!("retransmission {}{witness}", proof.nth())),
    };
    (what.to_owned(), format!("{original}; {why}"))
}
