//! The first data segments each way.

use super::answer::{Answer, AnswerTable};
use super::question::{Case, Question, Topic};
use super::words::counted;
use crate::explain::describe::thousands;
use crate::model::{Direction, Nanos, SeqNumber, TcpFlags};
use crate::track::{Event, Retransmission, TcpFacts, TcpTotals};

pub(super) static FIRST: Question = Question {
    id: "first_data",
    text: "Which is the first segment with data, with which sequence number and length?",
    topic: Topic::Tcp(first),
    of_all_steps: false,
};

pub(super) static LENGTHS: Question = Question {
    id: "data_lengths",
    text: "How long are the first six data segments?",
    topic: Topic::Tcp(lengths),
    of_all_steps: false,
};

/// Maximum number of data segments per direction that labs ask about.
const ASKED: usize = 6;
pub(super) const BOTH: [Direction; 2] = [Direction::ClientToServer, Direction::ServerToClient];

/// A data segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) frame: u64,
    pub(super) at: Option<Nanos>,
    /// Relative number of the first byte of data.
    pub(super) seq: u32,
    /// The same as on the wire.
    seq_raw: u32,
    on_syn: bool,
    pub(super) end: u32,
    pub(super) len: u32,
    /// The first ACK that covers it: frame and time.
    pub(super) acked: Option<(u64, Option<Nanos>)>,
    /// The frame of its retransmission, or the segment retransmits this frame.
    pub(super) again: Option<u64>,
    /// It was captured after its ACK: its time in transit is unknown.
    pub(super) late: bool,
}

/// The first data segments of one side, as first sent.
#[derive(Clone, Debug, Default)]
pub(super) struct DataEvidence {
    pub(super) first: Vec<Segment>,
    /// Number of data segments, without retransmissions.
    count: u64,
}

impl DataEvidence {
    pub(super) fn sent(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        let is_probe = facts.probe.is_some() && facts.len <= 1;
        if facts.len == 0 || is_probe {
            return;
        }
        let on_syn = facts.flags.contains(TcpFlags::SYN);
        let seq = facts.seq.wrapping_add(u32::from(on_syn));
        let end = seq.wrapping_add(facts.len);
        let (fresh, seq) = match facts.retransmission {
            Some(repeat) if repeat.is_duplicate() => return,
            Some(repeat) if !repeat.may_be_late() => {
                self.retransmitted(event.frame, seq, end);
                match (repeat.proof.original, repeat.proof.fresh) {
                    (Some(_), 0) => return,
                    (Some(_), new) => (true, end.wrapping_sub(new)),
                    (None, _) => (false, seq),
                }
            }
            _ => (true, seq),
        };
        self.count += 1;
        if self.first.len() < ASKED {
            let again = (!fresh).then_some(event.frame);
            let (frame, at, len) = (event.frame, event.since_start, end.wrapping_sub(seq));
            let seq_raw = facts.seq_raw.wrapping_add(seq.wrapping_sub(facts.seq));
            let mut segment = Segment { frame, at, seq, seq_raw, on_syn, end, len, acked: None, again, late: false };
            if let Some(repeat) = facts.retransmission.filter(Retransmission::is_captured_late) {
                let acked_at = at.zip(repeat.proof.after).map(|(at, after)| at.minus(after));
                (segment.late, segment.acked) = (true, repeat.proof.deciding_frame.map(|ack| (ack, acked_at)));
            }
            self.first.push(segment);
        }
    }

    fn retransmitted(&mut self, frame: u64, seq: u32, end: u32) {
        for segment in self.first.iter_mut().filter(|segment| segment.acked.is_none()) {
            let overlaps =
                SeqNumber(seq).is_before(SeqNumber(segment.end)) && SeqNumber(segment.seq).is_before(SeqNumber(end));
            if overlaps {
                segment.again.get_or_insert(frame);
            }
        }
    }

    /// Takes a segment of the peer.
    pub(super) fn acknowledged(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        let Some(ack) = facts.ack.filter(|_| !facts.flags.contains(TcpFlags::RST)) else { return };
        for segment in self.first.iter_mut().filter(|segment| segment.acked.is_none()) {
            if SeqNumber(ack).distance(SeqNumber(segment.end)) >= 0 {
                segment.acked = Some((event.frame, event.since_start));
            }
        }
    }
}

/// The reason for an answer without segments.
pub(super) const NO_DATA: &str = "No segment with data is in the capture.";

fn first(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let mut answer = Answer::default();
    for direction in BOTH {
        let Some(segment) = case.seen.data.get(direction).first.first() else { continue };
        let (base, who, isn) = match direction {
            Direction::ClientToServer => ('X', "client", tcp.client_isn),
            Direction::ServerToClient => ('Y', "server", tcp.server_isn),
        };
        answer = answer
            .add(format!(
                "The {who}'s first is frame {}: sequence number {} ({} on the wire), {}.",
                segment.frame,
                segment.seq,
                segment.seq_raw,
                counted(u64::from(segment.len), "byte")
            ))
            .line(format!("{who}: next sequence number = {} + {} = {}", segment.seq, segment.len, segment.end))
            .frames([segment.frame]);
        if segment.on_syn {
            answer =
                answer.add("The SYN carries this data; the SYN itself takes the sequence number before it (RFC 7413).");
        }
        answer = match isn {
            Some(isn) => {
                let offset = segment.seq_raw.wrapping_sub(isn);
                answer.line(format!("{who}: on the wire {base} + {offset} = {isn} + {offset} = {}", isn.wrapping_add(offset)))
            }
            None => answer.but(format!(
                "The {who}'s SYN is not in the capture: its relative numbers count from the first segment captured, and earlier data may be missing."
            )),
        };
    }
    if answer.text.is_empty() { Answer::unknown(NO_DATA) } else { answer }
}

fn lengths(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let mut answer = Answer::default();
    for direction in BOTH {
        let seen = case.seen.data.get(direction);
        if seen.first.is_empty() {
            continue;
        }
        let who = direction.sender();
        let lengths: Vec<_> = seen.first.iter().map(|segment| thousands(u64::from(segment.len))).collect();
        let sum: u64 = seen.first.iter().map(|segment| u64::from(segment.len)).sum();
        let of = match seen.count {
            count if count > lengths.len() as u64 => format!(" (the first {} of {})", lengths.len(), thousands(count)),
            _ => String::new(),
        };
        let bytes = if lengths.len() == 1 { counted(sum, "byte") } else { format!("{} bytes", lengths.join(", ")) };
        let mut table = AnswerTable::new(format!("From the {who}"), &["frame", "first byte", "next", "length"]);
        for segment in &seen.first {
            table.push(
                [segment.frame, u64::from(segment.seq), u64::from(segment.end), u64::from(segment.len)]
                    .map(|n| n.to_string()),
            );
        }
        answer = answer
            .add(format!("From the {who}{of}: {bytes}."))
            .line(format!("{who}: length = next - first byte; together {} bytes", thousands(sum)))
            .frames(seen.first.iter().map(|segment| segment.frame))
            .table(table);
        let max = tcp.summary.negotiated.get(!direction).and_then(|offer| offer.mss);
        if let Some((mss, segment)) =
            max.zip(seen.first.iter().find(|segment| max.is_some_and(|mss| segment.len > u32::from(mss))))
        {
            answer = answer.add(format!(
                "Frame {} is longer than the MSS of {mss}: it was captured before the network card segmented it, or after the card reassembled it (segmentation offload).",
                segment.frame
            ));
        }
    }
    if answer.text.is_empty() { Answer::unknown(NO_DATA) } else { answer }
}
