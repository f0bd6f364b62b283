//! Reasons why data or an ACK waited in its sender's kernel: Nagle's algorithm, a small window, TCP_CORK, delayed ACK.
//!
//! A wait for an ACK needs that ACK to have arrived. Where the segment left sooner than the ACK can have reached its
//! sender, it did not wait, and Nagle's algorithm is off there.

use std::num::NonZeroU64;

use super::super::endpoint::{Recent, TcpEndpoint};
use super::rule::{Family, Rule, Verdict, Words, no_candidates};
use crate::model::thresholds::{DELAYED_ACK, IDLE, MIN_RTO, NO_TIMER_WITHIN, PATH_DELAY};
use crate::model::{FindingCode, Nanos, Segment, TcpFlags, counted};
use crate::track::capture_point::Measures;
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::ledger::Wait;
use crate::track::packet_ref::PacketRef;

/// Rules for new data that waited in its sender's kernel.
#[derive(Clone, Copy, Debug)]
pub struct Waiting;

/// Data sent for the first time, less than a full segment. The segment's bytes and ACK have been taken.
#[derive(Debug)]
pub struct WaitingCase<'a> {
    pub(in crate::track) packet: &'a PacketRef,
    pub(in crate::track) segment: &'a Segment,
    pub(in crate::track) own: &'a TcpEndpoint,
    pub(in crate::track) peer: &'a TcpEndpoint,
    /// The data segment that its sender sent before.
    pub(in crate::track) before: &'a Recent,
    /// Payload bytes of a full segment with this one's options.
    pub(in crate::track) full: u32,
    /// The time its sender took to answer in the handshake, as captured.
    pub(in crate::track) answer_time: Option<Nanos>,
    pub(in crate::track) measures: Measures,
    /// The capture was made at the receiver, so it shows that a late ACK was delayed there, and not by the network.
    pub(in crate::track) at_receiver: bool,
    /// It ends at the right edge of the receiver's window.
    pub(in crate::track) fills_window: bool,
}

/// The frames and times that prove a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingProof {
    /// The segment of its sender before.
    pub before: NonZeroU64,
    /// The peer's ACK or window that it waited for or that limited it.
    pub ack: NonZeroU64,
    /// The time it waited.
    pub waited: Nanos,
    /// The room in the receiver's window, where that was the limit.
    pub room: u32,
    /// Payload bytes of the segment of its sender before.
    pub before_len: u32,
}

impl Family for Waiting {
    type Case<'a> = WaitingCase<'a>;
    type Proof = WaitingProof;
    /// The share of the time ledger.
    type Effect = Wait;
}

/// A reason why data waited.
pub(crate) type ProvenWait = Verdict<Waiting>;

/// Every reason.
pub(crate) static WAITING: &[Rule<Waiting>] =
    &[SMALL_WINDOW, NAGLE_AND_DELAYED_ACK, NAGLE_AND_LATE_ACK, NAGLE, NAGLE_OR_WRITE, CORK];

