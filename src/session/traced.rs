//! Traced calls as evidence: a first pass over a capture links them to its frames, a second one explains the frames
//! with them.

use std::collections::{HashMap, HashSet};
use std::io;

use super::added_findings::AddedFindings;
use crate::drive::{Transcript, merged};
use crate::explain::{Conversation, Step};
use crate::model::{Call, CallKind, CaptureInfo, ClosingCalls, Finding, FindingCode, PerDirection, Protocol};
use crate::report::{Advised, CallTracer, CaptureTotals, ForwardSink, Sink, TracedCall, advice};
use crate::track::StreamId;

/// The calls of a session's traced programs: of the clients and of the server.
#[derive(Clone, Debug)]
pub struct Traced(pub [Transcript; 2]);

/// A sink that links the calls to the frames of one capture.
pub struct CallFollower<'a> {
    traced: &'a Traced,
    tracer: CallTracer,
}

/// The calls of a session with their frames in one capture, and the findings that they prove.
#[derive(Debug)]
pub struct CallProof {
    calls: Vec<TracedCall>,
    sends: HashMap<StreamId, PerDirection<u64>>,
    closing: ClosingCalls,
    /// Advice by the last frame that it is about; `general` is about no conversation.
    advice: HashMap<u64, Vec<Advised>>,
    general: Vec<Finding>,
}

impl Traced {
    /// Links the calls to the frames of a capture, in its first pass.
    pub fn follower(&self) -> CallFollower<'_> {
        CallFollower { traced: self, tracer: CallTracer::default() }
    }
}

impl CallFollower<'_> {
    /// The findings that the calls prove, once the capture has been read and no program is left.
    pub fn proof(mut self) -> CallProof {
        let [client, server] = &self.traced.0;
        let calls = without_unused(merged(client, server));
        let sends = self.tracer.sends(&calls);
        let calls = self.tracer.trace(calls);
        let closing = self.tracer.closing_calls(&calls);
        let (mut of_frames, mut general) = (HashMap::new(), Vec::new());
        for advised in advice(&self.tracer, &calls) {
            match advised.stream.and(advised.finding.frames.last().copied()) {
                Some(frame) => of_frames.entry(frame).or_insert_with(Vec::new).push(advised),
                None => general.push(advised.finding),
            }
        }
        CallProof { calls, sends, closing, advice: of_frames, general }
    }
}

/// Removes the sockets that a program opens and closes without use: run-time systems and name resolution probe the
/// host's abilities that way.
fn without_unused(mut calls: Vec<Call>) -> Vec<Call> {
    let socket = |call: &Call| call.trace.map_or(0, |trace| trace.socket);
    let udp: HashSet<u64> =
        calls.iter().filter(|call| call.kind == CallKind::Open(Protocol::Udp)).map(socket).collect();
    let is_use = |call: &&Call| match call.kind {
        CallKind::Open(_) | CallKind::SetOption(_) | CallKind::Close | CallKind::CloseCopy => false,
        CallKind::Exit | CallKind::Killed => false,
        // over UDP, connect() sends nothing
        CallKind::Connect => !udp.contains(&socket(call)),
        _ => true,
    };
    let used: HashSet<u64> = calls.iter().filter(is_use).map(socket).collect();
    calls.retain(|call| used.contains(&socket(call)));
    calls
}

impl Sink for CallFollower<'_> {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.tracer.follow(step);
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.tracer.ended(conversation);
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}

impl CallProof {
    /// The calls that caused RSTs, by the frames of these.
    pub fn closing_calls(&self) -> ClosingCalls {
        self.closing.clone()
    }
}

/// Returns `true` if such advice proves why the server refused.
fn explains_refusal(code: FindingCode) -> bool {
    matches!(code, FindingCode::ConnectBeforeListen | FindingCode::OtherPort | FindingCode::BoundToLoopback)
}

/// Leaves the candidates out of a finding about a refusal whose cause the calls prove.
fn refusal_is_explained(finding: &mut Finding) {
    finding.text = match finding.code {
        FindingCode::Refused => {
            "The server's kernel answered the SYN with RST (RFC 9293 §3.10.7.1). The traced calls prove the cause."
        }
        FindingCode::PortUnreachable => {
            "The server's kernel answered the datagram with ICMP port unreachable. The traced calls prove the cause."
        }
        _ => return,
    }
    .into();
}

/// Passes everything on, adds the findings that the calls prove to the steps, and the calls before the end.
pub struct CallProofSink<'a> {
    sink: &'a mut dyn Sink,
    proof: CallProof,
    shown: bool,
    /// The findings from calls, which the pipeline has not counted.
    added: AddedFindings,
}

impl<'a> CallProofSink<'a> {
    /// Adds `proof` to the steps that go to `sink`; the calls themselves too if they are to be `shown`.
    pub fn new(sink: &'a mut dyn Sink, proof: CallProof, shown: bool) -> Self {
        Self { sink, proof, shown, added: AddedFindings::default() }
    }
}

impl<'a> ForwardSink for CallProofSink<'a> {
    type Inner = dyn Sink + 'a;

    fn inner(&self) -> &Self::Inner {
        &*self.sink
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        self.sink
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let (stream, shown_by) = (step.event.stream, step.event.shown_by());
        let closing = self.proof.closing.get(&shown_by.frame);
        let advice = self.proof.advice.remove(&shown_by.frame).unwrap_or_default();
        if closing.is_none() && advice.is_empty() {
            return self.sink.step(step);
        }
        let mut step = step.clone();
        let reset = step.event.tcp().and_then(|facts| facts.reset).map(|reset| reset.rule.code);
        let findings = step.findings.to_mut();
        let traced = |finding: &&mut Finding| Some(finding.code) == reset;
        if let Some((closing, finding)) = closing.zip(findings.iter_mut().find(traced)) {
            finding.calls = vec![closing.number];
        }
        if advice.iter().any(|advised| explains_refusal(advised.finding.code)) {
            findings.iter_mut().for_each(refusal_is_explained);
        }
        for advised in advice {
            self.added.count(stream, advised.finding.code, shown_by);
            findings.push(advised.finding);
        }
        self.sink.step(&step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.added.conversation(conversation, self.sink)
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        for (stream, sends) in std::mem::take(&mut self.proof.sends) {
            self.sink.sends(stream, sends)?;
        }
        if self.shown {
            self.proof.calls.iter().try_for_each(|traced| self.sink.call(traced))?;
        }
        let mut totals = self.added.in_totals(totals);
        self.proof.general.iter().for_each(|finding| totals.findings_count.count(finding.code));
        totals.findings.append(&mut self.proof.general);
        self.sink.finish(&totals)
    }
}
