//! The emulated link's treatment of a frame, in words. The link is echolab's own: this is knowledge, not inference.

use crate::model::{Finding, FindingCode as Code};
use crate::model::{WireAnnotation, WireCause, WireEffect};

/// The finding on a frame that a wire did something to.
pub(super) fn finding(mark: &WireAnnotation) -> Finding {
    let (sender, receiver) = (mark.direction.sender(), mark.direction.receiver());
    let why = why(&mark.cause);
    // where the packet is in the other capture
    let there = frames(&mark.there, if mark.before { receiver } else { sender });
    let (code, text) = match (mark.effect, mark.before) {
        (WireEffect::Dropped, _) if mark.cause == WireCause::UnderWay => {
            (Code::WireDropped, format!("Still in transit when the session ended: the {receiver} did not receive it."))
        }
        (WireEffect::Dropped, _) => (
            Code::WireDropped,
            format!("Dropped by the lab's link ({why}): the {sender} sent it, but the {receiver} did not receive it."),
        ),
        (WireEffect::LostBefore, _) => {
            (Code::WireDropped, format!("The lab's link had dropped data that the {sender} sent before this ({why})."))
        }
        (WireEffect::Corrupted(byte), true) => (
            Code::WireCorrupted,
            format!(
                "Corrupted by the lab's link ({why}): it left whole, as here, and byte {byte} of the frame had changed when it reached the {receiver}{}.",
                said(", as ", &there)
            ),
        ),
        (WireEffect::Corrupted(byte), false) => (
            Code::WireCorrupted,
            format!(
                "Corrupted by the lab's link ({why}): byte {byte} of the frame has changed; it had left the {sender} whole{}.",
                said(", as ", &there)
            ),
        ),
        (WireEffect::Duplicated, true) => (
            Code::WireDuplicated,
            format!("Duplicated by the lab's link ({why}): sent once, received twice{}.", said(", as ", &there)),
        ),
        (WireEffect::Duplicated, false) => (
            Code::WireDuplicated,
            format!("Duplicated by the lab's link ({why}): the {sender} sent it once{}.", said(", as ", &there)),
        ),
        (WireEffect::Marked, true) => (
            Code::WireMarked,
            format!(
                "Marked by the lab's link ({why}): it reached the {receiver} with congestion experienced (RFC 3168){}.",
                said(", as ", &there)
            ),
        ),
        (WireEffect::Marked, false) => (
            Code::WireMarked,
            format!(
                "Marked by the lab's link ({why}): it had left the {sender} without the mark of congestion (RFC 3168){}.",
                said(", as ", &there)
            ),
        ),
        (WireEffect::Reordered, true) => (
            Code::WireReordered,
            format!(
                "Reordered by the lab's link ({why}): it reached the {receiver} after a packet that was sent later{}.",
                said(", as ", &there)
            ),
        ),
        (WireEffect::Reordered, false) => (
            Code::WireReordered,
            format!(
                "Reordered by the lab's link ({why}): the {sender} had sent it before a packet that came first{}.",
                said(", as ", &there)
            ),
        ),
        (WireEffect::Delayed(time), true) => (
            Code::WireDelayed,
            format!(
                "Delayed by the lab's link for {} ({why}){}.",
                time.human(),
                said("; it reached the other end as ", &there)
            ),
        ),
        (WireEffect::Delayed(time), false) => (
            Code::WireDelayed,
            format!("Delayed by the lab's link for {} ({why}){}.", time.human(), said("; it had left as ", &there)),
        ),
    };
    let text = if mark.fragment { of_fragment(mark, &text) } else { text };
    Finding::new(code, text, mark.here.iter().copied())
}