impl WaitingCase<'_> {
    /// All that its sender had sent before is acknowledged by the peer's newest segment with an ACK.
    fn all_acked(&self) -> bool {
        self.peer.ack_sent == Some(self.segment.seq)
    }

    /// Since the peer's ACK was captured.
    fn since_ack(&self) -> Option<Nanos> {
        self.packet.since(self.peer.ack_at)
    }

    /// Timestamps show which ACK had arrived: the segment echoes that of the newest segment in order (RFC 7323 §4.3).
    /// `None` where they show nothing.
    fn echoes_ack(&self) -> Option<bool> {
        let echo = self.segment.options.timestamps?.echo_reply;
        let stamp = self.peer.ack_stamp?;
        // an ACK behind data that is not acknowledged yet is not echoed
        if self.own.ack_sent != self.peer.snd_nxt {
            return None;
        }
        match echo.wrapping_sub(stamp).cast_signed() {
            older if older < 0 => Some(false),
            0 if self.peer.stamp_before != Some(stamp) => Some(true),
            _ => None,
        }
    }

    /// The ACK of the segment before cannot have reached the sender: it was not sent yet, its timestamp is not echoed, or
    /// the path takes longer.
    fn ack_cannot_have_arrived(&self) -> bool {
        let too_soon = || {
            let since = self.since_ack().zip(self.answer_time.filter(|usual| *usual >= PATH_DELAY));
            since.is_some_and(|(since, usual)| since.0 < usual.0.saturating_mul(3) / 4)
        };
        !self.all_acked() || self.echoes_ack() == Some(false) || too_soon()
    }

    /// The segment before was small: less than a full segment, and not cut short by the window.
    fn was_small(&self) -> bool {
        let cut_short = self.before.fills_window || self.before.syn;
        !cut_short && !self.before.len.is_multiple_of(self.full)
    }

    /// It left while a small segment was unacknowledged: Nagle's algorithm is off.
    pub(in crate::track) fn shows_no_nagle(&self) -> bool {
        self.was_small() && self.ack_cannot_have_arrived()
    }

    /// Returns the time from the ACK's arrival at its sender to the segment; `None` if unknown.
    fn since_arrival(&self) -> Option<Nanos> {
        let since = self.since_ack()?;
        match (self.measures, self.answer_time) {
            (Measures::RoundTrip, _) => Some(since),
            (Measures::Part | Measures::Delay, Some(usual)) if self.echoes_ack() == Some(true) => {
                Some(since.minus(usual))
            }
            // a path too short to tell the two ends apart
            (Measures::Unknown, usual) if usual.is_none_or(|usual| usual < PATH_DELAY) => {
                let lan = self.answer_time.is_some() || self.echoes_ack() == Some(true);
                lan.then_some(since)
            }
            _ => None,
        }
    }

    /// The sender's last data was retransmitted: its congestion window may hold back what Nagle's algorithm would
    /// (RFC 5681 §3.1).
    fn in_recovery(&self) -> bool {
        self.own.loss().retransmissions.last().is_some_and(|again| again.frame == self.before.frame)
    }

    /// Nagle's algorithm held it back: it left right after the ACK of the one small segment that was in flight, and nothing
    /// else let it go.
    fn nagle(&self) -> Option<WaitingProof> {
        let proof = self.may_be_nagle()?;
        let late = self.since_arrival()?;
        // a program may write at any moment: one that writes just then by chance is unlikely only where the wait was
        // much longer
        let at_once = late.0.saturating_abs() <= NO_TIMER_WITHIN.0.min(proof.waited.0 / 10);
        let worth = self.measures != Measures::Unknown || proof.waited >= DELAYED_ACK;
        (at_once && worth).then_some(proof)
    }

    /// Several writes of one length left as one segment, as soon as the ACK of the first can have arrived. The wait is not
    /// long enough to tell Nagle's algorithm from a program that wrote them then.
    fn nagle_or_write(&self) -> Option<WaitingProof> {
        let proof = self.may_be_nagle()?;
        let several = self.segment.len > self.before.len && self.segment.len.is_multiple_of(self.before.len.max(1));
        let pushed = self.before.push && self.segment.flags.contains(TcpFlags::PSH);
        let soonest = self.answer_time.unwrap_or_default().plus(NO_TIMER_WITHIN);
        let at_once = self.since_ack().is_some_and(|since| since <= soonest);
        (several && pushed && at_once && self.measures != Measures::RoundTrip).then_some(proof)
    }

    /// A small segment after the ACK of the one small segment that was in flight; the window had room.
    fn may_be_nagle(&self) -> Option<WaitingProof> {
        let ack = self.peer.newest().filter(|newest| newest.len == 0 && newest.has_ack)?;
        let answered = self.all_acked() && ack.frame == self.peer.ack_frame && ack.frame > self.before.frame;
        // the ACK covers that one segment, sent once
        let mut covered =
            self.own.sent.acked().rev().take_while(|sent| sent.acked_by.map(NonZeroU64::get) == Some(ack.frame));
        let alone = covered.next().is_some_and(|sent| sent.frame == self.before.frame && sent.retransmissions == 0)
            && covered.next().is_none();
        let had_room = self.peer.loss().opened_in != ack.frame && self.peer.window >= self.full;
        let off = self.own.nagle_off || self.in_recovery();
        if off || !answered || !alone || !had_room || !self.was_small() || self.ack_cannot_have_arrived() {
            return None;
        }
        self.proof(ack.frame, self.packet.since(self.own.last_data)?, 0)
    }

    fn proof(&self, ack: u64, waited: Nanos, room: u32) -> Option<WaitingProof> {
        let (before, ack) = (NonZeroU64::new(self.before.frame)?, NonZeroU64::new(ack)?);
        Some(WaitingProof { before, ack, waited, room, before_len: self.before.len })
    }
}

