//! Every scenario for real, on each network where it runs: on loopback as root, in the lab as a user without any right.
//!
//! A run must end within the scenario's time with exit status 0 and no complaint; its capture file, read again, must meet
//! the expectation too, and tshark must set the same flags on the same frames. What is missing (root, setpriv, tshark) is
//! a failure. `ECHOLAB_SOAK=50` runs each so many times.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests, which clippy does not see without the usual harness"
)]

mod calls;
mod mixed;
mod particulars;
mod rights;
mod run;
mod tshark;
mod usage;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use echolab::drive::SCENARIOS;
use echolab::drive::scenario::Runs;
use libtest_mimic::{Arguments, Trial};

use crate::run::{Net, Run};

/// Most scenarios wait more than they work.
const THREADS: usize = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
    let program = public_copy(folder.path());
    let times = std::env::var("ECHOLAB_SOAK").map_or(1, |times| times.parse().expect("ECHOLAB_SOAK is a number"));
    let mut trials = Vec::new();
    for scenario in SCENARIOS {
        let nets: &[Net] = match scenario.runs {
            Runs::Anywhere => &[Net::Loopback, Net::Lab],
            Runs::Loopback => &[Net::Loopback],
            Runs::Lab => &[Net::Lab],
        };
        for net in nets {
            let (program, folder) = (program.clone(), Arc::clone(&folder));
            trials.push(Trial::test(format!("{}::{}", net.name(), scenario.name), move || {
                for time in 0..times {
                    let run = Run::make(&program, folder.path(), scenario, *net, time)?;
                    run.check()?;
                    tshark::check(&run)?;
                    calls::check(&run)?;
                    particulars::check(&run)?;
                    fs::remove_file(&run.capture)?;
                }
                Ok(())
            }));
        }
    }
    trials.extend(mixed::trials(&program, &folder));
    trials.extend(rights::trials(&program));
    trials.extend(usage::trials(&program));
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(folder);
    conclusion.exit_code()
}

/// A copy of the program that every user may run, in a folder that every user may write to.
fn public_copy(folder: &Path) -> PathBuf {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("a folder that is open to all");
    let program = folder.join("echolab");
    fs::copy(assert_cmd::cargo::cargo_bin!("echolab"), &program).expect("a copy of the program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program that all may run");
    program
}
