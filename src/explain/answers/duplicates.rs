//! The duplicate ACKs, and the retransmissions for them.

use super::answer::{Answer, AnswerTable};
use super::data::BOTH;
use super::question::{Case, Question, Topic};
use super::words::{counted, frames_of};
use crate::model::Direction;
use crate::model::Occurrences;
use crate::track::{AnalysisFlag, Event, TcpFacts, TcpTotals};

pub(super) static DUPLICATES: Question = Question {
    id: "duplicate_acks",
    text: "Are there duplicate ACKs, and what did they cause?",
    topic: Topic::Tcp(duplicates),
    of_all_steps: true,
};

/// As many groups are kept.
const ROWS: usize = 12;

/// Duplicates of one ACK.
#[derive(Clone, Copy, Debug)]
struct Group {
    ack: u32,
    first: u64,
    last: u64,
    count: u64,
    /// The peer's retransmission for them, and whether it was needed.
    brought: Option<(u64, bool)>,
}

/// One side's duplicate ACKs.
#[derive(Clone, Debug, Default)]
pub(super) struct DuplicateEvidence {
    groups: Vec<Group>,
    duplicates: Occurrences,
    groups_count: u64,
    /// ACKs that look like duplicates and say that bytes came twice.
    twice: Occurrences,
    /// ACKs that look like duplicates and are the same packet captured twice.
    copies: Occurrences,
    fin_acked: bool,
}

impl DuplicateEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        self.fin_acked |= facts.acked.is_some_and(|acked| acked.fin);
        let copy = facts.retransmission.is_some_and(|repeat| repeat.is_duplicate());
        // it brings an option of Multipath TCP, and reports no gap (RFC 8684)
        if facts.options.other.mptcp().next().is_some() {
            return;
        }
        if facts.analysis.contains(AnalysisFlag::DuplicateAck) && copy {
            self.copies.see(event.frame);
        } else if facts.analysis.contains(AnalysisFlag::DuplicateAck) {
            match (says_twice(facts), self.fin_acked) {
                (true, _) => self.twice.see(event.frame),
                // nothing comes after a FIN that could be missing
                (false, true) => {}
                (false, false) => self.duplicate(event.frame, facts.ack.unwrap_or_default()),
            }
        }
    }

    fn duplicate(&mut self, frame: u64, ack: u32) {
        self.duplicates.see(frame);
        match self.groups.last_mut() {
            Some(group) if group.ack == ack => (group.last, group.count) = (frame, group.count + 1),
            _ => {
                self.groups_count += 1;
                if self.groups.len() < ROWS {
                    self.groups.push(Group { ack, first: frame, last: frame, count: 1, brought: None });
                }
            }
        }
    }

    /// Takes a segment of the peer, which may be what the duplicates asked for.
    pub(super) fn answered(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        let Some(repeat) = facts.retransmission else { return };
        // only the retransmission of the bytes that the duplicates ask for can be their consequence
        let upon_acks = repeat.cause().detail == "fast_retransmit";
        let needed = !repeat.is_spurious();
        if !upon_acks {
            return;
        }
        if let Some(group) = self.groups.iter_mut().rev().find(|group| group.ack == facts.seq) {
            group.brought.get_or_insert((event.frame, needed));
        }
    }
}

/// Returns `true` if an ACK reports bytes that came twice (DSACK, RFC 2883), and no gap.
fn says_twice(facts: &TcpFacts) -> bool {
    let ack = facts.ack.unwrap_or_default();
    let beyond = |(_, right): &(u32, u32)| right.wrapping_sub(facts.sack_base).wrapping_sub(ack).cast_signed() > 0;
    let blocks = facts.options.sack.as_slice();
    !blocks.is_empty() && !blocks.iter().any(beyond)
}

fn duplicates(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let (mut answer, mut besides) = (Answer::default(), Vec::new());
    for side in BOTH {
        let seen = case.seen.duplicates.get(side);
        let (who, peer) = (side.sender(), side.receiver());
        if seen.twice.count > 0 {
            let frames = frames_of(seen.twice.count, &seen.twice.frames);
            besides.push(format!(
                "The {who} also repeats its ACK number in {frames}, but only to report bytes received twice (DSACK, RFC 2883): that reports no gap."
            ));
            answer = answer.frames(seen.twice.frames.iter().copied());
        }
        if seen.copies.count > 0 {
            let frames = frames_of(seen.copies.count, &seen.copies.frames);
            besides.push(format!("The {who}'s ACK number is also repeated in {frames}, which duplicate the packet before: captured twice, or duplicated by the network."));
            answer = answer.frames(seen.copies.frames.iter().copied());
        }
        if seen.duplicates.count == 0 {
            continue;
        }
        let mut table = AnswerTable::new(
            format!("The {who}'s duplicate ACKs"),
            &["ACK number", "duplicates", "frames", "retransmitted in"],
        );
        for group in &seen.groups {
            let frames = if group.first == group.last {
                group.first.to_string()
            } else {
                format!("{} to {}", group.first, group.last)
            };
            let brought = group.brought.map_or_else(|| "-".to_owned(), |(frame, _)| frame.to_string());
            table.push([group.ack.to_string(), group.count.to_string(), frames, brought]);
        }
        table.left_out = seen.groups_count.saturating_sub(seen.groups.len() as u64);
        let brought = |needed| {
            let of_kind = seen.groups.iter().filter_map(|group| group.brought).filter(move |(_, it)| *it == needed);
            of_kind.map(|(frame, _)| frame).collect::<Vec<_>>()
        };
        let (needed, needless) = (brought(true), brought(false));
        let mut consequences = Vec::new();
        if !needed.is_empty() {
            consequences.push(format!(
                "The {peer} reacted by fast retransmission ({}), without waiting for its timer.",
                frames_of(needed.len() as u64, &needed)
            ));
        }
        if !needless.is_empty() {
            consequences.push(format!(
                "The {peer} reacted by a spurious retransmission ({}): the bytes were only late.",
                frames_of(needless.len() as u64, &needless)
            ));
        }
        if consequences.is_empty() {
            consequences.push(format!("The capture shows no retransmission by the {peer} in reaction."));
        }
        answer = answer
            .add(format!(
                "The {who} sent {}. A duplicate ACK repeats the number of the next byte that its receiver expects.",
                counted(seen.duplicates.count, "duplicate ACK")
            ))
            .add(consequences.join(" "))
            .frames(seen.duplicates.frames.iter().copied().chain(needed).chain(needless))
            .table(table);
    }
    let lacking = case.not_captured(tcp);
    let answer = match (answer.text.is_empty(), lacking) {
        (true, Some(side)) => answer.add(format!(
            "No ACK without data from the {} repeats the previous ACK number and window while data is in flight.",
            side.receiver()
        )),
        (true, None) => answer.add("No: no ACK without data repeats the previous ACK number and window while data is in flight."),
        (false, _) => answer.line("duplicate ACK = no data, same ACK number and window as before, data in flight (RFC 5681 §2); three cause a fast retransmit (§3.2)"),
    };
    let answer = match lacking.map(Direction::sender) {
        Some(who) => answer.but(format!("Whether the {who} sent any: the capture has no packet from the {who}.")),
        None => answer,
    };
    besides.iter().fold(answer, Answer::add)
}
