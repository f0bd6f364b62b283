//! Diagnoses of the segments that open a connection.

use super::fast_open;
use crate::explain::words::words;
use crate::model::{Finding, FindingCode as Code, FindingSink, TcpFlags};
use crate::track::{Event, ReuseEffect, SegmentRole, TcpFacts};

/// Reports the findings of a SYN or SYN-ACK, and of an answer to a SYN on used ports.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, found: &mut impl FindingSink) {
    let ports = facts.observations.reused_ports.filter(|ports| ports.rule.effect == ReuseEffect::Reported);
    if let Some(ports) = ports {
        let text = (ports.rule.says)(&ports.proof, &words(event, facts));
        let frames = (ports.rule.frames)(&ports.proof).into_iter().chain([event.frame]);
        found.push(Finding::new(ports.rule.code, text, frames));
    }
    if facts.options.other.has_fastclose() && !facts.flags.contains(TcpFlags::RST) {
        let text = format!(
            "MP_FASTCLOSE: the {} closes the whole MPTCP connection at once, without FINs. The {} answers with RST (RFC 8684 §3.5).",
            event.direction.sender(),
            event.direction.receiver()
        );
        found.push(Finding::new(Code::MptcpFastclose, text, [event.frame]));
    }
    if !facts.flags.contains(TcpFlags::SYN) {
        return;
    }
    if let SegmentRole::SimultaneousSyn { other } = facts.role {
        let text = "Both sides sent a SYN before they received the other's: simultaneous open (RFC 9293 §3.5).";
        found.push(Finding::new(Code::SimultaneousOpen, text, [other, event.frame]));
    }
    if let SegmentRole::AnotherSynAck { before, corrupted: true } = facts.role {
        let text = format!(
            "Its initial sequence number {} differs from that of frame {before}, whose checksum is invalid. If that one was corrupted, the {} discarded it (RFC 9293 §3.1), and this is the retransmission. Otherwise two servers answer for one address, or the server chose a new number.",
            facts.seq_raw,
            event.direction.receiver()
        );
        found.push(Finding::new(Code::AnotherSynAck, text, [before, event.frame]));
    }
    if let SegmentRole::AnotherSynAck { before, corrupted: false } = facts.role {
        let text = format!(
            "Not a retransmission of frame {before}: its initial sequence number {} differs. Either two servers answer for one address, or the server keeps no state and chose a new number. The {} accepts the first that arrives (RFC 9293 §3.10.7.4).",
            facts.seq_raw,
            event.direction.receiver()
        );
        found.push(Finding::new(Code::AnotherSynAck, text, [before, event.frame]));
    }
    fast_open::of(event, facts, found);
}
