//! Diagnoses of a reset: the rule that explains it says them.

use crate::model::Finding;
use crate::track::{Event, ResetFamily, TcpFacts, Verdict, Words};

/// A reset.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, reset: &Verdict<ResetFamily>) -> Finding {
    let frames = reset.frames().chain([event.frame]);
    Finding::new(reset.rule.code, reset.says(&Words::of(event, facts)), frames)
}
