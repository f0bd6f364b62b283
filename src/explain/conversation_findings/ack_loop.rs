//! An ACK loop: both sides answer segments of each other that neither accepts (RFC 5961 §7).

use crate::model::{Finding, FindingCode as Code, counted};
use crate::track::RareEvents;

/// Fewer rounds may be single stray segments.
const ROUNDS: u64 = 2;

/// The loop, if the connection shows one.
pub(super) fn of(rare: &RareEvents) -> Option<Finding> {
    let rounds = rare.foreign_acks.count.min(rare.refusals.count);
    if rounds < ROUNDS {
        return None;
    }
    let text = format!(
        "ACK loop: {} carried the numbers of another connection, and each was answered with an ACK, which provoked the next (RFC 5961 §7). Two connections between these ports meet here: an older one that one host still has, or two that a NAT or load balancer has mixed.",
        counted(rare.foreign_acks.count, "ACK")
    );
    let frames = rare.foreign_acks.frames.iter().chain(&rare.refusals.frames).copied();
    Some(Finding::new(Code::AckLoop, text, frames))
}
