//! `echolab capture` as a program, on networks of its own.
//!
//! They need root (setpriv drops it where a test wants less) and fail without it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use assert_cmd::cargo::cargo_bin;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, gettid};
use serde_json::Value;

/// Gives this thread, and what it starts, a network of its own with a loopback interface.
fn own_network() {
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
    ip("link set lo up");
}

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().unwrap();
    assert!(status.success(), "ip {arguments}");
}

fn echolab(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("echolab"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("SUDO_UID").env_remove("SUDO_GID");
    command
}

/// A program at work, killed when the test fails.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

/// The end of a program.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Running {
    /// Starts a program that says when it is ready.
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("Ctrl-C stops") {
            assert!(stderr.read_line(&mut said).unwrap() > 0, "it does not start: {said}");
        }
        Self { child, stdout, stderr }
    }

    fn capture(arguments: &[&str]) -> Self {
        Self::start(&mut echolab(&[&["capture"], arguments].concat()))
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stdout.read_line(&mut line).unwrap() > 0, "it ended");
        line
    }

    /// Waits until it has ended.
    fn end(mut self) -> Ended {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        Ended { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    #[track_caller]
    fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    fn records(&self, kind: &str) -> Vec<Value> {
        let records = self.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.filter(|record| record["kind"] == kind).collect()
    }
}

/// One echo over TCP to this address, closed by the client first.
fn echo(listener: &TcpListener) {
    let address = listener.local_addr().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 5];
            stream.read_exact(&mut bytes).unwrap();
            stream.write_all(&bytes).unwrap();
            assert_eq!(stream.read(&mut bytes).unwrap(), 0);
        });
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"HELLO").unwrap();
        let mut bytes = [0; 5];
        stream.read_exact(&mut bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut bytes).unwrap(), 0);
    });
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    (listener, port)
}

fn frames(path: &Path) -> usize {
    let mut source = echolab::capture::file::open(path).unwrap();
    let mut frames = 0;
    while echolab::capture::Source::next_frame(&mut source).unwrap().is_some() {
        frames += 1;
    }
    frames
}

#[test]
fn a_connection_is_captured_once_from_its_syn_to_its_close() {
    own_network();
    let folder = tempfile::tempdir().unwrap();
    for interface in ["lo", "any"] {
        let (listener, port) = listen();
        let file = folder.path().join(format!("{interface}.pcapng"));
        let arguments = ["-i", interface, "--port", &port, "--until-close", "--format", "jsonl", "-w"];
        let capture = Running::capture(&[&arguments[..], &[file.to_str().unwrap()]].concat());
        echo(&listener);
        let ended = capture.end().succeeds();
        let steps = ended.records("step");
        assert!(steps.iter().all(|step| step["analysis"] == serde_json::json!([])), "{interface}: {}", ended.stdout);
        let conversation = &ended.records("conversation")[0];
        assert_eq!((&conversation["handshake"], &conversation["close"]), (&"complete".into(), &"fin".into()));
        assert_eq!(conversation["roles_from"], "syn");
        assert_eq!(conversation["echo"]["matched"], 1);
        let summary = &ended.records("summary")[0];
        assert_eq!((&summary["dropped"], &summary["frames"]), (&0.into(), &steps.len().into()));
        assert_eq!(frames(&file), steps.len(), "{interface}");
        let head = &ended.records("capture")[0];
        assert_eq!((&head["interface"], &head["filter"]), (&interface.into(), &format!("port {port}").into()));
    }
}

#[test]
fn lines_are_flushed_at_once_and_every_signal_ends_cleanly() {
    own_network();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let (listener, port) = listen();
        let mut capture = Running::capture(&["-i", "lo", "--port", &port]);
        echo(&listener);
        assert!(capture.line().contains(" [S] "));
        assert!(capture.line().contains(" [S.] "));
        capture.signal(signal);
        let ended = capture.end().succeeds();
        assert!(ended.stdout.contains(" [F.] "), "{}", ended.stdout);
        assert!(ended.stderr.contains(&format!("{} packets captured", ended.stdout.lines().count() + 2)));
    }
}

#[test]
fn a_count_ends_the_report_and_the_file_with_the_same_packet() {
    own_network();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("three.pcap");
    let (listener, port) = listen();
    let capture = Running::capture(&["--port", &port, "-c", "3", "-w", file.to_str().unwrap()]);
    echo(&listener);
    let ended = capture.end().succeeds();
    assert_eq!((ended.stdout.lines().count(), frames(&file)), (3, 3), "{}", ended.stdout);
}

