//! A moment in a conversation, in eight bytes: state is kept for every conversation, and each cache line of it counts.

use super::timestamp::Nanos;

/// Time since the conversation's start, or nothing: a frame without a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OptTime(i64);

impl OptTime {
    /// No time.
    pub(crate) const UNKNOWN: Self = Self(i64::MIN);

    /// The time since the start, where there is one.
    #[inline]
    pub(crate) fn get(self) -> Option<Nanos> {
        (self != Self::UNKNOWN).then_some(Nanos(self.0))
    }

    /// The time from `earlier` to `self`; `None` if one of them is unknown.
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> Option<Nanos> {
        Some(self.get()?.minus(earlier.get()?))
    }
}

impl Default for OptTime {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

impl From<Option<Nanos>> for OptTime {
    #[inline]
    fn from(at: Option<Nanos>) -> Self {
        at.map_or(Self::UNKNOWN, |at| Self(at.0.max(i64::MIN + 1)))
    }
}
