//! Sentences about payload: what was sent, what it echoes.

use super::super::quote::quoted;
use super::tcp::{again, marks};
use super::{bytes, frames, joined};
use crate::track::{Echo, EchoKind, Event, TcpFacts};

/// What a segment's payload is.
pub(super) fn sent(event: &Event<'_>, facts: &TcpFacts) -> String {
    let who = event.direction.sender();
    if let Some(repeat) = &facts.repeat {
        return joined([Some(format!("{who} sends {}, {}", bytes(facts.len), again(repeat))), marks(facts)]);
    }
    let what = match &facts.echo {
        Some(echo) => echoed(who, facts.len, echo),
        None => format!("{who} sends {}", payload(event, facts.len)),
    };
    joined([Some(what), marks(facts)])
}

/// `"Hello, world" (12 bytes)`, or just the size where the payload is no text.
pub(super) fn payload(event: &Event<'_>, len: u32) -> String {
    let cut = (event.payload.len() as u64) < u64::from(len);
    match quoted(&event.payload, cut) {
        Some(text) => format!("{text} ({})", bytes(len)),
        None => bytes(len),
    }
}

/// What an answer echoes, `len` bytes of it in this packet.
pub(super) fn echoed(who: &str, len: u32, echo: &Echo) -> String {
    let size = bytes(len);
    let of = frames(echo.request);
    match echo.kind {
        EchoKind::Identical if echo.complete => format!("{who} echoes the {size} back"),
        EchoKind::Identical => format!("{who} echoes {size} of {of} back, not all so far"),
        EchoKind::Upper if echo.complete => format!("{who} echoes the {size} back in upper case"),
        EchoKind::Upper => format!("{who} echoes {size} of {of} back in upper case, not all so far"),
        EchoKind::Prefixed(prefix) => {
            format!(
                "{who} echoes the {} of {of} behind a prefix of {}",
                bytes(len.saturating_sub(prefix)),
                bytes(prefix)
            )
        }
        EchoKind::Repeated(..2) => format!("{who} sends {size}: {of} back, and on from the beginning again"),
        EchoKind::Repeated(times) => format!("{who} sends {size}: {of} over and over, {times} times so far"),
        EchoKind::Partial => format!("{who} echoes only the first {size} of {of}"),
        EchoKind::Different => format!("{who} answers {of} with {size} of its own"),
    }
}
