//! One UDP conversation: requests and replies paired, duplicates distinguished from retransmissions.

use super::capture_point::{CapturePoint, CapturePointObserver, Measures};
use super::event::UdpFacts;
use super::facts::{MORE, ReorderedDatagram, UdpPlace};
use super::ledger::{OpenLedger, Wait};
use super::packet_ref::PacketRef;
use super::rtt::Distribution;
use super::totals::{RetransmittedRequest, UdpTotals};
use super::udp_clients::LinkedConversation;
use crate::echo::{Answered, Datagrams, Identity, PairedBy, QuoteMatch};
use crate::model::thresholds::{DUPLICATE_WITHIN, IDLE, SLOW_RESPONSE};
use crate::model::{Checksum, Datagram, Direction, Endpoint, IcmpError, IpHeader, OptTime, PerDirection, Quoted};

/// The largest distance between IP identifications of one counter. A larger distance shows no order.
const CLOSE: i16 = 1000;
/// The number of consecutive identifications that must count up before an exception shows an overtaken datagram.
const COUNTING: u8 = 2;

/// The newest datagram of one side.
#[derive(Clone, Copy, Debug)]
struct Newest {
    frame: u64,
    at: OptTime,
    mark: Identity,
    /// The datagram that was sent last, by its IP identification: the identification and the frame.
    top: (u16, u64),
    /// The number of consecutive IP identifications that were slightly higher than the highest before.
    counting: u8,
    /// Datagrams with a slightly lower identification, each lower than the one before it, from the time before the
    /// identifications were known to count up.
    early: Option<ReorderedDatagram>,
}

impl Newest {
    /// The same after the datagram `before`, and the datagrams that it shows to have been captured out of order.
    fn after(self, before: &Self) -> (Self, Option<ReorderedDatagram>) {
        let kept = Self { top: before.top, counting: before.counting, early: before.early, ..self };
        let lower = (-CLOSE..0).contains(&step(before.top.0, self.mark.ip_id));
        let overtaken = ReorderedDatagram { frame: self.frame, more: [0; MORE], by: before.top.1 };
        if lower && before.counting >= COUNTING {
            return (kept, Some(overtaken));
        }
        if lower && before.early.is_none() {
            // what comes next tells whether they count up
            return (Self { early: Some(overtaken), ..kept }, None);
        }
        if lower
            && (-CLOSE..0).contains(&step(before.mark.ip_id, self.mark.ip_id))
            && let Some(early) = before.early.and_then(|early| early.and(self.frame))
        {
            return (Self { early: Some(early), ..kept }, None);
        }
        // two lower ones in a row: they count from here, if at all
        let (from, counted) = if lower { (before.mark.ip_id, 0) } else { (before.top.0, before.counting) };
        if from == 0 || !(1..CLOSE).contains(&step(from, self.mark.ip_id)) {
            return (self, None);
        }
        let counting = counted.saturating_add(1);
        let early = before.early.filter(|_| !lower);
        let shown = early.filter(|_| counting >= COUNTING);
        (Self { counting, early: early.filter(|_| shown.is_none()), ..self }, shown)
    }
}

/// Returns the distance from one IP identification to another, modulo 2^16.
fn step(from: u16, to: u16) -> i16 {
    to.wrapping_sub(from).cast_signed()
}

/// Returns the fields that distinguish this datagram from the next.
fn identity(datagram: &Datagram, ip: &IpHeader) -> Identity {
    Identity { ip_id: ip.id.unwrap_or(0), checksum: datagram.checksum_raw, length: datagram.length }
}

/// The state of one UDP conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    pub(super) datagrams: Datagrams,
    totals: UdpTotals,
    pub(super) clues: CapturePointObserver,
    /// The place of the capture, and the evidence for it.
    captured_at: (CapturePointObserver, Option<CapturePoint>),
    last: PerDirection<Option<Newest>>,
    /// The request in another conversation that its first datagram answers, until that has come.
    request: Option<LinkedConversation>,
    /// The time by cause, and the sender of the last datagram.
    ledger: OpenLedger,
    sender: Option<Direction>,
    answered: bool,
    /// From a request of the client to the server's answer.
    pub(super) response_times: Distribution,
}

impl Exchange {
    /// The conversation begins, between these ends.
    pub(super) fn begin(&mut self, clues: CapturePointObserver, (client, server): (Endpoint, Endpoint)) {
        self.clues = clues;
        self.datagrams = std::mem::take(&mut self.datagrams).between([client.port, server.port]);
    }

