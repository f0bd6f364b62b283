//! Which rights a scenario keeps, and for how long.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};

use crate::run::{Net, session};

/// CAP_NET_ADMIN and CAP_NET_RAW, as /proc shows them.
const FAULTS: &str = "0000000000003000";
const NONE: &str = "0000000000000000";

pub(crate) fn trials(program: &Path) -> Vec<Trial> {
    let program = program.to_owned();
    vec![Trial::test("rights::only_what_the_faults_need_and_only_as_long", move || faults_and_no_longer(&program))]
}

/// The effective and permitted capabilities and the user of each thread, by its name.
fn threads(process: u32) -> Vec<(String, String, String, String)> {
    let status = |task: PathBuf| {
        let status = fs::read_to_string(task.join("status")).ok()?;
        let of =
            |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned());
        Some((of("Name:")?, of("CapEff:")?, of("CapPrm:")?, of("Uid:")?))
    };
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    tasks.filter_map(|task| status(task.path())).collect()
}

/// While `user-timeout` runs, its faults still to be ended, the thread that acts has the two capabilities and no other has
/// any; all of them are the caller of sudo.
fn faults_and_no_longer(program: &Path) -> Result<(), Failed> {
    let mut command = session(program, Net::Loopback)?;
    command.args(["--scenario", "user-timeout", "--format", "lines"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.env("SUDO_UID", "65534").env("SUDO_GID", "65534").spawn()?;
    let (mut with, mut user) = (0, true);
    let mut strangers = Vec::new();
    let mut samples = BTreeMap::new();
    while child.try_wait()?.is_none() {
        let threads = threads(child.id());
        *samples.entry(format!("{threads:?}")).or_insert(0) += 1;
        // before root is given up there is one thread, and the session's is made after that
        if threads.iter().any(|(name, ..)| name == "session") && threads.iter().any(|(name, ..)| name == "capture") {
            for (name, effective, permitted, uid) in &threads {
                user &= uid.split_whitespace().all(|id| id == "65534");
                match (effective.as_str(), permitted.as_str()) {
                    (NONE, NONE) => {}
                    (FAULTS, FAULTS) if name == "session" => with += 1,
                    _ => strangers.push(format!("{name} has {effective}, {permitted}")),
                }
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
    let mut said = String::new();
    child.stderr.take().ok_or("no standard error")?.read_to_string(&mut said)?;
    match (strangers.first(), with) {
        _ if !said.is_empty() => Err(said.into()),
        (Some(stranger), _) => Err(stranger.clone().into()),
        (None, 0) => Err(format!("no thread was seen with the rights that the faults need: {samples:#?}").into()),
        (None, _) if !user => Err("a thread is still root".into()),
        (None, _) => Ok(()),
    }
}
