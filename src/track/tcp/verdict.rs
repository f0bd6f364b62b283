//! Why a segment comes again, or late: decided by evidence, not by Wireshark's timing rules.

use crate::model::thresholds::MIN_RTO;
use std::num::NonZeroU64;

use super::endpoint::TcpEndpoint;
use super::loss_evidence::LossEvidence;
use super::reordering::compare;
use super::scoreboard::SentSegment;
use crate::model::OptTime;
use crate::model::{Nanos, SeqNumber};
use crate::track::retransmission::{FirstCopy, PacketIds, Retransmission, RetransmitCause, RtoBackoff};

/// What is known of the segment that comes again.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetransmittedSegment {
    pub(super) frame: u64,
    pub(super) seq: SeqNumber,
    pub(super) end: SeqNumber,
    pub(super) at: OptTime,
    pub(super) ip_id: Option<u16>,
    pub(super) timestamp: Option<u32>,
    /// The end of the packet: bytes behind `end` come for the first time.
    pub(super) packet_end: SeqNumber,
    /// The frame that carried the bytes first, once it is known.
    pub(super) first: Option<u64>,
    /// Up to where DSACKs have said that its bytes came twice.
    pub(super) had: Option<SeqNumber>,
    /// It is a FIN alone, and acknowledges new bytes.
    pub(super) fin_on_ack: bool,
}

/// Bytes that are in the capture already.
pub(super) fn repeated(
    again: &RetransmittedSegment,
    sender: &mut TcpEndpoint,
    receiver: &TcpEndpoint,
    handshake: Option<Nanos>,
) -> Retransmission {
    if let Some(copy) = sender.copied(again, receiver.asked_for(again, 0).is_some()) {
        return copy;
    }
    [again.seq, again.end].into_iter().for_each(|at| sender.sent.part(at, sender.isn));
    let last = sender.sent.carrying(SeqNumber(again.end.0.wrapping_sub(1))).map(|sent| sent.frame);
    let repeat = match sender.sent.carrying(again.seq).map(|sent| *sent) {
        Some(before) => {
            let through = last.filter(|last| *last != before.frame).and_then(NonZeroU64::new);
            Case { again, before, sender, receiver, handshake }.judge(through)
        }
        None => forgotten(again, sender, receiver, handshake),
    };
    let timeout = matches!(repeat.cause, RetransmitCause::Timeout { .. });
    sender.sent.repeat(again.seq, again.end, (again.frame, again.at), timeout);
    sender.remember_repeat(RetransmittedSegment { first: repeat.original, ..*again });
    sender.recover(again, &repeat, receiver);
    repeat
}

/// Bytes that were sent before, nobody knows in which frame.
fn forgotten(
    again: &RetransmittedSegment,
    sender: &TcpEndpoint,
    receiver: &TcpEndpoint,
    handshake: Option<Nanos>,
) -> Retransmission {
    let round_trip = sender.estimator.smoothed().or(handshake);
    if let Some(told) = receiver.asked_for(again, 0).filter(|_| !asked_long_ago(again, receiver, round_trip)) {
        return Retransmission { witness: Some(told.first), ..Retransmission::unproved(told.asks()) };
    }
    let acked = receiver.ack_sent.is_some_and(|ack| !again.end.is_after(ack));
    let cause = if acked { RetransmitCause::Spurious(None) } else { RetransmitCause::Unknown };
    let witness = acked.then_some(receiver.ack_frame);
    match sender.recall(again).filter(|_| acked) {
        Some(RetransmittedSegment { frame, at, first, .. }) => Retransmission {
            witness,
            after: again.at.since(at),
            last: first.and(NonZeroU64::new(frame)),
            ..Retransmission::of(cause, first.unwrap_or(frame))
        },
        None => Retransmission { witness, ..Retransmission::unproved(cause) },
    }
}

/// A segment whose bytes come again, and what was known when it came.
struct Case<'a> {
    again: &'a RetransmittedSegment,
    /// What carried its first byte before.
    before: SentSegment,
    sender: &'a TcpEndpoint,
    receiver: &'a TcpEndpoint,
    handshake: Option<Nanos>,
}

