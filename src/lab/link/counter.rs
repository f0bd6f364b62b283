//! The number of a frame among the packets of its kind: "data 2" is the second piece of new data that a host sent,
//! retransmissions of it included.

use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;

use super::packet::{Flow, PacketKind, PacketView, Segment};
use crate::model::{SeqNumber, TcpFlags};

/// Segments remembered to find a retransmission's number: far more than can be in flight here.
const REMEMBERED: usize = 4096;

/// Counts what one host sends.
///
/// SYN, SYN-ACK, data and FIN keep their number when TCP retransmits them, since they are identified by their sequence
/// number; every other packet gets a new one. The numbers count across all of the host's conversations.
#[derive(Debug, Default)]
pub(super) struct PacketCounter {
    counts: [u32; PacketKind::ALL.len()],
    /// The sequence number after each conversation's last data.
    next: HashMap<Flow, SeqNumber>,
    /// The segments sent, oldest first.
    sent: VecDeque<Sent>,
}

#[derive(Debug)]
struct Sent {
    kind: PacketKind,
    flow: Flow,
    start: SeqNumber,
    len: u32,
    number: u32,
}

/// The numbers of a frame among the packets of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Occurrences {
    numbers: [Option<RangeInclusive<u32>>; PacketKind::ALL.len()],
    /// `true` if it is a retransmission.
    pub(super) again: bool,
}

impl Occurrences {
    /// The numbers of the frame among those of `kind`: several if TCP coalesces old segments in a retransmission.
    pub(super) fn numbers(&self, kind: PacketKind) -> Option<&RangeInclusive<u32>> {
        self.numbers.get(kind as usize).and_then(Option::as_ref)
    }
}

impl PacketCounter {
    /// Counts a frame.
    pub(super) fn record(&mut self, packet: &PacketView) -> Occurrences {
        let mut occurrences = Occurrences { numbers: [const { None }; PacketKind::ALL.len()], again: false };
        for (kind, _) in PacketKind::ALL {
            if !packet.is(kind) {
                continue;
            }
            let (numbers, again) = match (kind, packet.segment) {
                (PacketKind::Data, Some(segment)) => self.data(&segment),
                (PacketKind::Syn | PacketKind::SynAck, Some(segment)) => self.control(kind, &segment, segment.seq),
                (PacketKind::Fin, Some(segment)) => self.control(kind, &segment, segment.seq.plus(segment.len)),
                _ => (self.count(kind), false),
            };
            occurrences.again |= again;
            if let Some(slot) = occurrences.numbers.get_mut(kind as usize) {
                *slot = Some(numbers);
            }
        }
        occurrences
    }

    /// The next number of `kind`.
    fn count(&mut self, kind: PacketKind) -> RangeInclusive<u32> {
        let count = self.counts.get_mut(kind as usize).map_or(0, |count| {
            *count = count.saturating_add(1);
            *count
        });
        count..=count
    }

    /// Counts data as new as far as it is beyond all earlier data.
    fn data(&mut self, segment: &Segment) -> (RangeInclusive<u32>, bool) {
        // a SYN takes a sequence number before the data that it carries (RFC 7413)
        let start = segment.seq.plus(u32::from(segment.flags.contains(TcpFlags::SYN)));
        let end = start.plus(segment.len);
        let next = *self.next.get(&segment.flow).unwrap_or(&start);
        let old =
            if start.is_before(next) { self.find(PacketKind::Data, segment.flow, start, segment.len) } else { None };
        if !end.is_after(next) {
            return (old.unwrap_or(0..=0), true);
        }
        self.next.insert(segment.flow, end);
        let numbers = self.count(PacketKind::Data);
        let new = if start.is_before(next) { next } else { start };
        self.remember(PacketKind::Data, segment.flow, new, end.relative_to(new), *numbers.end());
        (*old.as_ref().unwrap_or(&numbers).start()..=*numbers.end(), old.is_some())
    }

    /// SYN and FIN take one sequence number each.
    fn control(&mut self, kind: PacketKind, segment: &Segment, seq: SeqNumber) -> (RangeInclusive<u32>, bool) {
        if let Some(numbers) = self.find(kind, segment.flow, seq, 1) {
            return (numbers, true);
        }
        if kind != PacketKind::Fin {
            // data is counted from 1 after a SYN: the port may be in use for the second time
            self.next.remove(&segment.flow);
        }
        let numbers = self.count(kind);
        self.remember(kind, segment.flow, seq, 1, *numbers.end());
        (numbers, false)
    }

