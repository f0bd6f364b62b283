//! The frames with the earlier fragments of a packet, relative to the frame that completed it.

/// The frames before one: those within its reach that brought a fragment of the same packet. Small, since every IP
/// header has room for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EarlierFrames(
    /// Bit 0 stands for the frame right before, bit 1 for the one before that.
    u64,
);

impl EarlierFrames {
    /// Number of frames for which fragments are remembered.
    pub const REACH: u32 = u64::BITS;

    /// The same relative to a frame that comes `frames` frames later; the frame before is one of them now.
    #[must_use]
    pub fn later(self, by: u64) -> Self {
        let by = u32::try_from(by).unwrap_or(u32::MAX);
        let own = by.checked_sub(1).and_then(|back| 1_u64.checked_shl(back)).unwrap_or(0);
        Self(self.0.checked_shl(by).unwrap_or(0) | own)
    }

    /// Number of frames.
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Their numbers before `frame`, ascending.
    pub fn before(self, frame: u64) -> impl Iterator<Item = u64> {
        let back = (0..Self::REACH).rev().filter(move |back| self.0 >> back & 1 == 1);
        back.filter_map(move |back| frame.checked_sub(u64::from(back) + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_recalled_from_the_newest() {
        let seen = EarlierFrames::default().later(1).later(3).later(1);
        assert_eq!((seen.count(), seen.before(10).collect::<Vec<_>>()), (3, vec![5, 6, 9]));
        assert_eq!(seen.later(59).before(100).collect::<Vec<_>>(), [36, 37, 40, 41]);
        assert_eq!(seen.later(60).before(100).collect::<Vec<_>>(), [36, 39, 40]);
        assert_eq!(seen.later(64).before(100).collect::<Vec<_>>(), [36]);
        assert_eq!(seen.later(65).count() + seen.later(u64::MAX).count(), 0);
    }
}
