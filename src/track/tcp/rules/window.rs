//! Windows: zero windows, and windows too small for the sender (RFC 9293 §3.8.6).

use std::num::NonZeroU64;

use super::super::endpoint::TcpEndpoint;
use super::rule::{Family, Rule, Verdict, no_candidates};
use crate::model::thresholds::MIN_RTO;
use crate::model::{FindingCode, Nanos, Segment, TcpFlags};
use crate::track::cause::Cause;
use crate::track::packet_ref::PacketRef;

/// Rules for a window of zero.
#[derive(Clone, Copy, Debug)]
pub struct ZeroWindows;

/// A segment with a window of zero. Its ACK has been taken.
#[derive(Debug)]
pub struct ZeroWindowCase<'a> {
    pub(in crate::track) segment: &'a Segment,
    /// The end that advertises it.
    pub(in crate::track) own: &'a TcpEndpoint,
    pub(in crate::track) peer: &'a TcpEndpoint,
}

impl Family for ZeroWindows {
    type Case<'a> = ZeroWindowCase<'a>;
    type Proof = ();
    type Effect = ZeroWindowEffect;
}

/// The reason for a window of zero, in words.
#[derive(Clone, Copy, Debug)]
pub struct ZeroWindowEffect {
    /// The reason at that time.
    pub reason: &'static str,
    /// The reason for all stretches of zero window of one side.
    pub reason_of_all: fn(ZeroWindowStretch) -> &'static str,
}

/// The evidence of all stretches in which the window of one side was zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ZeroWindowStretch {
    /// They were short, and the peer sent no probe.
    pub short: bool,
    /// The answer to a probe reopened the window, and an update before it may have been lost.
    pub update_may_be_lost: bool,
}

/// The connection was opened so: no data can have filled the buffer.
const OPENING: ZeroWindowEffect =
    ZeroWindowEffect { reason: "before any data came", reason_of_all: |_| "no data had come before" };

/// Data that the program has not read.
const UNREAD: ZeroWindowEffect = ZeroWindowEffect {
    reason: "its receive buffer was full",
    reason_of_all: |stretch| match stretch {
        ZeroWindowStretch { short: true, .. } => "its program read more slowly than data came",
        ZeroWindowStretch { update_may_be_lost: true, .. } => {
            "its program did not read, or a window update was lost, since the answer to a probe reopened it"
        }
        _ => "its program did not read",
    },
};

/// A window of zero.
pub(crate) type ProvenZeroWindow = Verdict<ZeroWindows>;

/// Every kind of zero window that keeps a sender from sending. After the peer's FIN it keeps nothing, and none applies.
pub(crate) static ZERO_WINDOW: &[Rule<ZeroWindows>] = &[ON_SYN, BEFORE_DATA, FULL];

impl TcpEndpoint {
    /// Returns `true` if it has acknowledged the peer's FIN: then no data can follow, and its window means nothing.
    pub(in crate::track) fn expects_nothing_from(&self, peer: &Self) -> bool {
        let end = peer.fin.as_ref().map(|fin| fin.end);
        end.zip(self.ack_sent).is_some_and(|(end, acked)| !acked.is_before(end))
    }
}

/// On a SYN or SYN-ACK: the connection opens, and the peer may not send.
const ON_SYN: Rule<ZeroWindows> = Rule {
    effect: OPENING,
    applies: |case| case.segment.flags.contains(TcpFlags::SYN).then_some(()),
    says: |(), words| {
        format!(
            "The {} opens the connection with window 0: the {} may send no data until a window update comes (RFC 9293 §3.8.6).",
            words.sender, words.receiver
        )
    },
    ..FULL
};

/// Before any data came: nothing can have filled the buffer.
const BEFORE_DATA: Rule<ZeroWindows> = Rule {
    effect: OPENING,
    applies: |case| (case.own.ack_sent == Some(case.peer.isn?.plus(1))).then_some(()),
    says: |(), words| {
        format!(
            "The {}'s window is zero, though no data was sent to it yet: the {} must wait for a window update (RFC 9293 §3.8.6).",
            words.sender, words.receiver
        )
    },
    ..FULL
};

