//! Sequence numbers past 4 GiB: 32 bits that wrap become 64 that don't.

use crate::model::SeqNumber;

/// Remembers where the numbers of one direction are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SeqUnwrapper {
    last: Option<u64>,
}

impl SeqUnwrapper {
    /// The number nearest to the last one that has these 32 bits; numbers before the first become 0.
    pub(super) fn number(&mut self, relative: u32) -> u64 {
        let number = match self.last {
            // a relative number in the upper half lies before the initial one
            None if relative >= 1 << 31 => 0,
            None => u64::from(relative),
            Some(last) => {
                let distance = SeqNumber(relative).distance(SeqNumber(last as u32));
                last.saturating_add_signed(i64::from(distance))
            }
        };
        self.last = Some(self.last.map_or(number, |last| last.max(number)));
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_continue_after_the_wrap() {
        let mut unwrap = SeqUnwrapper::default();
        assert_eq!(unwrap.number(1), 1);
        assert_eq!(unwrap.number(0x7fff_ffff), 0x7fff_ffff);
        assert_eq!(unwrap.number(0xffff_fff0), 0xffff_fff0);
        assert_eq!(unwrap.number(0x10), 0x1_0000_0010);
        assert_eq!(unwrap.number(0xffff_fff0), 0xffff_fff0);
        assert_eq!(unwrap.number(0x20), 0x1_0000_0020);
    }

    #[test]
    fn numbers_before_the_first_are_zero() {
        let mut unwrap = SeqUnwrapper::default();
        assert_eq!(unwrap.number(u32::MAX), 0);
        assert_eq!(unwrap.number(u32::MAX), 0);
    }
}