/// The same of a fragment, which is no step: it is reported with its reassembled packet.
fn of_fragment(mark: &WireAnnotation, text: &str) -> String {
    let numbers: Vec<_> = mark.here.iter().map(u64::to_string).collect();
    let plural = if numbers.len() == 1 { "" } else { "s" };
    let lost =
        if mark.effect == WireEffect::Dropped { " Without it the packet cannot be reassembled there." } else { "" };
    format!("A fragment (frame{plural} {}): {text}{lost}", numbers.join(" and "))
}

/// Says that data sent before a frame was lost: `the rule …`, and its frame in the other capture.
pub(super) fn lost_before(mark: &WireAnnotation) -> String {
    let there = frames(&mark.there, mark.direction.sender());
    format!("{}{}", why(&mark.cause), said("; ", &there))
}

fn why(cause: &WireCause) -> String {
    match cause {
        WireCause::Rule(rule) => format!("the rule `{rule}`"),
        WireCause::Chance => "by chance".to_owned(),
        WireCause::QueueFull => "more was sent than its rate and queue can take".to_owned(),
        WireCause::UnderWay => "the session ended".to_owned(),
    }
}

/// `frame 4 of the capture at the client`, or nothing.
fn frames(frames: &[u64], host: &str) -> String {
    let numbers: Vec<_> = frames.iter().map(u64::to_string).collect();
    match numbers.len() {
        0 => String::new(),
        1 => format!("frame {} of the capture at the {host}", numbers.concat()),
        _ => format!("frames {} of the capture at the {host}", numbers.join(" and ")),
    }
}

/// `words` if there are any, behind `before`.
fn said(before: &str, words: &str) -> String {
    if words.is_empty() { String::new() } else { format!("{before}{words}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Direction, Nanos};

    fn text(effect: WireEffect, before: bool, there: &[u64]) -> String {
        let cause = WireCause::Rule("drop data 1".to_owned());
        let direction = Direction::ClientToServer;
        let mark =
            WireAnnotation { effect, cause, direction, before, fragment: false, here: vec![4], there: there.to_vec() };
        finding(&mark).text.into_owned()
    }

    #[test]
    fn lost_fragment_is_named_with_its_effect() {
        let cause = WireCause::Chance;
        let direction = Direction::ClientToServer;
        let mark = WireAnnotation {
            effect: WireEffect::Dropped,
            cause,
            direction,
            before: true,
            fragment: true,
            here: vec![2],
            there: vec![],
        };
        let text = finding(&mark).text;
        assert!(
            text.starts_with("A fragment (frame 2): Dropped by the lab's link") && text.contains("Without it"),
            "{text}"
        );
    }

    #[test]
    fn each_link_event_is_reported_in_both_captures_with_their_frames() {
        for (told, parts) in [
            (
                text(WireEffect::Dropped, true, &[]),
                ["Dropped by the lab's link (the rule `drop data 1`)", "but the server did not receive it"],
            ),
            (
                text(WireEffect::Corrupted(60), true, &[5]),
                ["byte 60", "reached the server, as frame 5 of the capture at the server."],
            ),
            (
                text(WireEffect::Corrupted(60), false, &[5]),
                ["byte 60", "left the client whole, as frame 5 of the capture at the client."],
            ),
            (
                text(WireEffect::Duplicated, true, &[5, 6]),
                ["received twice", "as frames 5 and 6 of the capture at the server."],
            ),
            (text(WireEffect::Duplicated, false, &[]), ["the client sent it once", "once."]),
            (text(WireEffect::Reordered, true, &[]), ["Reordered", "sent later."]),
            (text(WireEffect::Reordered, false, &[3]), ["came first", "as frame 3 of the capture at the client."]),
            (
                text(WireEffect::Delayed(Nanos::from_millis(50)), true, &[3]),
                ["50.0 ms", "as frame 3 of the capture at the server."],
            ),
            (text(WireEffect::Delayed(Nanos::from_millis(50)), false, &[]), ["Delayed", "(the rule `drop data 1`)."]),
        ] {
            assert!(parts.iter().all(|part| told.contains(part)), "{told}");
        }
    }
}
