//! The reasons why the bytes of a segment were in the capture before, or were captured after bytes that were sent
//! later.
//!
//! The order of [`RETRANSMISSION`] is the argument. A packet that was not retransmitted (a duplicate, a late packet)
//! comes first; then the handshake; then proof that the bytes had arrived; then events that ask for a retransmission,
//! the surest first; then timers, which require that nothing else can have caused it; and at last the unknown.

mod after_reset;
pub(in crate::track) mod case;
mod duplicate;
pub(in crate::track) mod family;
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

pub(crate) use words::sent_before;

pub(in crate::track::tcp) use case::{Before, Case, GapFill, Path, SynCase, of_segment};

use super::rule::{Rule, first};
use crate::track::retransmission::Retransmission;
use crate::track::retransmission_proof::{FirstCopy, RetransmissionProof};
use family::RetransmissionFamily;

/// A captured duplicate.
static SAME_PACKET: Rule<RetransmissionFamily> = duplicate::SAME_PACKET;

/// A captured duplicate of the packet in frame `original`.
pub(in crate::track::tcp) fn captured_duplicate(original: u64) -> Retransmission {
    let (original, first_copy) = (Some(original), FirstCopy::Captured);
    let proof = RetransmissionProof { original, first_copy, ..RetransmissionProof::default() };
    Retransmission { rule: &SAME_PACKET, proof }
}

/// The causes, in the order in which they are asked.
pub(crate) static RETRANSMISSION: &[Rule<RetransmissionFamily>] = &[
    duplicate::SAME_PACKET,
    late::SIMULTANEOUS_SYN,
    after_reset::REFUSED_SYN,
    handshake::SYN_TOO_BIG,
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
    late::DELAYED,
    late::OVERTAKEN_IN_GAP,
    restart::FIN_ON_ACK,
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
    fast::SENT_BEFORE_DELIVERED,
    fast::SENT_BEFORE_SACKED,
    restart::WINDOW_OPENED,
    timeout::BACKOFF_EARLY,
    timeout::LAST_SEGMENT_EARLY,
    probe::TAIL_LOSS_PROBE,
    late::TOO_SOON_IN_GAP,
    timeout::TOGETHER,
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
    let discarded = case.sender.loss().discarded;
    first(RETRANSMISSION, case)
        .map(|(rule, proof)| Retransmission { rule, proof: RetransmissionProof { discarded, ..proof } })
}
