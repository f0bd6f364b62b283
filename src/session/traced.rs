//! Traced calls as proof: a first reading of a capture ties them to its frames, a second one explains the frames with them.

use std::collections::HashMap;
use std::io;

use crate::drive::{Transcript, merged};
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, ClosingCalls, Finding, FindingCounts, PerDirection};
use crate::report::{CaptureTotals, Relay, Sink, Teller, ToldCall};
use crate::track::StreamId;

/// The calls of a session's traced programs, those of the clients and those of the server.
#[derive(Clone, Debug)]
pub struct Traced(pub [Transcript; 2]);

/// A sink that ties the calls to the frames of one capture.
pub struct CallFollower<'a> {
    traced: &'a Traced,
    teller: Teller,
}

/// The calls of a session with their frames in one capture, and what they prove.
#[derive(Debug)]
pub struct CallProof {
    calls: Vec<ToldCall>,
    sends: HashMap<StreamId, PerDirection<u64>>,
    closing: ClosingCalls,
}

impl Traced {
    /// Ties the calls to the frames of a capture that is to be read for the first time.
    pub fn follower(&self) -> CallFollower<'_> {
        CallFollower { traced: self, teller: Teller::default() }
    }
}

impl CallFollower<'_> {
    /// What the calls prove, once the capture has been read and no program is left.
    pub fn proof(mut self) -> CallProof {
        let [client, server] = &self.traced.0;
        let calls = merged(client, server);
        let sends = self.teller.sends(&calls);
        let calls = self.teller.tell(calls);
        let closing = self.teller.closing_calls(&calls);
        CallProof { calls, sends, closing }
    }
}

impl Sink for CallFollower<'_> {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.teller.follow(step);
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.teller.ended(conversation);
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}

impl CallProof {
    /// The calls that became RSTs, by the frames of these.
    pub fn closing_calls(&self) -> ClosingCalls {
        self.closing.clone()
    }
}

/// Passes everything on, the calls before the end, and with the steps what the calls prove.
pub struct Proven<'a> {
    sink: &'a mut dyn Sink,
    proof: CallProof,
    shown: bool,
    /// The findings of calls, which the pipeline has not counted.
    added: HashMap<StreamId, FindingCounts>,
}

impl<'a> Proven<'a> {
    /// Adds what `proof` holds to what goes to `sink`; the calls themselves where they are to be `shown`.
    pub fn new(sink: &'a mut dyn Sink, proof: CallProof, shown: bool) -> Self {
        Self { sink, proof, shown, added: HashMap::new() }
    }
}

impl<'a> Relay for Proven<'a> {
    type To = dyn Sink + 'a;

    fn to(&self) -> &Self::To {
        &*self.sink
    }

    fn to_mut(&mut self) -> &mut Self::To {
        self.sink
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let Some(closing) = self.proof.closing.get(&step.event.frame) else { return self.sink.step(step) };
        let mut step = step.clone();
        let reset = step.event.tcp().and_then(|facts| facts.reset).map(|reset| reset.rule.code);
        let told = |finding: &&mut Finding| Some(finding.code) == reset;
        if let Some(finding) = step.findings.to_mut().iter_mut().find(told) {
            finding.calls = vec![closing.number];
        }
        self.sink.step(&step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        match self.added.get(&conversation.totals.stream) {
            None => self.sink.conversation(conversation),
            Some(added) => {
                let mut conversation = conversation.clone();
                conversation.count_more(added);
                self.sink.conversation(&conversation)
            }
        }
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        for (stream, sends) in std::mem::take(&mut self.proof.sends) {
            self.sink.sends(stream, sends)?;
        }
        if self.shown {
            self.proof.calls.iter().try_for_each(|told| self.sink.call(told))?;
        }
        let mut totals = totals.clone();
        self.added.values().for_each(|added| totals.findings_count.add_all(added));
        self.sink.finish(&totals)
    }
}
