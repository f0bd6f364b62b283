//! The sink for formats that keep something smaller of each conversation than its steps: a ladder's trail, a graph's
//! series.

use std::collections::HashSet;
use std::io;

use super::Sink;
use super::slots::ConversationSlots;
use super::totals::{CaptureTotals, LeftOut};
use super::transcript::TracedCall;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, PerDirection};
use crate::track::{Event, StreamId};

/// The state kept of one conversation, in bounded memory.
pub(crate) trait PerConversation {
    /// Takes the next step.
    fn step(&mut self, step: &Step<'_>);
}

/// A conversation and what was kept of it.
#[derive(Clone, Debug)]
pub(crate) struct KeptConversation<G> {
    /// The whole conversation.
    pub conversation: Conversation,
    /// The state kept of it.
    pub kept: G,
}

/// Turns what was gathered into bytes.
pub(crate) trait PerConversationRenderer<G> {
    /// Sees every step, also of conversations that are not kept.
    fn step(&mut self, _: &Step<'_>) {}

    /// Sees every conversation, also those that are not kept.
    fn conversation(&mut self, _: &Conversation) {}

    /// Sees what a program of the session did.
    fn call(&mut self, _: &TracedCall) {}

    /// Returns `true` if calls are rendered.
    fn shows_calls(&self) -> bool {
        false
    }

    /// Writes one capture.
    ///
    /// # Errors
    /// If the output can't be written.
    fn render(&mut self, info: &CaptureInfo, kept: &[KeptConversation<G>], totals: &CaptureTotals) -> io::Result<()>;

    /// Writes what comes after the last capture, and everything still kept back.
    ///
    /// # Errors
    /// If the output can't be written.
    fn end(&mut self) -> io::Result<()>;
}

/// The sink that gathers of the first conversations, and has it rendered when the capture ends.
pub(crate) struct PerConversationCollector<G, N, R> {
    max: usize,
    new: N,
    renderer: R,
    info: CaptureInfo,
    /// The conversations to keep of the next capture.
    preferred: Option<HashSet<StreamId>>,
    open: ConversationSlots<OpenConversation<G>>,
    left_out: LeftOut,
}

/// A conversation while its capture is read.
struct OpenConversation<G> {
    conversation: Option<Conversation>,
    kept: Option<G>,
    steps: u64,
    findings: u64,
}

impl<G> Default for OpenConversation<G> {
    fn default() -> Self {
        Self { conversation: None, kept: None, steps: 0, findings: 0 }
    }
}

impl<G, N: Fn() -> G, R> PerConversationCollector<G, N, R> {
    /// Gathers of at most `max` conversations what `new` begins, for `renderer`.
    pub(crate) fn new(max: usize, new: N, renderer: R) -> Self {
        Self {
            max,
            new,
            renderer,
            info: CaptureInfo::default(),
            preferred: None,
            open: ConversationSlots::new(max),
            left_out: LeftOut::default(),
        }
    }
}

impl<G: PerConversation, N: Fn() -> G, R: PerConversationRenderer<G>> Sink for PerConversationCollector<G, N, R> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.info = info.clone();
        self.open = ConversationSlots::new(self.max).only(self.preferred.take());
        self.left_out = LeftOut::default();
        Ok(())
    }

    fn prefer(&mut self, streams: &HashSet<StreamId>) {
        self.preferred = Some(streams.clone());
    }

    fn may_show(&self, event: &Event<'_>) -> bool {
        self.open.has_room(event.stream)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.renderer.step(step);
        match self.open.get(step.event.stream) {
            Some(open) => {
                open.steps += 1;
                open.findings += step.findings.len() as u64;
                open.kept.get_or_insert_with(&self.new).step(step);
            }
            None => self.left_out.step(step),
        }
        Ok(())
    }

    fn mark_own(&mut self, stream: StreamId) {
        if let Some(lost) = self.open.mark_own(stream) {
            self.left_out.steps += lost.steps;
            self.left_out.findings(stream, lost.findings);
            if let Some(conversation) = &lost.conversation {
                self.left_out.conversation(conversation);
            }
        }
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.renderer.conversation(conversation);
        match self.open.get(conversation.totals.stream) {
            Some(open) => open.conversation = Some(conversation.clone()),
            None => self.left_out.conversation(conversation),
        }
        Ok(())
    }

    fn call(&mut self, call: &TracedCall) -> io::Result<()> {
        self.renderer.call(call);
        Ok(())
    }

    fn sends(&mut self, stream: StreamId, sends: PerDirection<u64>) -> io::Result<()> {
        if let Some(conversation) = self.open.get(stream).and_then(|open| open.conversation.as_mut()) {
            conversation.set_sends(sends);
        }
        Ok(())
    }

    fn shows_calls(&self) -> bool {
        self.renderer.shows_calls()
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        let new = &self.new;
        let gathered = self.open.take().filter_map(|OpenConversation { conversation, kept, .. }| {
            Some(KeptConversation { conversation: conversation?, kept: kept.unwrap_or_else(new) })
        });
        let gathered: Vec<_> = gathered.collect();
        let mut totals = totals.clone();
        totals.left_out.extend(self.left_out);
        let info = std::mem::take(&mut self.info);
        self.renderer.render(&info, &gathered, &totals)
    }

    fn end(&mut self) -> io::Result<()> {
        self.renderer.end()
    }
}
