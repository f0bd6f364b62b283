//! The recently sent segments of one side: the frame that carried each byte, and the frame that acknowledged it.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use super::segment::{RetransmittedSegment, SentSegment};
use crate::model::{OptTime, SeqNumber};

/// Most segments remembered that are not acknowledged.
const IN_FLIGHT: usize = 1024;
/// Most segments remembered after their acknowledgment, to prove that a repeat was not needed.
const ACKED: usize = 16;

/// The distance of IP identifications from which they show no order.
pub(super) const CLOSELY: u16 = 1_000;

/// The segments of one side in order of their sequence numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Scoreboard {
    segments: VecDeque<SentSegment>,
    /// The number of acknowledged segments at the front.
    acked: usize,
    /// Allocated with the first acknowledged segment whose checksum is invalid.
    bad_checksums: Option<Box<AckedMisfits>>,
}

/// Segments that are acknowledged although their checksum is invalid.
#[derive(Clone, Copy, Debug, Default)]
struct AckedMisfits {
    seen: BadChecksums,
    /// One of them was sent only once.
    arrived: bool,
}

/// Segments with data, a SYN or a FIN whose checksum is invalid, by what ACKs show of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BadChecksums {
    /// Acknowledged, and no other copy of them was captured: the receiver accepted them.
    pub accepted: u32,
    /// Sent more than once, reported missing, or not acknowledged: the receiver may have discarded them.
    pub doubtful: u32,
    /// The first that was accepted, and its ACK.
    pub first: Option<(u64, u64)>,
}

impl BadChecksums {
    fn see(&mut self, sent: &SentSegment, by: u64) {
        if sent.retransmissions > 0 || sent.late {
            self.doubtful = self.doubtful.saturating_add(1);
        } else {
            self.accepted = self.accepted.saturating_add(1);
            self.first.get_or_insert((sent.frame, by));
        }
    }
}

/// The segments that an ACK covered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AckedSegments {
    pub(super) segments: u32,
    /// First and last frame.
    pub(super) frames: Option<(u64, u64)>,
    /// The last covered segment, if Karn's rule allows it as an RTT sample: it was sent only once, and its ACK did not
    /// wait for one that was retransmitted or came late.
    pub(super) sample: Option<Sample>,
    /// `true` if one has an invalid checksum, or was sent more than once.
    pub(super) odd: bool,
}

/// A segment whose ACK completes a round trip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) frame: u64,
    pub(super) at: OptTime,
    /// Payload bytes.
    pub(super) len: u32,
}