    fn remember(&mut self, kind: PacketKind, flow: Flow, start: SeqNumber, len: u32, number: u32) {
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent { kind, flow, start, len, number });
    }

    /// The numbers of the segments sent before that share a byte with the `len` bytes from `start`.
    fn find(&self, kind: PacketKind, flow: Flow, start: SeqNumber, len: u32) -> Option<RangeInclusive<u32>> {
        let end = start.plus(len);
        let mut found = self
            .sent
            .iter()
            .filter(|sent| sent.kind == kind && sent.flow == flow)
            .filter(|sent| sent.start.is_before(end) && sent.start.plus(sent.len).is_after(start))
            .map(|sent| sent.number);
        let first = found.next()?;
        Some(first..=found.next_back().unwrap_or(first))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{datagram, segment};
    use super::*;
    use crate::model::Direction;

    /// Counts the frame; returns its numbers of `kind`, and `true` if it is a retransmission.
    fn record(
        counter: &mut PacketCounter,
        kind: PacketKind,
        flags: TcpFlags,
        seq: u32,
        payload: &[u8],
    ) -> (Vec<u32>, bool) {
        let frame = segment(Direction::ClientToServer, flags, seq, payload);
        let occurrences = counter.record(&PacketView::of(&frame));
        (occurrences.numbers(kind).cloned().into_iter().flatten().collect(), occurrences.again)
    }

    fn data(counter: &mut PacketCounter, seq: u32, payload: &[u8]) -> (Vec<u32>, bool) {
        record(counter, PacketKind::Data, TcpFlags::ACK, seq, payload)
    }

    #[test]
    fn data_keeps_its_number_when_it_is_retransmitted() {
        let mut counter = PacketCounter::default();
        // across the wrap of sequence numbers
        assert_eq!(data(&mut counter, u32::MAX - 4, b"12345"), (vec![1], false));
        assert_eq!(data(&mut counter, 0, b"12345"), (vec![2], false));
        assert_eq!(data(&mut counter, 5, b"12345"), (vec![3], false));
        assert_eq!(data(&mut counter, u32::MAX - 4, b"12345"), (vec![1], true));
        assert_eq!(data(&mut counter, 5, b"1"), (vec![3], true));
        assert_eq!(data(&mut counter, 10, b"12345"), (vec![4], false));
    }

    #[test]
    fn merged_retransmission_has_all_its_original_frames() {
        let mut counter = PacketCounter::default();
        for index in 0..3 {
            data(&mut counter, index * 5, b"12345");
        }
        assert_eq!(data(&mut counter, 0, b"1234512345"), (vec![1, 2], true));
        assert_eq!(data(&mut counter, 10, b"12345and new"), (vec![3, 4], true));
        assert_eq!(data(&mut counter, 15, b"and new"), (vec![4], true));
    }

    #[test]
    fn control_segments_are_recognized_by_sequence_number() {
        let (syn, fin) = (TcpFlags::SYN, TcpFlags::FIN.union(TcpFlags::ACK));
        let mut counter = PacketCounter::default();
        assert_eq!(record(&mut counter, PacketKind::Syn, syn, 100, b""), (vec![1], false));
        assert_eq!(record(&mut counter, PacketKind::Syn, syn, 100, b""), (vec![1], true));
        assert_eq!(data(&mut counter, 101, b"12345"), (vec![1], false));
        assert_eq!(record(&mut counter, PacketKind::Fin, fin, 106, b""), (vec![1], false));
        // the last data and the FIN, retransmitted in one segment
        assert_eq!(record(&mut counter, PacketKind::Fin, fin, 101, b"12345"), (vec![1], true));
        // the port is reused, with an earlier number
        assert_eq!(record(&mut counter, PacketKind::Syn, syn, 50, b""), (vec![2], false));
        assert_eq!(data(&mut counter, 51, b"12345"), (vec![2], false));
    }

    #[test]
    fn syn_data_is_retransmitted_after_the_handshake() {
        let mut counter = PacketCounter::default();
        assert_eq!(record(&mut counter, PacketKind::Data, TcpFlags::SYN, 100, b"fast"), (vec![1], false));
        assert_eq!(data(&mut counter, 101, b"fast"), (vec![1], true));
    }

    #[test]
    fn acknowledgments_and_datagrams_are_new_each_time() {
        let mut counter = PacketCounter::default();
        for number in 1..4 {
            assert_eq!(record(&mut counter, PacketKind::Ack, TcpFlags::ACK, 1, b""), (vec![number], false));
        }
        let view = PacketView::of(&datagram(Direction::ClientToServer, b"Hello"));
        for number in 1..4 {
            let occurrences = counter.record(&view);
            assert_eq!(occurrences.numbers(PacketKind::Datagram), Some(&(number..=number)));
            assert_eq!(occurrences.numbers(PacketKind::Any), Some(&(number + 3..=number + 3)));
            assert_eq!(occurrences.numbers(PacketKind::Data), None);
        }
    }

    #[test]
    fn forgotten_packets_have_no_frame_number() {
        let mut counter = PacketCounter::default();
        for index in 0..=REMEMBERED as u32 {
            data(&mut counter, index, b"1");
        }
        assert_eq!(counter.sent.len(), REMEMBERED);
        assert_eq!(data(&mut counter, 0, b"1"), (vec![0], true));
        assert_eq!(data(&mut counter, 1, b"1"), (vec![2], true));
    }
}
