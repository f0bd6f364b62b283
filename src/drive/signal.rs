//! A signal that threads wait for together with a socket, without polling a flag.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout};

/// Raised once, and seen by every thread that waits for it from then on. Clones are the same signal.
#[derive(Clone, Debug)]
pub struct Signal(Arc<Pipe>);

/// The byte that raises the signal is never read, so the pipe stays readable.
#[derive(Debug)]
struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
}

/// The reason that a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeReason {
    /// The socket is ready.
    Ready,
    /// The signal is raised.
    Signalled,
    /// Neither, within the time.
    TimedOut,
}

impl Signal {
    /// A signal not yet raised.
    ///
    /// # Errors
    /// If the system refuses a pipe.
    pub fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self(Arc::new(Pipe { reader, writer })))
    }

    /// Wakes every waiting thread.
    pub fn raise(&self) {
        // a full pipe is a raised signal already
        let _ = (&self.0.writer).write(&[1]);
    }

    /// `true` once it has been raised.
    pub fn is_raised(&self) -> bool {
        self.wait(Some(Duration::ZERO)).is_ok_and(|woken| woken == WakeReason::Signalled)
    }

    /// A descriptor that raises the signal when a byte is written to it, for a signal handler.
    ///
    /// # Errors
    /// If the system refuses a descriptor.
    pub fn raiser(&self) -> io::Result<OwnedFd> {
        self.0.writer.try_clone().map(OwnedFd::from)
    }

    /// Waits for the signal alone, up to `timeout`.
    ///
    /// # Errors
    /// If the system reports an error.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<WakeReason> {
        let mut waits = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        Ok(if poll(&mut waits, timeout)? { WakeReason::Signalled } else { WakeReason::TimedOut })
    }

    /// Waits until `socket` is ready for `interest`, the signal is raised, or the time limit is reached. The signal
    /// takes precedence.
    ///
    /// # Errors
    /// If the system reports an error.
    pub fn wait_with(
        &self,
        socket: impl AsFd,
        interest: PollFlags,
        timeout: Option<Duration>,
    ) -> io::Result<WakeReason> {
        let mut waits = [PollFd::new(self.as_fd(), PollFlags::POLLIN), PollFd::new(socket.as_fd(), interest)];
        if !poll(&mut waits, timeout)? {
            return Ok(WakeReason::TimedOut);
        }
        let signalled = waits.first().and_then(PollFd::any).unwrap_or(false);
        Ok(if signalled { WakeReason::Signalled } else { WakeReason::Ready })
    }
}

/// For polling together with other descriptors: readable once raised.
impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.reader.as_fd()
    }
}

/// Calls `poll`, again if a signal handler interrupts it; returns `false` at the time limit. Times are rounded up to
/// whole milliseconds.
pub fn poll(waits: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<bool> {
    let timeout = timeout.map_or(PollTimeout::NONE, |time| {
        let millis = time.as_nanos().div_ceil(1_000_000);
        PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
    });
    loop {
        match nix::poll::poll(waits, timeout) {
            Err(nix::Error::EINTR) => {}
            result => return result.map(|ready| ready > 0).map_err(io::Error::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_signal_stays_raised_for_every_reader() -> io::Result<()> {
        let signal = Signal::new()?;
        assert!(!signal.is_raised());
        let other = signal.clone();
        let waiter = std::thread::spawn(move || other.wait(None));
        signal.raise();
        assert_eq!(waiter.join().ok().and_then(Result::ok), Some(WakeReason::Signalled));
        assert!(signal.is_raised());
        Ok(())
    }
}
