//! The command line of scenarios: what can't go together, and what is said of a session that is stopped.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use libtest_mimic::{Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::run::{Net, session};

pub(crate) fn trials(program: &Path) -> Vec<Trial> {
    type Case = fn(&Path) -> Result<(), Failed>;
    let cases: [(&str, Case); 3] =
        [("mistakes", mistakes), ("names_are_completed", names_are_completed), ("a_stop_is_no_success", a_stop)];
    let trial = |(name, case): (&str, Case)| {
        let program: PathBuf = program.to_owned();
        Trial::test(format!("usage::{name}"), move || case(&program))
    };
    cases.into_iter().map(trial).collect()
}

fn says(output: &Output, status: i32, words: &str) -> Result<(), Failed> {
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(status) && said.contains(words) {
        return Ok(());
    }
    Err(format!("{} and not {status} with {words:?}: {said}", output.status).into())
}

fn mistakes(program: &Path) -> Result<(), Failed> {
    let cases: &[(&[&str], &str)] = &[
        (&["--scenario", "nothing-like-this"], "invalid value 'nothing-like-this'"),
        (&["--scenario", "echo", "--message", "mine"], "cannot be used with"),
        (&["--scenario", "echo", "--proto", "udp"], "cannot be used with"),
        (&["--scenario", "tail-loss", "--delay", "5ms"], "brings its own network"),
        (&["--scenario", "tail-loss", "--network", "loopback"], "needs the private network"),
        (&["--scenario", "udp-no-checksum", "-6"], "needs IPv4"),
        (&["--transcript", "--format", "csv"], "choose one of table, markdown, lines, json, jsonl, html, latex"),
    ];
    for (arguments, words) in cases {
        says(&Command::new(program).arg("session").args(*arguments).output()?, 2, words)?;
    }
    let summary = Command::new(program).args(["scenarios", "v2"]).output()?;
    if !String::from_utf8_lossy(&summary.stdout).contains("Takes about 0.4 s.") {
        return Err("the description and the list give different durations".into());
    }
    says(&Command::new(program).args(["scenarios", "nothing"]).output()?, 2, "invalid value 'nothing'")
}

fn names_are_completed(program: &Path) -> Result<(), Failed> {
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(Command::new(program).args(["completions", shell]).output()?.stdout)?;
        if !script.contains("killed-server") || !script.contains("--scenario") && shell != "fish" {
            return Err(format!("{shell} does not complete the names of scenarios").into());
        }
    }
    Ok(())
}

/// A scenario that is interrupted has not shown what it is about.
fn a_stop(program: &Path) -> Result<(), Failed> {
    let mut command = session(program, Net::Loopback)?;
    command.args(["--scenario", "keep-alive", "--format", "lines"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // the first line comes with the first frame
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().ok_or("no standard output")?);
    stdout.read_line(&mut line)?;
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT)?;
    says(&child.wait_with_output()?, 1, "stopped before the end")
}
