//! Bytes that were skipped: ranges of sequence numbers between captured segments that are not in the capture (yet).

use crate::model::SeqNumber;
use crate::track::when::When;

/// Most holes remembered for one direction; the oldest is forgotten first.
const MOST: usize = 32;
/// Most ranges remembered that were acknowledged before they were captured: they come soon, or never.
const MISSED: usize = 4;

/// A range that was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) from: SeqNumber,
    pub(super) to: SeqNumber,
    /// The frame whose sequence number showed the hole.
    pub(super) shown_by: u64,
    /// The ACK that covers it: the receiver has the bytes.
    acked: Option<Missed>,
}

/// The ACK of bytes that are not in the capture (yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missed {
    pub(super) frame: u64,
    pub(super) at: When,
    /// The time stamp that it echoes.
    pub(super) echo: Option<u32>,
}

/// How a segment's bytes relate to the holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// All of its bytes were captured before.
    Nothing,
    /// It brings so many bytes that were skipped; `shown_by` is the frame that showed the hole.
    Hole { shown_by: u64, bytes: u32 },
    /// It brings bytes that were acknowledged before they were captured.
    Missed(Missed),
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
            self.forgotten |= self.ranges.remove(0).acked.is_none();
        }
        self.ranges.push(Hole { from, to, shown_by, acked: None });
    }

    /// Takes the bytes from `from` up to `to` out of the holes.
    pub(super) fn fill(&mut self, from: SeqNumber, to: SeqNumber) -> Fill {
        let mut filled = Fill::Nothing;
        let mut rest = None;
        self.ranges.retain_mut(|hole| {
            if !from.is_before(hole.to) || !to.is_after(hole.from) {
                return true;
            }
            let (before, after) = (from.is_after(hole.from), to.is_before(hole.to));
            let fills = if after { to } else { hole.to }.relative_to(if before { from } else { hole.from });
            filled = match (hole.acked, filled) {
                (None, Fill::Hole { bytes, .. }) => {
                    Fill::Hole { shown_by: hole.shown_by, bytes: bytes.saturating_add(fills) }
                }
                (None, _) => Fill::Hole { shown_by: hole.shown_by, bytes: fills },
                (Some(_), Fill::Hole { .. }) => filled,
                (Some(missed), _) => Fill::Missed(missed),
            };
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
            self.insert(rest);
        }
        filled
    }

    /// Gives up the holes below `ack`, which the receiver has: bytes that reached it but not the capture, or not yet.
    /// Returns how many bytes, and the frame that showed the first of these holes.
    #[inline]
    pub(super) fn acknowledged(&mut self, ack: SeqNumber, missed: Missed) -> Option<(u32, u64)> {
        if self.ranges.is_empty() { None } else { self.give_up(ack, missed) }
    }

    #[cold]
    fn give_up(&mut self, ack: SeqNumber, missed: Missed) -> Option<(u32, u64)> {
        let mut gap: Option<(u32, u64)> = None;
        let mut rest = None;
        for hole in self.ranges.iter_mut().filter(|hole| hole.acked.is_none() && ack.is_after(hole.from)) {
            if ack.is_before(hole.to) {
                rest = Some(Hole { from: ack, ..*hole });
                hole.to = ack;
            }
            hole.acked = Some(missed);
            let (sum, shown_by) = gap.unwrap_or((0, hole.shown_by));
            gap = Some((sum.saturating_add(hole.to.relative_to(hole.from)), shown_by));
        }
        if let Some(rest) = rest {
            self.insert(rest);
        }
        self.forget_missed();
        gap
    }

    /// Notes that bytes behind all that was captured are acknowledged.
    #[cold]
    pub(super) fn missed(&mut self, from: SeqNumber, to: SeqNumber, missed: Missed) {
        self.ranges.push(Hole { from, to, shown_by: 0, acked: Some(missed) });
        self.forget_missed();
    }

    fn forget_missed(&mut self) {
        let mut over = self.ranges.iter().filter(|hole| hole.acked.is_some()).count().saturating_sub(MISSED);
        self.ranges.retain(|hole| {
            let forget = over > 0 && hole.acked.is_some();
            over -= usize::from(forget);
            !forget
        });
    }

    fn insert(&mut self, hole: Hole) {
        let at = self.ranges.iter().position(|other| other.from.is_after(hole.from)).unwrap_or(self.ranges.len());
        self.ranges.insert(at, hole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACK: Missed = Missed { frame: 9, at: When::UNKNOWN, echo: None };

    fn hole(shown_by: u64, bytes: u32) -> Fill {
        Fill::Hole { shown_by, bytes }
    }

    fn seq(n: u32) -> SeqNumber {
        SeqNumber(n)
    }

    #[test]
    fn a_hole_is_filled_piece_by_piece() {
        let mut holes = Holes::default();
        holes.open(seq(10), seq(40), 3);
        assert_eq!(holes.fill(seq(20), seq(30)), hole(3, 10));
        assert_eq!(holes.fill(seq(20), seq(30)), Fill::Nothing);
        assert_eq!(holes.fill(seq(0), seq(15)), hole(3, 5));
        assert_eq!(holes.acknowledged(seq(50), ACK), Some((15, 3)));
        assert_eq!(holes.acknowledged(seq(60), ACK), None);
    }

    #[test]
    fn holes_work_across_the_wrap_and_are_bounded() {
        let mut holes = Holes::default();
        holes.open(seq(u32::MAX - 4), seq(5), 1);
        assert_eq!(holes.fill(seq(u32::MAX), seq(2)), hole(1, 3));
        assert_eq!(holes.acknowledged(seq(0), ACK), Some((4, 1)));
        (0..100).for_each(|n| holes.open(seq(n * 10), seq(n * 10 + 5), 2));
        assert!(holes.ranges.len() <= MOST && holes.forgot_some());
    }

    #[test]
    fn bytes_that_are_acknowledged_before_they_come_are_known_when_they_come() {
        let mut holes = Holes::default();
        holes.open(seq(10), seq(40), 3);
        assert_eq!(holes.acknowledged(seq(20), ACK), Some((10, 3)));
        assert_eq!(holes.acknowledged(seq(20), ACK), None);
        assert_eq!(holes.fill(seq(12), seq(15)), Fill::Missed(ACK));
        assert_eq!((holes.fill(seq(12), seq(15)), holes.fill(seq(30), seq(35))), (Fill::Nothing, hole(3, 5)));
        holes.missed(seq(50), seq(60), ACK);
        assert_eq!((holes.fill(seq(50), seq(60)), holes.fill(seq(50), seq(60))), (Fill::Missed(ACK), Fill::Nothing));
        (0..100).for_each(|n| holes.missed(seq(n * 10), seq(n * 10 + 5), ACK));
        assert!(holes.ranges.len() <= MISSED + 3 && !holes.forgot_some());
    }
}
