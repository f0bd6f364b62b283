//! Several small sends where one would do: Nagle's algorithm holds back all but the first.

use super::case::{Case, EndpointCalls};
use super::{Advice, Proof};
use crate::model::{CallKind, Direction, FindingCode};
use crate::report::transcript::StreamFrame;
use crate::track::CapturePoint;

pub(super) const SMALL_WRITES: Advice = Advice { code: FindingCode::SmallWrites, found };

fn found(case: &Case<'_>) -> Vec<Proof> {
    case.tcp().filter_map(of_end).collect()
}

/// The first such send of an end.
fn of_end(end: &EndpointCalls<'_>) -> Option<Proof> {
    let held = |seen: &&StreamFrame| seen.direction == end.own && seen.shows == Some(FindingCode::NagleWait);
    let frame = end.stream.frames.iter().find(held)?;
    let sent = end.sends().find(|sent| sent.from <= frame.from && frame.from < sent.to)?;
    let place = end.calls.iter().position(|traced| traced.number == sent.call.number)?;
    let before = place.checked_sub(1).and_then(|place| end.calls.get(place))?;
    matches!(before.call.kind, CallKind::Send(1..)).then_some(())?;
    let at_sender = match end.stream.capture_point? {
        CapturePoint::SameHost => true,
        CapturePoint::Client => end.own == Direction::ClientToServer,
        CapturePoint::Server => end.own == Direction::ServerToClient,
        CapturePoint::Between => false,
    };
    let waited = frame.time.filter(|time| at_sender && *time > sent.call.call.time);
    let waited = waited.map_or_else(String::new, |time| format!(" for {}", time.since(sent.call.call.time).human()));
    let who = end.who();
    let text = format!(
        "The {who} called send() (call {}) and send() again (call {}), without recv() between them. Nagle's algorithm held the second back{waited} until the first was acknowledged (frame {}). Send a message with one call, or set TCP_NODELAY.",
        before.number, sent.call.number, frame.frame
    );
    let frames = before.frames.first().copied().into_iter().chain([frame.frame]).collect();
    Some(Proof { stream: Some(end.stream.id), text, frames, calls: vec![before.number, sent.call.number] })
}
