//! The records of the machine output: what `--format jsonl` writes one a line and `--format json` in one document.
//!
//! Every key is always there; an absent value is `null`. Field names are a public interface: they stay.

mod answers;
mod call;
mod capture;
mod conversation;
mod step;
mod values;
mod writer;

use serde::Serialize;

pub(super) use answers::AnswersRecord;
pub(super) use call::CallRecord;
pub(super) use capture::{Capture, Summary};
pub(super) use conversation::ConversationRecord;
pub(super) use step::StepRecord;
pub(super) use writer::write_json;

/// A line of the output.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "written at once, never stored; a box would be an allocation a step")]
pub(super) enum Record<'a> {
    Capture(Capture<'a>),
    Step(StepRecord<'a>),
    Conversation(ConversationRecord<'a>),
    /// Only where answers are asked for.
    Answers(AnswersRecord),
    Call(CallRecord<'a>),
    Summary(Summary<'a>),
}
