//! One analysis, several reports.

use std::collections::HashSet;
use std::io;

use super::{CaptureTotals, Sink, ToldCall};
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, PerDirection};
use crate::track::{Event, StreamId};

/// Passes everything on to several sinks, in their order.
///
/// One that fails is told nothing more and the others go on: its error is returned at the end, or at once when none is
/// left.
#[derive(Default)]
pub struct Several<'a> {
    members: Vec<Member<'a>>,
    told: bool,
}

/// What becomes of a report once it is whole.
type Keep<'a> = Box<dyn FnOnce() -> io::Result<()> + 'a>;

struct Member<'a> {
    sink: Box<dyn Sink + 'a>,
    keep: Option<Keep<'a>>,
    failed: bool,
    error: Option<io::Error>,
}

impl Member<'_> {
    fn note(&mut self, done: io::Result<()>) {
        self.error = done.err();
        self.failed = self.error.is_some();
    }
}

impl<'a> Several<'a> {
    /// Passes everything on to this one too.
    #[must_use]
    pub fn and(self, sink: Box<dyn Sink + 'a>) -> Self {
        self.member(sink, None)
    }

    /// The same; `keep` is called once it is whole: told of a capture at least, and ended without an error.
    #[must_use]
    pub fn and_keep(self, sink: Box<dyn Sink + 'a>, keep: impl FnOnce() -> io::Result<()> + 'a) -> Self {
        self.member(sink, Some(Box::new(keep)))
    }

    fn member(mut self, sink: Box<dyn Sink + 'a>, keep: Option<Keep<'a>>) -> Self {
        self.members.push(Member { sink, keep, failed: false, error: None });
        self
    }

    fn each(&mut self, mut tell: impl FnMut(&mut dyn Sink) -> io::Result<()>) -> io::Result<()> {
        for member in self.members.iter_mut().filter(|member| !member.failed) {
            let done = tell(&mut *member.sink);
            member.note(done);
        }
        if self.members.iter().all(|member| member.failed) { self.failure() } else { Ok(()) }
    }

    /// The first error; one of a reader who has gone away only where there is no other.
    fn failure(&mut self) -> io::Result<()> {
        let mut errors: Vec<_> = self.members.iter_mut().filter_map(|member| member.error.take()).collect();
        errors.sort_by_key(|error| error.kind() == io::ErrorKind::BrokenPipe);
        errors.into_iter().next().map_or(Ok(()), Err)
    }
}

impl Sink for Several<'_> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.told = true;
        self.each(|sink| sink.capture(info))
    }

    fn wants_steps(&self) -> bool {
        self.members.iter().any(|member| member.sink.wants_steps())
    }

    fn prefer(&mut self, streams: &HashSet<StreamId>) {
        self.members.iter_mut().for_each(|member| member.sink.prefer(streams));
    }

    fn wants_conversations(&self) -> bool {
        self.members.iter().any(|member| member.sink.wants_conversations())
    }

    fn may_show(&self, event: &Event<'_>) -> bool {
        self.members.iter().any(|member| !member.failed && member.sink.may_show(event))
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.each(|sink| if sink.wants_steps() { sink.step(step) } else { Ok(()) })
    }

    fn own(&mut self, stream: StreamId) {
        self.members.iter_mut().for_each(|member| member.sink.own(stream));
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.each(|sink| sink.conversation(conversation))
    }

    fn call(&mut self, call: &ToldCall) -> io::Result<()> {
        self.each(|sink| sink.call(call))
    }

    fn sends(&mut self, stream: StreamId, sends: PerDirection<u64>) -> io::Result<()> {
        self.each(|sink| sink.sends(stream, sends))
    }

    fn shows_calls(&self) -> bool {
        self.members.iter().any(|member| member.sink.shows_calls())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.each(|sink| sink.flush())
    }

    fn failed(&mut self, file: &str, why: &str) {
        self.members.iter_mut().for_each(|member| member.sink.failed(file, why));
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.each(|sink| sink.finish(totals))
    }

    fn end(&mut self) -> io::Result<()> {
        self.each(|sink| sink.end())?;
        for member in self.members.iter_mut().filter(|member| self.told && !member.failed) {
            let done = member.keep.take().map_or(Ok(()), |keep| keep());
            member.note(done);
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
    fn each_is_told_everything() {
        let (mut one, mut other) = (Told::default(), Told::default());
        play(&ten_steps(), &mut Several::default().and(Box::new(&mut one)).and(Box::new(&mut other)));
        for told in [one, other] {
            assert_eq!(told.steps, (1..=10).collect::<Vec<_>>());
            assert_eq!((told.conversations, told.totals.frames), (vec![1], 10));
        }
    }

    #[test]
    fn one_that_fails_does_not_stop_the_others() {
        let (mut told, kept) = (Told::default(), Cell::new(0));
        let keep = || {
            kept.set(kept.get() + 1);
            Ok(())
        };
        let mut several = Several::default()
            .and(Box::new(Gone))
            .and_keep(Box::new(&mut told), keep)
            .and_keep(Box::new(Gone), || unreachable!("it is not whole"));
        play(&ten_steps(), &mut several);
        assert_eq!(kept.get(), 0, "it has not ended yet");
        assert_eq!(several.end().map_err(|error| error.kind()), Err(io::ErrorKind::BrokenPipe));
        drop(several);
        assert_eq!((told.totals.frames, kept.get()), (10, 1));
    }

    #[test]
    fn nothing_is_kept_when_nothing_was_told() {
        let keep = || unreachable!("there is no report");
        let mut told = Told::default();
        let mut several = Several::default().and_keep(Box::new(&mut told), keep);
        assert!(several.end().is_ok());
    }
}
