//! Too many conversations to show each: the worst ones are kept, to be shown instead.

use std::io;

use super::Sink;
use super::forward_sink::ForwardSink;
use super::ranking::{Order, Ranking};
use super::totals::CaptureTotals;
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::track::StreamId;

/// The worst conversations of a capture.
#[derive(Clone, Debug)]
pub struct Worst {
    /// The worst first.
    pub conversations: Vec<Conversation>,
    /// Number of conversations with a warning or a problem, including those not kept.
    pub troubled: u64,
    /// Number of all conversations.
    pub of: u64,
}

impl Worst {
    /// Those that a triage lists: where any has a warning or a problem, those that have one.
    pub fn shown(&self) -> impl Iterator<Item = &Conversation> {
        let all = self.troubled == 0;
        self.conversations.iter().filter(move |conversation| all || conversation.findings_count().trouble().is_some())
    }
}

/// The same conversations in the same order.
impl PartialEq for Worst {
    fn eq(&self, other: &Self) -> bool {
        let streams = |worst: &Self| -> Vec<StreamId> {
            worst.conversations.iter().map(|conversation| conversation.totals.stream).collect()
        };
        (self.troubled, self.of) == (other.troubled, other.of) && streams(self) == streams(other)
    }
}

impl Eq for Worst {}

/// The sink that passes everything on until there are too many conversations, and in any case the worst at the end.
#[derive(Debug)]
pub(crate) struct Triage<S> {
    inner: S,
    more_than: usize,
    /// `true` if steps are shown beside the triage.
    details: bool,
    /// Most of the worst that are kept.
    max: usize,
    ranking: Ranking,
    /// The conversations that had a step, up to one more than may be shown.
    seen: Vec<StreamId>,
    offered: u64,
    troubled: u64,
}

impl<S: Sink> Triage<S> {
    /// Passes the `max` worst conversations on to `inner` where there are `more_than` so many; steps too from then on only
    /// where there are `details`.
    pub(crate) fn new(more_than: usize, max: usize, details: bool, inner: S) -> Self {
        let ranking = Ranking::new(Order::Trouble, max);
        Self { inner, more_than, details, max, ranking, seen: Vec::new(), offered: 0, troubled: 0 }
    }

    fn is_full(&self) -> bool {
        self.seen.len() > self.more_than
    }
}

impl<S: Sink> ForwardSink for Triage<S> {
    type Inner = S;

    fn inner(&self) -> &Self::Inner {
        &self.inner
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        &mut self.inner
    }

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.ranking = Ranking::new(Order::Trouble, self.max);
        self.seen.clear();
        (self.offered, self.troubled) = (0, 0);
        self.inner.capture(info)
    }

    fn wants_steps(&self) -> bool {
        (self.details || !self.is_full()) && self.inner.wants_steps()
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let stream = step.event.stream;
        if !self.is_full() && !self.seen.contains(&stream) {
            self.seen.push(stream);
        }
        if self.details || !self.is_full() { self.inner.step(step) } else { Ok(()) }
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.ranking.offer(conversation);
        self.offered += 1;
        self.troubled += u64::from(conversation.findings_count().trouble().is_some());
        self.inner.conversation(conversation)
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        let (conversations, _) = self.ranking.take();
        let mut totals = totals.clone();
        // of the last conversations no step was passed on, though few of them are wanted
        let lacks_steps = self.is_full() && !self.details && self.offered > 0;
        if self.offered > self.more_than as u64 || lacks_steps {
            totals.triage = Some(Box::new(Worst { conversations, troubled: self.troubled, of: self.offered }));
        }
        self.inner.finish(&totals)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Told, conversation};
    use super::*;

    fn worst(conversations: u64) -> Option<(usize, u64)> {
        let mut told = Told::default();
        let mut sink = Triage::new(2, 2, false, &mut told);
        Sink::capture(&mut sink, &CaptureInfo::default()).expect("told");
        for frame in 1..=conversations {
            Sink::conversation(&mut sink, &conversation(frame, 10 * frame, 1, 1)).expect("told");
        }
        Sink::finish(&mut sink, &CaptureTotals::default()).expect("told");
        told.totals.triage.map(|worst| (worst.conversations.len(), worst.of))
    }

    #[test]
    fn worst_conversations_are_kept_when_there_are_too_many() {
        assert_eq!(worst(2), None);
        assert_eq!(worst(5), Some((2, 5)));
    }
}
