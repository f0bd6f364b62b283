//! recv() once, where the message came in several segments.

use super::case::{Case, EndpointCalls};
use super::{Advice, Proof};
use crate::model::{CallKind, FailedCall, FindingCode, counted};
use crate::report::transcript::{StreamFrame, TracedCall};

pub(super) const PARTIAL_RECEIVE: Advice = Advice { code: FindingCode::PartialReceive, found };

fn found(case: &Case<'_>) -> Vec<Proof> {
    case.tcp().filter_map(|end| of_end(end, case.other(end)?)).collect()
}

fn of_end(end: &EndpointCalls<'_>, peer: &EndpointCalls<'_>) -> Option<Proof> {
    let last = end.receives().last()?;
    // it had room for more: not its buffer, but what had arrived, was the limit
    let asked = last.call.call.trace.and_then(|trace| trace.asked)?;
    (asked > last.to - last.from).then_some(())?;
    let message = peer.sends().find(|sent| sent.from < last.to && last.to < sent.to)?;
    // it went on without the rest, by its own will
    let mut after = end.after(last.call.number).peekable();
    after.peek()?;
    if after.any(asks_for_more) {
        return None;
    }
    let carries = |seen: &&StreamFrame| seen.direction == peer.own && seen.len > 0 && !seen.idle;
    let first = end.stream.frames.iter().filter(carries).find(|seen| seen.from + seen.len == last.to)?;
    let rest =
        end.stream.frames.iter().filter(carries).find(|seen| seen.from == last.to && seen.frame > first.frame)?;
    let (who, other) = (end.who(), peer.who());
    let text = format!(
        "The {who} called recv() (call {}) and got {}, which end in the middle of a message: the {other} had sent {} with one send() (call {}). They came in frame {}, and the next of the message in frame {}; the {who} did not call recv() for them. TCP keeps no message boundaries: call recv() until the whole message has come.",
        last.call.number,
        counted(last.to - last.from, "byte"),
        counted(message.to - message.from, "byte"),
        message.call.number,
        first.frame,
        rest.frame
    );
    Some(Proof {
        stream: Some(end.stream.id),
        text,
        frames: vec![first.frame, rest.frame],
        calls: vec![message.call.number, last.call.number],
    })
}

/// The program wants the rest, and does not get it, or may be ended before it does.
fn asks_for_more(traced: &TracedCall) -> bool {
    matches!(
        traced.call.kind,
        CallKind::Waiting(FailedCall::Receive)
            | CallKind::Failed { call: FailedCall::Receive, .. }
            | CallKind::Peek(_)
            | CallKind::Killed
    )
}