#[test]
fn packets_captured_before_a_kill_are_in_the_file() {
    own_network();
    let folder = tempfile::tempdir().unwrap();
    for name in ["x.pcap", "x.pcapng"] {
        let file = folder.path().join(name);
        let (listener, port) = listen();
        let mut capture = Running::capture(&["-i", "lo", "--port", &port, "-w", file.to_str().unwrap()]);
        echo(&listener);
        let mut shown = 0;
        while !capture.line().contains(" [F.] ") {
            shown += 1;
        }
        capture.signal(Signal::SIGKILL);
        assert_eq!(capture.end().code, None);
        assert!(frames(&file) > shown, "{name}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [name], "nothing else is left");
        assert_eq!(echolab(&["analyze", file.to_str().unwrap()]).output().unwrap().status.code(), Some(0));
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn icmp_error_about_the_port_passes_the_filter() {
    own_network();
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = closed.port().to_string();
    for arguments in [["--port", port.as_str()], ["-f", &format!("udp port {port}")]] {
        let capture = Running::capture(&[&["-i", "lo", "-c", "2", "--format", "jsonl"], &arguments[..]].concat());
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"hi", closed).unwrap();
        let ended = capture.end().succeeds();
        let protocols: Vec<_> = ended.records("step").iter().map(|step| step["protocol"].clone()).collect();
        assert_eq!(protocols, ["udp", "icmp"], "{}", ended.stdout);
    }
}

#[test]
fn files_belong_to_the_caller_of_sudo() {
    own_network();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let file = folder.path().join("x.pcapng");
    let mut command = echolab(&["capture", "-i", "lo", "--for", "0s", "-w", file.to_str().unwrap()]);
    let ended = Running::start(command.env("SUDO_UID", "65534").env("SUDO_GID", "65534")).end().succeeds();
    assert!(ended.stderr.contains("no packet was captured on lo"), "{}", ended.stderr);
    assert_eq!(file.metadata().unwrap().uid(), 65_534);
}

#[test]
fn removed_interface_ends_the_capture_and_keeps_its_packets() {
    own_network();
    ip("link add left type veth peer name right");
    ip("link set left up");
    ip("link set right up");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.pcapng");
    let capture = Running::capture(&["-i", "left", "-w", file.to_str().unwrap()]);
    ip("link del left");
    let ended = capture.end();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("the report ends early: The interface disappeared"), "{}", ended.stderr);
    frames(&file);
}

#[test]
fn interface_that_goes_down_is_reported_and_awaited() {
    own_network();
    ip("link add left type veth peer name right");
    ip("addr add 10.77.0.1/24 dev left");
    ip("neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 dev left");
    ip("link set left up");
    ip("link set right up");
    let mut capture = Running::capture(&["-i", "left", "-f", "udp port 7007", "-c", "1"]);
    ip("link set left down");
    let mut said = String::new();
    while !said.contains("the interface went down: no packet comes until it is up again") {
        assert!(capture.stderr.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    ip("link set left up");
    ip("neigh replace 10.77.0.2 lladdr 02:00:00:00:00:02 dev left");
    UdpSocket::bind("10.77.0.1:0").unwrap().send_to(b"hi", "10.77.0.2:7007").unwrap();
    assert!(capture.end().succeeds().stdout.contains("udp:0 c>s 10.77.0.1:"));
}

#[test]
fn a_full_disk_is_an_error_that_names_the_first_packet_missing() {
    own_network();
    let (listener, port) = listen();
    let capture = Running::capture(&["-i", "lo", "--port", &port, "--until-close", "-w", "/dev/full"]);
    echo(&listener);
    let ended = capture.end();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("; the report goes on\n"), "{}", ended.stderr);
    assert!(ended.stdout.contains(" [S.] "), "the report goes on: {}", ended.stdout);
    assert!(ended.stderr.contains("frame 1 and all later ones are missing"), "{}", ended.stderr);
}

#[test]
fn interfaces_of_different_link_types_are_captured_together() {
    own_network();
    // a tunnel carries bare IP, and loopback Ethernet frames
    ip("tuntap add tunnel mode tun");
    ip("addr add 10.9.0.1/24 dev tunnel");
    ip("link set tunnel up");
    let device = fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun").unwrap();
    attach(&device, "tunnel");
    let (listener, port) = listen();
    let capture = Running::capture(&["--port", &port, "--until-close", "--format", "jsonl"]);
    let there: SocketAddr = format!("10.9.0.2:{port}").parse().unwrap();
    UdpSocket::bind("10.9.0.1:0").unwrap().send_to(b"hi", there).unwrap();
    echo(&listener);
    let ended = capture.end().succeeds();
    let summary = &ended.records("summary")[0];
    assert_eq!(summary["conversations"], serde_json::json!({"tcp": 1, "udp": 1}), "{summary}");
}

/// Has the tunnel's other end held by this process, without which its carrier is down.
fn attach(device: &fs::File, name: &str) {
    use std::os::fd::AsRawFd;
    /// `TUNSETIFF`, and `IFF_TUN | IFF_NO_PI`, of linux/if_tun.h.
    const TUNSETIFF: libc::c_ulong = 0x4004_54ca;
    const FLAGS: i16 = 0x1001;
    let mut request = [0_u8; 40];
    request[..name.len()].copy_from_slice(name.as_bytes());
    request[16..18].copy_from_slice(&FLAGS.to_ne_bytes());
    #[allow(unsafe_code, reason = "no crate offers this call")]
    // SAFETY: the request is as long as a struct ifreq, outlives the call, and the descriptor is open.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), TUNSETIFF, request.as_mut_ptr()) };
    assert_eq!(result, 0);
}

#[test]
fn both_hosts_of_a_network_see_the_same_connection() {
    own_network();
    ip("link add here type veth peer name there");
    ip("addr add 10.77.0.1/24 dev here");
    ip("link set here up");
    let arguments = |interface| ["-i", interface, "--port", "7007", "--until-close", "--format", "jsonl"];
    let (ready, is_ready) = channel();
    let (go, may_go) = channel::<()>();
    let (seen_there, from_there) = channel();
    let (done, is_done) = channel::<()>();
    let client = thread::spawn(move || {
        own_network();
        ready.send(gettid()).unwrap();
        may_go.recv().unwrap();
        ip("addr add 10.77.0.2/24 dev there");
        ip("link set there up");
        let capture = Running::capture(&arguments("there"));
        let mut connect = echolab(&["connect", "--ip", "10.77.0.1", "--port", "7007", "--timeout", "5m"]);
        let mut child = connect.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"HELLO\nquit\n").unwrap();
        assert!(child.wait_with_output().unwrap().status.success());
        seen_there.send(capture.end()).unwrap();
        // the end of this thread ends its network, and with it both interfaces
        is_done.recv().unwrap();
    });
    ip(&format!("link set there netns {}", is_ready.recv().unwrap()));
    let server = Running::start(&mut echolab(&["serve", "--ip", "10.77.0.1", "--port", "7007"]));
    let capture = Running::capture(&arguments("here"));
    go.send(()).unwrap();
    let seen = [from_there.recv().unwrap().succeeds(), capture.end().succeeds()];
    done.send(()).unwrap();
    client.join().unwrap();
    server.signal(Signal::SIGINT);
    server.end().succeeds();
    for ended in &seen {
        let conversation = &ended.records("conversation")[0];
        assert_eq!((&conversation["handshake"], &conversation["close"]), (&"complete".into(), &"fin".into()));
        assert_eq!(conversation["echo"]["matched"], 1);
        assert_eq!(ended.records("summary")[0]["dropped"], 0);
    }
    let numbers = |ended: &Ended| {
        let steps = ended.records("step");
        let mut numbers: Vec<_> =
            steps.iter().map(|step| format!("{} {} {}", step["direction"], step["seq_raw"], step["ack_raw"])).collect();
        numbers.sort();
        numbers
    };
    assert_eq!(numbers(&seen[0]), numbers(&seen[1]));
}

#[track_caller]
fn assert_fails(command: &mut Command, parts: &[&str]) {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is not in: {stderr}");
    }
}

