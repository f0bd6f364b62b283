//! Windows that were full or shut.

use super::{in_frames, times};
use crate::model::thresholds::NOTICEABLE_ZERO_WINDOW;
use crate::model::{Direction, Nanos};
use crate::model::{Finding, FindingCode as Code};
use crate::track::{ConversationTotals, StillZeroWindow, TcpTotals};

pub(super) fn of(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut Vec<Finding>) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let filled = tcp.story.window_filled.get(direction);
        if filled.count > 0 {
            let text = format!(
                "The {} filled the {}'s window to the last byte {} and had to wait for an ACK or a window update.",
                direction.sender(),
                direction.receiver(),
                in_frames(filled)
            );
            found.push(Finding::new(Code::WindowLimited, text, filled.frames.iter().copied()));
        }
        let shut = tcp.story.zero_window.get(direction);
        if shut.shut.count > 0 {
            let blocked =
                if shut.opened.count > 0 { format!(" for {} altogether", shut.blocked.human()) } else { String::new() };
            let end = if totals.may_go_on() { "As far as the capture was read" } else { "At the end" };
            let still = tcp.story.still_zero_window.get(direction).as_ref();
            let ends = still.map_or([0; 2], |still| [still.last.0, still.reset.map_or(0, |(frame, _)| frame)]);
            let still = match still {
                Some(still @ StillZeroWindow { reset: Some(_), .. }) => format!(" {}", never_opened(still)),
                Some(still) => format!(" {end} it is still shut, {}.", since(still)),
                None => String::new(),
            };
            let probes = match shut.probes.count {
                0 => String::new(),
                count => format!(" The {} asked {} whether it had opened.", direction.receiver(), times(count)),
            };
            let short = shut.blocked < NOTICEABLE_ZERO_WINDOW && shut.probes.count == 0 && still.is_empty();
            let why = if short { "read more slowly than bytes came" } else { "stopped reading" };
            let text = format!(
                "The {}'s program {why}: its window was shut {}{blocked}.{probes}{still}",
                direction.sender(),
                times(shut.shut.count),
            );
            let frames = shut.shut.frames.iter().chain(&shut.opened.frames).chain(&shut.probes.frames).chain(&ends);
            found.push(Finding::new(Code::ZeroWindow, text, frames.copied()));
        }
    }
}

/// That a window did not open before a RST ended the connection, with how long its sender was blocked.
pub(in crate::explain) fn never_opened(still: &StillZeroWindow) -> String {
    let (by, last) = (still.by.0, still.last.0);
    let Some((reset, at)) = still.reset else { return String::new() };
    let said = match after(still, still.last.1) {
        Some(later) if last > by => format!("frame {last} still says 0, {later} later, and "),
        _ => String::new(),
    };
    let ended = after(still, at).map_or_else(String::new, |later| format!(" {later} after frame {by}"));
    format!("Shut in frame {by}, it did not open again: {said}the RST in frame {reset} ended the connection{ended}.")
}

/// `since frame 65, for at least 3.16 s (frame 73 still says 0)`.
pub(in crate::explain) fn since(still: &StillZeroWindow) -> String {
    let (by, last) = (still.by.0, still.last.0);
    match after(still, still.last.1) {
        Some(later) if last > by => format!("since frame {by}, for at least {later} (frame {last} still says 0)"),
        _ => format!("since frame {by}"),
    }
}

/// How long after the window was shut this was.
fn after(still: &StillZeroWindow, at: Option<Nanos>) -> Option<String> {
    at.zip(still.by.1).map(|(at, by)| at.minus(by).human().to_string())
}
