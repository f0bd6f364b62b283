//! Time series for graphs, down-sampled into bounded memory without losing an extreme.

mod buckets;
mod capture;
mod conversation;

pub(crate) use buckets::{Buckets, Range, Slot, Sum};
pub(crate) use capture::CaptureSeries;
pub(crate) use conversation::ConversationSeries;
