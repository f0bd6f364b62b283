//! The lab for real: namespaces, devices and kernels' TCP, as root (TAP devices) and as a user without any right (veth
//! pairs).
//!
//! Each case runs in a process of its own, this program again, since the rights to make a network must be had before the
//! first thread starts, and since a case is to leave nothing to the next. A case that lacks what it needs fails.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, which clippy does not see without the usual harness"
)]

mod cases;
mod faults;
mod rights;
mod sniffer;
mod wire;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};

/// The user that runs a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Root, with its capabilities.
    Root,
    /// A user without capabilities.
    User,
}

/// A case: its name, who runs it, and what it does.
pub(crate) type Case = (&'static str, &'static [Who], fn());

/// Both, one after the other.
pub(crate) const ALL: &[Who] = &[Who::Root, Who::User];
/// Only root.
pub(crate) const ROOT: &[Who] = &[Who::Root];
/// Only a user.
pub(crate) const USER: &[Who] = &[Who::User];

/// Names the case that this process is to run.
const CASE: &str = "ECHOLAB_LAB_CASE";

/// Whom the cases of an unprivileged user run as, where root runs the tests: nobody that exists.
const USER_ID: &str = "12345";

fn cases() -> impl Iterator<Item = &'static Case> {
    [cases::CASES, faults::CASES, rights::CASES, wire::CASES].into_iter().flatten()
}

fn main() -> ExitCode {
    if let Ok(name) = std::env::var(CASE) {
        let (_, _, case) = cases().find(|(case, ..)| *case == name).expect("a case of that name");
        case();
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = &public_copy(folder.path());
    let trials = cases().flat_map(|case| case.1.iter().map(move |who| trial(case, *who, program))).collect();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    drop(folder);
    conclusion.exit_code()
}

/// A copy of this program that every user may run.
fn public_copy(folder: &Path) -> PathBuf {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("a folder that is open to all");
    let program = folder.join("lab");
    fs::copy(std::env::current_exe().expect("this program's path"), &program).expect("a copy of this program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program that all may run");
    program
}

fn trial((name, _, _): &'static Case, who: Who, program: &Path) -> Trial {
    let program = program.to_owned();
    let title = format!("{}::{name}", if who == Who::Root { "root" } else { "user" });
    Trial::test(title, move || {
        let output = command(&program, name, who)?.output().map_err(|error| format!("cannot run setpriv: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Err(format!("{}\n{out}{err}", output.status).into())
    })
}

/// Runs a case in a process of its own; one that hangs is killed.
pub(crate) fn command(program: &Path, name: &str, who: Who) -> Result<Command, Failed> {
    let root = nix::unistd::geteuid().is_root();
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "600"]);
    match (who, root) {
        (Who::Root, false) => return Err("this case needs root: run the tests as root, as CI does".into()),
        (Who::User, true) => {
            let (user, group) = (format!("--reuid={USER_ID}"), format!("--regid={USER_ID}"));
            command.args(["setpriv", &user, &group, "--clear-groups", "--inh-caps=-all"]);
        }
        _ => {}
    }
    command.arg(program).env(CASE, name).stdin(Stdio::null()).current_dir("/tmp");
    Ok(command)
}
