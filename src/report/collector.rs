//! Keeps a bounded part of a capture until its end, for formats that need to see the whole.

use std::collections::HashSet;
use std::io;

use super::Sink;
use super::slots::ConversationSlots;
use super::totals::{CaptureTotals, LeftOut};
use super::transcript::TracedCall;
use crate::explain::{Conversation, FindingDigest, Step, Transfer};
use crate::model::{CaptureInfo, PerDirection};
use crate::track::{Event, StreamId};

/// Bounds of a collected report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most conversations.
    pub conversations: usize,
    /// Most steps of each.
    pub steps: usize,
    /// Most bytes of each step's payload.
    pub payload: usize,
    /// Runs of equal steps are shown in one line.
    pub fold: bool,
}

impl Bounds {
    /// All conversations and all their steps: memory grows with the capture.
    pub const NONE: Self = Self { conversations: usize::MAX, steps: usize::MAX, payload: 256, fold: true };
}

/// The first 1,000 steps of the first 200 conversations.
impl Default for Bounds {
    fn default() -> Self {
        Self { conversations: 200, steps: 1_000, payload: 256, fold: true }
    }
}

/// A conversation with as many of its steps as were kept.
#[derive(Clone, Debug)]
pub struct CollectedConversation {
    /// The whole conversation.
    pub conversation: Conversation,
    /// Its first steps.
    pub steps: Vec<Step<'static>>,
    /// Number of further steps that were not kept.
    pub steps_left_out: u64,
    /// The findings of all its steps.
    pub digest: FindingDigest,
}

/// The collected part of one capture: exact totals, and the first conversations with their first steps.
#[derive(Clone, Debug)]
pub struct Report {
    /// The source of the frames.
    pub info: CaptureInfo,
    /// The conversations: the session's own first, then in the order in which they came.
    pub conversations: Vec<CollectedConversation>,
    /// The calls of the programs, if they were asked for.
    pub calls: Vec<TracedCall>,
    /// The exact totals, and what was left out.
    pub totals: CaptureTotals,
}

/// Turns reports into bytes.
pub(crate) trait Renderer {
    /// Writes one capture.
    ///
    /// # Errors
    /// If the output can't be written.
    fn render(&mut self, report: &Report) -> io::Result<()>;

    /// Writes what comes after the last capture, and everything still kept back.
    ///
    /// # Errors
    /// If the output can't be written.
    fn end(&mut self) -> io::Result<()>;
}

/// The sink that collects a [`Report`] and has it rendered when its capture ends.
#[derive(Debug)]
pub(crate) struct Collector<R> {
    bounds: Bounds,
    renderer: R,
    info: CaptureInfo,
    open: ConversationSlots<OpenConversation>,
    preferred: Option<HashSet<StreamId>>,
    /// Conversations of several captures shown as one: their names tell them apart only with their files'.
    of_files: Vec<Conversation>,
    calls: Vec<TracedCall>,
    left_out: LeftOut,
}

#[derive(Debug, Default)]
struct OpenConversation {
    conversation: Option<Conversation>,
    transfer: Transfer,
    steps: Vec<Step<'static>>,
    steps_left_out: u64,
    digest: FindingDigest,
}

impl<R: Renderer> Collector<R> {
    /// Collects as much as `bounds` allow, for `renderer`.
    pub(crate) fn new(bounds: Bounds, renderer: R) -> Self {
        Self {
            bounds,
            renderer,
            info: CaptureInfo::default(),
            open: ConversationSlots::new(bounds.conversations),
            preferred: None,
            of_files: Vec::new(),
            calls: Vec::new(),
            left_out: LeftOut::default(),
        }
    }
}

