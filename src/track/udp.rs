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

/// What tells a datagram from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    ip_id: u16,
    checksum: u16,
    length: u16,
}

/// The state of one UDP conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    pub(super) datagrams: Datagrams,
    totals: UdpTotals,
    pub(super) clues: Clues,
    last: PerDirection<Option<(u64, When, Mark)>>,
}

impl Exchange {
    /// Takes one datagram.
    pub(super) fn follow(&mut self, moment: &Moment, datagram: &Datagram<'_>, ip: &IpHeader) -> UdpFacts {
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
        };
        if let Some(first) = self.copy_of(moment, datagram, ip) {
            self.totals.duplicates.see(moment.frame);
            facts.place = UdpPlace::Duplicate(first);
        } else if moment.direction == Direction::ClientToServer {
            self.datagrams.request(moment.frame, moment.at, datagram.payload, datagram.len);
            facts.place = UdpPlace::Request;
        } else if let Some(answered) = self.datagrams.answer(moment.frame, datagram.payload, datagram.len) {
            facts.place = UdpPlace::Reply(answered.request);
            facts.echo = answered.echo;
            facts.turnaround = moment.since(answered.at);
            if answered.late {
                self.totals.reordered.see(moment.frame);
            }
        }
        facts
    }

    /// The frame of which this one is a copy: the same IP identification, checksum and length, at once.
    fn copy_of(&mut self, moment: &Moment, datagram: &Datagram<'_>, ip: &IpHeader) -> Option<u64> {
        let ip_id = ip.id.filter(|id| *id != 0)?;
        let mark = Mark { ip_id, checksum: datagram.checksum_raw, length: datagram.length };
        let last = self.last.get_mut(moment.direction);
        let copy = last.filter(|(_, at, before)| {
            *before == mark && moment.since(*at).is_none_or(|since| since < DUPLICATE_WITHIN)
        });
        if copy.is_none() {
            *last = Some((moment.frame, moment.at, mark));
        }
        copy.map(|(frame, ..)| frame)
    }

    /// Notes an ICMP error about the conversation.
    pub(super) fn note_error(&mut self, frame: u64) {
        self.totals.errors.see(frame);
    }

    pub(super) fn totals(&self) -> UdpTotals {
        let (count, _, frames) = self.datagrams.pending();
        let mut totals = self.totals.clone();
        totals.standpoint = self.clues.tell(None);
        totals.unanswered = super::tcp::Sighting { count, frames: frames.into() };
        totals
    }
}
