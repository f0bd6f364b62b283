//! Time series for graphs, down-sampled into bounded memory without losing an extreme.

mod buckets;
mod capture;
mod conversation;

pub use buckets::{Buckets, Merge, Range, Slot, Sum};
pub use capture::{CaptureSeries, Size};
pub use conversation::{ConversationSeries, Way};
