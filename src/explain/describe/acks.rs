//! Sentences about acknowledgments: which bytes, and the sum.

use super::tcp::again;
use super::{Bytes, Frames, bytes, joined, say};
use crate::track::{Acked, AnalysisFlag, Event, TcpFacts};

/// A segment that only acknowledges.
pub(super) fn sentence(out: &mut String, event: &Event<'_>, facts: &TcpFacts) {
    match (facts.ack, &facts.acked) {
        (None, _) => say!(out, event.direction.sender(), " sends an empty segment"),
        (Some(ack), Some(acked)) => {
            covered(out, event.direction.sender(), facts, acked, ack);
            if let Some(window) = window(event, facts) {
                say!(out, "; ", window);
            }
        }
        (Some(ack), None) => out.push_str(&duplicate_ack(event, facts, ack)),
    }
}

/// A segment that acknowledges nothing that was not acknowledged before.
fn duplicate_ack(event: &Event<'_>, facts: &TcpFacts, ack: u32) -> String {
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    if let Some(copy) = facts.retransmission {
        return format!("{who} acknowledges up to byte {ack}: {}", again(&copy));
    }
    if let Some(newer) = facts.observations.older_ack {
        return format!(
            "{who} acknowledges up to byte {ack}: an older ACK than that in frame {newer}, overtaken on the path or duplicated"
        );
    }
    if let Some((_, blocked)) = facts.observations.window_opened {
        return format!("{who} reopens its window: {}, after {}", bytes(facts.window), blocked.human());
    }
    let changes_window = facts.analysis.contains(AnalysisFlag::WindowUpdate);
    let window_now = changes_window.then(|| format!("its window is now {}", bytes(facts.window)));
    let relative = |edge: u32| edge.wrapping_sub(facts.sack_base);
    if let Some((left, right)) = facts.observations.void_sack {
        let (left, right) = (relative(left), relative(right));
        return format!("{who} still expects byte {ack}; its SACK block {left}:{right} cannot be true and is ignored");
    }
    let blocks = facts.options.sack.as_slice().iter().map(|(left, right)| (relative(*left), relative(*right)));
    let (beyond, below): (Vec<_>, Vec<_>) = blocks.partition(|(_, right)| right.wrapping_sub(ack).cast_signed() > 0);
    if below.first() == Some(&(0, 1)) {
        return format!("{who} reports by DSACK that the {peer}'s SYN arrived twice");
    }
    if facts.observations.duplicate_sack.is_some() {
        let twice = format!("{who} reports by DSACK that it received some bytes twice; it still expects byte {ack}");
        return joined([Some(twice), window_now]);
    }
    if !beyond.is_empty() {
        let have: Vec<String> =
            beyond.iter().map(|(left, right)| format!("{left}–{}", right.wrapping_sub(1))).collect();
        let duplicate = if facts.analysis.contains(AnalysisFlag::DuplicateAck) { "duplicate ACK: " } else { "" };
        let gap = format!("{duplicate}{who} is missing bytes from {ack}; SACK reports {} received", have.join(" and "));
        return joined([Some(gap), window_now]);
    }
    if changes_window {
        return format!("{who} changes its window to {}", bytes(facts.window));
    }
    let multipath: Vec<&str> = facts.options.other.mptcp().collect();
    if !multipath.is_empty() {
        let options = multipath.join(" and ");
        return format!(
            "{who} sends {options} (Multipath TCP) on an ACK that acknowledges nothing new (byte {ack} is next)"
        );
    }
    if facts.analysis.contains(AnalysisFlag::DuplicateAck) {
        return format!("duplicate ACK: {who} still expects byte {ack} of the {peer}");
    }
    joined([Some(format!("{who} acknowledges nothing new (byte {ack} is next)")), window(event, facts)])
}

/// The ACK that completes the handshake.
pub(super) fn handshake(out: &mut String, event: &Event<'_>, facts: &TcpFacts) {
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    say!(out, who, " acknowledges the ", peer, "'s SYN");
    if let Some((acked, ack)) = facts.acked.zip(facts.ack).filter(|(acked, _)| acked.bytes > 0) {
        say!(out, " and ", Bytes(acked.bytes));
        sum(out, &acked, ack);
    }
    say!(out, "; the connection is open");
    let twice = facts
        .options
        .sack
        .as_slice()
        .iter()
        .any(|(left, right)| (left.wrapping_sub(facts.sack_base), right.wrapping_sub(facts.sack_base)) == (0, 1));
    if twice {
        say!(out, "; by DSACK it reports the ", peer, "'s SYN received twice");
    }
}

/// Describes the ACK on a segment with data or FIN, after the rest of the segment.
pub(super) fn piggybacked_ack(out: &mut String, facts: &TcpFacts) {
    let Some((acked, ack)) = facts.acked.as_ref().zip(facts.ack) else { return };
    let what = match (acked.bytes, acked.fin) {
        (0, false) => return,
        (0, true) => "the FIN",
        (_, true) => "the data and the FIN",
        _ if may_be_fin(facts, acked) => "a byte or the FIN",
        _ if facts.echo.is_some() => "the request",
        _ => "the data",
    };
    say!(out, "; its ACK covers ", what);
    sum(out, acked, ack);
}

/// Returns `true` if the one number that the ACK covers may be the FIN's: the segment with that number is not in the
/// capture.
fn may_be_fin(facts: &TcpFacts, acked: &Acked) -> bool {
    acked.bytes == 1 && !acked.fin && facts.observations.capture_gap.is_some_and(|(missing, _)| missing == 1)
}

fn covered(out: &mut String, who: &str, facts: &TcpFacts, acked: &Acked, ack: u32) {
    say!(out, who, " acknowledges ");
    match (acked.bytes, acked.fin, acked.syn) {
        (0, false, true) => say!(out, "the SYN"),
        (0, true, _) => say!(out, "the FIN"),
        (0, ..) => return say!(out, "up to byte ", ack),
        _ if may_be_fin(facts, acked) => say!(out, "a byte or the FIN"),
        (count, fin, _) => {
            say!(out, Bytes(count));
            if let Some(frames) = acked.frames.filter(|_| acked.segments > 1) {
                say!(out, " of ", Frames(frames));
            }
            if fin {
                say!(out, " and the FIN");
            }
        }
    }
    sum(out, acked, ack);
}

/// `: 1 + 12 = 13`; nothing where that is not what the numbers say.
fn sum(out: &mut String, acked: &Acked, ack: u32) {
    let ones = u32::from(acked.fin) + u32::from(acked.syn);
    let total = u64::from(acked.from) + u64::from(acked.bytes) + u64::from(ones);
    let wrapped = match total.checked_sub(u64::from(ack)) {
        Some(0) => "",
        Some(over) if over == 1 << 32 => " (modulo 2^32)",
        _ => return,
    };
    say!(out, ": ", acked.from);
    for part in [acked.bytes, ones].into_iter().filter(|part| *part > 0) {
        say!(out, " + ", part);
    }
    say!(out, " = ", ack, wrapped);
}

fn window(event: &Event<'_>, facts: &TcpFacts) -> Option<String> {
    if facts.observations.zero_window.is_some() {
        Some(format!("its window is zero: the {} must wait", event.direction.receiver()))
    } else {
        facts.observations.window_opened.map(|(_, blocked)| format!("its window reopens after {}", blocked.human()))
    }
}