    /// Notes the request in another conversation that this one answers, or the answer in another to this one's request.
    pub(super) fn link(&mut self, request: Option<LinkedConversation>, reply: Option<LinkedConversation>) {
        self.request = self.request.or(request);
        self.totals.request_elsewhere = self.totals.request_elsewhere.or(request);
        self.totals.reply_elsewhere = self.totals.reply_elsewhere.or(reply);
    }

    /// The request in another conversation that this one answers.
    pub(super) fn request_elsewhere(&self) -> Option<LinkedConversation> {
        self.totals.request_elsewhere
    }

    /// The answer in another conversation to this one's request.
    pub(super) fn reply_elsewhere(&self) -> Option<LinkedConversation> {
        self.totals.reply_elsewhere
    }

    /// Takes one datagram.
    pub(super) fn follow(
        &mut self,
        packet: &PacketRef,
        datagram: &Datagram,
        payload: &[u8],
        ip: &IpHeader,
    ) -> UdpFacts {
        self.clues.note(packet.direction, datagram.checksum);
        match datagram.checksum {
            Checksum::Offloaded => self.totals.offloaded.see(packet.frame),
            Checksum::Invalid => {
                self.totals.invalid.see(packet.frame);
                if datagram.checksum_raw == 0 {
                    self.totals.lacking.see(packet.frame);
                }
            }
            Checksum::Absent => self.totals.unchecked.see(packet.frame),
            Checksum::Valid | Checksum::Unverifiable => {}
        }
        let invalid = datagram.checksum == Checksum::Invalid;
        match packet.direction {
            Direction::ServerToClient => self.totals.accepted.from_server += u64::from(invalid),
            Direction::ClientToServer => self.totals.accepted.has_valid |= !invalid,
        }
        if ip.fragments > 1 {
            self.totals.fragmented.see(packet.frame);
            self.totals.earlier_fragments.get_mut(packet.direction).see(ip);
        }
        let mut facts = UdpFacts::of(datagram);
        let mark = identity(datagram, ip);
        let is_late = |then: OptTime| packet.since(then).is_some_and(|since| since >= SLOW_RESPONSE);
        let same_as = self.same_as(packet, mark).filter(|_| datagram.checksum == Checksum::Valid && datagram.len > 0);
        let (copy_of, overtaken) = self.in_order(packet, mark);
        facts.overtaken = overtaken;
        if let Some(first) = copy_of {
            self.totals.duplicates.see(packet.frame);
            self.totals.accepted.doubtful |= !invalid && self.totals.invalid.frames.contains(&first);
            facts.place = UdpPlace::Duplicate(first);
            if packet.direction == Direction::ClientToServer {
                self.datagrams.copied(first, packet.frame, packet.at);
            }
        } else if packet.direction == Direction::ClientToServer {
            self.datagrams.request((packet.frame, packet.at), mark, payload, datagram.len);
            facts.place = UdpPlace::Request;
        } else if let Some(answered) = self.datagrams.answer((packet.frame, packet.at), payload, datagram.len) {
            facts.place = UdpPlace::Reply { request: answered.request, by: answered.by, sure: answered.sure };
            facts.echo = answered.echo;
            if let Some(first) = answered.retransmitted {
                let again = RetransmittedRequest { first, last: answered.request, answer: packet.frame };
                self.totals.retransmitted.get_or_insert(again);
                self.totals.sent_again_count += 1;
            } else if answered.sure && answered.by == PairedBy::Turn && is_late(answered.at) && same_as.is_some() {
                // it may be the previous answer, which its program retransmitted since no acknowledgment came
                facts.same_as = same_as;
            } else if answered.sure {
                facts.response_time = packet.since(answered.at);
                if let Some(time) = facts.response_time.filter(|time| time.0 >= 0) {
                    self.response_times.add(time);
                }
            }
            self.see_accepted(packet.frame, &answered);
            facts.seen = self.capture_point();
            if let Some(overtaken_by) = answered.overtaken_by {
                self.totals.reordered.see(overtaken_by);
                self.totals.reordered.see(packet.frame);
            }
            self.totals.in_doubt += u64::from(!answered.sure && answered.retransmitted.is_none());
        } else if same_as.is_some() {
            facts.same_as = same_as;
        } else if let Some(request) = self.request.take() {
            facts.place = UdpPlace::ReplyElsewhere(request);
        } else if let Some(id) = self.datagrams.dns_id(payload) {
            facts.place = UdpPlace::Stray(id);
        }
        self.account(packet, facts.place);
        facts
    }

