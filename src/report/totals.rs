//! The count of everything in a capture.

use super::exchange::Exchange;
use super::triage::Worst;
use super::words::frame_list;
use crate::explain::{Conversation, Step};
use crate::model::{Finding, FindingCode, FindingCounts, Program, Protocol, Skip};
use crate::track::{StopReason, StreamId};

/// Every frame of a capture, as a step or under its reason: `frames = tcp + udp + icmp + Σ other`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureTotals {
    /// Frames read.
    pub frames: u64,
    /// Steps that are TCP segments.
    pub tcp: u64,
    /// Steps that are UDP datagrams.
    pub udp: u64,
    /// Steps that are ICMP errors.
    pub icmp: u64,
    pub(super) other: [u64; Skip::ALL.len()],
    /// TCP conversations.
    pub tcp_conversations: u64,
    /// UDP conversations.
    pub udp_conversations: u64,
    /// Conversations whose state was given up early because too many were open at once.
    pub evicted: u64,
    /// Diagnoses that only the capture as a whole shows.
    pub findings: Vec<Finding>,
    /// Number of findings of all steps, all conversations and the capture itself, independent of display limits.
    pub findings_count: FindingCounts,
    /// The place and reason of an early end of the capture.
    pub truncated: Option<String>,
    /// Remarks about the source for the reader; for printed text, the fields that it does not show.
    pub remarks: Vec<String>,
    /// The reason why the captured session, or the reading, was stopped; unset where the capture itself ends early.
    pub stopped: Option<StopReason>,
    /// Packets that the kernel dropped; `None` for files.
    pub dropped: Option<u64>,
    /// Conversations that have no answers, although these were asked for: too many were open at once.
    pub unanswered: u64,
    /// Steps of others, who use the port of the session that was captured.
    pub others: u64,
    /// Captures that could not be read, or not to their end, each with the reason, where several are shown as one.
    pub failed: Vec<(String, String)>,
    /// The worst conversations, where there are too many to show each.
    pub triage: Option<Box<Worst>>,
    /// The programs whose session was captured, where they are the user's own.
    pub programs: Vec<Program>,
    /// The scenario that the capture is to show.
    pub scenario: Option<Box<ScenarioShown>>,
    /// Number of items that a bound of the output keeps from being shown. Sinks that leave something out add to it.
    pub left_out: LeftOut,
}

/// A scenario, and how far a capture of it shows its point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioShown {
    /// Its name on the command line.
    pub name: &'static str,
    /// The point, in one line.
    pub about: &'static str,
    /// The findings that show it, each with its frames.
    pub shows: Vec<(FindingCode, Vec<u64>)>,
    /// Unmet expectations, one sentence each; `None` where the capture was made at a side that need not show them.
    pub unmet: Option<Vec<String>>,
    /// The side where it shows.
    pub at: &'static str,
    /// Further remarks about the conversations together.
    pub notes: Vec<String>,
    /// The messages among more than two programs.
    pub exchange: Option<Exchange>,
}

impl ScenarioShown {
    /// The lines that open the report: title and point, then whether the capture shows it.
    pub fn lines(&self) -> Vec<String> {
        let shown = match self.unmet.as_deref() {
            None => format!("This capture need not show it: it is to be seen at the {}.", self.at),
            Some([]) if self.shows.is_empty() => "This capture shows it.".to_owned(),
            Some([]) => {
                let shows = self.shows.iter().map(|(code, frames)| format!("{code}{}", frame_list(frames, 0)));
                format!("This capture shows it: {}.", shows.collect::<Vec<_>>().join(", "))
            }
            Some(unmet) => format!("This capture does not show it: {}.", unmet.join("; ")),
        };
        let title = format!("Scenario {}: {}.", self.name, self.about);
        [title, shown].into_iter().chain(self.notes.iter().cloned()).collect()
    }
}

/// Items that are counted but not shown, because of a bound of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Conversations of which nothing is shown.
    pub conversations: u64,
    /// Steps not shown, those of these conversations included.
    pub steps: u64,
    /// Findings of these steps and conversations.
    pub findings: u64,
    /// The first conversation with such a finding.
    pub example: Option<StreamId>,
}

