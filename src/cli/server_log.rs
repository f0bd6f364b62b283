//! The lines of a server's log, as many a second as can be read: a flood of clients must not become a flood of lines.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::drive::ServerEvent;

/// Lines of one second.
const LINES: u32 = 100;

/// The time that they are counted in.
const WINDOW: Duration = Duration::from_secs(1);

/// The kinds of events, as they are counted where their lines are left out.
const KINDS: [&str; 7] = [
    "connections",
    "closes",
    "connections turned away",
    "datagrams not answered",
    "answers not sent",
    "socket errors",
    "datagrams",
];

/// Decides which events become lines.
#[derive(Debug, Default)]
pub(super) struct LogLimit(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    lines: u32,
    /// Events whose lines were left out since that was last said, of each kind.
    left_out: [u64; KINDS.len()],
}

impl LogLimit {
    /// The lines that an event at this time adds to the log; none where there were too many.
    pub(super) fn lines(&self, event: &ServerEvent, now: Instant) -> Vec<String> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = Vec::new();
        if window.began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            lines.extend(window.take_left_out());
            (window.began, window.lines) = (Some(now), 0);
        }
        if window.lines < LINES {
            window.lines += 1;
            lines.push(event.to_string());
        } else if let Some(count) = window.left_out.get_mut(kind(event)) {
            *count += 1;
        }
        lines
    }

    /// The line about what was left out and not yet said, at the end.
    pub(super) fn rest(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take_left_out()
    }
}

impl Window {
    fn take_left_out(&mut self) -> Option<String> {
        let left_out = std::mem::take(&mut self.left_out);
        let total: u64 = left_out.iter().sum();
        let counts = left_out.iter().zip(KINDS).filter(|(count, _)| **count > 0);
        let counts: Vec<_> = counts.map(|(count, kind)| format!("{count} {kind}")).collect();
        (total > 0).then(|| format!("{total} lines left out, of at most {LINES} a second: {}", counts.join(", ")))
    }
}

/// The place of an event's kind in [`KINDS`].
fn kind(event: &ServerEvent) -> usize {
    match event {
        ServerEvent::Accepted { .. } => 0,
        ServerEvent::Closed { .. } => 1,
        ServerEvent::Full { .. } => 2,
        ServerEvent::Ignored { .. } => 3,
        ServerEvent::Unsent { .. } => 4,
        ServerEvent::SocketError(_) => 5,
        ServerEvent::Answered { .. } => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(connection: u64) -> ServerEvent {
        ServerEvent::Accepted { connection, peer: ([127, 0, 0, 1], 5000).into() }
    }

    #[test]
    fn lines_beyond_a_hundred_a_second_are_counted_by_kind() {
        let limit = LogLimit::default();
        let now = Instant::now();
        let full = ServerEvent::Full { peer: ([127, 0, 0, 1], 5000).into(), limit: 1 };
        let mut lines: Vec<_> = (0..150).flat_map(|number| limit.lines(&accepted(number), now)).collect();
        lines.extend((0..7).flat_map(|_| limit.lines(&full, now + Duration::from_millis(999))));
        assert_eq!(lines.len(), 100);
        let next = limit.lines(&accepted(150), now + WINDOW);
        let told = "57 lines left out, of at most 100 a second: 50 connections, 7 connections turned away";
        assert_eq!(next, [told.to_owned(), accepted(150).to_string()]);
        assert_eq!(limit.rest(), None);
        (0..120).for_each(|number| drop(limit.lines(&accepted(number), now + WINDOW)));
        assert!(limit.rest().is_some_and(|line| line.starts_with("21 lines left out")));
    }

    #[test]
    fn nothing_is_left_out_of_a_quiet_log() {
        let limit = LogLimit::default();
        let now = Instant::now();
        for number in 0..1000 {
            let at = now + Duration::from_millis(number * 11);
            assert_eq!(limit.lines(&accepted(number), at), [accepted(number).to_string()]);
        }
        assert_eq!(limit.rest(), None);
    }
}
