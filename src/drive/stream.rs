//! Waits for a non-blocking socket, which end with data, at the time limit or at the halt, whichever comes first.

use std::io;
use std::time::Duration;

use nix::poll::PollFlags;

use super::fault::Fault;
use super::pace::Pace;
use super::signal::{Signal, WakeReason};

/// Limit of a wait, in timeouts, however long the other program is delayed: clients of other programs may delay it
/// without end.
const MOST_TIMEOUTS: u32 = 10;

/// The limits of a wait: time, and the signal that ends it.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitLimits<'a> {
    pub(super) halt: &'a Signal,
    pub(super) timeout: Option<Duration>,
    /// The pace that may delay the other program: that time does not count.
    pub(super) pace: Option<&'a Pace>,
}

impl WaitLimits<'_> {
    /// Waits until `socket` is ready.
    pub(super) fn wait(&self, socket: impl std::os::fd::AsFd, interest: PollFlags) -> Result<(), Fault> {
        let mut rest = self.timeout;
        let mut waited = Duration::ZERO;
        loop {
            let mark = self.pace.map(Pace::held);
            match self.halt.wait_with(&socket, interest, rest)? {
                WakeReason::Ready => return Ok(()),
                WakeReason::Signalled => return Err(Fault::Halted),
                WakeReason::TimedOut => {
                    let timeout = self.timeout.unwrap_or_default();
                    let held =
                        self.pace.zip(mark).map_or(Duration::ZERO, |(pace, mark)| pace.held().saturating_sub(mark));
                    waited = waited.saturating_add(rest.unwrap_or_default());
                    if held.is_zero() || waited >= timeout.saturating_mul(MOST_TIMEOUTS) {
                        return Err(Fault::TimedOut(timeout));
                    }
                    rest = Some(held.min(timeout));
                }
            }
        }
    }

    /// Repeats a call on a socket until it does not block.
    pub(super) fn until_done<T>(
        &self,
        socket: impl std::os::fd::AsFd,
        interest: PollFlags,
        mut call: impl FnMut() -> io::Result<T>,
    ) -> Result<T, Fault> {
        loop {
            match call() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(&socket, interest)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map_err(Fault::Io),
            }
        }
    }
}