    /// Notes that the server has accepted a datagram whose checksum is wrong, where only this one can have been answered.
    fn see_accepted(&mut self, frame: u64, answered: &Answered) {
        let accepted = &mut self.totals.accepted;
        // a datagram that merely comes next may answer an earlier one
        let is_answer = answered.by != PairedBy::Turn || !accepted.has_valid;
        let is_sure = answered.sure && answered.retransmitted.is_none() && is_answer;
        if is_sure && self.totals.invalid.frames.contains(&answered.request) {
            if !accepted.requests.frames.contains(&answered.request) {
                accepted.requests.see(answered.request);
            }
            accepted.first.get_or_insert((answered.request, frame));
        }
    }

    /// Attributes the time since the datagram before. UDP acknowledges nothing, so a path has no time of its own: only on
    /// the host of a program does the capture show how long that program took.
    fn account(&mut self, packet: &PacketRef, place: UdpPlace) {
        let (Some(at), false) = (packet.at.get(), matches!(place, UdpPlace::Duplicate(_))) else { return };
        let sender = packet.direction;
        let asked = self.sender == Some(Direction::ClientToServer) && sender == Direction::ServerToClient;
        let turned = self.sender.is_some_and(|before| before != sender);
        // between its own datagrams a sender's program waits for no other host
        let shown = !turned || Measures::of(self.capture_point(), sender) == Measures::RoundTrip;
        let wait = match sender {
            _ if self.ledger.open(at) >= IDLE && !asked => Wait::Idle,
            Direction::ClientToServer if shown => Wait::ClientApplication,
            Direction::ServerToClient if shown => Wait::ServerApplication,
            _ => Wait::Unknown,
        };
        self.ledger.attribute(wait, at, packet.frame);
        self.sender = Some(sender);
        self.answered |= asked;
    }

    /// Returns the place of the capture as far as it is known. It is decided again only when the evidence has changed.
    fn capture_point(&mut self) -> Option<CapturePoint> {
        if self.captured_at.0 != self.clues {
            self.captured_at = (self.clues, self.clues.evidence(None).capture_point);
        }
        self.captured_at.1
    }

    /// Returns the time by cause, and moves it out; `None` without answers.
    pub(super) fn ledger(&mut self) -> Option<OpenLedger> {
        self.answered.then(|| std::mem::take(&mut self.ledger))
    }

    /// The facts of a datagram that the capture holds twice.
    pub(super) fn follow_copy(&mut self, datagram: &Datagram, copy_of: u64) -> UdpFacts {
        UdpFacts { place: UdpPlace::CapturedTwice(copy_of), ..UdpFacts::of(datagram) }
    }

    /// The frame of which this one is a duplicate (the same IP identification, checksum and length, at once), and the
    /// datagrams that it shows to have been captured out of order: where identifications count up, a lower one was sent
    /// earlier.
    fn in_order(&mut self, packet: &PacketRef, mark: Identity) -> (Option<u64>, Option<ReorderedDatagram>) {
        let last = self.last.get_mut(packet.direction);
        let top = (mark.ip_id, packet.frame);
        let newest = Newest { frame: packet.frame, at: packet.at, mark, top, counting: 0, early: None };
        let Some(before) = last.filter(|_| mark.ip_id != 0) else {
            *last = Some(newest);
            return (None, None);
        };
        if before.mark == mark && packet.since(before.at).is_none_or(|since| since < DUPLICATE_WITHIN) {
            return (Some(before.frame), None);
        }
        let (next, overtaken) = newest.after(&before);
        *last = Some(next);
        (None, overtaken)
    }

    /// The frame of this side's datagram before, where it had the same length and checksum, and came long before.
    fn same_as(&self, packet: &PacketRef, mark: Identity) -> Option<u64> {
        let before = self.last.get(packet.direction).as_ref()?;
        let same = mark.checksum != 0 && (before.mark.checksum, before.mark.length) == (mark.checksum, mark.length);
        let late = packet.since(before.at).is_some_and(|since| since >= SLOW_RESPONSE);
        (same && late).then_some(before.frame)
    }

