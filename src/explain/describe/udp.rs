//! Sentences about datagrams.

use super::data::{checksum_note, echoed, payload};
use super::{Bytes, say};
use crate::echo::PairedBy;
use crate::track::{Event, UdpFacts, UdpPlace};

pub(super) fn sentence(out: &mut String, event: &Event<'_>, facts: &UdpFacts, longest: usize) {
    let who = event.direction.sender();
    match (facts.place, &facts.echo) {
        (UdpPlace::CapturedTwice(first), _) => say!(out, "the packet of frame ", first, ", captured twice"),
        (UdpPlace::Duplicate(first), _) => say!(out, "duplicate of the datagram in frame ", first),
        (_, Some(echo)) => echoed(out, who, facts.len, echo),
        (place, None) => {
            say!(out, who, " sends ");
            payload(out, event, facts.len, longest);
            pairing(out, place);
        }
    }
    match (facts.place, &facts.echo) {
        (UdpPlace::Reply { sure: false, by, .. }, _) => say!(out, "; ", unsure(by)),
        (UdpPlace::Stray(id), _) => {
            say!(out, "; ", format!("no request that waits for its answer has its transaction ID 0x{id:04x}"));
        }
        _ => {}
    }
    if let Some(before) = facts.same_as {
        say!(out, "; length and checksum as in frame ", before, ", which it may be again");
    }
    if facts.lacking > 0 {
        say!(out, "; its Length field counts ", Bytes(facts.lacking.into()), " that the packet does not hold");
    }
    if let Some(checksum_note) = checksum_note(facts.checksum) {
        say!(out, "; ", if facts.checksum_raw == 0 { "it has no checksum" } else { checksum_note });
    }
    if let Some(time) = facts.response_time {
        say!(out, "; after ", time);
    }
    if event.ip.fragments > 1 {
        say!(out, "; in ", u64::from(event.ip.fragments), " IP fragments");
    }
}

/// Describes the request of an answer that does not echo it.
fn pairing(out: &mut String, place: UdpPlace) {
    match place {
        UdpPlace::ReplyElsewhere(request) if request.is_ambiguous() => {
            let ((first, last), server) = (request.requests, request.server.to_string());
            say!(out, ", in answer to one of the requests in frames ", first, " to ", last, ", sent to ", server);
        }
        UdpPlace::ReplyElsewhere(request) => {
            let server = request.server.to_string();
            say!(out, ", in answer to frame ", request.frame, ", which was sent to ", server);
        }
        UdpPlace::Reply { request, by: PairedBy::DnsId(id), sure: true } => {
            let id = format!("0x{id:04x}");
            say!(out, " in answer to frame ", request, ", which has its transaction ID ", id);
        }
        UdpPlace::Reply { request, sure: true, .. } => say!(out, ", the next datagram after frame ", request),
        _ => {}
    }
}

/// Says that the request of an answer is unknown.
fn unsure(by: PairedBy) -> String {
    match by {
        PairedBy::Echo => "several requests had these bytes, and which of them this answers is unknown".to_owned(),
        PairedBy::DnsId(id) => {
            format!("several requests had its transaction ID 0x{id:04x}, and which of them this answers is unknown")
        }
        PairedBy::Turn => {
            "several requests were unanswered, and which of them this answers, if any, is unknown".to_owned()
        }
    }
}
