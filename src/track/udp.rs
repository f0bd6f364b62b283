//! One UDP conversation: requests and replies paired, copies told from repeats.

use super::echo::Datagrams;
use super::event::UdpFacts;
use super::facts::UdpPlace;
use super::tcp::Moment;
use super::totals::UdpTotals;
use super::vantage::Clues;
use super::when::When;
use crate::model::{Checksum, Datagram, Direction, IpHeader, Nanos, PerDirection};

/// A copy in the capture comes within this time.
const DUPLICATE_WITHIN: Nanos = Nanos::from_millis(50);

/// So far apart are IP identifications that are counted up, at most; others tell nothing of order.
const CLOSE: i16 = 1000;
/// So many in a row must count up before one that does not shows a datagram that was overtaken.
const COUNTING: u8 = 2;

/// What tells a datagram from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// 0 tells nothing.
    ip_id: u16,
    checksum: u16,
    length: u16,
}

/// The newest datagram of one side.
#[derive(Clone, Copy, Debug)]
struct Newest {
    frame: u64,
    at: When,
    mark: Mark,
    /// The datagram that was sent last, as far as identifications tell: its identification and frame.
    top: (u16, u64),
    /// How many IP identifications in a row were a little higher than the one before.
    counting: u8,
}

/// The state of one UDP conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    pub(super) datagrams: Datagrams,
    totals: UdpTotals,
    pub(super) clues: Clues,
    last: PerDirection<Option<Newest>>,
}

impl Exchange {
    /// Takes one datagram.
    pub(super) fn follow(&mut self, moment: &Moment, datagram: &Datagram, payload: &[u8], ip: &IpHeader) -> UdpFacts {
        self.clues.note(moment.direction, datagram.checksum);
        match datagram.checksum {
            Checksum::Offloaded => self.totals.offloaded.see(moment.frame),
            Checksum::Invalid => self.totals.invalid.see(moment.frame),
            Checksum::Valid | Checksum::Absent | Checksum::Unverifiable => {}
        }
        if ip.fragments > 1 {
            self.totals.fragmented.see(moment.frame);
        }
        let mut facts = UdpFacts {
            len: datagram.len,
            length: datagram.length,
            checksum: datagram.checksum,
            checksum_raw: datagram.checksum_raw,
            place: UdpPlace::Unasked,
            echo: None,
            turnaround: None,
            seen: None,
            overtaken_by: None,
        };
        let (copy_of, overtaken_by) = self.in_order(moment, datagram, ip);
        facts.overtaken_by = overtaken_by;
        if let Some(first) = copy_of {
            self.totals.duplicates.see(moment.frame);
            facts.place = UdpPlace::Duplicate(first);
            if moment.direction == Direction::ClientToServer {
                self.datagrams.copied(first, moment.frame, moment.at);
            }
        } else if moment.direction == Direction::ClientToServer {
            self.datagrams.request((moment.frame, moment.at), ip.id, payload, datagram.len);
            facts.place = UdpPlace::Request;
        } else if let Some(answered) = self.datagrams.answer(moment.frame, payload, datagram.len) {
            facts.place = UdpPlace::Reply(answered.request);
            facts.echo = answered.echo;
            facts.turnaround = moment.since(answered.at);
            facts.seen = self.clues.tell(None).vantage;
            if let Some(overtaken_by) = answered.overtaken_by {
                self.totals.reordered.see(overtaken_by);
                self.totals.reordered.see(moment.frame);
            }
        }
        facts
    }

    /// The frame of which this one is a copy: the same IP identification, checksum and length, at once. And the frame
    /// that overtook it: where identifications count up, a lower one was sent before.
    fn in_order(&mut self, moment: &Moment, datagram: &Datagram, ip: &IpHeader) -> (Option<u64>, Option<u64>) {
        let mark = Mark { ip_id: ip.id.unwrap_or(0), checksum: datagram.checksum_raw, length: datagram.length };
        let last = self.last.get_mut(moment.direction);
        let newest = Newest { frame: moment.frame, at: moment.at, mark, top: (mark.ip_id, moment.frame), counting: 0 };
        let Some(before) = last.filter(|_| mark.ip_id != 0) else {
            *last = Some(newest);
            return (None, None);
        };
        if before.mark == mark && moment.since(before.at).is_none_or(|since| since < DUPLICATE_WITHIN) {
            return (Some(before.frame), None);
        }
        let step = mark.ip_id.wrapping_sub(before.top.0).cast_signed();
        if (-CLOSE..0).contains(&step) && before.counting >= COUNTING {
            *last = Some(Newest { top: before.top, counting: before.counting, ..newest });
            return (None, Some(before.top.1));
        }
        let counts = (1..CLOSE).contains(&step) && before.top.0 != 0;
        let counting = if counts { before.counting.saturating_add(1) } else { 0 };
        *last = Some(Newest { counting, ..newest });
        (None, None)
    }

    /// An ICMP error about a datagram of this side with this IP identification; the datagram's frame, as far as it is
    /// remembered.
    pub(super) fn take_error(&mut self, frame: u64, direction: Direction, ip_id: Option<u16>) -> Option<u64> {
        self.totals.errors.see(frame);
        if direction == Direction::ClientToServer {
            return self.datagrams.refuse(ip_id);
        }
        let newest = self.last.get(direction).as_ref()?;
        (ip_id.unwrap_or(0) == newest.mark.ip_id).then_some(newest.frame)
    }

    pub(super) fn totals(&self) -> UdpTotals {
        let (count, frames) = self.datagrams.unanswered();
        let mut totals = self.totals.clone();
        totals.standpoint = self.clues.tell(None);
        totals.unanswered = super::tcp::Sighting { count, frames: frames.into() };
        totals
    }
}
