//! Bytes that were skipped: ranges of sequence numbers between captured segments that are not in the capture (yet).

use crate::model::OptTime;
use crate::model::SeqNumber;

/// Most gaps remembered for one direction; the oldest is forgotten first.
const MOST: usize = 32;
/// Most ranges remembered that were acknowledged before they were captured: they come soon, or never.
const MISSED: usize = 4;

/// A range that was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) from: SeqNumber,
    pub(super) to: SeqNumber,
    /// The frame whose sequence number showed the gap.
    pub(super) shown_by: u64,
    /// The ACK that covers it: the receiver has the bytes.
    acked: Option<AckedUnseen>,
}

/// The ACK of bytes that are not in the capture (yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AckedUnseen {
    pub(super) frame: u64,
    pub(super) at: OptTime,
    /// The timestamp that it echoes.
    pub(super) echo: Option<u32>,
}

/// The relation of a segment's bytes to the gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GapOverlap {
    /// All of its bytes were captured before.
    Nothing,
    /// It brings this number of skipped bytes; `shown_by` is the frame that showed the gap.
    Gap { shown_by: u64, bytes: u32 },
    /// It brings bytes that were acknowledged before they were captured.
    AckedUnseen(AckedUnseen),
}

/// The gaps of one direction, ascending.
#[derive(Clone, Debug, Default)]
pub(super) struct GapList {
    ranges: Vec<Gap>,
    forgotten: bool,
    /// The first byte of the capture, where it began in the middle of a connection. Earlier bytes were sent earlier.
    began: Option<SeqNumber>,
}

impl GapList {
    /// Returns `true` if gaps had to be forgotten: then a byte outside all gaps may still be new.
    pub(super) fn forgot_some(&self) -> bool {
        self.forgotten
    }

    /// Notes that the capture began with the byte at `first`, while bytes before it were in flight.
    pub(super) fn begin(&mut self, first: SeqNumber) {
        self.began = Some(first);
    }

    /// Returns `true` if the bytes up to `end` were sent before the capture began.
    pub(super) fn was_sent_earlier(&self, end: SeqNumber) -> bool {
        self.began.is_some_and(|first| !end.is_after(first))
    }

    /// Notes that the bytes from `from` up to `to` were skipped.
    pub(super) fn open(&mut self, from: SeqNumber, to: SeqNumber, shown_by: u64) {
        if self.ranges.len() >= MOST {
            self.forgotten |= self.ranges.remove(0).acked.is_none();
        }
        self.ranges.push(Gap { from, to, shown_by, acked: None });
    }

    /// Takes the bytes from `from` up to `to` out of the gaps.
    pub(super) fn fill(&mut self, from: SeqNumber, to: SeqNumber) -> GapOverlap {
        let mut filled = GapOverlap::Nothing;
        let mut rest = None;
        self.ranges.retain_mut(|gap| {
            if !from.is_before(gap.to) || !to.is_after(gap.from) {
                return true;
            }
            let (before, after) = (from.is_after(gap.from), to.is_before(gap.to));
            let fills = if after { to } else { gap.to }.relative_to(if before { from } else { gap.from });
            filled = match (gap.acked, filled) {
                (None, GapOverlap::Gap { bytes, .. }) => {
                    GapOverlap::Gap { shown_by: gap.shown_by, bytes: bytes.saturating_add(fills) }
                }
                (None, _) => GapOverlap::Gap { shown_by: gap.shown_by, bytes: fills },
                (Some(_), GapOverlap::Gap { .. }) => filled,
                (Some(missed), _) => GapOverlap::AckedUnseen(missed),
            };
            if before && after {
                rest = Some(Gap { from: to, ..*gap });
            }
            if before {
                gap.to = from;
            } else if after {
                gap.from = to;
            }
            before || after
        });
        if let Some(rest) = rest {
            self.insert(rest);
        }
        filled
    }

    /// Gives up the gaps below `ack`, which the receiver has: bytes that reached it but not the capture, or not yet.
    /// Returns how many bytes, without those sent before the capture began, and the frame that showed the first of these gaps.
    #[inline]
    pub(super) fn acknowledged(&mut self, ack: SeqNumber, missed: AckedUnseen) -> Option<(u32, u64)> {
        if self.ranges.is_empty() { None } else { self.give_up(ack, missed) }
    }

    #[cold]
    fn give_up(&mut self, ack: SeqNumber, missed: AckedUnseen) -> Option<(u32, u64)> {
        let mut given_up: Option<(u32, u64)> = None;
        let mut rest = None;
        let began = self.began;
        for gap in self.ranges.iter_mut().filter(|gap| gap.acked.is_none() && ack.is_after(gap.from)) {
            if ack.is_before(gap.to) {
                rest = Some(Gap { from: ack, ..*gap });
                gap.to = ack;
            }
            gap.acked = Some(missed);
            if began.is_some_and(|first| !gap.to.is_after(first)) {
                continue;
            }
            let (sum, shown_by) = given_up.unwrap_or((0, gap.shown_by));
            given_up = Some((sum.saturating_add(gap.to.relative_to(gap.from)), shown_by));
        }
        if let Some(rest) = rest {
            self.insert(rest);
        }
        self.forget_missed();
        given_up
    }

    /// Notes that bytes above all captured ones are acknowledged.
    #[cold]
    pub(super) fn missed(&mut self, from: SeqNumber, to: SeqNumber, missed: AckedUnseen) {
        self.ranges.push(Gap { from, to, shown_by: 0, acked: Some(missed) });
        self.forget_missed();
    }

