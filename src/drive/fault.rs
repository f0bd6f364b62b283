//! Why a socket could not be served: the three ways in which a wait on it ends badly.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::model::Nanos;

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
            Self::TimedOut(time) => {
                let time = i64::try_from(time.as_nanos()).map_or(Nanos(i64::MAX), Nanos);
                write!(f, "nothing happened for {}", time.human())
            }
            Self::Io(error) => error.fmt(f),
        }
    }
}
