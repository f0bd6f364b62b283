//! Facts that only the capture as a whole shows.

use super::mirror::MirrorSummary;
use super::surges::{Attempts, Surge};

/// The facts that the packets of all conversations show together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureOverview {
    /// The capture holds each packet twice.
    pub mirror: Option<MirrorSummary>,
    /// Floods and scans, in the order of their first frames.
    pub surges: Vec<(Surge, Attempts)>,
}