impl LeftOut {
    /// Leaves a step out.
    pub(super) fn step(&mut self, step: &Step<'_>) {
        self.steps += 1;
        self.findings(step.event.stream, step.findings.len() as u64);
    }

    /// Leaves a conversation out, and the findings that no step of it has.
    pub(super) fn conversation(&mut self, conversation: &Conversation) {
        self.conversations += 1;
        self.findings(conversation.totals.stream, conversation.findings().len() as u64);
    }

    /// Leaves findings of a conversation out.
    pub(crate) fn findings(&mut self, stream: StreamId, findings: u64) {
        self.findings += findings;
        if findings > 0 {
            self.example = self.example.or(Some(stream));
        }
    }

    /// Adds what another sink leaves out.
    pub(super) fn extend(&mut self, other: Self) {
        self.conversations += other.conversations;
        self.steps += other.steps;
        self.findings += other.findings;
        self.example = self.example.or(other.example);
    }

    /// Returns `true` if everything is shown.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl CaptureTotals {
    /// Number of conversations of this protocol.
    pub fn conversations(&self, protocol: Protocol) -> u64 {
        match protocol {
            Protocol::Tcp => self.tcp_conversations,
            Protocol::Udp => self.udp_conversations,
        }
    }

    /// Adds those of the capture in `file`.
    pub(super) fn add(&mut self, other: &Self, file: &str) {
        self.frames += other.frames;
        self.tcp += other.tcp;
        self.udp += other.udp;
        self.icmp += other.icmp;
        other.other().for_each(|(reason, frames)| self.skip(reason, frames));
        self.tcp_conversations += other.tcp_conversations;
        self.udp_conversations += other.udp_conversations;
        self.evicted += other.evicted;
        self.unanswered += other.unanswered;
        self.others += other.others;
        self.findings_count.add_all(&other.findings_count);
        self.left_out.extend(other.left_out);
        self.stopped = self.stopped.or(other.stopped);
        // its frames are those of its file
        let of_file = |finding: &Finding| {
            let frames: Vec<_> = finding.frames.iter().map(u64::to_string).collect();
            let text = format!("{file}: {} (frames {})", finding.text, frames.join(", "));
            Finding::new(finding.code, text, [])
        };
        self.findings.extend(other.findings.iter().map(of_file));
        self.remarks.extend(other.remarks.iter().map(|remark| format!("{file}: {remark}")));
    }

    /// Counts `count` frames under `reason`.
    pub fn skip(&mut self, reason: Skip, count: u64) {
        if let Some(slot) = self.other.get_mut(reason as usize) {
            *slot += count;
        }
    }

    /// Moves `count` frames from one reason to another: fragments that turn out never to be completed.
    pub fn recount(&mut self, from: Skip, to: Skip, count: u64) {
        if let Some(slot) = self.other.get_mut(from as usize) {
            *slot = slot.saturating_sub(count);
        }
        self.skip(to, count);
    }

    /// The reasons that occurred, with their counts.
    pub fn other(&self) -> impl Iterator<Item = (Skip, u64)> + '_ {
        Skip::ALL.into_iter().zip(self.other.iter().copied()).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_says_whether_the_capture_shows_it() {
        let shown = ScenarioShown {
            name: "lost-syn",
            about: "the first SYN is lost",
            shows: vec![(FindingCode::HandshakeRetried, vec![1, 2])],
            unmet: Some(Vec::new()),
            at: "client",
            notes: vec!["A note.".to_owned()],
            exchange: None,
        };
        let title = "Scenario lost-syn: the first SYN is lost.";
        assert_eq!(shown.lines(), [title, "This capture shows it: handshake_retried (frames 1, 2).", "A note."]);
        let not = ScenarioShown { unmet: Some(vec!["no finding handshake_retried".to_owned()]), ..shown.clone() };
        assert_eq!(not.lines()[1], "This capture does not show it: no finding handshake_retried.");
        let elsewhere = ScenarioShown { unmet: None, ..shown };
        assert_eq!(elsewhere.lines()[1], "This capture need not show it: it is to be seen at the client.");
    }
}
