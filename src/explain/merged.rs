//! Findings merged by their cause: one entry for each code, with its frames and a total.
//!
//! It sees every step of a conversation that is shown, whatever a limit shows of it, in bounded memory.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::step::Step;
use super::words::lowered;
use crate::model::{Direction, Finding, FindingCode, FindingCounts, ShownBy, counted, thousands};
use crate::track::Body;

/// Most frames kept of one code.
const FRAMES: usize = 512;

/// The findings of one code among the steps of one conversation.
#[derive(Clone, Debug)]
struct Group {
    first: Finding,
    /// All say the same.
    alike: bool,
    /// Payload bytes of the packets that it is about.
    bytes: u64,
    frames: BTreeSet<u64>,
    /// The newest packet with it whose frame is no longer kept.
    frames_left_out: u64,
}

/// The findings of a conversation's steps, merged while they pass.
#[derive(Clone, Debug, Default)]
pub struct FindingDigest {
    counts: FindingCounts,
    groups: Vec<Group>,
}

/// Findings with one code, as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedFinding {
    /// The code.
    pub code: FindingCode,
    /// Number of packets with the finding; 0 where only the whole conversation has it.
    pub count: u64,
    /// The sentences, with a total where there are several.
    pub text: Cow<'static, str>,
    /// The frames that prove it, in ascending order.
    pub frames: Vec<u64>,
    /// Minimum number of frames that are not named.
    pub frames_left_out: u64,
    /// The sender of the first packet that shows it.
    pub sender: Option<Direction>,
    /// The frame of that packet; 0 where only the whole conversation shows it.
    pub first_frame: u64,
}

/// The unit of a total: the code, the words after the number, and the bytes to count.
type Total = (FindingCode, &'static str, Bytes);

/// The payload bytes that a total counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bytes {
    /// None.
    None,
    /// Those of the packets with the finding.
    Own,
    /// Those that a RST reports as lost.
    Lost,
}

/// The totals of codes that come in numbers; the others say how often.
const TOTALS: &[Total] = &[
    (FindingCode::TimeoutRetransmit, "retransmissions by a timer", Bytes::Own),
    (FindingCode::FastRetransmit, "fast retransmissions", Bytes::Own),
    (FindingCode::TailLossProbe, "tail-loss probes", Bytes::Own),
    (FindingCode::Retransmit, "retransmissions", Bytes::Own),
    (FindingCode::SpuriousRetransmit, "indications that data was retransmitted needlessly", Bytes::Own),
    (FindingCode::SackReneging, "packets that show SACK reneging", Bytes::None),
    (FindingCode::Reordered, "packets out of order", Bytes::Own),
    (FindingCode::OrderUnknown, "packets that fill a gap, late or retransmitted", Bytes::Own),
    (FindingCode::MtuBlackHole, "retransmissions of segments too large for the path", Bytes::Own),
    (FindingCode::HandshakeRetried, "retransmissions of a SYN or SYN-ACK", Bytes::None),
    (FindingCode::ResetAfterClose, "RSTs answered segments for a closed socket", Bytes::Lost),
    (FindingCode::ResetStale, "RSTs in answer to segments of no known connection", Bytes::None),
    (FindingCode::ResetIgnored, "RSTs that ended nothing", Bytes::None),
    (FindingCode::ChallengeAck, "challenge ACKs", Bytes::None),
    (FindingCode::Unacceptable, "segments that their receiver does not accept", Bytes::Own),
    (FindingCode::CaptureGap, "ACKs of data that is not in the capture", Bytes::None),
    (FindingCode::DuplicateFrame, "duplicate packets", Bytes::Own),
    (FindingCode::BytesTwice, "DSACKs of bytes received twice", Bytes::None),
    (FindingCode::LimitedTransmit, "segments by limited transmit", Bytes::Own),
    (FindingCode::ZeroWindow, "zero windows", Bytes::None),
    (FindingCode::ZeroWindowProbe, "zero-window probes", Bytes::None),
    (FindingCode::WindowLimited, "segments that the window limited", Bytes::Own),
    (FindingCode::DelayedAck, "delayed ACKs", Bytes::None),
    (FindingCode::NagleWait, "segments that Nagle's algorithm held back", Bytes::Own),
    (FindingCode::IdleGap, "idle periods", Bytes::None),
    (FindingCode::SlowServer, "slow answers of the server", Bytes::None),
    (FindingCode::KeepAlive, "keep-alives", Bytes::None),
    (FindingCode::ChecksumAccepted, "ACKs of packets with an invalid checksum", Bytes::None),
    (FindingCode::ChecksumInvalid, "packets with an invalid checksum", Bytes::Own),
    (FindingCode::NoReply, "requests without an answer", Bytes::Own),
    (FindingCode::PortUnreachable, "refused packets", Bytes::None),
    (FindingCode::IcmpError, "ICMP errors", Bytes::None),
    (FindingCode::EchoIdentical, "answers are the request, byte for byte", Bytes::Own),
    (FindingCode::EchoUpper, "answers are the request in upper case", Bytes::Own),
    (FindingCode::EchoPrefixed, "answers are the request with a prefix", Bytes::Own),
    (FindingCode::EchoDifferent, "answers are not echoes of the request", Bytes::Own),
    (FindingCode::WireDropped, "packets that the lab's link dropped", Bytes::Own),
    (FindingCode::WireDelayed, "packets that the lab's link delayed", Bytes::Own),
    (FindingCode::WireReordered, "packets that the lab's link reordered", Bytes::Own),
    (FindingCode::WireDuplicated, "packets that the lab's link duplicated", Bytes::Own),
    (FindingCode::WireCorrupted, "packets that the lab's link corrupted", Bytes::Own),
];

