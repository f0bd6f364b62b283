//! Counts of a report's content, for the comparison with an expectation: a sink that passes everything on.

use std::collections::BTreeMap;
use std::io;

use super::CaptureAt;
use super::judge::unmet;
use crate::drive::Scenario;
use crate::drive::scenario::{BUSY, Expectation, Programs};
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, Checksum, Direction, Endpoint, Finding, FindingCode, Side, visible};
use crate::report::{CaptureTotals, Exchange, ForwardSink, Message, ScenarioShown, Sink};
use crate::track::{AnalysisFlag, ConversationTotals, StreamId};

/// Counts the content that it passes on.
pub struct Observer<'a> {
    sink: &'a mut dyn Sink,
    seen: Vec<Observed>,
    scenario: Option<(&'static Scenario, CaptureAt)>,
}

/// The content of the report on one capture.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The number of conversations.
    pub conversations: u64,
    /// The conversation that began first; the session's own if the capture holds others as well.
    pub first: Option<ConversationTotals>,
    /// Findings by code, of steps and conversations.
    pub findings: BTreeMap<FindingCode, u64>,
    /// The frames of the first finding of each code.
    evidence: BTreeMap<FindingCode, Vec<u64>>,
    /// The number of steps.
    pub steps: u64,
    analysis: Vec<(AnalysisFlag, u32)>,
    checksums: Vec<(Checksum, u64)>,
    own: Vec<StreamId>,
    /// The first conversations, for what they show in combination.
    pub(super) spans: Vec<Span>,
    /// The beginning of the first message of each side of these.
    messages: Vec<FirstData>,
}

/// The first data of one side of a conversation.
#[derive(Clone, Debug)]
struct FirstData {
    frame: u64,
    stream: StreamId,
    direction: Direction,
    text: String,
}

/// A conversation's server and frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) stream: StreamId,
    pub(super) server: Endpoint,
    pub(super) frames: (u64, u64),
}

/// Limit of the conversations whose frames are compared.
const SPANS: usize = 256;

/// Limit of the messages drawn.
const MESSAGES: usize = 40;

impl Observed {
    /// The number of times that Wireshark's flag `name` is set.
    pub fn analysis(&self, name: &str) -> u64 {
        self.analysis.iter().filter(|(flag, _)| flag.name() == name).map(|(_, count)| u64::from(*count)).sum()
    }

    /// The number of steps with a checksum of this status.
    pub fn checksums(&self, name: &str) -> u64 {
        self.checksums.iter().filter(|(checksum, _)| checksum.name() == name).map(|(_, count)| count).sum()
    }
}

impl Observed {
    fn step(&mut self, step: &Step<'_>) {
        self.steps += 1;
        step.findings.iter().for_each(|finding| self.finding(finding));
        if let Some(checksum) = step.event.checksum() {
            self.checksums.push((checksum, 1));
        }
    }

    fn finding(&mut self, finding: &Finding) {
        *self.findings.entry(finding.code).or_default() += 1;
        self.evidence.entry(finding.code).or_insert_with(|| finding.frames.to_vec());
    }

    /// Records the first message of a side of a conversation.
    fn message(&mut self, step: &Step<'_>) {
        let (event, stream, direction) = (&step.event, step.event.stream, step.event.direction);
        let known = |seen: &FirstData| seen.stream == stream && seen.direction == direction;
        if event.len().is_none_or(|len| len == 0) || self.messages.len() >= SPANS || self.messages.iter().any(known) {
            return;
        }
        let line = event.payload.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        self.messages.push(FirstData { frame: event.frame, stream, direction, text: http(&visible(line, LINE).0) });
    }

    /// The findings that show the expected behaviour, the most severe first.
    fn shows(&self, expects: &Expectation) -> Vec<(FindingCode, Vec<u64>)> {
        let busy = if expects.analysis.is_empty() { &[] } else { BUSY };
        let about = |code: &FindingCode| {
            let mut names = expects.shows.iter().chain(expects.may_show).chain(busy);
            names.any(|name| *name == code.name())
        };
        let found = self.evidence.iter().filter(|(code, _)| about(code));
        let mut shows: Vec<_> = found.map(|(code, frames)| (*code, frames.clone())).collect();
        shows.sort_by_key(|(code, _)| std::cmp::Reverse(code.severity()));
        shows
    }

    fn conversation(&mut self, conversation: &Conversation) {
        let totals = &conversation.totals;
        self.conversations += 1;
        if self.spans.len() < SPANS {
            let frames = (totals.first_frame, totals.last_frame);
            self.spans.push(Span { stream: totals.stream, server: totals.server, frames });
        }
        conversation.findings().iter().for_each(|finding| self.finding(finding));
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
    /// Counts the content that goes to `sink`.
    pub fn new(sink: &'a mut dyn Sink) -> Self {
        Self { sink, seen: Vec::new(), scenario: None }
    }

    /// The same for a scenario that is captured at `at`: the report opens with its point, and with whether the capture
    /// shows it.
    #[must_use]
    pub fn of_scenario(self, scenario: Option<&'static Scenario>, at: CaptureAt) -> Self {
        Self { scenario: scenario.map(|scenario| (scenario, at)), ..self }
    }

    /// The content of the report on each capture.
    pub fn observed(self) -> Vec<Observed> {
        self.seen
    }
}

impl<'a> ForwardSink for Observer<'a> {
    type Inner = dyn Sink + 'a;

