//! Keep-alives: how long nothing else was sent, and whether they were answered (RFC 1122 §4.2.3.6).

use crate::model::{Nanos, Occurrences, OptTime, PerDirection};

/// One side's keep-alives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeepAlives {
    /// The keep-alives.
    pub asked: Occurrences,
    /// The number of them that were answered.
    pub answered: u64,
    /// The longest time for which nothing else was sent when one was; 0 where it is unknown.
    pub silence: Nanos,
    /// The RST that answered the last one.
    pub reset: Option<u64>,
}

/// A time in which nothing but keep-alives and their answers is sent.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    /// The last segment that is neither.
    pub(super) since: (u64, OptTime),
    /// The last one that is.
    pub(super) last: u64,
    /// The number of keep-alives of each side in this time, and `true` if the last of them was answered.
    pub(super) asked: PerDirection<(u16, bool)>,
}
