//! Diagnoses that one frame shows.

mod acceptability;
mod ecn;
mod error;
mod fast_open;
mod hint;
mod opening;
mod probe;
mod retransmission;

use super::capture_point::captured_at;
use super::words::words;
use crate::model::thresholds::SLOW_RESPONSE;
use crate::model::{Checksum, EarlierFrames, TcpFlags, WireAnnotation, counted};
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{Body, CapturePoint, Event, ReorderedDatagram, TcpFacts, UdpFacts, UdpPlace};

/// The findings of a frame; empty, and without an allocation, for nearly every frame.
#[inline]
pub(super) fn of(event: &Event<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    report(event, &mut found);
    found
}

/// Gives what the frame shows to `found`: nothing for nearly every one.
#[inline]
pub(crate) fn report(event: &Event<'_>, found: &mut impl FindingSink) {
    match &event.body {
        _ if event.is_ordinary() => {}
        Body::Tcp(facts) => of_segment(event, facts, found),
        Body::Udp(facts) => of_datagram(event, facts, found),
        Body::Icmp(facts) => found.push(error::of(event, facts)),
    }
}

fn of_segment(event: &Event<'_>, facts: &TcpFacts, found: &mut impl FindingSink) {
    let frame = event.frame;
    if let Some(first) = event.captured_twice() {
        return found.push(captured_twice(Code::DuplicateFrame, first, frame));
    }
    acceptability::of(event, facts, found);
    if let Some(refused) = facts.observations.refused {
        refused.report(&words(event, facts), found);
    } else if let Some(repeat) = &facts.retransmission {
        retransmission::of(event, facts, repeat, found);
    }
    if let Some(reset) = &facts.reset {
        reset.report(&words(event, facts), found);
    }
    found.extend(facts.probe.and_then(|probe| probe::of(event, facts, probe)));
    hint::of(event, facts, found);
    ecn::of(event, facts, found);
    opening::of(event, facts, found);
    if facts.flags.contains(TcpFlags::URG) && facts.unacceptable.is_none() {
        let text = format!(
            "URG is set, with urgent pointer {}: urgent data, which most systems deliver out of band (RFC 6093).",
            facts.urgent
        );
        found.push(Finding::new(Code::UrgentData, text, [frame]));
    }
    // a RST's own finding says it
    let told = facts.reset.is_some_and(|reset| reset.rule.code == Code::ChecksumInvalid);
    of_packet(event, if told { Checksum::Valid } else { facts.checksum }, found);
}

/// An answer that came late since data sent before it was lost, as the wire's `mark` tells.
pub(super) fn late_answer(event: &Event<'_>, mark: &WireAnnotation) -> Option<Finding> {
    let facts = event.tcp()?;
    Some(hint::slow_answer(event, facts, &facts.observations.slow_answer?, Some(mark)))
}

/// Reports the findings that any packet may have.
fn of_packet(event: &Event<'_>, checksum: Checksum, found: &mut impl FindingSink) {
    if checksum == Checksum::Invalid {
        let none = matches!(&event.body, Body::Udp(facts) if facts.checksum_raw == 0);
        let text = if none {
            "The checksum field is 0 (no checksum). UDP over IPv6 requires one (RFC 8200 §8.1): the receiver discards the packet silently, except for some tunnels (RFC 6935)."
        } else {
            "The checksum is invalid, and not the partial one of checksum offload. Either the packet was corrupted, and its receiver discards it silently, or it was rewritten after the checksum was computed (NAT), and may arrive with a valid one."
        };
        found.push(Finding::new(Code::ChecksumInvalid, text, [event.frame]));
    }
    if event.ip.fragments > 1 {
        found.push(fragmented(event));
    }
}

/// Names the frames of the fragments.
fn fragmented(event: &Event<'_>) -> Finding {
    let (count, earlier) = (event.ip.fragments, event.ip.earlier);
    if event.ip.earlier_bytes == 0 {
        // its first fragment was cut, and stands for it
        let text = "The IP packet came in fragments; of this one, which names the ports, the capture holds a part.";
        return Finding::new(Code::Fragmented, text, [event.frame]);
    }
    let frames: Vec<u64> = earlier.before(event.frame).chain([event.frame]).collect();
    let unnamed = u64::from(count).saturating_sub(frames.len() as u64);
    let more = match unnamed {
        0 => String::new(),
        _ => {
            format!(", and {} before these, more than {} frames back", counted(unnamed, "other"), EarlierFrames::REACH)
        }
    };
    let text = format!("The IP packet came in {count} fragments, in {}{more}; this frame completes it.", runs(&frames));
    Finding::new(Code::Fragmented, text, frames)
}

/// `frames 1 to 3, 7, 9, 10`.
fn runs(frames: &[u64]) -> String {
    let run = |run: &[u64]| match run {
        [first, .., last] if run.len() > 2 => format!("{first} to {last}"),
        short => short.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    };
    let plural = if frames.len() == 1 { "" } else { "s" };
    let runs: Vec<String> = frames.chunk_by(|one, next| one + 1 == *next).map(run).collect();
    format!("frame{plural} {}", runs.join(", "))
}

/// A packet that the capture holds twice.
fn captured_twice(code: Code, first: u64, frame: u64) -> Finding {
    let text =
        format!("This packet was captured twice (also as frame {first}) but sent once; this duplicate proves nothing.");
    Finding::new(code, text, [first, frame])
}

fn of_datagram(event: &Event<'_>, facts: &UdpFacts, found: &mut impl FindingSink) {
    if let Some(first) = event.captured_twice() {
        return found.push(captured_twice(Code::UdpDuplicate, first, event.frame));
    }
    of_packet(event, facts.checksum, found);
    if let UdpPlace::Duplicate(first) = facts.place {
        let text = "The same datagram with the same IP identification: it was captured twice, or duplicated by the network; it was sent once.";
        found.push(Finding::new(Code::UdpDuplicate, text, [first, event.frame]));
    }
    if let Some(overtaken) = facts.overtaken {
        let ReorderedDatagram { frame, by, .. } = overtaken;
        let late: Vec<u64> = overtaken.frames().collect();
        let text = if frame == event.frame {
            format!(
                "IP identifications increase here, and this one is lower than that of frame {by}: the datagram was sent before it and reordered in transit. UDP keeps no order."
            )
        } else if late.len() > 1 {
            format!(
                "IP identifications increase, as this one shows. Those of frames {} are lower than that of frame {by}, each lower than the one before: they arrived in reverse order. UDP keeps no order.",
                late.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
            )
        } else {
            format!(
                "IP identifications increase, as this one shows. That of frame {frame} is lower than that of frame {by}: frame {frame} was sent before it and reordered in transit. UDP keeps no order."
            )
        };
        found.push(Finding::new(Code::UdpReordered, text, late.into_iter().chain([by, event.frame])));
    }
    if let (Some(time), UdpPlace::Reply { request, .. }) =
        (facts.response_time.filter(|time| *time >= SLOW_RESPONSE), facts.place)
    {
        let network = match facts.seen {
            Some(CapturePoint::Server | CapturePoint::SameHost) => {
                "The network has no part in it: the program took this time."
            }
            Some(CapturePoint::Client | CapturePoint::Between) | None => {
                "The network's part is unknown: UDP has no handshake to compare it with."
            }
        };
        let text = format!(
            "The answer to frame {request} came after {} ({}). {network}",
            time.human(),
            captured_at(facts.seen)
        );
        found.push(Finding::new(Code::SlowServer, text, [request, event.frame]));
    }
}
