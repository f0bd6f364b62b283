//! A segment whose bytes are in the capture already, or come late, and all that the rules may ask about it.

use std::num::NonZeroU64;

use crate::model::thresholds::{ACK_REACTION, COMPARABLE_RTT, MIN_MTU_SEGMENT, MIN_RTO};
use crate::model::{Nanos, OptTime, SeqNumber};
use crate::track::retransmission_proof::{FirstCopy, PacketIds, RetransmissionProof, View};
use crate::track::tcp::dup_acks::LossEvidence;
use crate::track::tcp::endpoint::TcpEndpoint;
use crate::track::tcp::gaps::AckedUnseen;
use crate::track::tcp::segment::{RetransmittedSegment, SentSegment};

/// The path, as the handshake showed it.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track::tcp) struct Path {
    /// From the SYN to the ACK of the SYN-ACK.
    pub(in crate::track::tcp) round_trip: Option<Nanos>,
    /// The time the sender of the segment took to answer in the handshake, as captured: none of its reactions comes
    /// sooner.
    pub(in crate::track::tcp) journey: Option<Nanos>,
    /// The side of the path that the capture shows.
    pub(in crate::track::tcp) view: View,
}

/// The earlier transmission of the bytes in the capture.
#[derive(Clone, Copy, Debug)]
pub(in crate::track::tcp) enum Before {
    /// The very packet: the same header fields, too soon for another transmission.
    SamePacket,
    /// The sender's SYN or SYN-ACK.
    Syn(SynCase),
    /// A segment that carried them.
    Segment(SentSegment),
    /// A gap.
    Gap(GapFill),
    /// Nothing but their ACK.
    AckedUnseen(AckedUnseen),
    /// A segment that is forgotten.
    Forgotten,
}

/// Bytes that were skipped when later ones were captured.
#[derive(Clone, Copy, Debug)]
pub(in crate::track::tcp) struct GapFill {
    /// The frame that showed the gap, and when it was captured.
    pub(in crate::track::tcp) shown_by: (u64, OptTime),
    /// Some of the segment's bytes were captured before.
    pub(in crate::track::tcp) partly: bool,
    /// The time by which it was sent later than others (negative: earlier), and the header field that shows it.
    pub(in crate::track::tcp) compared: Option<(i32, PacketIds)>,
    /// The least time between its sending and that of the others, by their timestamps.
    pub(in crate::track::tcp) sent_later: Option<Nanos>,
}

/// A SYN or SYN-ACK whose sender had sent one before.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track::tcp) struct SynCase {
    /// It is a SYN-ACK.
    pub(in crate::track::tcp) with_ack: bool,
    /// The SYN of a side whose SYN-ACK was captured before it.
    pub(in crate::track::tcp) overtaken: bool,
    /// The number of this retransmission.
    pub(in crate::track::tcp) nth: u16,
    /// The peer's SYN, which was retransmitted, and which this SYN-ACK answers.
    pub(in crate::track::tcp) asked: Option<NonZeroU64>,
    /// The peer's segment that answered the SYN or SYN-ACK before.
    pub(in crate::track::tcp) answer: Option<NonZeroU64>,
    /// The peer's answer whose numbers do not fit the SYN.
    pub(in crate::track::tcp) bad_ack: Option<NonZeroU64>,
    /// The peer has acknowledged another initial sequence number.
    pub(in crate::track::tcp) superseded: bool,
    /// The handshake was complete, with this frame.
    pub(in crate::track::tcp) opened: Option<NonZeroU64>,
    /// The server sent it.
    pub(in crate::track::tcp) by_server: bool,
    /// The peer's last data since its ACK of the SYN-ACK.
    pub(in crate::track::tcp) data: Option<NonZeroU64>,
    /// Its IP identification differs from that of the one before.
    pub(in crate::track::tcp) other_id: bool,
    /// The first SYN had the Fast Open option or data, and this one has neither.
    pub(in crate::track::tcp) without_fast_open: bool,
    /// The first SYN offered ECN, and this one does not.
    pub(in crate::track::tcp) without_ecn: bool,
}

/// A segment in question, and the state that it meets.
#[derive(Debug)]
pub struct Case<'a> {
    pub(in crate::track::tcp) again: &'a RetransmittedSegment,
    pub(in crate::track::tcp) sender: &'a TcpEndpoint,
    pub(in crate::track::tcp) receiver: &'a TcpEndpoint,
    pub(in crate::track::tcp) path: Path,
    pub(in crate::track::tcp) before: Before,
    /// ACKs that reported the bytes missing since they were sent last.
    pub(in crate::track::tcp) evidence: Option<LossEvidence>,
    /// The part of the proof that does not depend on the rule.
    pub(in crate::track::tcp) proof: RetransmissionProof,
}

