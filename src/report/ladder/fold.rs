//! Folds the ordinary steps of a long ladder into summary rows.
//!
//! Only data, acknowledgments and datagrams that went well are folded. Never: SYN, FIN and RST and what acknowledges
//! them, ICMP errors, retransmissions and their originals, probes, and every step with a warning or a problem.

use std::collections::HashSet;

use super::trail::Entry;
use crate::explain::{Phase, Step};
use crate::model::Severity;
use crate::model::{Nanos, PerDirection, TcpFlags};
use crate::report::words::{count, counted};
use crate::track::{Body, TcpFacts};

/// Steps in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fold {
    /// Number of folded steps.
    pub steps: u64,
    /// Numbers of the first and the last.
    pub numbers: (u64, u64),
    /// Frames of the first and the last.
    pub frames: (u64, u64),
    /// Segments or datagrams with payload, each way.
    pub data: PerDirection<u64>,
    /// Their payload bytes, each way.
    pub bytes: PerDirection<u64>,
    /// Segments without payload.
    pub acks: u64,
    /// Steps that should be seen, were there not too many of them.
    pub notable: u64,
    /// The phase that they belong to.
    pub phase: Phase,
    /// `true` if they are datagrams.
    pub datagrams: bool,
    /// Time of the first and the last since the conversation's start.
    pub times: Option<(Nanos, Nanos)>,
}

impl Fold {
    /// A fold of one step.
    pub(in crate::report) fn of(step: &Step<'_>) -> Self {
        let event = &step.event;
        let mut fold = Self {
            steps: 0,
            numbers: (event.number, event.number),
            frames: (event.frame, event.frame),
            data: PerDirection::default(),
            bytes: PerDirection::default(),
            acks: 0,
            notable: 0,
            phase: step.phase,
            datagrams: matches!(event.body, Body::Udp(_)),
            times: event.since_start.map(|time| (time, time)),
        };
        fold.add(step);
        fold
    }

    /// Takes one more.
    pub(in crate::report) fn add(&mut self, step: &Step<'_>) {
        let event = &step.event;
        self.steps += 1;
        self.numbers.1 = event.number;
        self.frames.1 = event.frame;
        match event.len() {
            Some(len) if len > 0 || self.datagrams => {
                *self.data.get_mut(event.direction) += 1;
                *self.bytes.get_mut(event.direction) += u64::from(len);
            }
            _ => self.acks += 1,
        }
        self.notable += u64::from(is_notable(step));
        self.times = self.times.zip(event.since_start).map(|((first, _), last)| (first, last));
    }

    fn join(&mut self, next: &Self) {
        self.steps += next.steps;
        self.numbers.1 = next.numbers.1;
        self.frames.1 = next.frames.1;
        self.data.client_to_server += next.data.client_to_server;
        self.data.server_to_client += next.data.server_to_client;
        self.bytes.client_to_server += next.bytes.client_to_server;
        self.bytes.server_to_client += next.bytes.server_to_client;
        self.acks += next.acks;
        self.notable += next.notable;
        self.times = self.times.zip(next.times).map(|((first, _), (_, last))| (first, last));
    }

    /// `2,314 data segments and 1,157 ACKs`.
    pub(crate) fn text(&self) -> String {
        let data = self.data.client_to_server + self.data.server_to_client;
        let mut parts = Vec::new();
        if data > 0 {
            parts.push(counted(data, if self.datagrams { "datagram" } else { "data segment" }));
        }
        if self.acks > 0 {
            parts.push(counted(self.acks, "ACK"));
        }
        let mut text = parts.join(" and ");
        if self.notable > 0 {
            text.push_str(&format!(", {} of them worth a look", count(self.notable)));
        }
        text
    }

    /// `steps 5 to 2,318, 3.31 MB in 2.04 s`.
    pub(crate) fn detail(&self) -> String {
        let bytes = self.bytes.client_to_server + self.bytes.server_to_client;
        let mut text = format!("steps {} to {}", count(self.numbers.0), count(self.numbers.1));
        if bytes > 0 {
            text.push_str(&format!(", {}", counted(bytes, "byte")));
        }
        if let Some((first, last)) = self.times {
            text.push_str(&format!(" in {}", last.minus(first).human()));
        }
        text
    }
}

/// Returns `true` if a ladder must show the step.
pub(super) fn is_notable(step: &Step<'_>) -> bool {
    let segment = |facts: &TcpFacts| {
        facts.flags.intersects(TcpFlags::SYN.union(TcpFlags::FIN).union(TcpFlags::RST))
            || facts.retransmission.is_some()
            || facts.probe.is_some()
            || facts.acked.is_some_and(|acked| acked.syn || acked.fin)
    };
    step.event.number == 1
        || matches!(step.event.body, Body::Icmp(_))
        || step.event.tcp().is_some_and(segment)
        || step.findings.iter().any(|finding| finding.code.severity() >= Severity::Warning)
}

/// Frames that a step points at: what it repeats, and what proves a warning.
pub(in crate::report) fn evidence<'a>(step: &'a Step<'static>) -> impl Iterator<Item = u64> + 'a {
    let original = step.event.tcp().and_then(|facts| facts.retransmission?.proof.original);
    let warnings = step.findings.iter().filter(|finding| finding.code.severity() >= Severity::Warning);
    original.into_iter().chain(warnings.flat_map(|finding| finding.frames.iter().copied()))
}

/// Folds runs of ordinary steps, all but `context` at each end; what `later` steps point at stays.
pub(super) fn fold(entries: Vec<Entry>, later: &[Entry], context: usize) -> Vec<Entry> {
    let steps = entries.iter().chain(later).filter_map(|entry| match entry {
        Entry::Step(step) => Some(step),
        Entry::Fold(_) => None,
    });
    let pointed_at: HashSet<u64> = steps.flat_map(evidence).collect();
    let last = if later.is_empty() { entries.len().saturating_sub(1) } else { usize::MAX };
    let mut folded = Vec::with_capacity(entries.len());
    let mut run = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let stays = match &entry {
            Entry::Step(step) => index == last || is_notable(step) || pointed_at.contains(&step.event.frame),
            Entry::Fold(_) => false,
        };
        if stays {
            fold_run(&mut run, context, &mut folded);
            folded.push(entry);
        } else {
            run.push(entry);
        }
    }
    fold_run(&mut run, context, &mut folded);
    folded
}

/// A fold must be worth its line.
const MIN_FOLD: usize = 3;

fn fold_run(run: &mut Vec<Entry>, context: usize, out: &mut Vec<Entry>) {
    let is_fold = |entry: &Entry| matches!(entry, Entry::Fold(_));
    let first_fold = run.iter().position(is_fold);
    if first_fold.is_none() && run.len() < 2 * context + MIN_FOLD {
        out.append(run);
        return;
    }
    let from = first_fold.map_or(context, |fold| fold.min(context));
    let until = run.len().saturating_sub(context).max(run.iter().rposition(is_fold).map_or(0, |last| last + 1));
    let mut fold: Option<Fold> = None;
    for (index, entry) in run.drain(..).enumerate() {
        if index < from || index >= until {
            out.extend(fold.take().map(Entry::Fold));
            out.push(entry);
            continue;
        }
        match (&mut fold, entry) {
            (Some(fold), Entry::Step(step)) => fold.add(&step),
            (Some(fold), Entry::Fold(next)) => fold.join(&next),
            (None, Entry::Step(step)) => fold = Some(Fold::of(&step)),
            (None, Entry::Fold(first)) => fold = Some(first),
        }
    }
    out.extend(fold.map(Entry::Fold));
}
