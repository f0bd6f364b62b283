//! The data of one side, as it is sent and acknowledged.

use super::rounds::Rounds;
use super::spent::{SendTrigger, TimeSpent, WaitReason};
use crate::model::{Nanos, SeqNumber, TcpFlags};
use crate::track::{Asks, Event, TcpFacts, Wait};

/// A frame and when it was captured, since the conversation's start.
type Place = (u64, Option<Nanos>);

/// The data of one side and its acknowledgments. Numbers are relative.
#[derive(Clone, Debug, Default)]
pub(in crate::explain) struct Flow {
    /// Its first data.
    pub(in crate::explain) first: Option<Place>,
    /// The sequence number of these data, until an ACK has passed it: what it covers below was sent before the capture began.
    first_byte: Option<SeqNumber>,
    /// The last ACK of new data.
    pub(in crate::explain) last: Option<Place>,
    /// Payload bytes acknowledged.
    pub(in crate::explain) acked_bytes: u64,
    /// Segments with data that bring it for the first time, and their bytes.
    pub(in crate::explain) segments: u64,
    pub(in crate::explain) bytes: u64,
    /// Bytes that were retransmitted.
    pub(in crate::explain) again: u64,
    /// Number of retransmissions; of these, those with an earlier ACK of their data, and those that the peer reports as
    /// needless: by a DSACK, or by the timestamp that it echoes.
    retransmissions: u64,
    acked_before: u64,
    had: u64,
    echoed: u64,
    /// Most payload bytes sent and not yet acknowledged.
    pub(in crate::explain) most_in_flight: u32,
    pub(in crate::explain) rounds: Rounds,
    /// The time ledger until the last segment was sent.
    pub(super) spent: TimeSpent,
    /// Time in which nothing was in flight and the window had room, until the last ACK of new data and until now.
    pub(in crate::explain) idle: Nanos,
    idle_so_far: Nanos,
    now: Option<Nanos>,
    /// Time of the peer's last ACK; `true` if it may have allowed to send more: it left data in flight, or covered no
    /// data that the program might have waited for.
    last_ack: Option<(Nanos, bool)>,
    next: Option<SeqNumber>,
    acked: Option<SeqNumber>,
    /// Bytes above that which the peer's last ACK reports by SACK.
    sacked: u32,
    /// Bytes of those acknowledged that are not in the capture.
    pub(in crate::explain) unseen: u64,
    /// The right edge of the peer's window, where its scale is known.
    edge: Option<SeqNumber>,
    /// The peer's maximum segment size, and the largest segment received.
    mss: Option<u16>,
    largest: u32,
    /// The last segment was not full, and its sender had no more then.
    short: bool,
    /// The end of the retransmitted data that is not acknowledged.
    repairs: Option<SeqNumber>,
}

impl Flow {
    /// From the first data to the last ACK of new data, where that takes time.
    pub(in crate::explain) fn span(&self) -> Option<Nanos> {
        let (from, to) = (self.first?.1?, self.last?.1?);
        Some(to.minus(from)).filter(|span| span.0 > 0)
    }

    /// Returns `true` if a segment was retransmitted.
    pub(in crate::explain) fn retransmitted(&self) -> bool {
        self.retransmissions > 0
    }

    /// Returns `true` if all retransmitted data had arrived before, so that nothing was lost.
    pub(super) fn all_spurious(&self) -> bool {
        self.retransmissions > 0 && self.acked_before.max(self.had).max(self.echoed) >= self.retransmissions
    }

    /// Returns `true` if the peer's window is known in bytes.
    pub(super) fn knows_window(&self) -> bool {
        self.edge.is_some()
    }

    /// Payload bytes of a full segment, as far as is known.
    pub(in crate::explain) fn full(&self) -> u32 {
        self.mss.map_or(self.largest, |mss| self.largest.min(u32::from(mss))).max(1)
    }

    /// Takes a segment of this side.
    pub(super) fn sent(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        let asks = facts.probe.is_some_and(|probe| probe.is_question());
        let repeat = facts.retransmission;
        if facts.probe.and_then(|probe| probe.asks()) == Some(Asks::Window) {
            // who asks for room had waited for it, though no more data may follow
            self.pass(event.since_start);
            self.spent.asks();
        }
        if facts.len == 0 || asks || repeat.is_some_and(|repeat| repeat.is_duplicate()) {
            return;
        }
        let syn = u32::from(facts.flags.contains(TcpFlags::SYN));
        let end = SeqNumber(facts.seq.wrapping_add(syn).wrapping_add(facts.len));
        let again = repeat.is_some_and(|repeat| !repeat.may_be_late());
        self.pass(event.since_start);
        // a window far below the MSS: each segment is as large as the room, so none looks held back
        let small_window = facts.observations.wait.is_some_and(|wait| wait.rule.effect == Wait::Window);
        if facts.observations.wait.is_some_and(|wait| wait.rule.effect == Wait::DelayedAck) {
            self.spent.hold_all();
        }
        let send_trigger = if again { SendTrigger::Loss } else { self.send_trigger() };
        self.spent.end(if small_window { SendTrigger::Window } else { send_trigger }, !self.short);
        if self.first.is_none() {
            self.first = Some((event.frame, event.since_start));
            self.first_byte = Some(SeqNumber(facts.seq));
        }
        self.largest = self.largest.max(facts.len);
        let short = facts.flags.contains(TcpFlags::PSH) && !facts.len.is_multiple_of(self.room_in(facts));
        let fresh = repeat.map_or(0, |repeat| repeat.proof.fresh);
        if again {
            self.again += u64::from(facts.len.saturating_sub(fresh));
            self.retransmissions += 1;
            self.acked_before += u64::from(repeat.is_some_and(|repeat| repeat.is_spurious()));
            self.repairs = Some(self.repairs.filter(|repairs| repairs.is_after(end)).unwrap_or(end));
        }
        if !again || fresh > 0 {
            self.segments += 1;
            self.bytes += u64::from(if again { fresh } else { facts.len });
        }
        if !again {
            // of segments whose size limit is not known none is full
            self.rounds.sent(event, facts, self.acked, !short && self.mss.is_some());
        }
        if self.next.is_none_or(|next| end.is_after(next)) {
            self.next = Some(end);
            self.short = short;
        }
        self.acked.get_or_insert(SeqNumber(facts.seq.wrapping_add(syn)));
        self.most_in_flight = self.most_in_flight.max(self.in_flight());
    }

