//! Every scenario for real, on each network where it runs: on loopback as root, in the lab as a user without any right.
//!
//! No run is compared with a text: a report must meet the invariants of `invariants` and what `particulars` adds for one
//! scenario. Where it does not demonstrate what it should and there is evidence that the machine was held up, it runs again. What is missing (root, setpriv, unshare, tshark) is a failure. `ECHOLAB_SOAK=50` runs each so many times.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests, which clippy does not see without the usual harness"
)]

mod breaches;
#[path = "../consistency/invariants.rs"]
mod consistency;
mod counters;
mod invariants;
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

use echolab::drive::{SCENARIOS, Scenario};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::run::{Net, Run, nets};

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
        for net in nets(scenario) {
            let (program, folder) = (program.clone(), Arc::clone(&folder));
            trials.push(Trial::test(format!("{}::{}", net.name(), scenario.name), move || {
                runs(&program, folder.path(), scenario, *net, times)
            }));
        }
    }
    for scenario in SCENARIOS {
        let (program, net) = (program.clone(), nets(scenario)[0]);
        trials.push(Trial::test(format!("text::{}", scenario.name), move || {
            invariants::live_text_fits_the_width(&program, scenario, net)
        }));
    }
    let (copy, shared) = (program.clone(), Arc::clone(&folder));
    trials.push(Trial::test("each_invariant_sees_its_breach", move || {
        breaches::each_sees_its_breach(&copy, shared.path())
    }));
    trials.extend(mixed::trials(&program, &folder));
    trials.extend(rights::trials(&program));
    trials.extend(usage::trials(&program));
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(folder);
    conclusion.exit_code()
}

/// Runs a scenario so many times and says what was wrong with which run.
fn runs(program: &Path, folder: &Path, scenario: &'static Scenario, net: Net, times: u32) -> Result<(), Failed> {
    let mut failures = Vec::new();
    for time in 0..times {
        let outcome = judge(program, folder, scenario, net, time);
        if let Err(error) = outcome {
            let capture = Run::capture(folder, scenario, net, time);
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(capture.file_name().unwrap_or_default());
            let kept = match fs::copy(capture, &kept) {
                Ok(_) => format!("; its capture is {}", kept.display()),
                Err(_) => String::new(),
            };
            failures.push(format!("run {time}: {}{kept}", error.message().unwrap_or("failed")));
        }
    }
    if !failures.is_empty() {
        return Err(format!("{} of {times} runs failed\n{}", failures.len(), failures.join("\n")).into());
    }
    Ok(())
}

/// Maximum number of attempts of a session on a machine that was held up.
const ATTEMPTS: u32 = 10;

/// Runs a scenario once; again where it does not demonstrate what it should and the machine was held up.
fn judge(program: &Path, folder: &Path, scenario: &'static Scenario, net: Net, time: u32) -> Result<(), Failed> {
    for attempt in 1.. {
        let run = Run::make(program, folder, scenario, net, time)?;
        invariants::check(&run, invariants::ALWAYS)?;
        let outcome = invariants::check(&run, invariants::DEMONSTRATION).and_then(|()| particulars::check(&run));
        if outcome.is_err() && attempt < ATTEMPTS && invariants::was_held_up(&run) {
            fs::remove_file(&run.capture)?;
            continue;
        }
        outcome?;
        fs::remove_file(&run.capture)?;
        break;
    }
    Ok(())
}

/// A copy of the program that every user may run, in a folder that every user may write to.
fn public_copy(folder: &Path) -> PathBuf {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("a folder that is open to all");
    let program = folder.join("echolab");
    fs::copy(assert_cmd::cargo::cargo_bin!("echolab"), &program).expect("a copy of the program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program that all may run");
    program
}
