//! Why the bytes of a segment were in the capture before, or come behind bytes that were sent after them.
//!
//! The order of [`RETRANSMISSION`] is the argument. A packet that was not sent again (a duplicate, a late packet) comes
//! first; then the handshake; then what proves that the bytes had arrived; then events that ask for a retransmission, the
//! surest first; then timers, which need that nothing else can have caused it; and at last the unknown.

mod after_reset;
mod case;
mod duplicate;
mod fast;
mod handshake;
mod late;
mod path_mtu;
mod probe;
mod recovery;
mod restart;
mod spurious;
mod syn_ack;
mod timeout;
mod unknown;
mod words;

pub(in crate::track::tcp) use case::{Before, Case, GapFill, Path, SynCase, of_segment};

pub(crate) use words::sent_before;

use super::{Family, Rule, first};
use crate::track::retransmission::{Retransmission, RetransmissionProof};

/// The causes of a retransmitted, duplicated or late segment.
#[derive(Clone, Copy, Debug)]
pub struct RetransmissionFamily;

impl Family for RetransmissionFamily {
    type Case<'a> = Case<'a>;
    type Proof = RetransmissionProof;
    type Effect = RetransmissionEffect;
}

/// How often, and how, a sender sent the bytes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmission {
    /// Once: the same packet is in the capture twice.
    Duplicate,
    /// Once, and it was overtaken by packets sent after it.
    Late,
    /// Once; it was captured behind its own ACK.
    CapturedLate,
    /// Once and late, or retransmitted: unknown.
    LateOrRetransmitted,
    /// Again.
    Retransmitted,
    /// By its sender once at most: the network duplicated it long after, or another host sent it.
    Stray,
    /// Again, although an ACK or SACK captured before it covers the bytes.
    Spurious,
}

/// What a rule says of the transmission before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing.
    Unknown,
    /// It did not arrive, where it was the first: the receiver reported the gap.
    Lost,
    /// No ACK of it came: it or its ACK was lost or late.
    Unanswered,
}

/// What a rule says of the recovery of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryChange {
    /// Nothing.
    None,
    /// It begins a fast recovery (RFC 6582).
    Fast,
    /// The retransmission timer expired: it begins a recovery in slow start, and backs the timer off.
    Timeout,
    /// One of two timers expired, the retransmission timer or that of a tail-loss probe.
    TimeoutOrProbe,
    /// A tail-loss probe, which restarts the retransmission timer.
    Probe,
}

/// Consequences of a cause, for the rest of the analysis and of the report.
#[derive(Clone, Copy, Debug)]
pub struct RetransmissionEffect {
    /// How often its bytes were sent.
    pub transmission: Transmission,
    /// What became of the transmission before.
    pub delivery: Delivery,
    /// What became of its sender's recovery.
    pub recovery: RecoveryChange,
    /// The verb of the step's sentence: "retransmits".
    pub verb: &'static str,
    /// The reason in the step's sentence, behind the bytes: "after 3 duplicate ACKs".
    pub why: fn(&RetransmissionProof) -> String,
    /// The evidence in a table cell.
    pub shown_by: fn(&RetransmissionProof) -> String,
}

/// A captured duplicate.
pub static SAME_PACKET: Rule<RetransmissionFamily> = duplicate::SAME_PACKET;

/// The causes, in the order in which they are asked.
pub static RETRANSMISSION: &[Rule<RetransmissionFamily>] = &[
    duplicate::SAME_PACKET,
    late::SIMULTANEOUS_SYN,
    after_reset::REFUSED_SYN,
    handshake::SYN_AFTER_BAD_ACK,
    handshake::SYN_OF_OPEN_CONNECTION,
    handshake::SYN_ANSWERED,
    handshake::SYN_UNANSWERED,
    syn_ack::SUPERSEDED,
    syn_ack::ANSWERS_SYN,
    syn_ack::ACCEPT_QUEUE_FULL,
    syn_ack::ACK_IGNORED,
    syn_ack::TOO_SOON,
    syn_ack::ACK_LOST,
    syn_ack::UNANSWERED,
    late::CAPTURED_LATE,
    late::OVERTAKEN,
    late::OVERTAKEN_IN_GAP,
    restart::FIN_ON_ACK,
    after_reset::AFTER_RESET,
    spurious::GAP_WAS_LATE,
    spurious::ACKNOWLEDGED,
    restart::SYN_DATA,
    restart::FAST_OPEN_DATA,
    path_mtu::ICMP,
    recovery::RENEGED,
    spurious::SACKED,
    recovery::AFTER_TIMEOUT,
    fast::FAST,
    fast::ONE_ROUND_TRIP_LATER,
    recovery::FAST_RECOVERY,
    restart::WINDOW_OPENED,
    probe::TAIL_LOSS_PROBE,
    late::TOO_SOON_IN_GAP,
    unknown::TIMER_RESTARTED,
    unknown::NOT_HEAD_OF_QUEUE,
    timeout::ZERO_WINDOW,
    path_mtu::BLACK_HOLE,
    path_mtu::SMALLER_SEGMENTS,
    timeout::BACKOFF_REVERTED,
    timeout::AFTER_PROBE,
    timeout::BACKOFF,
    timeout::LAST_SEGMENT,
    timeout::THOUGH_REPORTED,
    timeout::FIRST,
    unknown::ONE_WAY,
    late::ORDER_UNKNOWN,
    unknown::UNKNOWN,
];

/// The first rule that explains the case.
pub(in crate::track::tcp) fn explain(case: &Case<'_>) -> Option<Retransmission> {
    first(RETRANSMISSION, case).map(|(rule, proof)| Retransmission { rule, proof })
}
