//! What a report says, counted: a sink that passes everything on, so that an expectation can be held against it.

use std::collections::BTreeMap;
use std::io;

use crate::explain::{Conversation, FindingCode, Step};
use crate::model::{CaptureInfo, Checksum};
use crate::report::{CaptureTotals, Sink};
use crate::track::{AnalysisFlag, ConversationTotals};

/// Counts what passes through.
pub struct Observer<'a> {
    sink: &'a mut dyn Sink,
    seen: Observed,
}

/// What was seen in a capture.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// How many conversations.
    pub conversations: u64,
    /// The one that began first.
    pub first: Option<ConversationTotals>,
    /// Findings by code, of steps and conversations.
    pub findings: BTreeMap<FindingCode, u64>,
    /// How many steps.
    pub steps: u64,
    analysis: Vec<(AnalysisFlag, u32)>,
    checksums: Vec<(Checksum, u64)>,
}

impl Observed {
    /// How often Wireshark's flag of this name is set.
    pub fn analysis(&self, name: &str) -> u64 {
        self.analysis.iter().filter(|(flag, _)| flag.name() == name).map(|(_, count)| u64::from(*count)).sum()
    }

    /// How many steps have a checksum of this name.
    pub fn checksums(&self, name: &str) -> u64 {
        self.checksums.iter().filter(|(checksum, _)| checksum.name() == name).map(|(_, count)| count).sum()
    }
}

impl<'a> Observer<'a> {
    /// Counts what goes to `sink`.
    pub fn new(sink: &'a mut dyn Sink) -> Self {
        Self { sink, seen: Observed::default() }
    }

    /// What was seen.
    pub fn observed(self) -> Observed {
        self.seen
    }
}

impl Sink for Observer<'_> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.sink.capture(info)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.seen.steps += 1;
        for finding in step.findings.iter() {
            *self.seen.findings.entry(finding.code).or_default() += 1;
        }
        if let Some(checksum) = step.event.checksum() {
            self.seen.checksums.push((checksum, 1));
        }
        self.sink.step(step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let totals = &conversation.totals;
        self.seen.conversations += 1;
        for finding in conversation.findings() {
            *self.seen.findings.entry(finding.code).or_default() += 1;
        }
        if let Some(tcp) = &totals.tcp {
            self.seen.analysis.extend(tcp.analysis.iter());
        }
        if self.seen.first.as_ref().is_none_or(|first| totals.first_frame < first.first_frame) {
            self.seen.first = Some(totals.clone());
        }
        self.sink.conversation(conversation)
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.sink.finish(totals)
    }

    fn end(&mut self) -> io::Result<()> {
        self.sink.end()
    }
}
