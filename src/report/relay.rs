//! A sink before another one: it passes everything on, but for what it does itself.

use std::collections::HashSet;
use std::io;

use super::Sink;
use super::totals::CaptureTotals;
use super::transcript::ToldCall;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, PerDirection};
use crate::track::{Event, StreamId};

/// A sink that passes on what it gets. Its methods are those of [`Sink`]; it says only what it does otherwise.
#[allow(missing_docs, reason = "as in Sink")]
#[allow(clippy::missing_errors_doc, reason = "as in Sink")]
pub trait Relay {
    /// The next sink.
    type To: Sink + ?Sized;

    /// Whether it has to see the steps and conversations that the next sink does not look at.
    const SEES_ALL: bool = false;

    /// The next sink.
    fn to(&self) -> &Self::To;

    /// The next sink, to be told.
    fn to_mut(&mut self) -> &mut Self::To;

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.to_mut().capture(info)
    }

    fn wants_steps(&self) -> bool {
        Self::SEES_ALL || self.to().wants_steps()
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.to_mut().step(step)
    }

    fn may_show(&self, event: &Event<'_>) -> bool {
        self.to().may_show(event)
    }

    fn own(&mut self, stream: StreamId) {
        self.to_mut().own(stream);
    }

    fn prefer(&mut self, streams: &HashSet<StreamId>) {
        self.to_mut().prefer(streams);
    }

    fn wants_conversations(&self) -> bool {
        Self::SEES_ALL || self.to().wants_conversations()
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.to_mut().conversation(conversation)
    }

    fn call(&mut self, call: &ToldCall) -> io::Result<()> {
        self.to_mut().call(call)
    }

    fn sends(&mut self, stream: StreamId, sends: PerDirection<u64>) -> io::Result<()> {
        self.to_mut().sends(stream, sends)
    }

    fn shows_calls(&self) -> bool {
        self.to().shows_calls()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to_mut().flush()
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.to_mut().finish(totals)
    }

    fn failed(&mut self, file: &str, why: &str) {
        self.to_mut().failed(file, why);
    }

    fn end(&mut self) -> io::Result<()> {
        self.to_mut().end()
    }
}

impl<R: Relay> Sink for R {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        Relay::capture(self, info)
    }

    fn wants_steps(&self) -> bool {
        Relay::wants_steps(self)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        Relay::step(self, step)
    }

    fn may_show(&self, event: &Event<'_>) -> bool {
        Relay::may_show(self, event)
    }

    fn own(&mut self, stream: StreamId) {
        Relay::own(self, stream);
    }

    fn prefer(&mut self, streams: &HashSet<StreamId>) {
        Relay::prefer(self, streams);
    }

    fn wants_conversations(&self) -> bool {
        Relay::wants_conversations(self)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        Relay::conversation(self, conversation)
    }

    fn call(&mut self, call: &ToldCall) -> io::Result<()> {
        Relay::call(self, call)
    }

    fn sends(&mut self, stream: StreamId, sends: PerDirection<u64>) -> io::Result<()> {
        Relay::sends(self, stream, sends)
    }

    fn shows_calls(&self) -> bool {
        Relay::shows_calls(self)
    }

    fn flush(&mut self) -> io::Result<()> {
        Relay::flush(self)
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        Relay::finish(self, totals)
    }

    fn failed(&mut self, file: &str, why: &str) {
        Relay::failed(self, file, why);
    }

    fn end(&mut self) -> io::Result<()> {
        Relay::end(self)
    }
}

/// A sink behind a pointer is a sink.
impl<S: Sink + ?Sized> Relay for Box<S> {
    type To = S;

    fn to(&self) -> &S {
        self
    }

    fn to_mut(&mut self) -> &mut S {
        self
    }
}

/// A sink that is borrowed is a sink.
impl<S: Sink + ?Sized> Relay for &mut S {
    type To = S;

    fn to(&self) -> &S {
        self
    }

    fn to_mut(&mut self) -> &mut S {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Told, play, ten_steps};
    use super::super::{Largest, Order};
    use super::*;

    /// Does nothing else.
    struct Plain<S, const ALL: bool>(S);

    impl<S: Sink, const ALL: bool> Relay for Plain<S, ALL> {
        type To = S;

        const SEES_ALL: bool = ALL;

        fn to(&self) -> &S {
            &self.0
        }

        fn to_mut(&mut self) -> &mut S {
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
    fn what_the_next_one_does_not_look_at_comes_only_to_who_sees_all() {
        let mut told = Told::default();
        let plain = Plain::<_, false>(Largest::new(Order::Bytes, 0, &mut told));
        assert!(!Sink::wants_steps(&plain));
        assert!(Sink::wants_steps(&Plain::<_, true>(plain)));
    }
}
