//! A rule: one cause, and all that follows from it.

use crate::model::{Finding, FindingCode, FindingSink};
use crate::track::cause::{Candidates, Cause};

/// A family of rules: the question that they answer.
pub trait Family: Sized + 'static {
    /// The segment in question, and the state it meets.
    type Case<'a>;
    /// The frames, counts and times that prove the cause; what its text is made of.
    type Proof: Copy;
    /// Consequences of the cause that other code reads.
    type Effect: Copy;
}

/// One cause, and all that follows from it.
pub struct Rule<F: Family> {
    /// The finding that reports it.
    pub code: FindingCode,
    /// A short noun for ladders, tables and answers.
    pub label: &'static str,
    /// The standards that describe it.
    pub rfc: &'static [&'static str],
    /// Consequences for the rest of the analysis.
    pub effect: F::Effect,
    /// Returns the proof if the rule explains the case.
    pub(in crate::track) applies: for<'a, 'b> fn(&'b F::Case<'a>) -> Option<F::Proof>,
    /// The event that made the sender send the segment.
    pub(in crate::track) cause: fn(&F::Proof) -> Cause,
    /// The events that fit as well, where `cause` is unknown.
    pub(in crate::track) candidates: fn(&F::Proof) -> Candidates,
    /// The finding's sentences.
    pub(crate) says: fn(&F::Proof, &Words<'_>) -> String,
    /// The frames that prove it; 0 stands for none.
    pub(crate) frames: fn(&F::Proof) -> [u64; 6],
}

impl<F: Family> std::fmt::Debug for Rule<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.label)
    }
}

/// Two rules are the same where they are the same value.
impl<F: Family> PartialEq for Rule<F> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl<F: Family> Eq for Rule<F> {}

/// The first rule of a family that explains a case, with its proof.
pub(in crate::track) fn first<F: Family>(
    rules: &'static [Rule<F>],
    case: &F::Case<'_>,
) -> Option<(&'static Rule<F>, F::Proof)> {
    rules.iter().find_map(|rule| Some((rule, (rule.applies)(case)?)))
}

/// The rule that explains a segment, and what proves it.
pub struct Verdict<F: Family> {
    /// The rule.
    pub rule: &'static Rule<F>,
    /// The frames, counts and times that prove it.
    pub proof: F::Proof,
}

impl<F: Family> Verdict<F> {
    /// The first rule of a family that applies.
    pub(in crate::track) fn first(rules: &'static [Rule<F>], case: &F::Case<'_>) -> Option<Self> {
        first(rules, case).map(|(rule, proof)| Self { rule, proof })
    }

    /// The finding's sentences.
    pub(crate) fn says(&self, words: &Words<'_>) -> String {
        (self.rule.says)(&self.proof, words)
    }

    /// The frames that prove it, without the segment's own.
    pub(crate) fn frames(&self) -> impl Iterator<Item = u64> + use<F> {
        (self.rule.frames)(&self.proof).into_iter().filter(|frame| *frame > 0)
    }

    /// The event that made the sender send the segment.
    pub fn cause(&self) -> Cause {
        (self.rule.cause)(&self.proof)
    }

    /// The events that fit as well, where the cause is unknown.
    pub fn candidates(&self) -> Candidates {
        (self.rule.candidates)(&self.proof)
    }

    /// Gives the finding that reports it to `found`.
    pub(crate) fn report(&self, words: &Words<'_>, found: &mut impl FindingSink) {
        // a sink that only counts asks for no frames
        let frames = std::iter::once_with(|| self.frames()).flatten().chain([words.frame]);
        found.add(self.rule.code, frames, || self.says(words));
    }

    /// The finding that reports it.
    pub(crate) fn finding(&self, words: &Words<'_>) -> Finding {
        Finding::new(self.rule.code, self.says(words), self.frames().chain([words.frame]))
    }
}

impl<F: Family> Clone for Verdict<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Family> Copy for Verdict<F> {}

impl<F: Family> std::fmt::Debug for Verdict<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rule.fmt(f)
    }
}

impl<F: Family<Proof: PartialEq>> PartialEq for Verdict<F> {
    fn eq(&self, other: &Self) -> bool {
        self.rule == other.rule && self.proof == other.proof
    }
}

impl<F: Family<Proof: Eq>> Eq for Verdict<F> {}

/// No other candidates.
pub(in crate::track) fn no_candidates<P>(_: &P) -> Candidates {
    Candidates::new()
}

/// The parties and numbers that a rule's sentences name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Words<'a> {
    /// The sender of the segment: "client" or "server".
    pub sender: &'a str,
    /// Its peer.
    pub receiver: &'a str,
    /// The frame in question.
    pub frame: u64,
    /// Relative sequence number of the segment.
    pub seq: u32,
    /// Payload bytes of the segment.
    pub len: u32,
    /// Relative acknowledgment number of the segment, or 0.
    pub ack: u32,
    /// Its acknowledgment number on the wire.
    pub ack_raw: u32,
    /// The initial sequence number of its receiver, to which `ack` is relative.
    pub peer_isn: u32,
    /// Its window in bytes.
    pub window: u32,
    /// The port that it comes from.
    pub port: u16,
    /// The captured part of its payload.
    pub payload: &'a [u8],
}
