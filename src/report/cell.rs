//! One value of a table: its text, and what kind of thing it is, so that a terminal can colour it.

use crate::model::Severity;
use crate::model::{Direction, TcpFlags};

/// The meaning of a cell's text; formats with colour map it to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// Of less interest than its neighbours.
    Dim,
    /// Sent by the client.
    Client,
    /// Sent by the server.
    Server,
    /// Opens a connection.
    Open,
    /// Carries data.
    Data,
    /// Closes a connection.
    Close,
    /// Resets a connection, or says that something can't be reached.
    Reset,
    /// A finding of this severity.
    Finding(Severity),
}

/// A value of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The text. It may hold anything a capture holds: formats escape it.
    pub text: String,
    /// More lines, where a narrow column stacks its parts.
    pub below: Vec<String>,
    /// The meaning of the text.
    pub tone: Tone,
}

impl Cell {
    /// The same with one more line.
    #[must_use]
    pub fn over(mut self, line: impl ToString) -> Self {
        self.below.push(line.to_string());
        self
    }

    /// The same with a tone.
    #[must_use]
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// Plain text.
impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

/// Plain text.
impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

/// The tone of a sender.
impl From<Direction> for Tone {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::ClientToServer => Self::Client,
            Direction::ServerToClient => Self::Server,
        }
    }
}

/// The tone of the control bits, by their effect on the connection.
impl From<TcpFlags> for Tone {
    fn from(flags: TcpFlags) -> Self {
        if flags.contains(TcpFlags::RST) {
            Self::Reset
        } else if flags.contains(TcpFlags::SYN) {
            Self::Open
        } else if flags.contains(TcpFlags::FIN) {
            Self::Close
        } else if flags.contains(TcpFlags::PSH) {
            Self::Data
        } else {
            Self::Plain
        }
    }
}
