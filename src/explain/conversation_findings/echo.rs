//! What the answers were.

use super::in_frames;
use crate::explain::finding::{Finding, FindingCode as Code};
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
    let text = format!("The server sent back the client's bytes {} times over.", story.times);
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
        // a datagram without an answer has a finding of its own
        if totals.tcp.is_some() && echo.unanswered > 0 && echo.pending_bytes > 0 {
            let text =
                format!("The last {} of the client's bytes were not echoed within the capture.", echo.pending_bytes);
            found.push(Finding::new(Code::EchoPartial, text, [totals.last_frame]));
        }
    }
}
