//! A capture survives the end of its session, whatever ends it, and the machine is left as it was; a session runs for who
//! may capture by a file's capability.
//!
//! They need root (setpriv drops it where a test wants less) and fail without it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use echolab::capture::{Source, file};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Time limit for events that must occur; no test passes sooner or later for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session whose server sleeps over the request: the handshake, the request and its ACK are all there is to capture.
struct Asleep {
    child: Child,
    capture: PathBuf,
    _folder: TempDir,
}

/// Frames of such a session.
const FRAMES: usize = 5;

impl Asleep {
    fn start(network: &str, name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let capture = folder.path().join(name);
        // under nohup SIGHUP is ignored, and by a shell's background jobs SIGINT
        let mut command = Command::new("env");
        command.args(["--default-signal=HUP,INT"]).arg(cargo_bin!("echolab"));
        command.args(["session", "--network", network, "--port", "0", "--format", "lines"]);
        command.args(["--read-delay", "600s", "--timeout", "600s", "--write"]).arg(&capture);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_remove("SUDO_UID").env_remove("SUDO_GID");
        let child = command.spawn().unwrap();
        let asleep = Self { child, capture, _folder: folder };
        asleep.wait_for_frames();
        asleep
    }

    fn wait_for_frames(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !frames(&self.capture).is_ok_and(|frames| frames == FRAMES) {
            assert!(Instant::now() < deadline, "{FRAMES} frames are not in the file: {:?}", frames(&self.capture));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Waits for its end; gives the capture's frames, the report and what was said.
    fn end(mut self) -> (std::process::ExitStatus, usize, String, String) {
        let (mut report, mut said) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut report).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), frames(&self.capture).unwrap(), report, said)
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The frames of a capture that is whole as far as it goes.
fn frames(path: &Path) -> anyhow::Result<usize> {
    let mut source = file::open(path)?;
    let mut frames = 0;
    while source.next_frame()?.is_some() {
        frames += 1;
    }
    Ok(frames)
}

#[test]
fn a_capture_survives_a_kill() {
    for network in ["loopback", "lab"] {
        for name in ["x.pcap", "x.pcapng"] {
            let asleep = Asleep::start(network, name);
            asleep.signal(Signal::SIGKILL);
            let (status, frames, ..) = asleep.end();
            assert_eq!((status.signal(), frames), (Some(9), FRAMES), "{network}, {name}");
        }
    }
}

#[test]
fn a_killed_report_is_called_incomplete() {
    let folder = TempDir::new().unwrap();
    let capture = folder.path().join("capture.pcapng");
    let mut command = Command::new(cargo_bin!("echolab"));
    command.args(["session", "--network", "loopback", "--port", "0", "--read-delay", "600s", "--timeout", "600s"]);
    command.arg("--report").arg(folder.path()).env_remove("SUDO_UID").env_remove("SUDO_GID");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let asleep = Asleep { child, capture, _folder: folder };
    asleep.wait_for_frames();
    let mut names: Vec<_> = fs::read_dir(asleep.capture.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    asleep.signal(Signal::SIGKILL);
    names.sort();
    assert_eq!(names.len(), 5, "{names:?}");
    assert_eq!(names[0], "capture.pcapng");
    assert!(names[1..].iter().all(|name| !name.starts_with('.') && name.ends_with(".incomplete")), "{names:?}");
    assert_eq!(asleep.end().1, FRAMES);
}

#[test]
fn a_hangup_ends_a_session_in_order() {
    for network in ["loopback", "lab"] {
        let asleep = Asleep::start(network, "x.pcap");
        asleep.signal(Signal::SIGHUP);
        let (status, frames, report, said) = asleep.end();
        assert_eq!(status.code(), Some(1), "{network}: {said}");
        assert!(said.contains("stopped before the end"), "{said}");
        assert!(frames >= FRAMES && frames == report.lines().filter(|line| line.contains(" > ")).count(), "{report}");
    }
}

#[test]
fn a_second_signal_close_to_the_first_is_the_same_request() {
    for network in ["loopback", "lab"] {
        for (first, second) in [(Signal::SIGTERM, Signal::SIGINT), (Signal::SIGHUP, Signal::SIGTERM)] {
            let asleep = Asleep::start(network, "x.pcap");
            asleep.signal(first);
            asleep.signal(second);
            let (status, frames, report, said) = asleep.end();
            assert_eq!(status.code(), Some(1), "{network}, {first}, {second}: {said}");
            assert!(report.lines().filter(|line| line.contains(" > ")).count() == frames, "{report}");
        }
    }
}

#[test]
fn session_survives_nohup() {
    let folder = TempDir::new().unwrap();
    let script =
        "trap '' HUP; exec \"$0\" session --network loopback --port 0 --read-delay 600s --timeout 600s -w \"$1\"";
    let capture = folder.path().join("x.pcap");
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(cargo_bin!("echolab")).arg(&capture);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let asleep = Asleep { child, capture, _folder: folder };
    asleep.wait_for_frames();
    let status = fs::read_to_string(format!("/proc/{}/status", asleep.child.id())).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & 1, 1, "SIGHUP, the first signal, stays ignored: {ignored}");
}

/// The state of a machine that a session could leave behind. It has a network, processes and mounts of its own here, so
/// that other programs do not matter.
const STATE: &str = r#"
state() {
    ip -o link; ip -o addr; ip route show table all; ip -6 route show table all; ip rule
    cat /proc/self/mountinfo
    readlink /proc/[0-9]*/ns/* | sort -u
    grep -l '^echolab$' /proc/[0-9]*/comm
    ls "$FOLDER"
}
"#;

/// Kills a session when its capture has begun, and waits until the machine is as it was before.
const KILL: &str = r#"
ip link set lo up
before=$(state 2>/dev/null)
"$@" >/dev/null 2>"$FOLDER/said" &
session=$!
rounds=0
until [ "$(stat -c %s "$CAPTURE" 2>/dev/null || echo 0)" -gt 60 ]; do
    rounds=$((rounds + 1))
    [ $rounds -lt 1200 ] || { echo "no capture: $(cat "$FOLDER/said")"; exit 1; }
    sleep 0.05
done
kill -9 $session
wait $session
cp "$FOLDER"/*.pcap "$KEPT"
rm -f "$FOLDER"/*
rounds=0
while after=$(state 2>/dev/null); [ "$after" != "$before" ]; do
    rounds=$((rounds + 1))
    [ $rounds -lt 1200 ] || { printf '%s\n---\n%s\n' "$before" "$after"; exit 1; }
    sleep 0.05
done
"#;

/// Kinds of sessions: who runs them, and how; with the names of their captures.
const KINDS: &[(bool, &[&str], &[&str])] = &[
    (true, &["--network", "loopback"], &["x.pcap"]),
    (true, &["--network", "loopback", "--proto", "udp"], &["x.pcap"]),
    (true, &["--network", "lab"], &["x.pcap"]),
    (true, &["--network", "lab", "--capture-at", "both", "--delay", "5ms"], &["x-client.pcap", "x-server.pcap"]),
    (false, &["--network", "lab"], &["x.pcap"]),
    (false, &["--network", "lab", "--proto", "udp", "--capture-at", "both"], &["x-client.pcap", "x-server.pcap"]),
];

fn killed(root: bool, arguments: &[&str], captures: &[&str]) -> (Output, Vec<usize>) {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    for folder in &folders {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    }
    let [folder, kept] = folders.each_ref().map(TempDir::path);
    let program = kept.join("echolab");
    fs::copy(cargo_bin!("echolab"), &program).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--net", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child"]);
    command.args(["sh", "-c", &format!("{STATE}{KILL}"), "sh"]);
    if !root {
        command.args(["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--inh-caps=-all"]);
    }
    command.arg(&program).args(["session", "--read-delay", "600s", "--timeout", "600s", "--write"]);
    command.arg(folder.join("x.pcap")).args(arguments);
    command.env("FOLDER", folder).env("KEPT", kept).env("CAPTURE", folder.join(captures[0]));
    command.env_remove("SUDO_UID").env_remove("SUDO_GID").stdin(Stdio::null());
    let output = command.output().unwrap();
    let counts = captures.iter().filter_map(|name| frames(&kept.join(name)).ok()).collect();
    (output, counts)
}

#[test]
fn a_killed_session_leaves_its_capture_and_nothing_else() {
    for (root, arguments, captures) in KINDS {
        let (output, counts) = killed(*root, arguments, captures);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        assert!(counts.len() == captures.len() && counts[0] > 0, "{arguments:?}: {counts:?} frames");
    }
}

/// Runs a lab session of 24 MB, which is more than echolab keeps in memory, with room for `size` bytes in TMPDIR.
fn with_little_room(size: &str, capture: &Path) -> Output {
    let temporary = TempDir::new().unwrap();
    let mut command = Command::new("unshare");
    let script = format!("mount -t tmpfs -o size={size} none \"$TMPDIR\" && exec \"$@\"");
    command.args(["--mount", "sh", "-c", &script, "sh"]).arg(cargo_bin!("echolab"));
    command.args(["session", "--network", "lab", "--message-bytes", "12000000", "--format", "lines", "--write"]);
    command.arg(capture).env("TMPDIR", temporary.path()).stdin(Stdio::null());
    let output = command.env_remove("SUDO_UID").env_remove("SUDO_GID").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let folder = temporary.path().display().to_string();
    assert!(said.is_empty() || said.contains(&folder), "the full folder is named: {said}");
    output
}

#[test]
fn full_temporary_folder_shortens_the_report_but_not_the_capture() {
    let folder = TempDir::new().unwrap();
    // in the first the frames never get there, in the second some do
    for (size, name) in [("1m", "x.pcap"), ("18m", "y.pcapng")] {
        let capture = folder.path().join(name);
        let output = with_little_room(size, &capture);
        let (report, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{said}");
        let missing = said.split("no room for frame ").nth(1).unwrap_or_else(|| panic!("{said}"));
        let missing: usize = missing.split(' ').next().unwrap().parse().unwrap();
        assert!(said.contains("No space left on device") && said.contains("TMPDIR"), "{said}");
        let reported = report.lines().filter(|line| line.contains(" > ")).count();
        assert_eq!(reported, missing - 1, "{said}");
        let whole = Command::new(cargo_bin!("echolab")).args(["analyze", "--format", "lines"]).arg(&capture).output();
        let whole = String::from_utf8(whole.unwrap().stdout).unwrap();
        assert!(whole.lines().filter(|line| line.contains(" > ")).count() > reported, "the capture goes on");
        assert_eq!(whole.lines().filter(|line| line.contains("[F.]")).count(), 2, "to the end of the connection");
    }
}

#[test]
fn a_full_disk_leaves_a_capture_that_ends_with_a_whole_record() {
    for name in ["x.pcap", "x.pcapng"] {
        let folder = TempDir::new().unwrap();
        // read before the file system goes with the namespace
        let script = "mount -t tmpfs -o size=100k none \"$0\"; \"$1\" session --network loopback --port 0 --message-bytes \
                      300000 --format lines --write \"$0/$2\" >/dev/null 2>\"$3\"; echo $? >>\"$3\"; cp \"$0/$2\" \"$4\"";
        let (said, kept) = (folder.path().join("said"), folder.path().join(name));
        let disk = TempDir::new().unwrap();
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script]).arg(disk.path()).arg(cargo_bin!("echolab")).arg(name);
        assert!(command.arg(&said).arg(&kept).env_remove("SUDO_UID").status().unwrap().success());
        let said = fs::read_to_string(said).unwrap();
        let missing = said.split("frame ").nth(1).unwrap_or_else(|| panic!("{said}"));
        let missing: usize = missing.split(' ').next().unwrap().parse().unwrap();
        assert!(said.contains(&format!("can't write {}/{name}: ", disk.path().display())), "{said}");
        assert!(said.contains("No space left on device") && said.ends_with("\n2\n"), "{said}");
        assert_eq!(frames(&kept).unwrap(), missing - 1, "{said}");
        assert!(missing > 3, "something fits: {said}");
    }
}

/// A user's shell runs a program that has a capability from its file: the shell has none, so that the program is not
/// dumpable. (setpriv keeps its own capabilities, and what it runs itself is.)
#[test]
fn program_with_a_file_capability_can_use_the_lab() {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let own = folder.path().join("echolab");
    fs::copy(cargo_bin!("echolab"), &own).unwrap();
    assert!(Command::new("setcap").arg("cap_net_raw=ep").arg(&own).status().unwrap().success());
    for arguments in ["--network lab", "--network lab --proto udp --capture-at both", "--scenario lost-request"] {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=12345", "--regid=12345", "--clear-groups", "--inh-caps=-all", "sh", "-c"]);
        command.arg(format!("\"$0\" session {arguments} --format lines; exit $?")).arg(&own).stdin(Stdio::null());
        let output = command.env_remove("SUDO_UID").env_remove("SUDO_GID").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments}: {said}");
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(report.lines().any(|line| line.contains("192.0.2.1")), "{arguments}: {report}");
    }
}
