//! The verdict on a conversation: in one to three lines, healthy or not, and the cause that matters most.
//!
//! It is made of the findings, the facts and the time ledger, so it cannot contradict them. The order of [`VERDICTS`] is
//! the argument: what made a conversation fail comes before what ended it, then what cost most of its time, then any
//! other warning, then what the capture lacks; only what none of these fits is called healthy.

mod rules;

use super::facts::{FactInput, returned};
use super::merged::MergedFinding;
use crate::model::{FindingCode, Severity, thousands};
use crate::track::{ConversationTotals, TcpTotals};

use rules::{CUT, HEALTHY, QUIET, SLOW, UNEXPLAINED, VERDICTS, WARNED};

/// Most frames named in a line.
const FRAMES: usize = 4;

/// The verdict on one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictLines {
    /// Note: nothing is known to be wrong.
    pub severity: Severity,
    /// Nothing is to be done about this conversation, or only about the whole capture.
    pub quiet: bool,
    /// One to three lines, the most important first.
    pub lines: Vec<VerdictLine>,
}

/// One sentence, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictLine {
    /// The sentence without its full stop.
    pub sentence: String,
    /// The frames that show it.
    pub frames: Vec<u64>,
    /// Minimum number of frames that are not named.
    pub frames_left_out: u64,
}

impl VerdictLine {
    fn new(sentence: impl Into<String>, frames: impl IntoIterator<Item = u64>) -> Self {
        Self {
            sentence: sentence.into(),
            frames: frames.into_iter().filter(|frame| *frame > 0).collect(),
            frames_left_out: 0,
        }
    }

    /// The sentence with its frames: "Reset by the client: … (frame 11)."
    pub fn text(&self) -> String {
        // one more costs no more room than its number
        let alone = self.frames.len() == FRAMES + 1 && self.frames_left_out == 0;
        let room = if alone { self.frames.len() } else { FRAMES };
        let named: Vec<_> = self.frames.iter().take(room).map(|frame| thousands_free(*frame)).collect();
        match (self.frames.len(), self.frames.len().saturating_sub(room) as u64 + self.frames_left_out) {
            (0, _) => format!("{}.", self.sentence),
            (1, 0) => format!("{} (frame {}).", self.sentence, named.concat()),
            (_, 0) => format!("{} (frames {}).", self.sentence, named.join(", ")),
            (1, more) => format!("{} (frame {} and {} more).", self.sentence, named.concat(), thousands(more)),
            (_, more) => format!("{} (frames {} and {} more).", self.sentence, named.join(", "), thousands(more)),
        }
    }
}

/// Frame numbers are names, not counts.
fn thousands_free(frame: u64) -> String {
    frame.to_string()
}

/// A conversation to be judged.
pub(super) struct Case<'a> {
    pub(super) totals: &'a ConversationTotals,
    pub(super) tcp: Option<&'a TcpTotals>,
    /// Merged, the gravest first.
    pub(super) findings: &'a [MergedFinding],
    /// Number of the client's bytes that an echo service returned, and of all its bytes.
    pub(super) returned: Option<(u64, u64)>,
}

impl Case<'_> {
    fn found(&self, code: FindingCode) -> Option<&MergedFinding> {
        self.findings.iter().find(|finding| finding.code == code)
    }

    fn gravest(&self) -> Severity {
        self.findings.iter().map(|finding| finding.code.severity()).max().unwrap_or(Severity::Note)
    }
}

/// A kind of verdict: a new one is one entry in [`VERDICTS`].
pub(super) struct VerdictRule {
    /// The first words of its line.
    label: &'static str,
    /// Returns the line if the rule applies.
    says: fn(&Case<'_>) -> Option<VerdictLine>,
}

/// The verdict on a conversation with these findings, merged.
pub(super) fn of(known: &FactInput<'_>, findings: &[MergedFinding]) -> VerdictLines {
    let totals = known.totals;
    let case = Case { totals, tcp: totals.tcp.as_ref(), findings, returned: returned(known) };
    let mut lines = Vec::new();
    let mut label = "";
    for rule in VERDICTS {
        if let Some(line) = (rule.says)(&case) {
            label = rule.label;
            lines.push(line);
            break;
        }
    }
    // what it cost, or what caused the wait
    let second = if label == SLOW.label { &WARNED } else { &SLOW };
    if case.gravest() > Severity::Note || label == SLOW.label {
        lines.extend((second.says)(&case).filter(|_| label != second.label));
    } else if [CUT.label, HEALTHY.label].contains(&label) {
        lines.extend((UNEXPLAINED.says)(&case));
    }
    let quiet = QUIET.iter().any(|rule| rule.label == label);
    VerdictLines { severity: case.gravest(), quiet, lines }
}
