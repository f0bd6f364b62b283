//! The facts about one packet that follow from the conversation so far.

mod datagram;

pub use datagram::{ReorderedDatagram, UdpPlace};

pub(super) use datagram::MORE;

use std::num::NonZeroU64;

use super::capture_point::CapturePoint;
use super::cause::Cause;
use super::ledger::Wait;
use super::tcp::Asks;
use super::tcp::rules::arrival::ProvenArrival;
use super::tcp::rules::dsack::ProvenDsack;
use super::tcp::rules::ecn::ProvenEcn;
use super::tcp::rules::port_reuse::ReusedPorts;
use super::tcp::rules::probe::ProvenProbe;
use super::tcp::rules::probe_answer::{Answered, ProvenAnswer};
use super::tcp::rules::rule::Words;
use super::tcp::rules::waiting::{ProvenAckDelay, ProvenWait};
use super::tcp::rules::window::{ProvenRefusal, ProvenZeroWindow};
use crate::model::{Nanos, PerDirection};

/// The role of a segment in the life of its connection (RFC 9293 §3.5, §3.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SegmentRole {
    /// SYN: asks to connect.
    Syn,
    /// SYN of the side that was asked, without ACK: a simultaneous open.
    SimultaneousSyn {
        /// The frame of the other's SYN.
        other: u64,
    },
    /// SYN-ACK: accepts.
    SynAck,
    /// SYN-ACK with a new initial sequence number: no retransmission, but another answer.
    AnotherSynAck {
        /// The frame of the one before.
        before: u64,
        /// `true` if that one has an invalid checksum and this one has not: it may be its retransmission.
        corrupted: bool,
    },
    /// SYN-ACK that acknowledges another number than the SYN's: it opens nothing (RFC 9293 §3.10.7.3).
    WrongSynAck,
    /// The ACK that completes the handshake.
    HandshakeAck,
    /// Data.
    Data,
    /// No data: acknowledges, or only updates the window.
    Ack,
    /// FIN; `first` is false when the peer had closed before.
    Fin {
        /// `true` if it is the connection's first FIN.
        first: bool,
    },
    /// The ACK of the last FIN: closed on both sides.
    LastAck,
    /// RST.
    Reset,
    /// A segment with no flags that say anything, or flags that contradict each other.
    #[default]
    Odd,
}

/// The state of a connection's life at a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Life {
    /// The handshake is in progress, or this segment completes it.
    Opening,
    /// Established, or the capture began later.
    #[default]
    Open,
    /// A FIN was sent.
    Closing,
    /// A RST was sent.
    Aborted,
}

/// The bytes that a segment's ACK newly acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acked {
    /// Relative acknowledgment number before.
    pub from: u32,
    /// Payload bytes newly covered.
    pub bytes: u32,
    /// The peer's SYN is newly covered.
    pub syn: bool,
    /// The peer's FIN is newly covered.
    pub fin: bool,
    /// Data segments newly covered, as far as they are remembered.
    pub segments: u32,
    /// First and last frame newly covered, where they are remembered.
    pub frames: Option<(u64, u64)>,
}

/// A segment that carries no new data, and only asks or answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It asks.
    Question {
        /// The kind of probe.
        how: ProvenProbe,
        /// Of a keep-alive, its number since anything else was sent, from 1.
        nth: u16,
        /// The keep-alive before it was answered.
        before_answered: bool,
    },
    /// It answers.
    Answer(ProvenAnswer),
}

impl Probe {
    /// It asks.
    #[inline]
    pub fn is_question(&self) -> bool {
        matches!(self, Self::Question { .. })
    }

    /// The question, where it asks.
    #[inline]
    pub fn asks(&self) -> Option<Asks> {
        match self {
            Self::Question { how, .. } => Some(how.rule.effect.asks),
            Self::Answer(_) => None,
        }
    }

    /// The kind of segment that it answers, and its frame.
    #[inline]
    pub fn answers(&self) -> Option<(Answered, u64)> {
        match self {
            Self::Question { .. } => None,
            Self::Answer(answer) => Some((answer.rule.effect.answered, answer.proof.asked)),
        }
    }

    /// The reason for the time before it, in the time ledger.
    pub fn waited(&self) -> Wait {
        match self {
            Self::Question { how, .. } => how.rule.effect.waited,
            Self::Answer(answer) => answer.rule.effect.waited,
        }
    }

    /// The event that made its sender send it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Question { how, .. } => how.cause(),
            Self::Answer(answer) => answer.cause(),
        }
    }

    /// The remark beside its arrow in ladders; `window` is the one that it advertises.
    pub(crate) fn ladder_remark(&self, window: u32) -> Option<&'static str> {
        match self {
            Self::Question { how, .. } => Some(how.rule.label),
            Self::Answer(answer) => (answer.rule.effect.ladder_remark)(window),
        }
    }

    /// The sentence of its step.
    pub(crate) fn sentence(&self, words: &Words<'_>) -> String {
        match self {
            Self::Question { how, .. } => (how.rule.effect.sentence)(words),
            Self::Answer(answer) => (answer.rule.effect.sentence)(&answer.proof, words),
        }
    }
}

impl Observations {
    /// The retransmission that it shows to have brought nothing new: an earlier copy had arrived.
    pub fn needless(&self) -> Option<u64> {
        let echoed = || self.arrived.and_then(|arrived| arrived.needless());
        self.duplicate_sack.and_then(|report| report.needless()).or_else(echoed)
    }