impl Case<'_> {
    /// Why it comes; `through` carried the last of the bytes before.
    fn judge(&self, through: Option<NonZeroU64>) -> Retransmission {
        let Self { again, before, sender, receiver, .. } = self;
        // what was acknowledged before it came again has arrived
        let lost = before.damaged && before.acked_by.is_none() && sender.sent.misfits_are_lost();
        let first = Retransmission {
            after: again.at.since(before.last.1),
            through,
            last: NonZeroU64::new(before.last.0).filter(|last| before.repeats > 0 && last.get() != before.frame),
            first_copy: if lost { FirstCopy::Damaged } else { FirstCopy::Captured },
            ..Retransmission::of(RetransmitCause::Unknown, before.frame)
        };
        let repeat = |cause, witness| Retransmission { cause, witness, ..first };
        // what was sent again already is asked for again only by what came since
        let told = receiver.asked_for(again, if before.repeats > 0 { before.last.0 } else { 0 });
        let asked = told.is_some() && self.is_prompt();
        if let Some(marks) = self.older(asked) {
            return Retransmission { marks, ..repeat(RetransmitCause::Reordered, Some(before.frame)) };
        }
        if again.fin_on_ack {
            return repeat(RetransmitCause::FinOnAck, None);
        }
        if let Some(ack) = before.acked_by.filter(|_| receiver.ack_sent.is_some_and(|ack| !again.end.is_after(ack))) {
            let asked = receiver.had_told_of(again).and_then(NonZeroU64::new);
            let asked = asked.filter(|asked| before.late && *asked < ack);
            return repeat(RetransmitCause::Spurious(asked), Some(ack.get()));
        }
        if let Some(syn_ack) = not_taken(again, before, sender, receiver) {
            let fast_open = sender.fast_open.is_some();
            return repeat(RetransmitCause::SynDataNotAcked { fast_open }, Some(syn_ack));
        }
        if let Some((error, _)) = sender.loss().too_big.filter(|(error, at)| {
            error.get() > before.last.0 && again.at.since(*at).is_none_or(|since| since < MIN_RTO)
        }) {
            return repeat(RetransmitCause::PathMtuDiscovery, Some(error.get()));
        }
        if let Some(sack) = receiver.had_sacked(again) {
            return repeat(RetransmitCause::Sacked, Some(sack));
        }
        let told = told.filter(|told| before.repeats == 0 || self.asked_since(told));
        if let Some(told) = told.filter(|_| asked) {
            return repeat(told.asks(), Some(told.first));
        }
        if let Some((cause, ack)) = self.continues() {
            return repeat(cause, Some(ack));
        }
        if let Some(opened) = self.window_opened() {
            return repeat(RetransmitCause::WindowOpened, Some(opened));
        }
        let unknown =
            if receiver.newest().is_some() { RetransmitCause::Unknown } else { RetransmitCause::OneWayCapture };
        let Some(waited) = first.after else { return repeat(unknown, None) };
        let skips = receiver.ack_sent.is_some_and(|acked| again.seq.is_after(acked));
        // both timers run from the last segment or ACK on
        let ran = again.at.since(receiver.advanced.1).map_or(waited, |since_ack| since_ack.min(waited));
        let early = self.is_before_timeout(ran);
        if self.may_probe() && self.is_probe_due(ran) && (skips || early) {
            return repeat(RetransmitCause::TailLossProbe { late: !early }, None);
        }
        if let Some(ack) = receiver.restarted_timer(again.at).filter(|_| waited >= MIN_RTO) {
            return repeat(RetransmitCause::TimerRestarted, Some(ack));
        }
        // without the other direction in the capture, an ACK may have asked for it
        if waited >= MIN_RTO && receiver.newest().is_some() {
            if skips && told.is_none() && !self.after_timeout() {
                return repeat(RetransmitCause::NotHeadOfQueue, None);
            }
            let wait = match self.pace(waited) {
                _ if receiver.loss().zero_window.is_some() => RtoBackoff::ZeroWindow,
                RtoBackoff::First if told.is_some() => RtoBackoff::FirstThoughAsked,
                RtoBackoff::First if self.may_probe() => RtoBackoff::FirstOfLast,
                wait => wait,
            };
            return repeat(
                RetransmitCause::Timeout { nth: before.repeats.saturating_add(1), wait },
                told.map(|told| told.first),
            );
        }
        repeat(unknown, None)
    }

    /// How this wait for a timer compares with the one before: from the copy before the last one to the last one.
    fn pace(&self, waited: Nanos) -> RtoBackoff {
        let Self { again, before, sender, .. } = self;
        if before.timeouts == 0 {
            return RtoBackoff::First;
        }
        let carries = |other: &&RetransmittedSegment| !other.seq.is_after(again.seq) && other.end.is_after(again.seq);
        let mut copies = sender.loss().repeats.iter().rev().filter(carries).map(|other| other.at);
        let last_wait = match (before.repeats, copies.next(), copies.next()) {
            (1, ..) => before.last.1.since(before.at),
            (_, Some(last), Some(before_last)) => last.since(before_last),
            _ => None,
        };
        if waited.0 >= last_wait.unwrap_or_default().0.saturating_mul(3) / 2 {
            RtoBackoff::Longer
        } else {
            RtoBackoff::NoLonger
        }
    }

    fn round_trip(&self) -> Option<Nanos> {
        self.sender.estimator.smoothed().or(self.handshake)
    }

    /// The recovery that it belongs to, and the ACK that let the sender send it.
    fn continues(&self) -> Option<(RetransmitCause, u64)> {
        let Self { again, before, sender, receiver, .. } = self;
        sender.loss().recovery?.goes_on(again, before.last.0, receiver, self.round_trip())
    }

    /// The frame that opened the receiver's window again, if it came just then.
    fn window_opened(&self) -> Option<u64> {
        let Self { again, before, receiver, .. } = self;
        let since = again.at.since(receiver.ack_at)?;
        let opened_in = receiver.loss().opened_in;
        let just = opened_in == receiver.ack_frame && since <= self.round_trip().unwrap_or_default();
        (opened_in > before.last.0 && just).then_some(opened_in)
    }

    /// Whether it came soon enough after the last ACK to be sent upon it.
    fn is_prompt(&self) -> bool {
        !asked_long_ago(self.again, self.receiver, self.round_trip())
    }

    /// Whether the ACKs that told of the hole since these bytes were sent last are what made its sender act: a timer may
    /// run out while such ACKs still come, and who acts upon them does so when the first of them comes.
    fn asked_since(&self, told: &LossEvidence) -> bool {
        let Self { again, before, receiver, .. } = self;
        let timer = again.at.since(before.last.1).is_some_and(|waited| waited >= MIN_RTO);
        let since = |at: OptTime| again.at.since(at).unwrap_or_default();
        let late = since(receiver.ack_at) > self.round_trip().unwrap_or_default() || since(told.first_at) >= MIN_RTO;
        !(timer && late)
    }

    /// What shows that it was sent before the one that brought the same bytes already: time stamps, or identifications,
    /// of whole packets that count up; unless it was asked for.
    fn older(&self, asked: bool) -> Option<PacketIds> {
        let Self { again, before, sender, .. } = self;
        let (_, marks) = compare(again, (before.ip_id, before.timestamp)).filter(|(distance, _)| *distance < 0)?;
        let same = again.seq == before.seq && again.end == before.end && !before.part;
        (marks.timestamp || same && !asked && sender.sent.ids_count_up() == Some(true)).then_some(marks)
    }

    /// Whether a tail-loss probe would send these bytes: the last ones, sent once.
    fn may_probe(&self) -> bool {
        let sack = self.receiver.sack_permitted && self.sender.sack_permitted;
        let under_way = self.before.acked_by.is_none() && self.sender.sent.in_flight() > 0;
        let one = self.before.end == self.again.end;
        sack && under_way && one && self.before.repeats == 0 && self.sender.snd_nxt == Some(self.again.end)
    }

    /// Whether a tail-loss probe's timer can have run out: it waits two round trips (RFC 8985 §7.2).
    fn is_probe_due(&self, ran: Nanos) -> bool {
        ran >= self.round_trip().map_or(MIN_RTO, |srtt| srtt.plus(srtt).max(Nanos::from_millis(1)))
    }

    /// Whether a retransmission timer cannot have run out yet (RFC 6298 §2).
    fn is_before_timeout(&self, ran: Nanos) -> bool {
        let Some(srtt) = self.round_trip() else { return false };
        let variation = self.sender.estimator.variation().0.saturating_mul(4);
        ran < srtt.plus(Nanos(variation.max(200_000_000))) && ran < MIN_RTO
    }

    /// Whether the sender still recovers from a time-out.
    fn after_timeout(&self) -> bool {
        self.sender.loss().recovery.as_ref().is_some_and(|it| it.after_timeout() && !it.is_over(self.receiver))
    }
}

/// The SYN-ACK that covers the SYN, but not these data that it carried, which only SYNs have carried so far.
fn not_taken(
    again: &RetransmittedSegment,
    before: &SentSegment,
    sender: &TcpEndpoint,
    receiver: &TcpEndpoint,
) -> Option<u64> {
    let on_syn = before.len > 0 && sender.syn.is_some_and(|(syn, _)| before.last.0 <= syn.get());
    let due =
        receiver.syn_with_ack && receiver.ack_sent.is_some_and(|ack| ack == again.seq || ack == before.seq.plus(1));
    let (syn_ack, _) = receiver.syn.filter(|(syn_ack, _)| on_syn && due && before.last.0 < syn_ack.get())?;
    Some(syn_ack.get())
}

/// Whether the last ACK is older than any wait but a timer's: then no ACK made the sender act, though ACKs had told of
/// a hole.
pub(super) fn asked_long_ago(again: &RetransmittedSegment, receiver: &TcpEndpoint, round_trip: Option<Nanos>) -> bool {
    let limit = MIN_RTO.plus(round_trip.unwrap_or_default());
    again.at.since(receiver.ack_at).is_some_and(|since| since >= limit)
}
