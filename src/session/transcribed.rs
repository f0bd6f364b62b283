//! A sink that tells the programs' calls when the frames have ended.

use std::io;

use crate::drive::{Transcript, merged};
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::report::{CaptureTotals, Sink, Teller};

/// Passes everything on, and the calls before the end.
pub struct Transcribed<'a> {
    sink: &'a mut dyn Sink,
    teller: Teller,
    transcripts: [Transcript; 2],
}

impl<'a> Transcribed<'a> {
    /// Tells the calls of these transcripts to `sink`.
    pub fn new(sink: &'a mut dyn Sink, transcripts: [Transcript; 2]) -> Self {
        Self { sink, teller: Teller::default(), transcripts }
    }
}

impl Sink for Transcribed<'_> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.sink.capture(info)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.teller.follow(step);
        self.sink.step(step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.sink.conversation(conversation)
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        // the frames end after both programs have closed
        let [client, server] = &self.transcripts;
        for told in std::mem::take(&mut self.teller).tell(merged(client, server)) {
            self.sink.call(&told)?;
        }
        self.sink.finish(totals)
    }

    fn end(&mut self) -> io::Result<()> {
        self.sink.end()
    }
}
