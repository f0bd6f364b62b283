//! The failures of a wait on a socket: halt, time limit, error.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::model::Nanos;

/// The reason that a send or a receive failed.
#[derive(Debug)]
pub enum Fault {
    /// The session was halted.
    Halted,
    /// Nothing happened within this time.
    TimedOut(Duration),
    /// The system's error.
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halted => f.write_str("stopped"),
            Self::TimedOut(time) => {
                let time = i64::try_from(time.as_nanos()).map_or(Nanos(i64::MAX), Nanos);
                write!(f, "nothing happened for {}", time.human())
            }
            Self::Io(error) => error.fmt(f),
        }
    }
}
