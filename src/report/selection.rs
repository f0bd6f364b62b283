//! Lets only the wanted conversations and steps through.

use std::io;

use super::Sink;
use super::forward_sink::ForwardSink;
use super::totals::{CaptureTotals, LeftOut};
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, Endpoint, FindingCode, FindingCounts};
use crate::track::{Event, StreamId};

/// The conversations and steps to show; all by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these conversations; empty for all.
    pub streams: Vec<StreamId>,
    /// Only conversations with this port at either end.
    pub port: Option<u16>,
    /// Only conversations with one of these findings; empty for all. Which they are is known at their end only: the steps of
    /// all pass.
    pub findings: Vec<FindingCode>,
    /// Most steps of a conversation.
    pub steps: Option<u64>,
}

impl Selection {
    fn conversation(&self, stream: StreamId, ends: [Endpoint; 2]) -> bool {
        (self.streams.is_empty() || self.streams.contains(&stream))
            && self.port.is_none_or(|port| ends.iter().any(|end| end.port == port))
    }

    /// Returns `true` if the conversation is selected.
    pub fn has(&self, conversation: &Conversation) -> bool {
        let totals = &conversation.totals;
        self.conversation(totals.stream, [totals.client, totals.server]) && self.finding(conversation.findings_count())
    }

    fn finding(&self, counts: &FindingCounts) -> bool {
        self.findings.is_empty() || self.findings.iter().any(|code| counts.of(*code) > 0)
    }
}

/// The sink that passes on what is wanted; totals stay those of the whole capture.
#[derive(Debug)]
pub(crate) struct SelectionSink<S> {
    wanted: Selection,
    inner: S,
    left_out: LeftOut,
}

impl<S: Sink> SelectionSink<S> {
    /// Passes what is `wanted` on to `inner`.
    pub(crate) fn new(wanted: Selection, inner: S) -> Self {
        Self { wanted, inner, left_out: LeftOut::default() }
    }
}

impl<S: Sink> ForwardSink for SelectionSink<S> {
    type Inner = S;

    fn inner(&self) -> &Self::Inner {
        &self.inner
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        &mut self.inner
    }

    fn may_show(&self, event: &Event<'_>) -> bool {
        self.wanted.conversation(event.stream, [event.source, event.destination]) && self.inner.may_show(event)
    }

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.left_out = LeftOut::default();
        self.inner.capture(info)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let event = &step.event;
        if !self.wanted.conversation(event.stream, [event.source, event.destination]) {
            return Ok(());
        }
        if self.wanted.steps.is_some_and(|max| event.number > max) {
            self.left_out.step(step);
            return Ok(());
        }
        self.inner.step(step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        match self.wanted.has(conversation) {
            true => self.inner.conversation(conversation),
            false => Ok(()),
        }
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        let mut totals = totals.clone();
        totals.left_out.extend(self.left_out);
        self.inner.finish(&totals)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Told, play, ten_steps};
    use super::*;
    use crate::model::Protocol;

    fn selected(wanted: Selection) -> Told {
        let mut told = Told::default();
        play(&ten_steps(), &mut SelectionSink::new(wanted, &mut told));
        told
    }

    #[test]
    fn unselected_packets_are_counted() {
        let other = StreamId { protocol: Protocol::Tcp, number: 1 };
        for wanted in [
            Selection { streams: vec![other], ..Selection::default() },
            Selection { port: Some(80), ..Selection::default() },
        ] {
            let told = selected(wanted);
            assert_eq!((told.steps.len(), told.conversations.len(), told.totals.frames), (0, 0, 10));
        }
    }

    #[test]
    fn port_matches_either_endpoint() {
        for port in [6_542, 51_234] {
            let told = selected(Selection { port: Some(port), ..Selection::default() });
            assert_eq!((told.steps.len(), told.conversations.len()), (10, 1));
        }
    }

    #[test]
    fn first_steps_of_each_conversation_are_shown() {
        let told = selected(Selection { steps: Some(3), ..Selection::default() });
        assert_eq!(told.steps, [1, 2, 3]);
        assert_eq!((told.totals.left_out.steps, told.conversations.len()), (7, 1));
    }
}
