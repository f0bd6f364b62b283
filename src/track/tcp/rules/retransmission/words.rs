//! Pieces that the sentences of several rules share.

use std::num::NonZeroU64;

use super::family::{Delivery, RecoveryChange, RetransmissionEffect, Transmission};
use crate::model::{counted, thousands};
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::retransmission_proof::{FirstCopy, RetransmissionProof as Proof};

/// The effect of a cause that says nothing of deliveries and recoveries.
pub(super) const RETRANSMITTED: RetransmissionEffect = RetransmissionEffect {
    transmission: Transmission::Retransmitted,
    delivery: Delivery::Unknown,
    recovery: RecoveryChange::None,
    verb: "retransmits",
    why: |_| String::new(),
    shown_by: |_| String::new(),
};

/// A number of bytes: `13,000 bytes`.
pub(super) fn bytes(count: u32) -> String {
    counted(u64::from(count), "byte")
}

/// The time since the bytes were sent last: ` after 257 ms`.
pub(super) fn after(proof: &Proof) -> String {
    proof.after.filter(|after| after.0 > 0).map_or_else(String::new, |after| format!(" after {}", after.human()))
}

/// A frame's number, 0 where there is none.
pub(super) fn number(frame: Option<NonZeroU64>) -> u64 {
    frame.map_or(0, NonZeroU64::get)
}

/// The frame that decides.
pub(super) fn deciding_frame(proof: &Proof) -> u64 {
    proof.deciding_frame.unwrap_or(0)
}

/// `frame 9`, or `frames 9 to 11`.
pub(super) fn range(first: u64, last: u64) -> String {
    if first == last || last == 0 { format!("frame {first}") } else { format!("frames {first} to {last}") }
}

/// An ICMP error that this capture does not hold.
pub(super) const TOO_BIG: Cause = Cause::of(CauseEvent::Segment, "icmp");

/// A sentence about a segment that is shorter than the one that carried its bytes before, with a space before it.
pub(super) fn cut_smaller(proof: &Proof) -> String {
    match proof.number {
        0 => String::new(),
        size => format!(
            " It is shorter than the first time ({}): an ICMP error that is not in this capture may have reported a smaller path MTU (RFC 1191, RFC 8201).",
            counted(size, "byte")
        ),
    }
}

/// The frames of a proof.
pub(super) fn frames(proof: &Proof) -> [u64; 6] {
    let [through, last, second] = [proof.through, proof.last, proof.second].map(number);
    [proof.original.unwrap_or(0), through, last, deciding_frame(proof), second, 0]
}

/// A sentence about a first copy that is not simply in the capture, with a space before it.
pub(super) fn first_copy(proof: &Proof) -> String {
    match proof.first_copy {
        FirstCopy::Captured => String::new(),
        FirstCopy::Corrupted => format!(
            " The transmission in frame {} has an invalid checksum; if it arrived so, the receiver discarded it.",
            proof.original.unwrap_or(0)
        ),
        FirstCopy::NotCaptured => {
            " The first transmission did not reach the capture point: it was lost or delayed before it.".to_owned()
        }
        FirstCopy::Partly(skipped) => format!(
            " {} of it had not reached the capture point; the others were captured before{}.",
            bytes(skipped),
            proof.through.map_or_else(String::new, |frame| format!(", from frame {frame} on"))
        ),
        FirstCopy::NotKnown => " The first transmission is not in this capture, or no longer in memory.".to_owned(),
    }
}

/// The first and the last transmission before this one: `first sent in frame 6, 257 ms earlier`.
pub(crate) fn sent_before(proof: &Proof) -> String {
    let first = match (proof.original, proof.through, proof.first_copy) {
        (Some(frame), Some(last), _) => {
            format!("first sent in {}", range(frame.min(last.get()), frame.max(last.get())))
        }
        (Some(frame), ..) => format!("first sent in frame {frame}"),
        (None, Some(frame), FirstCopy::Partly(skipped)) => {
            format!("frame {frame} brought some of them, {} fill a gap", bytes(skipped))
        }
        (None, None, FirstCopy::Partly(skipped)) => format!("{} of them fill a gap", bytes(skipped)),
        (None, _, FirstCopy::NotCaptured) => "the first transmission did not reach the capture point".to_owned(),
        (None, ..) => "the first transmission is not in this capture, or no longer in memory".to_owned(),
    };
    let last = proof.last.map_or_else(String::new, |last| format!(", last in frame {last}"));
    let after = proof.after.map_or_else(String::new, |after| format!(", {} earlier", after.human()));
    format!("{first}{last}{after}")
}

/// `2nd`.
pub(super) fn ordinal(n: u64) -> String {
    let suffix = match (n % 10, n % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{}{suffix}", thousands(n))
}

/// The retransmission timer, or that of a tail-loss probe.
pub(super) fn timers() -> Candidates {
    Candidates::from_iter([Cause::of(CauseEvent::Timer, "rto"), Cause::of(CauseEvent::Timer, "tlp")])
}

/// The arrival of a segment.
pub(super) fn arrival(frame: Option<u64>, detail: &'static str) -> Cause {
    Cause::arrival(frame.and_then(NonZeroU64::new), detail)
}
