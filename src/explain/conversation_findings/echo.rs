//! What the answers were.

use super::in_frames;
use crate::explain::finding::{Finding, FindingCode as Code};
use crate::model::{counted, thousands};
use crate::track::ConversationTotals;

pub(super) fn of(totals: &ConversationTotals, found: &mut Vec<Finding>) {
    let story = &totals.echo_story;
    let mut push = |code, sighting: &crate::track::Sighting, text: String| {
        if sighting.count > 0 {
            found.push(Finding::new(code, text, sighting.frames.iter().copied()));
        }
    };
    let frames = in_frames(&story.identical);
    push(
        Code::EchoIdentical,
        &story.identical,
        format!("The server sent back the client's bytes unchanged, {frames}."),
    );
    let frames = in_frames(&story.upper);
    push(Code::EchoUpper, &story.upper, format!("The server sent back the client's bytes in upper case, {frames}."));
    let frames = in_frames(&story.prefixed);
    let text =
        format!("The server sent back the client's bytes behind a prefix of {} bytes, {frames}.", story.prefix_len);
    push(Code::EchoPrefixed, &story.prefixed, text);
    let text = match story.times {
        ..2 => "The server sent back the client's bytes, and a part of them again.".to_owned(),
        times => format!("The server sent back the client's bytes {times} times over."),
    };
    push(Code::EchoRepeated, &story.repeated, text);
    let text = format!(
        "One answer covered {} segments of requests at once, {}: TCP is a stream of bytes and keeps no message borders.",
        story.most_merged,
        in_frames(&story.merged)
    );
    push(Code::SendsMerged, &story.merged, text);
    if let Some(echo) = &totals.echo {
        let frames = in_frames(&story.different);
        push(Code::EchoDifferent, &story.different, format!("An answer was no echo of its request, {frames}."));
        let (back, of) = (thousands(story.partial_back), thousands(story.partial_of));
        let (whose, frames) = (counted(story.partial.count, "request"), in_frames(&story.partial));
        let so_far = if totals.may_go_on() { "as far as the capture was read, " } else { "" };
        let text = format!("Only {back} of {of} bytes of {whose} came back, {so_far}{frames}.");
        push(Code::EchoPartial, &story.partial, text);
        // a datagram without an answer has a finding of its own
        let rest = echo.pending_bytes.saturating_sub(story.partial_of.saturating_sub(story.partial_back));
        if totals.tcp.is_some() && echo.unanswered > story.partial.count && rest > 0 {
            let within = if totals.may_go_on() { "as far as the capture was read" } else { "within the capture" };
            let text = format!("The last {rest} of the client's bytes were not echoed {within}.");
            found.push(Finding::new(Code::EchoPartial, text, [totals.last_frame]));
        }
    }
}
