//! What a report says, counted: a sink that passes everything on, so that an expectation can be held against it.

use std::collections::BTreeMap;
use std::io;

use crate::explain::{Conversation, Step};
use crate::model::FindingCode;
use crate::model::{CaptureInfo, Checksum};
use crate::report::{Relay, Sink};
use crate::track::{AnalysisFlag, ConversationTotals, StreamId};

/// Counts what passes through.
pub struct Observer<'a> {
    sink: &'a mut dyn Sink,
    seen: Vec<Observed>,
}

/// What was seen in a capture.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// How many conversations.
    pub conversations: u64,
    /// The one that began first, of the session's own where others are in the capture as well.
    pub first: Option<ConversationTotals>,
    /// Findings by code, of steps and conversations.
    pub findings: BTreeMap<FindingCode, u64>,
    /// How many steps.
    pub steps: u64,
    analysis: Vec<(AnalysisFlag, u32)>,
    checksums: Vec<(Checksum, u64)>,
    own: Vec<StreamId>,
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

impl Observed {
    fn step(&mut self, step: &Step<'_>) {
        self.steps += 1;
        for finding in step.findings.iter() {
            *self.findings.entry(finding.code).or_default() += 1;
        }
        if let Some(checksum) = step.event.checksum() {
            self.checksums.push((checksum, 1));
        }
    }

    fn conversation(&mut self, conversation: &Conversation) {
        let totals = &conversation.totals;
        self.conversations += 1;
        for finding in conversation.findings() {
            *self.findings.entry(finding.code).or_default() += 1;
        }
        if let Some(tcp) = &totals.tcp {
            self.analysis.extend(tcp.analysis.iter());
        }
        let own = self.own.is_empty() || self.own.contains(&totals.stream);
        if own && self.first.as_ref().is_none_or(|first| totals.first_frame < first.first_frame) {
            self.first = Some(totals.clone());
        }
    }
}

impl<'a> Observer<'a> {
    /// Counts what goes to `sink`.
    pub fn new(sink: &'a mut dyn Sink) -> Self {
        Self { sink, seen: Vec::new() }
    }

    /// What was seen, of each capture.
    pub fn observed(self) -> Vec<Observed> {
        self.seen
    }
}

impl<'a> Relay for Observer<'a> {
    type To = dyn Sink + 'a;

    const SEES_ALL: bool = true;

    fn to(&self) -> &Self::To {
        &*self.sink
    }

    fn to_mut(&mut self) -> &mut Self::To {
        self.sink
    }

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.seen.push(Observed::default());
        self.sink.capture(info)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        if let Some(seen) = self.seen.last_mut() {
            seen.step(step);
        }
        self.sink.step(step)
    }

    fn own(&mut self, stream: StreamId) {
        if let Some(seen) = self.seen.last_mut() {
            seen.own.push(stream);
        }
        self.sink.own(stream);
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        if let Some(seen) = self.seen.last_mut() {
            seen.conversation(conversation);
        }
        self.sink.conversation(conversation)
    }
}