impl<'a> Case<'a> {
    /// A segment, and what the capture held of it before.
    pub(in crate::track::tcp) fn new(
        again: &'a RetransmittedSegment,
        sender: &'a TcpEndpoint,
        receiver: &'a TcpEndpoint,
        path: Path,
        before: Before,
    ) -> Self {
        let proof = RetransmissionProof { view: path.view, ..RetransmissionProof::default() };
        let since = match &before {
            Before::Segment(sent) if sent.retransmissions > 0 => sent.last.0,
            _ => 0,
        };
        let evidence = match before {
            Before::Segment(_) | Before::Gap(_) | Before::Forgotten => receiver.loss_evidence(again, since),
            _ => None,
        };
        Self { again, sender, receiver, path, before, evidence, proof }
    }

    pub(super) fn segment(&self) -> Option<&SentSegment> {
        match &self.before {
            Before::Segment(sent) => Some(sent),
            _ => None,
        }
    }

    pub(super) fn gap(&self) -> Option<&GapFill> {
        match &self.before {
            Before::Gap(gap) => Some(gap),
            _ => None,
        }
    }

    pub(super) fn syn(&self) -> Option<&SynCase> {
        match &self.before {
            Before::Syn(syn) => Some(syn),
            _ => None,
        }
    }

    /// The proof with the frame that decides.
    pub(super) fn proved_by(&self, deciding_frame: impl Into<Option<u64>>) -> RetransmissionProof {
        RetransmissionProof { deciding_frame: deciding_frame.into(), ..self.proof }
    }

    /// Returns `true` if its bytes were sent before: a gap alone does not show that.
    pub(super) fn is_sent_before(&self) -> bool {
        match &self.before {
            Before::Segment(_) | Before::Forgotten => true,
            Before::Gap(gap) => gap.compared.is_some() || gap.partly,
            Before::SamePacket | Before::Syn(_) | Before::AckedUnseen(_) => false,
        }
    }

    pub(super) fn since(&self, then: OptTime) -> Option<Nanos> {
        self.again.at.since(then)
    }

    pub(super) fn round_trip(&self) -> Option<Nanos> {
        self.sender.estimator.smoothed().or(self.path.round_trip)
    }

    /// Returns `true` if the sender's reaction to a packet captured at `then` can be captured by now. Paths vary, so
    /// half of the time that the handshake took is enough, and a short time excludes nothing.
    pub(super) fn can_react_to(&self, then: OptTime) -> bool {
        let least = self.path.journey.filter(|journey| *journey >= COMPARABLE_RTT).map(|journey| journey.0 / 2);
        self.since(then).zip(least).is_none_or(|(since, least)| since.0 >= least)
    }

    /// Returns `true` if the last ACK is recent enough for the segment to be the reaction to it.
    pub(super) fn is_reaction(&self) -> bool {
        let Some(since) = self.since(self.receiver.ack_at) else { return true };
        let limit = match self.round_trip() {
            Some(trip) => {
                let reaction = self.path.journey.unwrap_or(trip).plus(trip.max(ACK_REACTION));
                reaction.min(MIN_RTO.plus(trip))
            }
            None => MIN_RTO,
        };
        since < limit
    }

    /// Returns `true` if ACKs reported the gap and made the sender retransmit. If a timer can have expired, they must
    /// be recent, and those after an earlier retransmission must have come at once: their first makes a sender
    /// retransmit.
    pub(super) fn is_asked_for(&self, evidence: &LossEvidence) -> bool {
        let timer = self.timer_wait().is_some_and(|wait| wait >= MIN_RTO);
        let repeated = self.segment().is_some_and(|before| before.retransmissions > 0);
        let late =
            !self.is_reaction() || repeated && self.since(evidence.first_at).is_some_and(|since| since >= MIN_RTO);
        evidence.is_enough() && self.can_react_to(evidence.enough_at) && !(timer && late)
    }

    /// Returns the time the retransmission timer had run: since an ACK of new data, a probe or a timeout restarted it,
    /// or the bytes were sent (RFC 6298 §5).
    pub(super) fn timer_wait(&self) -> Option<Nanos> {
        let sent = match &self.before {
            Before::Segment(before) => self.since(before.at)?,
            Before::Gap(gap) => self.since(gap.shown_by.1).max(gap.sent_later)?,
            _ => return None,
        };
        let restarted = self.sender.loss().timer.restarted.and_then(|(_, at)| self.since(at));
        let held_up = self.is_held_up();
        let advanced = self.since(self.receiver.advanced.1).filter(|_| !held_up);
        [Some(sent), advanced, restarted].into_iter().flatten().min()
    }

    /// Returns `true` if timestamps show much more time than the capture between the sending of the segment and of the
    /// one that showed its gap. Then the packets were held up on the path, and capture times say nothing about the
    /// sender's timers.
    fn is_held_up(&self) -> bool {
        let Some(gap) = self.gap() else { return false };
        let shown = self.since(gap.shown_by.1).unwrap_or_default();
        gap.sent_later.is_some_and(|later| later >= MIN_RTO && later.minus(shown).0 >= MIN_RTO.0 / 2)
    }

