//! send() takes only a part of the bytes, and its result is ignored.

use super::case::{Case, EndpointCalls};
use super::{Advice, Proof};
use crate::model::{CallKind, FailedCall, FindingCode, counted, thousands};

pub(super) const SHORT_WRITE: Advice = Advice { code: FindingCode::ShortWrite, found };

fn found(case: &Case<'_>) -> Vec<Proof> {
    case.tcp().filter_map(|end| of_end(end, case.other(end)?)).collect()
}

fn of_end(end: &EndpointCalls<'_>, peer: &EndpointCalls<'_>) -> Option<Proof> {
    let last = end.sends().last()?;
    let asked = last.call.call.trace.and_then(|trace| trace.asked)?;
    let took = last.to - last.from;
    (took < asked).then_some(())?;
    let tries = |kind: &CallKind| {
        matches!(
            kind,
            CallKind::Waiting(FailedCall::Send) | CallKind::Failed { call: FailedCall::Send, .. } | CallKind::Killed
        )
    };
    let mut after = end.after(last.call.number).peekable();
    let next = *after.peek()?;
    // what was sent has arrived and was read, so there was room for the rest
    let read = peer.receives().last().is_some_and(|received| received.to == last.to);
    let continued_after_reset = matches!(
        next.call.kind,
        CallKind::Receive(_) | CallKind::EndOfStream | CallKind::Shutdown | CallKind::Close | CallKind::Exit
    );
    if !read || !continued_after_reset || after.any(|traced| tries(&traced.call.kind)) {
        return None;
    }
    let who = end.who();
    let text = format!(
        "The {who}'s send() (call {}) took {} of {} bytes, and the {who} did not send the other {}: they never left it. Check the result of send() and send the rest, or use a call that does (sendall() in Python).",
        last.call.number,
        thousands(took),
        thousands(asked),
        counted(asked - took, "byte")
    );
    let frames = last.call.frames.last().copied().into_iter().collect();
    Some(Proof { stream: Some(end.stream.id), text, frames, calls: vec![last.call.number, next.number] })
}
