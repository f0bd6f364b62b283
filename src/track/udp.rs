//! One UDP conversation: requests and replies paired, copies told from repeats.

use super::echo::Datagrams;
use super::event::UdpFacts;
use super::facts::{Overtaken, UdpPlace};
use super::tcp::Moment;
use super::totals::{SentAgain, UdpTotals};
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
    /// How many IP identifications in a row were a little higher than the highest before.
    counting: u8,
    /// A datagram with a little lower one, before it was known that they count up: its frame and that of the higher one.
    early: Option<(u64, u64)>,
}

impl Newest {
    /// The same behind the datagram `before`, and which datagrams it shows to have come out of order.
    fn after(self, before: &Self) -> (Self, Option<Overtaken>) {
        let kept = Self { top: before.top, counting: before.counting, early: before.early, ..self };
        let lower = (-CLOSE..0).contains(&step(before.top.0, self.mark.ip_id));
        if lower && before.counting >= COUNTING {
            return (kept, Some(Overtaken { frame: self.frame, by: before.top.1 }));
        }
        if lower && before.early.is_none() {
            // what comes next tells whether they count up
            return (Self { early: Some((self.frame, before.top.1)), ..kept }, None);
        }
        // two lower ones in a row: they count from here, if at all
        let (from, counted) = if lower { (before.mark.ip_id, 0) } else { (before.top.0, before.counting) };
        if from == 0 || !(1..CLOSE).contains(&step(from, self.mark.ip_id)) {
            return (self, None);
        }
        let counting = counted.saturating_add(1);
        let early = before.early.filter(|_| !lower);
        let shown = early.filter(|_| counting >= COUNTING).map(|(frame, by)| Overtaken { frame, by });
        (Self { counting, early: early.filter(|_| shown.is_none()), ..self }, shown)
    }
}

/// How far one IP identification is above another, around the wrap.
fn step(from: u16, to: u16) -> i16 {
    to.wrapping_sub(from).cast_signed()
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
            Checksum::Invalid => {
                self.totals.invalid.see(moment.frame);
                if datagram.checksum_raw == 0 {
                    self.totals.lacking.see(moment.frame);
                }
            }
            Checksum::Absent => self.totals.unchecked.see(moment.frame),
            Checksum::Valid | Checksum::Unverifiable => {}
        }
        if ip.fragments > 1 {
            self.totals.fragmented.see(moment.frame);
            *self.totals.earlier_fragments.get_mut(moment.direction) += u64::from(ip.fragments) - 1;
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
            overtaken: None,
        };
        let (copy_of, overtaken) = self.in_order(moment, datagram, ip);
        facts.overtaken = overtaken;
        if let Some(first) = copy_of {
            self.totals.duplicates.see(moment.frame);
            facts.place = UdpPlace::Duplicate(first);
            if moment.direction == Direction::ClientToServer {
                self.datagrams.copied(first, moment.frame, moment.at);
            }
        } else if moment.direction == Direction::ClientToServer {
            self.datagrams.request((moment.frame, moment.at), ip.id, payload, datagram.len);
            facts.place = UdpPlace::Request;
        } else if let Some(answered) = self.datagrams.answer((moment.frame, moment.at), payload, datagram.len) {
            facts.place = UdpPlace::Reply(answered.request);
            facts.echo = answered.echo;
            if let Some(first) = answered.sent_again {
                let again = SentAgain { first, last: answered.request, answer: moment.frame };
                self.totals.sent_again.get_or_insert(again);
                self.totals.sent_again_count += 1;
            } else {
                facts.turnaround = moment.since(answered.at);
            }
            facts.seen = self.clues.tell(None).vantage;
            if let Some(overtaken_by) = answered.overtaken_by {
                self.totals.reordered.see(overtaken_by);
                self.totals.reordered.see(moment.frame);
            }
        }
        facts
    }

    /// The frame of which this one is a copy: the same IP identification, checksum and length, at once. And which
    /// datagrams it shows to have come in another order than they were sent: where identifications count up, a lower one
    /// was sent before.
    fn in_order(&mut self, moment: &Moment, datagram: &Datagram, ip: &IpHeader) -> (Option<u64>, Option<Overtaken>) {
        let mark = Mark { ip_id: ip.id.unwrap_or(0), checksum: datagram.checksum_raw, length: datagram.length };
        let last = self.last.get_mut(moment.direction);
        let top = (mark.ip_id, moment.frame);
        let newest = Newest { frame: moment.frame, at: moment.at, mark, top, counting: 0, early: None };
        let Some(before) = last.filter(|_| mark.ip_id != 0) else {
            *last = Some(newest);
            return (None, None);
        };
        if before.mark == mark && moment.since(before.at).is_none_or(|since| since < DUPLICATE_WITHIN) {
            return (Some(before.frame), None);
        }
        let (next, overtaken) = newest.after(&before);
        *last = Some(next);
        (None, overtaken)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What datagrams with these IP identifications show, each with its number: (shown by, overtaken, by).
    fn shown(ids: &[u16]) -> Vec<(u64, u64, u64)> {
        let mut newest: Option<Newest> = None;
        let mut shown = Vec::new();
        for (frame, id) in (1..).zip(ids) {
            let mark = Mark { ip_id: *id, checksum: 0, length: 9 };
            let now = Newest { frame, at: When::UNKNOWN, mark, top: (*id, frame), counting: 0, early: None };
            let (next, overtaken) = newest.map_or((now, None), |before| now.after(&before));
            newest = Some(next);
            shown.extend(overtaken.map(|overtaken| (frame, overtaken.frame, overtaken.by)));
        }
        shown
    }

    #[test]
    fn a_swap_is_told_once_identifications_are_known_to_count_up() {
        assert_eq!(shown(&[10, 11, 12, 14, 13, 15]), [(5, 5, 4)]);
        assert_eq!(shown(&[11, 10, 12, 13, 14]), [(4, 2, 1)]);
        assert_eq!(shown(&[10, 12, 11, 13, 14]), [(4, 3, 2)]);
        assert_eq!(shown(&[0xffff, 0xfffe, 1, 2, 3]), [(4, 2, 1)]);
    }

    #[test]
    fn identifications_that_do_not_count_up_tell_nothing() {
        assert_eq!(shown(&[900, 500, 501, 502, 503]), []);
        assert_eq!(shown(&[500, 499, 9000, 9001, 9002]), []);
        assert_eq!(shown(&[7, 4007, 3, 60_000, 59_999, 12]), []);
    }
}
