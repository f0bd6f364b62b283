//! The family of rules for retransmissions, and the consequences of a cause.

use super::super::rule::Family;
use super::case::Case;
use crate::track::retransmission_proof::RetransmissionProof;

/// The causes of a retransmitted, duplicated or late segment.
#[derive(Clone, Copy, Debug)]
pub struct RetransmissionFamily;

impl Family for RetransmissionFamily {
    type Case<'a> = Case<'a>;
    type Proof = RetransmissionProof;
    type Effect = RetransmissionEffect;
}

/// The kind of a transmission: the first of its bytes or a later one, and how it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmission {
    /// Once: the same packet is in the capture twice.
    Duplicate,
    /// Once, and it was overtaken by packets sent after it.
    Late,
    /// Once; it was captured after its own ACK.
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

/// The conclusion of a rule about the transmission before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing.
    Unknown,
    /// It did not arrive, where it was the first: the receiver reported the gap.
    Lost,
    /// No ACK of it came: it or its ACK was lost or late.
    Unanswered,
}

/// The conclusion of a rule about the recovery of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryChange {
    /// Nothing.
    None,
    /// It begins a fast recovery (RFC 6582).
    Fast,
    /// An ACK released it in the recovery in progress.
    Continued,
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
    /// The kind of its transmission.
    pub transmission: Transmission,
    /// The outcome of the transmission before.
    pub delivery: Delivery,
    /// The effect on its sender's recovery.
    pub recovery: RecoveryChange,
    /// The verb of the step's sentence: "retransmits".
    pub verb: &'static str,
    /// The reason in the step's sentence, after the bytes: "after 3 duplicate ACKs".
    pub why: fn(&RetransmissionProof) -> String,
    /// The evidence in a table cell.
    pub shown_by: fn(&RetransmissionProof) -> String,
}