    /// The lowest range that is neither filled nor acknowledged: from, up to, and the frame that showed it.
    pub(super) fn lowest_unfilled(&self) -> Option<(SeqNumber, SeqNumber, u64)> {
        let unfilled = self.ranges.iter().filter(|gap| gap.acked.is_none());
        let low = unfilled.reduce(|low, gap| if gap.from.is_before(low.from) { gap } else { low })?;
        Some((low.from, low.to, low.shown_by))
    }

    /// Forgets the gaps from `end` on, where the stream has ended.
    #[cold]
    pub(super) fn forget_from(&mut self, end: SeqNumber) {
        self.ranges.retain_mut(|gap| {
            if gap.to.is_after(end) {
                gap.to = end;
            }
            gap.from.is_before(end)
        });
    }

    fn forget_missed(&mut self) {
        let mut over = self.ranges.iter().filter(|gap| gap.acked.is_some()).count().saturating_sub(MISSED);
        self.ranges.retain(|gap| {
            let forget = over > 0 && gap.acked.is_some();
            over -= usize::from(forget);
            !forget
        });
    }

    /// Inserts a part of a split range in order. Splits are bounded as new gaps are: else every segment that fills one byte
    /// in the middle of a large gap would add a range for all later ones to look at.
    fn insert(&mut self, gap: Gap) {
        if self.ranges.len() >= MOST + MISSED {
            self.forgotten |= self.ranges.remove(0).acked.is_none();
        }
        let at = self.ranges.iter().position(|other| other.from.is_after(gap.from)).unwrap_or(self.ranges.len());
        self.ranges.insert(at, gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACK: AckedUnseen = AckedUnseen { frame: 9, at: OptTime::UNKNOWN, echo: None };

    fn gap(shown_by: u64, bytes: u32) -> GapOverlap {
        GapOverlap::Gap { shown_by, bytes }
    }

    fn seq(n: u32) -> SeqNumber {
        SeqNumber(n)
    }

    #[test]
    fn a_gap_is_filled_piece_by_piece() {
        let mut gaps = GapList::default();
        gaps.open(seq(10), seq(40), 3);
        assert_eq!(gaps.fill(seq(20), seq(30)), gap(3, 10));
        assert_eq!(gaps.fill(seq(20), seq(30)), GapOverlap::Nothing);
        assert_eq!(gaps.fill(seq(0), seq(15)), gap(3, 5));
        assert_eq!(gaps.acknowledged(seq(50), ACK), Some((15, 3)));
        assert_eq!(gaps.acknowledged(seq(60), ACK), None);
    }

    #[test]
    fn bytes_sent_before_the_capture_are_no_gap_in_it() {
        let mut gaps = GapList::default();
        gaps.open(seq(10), seq(40), 3);
        gaps.begin(seq(40));
        gaps.open(seq(50), seq(60), 4);
        assert_eq!([seq(30), seq(40), seq(41)].map(|end| gaps.was_sent_earlier(end)), [true, true, false]);
        assert_eq!(gaps.fill(seq(10), seq(20)), gap(3, 10));
        assert_eq!(gaps.acknowledged(seq(70), ACK), Some((10, 4)));
    }

    #[test]
    fn gaps_work_across_the_wrap_and_are_bounded() {
        let mut gaps = GapList::default();
        gaps.open(seq(u32::MAX - 4), seq(5), 1);
        assert_eq!(gaps.fill(seq(u32::MAX), seq(2)), gap(1, 3));
        assert_eq!(gaps.acknowledged(seq(0), ACK), Some((4, 1)));
        (0..100).for_each(|n| gaps.open(seq(n * 10), seq(n * 10 + 5), 2));
        assert!(gaps.ranges.len() <= MOST && gaps.forgot_some());
    }

    /// The ranges that segments look at while each fills one byte in the middle of a large gap.
    fn work_of_splits(segments: u32, acked: bool) -> usize {
        let mut gaps = GapList::default();
        if acked {
            gaps.missed(seq(0), seq(1 << 30), ACK);
        } else {
            gaps.open(seq(0), seq(1 << 30), 1);
        }
        let mut work = 0;
        for n in 0..segments {
            work += gaps.ranges.len();
            gaps.fill(seq(1 + n * 2), seq(2 + n * 2));
        }
        work
    }

    #[test]
    fn splitting_one_gap_repeatedly_costs_the_same_per_segment() {
        for acked in [false, true] {
            for segments in [5_000, 10_000, 20_000] {
                let work = work_of_splits(segments, acked);
                assert!(work <= segments as usize * (MOST + MISSED), "{segments}: {work}");
            }
        }
    }

    #[test]
    fn bytes_acknowledged_before_their_capture_are_recognized() {
        let mut gaps = GapList::default();
        gaps.open(seq(10), seq(40), 3);
        assert_eq!(gaps.acknowledged(seq(20), ACK), Some((10, 3)));
        assert_eq!(gaps.acknowledged(seq(20), ACK), None);
        assert_eq!(gaps.fill(seq(12), seq(15)), GapOverlap::AckedUnseen(ACK));
        assert_eq!((gaps.fill(seq(12), seq(15)), gaps.fill(seq(30), seq(35))), (GapOverlap::Nothing, gap(3, 5)));
        gaps.missed(seq(50), seq(60), ACK);
        assert_eq!(
            (gaps.fill(seq(50), seq(60)), gaps.fill(seq(50), seq(60))),
            (GapOverlap::AckedUnseen(ACK), GapOverlap::Nothing)
        );
        (0..100).for_each(|n| gaps.missed(seq(n * 10), seq(n * 10 + 5), ACK));
        assert!(gaps.ranges.len() <= MISSED + 3 && !gaps.forgot_some());
    }
}