/// The receive buffer has no room left.
const FULL: Rule<ZeroWindows> = Rule {
    code: FindingCode::ZeroWindow,
    label: "zero window",
    rfc: &["RFC 9293 §3.8.6"],
    effect: UNREAD,
    applies: |case| (!case.own.expects_nothing_from(case.peer)).then_some(()),
    cause: |()| Cause::UNKNOWN,
    candidates: no_candidates,
    says: |(), words| {
        format!(
            "The {}'s window is zero: its receive buffer is full, as its program has not read what came. The {} must wait (RFC 9293 §3.8.6).",
            words.sender, words.receiver
        )
    },
    frames: |()| [0; 6],
};

/// Rules for a segment that its receiver refused because its window was full.
#[derive(Clone, Copy, Debug)]
pub struct Refusals;

/// A segment that came before, and the two ends.
#[derive(Debug)]
pub struct RefusedCase<'a> {
    pub(in crate::track) packet: &'a PacketRef,
    pub(in crate::track) segment: &'a Segment,
    pub(in crate::track) peer: &'a TcpEndpoint,
    /// The frame that carried it last.
    pub(in crate::track) before: u64,
    /// The time its sender took to answer in the handshake, as captured.
    pub(in crate::track) answer_time: Option<Nanos>,
}

/// The frames that prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedProof {
    /// The segment that closed the window.
    pub zero_window: u64,
    /// The FIN that was refused.
    pub before: u64,
    /// The ACK that refused it.
    pub refusal: u64,
    /// `true` if that ACK can have reached the sender before it retransmitted the FIN.
    pub arrived: bool,
}

impl Family for Refusals {
    type Case<'a> = RefusedCase<'a>;
    type Proof = RefusedProof;
    type Effect = ();
}

/// A segment that is retransmitted because its receiver had no room for it.
pub(crate) type ProvenRefusal = Verdict<Refusals>;

/// Every kind of refusal.
pub(crate) static REFUSED: &[Rule<Refusals>] = &[FIN_REFUSED];

/// A FIN takes one sequence number, which a window of zero has no room for: its receiver drops it and answers with an ACK
/// (RFC 9293 §3.10.7.4). A sender that retransmits upon each such ACK goes round in a loop.
const FIN_REFUSED: Rule<Refusals> = Rule {
    code: FindingCode::Retransmit,
    label: "FIN refused by a zero window",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: (),
    applies: |case| {
        let closed = case.peer.loss.as_ref()?.zero_window?;
        let lone = case.segment.len == 0 && case.segment.flags.contains(TcpFlags::FIN);
        let refused = case.peer.ack_frame > case.before && case.peer.ack_sent == Some(case.segment.seq);
        let since = case.packet.since(case.peer.ack_at)?;
        let proof = RefusedProof {
            zero_window: closed.frame.get(),
            before: case.before,
            refusal: case.peer.ack_frame,
            arrived: case.answer_time.is_none_or(|usual| since.0 >= usual.0.saturating_mul(3) / 4),
        };
        // later the timer may have run out
        (lone && refused && since < MIN_RTO).then_some(proof)
    },
    cause: |proof| match NonZeroU64::new(proof.refusal).filter(|_| proof.arrived) {
        Some(refusal) => Cause::arrival(Some(refusal), "retransmission"),
        None => Cause::UNKNOWN,
    },
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "The FIN does not fit the zero window of frame {}: the {} discarded it and answered with the ACK in frame {}. The {} retransmits it at once. This repeats until the window reopens.",
            proof.zero_window, words.receiver, proof.refusal, words.sender
        )
    },
    frames: |proof| [proof.zero_window, proof.before, proof.refusal, 0, 0, 0],
};