/// The window had less room than a full segment: the sender waits until it reopens, or until its persist timer runs out,
/// and then sends what fits (RFC 9293 §3.8.6.2.1).
const SMALL_WINDOW: Rule<Waiting> = Rule {
    code: FindingCode::WindowLimited,
    label: "small window",
    rfc: &["RFC 9293 §3.8.6.2.1"],
    effect: Wait::Window,
    applies: |case| {
        let waited = case.since_ack()?;
        let small = case.fills_window && case.peer.window < case.full && case.all_acked();
        let timer = waited >= MIN_RTO && !case.in_recovery();
        case.proof(case.peer.ack_frame, waited, case.peer.window).filter(|_| small && timer)
    },
    cause: |_| Cause::of(CauseEvent::Timer, "persist"),
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "The {}'s window had room for {} (frame {}), less than a full segment. The {} waited {} until its persist timer ran out, and sent what fits (silly window avoidance, RFC 9293 §3.8.6.2.1).",
            words.receiver,
            counted(u64::from(proof.room), "byte"),
            proof.ack,
            words.sender,
            proof.waited.human()
        )
    },
    frames: |proof| [proof.ack.get(), 0, 0, 0, 0, 0],
};

/// Nagle's algorithm, and the ACK itself was delayed: each side waited for the other.
const NAGLE_AND_DELAYED_ACK: Rule<Waiting> = Rule {
    applies: |case| case.nagle().filter(|proof| case.at_receiver && case.peer.delayed_ack == Some(proof.ack)),
    says: |proof, words| {
        format!(
            "{} The {} had delayed that ACK of frame {}. Nagle's algorithm and the delayed ACK interact: each side waited for the other.",
            nagle(proof, words),
            words.receiver,
            proof.before
        )
    },
    frames: |proof| [proof.before.get(), proof.ack.get(), 0, 0, 0, 0],
    ..NAGLE
};

/// The same where the network may have delayed the ACK.
const NAGLE_AND_LATE_ACK: Rule<Waiting> = Rule {
    applies: |case| case.nagle().filter(|proof| case.peer.delayed_ack == Some(proof.ack)),
    says: |proof, words| {
        format!(
            "{} That ACK of frame {} came late: either the {} delayed it, so that each side waited for the other, or the network did.",
            nagle(proof, words),
            proof.before,
            words.receiver
        )
    },
    ..NAGLE_AND_DELAYED_ACK
};

/// Nagle's algorithm (RFC 896, RFC 9293 §3.7.4).
const NAGLE: Rule<Waiting> = Rule {
    code: FindingCode::NagleWait,
    label: "Nagle's algorithm",
    rfc: &["RFC 896", "RFC 9293 §3.7.4"],
    effect: Wait::DelayedAck,
    applies: |case| case.nagle(),
    cause: |proof| Cause::arrival(Some(proof.ack), "ack"),
    candidates: no_candidates,
    says: nagle,
    frames: |proof| [proof.before.get(), proof.ack.get(), 0, 0, 0, 0],
};

fn nagle(proof: &WaitingProof, words: &Words<'_>) -> String {
    format!(
        "{} waited up to {}, until right after the ACK in frame {}. Nagle's algorithm holds a small segment while another is unacknowledged (RFC 896); TCP_NODELAY turns it off.",
        counted(u64::from(words.len), "byte"),
        proof.waited.human(),
        proof.ack
    )
}

/// Nagle's algorithm, or a program that wrote just then.
const NAGLE_OR_WRITE: Rule<Waiting> = Rule {
    label: "Nagle's algorithm or a later write",
    effect: Wait::Unknown,
    applies: |case| case.nagle_or_write(),
    cause: |_| Cause::UNKNOWN,
    candidates: |proof| {
        Candidates::from_slice(&[Cause::arrival(Some(proof.ack), "ack"), Cause::of(CauseEvent::Call, "send")])
    },
    says: |proof, words| {
        format!(
            "When frame {} had acknowledged frame {} ({}), the {} sent {}, {} times as many, in one segment. Either Nagle's algorithm held several writes until then (RFC 896), or the program wrote them then.",
            proof.ack,
            proof.before,
            counted(u64::from(proof.before_len), "byte"),
            words.sender,
            counted(u64::from(words.len), "byte"),
            words.len / proof.before_len.max(1)
        )
    },
    ..NAGLE
};

/// The full segment before lacked PSH, so its sender had more to send, and nothing in the network held that back.
const CORK: Rule<Waiting> = Rule {
    code: FindingCode::CorkWait,
    label: "TCP_CORK or MSG_MORE",
    rfc: &["RFC 9293 §3.9.1.2"],
    effect: Wait::Unknown,
    applies: |case| {
        let late = case.since_ack()?.minus(case.answer_time.unwrap_or_default());
        let more = !case.before.push && !case.before.syn && case.before.len.is_multiple_of(case.full);
        let pushed = case.segment.flags.contains(TcpFlags::PSH) && !case.in_recovery();
        let free = case.all_acked() && case.peer.window >= case.full && case.peer.ack_frame > case.before.frame;
        let proof = case.proof(case.peer.ack_frame, case.since_ack()?, 0)?;
        (more && pushed && free && (MIN_RTO..IDLE).contains(&late)).then_some(proof)
    },
    cause: |_| Cause::UNKNOWN,
    candidates: |_| {
        Candidates::from_slice(&[Cause::of(CauseEvent::Timer, "cork"), Cause::of(CauseEvent::Call, "send")])
    },
    says: |proof, words| {
        format!(
            "Sent {} after the ACK in frame {}, though nothing was in flight and the window had room. Frame {} lacked PSH: either TCP_CORK or MSG_MORE held the rest (Linux: until a timer of 200 ms or more), or the {}'s program wrote it late.",
            proof.waited.human(),
            proof.ack,
            proof.before,
            words.sender
        )
    },
    frames: |proof| [proof.before.get(), proof.ack.get(), 0, 0, 0, 0],
};

