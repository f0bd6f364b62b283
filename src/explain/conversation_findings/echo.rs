//! What the answers were.

use super::in_frames;
use crate::echo::{EchoForm, EchoSeen};
use crate::explain::describe::made;
use crate::model::{Finding, FindingCode as Code, Occurrences};
use crate::model::{counted, thousands};
use crate::track::ConversationTotals;

pub(super) fn of(totals: &ConversationTotals, found: &mut Vec<Finding>) {
    let story = &totals.echo_story;
    story.forms.iter().for_each(|seen| came_back(seen, found));
    // nearly every conversation has none of these: their words are made when they are wanted
    let mut push = |code, sighting: &Occurrences, text: &dyn Fn(&str) -> String| {
        if sighting.count > 0 {
            found.push(Finding::new(code, text(&in_frames(sighting)), sighting.frames.iter().copied()));
        }
    };
    push(Code::SendsMerged, &story.merged, &|frames| {
        format!(
            "One answer covered {} segments of requests at once, {frames}: TCP is a byte stream and does not keep message boundaries.",
            story.most_merged
        )
    });
    if let Some(echo) = &totals.echo {
        push(Code::EchoDifferent, &story.different, &|frames| {
            format!("An answer was no echo of its request, {frames}.")
        });
        push(Code::EchoPartial, &story.partial, &|frames| {
            let (back, of) = (thousands(story.partial_back), thousands(story.partial_of));
            let whose = counted(story.partial_requests, "request");
            let so_far = if totals.may_go_on() { "as far as the capture was read, " } else { "" };
            format!("Only {back} of {of} bytes of {whose} came back, {so_far}{frames}.")
        });
        // a datagram without an answer has a finding of its own; a service whose other answers are no echoes owes none
        let rest = echo.pending_bytes.saturating_sub(story.partial_of.saturating_sub(story.partial_back));
        if totals.tcp.is_some() && story.different.count == 0 && echo.unanswered > 0 && rest > 0 {
            let within = if totals.may_go_on() { "as far as the capture was read" } else { "within the capture" };
            let text = format!("The last {rest} of the client's bytes were not echoed {within}.");
            found.push(Finding::new(Code::EchoPartial, text, [totals.last_frame]));
        }
    }
}

/// The requests that came back in one form: a finding for each thing that was made of them, the last of which says all.
fn came_back(seen: &EchoSeen, found: &mut Vec<Finding>) {
    let EchoSeen { form, repeated, .. } = *seen;
    let mut push = |code, form: EchoForm, over: &str| {
        let how = if form == EchoForm::IDENTICAL && over.is_empty() { " unchanged".to_owned() } else { made(form) };
        let text = format!("The server sent back the client's bytes{how}{over}, {}.", in_frames(&seen.seen));
        found.push(Finding::new(code, text, seen.seen.frames.iter().copied()));
    };
    let once = EchoForm { copies: 1, ..form };
    if once == EchoForm::IDENTICAL && !repeated {
        push(Code::EchoIdentical, once, "");
    }
    // where no request is counted, the answer that is repeated has told the rest
    let first = seen.requests > 0;
    if form.upper && first {
        push(Code::EchoUpper, EchoForm::UPPER, "");
    }
    if form.prefix > 0 && first {
        push(Code::EchoPrefixed, once, "");
    }
    if repeated {
        let over = match form.copies {
            ..2 => ", and a part of them again".to_owned(),
            times => format!(" {} times over", thousands(times.into())),
        };
        push(Code::EchoRepeated, once, &over);
    }
}
