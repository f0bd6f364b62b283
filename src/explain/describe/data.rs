//! Sentences about payload: what was sent, what it echoes.

use super::super::quote;
use super::tcp::again;
use super::{Bytes, Frames, say, thousands};
use crate::echo::{Echo, EchoForm, EchoKind};
use crate::model::{Checksum, TcpFlags};
use crate::track::{Event, TcpFacts};

/// Describes the payload of a segment.
pub(super) fn sent(out: &mut String, event: &Event<'_>, facts: &TcpFacts, longest: usize) {
    let who = event.direction.sender();
    match (&facts.retransmission, &facts.echo) {
        (Some(repeat), _) => {
            let fresh = repeat.proof.fresh;
            let old = facts.len.saturating_sub(fresh);
            let separator = if repeat.is_retransmitted() { "" } else { "," };
            say!(out, who, " ", repeat.rule.effect.verb, " ", Bytes(old), separator, " ", again(repeat));
            if fresh > 0 {
                say!(out, "; ", Bytes(fresh), " behind them are new");
            }
        }
        (None, Some(echo)) => echoed(out, who, facts.len, echo),
        (None, None) => {
            say!(out, who, " sends ");
            payload(out, event, facts.len, longest);
        }
    }
    if let Some(checksum_note) = checksum_note(facts.checksum) {
        say!(out, "; ", checksum_note);
    }
    // a flag that is worth a word
    if facts.flags.contains(TcpFlags::URG) {
        say!(out, "; urgent data (URG)");
    }
}

/// Says that the captured bytes are not those that were sent, or were changed afterwards; the finding has the details.
pub(super) fn checksum_note(checksum: Checksum) -> Option<&'static str> {
    (checksum == Checksum::Invalid).then_some("its checksum is invalid")
}

/// `"Hello, world" (12 bytes)`, or just the size where the payload is no text, or may not be what was sent.
pub(super) fn payload(out: &mut String, event: &Event<'_>, len: u32, longest: usize) {
    let cut = (event.payload.len() as u64) < u64::from(len);
    if event.checksum() != Some(Checksum::Invalid) && quote::put(out, &event.payload, cut, longest) {
        say!(out, " (", Bytes(len), ")");
    } else {
        say!(out, Bytes(len));
    }
}

/// Describes the echo in an answer: `len` bytes of it in this packet.
pub(super) fn echoed(out: &mut String, who: &str, len: u32, echo: &Echo) {
    let (size, of) = (Bytes(len), Frames(echo.request));
    match echo.kind {
        EchoKind::Whole(form) if is_another_time(len, echo, form) => {
            say!(
                out,
                who,
                " echoes the ",
                Bytes(echo.bytes),
                " of ",
                of,
                transformation(form),
                " again: ",
                form.copies,
                " times so far"
            );
        }
        EchoKind::Whole(form) => came_back(out, who, &size, &of, echo, form),
        EchoKind::Partial => say!(out, who, " echoes only the first ", size, " of ", of),
        EchoKind::Different => say!(out, who, " answers ", of, " with ", size, " of its own"),
    }
}

/// Returns `true` if the packet itself repeats the whole request, as others did before it.
fn is_another_time(len: u32, echo: &Echo, form: EchoForm) -> bool {
    form.is_repeated() && echo.begins && echo.complete && len == echo.bytes.saturating_add(form.prefix.into())
}

fn came_back(out: &mut String, who: &str, size: &Bytes, of: &Frames, echo: &Echo, form: EchoForm) {
    let how = transformation(form);
    match (form.copies, echo.whole_copies(form)) {
        (copies, _) if echo.apart && echo.request.0 != echo.request.1 => {
            say!(out, who, " echoes the ", Bytes(echo.bytes), " of ", *of, ", each", how);
            if copies > 1 {
                say!(out, " ", copies, " times over");
            }
        }
        (..2, _) if form.prefix > 0 => say!(out, who, " echoes the ", Bytes(echo.bytes), " of ", *of, how),
        (..2, _) if echo.to_end && !echo.from_start => {
            say!(out, who, " echoes the last ", *size, " of ", *of, how);
        }
        (..2, _) if echo.complete => say!(out, who, " echoes the ", *size, how),
        (..2, _) if echo.to_end => say!(out, who, " echoes the ", *size, " of ", *of, how),
        (..2, _) => {
            let begun = Frames((echo.request.0, echo.reaches));
            let part = if echo.from_start { "the first" } else { "the next" };
            say!(out, who, " echoes ", part, " ", *size, " of ", begun, how, "; incomplete so far");
        }
        (_, ..2) => say!(out, who, " sends ", *size, ": ", *of, how, ", and the start of a second copy"),
        (_, times) => {
            say!(out, who, " sends ", *size, ": ", *of, how, ", repeated (", times, " copies so far)");
        }
    }
}

/// Describes the transformation of a request's bytes, except repetition: ` in upper case with a 6-byte prefix`.
pub(in crate::explain) fn transformation(form: EchoForm) -> String {
    let upper = if form.upper { " in upper case" } else { "" };
    match form.prefix {
        0 => upper.to_owned(),
        prefix => format!("{upper} with a {}-byte prefix", thousands(prefix.into())),
    }
}