    /// Takes a segment of the peer.
    pub(super) fn last_ack(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        if facts.flags.contains(TcpFlags::SYN) && self.mss.is_none() {
            self.mss = facts.options.mss;
        }
        let taken = !facts.flags.contains(TcpFlags::RST) && facts.unacceptable.is_none();
        let Some(ack) = facts.ack.map(SeqNumber).filter(|_| taken) else { return };
        let observations = &facts.observations;
        self.had += u64::from(observations.duplicate_sack.is_some_and(|report| report.rule.effect.needless));
        self.echoed += u64::from(observations.arrived.is_some_and(|arrived| arrived.rule.effect.needless));
        if let Some(delayed) = observations.delayed_ack {
            self.spent.hold(delayed.proof.held);
        }
        self.pass(event.since_start);
        if self.acked.is_none_or(|acked| ack.is_after(acked)) {
            self.acked = Some(ack);
        }
        self.sacked = self.sacked_by(ack, facts);
        if let Some((bytes, _)) = facts.observations.capture_gap {
            self.unseen += u64::from(bytes);
        }
        if self.repairs.is_some_and(|repairs| !repairs.is_after(ack)) {
            self.repairs = None;
        }
        self.last_ack = event.since_start.map(|now| (now, facts.len == 0 || self.in_flight() > 0));
        if facts.observations.older_ack.is_none() {
            self.edge = facts.window_scale.map(|_| SeqNumber(ack.0.wrapping_add(facts.window)));
        }
        // a number far beyond what was captured is none of new bytes
        if let Some(acked) = facts.acked.filter(|acked| (1..1 << 31).contains(&acked.bytes))
            && self.first.is_some()
            && self.first_byte.is_none_or(|first| ack.is_after(first))
        {
            let since_first = self.first_byte.take().map_or(acked.bytes, |first| ack.relative_to(first));
            self.acked_bytes += u64::from(acked.bytes.min(since_first));
            self.last = Some((event.frame, event.since_start));
            self.idle = self.idle_so_far;
        }
    }

    /// Payload bytes that fit in a segment with this one's options, which the MSS includes (RFC 6691).
    fn room_in(&self, facts: &TcpFacts) -> u32 {
        let options = u32::from(facts.header_len.saturating_sub(20));
        self.mss.map_or(self.largest, |mss| u32::from(mss).saturating_sub(options)).max(1)
    }

    /// Payload bytes sent, and not yet acknowledged or reported by SACK.
    fn in_flight(&self) -> u32 {
        let outstanding =
            self.next.zip(self.acked).map_or(0, |(next, acked)| next.distance(acked).max(0).unsigned_abs());
        outstanding.saturating_sub(self.sacked)
    }

    /// Bytes above the ACK that its SACK blocks report, and that were sent.
    fn sacked_by(&self, ack: SeqNumber, facts: &TcpFacts) -> u32 {
        let blocks = facts.options.sack.as_slice().iter();
        let blocks =
            blocks.map(|(left, right)| (left.wrapping_sub(facts.sack_base), right.wrapping_sub(facts.sack_base)));
        blocks
            .filter(|(left, right)| {
                let sent = self.next.is_some_and(|next| !SeqNumber(*right).is_after(next));
                sent && !SeqNumber(*left).is_before(ack) && SeqNumber(*right).is_after(SeqNumber(*left))
            })
            .fold(0, |all, (left, right)| all.saturating_add(right.wrapping_sub(left)))
    }

    /// Time passes; before the first data it is not counted.
    fn pass(&mut self, now: Option<Nanos>) {
        if let (Some(_), Some(before), Some(now)) = (self.first, self.now, now) {
            let (waits, time) = (self.waits(), now.minus(before));
            self.spent.pass(waits, time);
            if waits == WaitReason::Idle {
                self.idle_so_far = self.idle_so_far.plus(time.max(Nanos(0)));
            }
        }
        self.now = now.or(self.now);
    }

    /// The current wait of this side.
    fn waits(&self) -> WaitReason {
        let room = self.edge.zip(self.next).map(|(edge, next)| edge.distance(next));
        if self.repairs.is_some() {
            WaitReason::Repair
        } else if room.is_some_and(|room| room < self.full().cast_signed()) {
            WaitReason::Window
        } else if self.in_flight() == 0 {
            WaitReason::Idle
        } else {
            WaitReason::Ack
        }
    }

    /// The event after which new data is sent now.
    fn send_trigger(&self) -> SendTrigger {
        match (self.now, self.last_ack) {
            (Some(now), Some((then, true))) => SendTrigger::Ack(now.minus(then)),
            _ => SendTrigger::Nothing,
        }
    }
}