#[test]
fn errors_are_reported_with_a_remedy() {
    own_network();
    ip("link add left type veth peer name right");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.pcap");
    fs::write(&file, "kept").unwrap();
    let capture = |arguments: &[&str]| echolab(&[&["capture"], arguments].concat());
    assert_fails(
        &mut capture(&["-i", "lift"]),
        &["no interface \"lift\"", "did you mean left?", "any, left, lo, right"],
    );
    assert_fails(&mut capture(&["-i", "left"]), &["left", "it is down", "ip link set left up"]);
    assert_fails(&mut capture(&["-f", "tcp prot 7"]), &["tcp prot 7", "pcap-filter"]);
    assert_fails(&mut capture(&["--host", "a or b"]), &["--host 192.0.2.7"]);
    assert_fails(&mut capture(&["-w", file.to_str().unwrap()]), &["exists already", "--force"]);
    assert_fails(&mut capture(&["-w", "x.pcap.gz"]), &["not packed"]);
    assert_fails(&mut capture(&["--format", "pcapng", "-o", "x"]), &["--write FILE"]);
    assert_fails(&mut capture(&["--port", "0"]), &["--port"]);
    assert_eq!(fs::read(&file).unwrap(), b"kept");
}

#[test]
fn missing_rights_name_the_ways_to_get_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("echolab");
    fs::copy(cargo_bin!("echolab"), &program).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).args(["capture", "-i", "lo"]);
    assert_fails(&mut command, &["CAP_NET_RAW", "sudo ", " capture ...", "setcap", "echolab session --network lab"]);
}

#[test]
fn interfaces_are_listed_with_their_addresses() {
    own_network();
    let output = echolab(&["capture", "--list"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "any  all interfaces\nlo   up, 127.0.0.1, ::1\n");
}

#[test]
fn unmet_expectations_exit_with_1() {
    own_network();
    let ended = Running::capture(&["-i", "lo", "--until-close", "--for", "0s"]).end();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("no connection was captured from its SYN to its close"), "{}", ended.stderr);
}
