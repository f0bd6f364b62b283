//! Windows that were full or shut.

use super::{in_frames, times};
use crate::explain::finding::{Finding, FindingCode as Code};
use crate::model::{Direction, Nanos};
use crate::track::{ConversationTotals, TcpTotals};

/// A window that is shut for less belongs to a program that is at work.
const NOTICED: Nanos = Nanos::from_millis(10);

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
            let still = match tcp.story.still_shut.get(direction) {
                Some(frame) => format!(" {end} it is still shut, since frame {frame}."),
                None => String::new(),
            };
            let probes = match shut.probes.count {
                0 => String::new(),
                count => format!(" The {} asked {} whether it had opened.", direction.receiver(), times(count)),
            };
            let short = shut.blocked < NOTICED && shut.probes.count == 0 && still.is_empty();
            let why = if short { "read more slowly than bytes came" } else { "stopped reading" };
            let text = format!(
                "The {}'s program {why}: its window was shut {}{blocked}.{probes}{still}",
                direction.sender(),
                times(shut.shut.count),
            );
            let frames = shut.shut.frames.iter().chain(&shut.opened.frames).chain(&shut.probes.frames);
            found.push(Finding::new(Code::ZeroWindow, text, frames.copied()));
        }
    }
}
