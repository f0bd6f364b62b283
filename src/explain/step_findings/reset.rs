//! Diagnoses of a reset: the rule that explains it says them.

use crate::explain::words::words;
use crate::model::Finding;
use crate::track::{Event, ResetFamily, TcpFacts, Verdict};

/// A reset.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, reset: &Verdict<ResetFamily>) -> Finding {
    let frames = reset.frames().chain([event.frame]);
    Finding::new(reset.rule.code, reset.says(&words(event, facts)), frames)
}
