//! Keep-alives, and whether they were answered.

use super::times;
use crate::model::thresholds::IDLE_TIMEOUT;
use crate::model::{Direction, Nanos};
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::TcpTotals;

pub(super) fn of(tcp: &TcpTotals, found: &mut impl FindingSink) {
    let Some(keep_alives) = tcp.summary.rare().keep_alives.as_deref() else { return };
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let kept = keep_alives.get(direction);
        let last = if kept.asked.count > 1 { "the last one" } else { "it" };
        let ended = kept.reset.map_or_else(String::new, |reset| ended(tcp, !direction, kept.silence, reset));
        let answer = match (kept.asked.count, kept.answered, kept.reset) {
            (0, ..) => continue,
            (_, 0, Some(reset)) => format!("{last} was answered by RST (frame {reset})"),
            (_, answered, Some(reset)) => {
                format!("{} answered, the last one by RST (frame {reset})", were(answered))
            }
            (_, 0, None) => "it got no answer in this capture".to_owned(),
            (1, ..) => "it got an answer".to_owned(),
            (asked, answered, None) if asked == answered => "it got an answer each time".to_owned(),
            (_, answered, None) => format!("it got an answer {}", times(answered)),
        };
        let silence = match kept.silence.0 {
            0 => String::new(),
            _ => format!(", after up to {} in which nothing else was sent", kept.silence.human()),
        };
        let text = format!(
            "The {} asked {} whether the {} was still there{silence}: {answer}.{ended}",
            direction.sender(),
            times(kept.asked.count),
            direction.receiver(),
        );
        let frames = kept.asked.frames.iter().copied().chain(kept.reset);
        found.push(Finding::new(Code::KeepAlive, text, frames));
    }
}

/// The possible end of the connection at the side that answers with RST: its own FIN or RST shows it, or it was idle.
fn ended(tcp: &TcpTotals, gone: Direction, silence: Nanos, reset: u64) -> String {
    let captured = tcp.summary.resets.get(gone).map(|frame| ("RST", frame));
    let captured = captured.or(tcp.summary.fins.get(gone).as_ref().map(|fin| ("FIN", fin.frame)));
    match captured.filter(|(_, frame)| *frame < reset) {
        Some((flag, frame)) => {
            format!(" The {} had ended the connection: {flag} in frame {frame}.", gone.sender())
        }
        None if silence >= IDLE_TIMEOUT => {
            " An idle timer of a NAT, load balancer or host may have ended the connection.".to_owned()
        }
        None => String::new(),
    }
}

/// `1 was`, `3 were`.
fn were(count: u64) -> String {
    if count == 1 { "1 was".to_owned() } else { format!("{count} were") }
}