fn total_of(code: FindingCode) -> Option<&'static Total> {
    TOTALS.iter().find(|(of, ..)| *of == code)
}

impl FindingDigest {
    /// Takes the conversation's next step.
    pub fn see(&mut self, step: &Step<'_>) {
        let event = &step.event;
        let len = event.len().unwrap_or(0);
        let lost = match &event.body {
            Body::Tcp(facts) => facts.reset.map_or(0, |reset| reset.proof.bytes),
            _ => 0,
        };
        for finding in step.findings.iter() {
            self.merge(finding, event.shown_by(), (len, lost));
        }
    }

    /// Takes one finding, with the payload bytes of its packet, and those that it reports as lost.
    fn merge(&mut self, finding: &Finding, by: ShownBy, (len, lost): (u32, u32)) {
        self.counts.count_shown(finding.code, by);
        let place = self.groups.iter().position(|group| group.first.code == finding.code).unwrap_or_else(|| {
            self.groups.push(Group {
                first: finding.clone(),
                alike: true,
                bytes: 0,
                frames: BTreeSet::new(),
                frames_left_out: 0,
            });
            self.groups.len() - 1
        });
        let Some(group) = self.groups.get_mut(place) else { return };
        group.alike &= group.first.text == finding.text;
        match total_of(finding.code).map_or(Bytes::None, |(.., bytes)| *bytes) {
            Bytes::None => {}
            Bytes::Own => group.bytes += u64::from(len),
            Bytes::Lost => group.bytes += u64::from(lost),
        }
        if group.frames.len() + finding.frames.len() <= FRAMES {
            group.frames.extend(&finding.frames);
        } else if !group.frames.contains(&by.frame) {
            group.frames_left_out += 1;
        }
    }

    /// The findings of a whole conversation and of its steps, the gravest first.
    pub(super) fn merged(&self, whole: &[Finding]) -> Vec<MergedFinding> {
        merged(whole, self.groups.iter().map(|group| group.merged(&self.counts)))
    }
}

