//! The facts of one segment that are known before it is remembered.

use super::rules::reset::family::ResetFamily;
use super::rules::rule::Verdict;
use crate::track::analysis::Analysis;
use crate::track::facts::{Probe, SegmentRole};

/// The facts known about a segment apart from its effects.
pub(super) struct Numbers {
    pub(super) analysis: Analysis,
    pub(super) role: SegmentRole,
    pub(super) probe: Option<Probe>,
    pub(super) reset: Option<Verdict<ResetFamily>>,
    /// It carries nothing, and is the same packet as the one before.
    pub(super) copied: bool,
    /// Its window in bytes, and the factor that was applied, where known.
    pub(super) window: u32,
    pub(super) scale: Option<u32>,
}
