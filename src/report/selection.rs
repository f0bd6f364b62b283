//! Lets only the wanted conversations and steps through.

use std::io;

use super::Sink;
use super::relay::Relay;
use super::totals::CaptureTotals;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, Endpoint};
use crate::track::{ConversationSize, Event, StreamId};

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

impl<S: Sink> Relay for Selection<S> {
    type To = S;

    fn to(&self) -> &Self::To {
        &self.inner
    }

    fn to_mut(&mut self) -> &mut Self::To {
        &mut self.inner
    }

    fn may_show(&self, event: &Event<'_>) -> bool {
        self.wanted.conversation(event.stream, [event.source, event.destination]) && self.inner.may_show(event)
    }

    fn wants(&mut self, _: &ConversationSize) -> bool {
        // an extent has no ports
        true
    }

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
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Told, play, ten_steps};
    use super::*;
    use crate::model::Protocol;

    fn selected(wanted: Wanted) -> Told {
        let mut told = Told::default();
        play(&ten_steps(), &mut Selection::new(wanted, &mut told));
        told
    }

    #[test]
    fn what_is_not_wanted_is_not_shown_but_counted() {
        let other = StreamId { protocol: Protocol::Tcp, number: 1 };
        for wanted in
            [Wanted { streams: vec![other], ..Wanted::default() }, Wanted { port: Some(80), ..Wanted::default() }]
        {
            let told = selected(wanted);
            assert_eq!((told.steps.len(), told.conversations.len(), told.totals.frames), (0, 0, 10));
        }
    }

    #[test]
    fn either_end_has_the_port() {
        for port in [6_542, 51_234] {
            let told = selected(Wanted { port: Some(port), ..Wanted::default() });
            assert_eq!((told.steps.len(), told.conversations.len()), (10, 1));
        }
    }

    #[test]
    fn of_each_conversation_the_first_steps_are_shown() {
        let told = selected(Wanted { steps: Some(3), ..Wanted::default() });
        assert_eq!(told.steps, [1, 2, 3]);
        assert_eq!((told.totals.left_out.steps, told.conversations.len()), (7, 1));
    }
}
