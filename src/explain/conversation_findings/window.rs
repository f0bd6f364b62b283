//! Windows that were full or zero.

use super::{in_frames, times};
use crate::model::thresholds::NOTICEABLE_ZERO_WINDOW;
use crate::model::{Direction, Nanos};
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{ConversationTotals, Measures, StillZeroWindow, TcpTotals, ZeroWindowStretch};

pub(super) fn of(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut impl FindingSink) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let filled = tcp.summary.rare().window_filled.get(direction);
        if filled.count > 0 {
            let text = format!(
                "The {} filled the {}'s window to the last byte {}: it could send no more until an ACK or a window update.",
                direction.sender(),
                direction.receiver(),
                in_frames(filled)
            );
            found.push(Finding::new(Code::WindowLimited, text, filled.frames.iter().copied()));
        }
        let zero = tcp.summary.rare().zero_window.get(direction);
        let Some(how) = zero.how.filter(|_| zero.closings.count > 0) else { continue };
        let (who, peer) = (direction.sender(), direction.receiver());
        let blocked =
            if zero.opened.count > 0 { format!(" for {} in total", zero.blocked.human()) } else { String::new() };
        let end = if totals.may_go_on() { "As far as the capture was read" } else { "At the end" };
        let still = tcp.summary.rare().still_zero_window.get(direction).as_ref();
        let ends = still.map_or([0; 2], |still| [still.last.0, still.reset.map_or(0, |(frame, _)| frame)]);
        let still = match still {
            Some(still @ StillZeroWindow { reset: Some(_), .. }) => format!(" {}", never_opened(still)),
            Some(still) => format!(" {end} it is still zero, {}.", since(still)),
            None => String::new(),
        };
        let probes = match (zero.probes.count, zero.answered) {
            (0, _) => String::new(),
            (count, 0) => format!(" The {peer} probed it {}, and got no answer.", times(count)),
            (count, _) => format!(" The {peer} probed it {}.", times(count)),
        };
        let short = zero.blocked < NOTICEABLE_ZERO_WINDOW && zero.probes.count == 0 && still.is_empty();
        // where its own packets are captured, an update would be
        let point = totals.capture_point_evidence().capture_point;
        let sees_updates = Measures::of(point, direction) == Measures::RoundTrip;
        let update_may_be_lost = zero.opened_by_answer > 0 && !sees_updates;
        let why = (how.rule.effect.reason_of_all)(ZeroWindowStretch { short, update_may_be_lost });
        let peers = tcp.summary.rare().still_zero_window.get(!direction).as_ref();
        let stuck = match tcp.summary.rare().still_zero_window.get(direction).as_ref().zip(peers) {
            Some((own, peers)) if own.reset.is_some() || peers.reset.is_some() => {
                format!(" The {peer}'s window was zero as well: each program waited until the other read.")
            }
            Some(_) => format!(" The {peer}'s window is zero as well: each program waits until the other reads."),
            None => String::new(),
        };
        let text = format!(
            "The {who}'s window was zero {}{blocked}: {why}.{probes}{still}{stuck}",
            times(zero.closings.count)
        );
        let frames = zero.closings.frames.iter().chain(&zero.opened.frames).chain(&zero.probes.frames).chain(&ends);
        found.push(Finding::new(Code::ZeroWindow, text, frames.copied()));
    }
}

/// Says that a window did not reopen before a RST ended the connection, and for how long the sender was blocked.
pub(in crate::explain) fn never_opened(still: &StillZeroWindow) -> String {
    let (by, last) = (still.by.0, still.last.0);
    let Some((reset, at)) = still.reset else { return String::new() };
    let said = match after(still, still.last.1) {
        Some(later) if last > by => format!("frame {last} still advertises 0, {later} later, and "),
        _ => String::new(),
    };
    let ended = after(still, at).map_or_else(String::new, |later| format!(" {later} after frame {by}"));
    format!("Closed in frame {by}, it did not reopen: {said}the RST in frame {reset} ended the connection{ended}.")
}

/// `since frame 65, for at least 3.16 s (frame 73 still says 0)`.
pub(in crate::explain) fn since(still: &StillZeroWindow) -> String {
    let (by, last) = (still.by.0, still.last.0);
    match after(still, still.last.1) {
        Some(later) if last > by => format!("since frame {by}, for at least {later} (frame {last} still advertises 0)"),
        _ => format!("since frame {by}"),
    }
}

/// The time from the zero window to `at`, in words.
fn after(still: &StillZeroWindow, at: Option<Nanos>) -> Option<String> {
    at.zip(still.by.1).map(|(at, by)| at.minus(by).human().to_string())
}
