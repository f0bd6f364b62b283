//! A program that runs in another terminal while a block's other commands run.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, Command};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// On standard error of echolab's own servers and captures, once they are ready.
const READY: &[(&str, &str)] = &[("echolab serve", "Ctrl-C stops"), (" capture ", "capturing")];

/// Options after which `capture` ends without Ctrl-C.
const ENDS: &[&str] = &["--until-close", "--for", "--count"];

pub(crate) struct Background {
    line: String,
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Background {
    /// Starts a line and waits until it says that it is ready, or else listens or is bound.
    pub(crate) fn start(line: &str, mut command: Command) -> Self {
        let sockets = open_sockets();
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut program = Self { line: line.to_owned(), child, stderr };
        match READY.iter().find(|(part, _)| line.contains(part)) {
            Some((_, words)) => program.wait_for(words),
            None => program.wait_for_socket(sockets),
        }
        program
    }

    fn wait_for(&mut self, words: &str) {
        let mut said = String::new();
        while !said.lines().last().is_some_and(|line| line.contains(words)) {
            assert!(self.stderr.read_line(&mut said).unwrap() > 0, "{} does not start: {said}", self.line);
        }
    }

    fn wait_for_socket(&mut self, before: usize) {
        while open_sockets() <= before {
            assert_eq!(self.child.try_wait().unwrap(), None, "{} ended before it listened", self.line);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// `true` if it needs no Ctrl-C.
    pub(crate) fn ends_by_itself(&self) -> bool {
        ENDS.iter().any(|option| self.line.contains(option))
    }

    /// Waits for its end, after Ctrl-C where it needs that. Its exit status is 0, or it is ended by the signal, as
    /// Python is.
    pub(crate) fn end(mut self) {
        if !self.ends_by_itself() {
            kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        }
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success() || status.signal() == Some(Signal::SIGINT as i32), "{}: {status}\n{said}", self.line);
    }
}

/// TCP sockets that listen and UDP sockets that are bound, in this thread's network.
fn open_sockets() -> usize {
    let count = |file: &str, state: &str| {
        let table = fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap();
        table.lines().filter(|line| line.split_whitespace().nth(3) == Some(state)).count()
    };
    ["tcp", "tcp6"].map(|file| count(file, "0A")).iter().sum::<usize>()
        + ["udp", "udp6"].map(|file| count(file, "07")).iter().sum::<usize>()
}