    const SEES_ALL: bool = true;

    fn inner(&self) -> &Self::Inner {
        &*self.sink
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        self.sink
    }

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.seen.push(Observed::default());
        self.sink.capture(info)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        if let Some(seen) = self.seen.last_mut() {
            seen.step(step);
            if self.scenario.is_some_and(|(scenario, _)| matches!(scenario.programs, Programs::Proxy)) {
                seen.message(step);
            }
        }
        self.sink.step(step)
    }

    fn mark_own(&mut self, stream: StreamId) {
        if let Some(seen) = self.seen.last_mut() {
            seen.own.push(stream);
        }
        self.sink.mark_own(stream);
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
        let by_proxy = match scenario.programs {
            Programs::Proxy => seen.and_then(Proxied::of),
            Programs::Echo(_) | Programs::Script(_) => None,
        };
        let shown = ScenarioShown {
            name: scenario.name,
            about: scenario.about,
            shows: judged.map(|seen| seen.shows(&scenario.expects)).unwrap_or_default(),
            unmet: judged.map(|seen| unmet(&scenario.expects, seen)),
            at: scenario.lab.capture_at.name(),
            notes: by_proxy.as_ref().map(Proxied::notes).unwrap_or_default(),
            exchange: by_proxy.zip(seen).map(|(proxied, seen)| proxied.exchange(&seen.messages)),
        };
        let mut totals = totals.clone();
        totals.scenario = Some(Box::new(shown));
        self.sink.finish(&totals)
    }
}

/// The index of the capture that is to show a scenario; `None` if it was captured at the other host only.
pub fn seen_at(scenario: &Scenario, at: CaptureAt) -> Option<usize> {
    match (at, scenario.lab.capture_at) {
        (CaptureAt::Client | CaptureAt::Both, Side::Client) | (CaptureAt::Server, Side::Server) => Some(0),
        (CaptureAt::Both, Side::Server) => Some(1),
        _ => None,
    }
}

/// Limit of the first line of a message, in characters.
const LINE: usize = 200;

/// The request or the response without its constant parts: `GET /document`, `200 OK`.
fn http(line: &str) -> String {
    let line = line.strip_suffix(" HTTP/1.1").or_else(|| line.strip_prefix("HTTP/1.1 ")).unwrap_or(line);
    match line.split_once("http://") {
        Some((method, rest)) => format!("{method}/{}", rest.split_once('/').map_or("", |(_, path)| path)),
        None => line.to_owned(),
    }
}

/// The conversations of a proxy: those with its clients, and those with its origin.
struct Proxied {
    /// Conversations with clients during which the proxy opened one with the origin.
    asked: Vec<Span>,
    /// Conversations with clients that it answered from its cache.
    served: Vec<Span>,
    with_origin: Vec<Span>,
}

impl Proxied {
    fn of(seen: &Observed) -> Option<Self> {
        let proxy = seen.first.as_ref()?.server;
        let (with_proxy, with_origin): (Vec<Span>, Vec<Span>) =
            seen.spans.iter().partition(|span| span.server == proxy);
        let asks =
            |span: &Span| with_origin.iter().any(|origin| (span.frames.0..=span.frames.1).contains(&origin.frames.0));
        let (asked, served) = with_proxy.into_iter().partition(asks);
        Some(Self { asked, served, with_origin })
    }

    fn notes(&self) -> Vec<String> {
        let names = |spans: &[Span]| spans.iter().map(|span| span.stream.to_string()).collect::<Vec<_>>().join(", ");
        let mut notes = Vec::new();
        if !self.asked.is_empty() {
            let (asked, origin) = (names(&self.asked), names(&self.with_origin));
            notes.push(format!("{asked}: not in the cache; the proxy asked the origin ({origin})."));
        }
        if !self.served.is_empty() {
            notes.push(format!("{}: served from the cache; the origin was not contacted.", names(&self.served)));
        }
        notes
    }

    fn exchange(&self, seen: &[FirstData]) -> Exchange {
        let is_of = |spans: &[Span], stream| spans.iter().any(|span| span.stream == stream);
        let message = |seen: &FirstData| {
            let (client, server) = if is_of(&self.with_origin, seen.stream) { (1, 2) } else { (0, 1) };
            let (from, to) = match seen.direction {
                Direction::ClientToServer => (client, server),
                Direction::ServerToClient => (server, client),
            };
            let cached = to < from && is_of(&self.served, seen.stream);
            let text = if cached { format!("{}, from the cache", seen.text) } else { seen.text.clone() };
            Message { frame: seen.frame, stream: seen.stream, from, to, text }
        };
        let messages: Vec<_> = seen.iter().take(MESSAGES).map(message).collect();
        let left_out = seen.len().saturating_sub(messages.len()) as u64;
        Exchange { programs: vec!["client", "proxy", "origin"], messages, left_out }
    }
}
