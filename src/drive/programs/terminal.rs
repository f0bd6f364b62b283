//! Programs that need a terminal, which a run does not provide.

use super::program_table::named;
use crate::model::Program;

/// Words of programs that have no terminal to open.
const NONE: [&str; 2] = ["/dev/tty", "No such device"];

/// Words of programs that fail without a terminal: the C library's error, and those of common tools.
const COMPLAINTS: &[&str] = &[
    "Inappropriate ioctl for device",
    "not a tty",
    "not a terminal",
    "not connected to a terminal",
    "opening terminal",
    "must be run from a terminal",
    "TERM environment variable not set",
];

/// The advice.
const WAY: &str = "run it in a terminal of its own, and capture it with `echolab capture --interface lo --port N`";

/// A sentence about a program whose last output asks for a terminal.
pub(super) fn complaint(program: &Program) -> Option<String> {
    let complains = |line: &&String| {
        let failed = program.failed() && COMPLAINTS.iter().any(|words| line.contains(words));
        failed || NONE.iter().all(|words| line.contains(words))
    };
    let words = program.output.iter().rev().find(complains)?;
    Some(format!(
        "{} seems to need a terminal ({:?}): the output of a program of a run is a pipe, so that it can be kept; {WAY}",
        named(program),
        words.trim()
    ))
}

/// A sentence about a program that the kernel stopped when it used the terminal.
pub(super) fn stopped(named: &str) -> String {
    format!(
        "{named} uses the terminal itself (/dev/tty), which only a client whose input is the terminal can, and was \
         stopped; {WAY}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProgramEnd, Side};

    fn program(status: i32, output: &str) -> Program {
        Program {
            side: Side::Client,
            number: 1,
            command: "client".to_owned(),
            end: ProgramEnd::Exited(status),
            stopped_with: None,
            output: vec![output.to_owned()],
            output_left_out: 0,
        }
    }

    #[test]
    fn only_a_program_that_failed_and_says_so_needs_a_terminal() {
        let words = "termios.error: (25, 'Inappropriate ioctl for device')";
        assert!(complaint(&program(1, words)).is_some_and(|said| said.contains("Inappropriate ioctl")));
        assert_eq!(complaint(&program(0, words)), None);
        assert_eq!(complaint(&program(1, "connection refused")), None);
        assert!(complaint(&program(0, "sh: 1: cannot open /dev/tty: No such device or address")).is_some());
    }
}
