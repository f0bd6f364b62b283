//! One analysis, several reports.

use std::io;

use super::{CaptureTotals, Sink, ToldCall};
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, PerDirection};
use crate::track::StreamId;

/// Passes everything on to several sinks, in their order.
pub struct Several<'a>(Vec<Box<dyn Sink + 'a>>);

impl<'a> Several<'a> {
    /// Passes everything on to these.
    pub fn new(sinks: Vec<Box<dyn Sink + 'a>>) -> Self {
        Self(sinks)
    }
}

impl Sink for Several<'_> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.capture(info))
    }

    fn wants_steps(&self) -> bool {
        self.0.iter().any(|sink| sink.wants_steps())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.0.iter_mut().filter(|sink| sink.wants_steps()).try_for_each(|sink| sink.step(step))
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.conversation(conversation))
    }

    fn call(&mut self, call: &ToldCall) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.call(call))
    }

    fn sends(&mut self, stream: StreamId, sends: PerDirection<u64>) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.sends(stream, sends))
    }

    fn shows_calls(&self) -> bool {
        self.0.iter().any(|sink| sink.shows_calls())
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.finish(totals))
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.end())
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Told, play, ten_steps};
    use super::*;

    #[test]
    fn each_is_told_everything() {
        let (mut one, mut other) = (Told::default(), Told::default());
        play(&ten_steps(), &mut Several::new(vec![Box::new(&mut one), Box::new(&mut other)]));
        for told in [one, other] {
            assert_eq!(told.steps, (1..=10).collect::<Vec<_>>());
            assert_eq!((told.conversations, told.totals.frames), (vec![1], 10));
        }
    }
}
