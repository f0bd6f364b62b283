//! Sentences about payload: what was sent, what it echoes.

use super::super::quote::quoted;
use super::tcp::again;
use super::{bytes, frames, joined};
use crate::echo::{Echo, EchoForm, EchoKind};
use crate::model::{Checksum, TcpFlags};
use crate::track::{Event, TcpFacts};

/// What a segment's payload is.
pub(super) fn sent(event: &Event<'_>, facts: &TcpFacts) -> String {
    let who = event.direction.sender();
    if let Some(repeat) = &facts.retransmission {
        let fresh = repeat.proof.fresh;
        let old = facts.len.saturating_sub(fresh);
        let separator = if repeat.is_retransmitted() { "" } else { "," };
        let verb = repeat.rule.effect.verb;
        return joined([
            Some(format!("{who} {verb} {}{separator} {}", bytes(old), again(repeat))),
            (fresh > 0).then(|| format!("{} behind them are new", bytes(fresh))),
            marks(facts),
        ]);
    }
    let what = match &facts.echo {
        Some(echo) => echoed(who, facts.len, echo),
        None => format!("{who} sends {}", payload(event, facts.len)),
    };
    joined([Some(what), marks(facts)])
}

/// Flags worth a word beside the sentence, and a checksum.
fn marks(facts: &TcpFacts) -> Option<String> {
    let urgent = facts.flags.contains(TcpFlags::URG).then(|| "marked urgent".to_owned());
    Some(joined([misfit(facts.checksum), urgent])).filter(|marks| !marks.is_empty())
}

/// That what was captured is not what was sent, or was changed afterwards; the finding says more.
pub(super) fn misfit(checksum: Checksum) -> Option<String> {
    (checksum == Checksum::Invalid).then(|| "its checksum does not fit".to_owned())
}

/// `"Hello, world" (12 bytes)`, or just the size where the payload is no text, or may not be what was sent.
pub(super) fn payload(event: &Event<'_>, len: u32) -> String {
    if event.checksum() == Some(Checksum::Invalid) {
        return bytes(len);
    }
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
        EchoKind::Whole(form) => came_back(who, &size, &of, echo, form),
        EchoKind::Partial => format!("{who} echoes only the first {size} of {of}"),
        EchoKind::Different => format!("{who} answers {of} with {size} of its own"),
    }
}

fn came_back(who: &str, size: &str, of: &str, echo: &Echo, form: EchoForm) -> String {
    let how = made(form);
    match (form.copies, echo.whole_copies(form)) {
        (copies, _) if echo.apart && echo.request.0 != echo.request.1 => {
            let over = if copies > 1 { format!(" {copies} times over") } else { String::new() };
            format!("{who} echoes the {} of {of} back, each{how}{over}", bytes(echo.bytes))
        }
        (..2, _) if form.prefix > 0 => format!("{who} echoes the {} of {of} back{how}", bytes(echo.bytes)),
        (..2, _) if echo.to_end && !echo.from_start => format!("{who} echoes the last {size} of {of} back{how}"),
        (..2, _) if echo.complete => format!("{who} echoes the {size} back{how}"),
        (..2, _) if echo.to_end => format!("{who} echoes the {size} of {of} back{how}"),
        (..2, _) => {
            let begun = frames((echo.request.0, echo.reaches));
            format!("{who} echoes {size} of {begun} back{how}, not all so far")
        }
        (_, ..2) => format!("{who} sends {size}: {of} back{how}, and on from the beginning again"),
        (_, times) => format!("{who} sends {size}: {of}{how} over and over, {times} times so far"),
    }
}

/// What was made of a request's bytes, but for repetition: ` in upper case behind a prefix of 6 bytes`.
pub(in crate::explain) fn made(form: EchoForm) -> String {
    let upper = if form.upper { " in upper case" } else { "" };
    match form.prefix {
        0 => upper.to_owned(),
        prefix => format!("{upper} behind a prefix of {}", bytes(prefix.into())),
    }
}
