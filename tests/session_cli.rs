//! `echolab session` as a program: reports, files, rights, and what goes wrong.
//!
//! They need root (setpriv drops it where a test wants less) and fail without it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Seek};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// `nobody`, who owns the files that it may write.
const NOBODY: u32 = 65_534;

/// `echolab session` with these arguments, on any free port unless they say otherwise.
fn session(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("echolab"));
    let port = if arguments.contains(&"--port") { &[][..] } else { &["--port", "0"] };
    command.arg("session").args(port).args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("SUDO_UID").env_remove("SUDO_GID");
    command
}

fn run(arguments: &[&str]) -> Output {
    session(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The records of a JSON Lines report.
fn records(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn of_kind(records: &[Value], kind: &str) -> Vec<Value> {
    records.iter().filter(|record| record["kind"] == kind).cloned().collect()
}

#[track_caller]
fn assert_fails(output: &Output, parts: &[&str]) {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    for part in parts {
        assert!(stderr(output).contains(part), "{part:?} is not in: {}", stderr(output));
    }
}

/// A directory that anybody may write to, with the program in it, where anybody may run it.
fn open_directory() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let program = directory.path().join("echolab");
    fs::copy(cargo_bin!("echolab"), &program).unwrap();
    (directory, program)
}

/// A command run by nobody: no root, no capability.
fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).stdin(Stdio::null());
    command.env_remove("SUDO_UID").env_remove("SUDO_GID");
    command
}

#[test]
fn an_echo_is_reported_from_its_first_step_to_its_last() {
    let records = records(&run(&["--format", "jsonl"]));
    let conversation = &of_kind(&records, "conversation")[0];
    assert_eq!(conversation["handshake"], "complete");
    assert_eq!((&conversation["close"], &conversation["closed_first"]), (&"fin".into(), &"client".into()));
    assert_eq!(conversation["roles_from"], "session");
    assert_eq!(conversation["echo"]["matched"], 1);
    let summary = &of_kind(&records, "summary")[0];
    assert_eq!((&summary["dropped"], &summary["frames"]), (&0.into(), &of_kind(&records, "step").len().into()));
    assert_eq!(of_kind(&records, "capture")[0]["interface"], "lo");
}

#[test]
fn kernel_time_wait_is_explained() {
    for format in ["table", "markdown", "html", "latex"] {
        let output = run(&["--kernel", "--format", format]);
        let text = String::from_utf8_lossy(&output.stdout);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            text.contains("Linux shows this state for a socket that is still open in its program"),
            "{format}: {text}"
        );
    }
}

#[test]
fn messages_are_sent_in_command_line_order() {
    let arguments = ["--message-bytes", "479", "--message", "x", "--message-bytes", "1380", "--format", "jsonl"];
    let records = records(&run(&arguments));
    let sent: Vec<u64> = of_kind(&records, "step")
        .iter()
        .filter(|step| step["direction"] == "client_to_server" && step["analysis"] == serde_json::json!([]))
        .filter_map(|step| step["len"].as_u64())
        .filter(|length| *length > 0)
        .collect();
    assert_eq!(sent, [479, 1, 1380]);
}

#[test]
fn udp_and_ipv6_and_any_are_reported() {
    for interface in ["lo", "any"] {
        let arguments = ["-t", "UDP", "--ip", "::1", "-i", interface, "--count", "3", "--format", "jsonl"];
        let records = records(&run(&arguments));
        assert_eq!(of_kind(&records, "step").len(), 6, "{interface}");
        assert_eq!(of_kind(&records, "conversation")[0]["echo"]["matched"], 3);
    }
}

