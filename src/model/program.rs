//! A program that was run beside a capture: its command, its end and its output.

use super::Side;

/// A program that took part in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The end of the conversation that it was.
    pub side: Side,
    /// Its number among the programs of its side, from 1.
    pub number: u32,
    /// The command as typed.
    pub command: String,
    /// Its end.
    pub end: ProgramEnd,
    /// The first signal with which echolab ended it; `None` if it ended by itself.
    pub stopped_with: Option<&'static str>,
    /// Its output, standard output and standard error together, line by line.
    pub output: Vec<String>,
    /// Lines of output that were not kept.
    pub output_left_out: u64,
}

/// The end of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramEnd {
    /// It exited with this status.
    Exited(i32),
    /// A signal of this name killed it.
    Signalled(String),
    /// Its start failed, for this reason.
    NotStarted(String),
    /// It was never started, since something else failed before.
    NotReached,
}

impl Program {
    /// `server`, `client`, or `client 2` where its side has several programs.
    pub fn label(&self) -> String {
        if self.number == 1 { self.side.name().to_owned() } else { format!("{} {}", self.side.name(), self.number) }
    }

    /// Describes its end in words: `exited with status 0`.
    pub fn ending(&self) -> String {
        let end = match &self.end {
            ProgramEnd::Exited(status) => format!("exited with status {status}"),
            ProgramEnd::Signalled(signal) => format!("was killed by {signal}"),
            ProgramEnd::NotStarted(why) => return format!("did not start: {why}"),
            ProgramEnd::NotReached => return "was not started".to_owned(),
        };
        match self.stopped_with {
            None => end,
            Some(signal) => format!("was still running, got {signal} from echolab, and {end}"),
        }
    }

    /// Returns `true` if it failed by itself: it ended with a status other than 0, or by a signal that echolab did not
    /// send.
    pub fn failed(&self) -> bool {
        self.stopped_with.is_none() && !matches!(self.end, ProgramEnd::Exited(0) | ProgramEnd::NotReached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_caused_by_echolab_is_no_failure() {
        let mut program = Program {
            side: Side::Server,
            number: 1,
            command: "./server".to_owned(),
            end: ProgramEnd::Signalled("SIGINT".to_owned()),
            stopped_with: Some("SIGINT"),
            output: Vec::new(),
            output_left_out: 0,
        };
        assert!(!program.failed());
        assert_eq!(program.ending(), "was still running, got SIGINT from echolab, and was killed by SIGINT");
        program.stopped_with = None;
        assert!(program.failed());
        assert_eq!(program.ending(), "was killed by SIGINT");
        program.end = ProgramEnd::Exited(0);
        assert!(!program.failed());
        (program.side, program.number) = (Side::Client, 2);
        assert_eq!(program.label(), "client 2");
    }
}
