//! The meaning of a step: its phase, its arithmetic, its sentence, and the findings with their evidence.
//!
//! Words are made late: a step carries facts, and its sentence is written when somebody shows it.

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

pub use answers::{Answer, AnswerTable, Answered, Evidence, QUESTIONS, Question, Questions};
pub use arithmetic::Arithmetic;
pub use capture_findings::of as capture_findings;
pub use capture_point::captured_at;
pub use conversation::Conversation;
pub use facts::{FACTS, Fact, FactKind};
pub use merged::{FindingDigest, MergedFinding};
pub use phase::Phase;
pub use step::Step;
pub use step_findings::report as report_step_findings;
pub use transfer::Transfer;
pub use verdict::{VerdictLine, VerdictLines};
