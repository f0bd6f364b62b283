//! Runs of equal steps, each of which a table shows in one line.
//!
//! Equal are acknowledgments that carry nothing, and data segments or datagrams of the same length, or of a bulk transfer,
//! whose lengths tell nothing. A run ends at a pause, at another phase, and at every step that a reader may look for: one
//! with a finding, with a mark of what became of it, with other flags than ACK and PSH, or that something is proved by.

use std::collections::HashSet;
use std::ops::Range;

use super::ladder::{DeliveryStatus, Fold, deliveries};
use super::words::{FRAMES_NAMED, counted, finding_lines_of, ledger_lines};
use crate::explain::{Conversation, FindingDigest, Phase, Step};
use crate::model::thresholds::SLOW_RESPONSE;
use crate::model::{Direction, PerDirection, TcpFlags};
use crate::track::{AnalysisFlag, Body, TcpFacts};

/// So many steps of a run stay in sight at each end.
const CONTEXT: usize = 2;
/// Minimum number of steps in a run.
const MIN_RUN: usize = 6;
/// Minimum length of a bulk transfer's segments in bytes: the MSS where none was negotiated (RFC 9293 §3.7.1).
const BULK: u32 = 536;
/// Number of steps of a run within which both sides have begun to send, where both send.
const SETTLED: usize = 4;

/// Flags that every step of a bulk transfer may have.
const WINDOW: &[AnalysisFlag] = &[AnalysisFlag::WindowFull, AnalysisFlag::WindowUpdate];

/// Steps that a table shows in one line.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Their places among the steps.
    pub steps: Range<usize>,
    fold: Fold,
}

impl Run {
    /// `46 data segments and 46 ACKs, frames 112–203: 66,608 bytes from the client in 203 ms`.
    pub(crate) fn text(&self) -> String {
        let Fold { frames: (first, last), bytes, times, .. } = &self.fold;
        let mut text = format!("{}, frames {first}–{last}", self.fold.text());
        let from = |direction: Direction| {
            let bytes = *bytes.get(direction);
            (bytes > 0).then(|| format!("{} from the {}", counted(bytes, "byte"), direction.sender()))
        };
        let parts: Vec<_> =
            [Direction::ClientToServer, Direction::ServerToClient].into_iter().filter_map(from).collect();
        if !parts.is_empty() {
            text.push_str(&format!(": {}", parts.join(", ")));
        }
        if let Some((first, last)) = times {
            text.push_str(&format!(" in {}", last.minus(*first).human()));
        }
        text
    }
}

/// The runs of a conversation's steps that are long enough to fold, in order.
pub(crate) fn runs(steps: &[Step<'static>], conversation: &Conversation, digest: &FindingDigest) -> Vec<Run> {
    if steps.len() < MIN_RUN + 2 * CONTEXT {
        return Vec::new();
    }
    let deliveries = deliveries(steps.iter());
    let proofs = proofs(steps, conversation, digest);
    let stays = |step: &Step<'_>| {
        let frame = step.event.frame;
        !is_plain(step)
            || proofs.contains(&frame)
            || deliveries.get(&frame).is_some_and(|delivery| *delivery != DeliveryStatus::Arrived)
    };
    let (mut found, mut open) = (Vec::new(), None);
    for (place, step) in steps.iter().enumerate() {
        let continued = !stays(step) && open.as_mut().is_some_and(|open: &mut Open| open.takes(step));
        if !continued {
            found.extend(open.take().and_then(|open| open.fold(steps, place)));
            open = (!stays(step)).then(|| Open::of(place, step));
        }
    }
    found.extend(open.and_then(|open| open.fold(steps, steps.len())));
    found
}

/// A run that may still continue.
struct Open {
    first: usize,
    steps: usize,
    phase: Phase,
    sizes: PerDirection<Option<Size>>,
    /// `true` if the last data of a side fell short of a bulk transfer's.
    short: PerDirection<bool>,
}

/// The lengths of data segments or datagrams that count as equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Bulk,
    Exactly(u32),
}

impl Open {
    fn of(first: usize, step: &Step<'_>) -> Self {
        let mut open =
            Self { first, steps: 0, phase: step.phase, sizes: PerDirection::default(), short: PerDirection::default() };
        open.takes_data(step);
        open.steps = 1;
        open
    }

    /// Takes the step if it is equal to those before.
    fn takes(&mut self, step: &Step<'_>) -> bool {
        let paused = step.event.since_previous.is_some_and(|pause| pause >= SLOW_RESPONSE);
        let taken = step.phase == self.phase && !paused && self.takes_data(step);
        self.steps += usize::from(taken);
        taken
    }

    fn takes_data(&mut self, step: &Step<'_>) -> bool {
        let direction = step.event.direction;
        let datagram = matches!(step.event.body, Body::Udp(_));
        let Some(len) = step.event.len().filter(|len| *len > 0 || datagram) else { return true };
        let known = self.sizes.get_mut(direction);
        let short = self.short.get_mut(direction);
        let size = match *known {
            _ if len >= BULK => Size::Bulk,
            // the rest of what one call sent
            Some(Size::Bulk) if !*short => Size::Bulk,
            _ => Size::Exactly(len),
        };
        *short = len < BULK;
        match *known {
            Some(before) => before == size,
            None if self.steps < SETTLED => {
                *known = Some(size);
                true
            }
            None => false,
        }
    }

    /// The middle of the run, which ends before `end`.
    fn fold(&self, steps: &[Step<'static>], end: usize) -> Option<Run> {
        let folded = self.first + CONTEXT..end.saturating_sub(CONTEXT);
        let mut middle = steps.get(folded.clone())?.iter();
        if folded.len() < MIN_RUN {
            return None;
        }
        let mut fold = Fold::of(middle.next()?);
        middle.for_each(|step| fold.add(step));
        Some(Run { steps: folded, fold })
    }
}

/// Returns `true` if nothing distinguishes the step from other data and acknowledgments.
fn is_plain(step: &Step<'_>) -> bool {
    let segment = |facts: &TcpFacts| {
        facts.flags.contains(TcpFlags::ACK)
            && TcpFlags::ACK.union(TcpFlags::PSH).contains(facts.flags)
            && facts.analysis.iter().all(|flag| WINDOW.contains(&flag))
            && facts.retransmission.is_none()
            && facts.probe.is_none()
            && facts.unacceptable.is_none()
            && facts.observations.needless().is_none()
            && !facts.acked.is_some_and(|acked| acked.syn || acked.fin)
    };
    step.findings.is_empty()
        && match &step.event.body {
            Body::Tcp(facts) => segment(facts),
            Body::Udp(_) => true,
            Body::Icmp(_) => false,
        }
}

/// The frames that the conversation's verdict, findings and ledger name, and those that its steps point at.
fn proofs(steps: &[Step<'static>], conversation: &Conversation, digest: &FindingDigest) -> HashSet<u64> {
    let mut proofs: HashSet<u64> = steps.iter().flat_map(super::ladder::evidence).collect();
    for line in finding_lines_of(conversation, digest) {
        proofs.extend(line.frames.iter().take(FRAMES_NAMED));
    }
    for line in conversation.verdict(digest).lines {
        proofs.extend(line.frames.iter().take(FRAMES_NAMED));
    }
    proofs.extend(ledger_lines(&conversation.totals).iter().flat_map(|line| [line.frames.0, line.frames.1]));
    proofs
}
