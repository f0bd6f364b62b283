//! Whatever the wire loses or holds up, a session ends by itself, and says what did not come.
//!
//! Each runs as a user without any right, in the lab; where it does not end, the test kills it and fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

/// Seconds after which a session counts as one that hangs: the longest of these takes twenty where the machine is idle.
const HANGS: &str = "600";

/// Exit status of `timeout` when it had to end a program.
const KILLED: i32 = 137;

const DONE: i32 = 0;
const UNMET: i32 = 1;

/// The arguments of a session, its exit status, and words that it must print.
type Case = (&'static [&'static str], i32, &'static str);

const STILL_WAITED: &str = "the server still waited for its client 5s after that had ended, and was stopped";

const CASES: &[Case] = &[
    (&["--wire", "drop data 1 of client always"], UNMET, STILL_WAITED),
    (&["--wire", "drop fin always"], UNMET, STILL_WAITED),
    (&["--wire", "drop fin of client always", "--reads", "1"], UNMET, STILL_WAITED),
    (&["--wire", "drop fin always", "--close-first", "server"], UNMET, "the client: no answer"),
    (&["--wire", "drop data of server always"], UNMET, "the client: no answer"),
    (&["--wire", "drop syn always"], UNMET, "the client: no connection"),
    (&["--wire", "drop syn-ack always"], UNMET, "the client: no connection"),
    (&["--wire", "drop any always", "--capture-at", "both"], UNMET, "the client: no connection"),
    (&["--wire", "delay any always by 1h"], UNMET, "the client: no connection"),
    (&["--delay", "10m", "--jitter", "10m"], UNMET, "the client: no connection"),
    (&["--wire", "delay fin by 10m"], DONE, "the wire"),
    (&["--rate", "100bit"], UNMET, "the client: no connection"),
    (&["--loss", "100%"], UNMET, "the client: no connection"),
    (&["--read-delay", "10m"], UNMET, STILL_WAITED),
    (
        &["--wire", "drop data 2 always", "--message-bytes", "4000", "--message", "two", "--capture-at", "both"],
        UNMET,
        STILL_WAITED,
    ),
    (&["--proto", "udp", "--wire", "drop datagram always"], UNMET, "the client: no answer"),
    (&["--proto", "udp", "--read-delay", "10m"], UNMET, STILL_WAITED),
    (&["--proto", "udp", "--delay", "10m"], UNMET, "the client: no answer"),
];

#[test]
fn every_session_ends_by_itself() {
    assert!(nix::unistd::geteuid().is_root(), "this test needs root, to be somebody without any right");
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("echolab");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(cargo_bin!("echolab"), &program).unwrap();
    let run = |(arguments, status, words): &Case| -> Option<String> {
        let mut command = Command::new("timeout");
        command.args(["--signal=KILL", HANGS, "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]);
        command.arg("--inh-caps=-all").arg(&program).args(["session", "--network", "lab", "--format", "lines"]);
        command.args(["--timeout", "2s"]).args(*arguments).stdin(Stdio::null());
        let output = command.env_remove("SUDO_UID").env_remove("SUDO_GID").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            None | Some(KILLED) => Some(format!("{arguments:?} did not end: {said}")),
            Some(code) if code == *status && said.contains(words) => None,
            code => Some(format!("{arguments:?}: {code:?}, not {status} with {words:?}: {said}")),
        }
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let sessions: Vec<_> = CASES.iter().map(|case| scope.spawn(move || run(case))).collect();
        sessions.into_iter().filter_map(|session| session.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
