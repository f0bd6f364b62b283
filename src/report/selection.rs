//! Lets only the wanted conversations and steps through.

use std::io;

use super::Sink;
use super::totals::CaptureTotals;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, Endpoint};
use crate::track::StreamId;

/// Which conversations and steps are wanted; the default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only these conversations; empty for all.
    pub streams: Vec<StreamId>,
    /// Only conversations with this port at either end.
    pub port: Option<u16>,
    /// Most steps of a conversation.
    pub steps: Option<u64>,
}

impl Wanted {
    fn conversation(&self, stream: StreamId, ends: [Endpoint; 2]) -> bool {
        (self.streams.is_empty() || self.streams.contains(&stream))
            && self.port.is_none_or(|port| ends.iter().any(|end| end.port == port))
    }
}

/// The sink that passes on what is wanted; totals stay those of the whole capture.
#[derive(Debug)]
pub struct Selection<S> {
    wanted: Wanted,
    inner: S,
    steps_left_out: u64,
}

impl<S: Sink> Selection<S> {
    /// Passes what is `wanted` on to `inner`.
    pub fn new(wanted: Wanted, inner: S) -> Self {
        Self { wanted, inner, steps_left_out: 0 }
    }
}

impl<S: Sink> Sink for Selection<S> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.steps_left_out = 0;
        self.inner.capture(info)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let event = &step.event;
        if !self.wanted.conversation(event.stream, [event.source, event.destination]) {
            return Ok(());
        }
        if self.wanted.steps.is_some_and(|most| event.number > most) {
            self.steps_left_out += 1;
            return Ok(());
        }
        self.inner.step(step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let totals = &conversation.totals;
        match self.wanted.conversation(totals.stream, [totals.client, totals.server]) {
            true => self.inner.conversation(conversation),
            false => Ok(()),
        }
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        let mut totals = totals.clone();
        totals.left_out.steps += self.steps_left_out;
        self.inner.finish(&totals)
    }

    fn end(&mut self) -> io::Result<()> {
        self.inner.end()
    }
}