impl Scoreboard {
    /// Reads a part of the cache lines that the next segment needs, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(super) fn read_ahead(&self) -> u64 {
        self.segments.back().map_or(0, |sent| sent.frame)
    }

    pub(super) fn clear(&mut self) {
        self.segments.clear();
        self.acked = 0;
        self.bad_checksums = None;
    }

    /// Remembers a segment that brings bytes for the first time.
    pub(super) fn push(&mut self, sent: SentSegment) {
        if self.segments.len() - self.acked >= IN_FLIGHT {
            self.segments.remove(self.acked);
        }
        if self.segments.capacity() == 0 {
            // a SYN, a request or its answer, and a FIN: a deque makes room for four by itself, and for many connections that
            // is much
            self.segments.reserve_exact(3);
        }
        let in_order = self.segments.back().is_none_or(|last| !sent.seq.is_before(last.seq));
        if in_order {
            self.segments.push_back(sent);
        } else {
            let at = self.segments.iter().position(|other| other.seq.is_after(sent.seq)).unwrap_or(0);
            self.segments.insert(at.max(self.acked), sent);
        }
    }

    /// Remembers a segment that was acknowledged before it was captured; as many as of all that are acknowledged.
    pub(super) fn insert_acked(&mut self, sent: SentSegment) {
        let at = self.acked().position(|other| other.seq.is_after(sent.seq)).unwrap_or(self.acked);
        self.segments.insert(at.min(self.segments.len()), sent);
        self.acked += 1;
        self.forget_acked();
    }

    fn forget_acked(&mut self) {
        while self.acked > ACKED {
            self.segments.pop_front();
            self.acked -= 1;
        }
    }

    /// Forgets the segments from `end` on that are not acknowledged: the stream has ended there.
    #[cold]
    pub(super) fn forget_from(&mut self, end: SeqNumber) {
        while self.in_flight() > 0 && self.segments.back().is_some_and(|last| !last.seq.is_before(end)) {
            self.segments.pop_back();
        }
    }

    /// The remembered segment that carried the byte at `seq`, latest first.
    pub(super) fn carrying(&mut self, seq: SeqNumber) -> Option<&mut SentSegment> {
        self.segments.iter_mut().rev().find(|sent| !sent.seq.is_after(seq) && sent.end.is_after(seq))
    }

    /// The same, unchanged.
    pub(super) fn carried(&self, seq: SeqNumber) -> Option<&SentSegment> {
        self.segments.iter().rev().find(|sent| !sent.seq.is_after(seq) && sent.end.is_after(seq))
    }

    /// One of the remembered segments that carried a part of these bytes.
    #[cold]
    pub(super) fn overlapping(&self, again: &RetransmittedSegment) -> Option<&SentSegment> {
        self.segments.iter().find(|sent| sent.seq.is_before(again.end) && sent.end.is_after(again.seq))
    }

    /// Returns `true` if the checksums of most of them are invalid. Then the packets were changed after their checksums
    /// were computed, for example by rewriting addresses, and an invalid checksum does not mean corruption.
    #[cold]
    pub(super) fn is_mostly_damaged(&self) -> bool {
        let damaged = self.segments.iter().filter(|sent| sent.damaged).count();
        damaged >= 2 && damaged * 2 > self.segments.len()
    }

    /// Returns `true` if an invalid checksum may mean that the segment was discarded: `false` if one such segment
    /// arrived, or if most segments have invalid checksums.
    #[cold]
    pub(super) fn bad_checksums_are_lost(&self) -> bool {
        !self.bad_checksums.as_ref().is_some_and(|bad_checksums| bad_checksums.arrived) && !self.is_mostly_damaged()
    }

    /// Notes that a segment with an invalid checksum was acknowledged, though no other copy of it was captured. Returns
    /// `true` if one had been before.
    #[cold]
    pub(super) fn add_bad_checksum(&mut self) -> bool {
        std::mem::replace(&mut self.bad_checksums.get_or_insert_default().arrived, true)
    }

    /// Notes that one of those just acknowledged may have been discarded: its ACK covers another copy.
    #[cold]
    pub(super) fn doubt_bad_checksum(&mut self) {
        let seen = &mut self.bad_checksums.get_or_insert_default().seen;
        seen.accepted = seen.accepted.saturating_sub(1);
        seen.doubtful = seen.doubtful.saturating_add(1);
    }

    /// The segments with an invalid checksum, with those that are not acknowledged so far.
    #[cold]
    pub(super) fn bad_checksums(&self) -> BadChecksums {
        let open = self.segments.range(self.acked.min(self.segments.len())..).filter(|sent| sent.damaged).count();
        let open = u32::try_from(open).unwrap_or(u32::MAX);
        let seen = self.bad_checksums.as_ref().map(|bad_checksums| bad_checksums.seen).unwrap_or_default();
        BadChecksums { doubtful: seen.doubtful.saturating_add(open), ..seen }
    }

    /// All remembered segments.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &SentSegment> {
        self.segments.iter()
    }

    /// Splits the segment that carries bytes before and after `at`, since one part is retransmitted without the other.
    /// Acknowledged segments stay whole, and so do data on the SYN with number `isn`.
    pub(super) fn part(&mut self, at: SeqNumber, isn: Option<SeqNumber>) {
        if self.in_flight() >= IN_FLIGHT {
            return;
        }
        let spans = |sent: &SentSegment| sent.seq.is_before(at) && sent.end.is_after(at) && isn != Some(sent.seq);
        let Some(index) = (self.acked..self.segments.len()).rev().find(|n| self.segments.get(*n).is_some_and(spans))
        else {
            return;
        };
        let Some(sent) = self.segments.get_mut(index) else { return };
        let len = sent.len.min(at.relative_to(sent.seq));
        let rest = SentSegment { seq: at, len: sent.len - len, part: true, ..*sent };
        *sent = SentSegment { end: at, len, part: true, ..*sent };
        self.segments.insert(index + 1, rest);
    }

    /// Notes that the bytes from `from` up to `to` were retransmitted.
    pub(super) fn repeat(&mut self, from: SeqNumber, to: SeqNumber, last: (u64, OptTime)) {
        let again = |sent: &&mut SentSegment| sent.seq.is_before(to);
        for sent in self.segments.iter_mut().rev().take_while(|sent| sent.end.is_after(from)).filter(again) {
            sent.retransmissions = sent.retransmissions.saturating_add(1);
            sent.last = last;
        }
    }

    /// The remembered segment that carried the highest bytes of data.
    pub(super) fn last_data(&self) -> Option<&SentSegment> {
        self.data_backwards().next()
    }

    /// The remembered segments that are acknowledged: at most [`ACKED`], the last ones.
    pub(super) fn acked(&self) -> impl DoubleEndedIterator<Item = &SentSegment> + Clone {
        (0..self.acked).filter_map(|at| self.segments.get(at))
    }

    /// All remembered segments with data, the last ones first.
    #[inline]
    pub(super) fn data_backwards(&self) -> impl Iterator<Item = &SentSegment> {
        // a few of the last are looked at: iterating over the deque would begin with more work than that
        let backwards = (0..self.segments.len()).rev().filter_map(|at| self.segments.get(at));
        backwards.filter(|sent| sent.len > 0)
    }

    /// The remembered segments that `ack` covers and no ACK before did.
    pub(super) fn in_flight_up_to(&self, ack: SeqNumber) -> impl Iterator<Item = &SentSegment> {
        // nearly always one: a range of the deque takes longer to make than one look-up
        let in_flight = (self.acked..).map_while(|at| self.segments.get(at));
        in_flight.take_while(move |sent| !sent.end.is_after(ack))
    }

    /// The number of segments that are not acknowledged.
    pub(super) fn in_flight(&self) -> usize {
        self.segments.len() - self.acked
    }

    /// The highest IP identification and timestamp among the segments sent from `seq` on.
    pub(super) fn marks_from(&self, seq: SeqNumber) -> (Option<u16>, Option<u32>) {
        let later = self.segments.iter().filter(|sent| !sent.seq.is_before(seq));
        later.fold((None, None), |(id, stamp), sent| (id.or(sent.ip_id), stamp.or(sent.timestamp)))
    }

    /// Marks what `ack` covers.
    pub(super) fn acknowledge(&mut self, ack: SeqNumber, by: u64) -> AckedSegments {
        let mut covered = AckedSegments::default();
        let mut clean = true;
        while let Some(sent) = self.segments.get_mut(self.acked).filter(|sent| !sent.end.is_after(ack)) {
            sent.acked_by = NonZeroU64::new(by);
            covered.odd |= sent.damaged || sent.retransmissions > 0;
            if sent.damaged {
                self.bad_checksums.get_or_insert_default().seen.see(sent, by);
            }
            let (first, last) = covered.frames.unwrap_or((sent.frame, sent.frame));
            let counted = sent.part && covered.frames.is_some() && last == sent.frame;
            covered.frames = Some((first.min(sent.frame), last.max(sent.frame)));
            covered.segments += u32::from(sent.len > 0 && !counted);
            clean &= sent.retransmissions == 0 && !sent.late;
            covered.sample = clean.then_some(Sample { frame: sent.frame, at: sent.at, len: sent.len });
            self.acked += 1;
        }
        self.forget_acked();
        covered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(seq: u32, len: u32, frame: u64) -> SentSegment {
        SentSegment {
            seq: SeqNumber(seq),
            end: SeqNumber(seq.wrapping_add(len)),
            len,
            frame,
            at: OptTime::UNKNOWN,
            last: (frame, OptTime::UNKNOWN),
            ip_id: None,
            timestamp: None,
            retransmissions: 0,
            damaged: false,
            late: false,
            overtaken: false,
            part: false,
            acked_by: None,
        }
    }

    #[test]
    fn ack_covers_whole_segments_and_a_retransmission_voids_the_sample() {
        let mut list = Scoreboard::default();
        (0..4).for_each(|n| list.push(sent(n * 10, 10, u64::from(n) + 1)));
        let covered = list.acknowledge(SeqNumber(25), 9);
        assert_eq!((covered.segments, covered.frames), (2, Some((1, 2))));
        assert_eq!(covered.sample.map(|s| s.frame), Some(2));
        list.carrying(SeqNumber(35)).unwrap().retransmissions += 1;
        assert!(list.acknowledge(SeqNumber(40), 10).sample.is_none());
        assert_eq!(list.carrying(SeqNumber(12)).unwrap().acked_by, NonZeroU64::new(9));
    }

    #[test]
    fn repeated_part_changes_no_other() {
        let mut list = Scoreboard::default();
        list.push(sent(u32::MAX - 9, 30, 1));
        let (from, to) = (SeqNumber(0), SeqNumber(10));
        list.part(from, None);
        list.part(to, None);
        list.repeat(from, to, (2, OptTime::UNKNOWN));
        let parts: Vec<_> = list.iter().map(|sent| (sent.len, sent.retransmissions, sent.last.0)).collect();
        assert_eq!(parts, [(10, 0, 1), (10, 1, 2), (10, 0, 1)]);
        let covered = list.acknowledge(SeqNumber(20), 3);
        assert_eq!((covered.segments, covered.frames), (1, Some((1, 1))));
    }

    /// The segments that are looked at while bytes are captured that were acknowledged before.
    fn work_of_acked(segments: u32) -> usize {
        let mut list = Scoreboard::default();
        let mut work = 0;
        for n in (0..segments).rev() {
            work += list.segments.len();
            list.insert_acked(sent(n * 10, 10, u64::from(n)));
        }
        work
    }

    #[test]
    fn bytes_acknowledged_before_they_are_captured_cost_the_same_for_each_segment() {
        for segments in [5_000, 10_000, 20_000] {
            let work = work_of_acked(segments);
            assert!(work <= segments as usize * ACKED, "{segments}: {work}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut list = Scoreboard::default();
        (0..5_000).for_each(|n| list.push(sent(n * 10, 10, u64::from(n))));
        (0..5_000).for_each(|n| list.part(SeqNumber(n * 10 + 5), None));
        assert_eq!(list.in_flight(), IN_FLIGHT);
        list.acknowledge(SeqNumber(50_000), 1);
        assert_eq!(list.segments.len(), ACKED);
    }
}
