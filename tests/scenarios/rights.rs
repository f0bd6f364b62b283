//! The privileges that a scenario needs and keeps, and for how long.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};

use crate::run::{Net, USER_ID, session};

/// CAP_NET_ADMIN and CAP_NET_RAW, as /proc shows them.
const FAULTS: &str = "0000000000003000";
const NONE: &str = "0000000000000000";

pub(crate) fn trials(program: &Path) -> Vec<Trial> {
    let trial = |name: &str, case: fn(&Path) -> Result<(), Failed>| {
        let program = program.to_owned();
        Trial::test(format!("rights::{name}"), move || case(&program))
    };
    vec![
        trial("only_what_the_faults_need", kept),
        trial("until_the_last_fault_is_set", given_up),
        trial("a_capability_too_few_is_told_or_done_without", too_few),
    ]
}

/// `setcap cap_net_raw=ep` lets a program capture on loopback, which is not enough to lose segments there.
fn too_few(program: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let own = folder.path().join("echolab");
    fs::copy(program, &own)?;
    let run = |capabilities: &str, network: &str, scenario: &str| -> Result<(Option<i32>, String), Failed> {
        if !Command::new("setcap").arg(capabilities).arg(&own).status()?.success() {
            return Err(format!("setcap {capabilities} failed").into());
        }
        let mut command = Command::new("setpriv");
        command.args([&format!("--reuid={USER_ID}"), &format!("--regid={USER_ID}"), "--clear-groups"]).arg(&own);
        command.args(["session", "--port", "0", "--format", "lines", "--network", network, "--scenario", scenario]);
        let output = command.env_remove("SUDO_UID").env_remove("SUDO_GID").output()?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let (raw, both) = ("cap_net_raw=ep", "cap_net_admin,cap_net_raw=ep");
    for (capabilities, network, scenario, status, words) in [
        (raw, "auto", "lost-request", 0, "losing packets on loopback takes CAP_NET_ADMIN (--network lab)"),
        (raw, "auto", "nagle", 0, ""),
        (raw, "loopback", "lost-request", 2, "takes CAP_NET_ADMIN and CAP_NET_RAW"),
        (both, "auto", "lost-request", 0, ""),
    ] {
        let (code, said) = run(capabilities, network, scenario)?;
        let as_told = if words.is_empty() { said.is_empty() } else { said.contains(words) };
        if code != Some(status) || !as_told {
            return Err(format!("{capabilities}, {network}, {scenario}: {code:?}: {said}").into());
        }
    }
    Ok(())
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

/// `user-timeout` ends its faults when a second has passed: until then the thread that acts has the two capabilities.
fn kept(program: &Path) -> Result<(), Failed> {
    match watched(program, "user-timeout")? {
        Watched { with: 0, .. } => Err("no thread was seen with the rights that the faults need".into()),
        _ => Ok(()),
    }
}

/// `connect-timeout` sets its only fault before it connects, which takes seconds: no thread has any right by then.
fn given_up(program: &Path) -> Result<(), Failed> {
    match watched(program, "connect-timeout")? {
        Watched { connecting_with: 0, connecting_without: 1.., .. } => Ok(()),
        watched => Err(format!("{watched:?}").into()),
    }
}

/// Counts of how often the acting thread was seen with the faults' rights, and with and without them while a SYN waited
/// for its answer.
#[derive(Debug, Default)]
struct Watched {
    with: u32,
    connecting_with: u32,
    connecting_without: u32,
}

/// Returns `true` if a socket in the process's network is in the state SYN-SENT, 2 in /proc/net/tcp.
fn connects(process: u32) -> bool {
    let sockets = fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap_or_default();
    sockets.lines().any(|line| line.split_whitespace().nth(3) == Some("02"))
}

/// Watches the rights of all threads while a scenario runs. No other thread than the one that acts has any right, and all of
/// them are the caller of sudo.
fn watched(program: &Path, scenario: &str) -> Result<Watched, Failed> {
    let mut command = session(program, Net::Loopback)?;
    command.args(["--scenario", scenario, "--format", "lines"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.env("SUDO_UID", "65534").env("SUDO_GID", "65534").spawn()?;
    let mut watched = Watched::default();
    let mut strangers = Vec::new();
    while child.try_wait()?.is_none() {
        let connects = connects(child.id());
        let threads = threads(child.id());
        // before root is given up there is one thread, and the session's is made after that
        if threads.iter().any(|(name, ..)| name == "session") && threads.iter().any(|(name, ..)| name == "capture") {
            for (name, effective, permitted, uid) in &threads {
                match (name == "session", effective.as_str(), permitted.as_str()) {
                    (true, NONE, NONE) => watched.connecting_without += u32::from(connects),
                    (false, NONE, NONE) => {}
                    (true, FAULTS, FAULTS) => {
                        watched.with += 1;
                        watched.connecting_with += u32::from(connects);
                    }
                    _ => strangers.push(format!("{name} has {effective}, {permitted}")),
                }
                if !uid.split_whitespace().all(|id| id == "65534") {
                    strangers.push(format!("{name} is the user {uid}"));
                }
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output()?;
    match strangers.pop() {
        _ if !output.status.success() => Err(String::from_utf8_lossy(&output.stderr).into()),
        Some(stranger) => Err(stranger.into()),
        None => Ok(watched),
    }
}
