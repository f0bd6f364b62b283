//! Why a socket could not be served: the three ways in which a wait on it ends badly.

use std::fmt;
use std::io;
use std::time::Duration;

/// Why a send or a receive did not come about.
#[derive(Debug)]
pub enum Fault {
    /// The session was told to stop.
    Halted,
    /// Nothing happened for so long.
    TimedOut(Duration),
    /// The system says no.
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
            Self::TimedOut(time) => write!(f, "nothing happened for {}", humantime::format_duration(*time)),
            Self::Io(error) => error.fmt(f),
        }
    }
}
