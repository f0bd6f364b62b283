//! A whole conversation with its totals, findings and facts.

use std::cell::OnceCell;
use std::sync::Arc;

use super::answers::{self, Answered, Evidence, Questions};
use super::conversation_findings;
use super::facts::{self, Fact, FactInput};
use super::merged::{self, FindingDigest, MergedFinding};
use super::transfer::Transfer;
use super::verdict::{self, VerdictLines};
use crate::model::PerDirection;
use crate::model::{Finding, FindingCode, FindingCounts};
use crate::track::ConversationTotals;

/// A conversation that has ended, or that the capture leaves open: totals and what follows from them.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The totals; boxed, since conversations are moved from sink to sink.
    pub totals: Box<ConversationTotals>,
    findings: OnceCell<Vec<Finding>>,
    findings_count: FindingCounts,
    evidence: Option<Box<Evidence>>,
    asked: Questions,
    file: Option<Arc<str>>,
    transfer: Option<Box<Transfer>>,
    sends: Option<PerDirection<u64>>,
}

impl Conversation {
    /// Explains a conversation by its totals.
    pub fn explain(totals: Box<ConversationTotals>) -> Self {
        Self {
            totals,
            findings: OnceCell::new(),
            findings_count: FindingCounts::default(),
            evidence: None,
            asked: Questions::default(),
            file: None,
            transfer: None,
            sends: None,
        }
    }

    /// The same, with all its findings counted: those `of_steps`, and its own. An invalid checksum counts as a note where the
    /// whole conversation shows that its receivers accepted such packets.
    pub fn counted(totals: Box<ConversationTotals>, of_steps: FindingCounts) -> Self {
        let mut conversation = Self { findings_count: of_steps, ..Self::explain(totals) };
        let counts = &mut conversation.findings_count;
        let accepted = counts.of(FindingCode::ChecksumAccepted);
        conversation_findings::report(&conversation.totals, counts);
        if counts.of(FindingCode::ChecksumAccepted) > accepted {
            // the whole conversation shows that these packets were not corrupted
            counts.refute(FindingCode::ChecksumInvalid);
        }
        conversation
    }

    /// Number of findings of its steps and its own, by code; empty where nothing counts them.
    pub fn findings_count(&self) -> &FindingCounts {
        &self.findings_count
    }

    /// Counts findings that others than its packets show of its steps.
    pub fn count_more(&mut self, findings: &FindingCounts) {
        self.findings_count.add_all(findings);
    }

    /// Diagnoses of the whole; made when they are asked for first, since most conversations are only counted.
    pub fn findings(&self) -> &[Finding] {
        self.findings.get_or_init(|| conversation_findings::of(&self.totals))
    }

    /// Its findings and those of its steps, merged by their cause, the gravest first.
    pub fn merged_findings(&self, of_steps: &FindingDigest) -> Vec<MergedFinding> {
        of_steps.merged(self.findings())
    }

    /// Healthy or not, and the cause that matters most.
    pub fn verdict(&self, of_steps: &FindingDigest) -> VerdictLines {
        verdict::of(&self.known(), &self.merged_findings(of_steps))
    }

    /// The same where the findings of its steps are only counted: it names the first packet of a kind.
    pub fn verdict_of_counts(&self) -> VerdictLines {
        verdict::of(&self.known(), &merged::of_counts(&self.findings_count, self.findings()))
    }

    /// The same, with what its steps showed for the answers to the questions that are `asked`.
    #[must_use]
    pub fn with_evidence(self, evidence: Evidence, asked: Questions) -> Self {
        Self { evidence: Some(Box::new(evidence)), asked, ..self }
    }

    /// The same, with the name of its capture's file.
    #[must_use]
    pub fn of_file(self, file: Arc<str>) -> Self {
        Self { file: Some(file), ..self }
    }

    /// The name of its capture's file, where several captures are shown as one.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The same, with how its data got through, as its steps showed.
    #[must_use]
    pub fn with_transfer(self, transfer: Transfer) -> Self {
        Self { transfer: Some(Box::new(transfer)), ..self }
    }

    /// Notes how often the program of each side sent, as their transcripts tell.
    pub fn set_sends(&mut self, sends: PerDirection<u64>) {
        self.sends = Some(sends);
    }

    /// Returns `true` if evidence for the answers was kept.
    pub fn has_evidence(&self) -> bool {
        self.evidence.is_some()
    }

    /// The answers to the questions that labs ask; `None` where no evidence was kept, since no answers were asked for.
    pub fn answers(&self) -> Option<Vec<Answered>> {
        Some(answers::of(&self.totals, self.evidence.as_deref()?, &self.asked))
    }

    /// The sentences under the table: handshake time, echo, how data got through, who closed first and how, packets and
    /// bytes each way.
    pub fn facts(&self) -> Vec<Fact> {
        facts::of(&self.known())
    }

    fn known(&self) -> FactInput<'_> {
        let seen = self.evidence.as_deref().map(|evidence| &evidence.transfer);
        let transfer = seen.or(self.transfer.as_deref());
        FactInput { totals: &self.totals, transfer, sends: self.sends.as_ref() }
    }
}
