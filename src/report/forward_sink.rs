//! A sink that wraps another one: it passes every call on, except those that it handles itself.

use std::collections::HashSet;
use std::io;

use super::Sink;
use super::totals::CaptureTotals;
use super::transcript::TracedCall;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, PerDirection};
use crate::track::{Event, StreamId};

/// A sink that passes on what it gets. Its methods are those of [`Sink`]; it says only what it does otherwise.
#[allow(missing_docs, reason = "as in Sink")]
#[allow(clippy::missing_errors_doc, reason = "as in Sink")]
pub trait ForwardSink {
    /// The next sink.
    type Inner: Sink + ?Sized;

    /// `true` if it needs the steps and conversations that the inner sink does not look at.
    const SEES_ALL: bool = false;

    /// The next sink.
    fn inner(&self) -> &Self::Inner;

    /// The next sink, to be told.
    fn inner_mut(&mut self) -> &mut Self::Inner;

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.inner_mut().capture(info)
    }

    fn wants_steps(&self) -> bool {
        Self::SEES_ALL || self.inner().wants_steps()
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.inner_mut().step(step)
    }

    fn may_show(&self, event: &Event<'_>) -> bool {
        self.inner().may_show(event)
    }

    fn mark_own(&mut self, stream: StreamId) {
        self.inner_mut().mark_own(stream);
    }

    fn prefer(&mut self, streams: &HashSet<StreamId>) {
        self.inner_mut().prefer(streams);
    }

    fn wants_conversations(&self) -> bool {
        Self::SEES_ALL || self.inner().wants_conversations()
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.inner_mut().conversation(conversation)
    }

    fn call(&mut self, call: &TracedCall) -> io::Result<()> {
        self.inner_mut().call(call)
    }

    fn sends(&mut self, stream: StreamId, sends: PerDirection<u64>) -> io::Result<()> {
        self.inner_mut().sends(stream, sends)
    }

    fn shows_calls(&self) -> bool {
        self.inner().shows_calls()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner_mut().flush()
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.inner_mut().finish(totals)
    }

    fn failed(&mut self, file: &str, why: &str) {
        self.inner_mut().failed(file, why);
    }

    fn end(&mut self) -> io::Result<()> {
        self.inner_mut().end()
    }
}

impl<R: ForwardSink> Sink for R {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        ForwardSink::capture(self, info)
    }

    fn wants_steps(&self) -> bool {
        ForwardSink::wants_steps(self)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        ForwardSink::step(self, step)
    }

    fn may_show(&self, event: &Event<'_>) -> bool {
        ForwardSink::may_show(self, event)
    }

    fn mark_own(&mut self, stream: StreamId) {
        ForwardSink::mark_own(self, stream);
    }

    fn prefer(&mut self, streams: &HashSet<StreamId>) {
        ForwardSink::prefer(self, streams);
    }

    fn wants_conversations(&self) -> bool {
        ForwardSink::wants_conversations(self)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        ForwardSink::conversation(self, conversation)
    }

    fn call(&mut self, call: &TracedCall) -> io::Result<()> {
        ForwardSink::call(self, call)
    }

    fn sends(&mut self, stream: StreamId, sends: PerDirection<u64>) -> io::Result<()> {
        ForwardSink::sends(self, stream, sends)
    }

    fn shows_calls(&self) -> bool {
        ForwardSink::shows_calls(self)
    }

    fn flush(&mut self) -> io::Result<()> {
        ForwardSink::flush(self)
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        ForwardSink::finish(self, totals)
    }

    fn failed(&mut self, file: &str, why: &str) {
        ForwardSink::failed(self, file, why);
    }

    fn end(&mut self) -> io::Result<()> {
        ForwardSink::end(self)
    }
}

/// A sink behind a pointer is a sink.
impl<S: Sink + ?Sized> ForwardSink for Box<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        self
    }

    fn inner_mut(&mut self) -> &mut S {
        self
    }
}

/// A sink that is borrowed is a sink.
impl<S: Sink + ?Sized> ForwardSink for &mut S {
    type Inner = S;

    fn inner(&self) -> &S {
        self
    }

    fn inner_mut(&mut self) -> &mut S {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Told, play, ten_steps};
    use super::super::{LargestConversations, Order};
    use super::*;

    /// Does nothing else.
    struct Plain<S, const ALL: bool>(S);

    impl<S: Sink, const ALL: bool> ForwardSink for Plain<S, ALL> {
        type Inner = S;

        const SEES_ALL: bool = ALL;

        fn inner(&self) -> &S {
            &self.0
        }

        fn inner_mut(&mut self) -> &mut S {
            &mut self.0
        }
    }

    #[test]
    fn everything_is_passed_on() {
        let mut through = Told::default();
        play(&ten_steps(), &mut Plain::<_, false>(Box::new(&mut through)));
        assert_eq!(through.steps, (1..=10).collect::<Vec<_>>());
        assert_eq!((through.conversations.len(), through.totals.frames), (1, 10));
    }

    #[test]
    fn skipped_records_reach_only_the_sinks_that_want_them() {
        let mut told = Told::default();
        let plain = Plain::<_, false>(LargestConversations::new(Order::Bytes, 0, &mut told));
        assert!(!Sink::wants_steps(&plain));
        assert!(Sink::wants_steps(&Plain::<_, true>(plain)));
    }
}
