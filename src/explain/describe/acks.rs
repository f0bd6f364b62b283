//! Sentences about acknowledgments: which bytes, and the sum.

use super::tcp::again;
use super::{bytes, frames, joined};
use crate::track::{Acked, AnalysisFlag, Event, TcpFacts};

/// A segment that only acknowledges.
pub(super) fn sentence(event: &Event<'_>, facts: &TcpFacts) -> String {
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    let Some(ack) = facts.ack else { return format!("{who} sends an empty segment") };
    if let Some(acked) = &facts.acked {
        return joined([Some(covered(who, facts, acked, ack)), window(event, facts)]);
    }
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
        let gap = format!("{who} is missing bytes from {ack}; SACK reports {} received", have.join(" and "));
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
        return format!("{who} repeats its ACK: it still expects byte {ack} of the {peer}");
    }
    joined([Some(format!("{who} acknowledges nothing new (byte {ack} is next)")), window(event, facts)])
}

/// The ACK that completes the handshake.
pub(super) fn handshake(event: &Event<'_>, facts: &TcpFacts) -> String {
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    let data = facts.acked.zip(facts.ack).filter(|(acked, _)| acked.bytes > 0);
    let what = match data {
        Some((acked, ack)) => format!("SYN and {}{}", bytes(acked.bytes), sum(&acked, ack)),
        None => "SYN".to_owned(),
    };
    let twice = facts
        .options
        .sack
        .as_slice()
        .iter()
        .any(|(left, right)| (left.wrapping_sub(facts.sack_base), right.wrapping_sub(facts.sack_base)) == (0, 1));
    let dsack = twice.then(|| format!("by DSACK it reports the {peer}'s SYN received twice"));
    joined([Some(format!("{who} acknowledges the {peer}'s {what}; the connection is open")), dsack])
}

/// What the ACK on a segment with data or FIN covers.
pub(super) fn riding(_event: &Event<'_>, facts: &TcpFacts) -> Option<String> {
    let acked = facts.acked.as_ref()?;
    let ack = facts.ack?;
    match (acked.bytes, acked.fin, acked.syn) {
        (0, false, _) => None,
        (0, true, _) => Some(format!("its ACK covers the FIN{}", sum(acked, ack))),
        (_, fin, _) => {
            let what = if fin {
                "the data and the FIN"
            } else if may_be_fin(facts, acked) {
                "a byte or the FIN"
            } else if facts.echo.is_some() {
                "the request"
            } else {
                "the data"
            };
            Some(format!("its ACK covers {what}{}", sum(acked, ack)))
        }
    }
}

/// Whether the one number that the ACK covers may be the FIN's: what had it is not in the capture.
fn may_be_fin(facts: &TcpFacts, acked: &Acked) -> bool {
    acked.bytes == 1 && !acked.fin && facts.observations.capture_gap.is_some_and(|(missing, _)| missing == 1)
}

fn covered(who: &str, facts: &TcpFacts, acked: &Acked, ack: u32) -> String {
    match (acked.bytes, acked.fin, acked.syn) {
        (0, false, true) => format!("{who} acknowledges the SYN{}", sum(acked, ack)),
        (0, true, _) => format!("{who} acknowledges the FIN{}", sum(acked, ack)),
        (0, ..) => format!("{who} acknowledges up to byte {ack}"),
        _ if may_be_fin(facts, acked) => format!("{who} acknowledges a byte or the FIN{}", sum(acked, ack)),
        (count, fin, _) => {
            let of = match acked.frames {
                Some((first, last)) if acked.segments > 1 => format!(" of {}", frames((first, last))),
                _ => String::new(),
            };
            let and = if fin { " and the FIN" } else { "" };
            format!("{who} acknowledges {}{of}{and}{}", bytes(count), sum(acked, ack))
        }
    }
}

/// `: 1 + 12 = 13`; nothing where that is not what the numbers say.
fn sum(acked: &Acked, ack: u32) -> String {
    let ones = u32::from(acked.fin) + u32::from(acked.syn);
    let parts = [Some(acked.from), Some(acked.bytes).filter(|count| *count > 0), Some(ones).filter(|ones| *ones > 0)];
    let total: u64 = parts.iter().flatten().map(|part| u64::from(*part)).sum();
    let wrapped = match total.checked_sub(u64::from(ack)) {
        Some(0) => "",
        Some(over) if over == 1 << 32 => " (modulo 2^32)",
        _ => return String::new(),
    };
    let parts: Vec<String> = parts.iter().flatten().map(u32::to_string).collect();
    format!(": {} = {ack}{wrapped}", parts.join(" + "))
}

fn window(event: &Event<'_>, facts: &TcpFacts) -> Option<String> {
    if facts.observations.zero_window.is_some() {
        Some(format!("its window is zero: the {} must wait", event.direction.receiver()))
    } else {
        facts.observations.window_opened.map(|(_, blocked)| format!("its window reopens after {}", blocked.human()))
    }
}
