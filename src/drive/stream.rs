//! Waits for a non-blocking socket: they end with the data, the time limit or the halt, whichever comes first.

use std::io;
use std::time::Duration;

use nix::poll::PollFlags;

use super::fault::Fault;
use super::pace::Pace;
use super::signal::{Signal, Woken};

/// A wait lasts no longer than so many timeouts, however long the other program is held up: strangers may hold it up
/// for ever.
const MOST_TIMEOUTS: u32 = 10;

/// How long to wait, and what ends every wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience<'a> {
    pub(super) halt: &'a Signal,
    pub(super) timeout: Option<Duration>,
    /// What may hold up the program that is waited for: that time does not count.
    pub(super) pace: Option<&'a Pace>,
}

impl Patience<'_> {
    /// Waits until `socket` is ready.
    pub(super) fn wait(&self, socket: impl std::os::fd::AsFd, interest: PollFlags) -> Result<(), Fault> {
        let mut rest = self.timeout;
        let mut waited = Duration::ZERO;
        loop {
            let mark = self.pace.map(Pace::held);
            match self.halt.wait_with(&socket, interest, rest)? {
                Woken::Ready => return Ok(()),
                Woken::Signalled => return Err(Fault::Halted),
                Woken::TimedOut => {
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

    /// Makes a call on a socket as often as it takes until it would not block.
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