    /// Returns `true` if no fact is noted: faster than a comparison, since it is called for every segment.
    #[inline]
    pub fn is_empty(&self) -> bool {
        let flags = self.fills_window | self.congestion | (self.shrunk > 0);
        let frames = self.capture_gap.is_some() | self.duplicate_sack.is_some() | self.reused_ports.is_some();
        let waits =
            self.window_opened.is_some() | self.wait.is_some() | self.delayed_ack.is_some() | self.idle.is_some();
        let recovery = self.reneged.is_some()
            | self.limited_transmit.is_some()
            | self.probe_with_new_data.is_some()
            | self.frto.is_some();
        let windows = self.zero_window.is_some() | self.refused.is_some();
        !(flags
            | recovery
            | frames
            | waits
            | windows
            | self.ecn.is_some()
            | self.arrived.is_some()
            | self.slow_answer.is_some()
            | self.syn_data.is_some()
            | self.refuses.is_some()
            | self.accepted.is_some()
            | self.void_sack.is_some())
    }
}

/// Data on a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SynData {
    /// The SYN's frame.
    pub frame: NonZeroU64,
    /// The number of bytes it carried.
    pub bytes: u32,
    /// The option of TCP Fast Open (RFC 7413): bytes of cookie, 0 asks for one.
    pub cookie: Option<u8>,
    /// The SYN was retransmitted, so the answer may be to one without these data.
    pub again: bool,
}

/// An ACK that refuses a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The frame of the segment.
    pub frame: NonZeroU64,
    /// `true` if it acknowledges more than the receiver has sent, as the number of the ACK shows.
    pub unsent: bool,
}

/// An answer that took its time, to a request that was sent once and is acknowledged whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowAnswer {
    /// The frame of the request's last byte.
    pub request: NonZeroU64,
    /// The frame that had acknowledged it; `None` where only the answer does.
    pub acked_by: Option<NonZeroU64>,
    /// The part of the time that the network took, assuming the same delay as in the handshake.
    pub network: Nanos,
    /// The place of the capture, as far as it was known at this segment.
    pub seen: Option<CapturePoint>,
}

/// Rarer things that the conversation so far shows at a segment; all `None` for nearly every one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    /// Its ACK covers bytes that are not in the capture: how many, and the frame that showed the gap.
    pub capture_gap: Option<(u32, Option<u64>)>,
    /// An ACK before had shown that the capture lacks what the peer sends, and no packet of the peer has come since.
    pub gap_continues: bool,
    /// Its DSACK block (RFC 2883) reports bytes that arrived twice.
    pub duplicate_sack: Option<ProvenDsack>,
    /// It acknowledges new data and no longer reports bytes that the SACK in this frame had reported (RFC 2018 §8).
    pub reneged: Option<NonZeroU64>,
    /// It is new data that the first or second duplicate ACK, in this frame, released (RFC 3042).
    pub limited_transmit: Option<NonZeroU64>,
    /// It is new data that a tail-loss probe's timer released: this frame, the last data before, and the time since.
    pub probe_with_new_data: Option<(NonZeroU64, Nanos)>,
    /// It is new data that the first ACK after a timeout released, where bytes in flight then are still missing (F-RTO,
    /// RFC 5682): the timeout's retransmission, and that ACK.
    pub frto: Option<(NonZeroU64, NonZeroU64)>,
    /// A SACK block of its, raw, that cannot be true: senders ignore it.
    pub void_sack: Option<(u32, u32)>,
    /// It refuses this frame, which its sender did not accept, and repeats the numbers that it expects (RFC 9293 §3.10.7.4).
    pub refuses: Option<Refusal>,
    /// It shows that its sender had accepted this frame, of which that was unknown, and how many bytes of its sender's
    /// before it the capture lacks.
    pub accepted: Option<(NonZeroU64, u32)>,
    /// It acknowledges less than this earlier-captured frame did: it was sent earlier, and overtaken in transit.
    pub older_ack: Option<NonZeroU64>,
    /// It shows which transmission of the bytes that it acknowledges arrived.
    pub arrived: Option<ProvenArrival>,
    /// The window reopens: the frame that closed it, and for how long.
    pub window_opened: Option<(u64, Nanos)>,
    /// It closes the window: a window of zero after one that was not.
    pub zero_window: Option<ProvenZeroWindow>,
    /// Retransmitted because its receiver has no room for it.
    pub refused: Option<ProvenRefusal>,
    /// The number of bytes by which the right edge of the window moves back.
    pub shrunk: u32,
    /// Its sender's SYN-ACK, where that lacks the window scale option that the SYN offered.
    pub unscaled_syn_ack: Option<NonZeroU64>,
    /// It waited in its sender's kernel.
    pub wait: Option<ProvenWait>,
    /// Its ACK was delayed.
    pub delayed_ack: Option<ProvenAckDelay>,
    /// It begins the server's answer to a request, long after the request had come.
    pub slow_answer: Option<SlowAnswer>,
    /// The silence before it: the last frame before, and the time since.
    pub idle: Option<(u64, Nanos)>,
    /// It is the packet of this frame, captured twice: it changes nothing.
    pub captured_twice: Option<NonZeroU64>,
    /// It fills the receiver's window to the last byte.
    pub fills_window: bool,
    /// A SYN on ports that another connection used before, or what answers one.
    pub reused_ports: Option<ReusedPorts>,
    /// It is a SYN-ACK, and the SYN that it answers carried data.
    pub syn_data: Option<SynData>,
    /// The IP header has the mark of congestion (RFC 3168 §5).
    pub congestion: bool,
    /// The meaning of the ECN flags outside the handshake.
    pub ecn: Option<ProvenEcn>,
    /// The offset from each side's initial sequence number to the base of its relative numbers, modulo 2^32: 0 unless
    /// SYN-ACKs had several initial sequence numbers.
    pub renumbered: PerDirection<u32>,
}
