//! The sink that holds whatever the pipeline says against what was played.

use std::io;

use echolab::explain::{Conversation, Step};
use echolab::model::{CaptureInfo, Protocol};
use echolab::model::{Finding, FindingCode, FindingCounts};
use echolab::pipeline::{self, Options};
use echolab::report::{AnswerCollector, CaptureTotals, Sink};
use echolab::track::Body;

use super::frames::{Playback, Recorded};

/// The output of the pipeline.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The last frame that was a step.
    last: u64,
    steps: u64,
    /// Packets of all conversations together, as they count them.
    packets: u64,
    errors: u64,
    conversations: [u64; 2],
    /// The last frame that anything refers to.
    furthest: u64,
    /// Every finding of steps and conversations: its code and frames.
    pub(crate) findings: Vec<(&'static str, Vec<u64>)>,
    codes: Vec<FindingCode>,
}

/// Plays the frames through the whole pipeline, answers included, and holds every word against them.
pub(crate) fn play(frames: Vec<Recorded>, ahead: bool) -> Said {
    let count = frames.len() as u64;
    let mut said = Said::default();
    let mut options = Options { ahead, ..Options::default() };
    let totals = pipeline::run(&mut Playback::of(frames), &mut options, &mut AnswerCollector::new(&mut said)).unwrap();
    assert_eq!(totals.frames, count);
    assert_eq!(totals.frames, totals.tcp + totals.udp + totals.icmp + totals.other().map(|(_, n)| n).sum::<u64>());
    assert_eq!(said.steps, totals.tcp + totals.udp + totals.icmp);
    assert_eq!((said.packets, said.errors), (said.steps, totals.icmp));
    assert_eq!(said.conversations, [totals.tcp_conversations, totals.udp_conversations]);
    let mut counted = FindingCounts::default();
    said.codes.iter().chain(totals.findings.iter().map(|finding| &finding.code)).for_each(|code| counted.count(*code));
    assert_eq!(totals.findings_count, counted);
    assert!(said.furthest <= count, "a finding in frame {} of {count}", said.furthest);
    said
}

impl Said {
    fn hold(&mut self, findings: &[Finding]) {
        for finding in findings {
            assert!(!finding.frames.is_empty(), "{finding:?} proved by no frame");
            assert!(finding.frames.first() > Some(&0) && finding.frames.is_sorted_by(|a, b| a < b), "{finding:?}");
            readable(&finding.text);
            self.furthest = self.furthest.max(finding.frames.last().copied().unwrap_or_default());
            self.codes.push(finding.code);
            self.findings.push((finding.code.name(), finding.frames.clone()));
        }
    }
}

/// There is something, and nothing that moves a terminal's cursor.
fn readable(text: &str) {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
}

impl Sink for &mut Said {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        assert!(step.event.frame > self.last, "frame {} after frame {}", step.event.frame, self.last);
        self.last = step.event.frame;
        self.steps += 1;
        self.errors += u64::from(matches!(step.event.body, Body::Icmp(_)));
        readable(&step.description());
        self.hold(&step.findings);
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let totals = &conversation.totals;
        self.conversations[usize::from(totals.stream.protocol == Protocol::Udp)] += 1;
        self.packets += totals.packets.client_to_server + totals.packets.server_to_client;
        assert!(totals.first_frame > 0 && totals.first_frame <= totals.last_frame);
        self.furthest = self.furthest.max(totals.last_frame);
        self.hold(conversation.findings());
        for fact in conversation.facts() {
            readable(&fact.text);
        }
        for answered in conversation.answers().unwrap() {
            readable(answered.answer.cannot_tell.as_deref().unwrap_or(&answered.answer.text));
        }
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}
