//! TCP sequence numbers: 32 bits that wrap (RFC 9293 §3.4).

use std::fmt;

/// A sequence or acknowledgment number as it stands in the header.
///
/// There is no order on it: which of two numbers comes first depends on where the window is, so
/// comparisons are made through [`SeqNumber::distance`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeqNumber(pub u32);

impl SeqNumber {
    /// The number `count` further on, modulo 2^32.
    #[inline]
    #[must_use]
    pub fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// This number relative to `base`, modulo 2^32.
    #[inline]
    pub fn relative_to(self, base: Self) -> u32 {
        self.0.wrapping_sub(base.0)
    }

    /// The distance from `other` to `self` in sequence space, negative if `self` is before (RFC 9293 §3.4).
    #[inline]
    pub fn distance(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0).cast_signed()
    }

    /// Returns `true` if `self` is after `other`.
    #[inline]
    pub fn is_after(self, other: Self) -> bool {
        self.distance(other) > 0
    }

    /// Returns `true` if `self` is before `other`.
    #[inline]
    pub fn is_before(self, other: Self) -> bool {
        self.distance(other) < 0
    }
}

impl fmt::Display for SeqNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_holds_across_the_wrap() {
        let last = SeqNumber(u32::MAX);
        let next = last.plus(2);
        assert_eq!(next, SeqNumber(1));
        assert!(next.is_after(last) && last.is_before(next));
        assert_eq!(next.relative_to(last), 2);
        assert_eq!(last.distance(next), -2);
    }
}
