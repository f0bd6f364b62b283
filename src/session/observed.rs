//! What a report says, counted: a sink that passes everything on, so that an expectation can be held against it.

use std::collections::BTreeMap;
use std::io;

use super::CaptureAt;
use super::judge::unmet;
use crate::drive::Scenario;
use crate::drive::scenario::Programs;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, Checksum, Endpoint, FindingCode, Side};
use crate::report::{CaptureTotals, Relay, ScenarioShown, Sink};
use crate::track::{AnalysisFlag, ConversationTotals, StreamId};

/// Counts what passes through.
pub struct Observer<'a> {
    sink: &'a mut dyn Sink,
    seen: Vec<Observed>,
    scenario: Option<(&'static Scenario, CaptureAt)>,
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
    /// The first conversations, for what they show together.
    pub(super) spans: Vec<Span>,
}

/// A conversation's server and frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) stream: StreamId,
    pub(super) server: Endpoint,
    pub(super) frames: (u64, u64),
}

/// Most conversations whose frames are compared.
const SPANS: usize = 256;

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
        if self.spans.len() < SPANS {
            let frames = (totals.first_frame, totals.last_frame);
            self.spans.push(Span { stream: totals.stream, server: totals.server, frames });
        }
        for finding in conversation.findings() {
            *self.findings.entry(finding.code).or_default() += 1;
        }
        if let Some(tcp) = &totals.tcp {
            self.analysis.extend(tcp.analysis.iter());
        }
        let own = self.own.is_empty() || self.own.contains(&totals.stream);
        if own && self.first.as_ref().is_none_or(|first| totals.first_frame < first.first_frame) {
            self.first = Some((**totals).clone());
        }
    }
}

impl<'a> Observer<'a> {
    /// Counts what goes to `sink`.
    pub fn new(sink: &'a mut dyn Sink) -> Self {
        Self { sink, seen: Vec::new(), scenario: None }
    }

    /// The same of a scenario that is captured at `at`: its point opens the report, with whether the capture shows it.
    #[must_use]
    pub fn of_scenario(self, scenario: Option<&'static Scenario>, at: CaptureAt) -> Self {
        Self { scenario: scenario.map(|scenario| (scenario, at)), ..self }
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
    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        let Some((scenario, at)) = self.scenario else { return self.sink.finish(totals) };
        let seen = self.seen.last();
        let judged = seen.filter(|_| seen_at(scenario, at) == Some(self.seen.len().saturating_sub(1)));
        let notes = match scenario.programs {
            Programs::Proxy => seen.and_then(cached).into_iter().collect(),
            Programs::Echo(_) | Programs::Script(_) => Vec::new(),
        };
        let shown = ScenarioShown {
            name: scenario.name,
            about: scenario.about,
            shows: scenario.expects.shows,
            unmet: judged.map(|seen| unmet(&scenario.expects, seen)),
            at: scenario.lab.capture_at.name(),
            notes,
        };
        let mut totals = totals.clone();
        totals.scenario = Some(Box::new(shown));
        self.sink.finish(&totals)
    }
}

/// The number of the capture that is to show a scenario; nothing if it was captured at the other host alone.
pub fn seen_at(scenario: &Scenario, at: CaptureAt) -> Option<usize> {
    match (at, scenario.lab.capture_at) {
        (CaptureAt::Client | CaptureAt::Both, Side::Client) | (CaptureAt::Server, Side::Server) => Some(0),
        (CaptureAt::Both, Side::Server) => Some(1),
        _ => None,
    }
}

/// Which conversations with a proxy needed its origin: in their time it opened a conversation with that.
fn cached(seen: &Observed) -> Option<String> {
    let proxy = seen.first.as_ref()?.server;
    let (with_proxy, with_origin): (Vec<&Span>, Vec<&Span>) = seen.spans.iter().partition(|span| span.server == proxy);
    let asks =
        |span: &&Span| with_origin.iter().any(|origin| (span.frames.0..=span.frames.1).contains(&origin.frames.0));
    let (asked, served): (Vec<&Span>, Vec<&Span>) = with_proxy.into_iter().partition(asks);
    let names = |spans: &[&Span]| spans.iter().map(|span| span.stream.to_string()).collect::<Vec<_>>().join(", ");
    let asked = match asked.len() {
        0 => String::new(),
        _ => format!("The proxy asked the origin during {}. ", names(&asked)),
    };
    (!served.is_empty())
        .then(|| format!("{asked}Served from the cache, without contact to the origin: {}.", names(&served)))
}
