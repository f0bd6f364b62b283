//! Bytes that were skipped: ranges of sequence numbers between captured segments that are not in the capture (yet).

use crate::model::SeqNumber;

/// Most holes remembered for one direction; the oldest is forgotten first.
const MOST: usize = 32;

/// A range that was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) from: SeqNumber,
    pub(super) to: SeqNumber,
    /// The frame whose sequence number showed the hole.
    pub(super) shown_by: u64,
}

/// How a segment's bytes relate to the holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// All of its bytes were captured before.
    Nothing,
    /// It brings bytes that were skipped; the frame that showed the hole.
    Hole(u64),
}

/// The holes of one direction, ascending.
#[derive(Clone, Debug, Default)]
pub(super) struct Holes {
    ranges: Vec<Hole>,
    forgotten: bool,
}

impl Holes {
    /// Whether holes had to be forgotten: then a byte that is in no hole may be new all the same.
    pub(super) fn forgot_some(&self) -> bool {
        self.forgotten
    }

    /// Notes that the bytes from `from` up to `to` were skipped.
    pub(super) fn open(&mut self, from: SeqNumber, to: SeqNumber, shown_by: u64) {
        if self.ranges.len() >= MOST {
            self.ranges.remove(0);
            self.forgotten = true;
        }
        self.ranges.push(Hole { from, to, shown_by });
    }

    /// Takes the bytes from `from` up to `to` out of the holes.
    pub(super) fn fill(&mut self, from: SeqNumber, to: SeqNumber) -> Fill {
        let mut filled = Fill::Nothing;
        let mut rest = None;
        self.ranges.retain_mut(|hole| {
            if !from.is_before(hole.to) || !to.is_after(hole.from) {
                return true;
            }
            filled = Fill::Hole(hole.shown_by);
            let (before, after) = (from.is_after(hole.from), to.is_before(hole.to));
            if before && after {
                rest = Some(Hole { from: to, ..*hole });
            }
            if before {
                hole.to = from;
            } else if after {
                hole.from = to;
            }
            before || after
        });
        if let Some(rest) = rest {
            let at = self.ranges.iter().position(|hole| hole.from.is_after(rest.from)).unwrap_or(self.ranges.len());
            self.ranges.insert(at, rest);
        }
        filled
    }

    /// Gives up the holes below `ack`, which the receiver has: bytes that reached it but not the capture.
    /// Returns how many bytes, and the frame that showed the first of these holes.
    pub(super) fn acknowledged(&mut self, ack: SeqNumber) -> Option<(u32, u64)> {
        let mut gap: Option<(u32, u64)> = None;
        self.ranges.retain_mut(|hole| {
            if !ack.is_after(hole.from) {
                return true;
            }
            let end = if ack.is_before(hole.to) { ack } else { hole.to };
            let bytes = end.relative_to(hole.from);
            let (sum, shown_by) = gap.unwrap_or((0, hole.shown_by));
            gap = Some((sum.saturating_add(bytes), shown_by));
            hole.from = end;
            hole.from != hole.to
        });
        gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(n: u32) -> SeqNumber {
        SeqNumber(n)
    }

    #[test]
    fn a_hole_is_filled_piece_by_piece() {
        let mut holes = Holes::default();
        holes.open(seq(10), seq(40), 3);
        assert_eq!(holes.fill(seq(20), seq(30)), Fill::Hole(3));
        assert_eq!(holes.fill(seq(20), seq(30)), Fill::Nothing);
        assert_eq!(holes.fill(seq(0), seq(15)), Fill::Hole(3));
        assert_eq!(holes.acknowledged(seq(50)), Some((15, 3)));
        assert_eq!(holes.acknowledged(seq(60)), None);
    }

    #[test]
    fn holes_work_across_the_wrap_and_are_bounded() {
        let mut holes = Holes::default();
        holes.open(seq(u32::MAX - 4), seq(5), 1);
        assert_eq!(holes.fill(seq(u32::MAX), seq(2)), Fill::Hole(1));
        assert_eq!(holes.acknowledged(seq(0)), Some((4, 1)));
        (0..100).for_each(|n| holes.open(seq(n * 10), seq(n * 10 + 5), 2));
        assert!(holes.ranges.len() <= MOST && holes.forgot_some());
    }
}