    /// The frame that restarted the retransmission timer less than its least duration ago.
    pub(super) fn just_restarted(&self) -> Option<u64> {
        let soon = |(frame, at): (u64, OptTime)| self.since(at).is_some_and(|since| since < MIN_RTO).then_some(frame);
        soon(self.receiver.advanced).filter(|_| !self.is_held_up())
    }

    /// Timeouts in a row of this sender, since no ACK of new data came.
    pub(super) fn timeouts_before(&self) -> u32 {
        let timer = &self.sender.loss().timer;
        let (advanced, _) = self.receiver.advanced;
        timer.restarted.filter(|(frame, _)| *frame > advanced).map_or(0, |_| timer.in_row)
    }

    /// The number of this retransmission of its bytes.
    pub(super) fn nth(&self) -> u32 {
        self.segment().map_or(1, |before| u32::from(before.retransmissions) + 1)
    }

    /// Returns `true` if the receiver's cumulative ACK is below these bytes: a timer would send others first (RFC 6298
    /// §5.4).
    pub(super) fn skips_others(&self) -> bool {
        self.receiver.ack_sent.is_some_and(|acked| self.again.seq.is_after(acked))
    }

    /// Returns `true` if a tail-loss probe would send these bytes: the last ones, sent once.
    pub(super) fn may_probe(&self) -> bool {
        let Some(before) = self.segment() else { return false };
        // a capture that began later does not show whether SACK was agreed
        let unseen = self.receiver.isn.is_none() && self.sender.isn.is_none();
        let sack = unseen || self.receiver.sack_permitted && self.sender.sack_permitted;
        let in_flight = before.acked_by.is_none() && self.sender.sent.in_flight() > 0;
        let last = before.end == self.again.end && self.sender.snd_nxt == Some(self.again.end);
        sack && in_flight && last && before.retransmissions == 0
    }

    /// Returns `true` if nothing else was in flight, as far as the capture shows, and it was sent less than a usual
    /// timer ago.
    pub(super) fn is_alone_early(&self) -> bool {
        let soon = self.segment().and_then(|before| self.since(before.at)).is_some_and(|since| since < MIN_RTO);
        soon && self.sender.sent.in_flight() == 1 && !self.skips_others()
    }

    /// Returns `true` if the sender still recovers from a timeout.
    pub(super) fn is_after_timeout(&self) -> bool {
        self.sender.loss().recovery.as_ref().is_some_and(|it| it.after_timeout() && !it.is_over(self.receiver))
    }

    /// The payload bytes of the earlier retransmissions of the segment that begins here, newest first.
    pub(super) fn sizes_before(&self) -> impl Iterator<Item = u32> + '_ {
        let same = |other: &&RetransmittedSegment| other.seq == self.again.seq && !other.late;
        self.sender
            .loss()
            .retransmissions
            .iter()
            .rev()
            .filter(same)
            .map(|other| other.packet_end.relative_to(other.seq))
    }

    /// The payload bytes of the segment that carried the first of its bytes before, where that was longer and cut elsewhere:
    /// the segments of its sender have become smaller. One that was longer than the MSS was cut behind the capture point.
    pub(super) fn cut_from(&self) -> Option<u32> {
        let fits = |before: &&SentSegment| self.receiver.mss.is_some_and(|mss| before.len <= u32::from(mss));
        let before = self.segment().filter(fits)?;
        let shorter =
            self.len() < before.len && before.len > MIN_MTU_SEGMENT && self.again.packet_end == self.again.end;
        let last = SeqNumber(self.again.end.0.wrapping_sub(1));
        let ends = self.sender.sent.carried(last).is_some_and(|sent| sent.end == self.again.end);
        // a receiver that took a part of a segment lacks only its end
        let rest = ends && self.receiver.ack_sent == Some(self.again.seq);
        (shorter && !rest && (before.seq != self.again.seq || !ends)).then_some(before.len)
    }

    /// Its sequence space.
    pub(super) fn len(&self) -> u32 {
        self.again.packet_end.relative_to(self.again.seq)
    }
}

/// The part of a proof that an earlier segment with these bytes gives.
pub(in crate::track::tcp) fn of_segment(
    again: &RetransmittedSegment,
    before: &SentSegment,
    sender: &TcpEndpoint,
    view: View,
) -> RetransmissionProof {
    let last_byte = SeqNumber(again.end.0.wrapping_sub(1));
    let through = sender.sent.carried(last_byte).map(|sent| sent.frame).filter(|frame| *frame != before.frame);
    // what was acknowledged before it was retransmitted has arrived
    let corrupted = before.damaged && before.acked_by.is_none() && sender.sent.bad_checksums_are_lost();
    RetransmissionProof {
        original: Some(before.frame),
        through: through.and_then(NonZeroU64::new),
        last: NonZeroU64::new(before.last.0).filter(|last| before.retransmissions > 0 && last.get() != before.frame),
        after: again.at.since(before.last.1),
        first_copy: if corrupted { FirstCopy::Corrupted } else { FirstCopy::Captured },
        view,
        ..RetransmissionProof::default()
    }
}