    /// An ICMP error about a datagram of this side; the datagram's frame, where it is remembered and unambiguous.
    pub(super) fn take_error(&mut self, frame: u64, direction: Direction, error: &IcmpError) -> Option<u64> {
        self.totals.errors.see(frame);
        if direction == Direction::ClientToServer {
            return self.datagrams.refuse(error);
        }
        let newest = self.last.get(direction).as_ref()?;
        (newest.mark.likeness(&error.quoted) == Some(QuoteMatch::Same)).then_some(newest.frame)
    }

    /// Returns `true` if a datagram of this side is the quoted one, by its identifying fields.
    pub(super) fn has_sent(&self, direction: Direction, quoted: &Quoted) -> bool {
        let newest = self.last.get(direction).as_ref();
        let is_newest = newest.is_some_and(|newest| newest.mark.likeness(quoted) == Some(QuoteMatch::Same));
        is_newest || direction == Direction::ClientToServer && self.datagrams.waits_for(quoted)
    }

    /// Returns `true` if this side has sent a datagram.
    pub(super) fn had_sent(&self, direction: Direction) -> bool {
        self.last.get(direction).is_some()
    }

    /// Reads a part of every cache line of it, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(super) fn read_ahead(&self) -> u64 {
        let times = self.response_times.read_ahead() ^ self.ledger.read_ahead();
        let frames =
            [self.last.client_to_server, self.last.server_to_client].map(|last| last.map_or(0, |last| last.frame));
        frames.into_iter().fold(times, |read, frame| read ^ frame) ^ self.totals.errors.count ^ self.totals.in_doubt
    }

    /// The totals at the end; what was noted moves out.
    pub(super) fn totals(&mut self) -> Box<UdpTotals> {
        let (count, frames) = self.datagrams.unanswered();
        let mut totals = Box::new(std::mem::take(&mut self.totals));
        totals.refused_in_doubt = self.datagrams.refused_in_doubt();
        totals.capture_point_evidence = self.clues.evidence(None);
        totals.unanswered = crate::model::Occurrences { count, frames: frames.into() };
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the reordering that datagrams with these IP identifications show, by number: (shown by, overtaken, by).
    fn shown(ids: &[u16]) -> Vec<(u64, u64, u64)> {
        let mut newest: Option<Newest> = None;
        let mut shown = Vec::new();
        for (frame, id) in (1..).zip(ids) {
            let mark = Identity { ip_id: *id, checksum: 0, length: 9 };
            let now = Newest { frame, at: OptTime::UNKNOWN, mark, top: (*id, frame), counting: 0, early: None };
            let (next, overtaken) = newest.map_or((now, None), |before| now.after(&before));
            newest = Some(next);
            shown.extend(
                overtaken.iter().flat_map(|overtaken| {
                    overtaken.frames().map(|late| (frame, late, overtaken.by)).collect::<Vec<_>>()
                }),
            );
        }
        shown
    }

    #[test]
    fn reordering_is_reported_once_ip_ids_are_known_to_increase() {
        assert_eq!(shown(&[10, 11, 12, 14, 13, 15]), [(5, 5, 4)]);
        assert_eq!(shown(&[11, 10, 12, 13, 14]), [(4, 2, 1)]);
        assert_eq!(shown(&[10, 12, 11, 13, 14]), [(4, 3, 2)]);
        assert_eq!(shown(&[0xffff, 0xfffe, 1, 2, 3]), [(4, 2, 1)]);
        assert_eq!(shown(&[12, 11, 10, 13, 14]), [(5, 2, 1), (5, 3, 1)]);
        assert_eq!(shown(&[14, 13, 12, 11, 15, 16]), [(6, 2, 1), (6, 3, 1), (6, 4, 1)]);
    }

    #[test]
    fn ip_ids_that_do_not_increase_prove_nothing() {
        assert_eq!(shown(&[900, 500, 501, 502, 503]), []);
        assert_eq!(shown(&[500, 499, 9000, 9001, 9002]), []);
        assert_eq!(shown(&[500, 499, 498, 9000, 9001, 9002]), []);
        assert_eq!(shown(&[507, 506, 505, 504, 503, 502, 508, 509]), [(8, 6, 5)]);
        assert_eq!(shown(&[7, 4007, 3, 60_000, 59_999, 12]), []);
    }
}