/// The same where nothing but the counts of all findings is known: the text of a step is the meaning of its code.
pub(super) fn of_counts(counts: &FindingCounts, whole: &[Finding]) -> Vec<MergedFinding> {
    let of_steps = counts.holding().filter_map(|(code, count)| {
        let of_whole = whole.iter().filter(|finding| finding.code == code).count() as u64;
        let count = count.checked_sub(of_whole).filter(|count| *count > 0)?;
        let first = counts.first(code)?;
        // the frames of the whole are named already
        let alone = of_whole == 0;
        Some(MergedFinding {
            code,
            count,
            text: match total_of(code).filter(|_| count > 1) {
                Some((_, plural, _)) => Cow::Owned(format!("{} {plural}.", thousands(count))),
                None => Cow::Borrowed(code.about()),
            },
            frames: if alone { vec![first.frame] } else { Vec::new() },
            frames_left_out: if alone { count - 1 } else { 0 },
            sender: Some(first.sender),
            first_frame: first.frame,
        })
    });
    merged(whole, of_steps)
}

/// Merges the findings of a conversation with those of its steps: a finding of the whole conversation replaces those of its
/// steps with the same code.
fn merged(whole: &[Finding], of_steps: impl Iterator<Item = MergedFinding>) -> Vec<MergedFinding> {
    let mut merged: Vec<MergedFinding> = Vec::new();
    for finding in whole {
        let same = merged.iter_mut().find(|other| other.code == finding.code && other.text == finding.text);
        match same {
            Some(same) => same.frames.extend(&finding.frames),
            None => merged.push(MergedFinding {
                code: finding.code,
                count: 0,
                text: finding.text.clone(),
                frames: finding.frames.clone(),
                frames_left_out: 0,
                sender: None,
                first_frame: 0,
            }),
        }
    }
    let accepted = merged.iter().any(|finding| finding.code == FindingCode::ChecksumAccepted);
    for of_step in of_steps {
        if accepted && of_step.code == FindingCode::ChecksumInvalid {
            // the whole conversation shows that these packets were not corrupted
            continue;
        }
        let mut of_whole = merged.iter_mut().filter(|other| other.code == of_step.code && other.count == 0);
        match (of_whole.next(), of_whole.next()) {
            (Some(only), None) => {
                only.count = of_step.count;
                only.frames.extend(&of_step.frames);
                only.frames_left_out = of_step.frames_left_out;
                only.sender = of_step.sender;
                only.first_frame = of_step.first_frame;
            }
            _ => merged.push(of_step),
        }
    }
    for finding in &mut merged {
        finding.frames.sort_unstable();
        finding.frames.dedup();
    }
    merged.sort_by_key(|finding| std::cmp::Reverse(finding.code.severity()));
    merged
}

impl Group {
    fn merged(&self, counts: &FindingCounts) -> MergedFinding {
        let code = self.first.code;
        MergedFinding {
            code,
            count: counts.of(code),
            text: self.text(counts.of(code)),
            frames: self.frames.iter().copied().collect(),
            frames_left_out: self.frames_left_out,
            sender: counts.first(code).map(|first| first.sender),
            first_frame: counts.first(code).map_or(0, |first| first.frame),
        }
    }

    /// The finding's own sentences; the total and the first one's, where there are several that differ.
    fn text(&self, count: u64) -> Cow<'static, str> {
        if count == 1 || self.alike && self.bytes == 0 {
            return self.first.text.clone();
        }
        let first = &self.first.text;
        let Some((_, plural, bytes)) = total_of(self.first.code) else {
            return Cow::Owned(format!("{first} {} packets show this.", thousands(count)));
        };
        let size = match self.bytes {
            0 => String::new(),
            size if *bytes == Bytes::Lost => format!("; {} lost", counted(size, "byte")),
            size => format!(", {}", counted(size, "byte")),
        };
        let total = format!("{} {plural}{size}", thousands(count));
        Cow::Owned(if self.alike { format!("{total}. {first}") } else { format!("{total}. First: {}", lowered(first)) })
    }
}
