//! One analysis, several reports.

use std::collections::HashSet;
use std::io;

use super::{CaptureTotals, Sink, TracedCall};
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, PerDirection};
use crate::track::{Event, StreamId};

/// Passes everything on to several sinks, in their order.
///
/// One that fails is told nothing more and the others go on: its error is returned at the end, or at once when none is
/// left.
#[derive(Default)]
pub(crate) struct TeeSink<'a> {
    branches: Vec<Branch<'a>>,
    any_capture: bool,
}

/// An action for a report that is complete.
type OnComplete<'a> = Box<dyn FnOnce() -> io::Result<()> + 'a>;

struct Branch<'a> {
    sink: Box<dyn Sink + 'a>,
    on_complete: Option<OnComplete<'a>>,
    failed: bool,
    error: Option<io::Error>,
}

impl Branch<'_> {
    fn note(&mut self, done: io::Result<()>) {
        self.error = done.err();
        self.failed = self.error.is_some();
    }
}

impl<'a> TeeSink<'a> {
    /// Passes everything on to this one too.
    #[must_use]
    pub(crate) fn and(self, sink: Box<dyn Sink + 'a>) -> Self {
        self.branch(sink, None)
    }

    /// The same; `on_complete` is called when the report is complete: it got at least one capture, and ended without an
    /// error.
    #[must_use]
    pub(crate) fn and_on_complete(
        self,
        sink: Box<dyn Sink + 'a>,
        on_complete: impl FnOnce() -> io::Result<()> + 'a,
    ) -> Self {
        self.branch(sink, Some(Box::new(on_complete)))
    }

    fn branch(mut self, sink: Box<dyn Sink + 'a>, on_complete: Option<OnComplete<'a>>) -> Self {
        self.branches.push(Branch { sink, on_complete, failed: false, error: None });
        self
    }

    fn each(&mut self, mut tell: impl FnMut(&mut dyn Sink) -> io::Result<()>) -> io::Result<()> {
        for branch in self.branches.iter_mut().filter(|branch| !branch.failed) {
            let done = tell(&mut *branch.sink);
            branch.note(done);
        }
        if self.branches.iter().all(|branch| branch.failed) { self.failure() } else { Ok(()) }
    }

    /// The first error; a broken pipe only if there is no other.
    fn failure(&mut self) -> io::Result<()> {
        let mut errors: Vec<_> = self.branches.iter_mut().filter_map(|branch| branch.error.take()).collect();
        errors.sort_by_key(|error| error.kind() == io::ErrorKind::BrokenPipe);
        errors.into_iter().next().map_or(Ok(()), Err)
    }
}

impl Sink for TeeSink<'_> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.any_capture = true;
        self.each(|sink| sink.capture(info))
    }

    fn wants_steps(&self) -> bool {
        self.branches.iter().any(|branch| branch.sink.wants_steps())
    }

    fn prefer(&mut self, streams: &HashSet<StreamId>) {
        self.branches.iter_mut().for_each(|branch| branch.sink.prefer(streams));
    }

    fn wants_conversations(&self) -> bool {
        self.branches.iter().any(|branch| branch.sink.wants_conversations())
    }

    fn may_show(&self, event: &Event<'_>) -> bool {
        self.branches.iter().any(|branch| !branch.failed && branch.sink.may_show(event))
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.each(|sink| if sink.wants_steps() { sink.step(step) } else { Ok(()) })
    }

    fn mark_own(&mut self, stream: StreamId) {
        self.branches.iter_mut().for_each(|branch| branch.sink.mark_own(stream));
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.each(|sink| sink.conversation(conversation))
    }

    fn call(&mut self, call: &TracedCall) -> io::Result<()> {
        self.each(|sink| sink.call(call))
    }

    fn sends(&mut self, stream: StreamId, sends: PerDirection<u64>) -> io::Result<()> {
        self.each(|sink| sink.sends(stream, sends))
    }

    fn shows_calls(&self) -> bool {
        self.branches.iter().any(|branch| branch.sink.shows_calls())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.each(|sink| sink.flush())
    }

    fn failed(&mut self, file: &str, why: &str) {
        self.branches.iter_mut().for_each(|branch| branch.sink.failed(file, why));
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.each(|sink| sink.finish(totals))
    }

    fn end(&mut self) -> io::Result<()> {
        self.each(|sink| sink.end())?;
        for branch in self.branches.iter_mut().filter(|branch| self.any_capture && !branch.failed) {
            let done = branch.on_complete.take().map_or(Ok(()), |on_complete| on_complete());
            branch.note(done);
        }
        self.failure()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::samples::{Told, play, ten_steps};
    use super::*;

    /// Its reader has gone away.
    struct Gone;

    impl Sink for Gone {
        fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
            Ok(())
        }

        fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn conversation(&mut self, _: &Conversation) -> io::Result<()> {
            unreachable!("it failed before")
        }

        fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
            unreachable!("it failed before")
        }
    }

    #[test]
    fn every_sink_gets_every_record() {
        let (mut one, mut other) = (Told::default(), Told::default());
        play(&ten_steps(), &mut TeeSink::default().and(Box::new(&mut one)).and(Box::new(&mut other)));
        for any_capture in [one, other] {
            assert_eq!(any_capture.steps, (1..=10).collect::<Vec<_>>());
            assert_eq!((any_capture.conversations, any_capture.totals.frames), (vec![1], 10));
        }
    }

    #[test]
    fn failed_output_does_not_stop_the_others() {
        let (mut any_capture, kept) = (Told::default(), Cell::new(0));
        let on_complete = || {
            kept.set(kept.get() + 1);
            Ok(())
        };
        let mut tee_sink = TeeSink::default()
            .and(Box::new(Gone))
            .and_on_complete(Box::new(&mut any_capture), on_complete)
            .and_on_complete(Box::new(Gone), || unreachable!("it is not whole"));
        play(&ten_steps(), &mut tee_sink);
        assert_eq!(kept.get(), 0, "it has not ended yet");
        assert_eq!(tee_sink.end().map_err(|error| error.kind()), Err(io::ErrorKind::BrokenPipe));
        drop(tee_sink);
        assert_eq!((any_capture.totals.frames, kept.get()), (10, 1));
    }

    #[test]
    fn nothing_is_kept_without_events() {
        let on_complete = || unreachable!("there is no report");
        let mut any_capture = Told::default();
        let mut tee_sink = TeeSink::default().and_on_complete(Box::new(&mut any_capture), on_complete);
        assert!(tee_sink.end().is_ok());
    }
}
