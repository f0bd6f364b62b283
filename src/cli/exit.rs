//! The exit statuses, and what the program says when something failed.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::render::escape;

/// The exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything asked for was done.
    Done,
    /// It was done, but an expectation was not met.
    Unmet,
    /// Something failed; standard error says what.
    Error,
}

impl Exit {
    /// The status for the shell.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unmet => 1,
            Self::Error => 2,
        }
    }

    /// The worse of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Says what failed, with its whole chain of causes, and gives the exit status.
///
/// A broken pipe, as of `echolab … | head`, is not a failure.
pub(super) fn fail(error: &anyhow::Error) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Done;
    }
    say(&format!("{error:#}"));
    Exit::Error
}

/// Returns `true` if the reader of the output has gone away.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}

/// One message on standard error: `echolab: …`.
///
/// File names and captured text in it are escaped like everywhere else.
pub(super) fn say(message: &str) {
    let lines: Vec<_> = message.lines().map(escape::plain).collect();
    // there is nowhere left to complain to
    let _ = writeln!(io::stderr().lock(), "echolab: {}", lines.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_statuses_match_the_manual() {
        assert_eq!([Exit::Done, Exit::Unmet, Exit::Error].map(Exit::code), [0, 1, 2]);
        assert_eq!(Exit::Done.and(Exit::Error), Exit::Error);
        assert_eq!(Exit::Unmet.and(Exit::Done), Exit::Unmet);
    }

    #[test]
    fn closed_pipe_is_no_failure() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("can't write");
        assert_eq!(fail(&error), Exit::Done);
    }
}
