//! Keep-alives, and whether they were answered.

use super::times;
use crate::model::Direction;
use crate::model::{Finding, FindingCode as Code};
use crate::track::TcpTotals;

pub(super) fn of(tcp: &TcpTotals, found: &mut Vec<Finding>) {
    let Some(keep_alives) = tcp.story.keep_alives.as_deref() else { return };
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let kept = keep_alives.get(direction);
        let answer = match (kept.asked.count, kept.answered) {
            (0, _) => continue,
            (_, answered) if kept.reset.is_some() => was_reset(answered, kept.reset.unwrap_or_default()),
            (_, 0) => "got no answer in this capture".to_owned(),
            (1, _) => "got an answer".to_owned(),
            (asked, answered) if asked == answered => "got an answer each time".to_owned(),
            (_, answered) => format!("got an answer {}", times(answered)),
        };
        let text = format!(
            "The {} asked {} whether the {} was still there, when nothing else had been sent for up to {}, and {answer}.",
            direction.sender(),
            times(kept.asked.count),
            direction.receiver(),
            kept.silence.human()
        );
        found.push(Finding::new(Code::KeepAlive, text, kept.asked.frames.iter().copied().chain(kept.reset)));
    }
}

/// That the last keep-alive was answered by a RST.
fn was_reset(answered: u64, reset: u64) -> String {
    match answered {
        0 => format!("was answered by RST (frame {reset})"),
        answered => format!("got an answer {}; the last was answered by RST (frame {reset})", times(answered)),
    }
}
