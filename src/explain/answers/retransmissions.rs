//! The retransmitted segments, and the evidence.

use super::answer::{Answer, AnswerTable};
use super::question::{Case, Question, Topic};
use super::words::{counted, frames_of};
use crate::model::Direction;
use crate::model::Occurrences;
use crate::track::{CapturePoint, Event, Retransmission, TcpFacts, TcpTotals, Transmission};

pub(super) static RETRANSMISSIONS: Question = Question {
    id: "retransmissions",
    text: "Were segments retransmitted, and what shows it?",
    topic: Topic::Tcp(retransmissions),
    of_all_steps: true,
};

/// Maximum number of retransmissions in the table.
const ROWS: usize = 12;

#[derive(Clone, Copy, Debug)]
struct RetransmittedSegment {
    frame: u64,
    sender: Direction,
    seq: u32,
    len: u32,
    repeat: Retransmission,
}

/// Retransmitted, duplicated and late segments.
#[derive(Clone, Debug, Default)]
pub(super) struct RetransmissionEvidence {
    first: Vec<RetransmittedSegment>,
    again: u64,
    late: u64,
    copies: u64,
    unclear: u64,
    strays: u64,
    probes: Occurrences,
}

impl RetransmissionEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        if facts.probe.is_some_and(|probe| probe.is_question()) {
            self.probes.see(event.frame);
        }
        let Some(repeat) = facts.retransmission else { return };
        match repeat.rule.effect.transmission {
            Transmission::Duplicate => self.copies += 1,
            Transmission::Late | Transmission::CapturedLate => self.late += 1,
            Transmission::LateOrRetransmitted => self.unclear += 1,
            Transmission::Retransmitted | Transmission::Spurious => self.again += 1,
            Transmission::Stray => self.strays += 1,
        }
        if self.first.len() < ROWS {
            let (frame, sender) = (event.frame, event.direction);
            self.first.push(RetransmittedSegment { frame, sender, seq: facts.seq, len: facts.len, repeat });
        }
    }
}

fn retransmissions(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let seen = &case.seen.retransmissions;
    let rule = "a segment that starts with a sequence number that its sender has already used";
    let mut answer = match seen.again {
        0 => Answer::new("No retransmission was captured."),
        count => Answer::new(format!("Yes: {} retransmitted.", are(count))),
    };
    let answer_is_whole = seen.first.is_empty();
    if answer_is_whole {
        answer =
            answer.add("No segment with data, SYN or FIN carries sequence numbers that its sender had used before.");
    }
    for (count, what) in [
        (seen.late, "only late: sent before bytes that were captured earlier"),
        (seen.copies, "captured or delivered twice (duplicates, sent once)"),
        (seen.strays, "a SYN of a connection that was open, so not a retransmission"),
    ] {
        if count > 0 {
            answer = answer.add(format!("{} {what}.", are(count)));
        }
    }
    if seen.probes.count > 0 {
        let probes = &seen.probes;
        answer = answer
            .add(format!(
                "Keep-alive and zero-window probes are not counted: {}.",
                frames_of(probes.count, &probes.frames)
            ))
            .frames(probes.frames.iter().copied());
    }
    if seen.unclear > 0 {
        answer = answer.but(format!(
            "Whether {} late or retransmitted is unknown: the bytes fill a gap, and neither IP identification nor timestamp decides.",
            are(seen.unclear)
        ));
    }
    let mut table = AnswerTable::new(
        "Retransmitted, duplicated and late segments",
        &["frame", "from", "seq", "len", "what", "shown by"],
    );
    for again in &seen.first {
        let RetransmittedSegment { frame, sender, seq, len, .. } = *again;
        let (what, why) = proof(&again.repeat);
        table.push([frame.to_string(), sender.sender().to_owned(), seq.to_string(), len.to_string(), what, why]);
    }
    let all = seen.again + seen.late + seen.copies + seen.unclear + seen.strays;
    table.left_out = all - seen.first.len() as u64;
    let frames = seen
        .first
        .iter()
        .flat_map(|again| [Some(again.frame), again.repeat.proof.original, again.repeat.proof.deciding_frame]);
    answer = answer.line(format!("retransmission = {rule}")).frames(frames.flatten()).table(table);
    if matches!(
        tcp.summary.capture_point_evidence.capture_point,
        Some(CapturePoint::Client | CapturePoint::Server | CapturePoint::Between)
    ) {
        let far = match tcp.summary.capture_point_evidence.capture_point {
            Some(CapturePoint::Client) => "the server",
            Some(CapturePoint::Server) => "the client",
            _ => "either side",
        };
        return answer.add(format!(
            "Segments of {far} that were lost before the capture point show only as gaps that are filled later."
        ));
    }
    answer
}

fn are(count: u64) -> String {
    format!("{} {}", counted(count, "segment"), if count == 1 { "was" } else { "were" })
}

/// Its label, and the evidence.
fn proof(again: &Retransmission) -> (String, String) {
    let Retransmission { rule, proof } = again;
    let original = match (proof.original, proof.after) {
        (Some(frame), Some(after)) => {
            format!("the sequence numbers of frame {frame}, last sent {} earlier", after.human())
        }
        (Some(frame), None) => format!("the sequence numbers of frame {frame}"),
        (None, _) => "below the highest sequence number, not captured before".to_owned(),
    };
    (rule.label.to_owned(), format!("{original}; {}", (rule.effect.shown_by)(proof)))
}
