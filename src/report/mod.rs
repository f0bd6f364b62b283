//! What is kept to be shown: the sink that the pipeline pushes into, and the totals of a capture.

mod totals;

use std::io;

pub use totals::CaptureTotals;

use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;

/// Takes what the pipeline pushes, in the order of the capture, and keeps or writes what it needs.
///
/// For each capture: `capture`, then every `step` in frame order with each `conversation` when it ends, then `finish`.
pub trait Sink {
    /// A capture begins.
    ///
    /// # Errors
    /// When the output can't be written; so for all methods.
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()>;

    /// A frame did something.
    ///
    /// # Errors
    /// When the output can't be written.
    fn step(&mut self, step: &Step<'_>) -> io::Result<()>;

    /// A conversation has ended, or the capture has.
    ///
    /// # Errors
    /// When the output can't be written.
    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()>;

    /// The capture has ended.
    ///
    /// # Errors
    /// When the output can't be written.
    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()>;
}
