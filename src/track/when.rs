//! A moment in a conversation, in eight bytes: state is kept for every conversation, and each cache line of it counts.

use crate::model::Nanos;

/// Time since the conversation's start, or nothing: a frame without a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct When(i64);

impl When {
    /// No time.
    pub(super) const UNKNOWN: Self = Self(i64::MIN);

    /// The time since the start, where there is one.
    #[inline]
    pub(super) fn get(self) -> Option<Nanos> {
        (self != Self::UNKNOWN).then_some(Nanos(self.0))
    }

    /// How long before `self` the other moment was.
    #[inline]
    pub(super) fn since(self, earlier: Self) -> Option<Nanos> {
        Some(self.get()?.minus(earlier.get()?))
    }
}

impl Default for When {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

impl From<Option<Nanos>> for When {
    #[inline]
    fn from(at: Option<Nanos>) -> Self {
        at.map_or(Self::UNKNOWN, |at| Self(at.0.max(i64::MIN + 1)))
    }
}
