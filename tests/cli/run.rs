//! Runs the program once and compares what it gives; every test of the command line goes through here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Output;

/// One run of `echolab`, in an environment without settings.
pub struct Run {
    command: assert_cmd::Command,
    shown: String,
}

/// The result of a run.
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
    shown: String,
}

/// `echolab ARGUMENTS`, run in the project's folder.
pub fn echolab<I: IntoIterator<Item: Into<OsString>>>(arguments: I) -> Run {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("echolab");
    command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR")).args(&arguments);
    Run { command, shown: format!("{arguments:?}") }
}

impl Run {
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.command.write_stdin(bytes);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn run(mut self) -> Ran {
        let Output { status, stdout, stderr } = self.command.output().expect("echolab starts");
        Ran {
            stdout: String::from_utf8(stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(stderr).expect("standard error is UTF-8"),
            code: status.code(),
            shown: self.shown,
        }
    }

    /// Runs, and expects success without a word on standard error.
    pub fn done(self) -> String {
        let ran = self.run().exits(0);
        assert_eq!(ran.stderr, "", "{}", ran.shown);
        ran.stdout
    }
}

impl Ran {
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\nstdout:\n{}\nstderr:\n{}", self.shown, self.stdout, self.stderr);
        self
    }

    /// Standard error has all of these.
    pub fn complains(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "{}: no {part:?} in {}", self.shown, self.stderr);
        }
        self
    }
}

/// A file of `fixtures/`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The lab captures, by their names without ending.
pub const LAB: &[&str] = &[
    "lab-echo-ten-steps",
    "lab-proxy-cache-hit",
    "lab-tcp-continuous",
    "lab-tcp-line",
    "lab-udp-continuous",
    "lab-udp-line",
    "lab-v0",
    "lab-v1",
    "lab-v2",
    "lab-v3",
    "lab-v4",
];
