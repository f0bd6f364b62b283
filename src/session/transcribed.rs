//! A sink that adds the programs' calls when the frames have ended: the number of sends, and each call if requested.

use std::io;

use crate::drive::{Transcript, merged};
use crate::explain::{Conversation, Step};
use crate::report::{CallTracer, CaptureTotals, ForwardSink, Sink};

/// Passes everything on, and the calls before the end.
pub struct TranscriptSink<'a> {
    sink: &'a mut dyn Sink,
    tracer: CallTracer,
    shown: bool,
    transcripts: [Transcript; 2],
}

impl<'a> TranscriptSink<'a> {
    /// Reports to `sink` the number of sends in these transcripts; each call too if calls are to be `shown`.
    pub fn new(sink: &'a mut dyn Sink, transcripts: [Transcript; 2], shown: bool) -> Self {
        Self { sink, tracer: tracer(shown), shown, transcripts }
    }
}

fn tracer(shown: bool) -> CallTracer {
    if shown { CallTracer::default() } else { CallTracer::of_sends() }
}

impl<'a> ForwardSink for TranscriptSink<'a> {
    type Inner = dyn Sink + 'a;

    const SEES_ALL: bool = true;

    fn inner(&self) -> &Self::Inner {
        &*self.sink
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        self.sink
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.tracer.follow(step);
        self.sink.step(step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.tracer.ended(conversation);
        self.sink.conversation(conversation)
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        // the frames end after both programs have closed
        let [client, server] = &self.transcripts;
        let calls = merged(client, server);
        let mut tracer = std::mem::replace(&mut self.tracer, tracer(self.shown));
        for (stream, sends) in tracer.sends(&calls) {
            self.sink.sends(stream, sends)?;
        }
        if self.shown {
            tracer.trace(calls).iter().try_for_each(|traced| self.sink.call(traced))?;
        }
        self.sink.finish(totals)
    }
}