/// Rules for an ACK that came later than the path takes.
#[derive(Clone, Copy, Debug)]
pub struct AckDelays;

/// An ACK of one segment that came late.
#[derive(Clone, Copy, Debug)]
pub struct AckDelayCase {
    pub(in crate::track) proof: AckDelayProof,
    /// Payload bytes that ride with the ACK.
    pub(in crate::track) len: u32,
    /// These bytes had been sent before.
    pub(in crate::track) again: bool,
    /// They answer the data.
    pub(in crate::track) answers: bool,
    /// Nothing else was in flight.
    pub(in crate::track) alone: bool,
}

/// The frames and the time that prove a delayed ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckDelayProof {
    /// The data.
    pub data: u64,
    /// The time from the data to the ACK, as captured.
    pub delay: Nanos,
    /// The part of it beyond the usual.
    pub held: Nanos,
    /// The ACK was captured where it was sent, so the network has no part in the delay.
    pub at_receiver: bool,
}

impl Family for AckDelays {
    type Case<'a> = AckDelayCase;
    type Proof = AckDelayProof;
    type Effect = ();
}

/// A reason why an ACK was late.
pub(crate) type ProvenAckDelay = Verdict<AckDelays>;

/// Every reason.
pub(crate) static ACK_DELAYS: &[Rule<AckDelays>] = &[BY_TIMER, WITH_RETRANSMISSION, WITH_ANSWER];

/// A bare ACK: the receiver's timer ran out.
const BY_TIMER: Rule<AckDelays> = Rule {
    code: FindingCode::DelayedAck,
    label: "delayed ACK",
    rfc: &["RFC 1122 §4.2.3.2", "RFC 9293 §3.8.6.3"],
    effect: (),
    applies: |case| {
        let timer = case.len == 0 && case.alone && case.proof.held <= crate::model::thresholds::MAX_DELAYED_ACK;
        timer.then_some(case.proof)
    },
    cause: |proof| if proof.at_receiver { DELAYED } else { Cause::UNKNOWN },
    candidates: |proof| {
        let arrival = Cause::arrival(NonZeroU64::new(proof.data), "ack");
        if proof.at_receiver { Candidates::new() } else { Candidates::from_slice(&[DELAYED, arrival]) }
    },
    says: |proof, words| {
        let or = if proof.at_receiver { "" } else { ", or the network delayed it" };
        format!(
            "Acknowledges frame {} after {}: the {} delayed the ACK, waiting for data to carry it (RFC 1122 §4.2.3.2: at most 500 ms; Linux 40 ms){or}.",
            proof.data,
            proof.delay.human(),
            words.sender
        )
    },
    frames: |proof| [proof.data, 0, 0, 0, 0, 0],
};

const DELAYED: Cause = Cause::of(CauseEvent::Timer, "delayed_ack");

/// With bytes that were retransmitted, which were late themselves.
const WITH_RETRANSMISSION: Rule<AckDelays> = Rule {
    applies: |case| (case.len > 0 && case.again).then_some(case.proof),
    cause: |_| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Acknowledges frame {} after {}, with retransmitted bytes: the ACK waited for them (delayed ACK, RFC 1122 §4.2.3.2), or an earlier ACK was lost or not captured. This is not a round-trip time.",
            proof.data,
            proof.delay.human()
        )
    },
    ..BY_TIMER
};

/// With the program's answer, which the ACK waited for.
const WITH_ANSWER: Rule<AckDelays> = Rule {
    applies: |case| (case.len > 0 && case.answers).then_some(case.proof),
    cause: |_| Cause::of(CauseEvent::Call, "send"),
    candidates: no_candidates,
    says: |proof, words| {
        let or = if proof.at_receiver { "" } else { ", or the network delayed it" };
        format!(
            "Acknowledges frame {} after {}, with an answer: the ACK waited for it (delayed ACK, RFC 1122 §4.2.3.2){or}. This time includes the {}'s response time.",
            proof.data,
            proof.delay.human(),
            words.sender
        )
    },
    ..BY_TIMER
};
