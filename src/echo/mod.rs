//! Request and response matching: across segment boundaries in a TCP stream, by datagram in UDP.

mod budget;
mod datagrams;
mod form;
mod in_order;
mod matcher;
mod record;
mod relation;
mod stats;

pub use datagrams::PairedBy;
pub use form::{Echo, EchoForm, EchoKind};
pub use record::{EchoLog, EchoOccurrences, EchoTotals, GiveUpReason};

pub(crate) use budget::MemoryBudget;
pub(crate) use datagrams::{Answered, Datagrams, Identity, QuoteMatch};
pub(crate) use matcher::{Chunk, EchoMatcher};
pub(crate) use stats::EchoStats;