#[test]
fn the_capture_is_kept_as_its_name_says_and_can_be_analysed() {
    let directory = TempDir::new().unwrap();
    for (name, magic) in [("x.pcap", [0x4d, 0x3c, 0xb2, 0xa1]), ("x.pcapng", [0x0a, 0x0d, 0x0d, 0x0a])] {
        let path = directory.path().join(name);
        let output = run(&["--write", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(fs::read(&path).unwrap()[..4], magic, "{name}");
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(report.starts_with(&format!("echo session, kept in {name}")), "{report}");
        let output = run(&["--write", path.to_str().unwrap(), "--force", "--format", "jsonl"]);
        let records = records(&output);
        let capture = &of_kind(&records, "capture")[0];
        assert_eq!(capture["file"], path.to_str().unwrap());
        assert_eq!(capture["format"], path.extension().unwrap().to_str().unwrap());
        let mut source = echolab::capture::file::open(&path).unwrap();
        let mut frames = 0;
        while echolab::capture::Source::next_frame(&mut source).unwrap().is_some() {
            frames += 1;
        }
        assert_eq!(of_kind(&records, "summary")[0]["frames"], frames, "{name}");
    }
}

#[test]
fn a_capture_on_standard_output_sends_the_report_to_standard_error() {
    let output = run(&["-w", "-"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout[..4], [0x4d, 0x3c, 0xb2, 0xa1]);
    assert!(stderr(&output).contains("client asks to connect"), "{}", stderr(&output));
    // by its other name too, and where it is a file that the shell has made
    let mut file = tempfile::tempfile().unwrap();
    let output = session(&["-w", "/dev/stdout"]).stdout(file.try_clone().unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut magic = [0; 4];
    file.rewind().unwrap();
    file.read_exact(&mut magic).unwrap();
    assert_eq!(magic, [0x4d, 0x3c, 0xb2, 0xa1]);
}

#[test]
fn capture_is_not_written_to_a_terminal() {
    let terminal = nix::pty::openpty(None, None).unwrap();
    let output = session(&["-w", "-"]).stdout(terminal.slave).output().unwrap();
    assert_fails(&output, &["a capture is not for a terminal", "--write"]);
}

#[test]
fn a_device_is_written_to_without_force() {
    for option in ["--write", "--output"] {
        let output = run(&[option, "/dev/null"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let output = run(&["--output", "/dev/stdout"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("client asks to connect"));
}

#[test]
fn partial_reads_are_enough_and_an_empty_read_is_reported() {
    let thousand = ["--message", "HELLO", "--line", "--repeat", "1000", "--reads", "2"];
    let output = run(&[&thousand[..], &["--client-read-size", "500"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // the first read must not run into the time that the second one waits in vain
    let output = run(&["--message", "HELLO", "--line", "--reads", "2", "--timeout", "5s"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("read 2 got nothing within 5s: the reads before it took all 6 bytes"), "{said}");
}

#[test]
fn files_that_exist_are_kept_unless_forced() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("kept");
    fs::write(&path, "mine").unwrap();
    let name = path.to_str().unwrap();
    for option in ["--write", "--output"] {
        assert_fails(&run(&[option, name]), &["exists already", "--force"]);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
    assert_eq!(run(&["--write", name, "--force"]).status.code(), Some(0));
    assert_ne!(fs::read(&path).unwrap(), b"mine");
}

#[test]
fn session_that_cannot_start_leaves_no_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("x.pcap");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["--port", &port, "-w", path.to_str().unwrap()]);
    assert_fails(&output, &["is in use by another program", "--port"]);
    assert!(!path.exists());
}

#[test]
fn a_full_disk_is_an_error_and_loses_no_report() {
    let output = run(&["--write", "/dev/full"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("No space left on device"), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("client asks to connect"));
}

#[test]
fn closed_report_pipe_leaves_a_whole_capture() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("x.pcap");
    let mut child = session(&["--format", "lines", "-w", path.to_str().unwrap()]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let analyze = ["analyze", "--format", "jsonl", path.to_str().unwrap()];
    let records = records(&Command::new(cargo_bin!("echolab")).args(analyze).output().unwrap());
    let conversation = &of_kind(&records, "conversation")[0];
    assert_eq!((&conversation["handshake"], &conversation["close"]), (&"complete".into(), &"fin".into()));
    assert_eq!(conversation["echo"]["matched"], 1);
}

/// Sends datagrams to a port, from more ports than a report shows conversations of, until it is dropped.
struct Stranger {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stranger {
    fn start(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let sockets: Vec<_> = (0..300).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        let thread = std::thread::spawn(move || {
            for socket in sockets.iter().cycle().take_while(|_| !until.load(Ordering::Relaxed)) {
                // before the server is there, nobody listens
                let _ = socket.send_to(b"noise", ("127.0.0.1", port));
                std::thread::sleep(Duration::from_micros(20));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

#[test]
fn foreign_packets_on_the_port_are_reported_after_the_session() {
    // a loopback of its own: no other test shall see the noise, and the ICMP errors where nobody listens
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
    assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _stranger = Stranger::start(port);
    let port = port.to_string();
    let arguments = ["--network", "loopback", "-t", "udp", "--port", &port, "--message", "my own"];
    for (format, title) in
        [("table", "UDP conversation"), ("markdown", "UDP conversation"), ("ladder", "UDP conversation")]
    {
        let output = run(&[&arguments[..], &["--format", format, "--width", "200"]].concat());
        let report = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(stderr(&output).contains("packets of other programs, which"), "{}", stderr(&output));
        let first = report.split(title).nth(1).unwrap_or_else(|| panic!("{format}: {report}"));
        assert!(first.contains("my own") && !first.contains("noise"), "{format}: {first}");
        let notes = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(notes.contains("of other programs, which"), "{format}: the report says so too");
    }
}

#[test]
fn session_alone_mentions_no_foreign_packets() {
    for protocol in ["tcp", "udp"] {
        let output = run(&["--network", "loopback", "-t", protocol]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
        assert!(!String::from_utf8_lossy(&output.stdout).contains("of other programs"));
    }
}

/// Keeps a processor busy while it lives.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        Self(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_bulk_transfer_on_a_busy_machine_is_captured_to_its_last_packet() {
    let _busy = [Busy::start(), Busy::start()];
    for protocol in [&["--message-bytes", "50000000"][..], &["-t", "udp", "--message-bytes", "60000", "--count", "700"]]
    {
        let records = records(&run(&[protocol, &["--network", "loopback", "--format", "jsonl"]].concat()));
        assert_eq!(of_kind(&records, "summary")[0]["dropped"], 0);
        let echo = &of_kind(&records, "conversation")[0]["echo"];
        assert!(echo["matched"].as_u64().unwrap() > 0, "{echo}");
    }
}

#[test]
fn usage_errors_are_reported_before_anything_starts() {
    for (arguments, part) in [
        (&["-i", "eth0"][..], "always meet on loopback"),
        (&["-t", "udp", "--close-first", "server"], "needs TCP"),
        (&["--reads", "1", "--close-first", "server"], "--reads says when the client closes"),
        (&["-t", "udp", "--message-bytes", "65508"], "holds at most 65507"),
        (&["-t", "udp", "--ip", "::1", "--message-bytes", "65528"], "holds at most 65527"),
        (&["-t", "udp", "--prefix", "x", "--message-bytes", "65507"], "an answer of 65508 bytes"),
        (&["-t", "sctp"], "tcp"),
        (&["--count", "0"], "--count"),
        (&["--read-size", "0"], "--read-size"),
        (&["--read-delay", "soon"], "--read-delay"),
        (&["--ip", "no such host"], "is neither an IP address nor a name"),
        (&["-w", "x.pcap.gz"], ".pcap or .pcapng"),
        (&["--ip", "192.0.2.1"], "is not an address of this host"),
        (&["--ip", "fe80::1"], "as in fe80::1%eth0"),
        (&["--write", "-", "--output", "-"], "can't both take standard output"),
        (&["--write", "/dev/stdout", "--output", "-"], "can't both take standard output"),
    ] {
        assert_fails(&run(arguments), &[part]);
    }
}

#[test]
fn client_without_echo_is_reported() {
    let output = run(&["--read-delay", "10m", "--timeout", "50ms"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no answer from 127.0.0.1"), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("client asks to connect"));
}

#[test]
fn missing_capture_rights_name_the_alternatives() {
    let (_directory, program) = open_directory();
    let output = as_nobody(&program).args(["session", "--network", "loopback"]).output().unwrap();
    assert_fails(
        &output,
        &["CAP_NET_RAW", "sudo \"$(command -v echolab)\"", "setcap cap_net_raw=ep", "unshare -rn", "ip link set lo up"],
    );
}

#[test]
fn files_belong_to_the_caller_of_sudo() {
    let (directory, _) = open_directory();
    let names = ["x.pcap", "x.md"].map(|name| directory.path().join(name));
    let output = session(&["--write", names[0].to_str().unwrap(), "--output", names[1].to_str().unwrap()])
        .envs([("SUDO_UID", "65534"), ("SUDO_GID", "65534")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for name in names {
        let meta = fs::metadata(&name).unwrap();
        assert_eq!((meta.uid(), meta.gid()), (NOBODY, NOBODY), "{name:?}");
        assert!(meta.len() > 0);
    }
}

#[test]
fn unknown_sudo_caller_is_reported() {
    let (directory, _) = open_directory();
    let file = directory.path().join("x.pcap");
    let output = session(&["--write", file.to_str().unwrap()]).env("SUDO_UID", "abc").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = "echolab: note: SUDO_UID is \"abc\", which is no number that sudo gives, so its caller is not known: \
                    files will belong to root; all capabilities are given up all the same\n";
    assert_eq!(stderr(&output), expected);
    assert_eq!(fs::metadata(&file).unwrap().uid(), 0);
}

#[test]
fn own_user_namespace_needs_no_root() {
    let (directory, program) = open_directory();
    let file = directory.path().join("x.pcap");
    let script = format!("ip link set lo up && exec '{}' session --write '{}'", program.display(), file.display());
    let mut command = as_nobody(Path::new("unshare"));
    let output = command.args(["-rn", "sh", "-c", &script]).env("SUDO_UID", "1000").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("SUDO_UID is 1000"), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("client asks to connect"));
    assert_eq!(fs::metadata(file).unwrap().uid(), NOBODY);
}

#[test]
fn loopback_interface_that_is_down_is_reported_with_a_remedy() {
    let (_directory, program) = open_directory();
    let mut command = as_nobody(Path::new("unshare"));
    let output = command.arg("-rn").arg(&program).args(["session", "--network", "loopback"]).output().unwrap();
    assert_fails(&output, &["it is down", "`ip link set lo up`", "--network lab"]);
}

/// A session whose server sleeps over the request, so that it can be looked at; stopped like with Ctrl-C.
struct Paused {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Paused {
    fn start(command: &mut Command) -> Self {
        Self::with_format(command, "lines")
    }

    fn with_format(command: &mut Command, format: &str) -> Self {
        let arguments = ["--format", format, "--read-delay", "10m", "--timeout", "10m", "--verbose"];
        let mut child = command.args(arguments).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains("server: connection 1 from"), "the client is at work: {line}");
        Self { child, stderr }
    }

    /// The lines of every thread's status that begin so.
    fn status(&self, key: &str) -> Vec<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let of_task = |task: fs::DirEntry| -> Option<String> {
            // a thread may end meanwhile
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            Some(status.lines().find_map(|line| line.strip_prefix(key))?.trim().to_owned())
        };
        tasks.filter_map(|task| of_task(task.ok()?)).collect()
    }

    fn interrupt(mut self) -> (Option<i32>, String, String) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        let (mut report, mut said) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut report).unwrap();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), report, said)
    }
}

#[test]
fn ctrl_c_ends_a_session_cleanly() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("x.pcapng");
    let paused = Paused::start(&mut session(&["-w", path.to_str().unwrap()]));
    let (code, report, said) = paused.interrupt();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stopped before the end"), "{said}");
    assert!(report.contains("[S]") && report.contains("[S.]"), "{report}");
    let mut source = echolab::capture::file::open(&path).unwrap();
    let mut frames = 0;
    while echolab::capture::Source::next_frame(&mut source).unwrap().is_some() {
        frames += 1;
    }
    assert_eq!(frames, report.lines().filter(|line| line.contains(" > ")).count(), "{report}");
}

#[test]
fn a_report_says_that_ctrl_c_stopped_its_session() {
    for (format, part) in [
        ("table", ", stopped early"),
        ("markdown", "by Ctrl-C, SIGTERM or SIGHUP"),
        ("html", "by Ctrl-C, SIGTERM or SIGHUP"),
    ] {
        let (code, report, said) = Paused::with_format(&mut session(&["--width", "200"]), format).interrupt();
        assert_eq!(code, Some(1), "{said}");
        let conversation = report.find("conversation 0").unwrap();
        assert!(report[..conversation].contains(part), "{format}: {report}");
    }
    let (_, report, _) = Paused::with_format(&mut session(&["--answers"]), "jsonl").interrupt();
    let answers = report.lines().find(|line| line.starts_with(r#"{"kind":"answers""#)).unwrap();
    let answers: Value = serde_json::from_str(answers).unwrap();
    let interrupted = answers["answers"].as_array().unwrap().iter().find(|answer| answer["id"] == "interrupted");
    let text = interrupted.unwrap()["answer"].as_str().unwrap();
    assert!(text.contains("This capture shows it: the session was stopped by Ctrl-C or SIGTERM"), "{text}");
}

#[test]
fn no_thread_keeps_a_capability_or_root() {
    let directory = TempDir::new().unwrap();
    let names = ["x.pcap", "x.md"].map(|name| directory.path().join(name).display().to_string());
    let sudo = [("SUDO_UID", "65534"), ("SUDO_GID", "65534")];
    for (environment, arguments, user) in [
        (&sudo[..0], &[][..], "65534\t65534\t65534\t65534"),
        (&sudo[..0], &["--write", &names[0]], "0\t0\t0\t0"),
        (&sudo[..0], &["--output", &names[1]], "0\t0\t0\t0"),
        (&sudo, &[], "65534\t65534\t65534\t65534"),
    ] {
        let paused = Paused::start(session(arguments).envs(environment.iter().copied()));
        for key in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            let capabilities = paused.status(key);
            assert!(capabilities.len() >= 4, "the capture, the client, the server and the report: {capabilities:?}");
            assert!(capabilities.iter().all(|set| set == "0000000000000000"), "{key} {capabilities:?}");
        }
        assert!(paused.status("NoNewPrivs:").iter().all(|bar| bar == "1"));
        assert!(paused.status("Uid:").iter().all(|ids| ids == user), "{arguments:?} {:?}", paused.status("Uid:"));
        assert!(paused.status("Gid:").iter().all(|ids| ids == user), "{arguments:?} {:?}", paused.status("Gid:"));
        paused.interrupt();
    }
}

#[test]
fn a_program_with_a_file_capability_gives_it_up_too() {
    let (_directory, program) = open_directory();
    assert!(Command::new("setcap").arg("cap_net_raw=ep").arg(&program).status().unwrap().success());
    let mut command = as_nobody(&program);
    command.args(["session", "--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let paused = Paused::start(&mut command);
    for key in ["CapInh:", "CapPrm:", "CapEff:"] {
        assert!(paused.status(key).iter().all(|set| set == "0000000000000000"), "{key} {:?}", paused.status(key));
    }
    assert!(paused.status("NoNewPrivs:").iter().all(|bar| bar == "1"));
    let (_, report, said) = paused.interrupt();
    assert!(report.contains("[S]"), "{said}");
}

/// `echolab session --interactive` with this input; where it goes to and what it shows.
fn typed(arguments: &[&str], input: &[u8]) -> Output {
    use std::io::Write;
    let mut child =
        session(&[&["--interactive", "--timeout", "5m"], arguments].concat()).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn typed_input_is_sent_and_explained() {
    for network in ["loopback", "lab"] {
        for proto in ["tcp", "udp"] {
            let folder = TempDir::new().unwrap();
            let report = folder.path().join("report.jsonl");
            let to = ["--format", "jsonl", "-o", report.to_str().unwrap()];
            let output = typed(&[&["--network", network, "-t", proto], &to[..]].concat(), b"HELLO\nquit\nnot sent\n");
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            assert_eq!(String::from_utf8_lossy(&output.stdout), "> Echo: HELLO\n", "{network} {proto}");
            let records: Vec<Value> =
                fs::read_to_string(report).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let conversation = &of_kind(&records, "conversation")[0];
            assert_eq!((&conversation["echo"]["matched"], &conversation["roles_from"]), (&1.into(), &"session".into()));
            if proto == "tcp" {
                assert_eq!((&conversation["handshake"], &conversation["close"]), (&"complete".into(), &"fin".into()));
            }
        }
    }
}

#[test]
fn typed_keys_are_sent_one_by_one() {
    let output = typed(&["--continuous"], b"LIFE");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.starts_with("LIFE") && shown.contains("client sends \"L\" (1 byte)"), "{shown}");
}

#[test]
fn typed_input_is_not_combined_with_a_capture() {
    assert_fails(&typed(&["--write", "-"], b""), &["--interactive shows the answers on standard output"]);
    assert_fails(&typed(&["--message", "x"], b""), &["--message", "cannot be used with"]);
}
