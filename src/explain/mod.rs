//! The meaning of a step: its phase, its arithmetic, its sentence, and the findings with their evidence.
//!
//! Words are made late: a step carries facts, and its sentence is written when a sink shows it.

mod answers;
mod arithmetic;
mod capture_findings;
mod capture_point;
mod conversation;
mod conversation_findings;
mod describe;
mod facts;
mod merged;
mod phase;
mod quote;
mod step;
mod step_findings;
mod transfer;
mod verdict;
mod wire;
mod words;

pub use answers::{Answer, Answered, QUESTIONS};
pub(crate) use answers::{AnswerTable, Evidence, Questions};
pub(crate) use arithmetic::Arithmetic;
pub(crate) use capture_findings::of as capture_findings;
pub(crate) use capture_point::captured_at;
pub use conversation::Conversation;
pub use facts::FACTS;
pub(crate) use facts::Fact;
pub use merged::FindingDigest;
pub(crate) use merged::MergedFinding;
pub(crate) use phase::Phase;
pub use step::Step;
pub(crate) use step_findings::report as report_step_findings;
pub(crate) use transfer::Transfer;
pub use verdict::VerdictLine;
