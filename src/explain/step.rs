//! A step: one frame, its effect and its cause.

use std::borrow::Cow;

use super::arithmetic::Arithmetic;
use super::describe;
use super::phase::Phase;
use super::{capture_point, quote, step_findings, wire};
use crate::model::{Finding, FindingCode};
use crate::model::{WireAnnotation, WireEffect};
use crate::track::{Event, MaybeOwned};

/// A step of a conversation: the facts of one frame, and what they mean.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// The facts.
    pub event: MaybeOwned<'a, Event<'a>>,
    /// The part of the conversation's life.
    pub phase: Phase,
    /// Diagnoses that this frame shows.
    pub findings: Cow<'a, [Finding]>,
}

impl<'a> Step<'a> {
    /// Explains one event.
    #[inline]
    pub fn explain(event: &'a Event<'a>) -> Self {
        let findings = step_findings::of(event);
        let findings = if findings.is_empty() { Cow::Borrowed(&[][..]) } else { Cow::Owned(findings) };
        Self { phase: Phase::of(event), event: MaybeOwned::Borrowed(event), findings }
    }

    /// The arithmetic of the sequence number.
    pub fn seq_arithmetic(&self) -> Option<Arithmetic> {
        Arithmetic::of_seq(self.event.direction, self.event.tcp()?)
    }

    /// The arithmetic of the acknowledgment number.
    pub fn ack_arithmetic(&self) -> Option<Arithmetic> {
        Arithmetic::of_ack(self.event.direction, self.event.tcp()?)
    }

    /// Adds what a wire is known to have done to the frame.
    pub fn mark(&mut self, marks: &[WireAnnotation]) {
        for mark in marks {
            match mark.effect {
                WireEffect::LostBefore => {
                    let late = step_findings::late_answer(&self.event, mark);
                    let slow =
                        self.findings.to_mut().iter_mut().find(|finding| finding.code == FindingCode::SlowServer);
                    if let Some((slow, late)) = slow.zip(late) {
                        *slow = late;
                    }
                }
                _ => self.findings.to_mut().push(wire::finding(mark)),
            }
        }
    }

    /// The plain-English sentence, free of control characters.
    pub fn description(&self) -> String {
        self.description_quoting(quote::LONGEST)
    }

    /// The same with at most `longest` characters of payload.
    pub fn description_quoting(&self, longest: usize) -> String {
        let mut sentence = String::with_capacity(describe::USUAL_LENGTH);
        describe::sentence(&mut sentence, &self.event, longest);
        sentence
    }

    /// Appends the plain-English sentence.
    pub fn describe(&self, out: &mut String) {
        describe::sentence(out, &self.event, quote::LONGEST);
    }

    /// The round trip that an ACK completes, with RFC 6298's estimates after it.
    pub fn round_trip(&self) -> Option<String> {
        self.event.tcp()?.rtt.as_ref().map(capture_point::sample)
    }

    /// The same with at most `max` bytes of payload, free of the frame's buffer.
    pub fn keep(&self, max: usize) -> Step<'static> {
        let event = MaybeOwned::Kept(Box::new(self.event.keep(max)));
        Step { event, phase: self.phase, findings: Cow::Owned(self.findings.to_vec()) }
    }
}