impl<R: Renderer> Sink for Collector<R> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.info = info.clone();
        self.open = ConversationSlots::new(self.bounds.conversations).only(self.preferred.take());
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
        let Bounds { steps, payload, .. } = self.bounds;
        let Some(open) = self.open.get(step.event.stream) else {
            self.left_out.step(step);
            return Ok(());
        };
        open.transfer.record(&step.event);
        open.digest.see(step);
        if open.steps.len() < steps {
            open.steps.push(step.keep(payload));
        } else {
            open.steps_left_out += 1;
            self.left_out.step(step);
        }
        Ok(())
    }

    fn mark_own(&mut self, stream: StreamId) {
        if let Some(lost) = self.open.mark_own(stream) {
            lost.steps.iter().for_each(|step| self.left_out.step(step));
            if let Some(conversation) = &lost.conversation {
                self.left_out.conversation(conversation);
            }
        }
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        if conversation.file().is_some() && self.of_files.len() < self.bounds.conversations {
            self.of_files.push(conversation.clone());
            return Ok(());
        }
        match self.open.get(conversation.totals.stream) {
            Some(open) => open.conversation = Some(conversation.clone()),
            None => self.left_out.conversation(conversation),
        }
        Ok(())
    }

    fn call(&mut self, call: &TracedCall) -> io::Result<()> {
        self.calls.push(call.clone());
        Ok(())
    }

    fn sends(&mut self, stream: StreamId, sends: PerDirection<u64>) -> io::Result<()> {
        if let Some(conversation) = self.open.get(stream).and_then(|open| open.conversation.as_mut()) {
            conversation.set_sends(sends);
        }
        Ok(())
    }

    fn shows_calls(&self) -> bool {
        true
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        let conversations = self.open.take().filter_map(|open| {
            let OpenConversation { conversation, transfer, steps, steps_left_out, digest } = open;
            let conversation = conversation?.with_transfer(transfer);
            Some(CollectedConversation { conversation, steps, steps_left_out, digest })
        });
        let of_files = std::mem::take(&mut self.of_files).into_iter().map(|conversation| CollectedConversation {
            conversation,
            steps: Vec::new(),
            steps_left_out: 0,
            digest: FindingDigest::default(),
        });
        let mut totals = totals.clone();
        match &totals.triage {
            // instead of all steps
            Some(worst) => totals.left_out.conversations += worst.of - worst.conversations.len() as u64,
            None => totals.left_out.extend(self.left_out),
        }
        let (info, calls) = (std::mem::take(&mut self.info), std::mem::take(&mut self.calls));
        let report = Report { info, conversations: conversations.chain(of_files).collect(), calls, totals };
        self.renderer.render(&report)
    }

    fn end(&mut self) -> io::Result<()> {
        self.renderer.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{C, conversation, datagram, play, ten_steps};
    use super::*;
    use crate::model::Protocol;

    /// Keeps what it is given to render.
    #[derive(Default)]
    struct Reports(Vec<Report>);

    impl Renderer for &mut Reports {
        fn render(&mut self, report: &Report) -> io::Result<()> {
            self.0.push(report.clone());
            Ok(())
        }

        fn end(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn collected(bounds: Bounds, frames: &[Vec<u8>]) -> Report {
        let mut reports = Reports::default();
        play(frames, &mut Collector::new(bounds, &mut reports));
        reports.0.pop().expect("one capture")
    }

    #[test]
    fn steps_beyond_the_bound_are_counted() {
        let report = collected(Bounds { steps: 4, ..Bounds::default() }, &ten_steps());
        let kept = report.conversations.first().expect("one conversation");
        assert_eq!((kept.steps.len(), kept.steps_left_out), (4, 6));
        assert_eq!(report.totals.left_out, LeftOut { steps: 6, ..LeftOut::default() });
        assert_eq!(report.totals.frames, 10);
    }

    #[test]
    fn conversations_beyond_the_bound_are_counted_with_their_steps() {
        let frames = [ten_steps(), vec![datagram(C, b"one"), datagram(C, b"two")]].concat();
        let report = collected(Bounds { conversations: 1, ..Bounds::default() }, &frames);
        let stream = StreamId { protocol: Protocol::Udp, number: 0 };
        assert_eq!(report.conversations.len(), 1);
        assert_eq!(report.totals.left_out, LeftOut { conversations: 1, steps: 2, findings: 1, example: Some(stream) });
        assert!(collected(Bounds::NONE, &frames).totals.left_out.is_nothing());
    }

    #[test]
    fn payload_above_the_bound_keeps_only_its_length() {
        let report = collected(Bounds { payload: 2, ..Bounds::default() }, &[datagram(C, b"hello")]);
        let event = &report.conversations.first().and_then(|kept| kept.steps.first()).expect("one step").event;
        assert_eq!((event.payload.as_ref(), event.len()), (&b"he"[..], Some(5)));
    }

    #[test]
    fn captures_do_not_influence_each_other() {
        let mut reports = Reports::default();
        let mut collector = Collector::new(Bounds { steps: 1, ..Bounds::default() }, &mut reports);
        play(&ten_steps(), &mut collector);
        collector.capture(&CaptureInfo::default()).expect("kept");
        collector.conversation(&conversation(1, 10, 1, 1)).expect("kept");
        collector.finish(&CaptureTotals::default()).expect("rendered");
        let second = reports.0.pop().expect("two captures");
        assert_eq!((second.conversations.len(), second.totals.left_out), (1, LeftOut::default()));
    }
}
