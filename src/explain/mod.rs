//! What a step means: its phase, its arithmetic, its sentence, and the findings with their evidence.

mod arithmetic;
mod conversation;
mod finding;
mod phase;
mod step;

pub use arithmetic::Arithmetic;
pub use conversation::{Conversation, Fact};
pub use finding::{Finding, FindingCode, Severity};
pub use phase::Phase;
pub use step::Step;
