//! Findings about the content of answers.

use super::in_frames;
use crate::echo::{EchoForm, EchoOccurrences};
use crate::explain::describe::transformation;
use crate::model::{FindingCode as Code, FindingSink, Occurrences, counted, thousands};
use crate::track::{Close, ConversationTotals};

pub(super) fn of(totals: &ConversationTotals, found: &mut impl FindingSink) {
    let log = &totals.echo_log;
    log.forms.iter().for_each(|seen| came_back(seen, found));
    push(Code::SendsMerged, &log.merged, found, || {
        format!(
            "One answer covered {} segments of requests at once, {}: TCP is a byte stream and does not keep message boundaries.",
            log.most_merged,
            in_frames(&log.merged)
        )
    });
    if let Some(echo) = &totals.echo {
        push(Code::EchoDifferent, &log.different, found, || {
            format!("An answer was not an echo of its request, {}.", in_frames(&log.different))
        });
        push(Code::EchoPartial, &log.partial, found, || {
            let (back, of) = (thousands(log.partial_back), thousands(log.partial_of));
            let (whose, frames) = (counted(log.partial_requests, "request"), in_frames(&log.partial));
            let so_far = if totals.may_go_on() { "as far as the capture was read, " } else { "" };
            format!("Only {back} of {of} bytes of {whose} came back, {so_far}{frames}.")
        });
        // a datagram without an answer has a finding of its own; a service whose other answers are no echoes owes none
        let rest = echo.pending_bytes.saturating_sub(log.partial_of.saturating_sub(log.partial_back));
        if totals.tcp.is_some() && log.different.count == 0 && echo.unanswered > 0 && rest > 0 {
            let is_closed = totals.tcp.as_ref().is_some_and(|tcp| tcp.close == Close::Fin);
            let text = || match (totals.may_go_on(), is_closed) {
                (true, _) => {
                    format!("The last {rest} of the client's bytes were not echoed as far as the capture was read.")
                }
                (false, true) => format!("Both sides closed without an echo of the client's last {rest} bytes."),
                (false, false) => format!("The last {rest} of the client's bytes were not echoed within the capture."),
            };
            found.add(Code::EchoPartial, [totals.last_frame], text);
        }
    }
}

/// A finding of what was seen at least once.
fn push(code: Code, seen: &Occurrences, found: &mut impl FindingSink, text: impl FnOnce() -> String) {
    if seen.count > 0 {
        found.add(code, seen.frames.iter().copied(), text);
    }
}

/// The requests that came back in one form: a finding for each thing that was made of them, the last of which says all.
fn came_back(seen: &EchoOccurrences, found: &mut impl FindingSink) {
    let EchoOccurrences { form, repeated, .. } = *seen;
    let mut push = |code, form: EchoForm, over: &str| {
        found.add(code, seen.seen.frames.iter().copied(), || {
            let how = if form == EchoForm::IDENTICAL && over.is_empty() {
                " unchanged".to_owned()
            } else {
                transformation(form)
            };
            format!("The server sent back the client's bytes{how}{over}, {}.", in_frames(&seen.seen))
        });
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
