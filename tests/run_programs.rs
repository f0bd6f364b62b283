//! `echolab run` with real programs: Python and C pairs, and programs that fail.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");

/// A command of a Python program of the tests.
fn python(program: &str) -> String {
    format!("python3 {PROGRAMS}/{program}")
}

/// A C program of the tests, compiled.
fn c(folder: &Path, name: &str, flags: &[&str]) -> PathBuf {
    let binary = folder.join(name);
    let source = Path::new(PROGRAMS).join(name).with_extension("c");
    let compiled = Command::new("cc").args(["-O1", "-o"]).arg(&binary).arg(source).args(flags).status();
    assert!(compiled.unwrap().success(), "cc {name}");
    binary
}

fn run(server: &str, client: &str, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_echolab"));
    command.args(["run", "--format", "jsonl", "--server", server, "--client", client]).args(options);
    command.stdin(Stdio::null()).output().unwrap()
}

/// The report of a run that ended with `status`.
struct Report(Vec<Value>);

impl Report {
    fn of(output: &Output, status: i32) -> Self {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{said}");
        let text = String::from_utf8_lossy(&output.stdout);
        Self(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    fn kind(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|record| record["kind"] == kind).collect()
    }

    fn conversations(&self) -> Vec<&Value> {
        self.kind("conversation")
    }

    fn findings(&self) -> Vec<String> {
        let all = self.0.iter().filter_map(|record| record["findings"].as_array()).flatten();
        all.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    }

    /// The programs: the server, then the clients.
    fn programs(&self) -> &Vec<Value> {
        self.kind("summary")[0]["programs"].as_array().unwrap()
    }

    fn output(&self, program: usize) -> Vec<&str> {
        self.programs()[program]["output"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
    }

    /// The calls of a program on connections, in order.
    fn calls(&self, program: &str) -> Vec<&Value> {
        self.kind("call").into_iter().filter(|call| call["program"] == program && !call["stream"].is_null()).collect()
    }

    /// The names of these calls.
    fn names(&self, program: &str) -> Vec<&str> {
        self.calls(program).iter().map(|call| call["call"].as_str().unwrap()).collect()
    }

    /// The one call of this name of a program on a connection.
    fn call(&self, program: &str, name: &str) -> &Value {
        let calls: Vec<_> = self.calls(program).into_iter().filter(|call| call["call"] == name).collect();
        let [call] = calls[..] else { panic!("{name} of {program}: {calls:?}") };
        call
    }

    /// The frames of a call.
    fn frames(&self, call: &Value) -> Vec<&Value> {
        let frames = call["frames"].as_array().unwrap();
        self.kind("step").into_iter().filter(|step| frames.contains(&step["frame"])).collect()
    }

    /// Returns `true` if a call has a frame with this flag, sent by the host of its own program.
    fn sent_flag(&self, call: &Value, flag: &str) -> bool {
        let own = if call["side"] == "client" { "client_to_server" } else { "server_to_client" };
        let has = |step: &&Value| step["flags"].as_array().is_some_and(|flags| flags.contains(&flag.into()));
        self.frames(call).iter().any(|step| step["direction"] == own && has(step))
    }

    /// Each payload byte of a call that sent or received is in its frames, which the sender's host sent.
    fn assert_tied(&self, call: &Value) {
        let own = call["side"] == "client";
        let sends = call["call"] == "send";
        let direction = if own == sends { "client_to_server" } else { "server_to_client" };
        let frames = self.frames(call);
        assert!(!frames.is_empty() && frames.iter().all(|step| step["direction"] == direction), "{call}");
        let carried: u64 = frames.iter().map(|step| step["len"].as_u64().unwrap()).sum();
        assert!(carried >= call["bytes"].as_u64().unwrap(), "{call}");
    }

    /// Every call of an echo of `bytes` bytes in one exchange is tied to its frames: by `client`, and by the server.
    fn assert_echo_is_tied(&self, client: &str, bytes: u64) {
        let stream = &self.call(client, "connect")["stream"];
        assert!(!stream.is_null());
        let server: Vec<_> = self.calls("server").into_iter().filter(|call| call["stream"] == *stream).collect();
        let of_server = |name: &str| {
            let calls: Vec<_> = server.iter().copied().filter(|call| call["call"] == name).collect();
            let [call] = calls[..] else { panic!("{name} of server: {server:?}") };
            call
        };
        assert_eq!(self.names(client), ["connect", "send", "receive", "close"]);
        assert_eq!(self.frames(self.call(client, "connect")).len(), 3);
        assert_eq!(self.frames(of_server("accept")).len(), 1);
        for call in [self.call(client, "send"), of_server("receive"), of_server("send"), self.call(client, "receive")] {
            assert_eq!(call["bytes"], bytes);
            self.assert_tied(call);
        }
        assert_eq!(self.call(client, "send")["frames"], of_server("receive")["frames"]);
        assert_eq!(of_server("send")["frames"], self.call(client, "receive")["frames"]);
        assert!(self.sent_flag(self.call(client, "close"), "FIN"));
        assert_eq!(self.call(client, "close")["unread"], 0);
        assert_eq!(of_server("end_of_stream")["frames"], self.call(client, "close")["frames"]);
        let closes = server.iter().filter(|call| call["call"] == "close" || call["call"] == "shutdown");
        assert_eq!(closes.filter(|call| self.sent_flag(call, "FIN")).count(), 1, "{server:?}");
    }

    /// The findings with this code, each with the frame of its step (0 for none).
    fn found(&self, code: &str) -> Vec<(u64, &Value)> {
        let of = |record: &'_ Value| record["frame"].as_u64().unwrap_or(0);
        let records = self.0.iter().filter(|record| record["findings"].is_array());
        let all =
            records.flat_map(|record| record["findings"].as_array().unwrap().iter().map(move |one| (of(record), one)));
        all.filter(|(_, finding)| finding["code"] == code).collect()
    }

    /// Segments with RST.
    fn resets(&self) -> usize {
        let reset = |step: &&&Value| step["flags"].as_array().is_some_and(|flags| flags.contains(&"RST".into()));
        self.kind("step").iter().filter(reset).count()
    }

    /// Payload bytes that the client sent, and the server.
    fn payload(&self) -> (u64, u64) {
        let bytes = |direction: &str| {
            let steps = self.kind("step");
            let own = steps.iter().filter(|step| step["direction"] == direction);
            own.map(|step| step["len"].as_u64().unwrap_or(0)).sum()
        };
        (bytes("client_to_server"), bytes("server_to_client"))
    }
}

/// Processes whose command line holds `word`.
fn processes(word: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let line = |path: PathBuf| std::fs::read(path.join("cmdline")).unwrap_or_default();
    let own = std::process::id().to_string();
    all.filter(|entry| entry.file_name().to_string_lossy() != own)
        .map(|entry| String::from_utf8_lossy(&line(entry.path())).replace('\0', " "))
        .filter(|line| line.contains(word))
        .collect()
}

fn assert_none_left(word: &str) {
    assert!(processes(word).is_empty(), "left: {:?}", processes(word));
}

#[test]
fn a_python_pair_is_whole_from_syn_to_last_ack() {
    let server = python("echo_server.py 12345 --upper");
    let output = run(&server, &python("echo_client.py 127.0.0.1 12345"), &["--type", "hello", "--type", "quit"]);
    let report = Report::of(&output, 0);
    let conversations = report.conversations();
    assert_eq!(conversations.len(), 1);
    assert_eq!(conversations[0]["handshake"], "complete");
    assert_eq!(conversations[0]["closed_first"], "client");
    assert_eq!(report.payload(), (5, 5));
    assert_eq!(report.output(1), ["Echo: HELLO"]);
    assert_eq!(report.output(0)[0], "listening on port 12345");
    let [server, client] = report.programs().as_slice() else { panic!("two programs") };
    assert_eq!((&server["stopped_with"], &server["signal"]), (&"SIGINT".into(), &"SIGINT".into()));
    assert_eq!((&client["exit_status"], &client["stopped_with"]), (&0.into(), &Value::Null));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("client| Echo: HELLO\n"), "{said}");
    report.assert_echo_is_tied("client", 5);
    let prepared: Vec<_> = report.kind("call").into_iter().filter(|call| call["stream"].is_null()).collect();
    let names: Vec<_> = prepared.iter().filter(|call| call["side"] == "server").map(|call| &call["call"]).collect();
    assert_eq!(names[..4], ["socket", "setsockopt", "bind", "listen"]);
    assert_eq!(prepared[1]["option"], "SO_REUSEADDR to 1");
    assert_eq!(prepared[2]["local"]["port"], 12345);
}

#[test]
fn c_programs_serve_several_clients_together() {
    let folder = tempfile::tempdir().unwrap();
    let server = c(folder.path(), "echo_server", &[]);
    let client = c(folder.path(), "echo_client", &["-static"]);
    let server = format!("{} 7", server.display());
    let report = Report::of(
        &run(&server, &format!("{} localhost 7 HELLO", client.display()), &["--clients", "3", "--together"]),
        0,
    );
    assert_eq!(report.conversations().len(), 3);
    assert_eq!(report.programs().len(), 4);
    assert_eq!(report.payload(), (15, 15));
    for client in ["client", "client 2", "client 3"] {
        report.assert_echo_is_tied(client, 5);
    }
    // each connection has a descriptor in the server and one in its child
    assert_eq!(report.names("server").iter().filter(|name| **name == "close_copy").count(), 3);
    assert_none_left(&folder.path().display().to_string());
}

#[test]
fn udp_client_starts_when_the_server_is_bound() {
    let report =
        Report::of(&run(&python("udp_server.py 9000"), &python("udp_client.py localhost 9000 one two"), &[]), 0);
    assert_eq!(report.kind("step").len(), 4);
    assert_eq!(report.output(1), ["Echo: one", "Echo: two"]);
    let moved = |program: &str, name: &str| -> Vec<u64> {
        let calls = report.calls(program).into_iter().filter(|call| call["call"] == name);
        calls.map(|call| call["frames"].as_array().unwrap()[..].first().unwrap().as_u64().unwrap()).collect()
    };
    assert_eq!((moved("client", "send"), moved("server", "receive")), (vec![1, 3], vec![1, 3]));
    assert_eq!((moved("server", "send"), moved("client", "receive")), (vec![2, 4], vec![2, 4]));
}

#[test]
fn servers_start_one_after_the_other_each_when_the_one_before_listens() {
    let relay = python("relay.py 8888 8000");
    for options in [&["--server", &relay][..], &["--server", &relay, "--no-trace"]] {
        let client = python("echo_client.py 127.0.0.1 8888 --send hi");
        let report = Report::of(&run(&python("echo_server.py 8000"), &client, options), 0);
        assert_eq!(report.conversations().len(), 2);
        let [origin, relay, client] = report.programs().as_slice() else { panic!("three programs") };
        assert_eq!((&origin["stopped_with"], &relay["stopped_with"]), (&"SIGINT".into(), &"SIGINT".into()));
        assert_eq!(client["exit_status"], 0);
        assert_eq!(report.output(2), ["Echo: hi"]);
    }
    let missing = run(&python("echo_server.py 8000"), "true", &["--server", "sh -c 'exit 0'"]);
    let said = String::from_utf8_lossy(&missing.stderr);
    assert_eq!(missing.status.code(), Some(1), "{said}");
    assert!(said.contains("server 2 ended before it listened; the client was not started"), "{said}");
}

#[test]
fn a_server_for_one_client_may_end_by_itself() {
    for options in [&[][..], &["--no-trace"]] {
        let client = python("echo_client.py 127.0.0.1 7000 --send hi");
        let report = Report::of(&run(&python("one_shot_server.py 7000"), &client, options), 0);
        let server = &report.programs()[0];
        assert_eq!((&server["exit_status"], &server["stopped_with"]), (&0.into(), &Value::Null), "{server}");
        assert_eq!(report.output(0), ["served one client"]);
    }
}

#[test]
fn program_that_needs_a_terminal_is_reported() {
    let client = "sh -c 'stty raw'";
    let output = run(&python("echo_server.py 7000"), client, &["--type", "hello"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the client seems to need a terminal"), "{said}");
}

#[test]
fn the_lab_has_two_hosts_with_names_and_faults() {
    let options = ["--network", "lab", "--wire", "drop data 1 of client", "--delay", "5ms"];
    let client = python("echo_client.py server 7000 --send hi");
    let report = Report::of(&run(&python("echo_server.py 7000"), &client, &options), 0);
    assert!(report.findings().contains(&"wire_dropped".to_owned()), "{:?}", report.findings());
    let step = report.kind("step")[0];
    assert_eq!((&step["source"], &step["destination"]), (&"192.0.2.1".into(), &"192.0.2.2".into()));
    assert_eq!(report.output(1), ["Echo: hi"]);
}

/// A run on a host of its own, on which only the loopback interface is up.
fn run_on_this_host(server: &str, client: &str, options: &[&str]) -> Output {
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_echolab")]);
    command.args(["run", "--format", "jsonl", "--server", server, "--client", client, "--network", "loopback"]);
    command.args(options).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn this_host_s_loopback_is_captured_for_the_named_port() {
    let folder = tempfile::tempdir().unwrap();
    // a conversation of each port
    let relay = python("relay.py 7002 7001");
    let client = python("echo_client.py 127.0.0.1 7002 --send hi");
    let capture = folder.path().join("kept.pcap");
    let write = ["--port", "7001", "--port", "7002", "--write", capture.to_str().unwrap(), "--server", &relay];
    for options in [&write[..], &["--port", "7002", "--port", "7001", "--no-trace", "--server", &relay]] {
        let report = Report::of(&run_on_this_host(&python("echo_server.py 7001"), &client, options), 0);
        assert_eq!(report.conversations().len(), 2);
        assert!(report.conversations().iter().all(|one| one["handshake"] == "complete" && one["close"] == "fin"));
        assert_eq!(report.output(2), ["Echo: hi"]);
    }
    assert!(capture.exists());
    let one = run_on_this_host(&python("echo_server.py 7001"), &python("echo_client.py 127.0.0.1 7001 --send x"), &[]);
    assert_eq!(one.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&one.stderr).contains("--network loopback needs the server's port"));
    assert_none_left("echo_server.py 7001");
}

#[test]
fn client_that_starts_first_is_refused() {
    let output = run(&python("echo_server.py 7000"), &python("echo_client.py 127.0.0.1 7000"), &["--client-first"]);
    let report = Report::of(&output, 1);
    assert_eq!(report.kind("step").len(), 2);
    assert_eq!(report.conversations()[0]["handshake"], "refused");
    let failed = report.call("client", "failed");
    assert_eq!((&failed["failed"], &failed["error"]), (&"connect".into(), &"Connection refused".into()));
    assert_eq!(failed["frames"], serde_json::json!([2]));
}

#[test]
fn a_server_that_reads_five_bytes_leaves_the_rest_to_a_closed_socket() {
    let client = python("echo_client.py 127.0.0.1 12345 --send 12345678901234567890");
    let report = Report::of(&run(&python("echo_server.py 12345 --read 5 --pause 0.05"), &client, &[]), 0);
    assert!(report.resets() >= 1);
    assert_eq!(report.output(1), ["Echo: 12345"]);
}

#[test]
fn a_reset_names_the_call_that_sent_it() {
    let client = python("echo_client.py 127.0.0.1 12345 --send 12345678901234567890");
    let server = "python3 -c '
import socket, struct, sys
with socket.create_server((\"\", 12345)) as listener:
    connection, peer = listener.accept()
    if LINGER: connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(\"ii\", 1, 0))
    connection.sendall(connection.recv(READ))
    while READ > 20 and not LINGER and connection.recv(READ): pass
    connection.close()
    listener.accept()
'";
    // (options of the server, the finding, what its text says)
    let cases = [
        (("False", "5"), Some(("reset_unread", "The server called close() with 15 bytes unread (call "))),
        (("True", "100"), Some(("reset_abort", "SO_LINGER was set with a zero timeout, so its kernel sent RST"))),
        // all was read: FIN
        (("False", "100"), None),
    ];
    for ((linger, read), expected) in cases {
        let server = server.replace("LINGER", linger).replace("SO_True", "SO_LINGER").replace("SO_False", "SO_LINGER");
        let report = Report::of(&run(&server.replace("READ", read), &client, &[]), 0);
        let Some((code, text)) = expected else {
            assert_eq!(report.resets(), 0);
            assert!(!report.findings().iter().any(|code| code.starts_with("reset")), "{:?}", report.findings());
            continue;
        };
        let found = report.found(code);
        let [(frame, finding)] = found[..] else { panic!("{code}: {found:?}") };
        assert!(finding["text"].as_str().unwrap().contains(text), "{finding}");
        let calls = report.kind("call");
        let closes: Vec<_> =
            calls.iter().filter(|call| finding["calls"] == serde_json::json!([call["number"]])).collect();
        let [close] = closes[..] else { panic!("one call: {finding}") };
        assert_eq!((&close["call"], &close["program"]), (&"close".into(), &"server".into()));
        assert!(close["frames"].as_array().unwrap().contains(&frame.into()), "{close}");
        assert_eq!(report.conversations()[0]["close"], "rst");
    }
}

/// A Python program that begins with `import socket`.
fn inline(text: &str) -> String {
    format!("python3 -c 'import socket, time\n{text}'")
}

/// The advice on a pair of programs: the finding with `code`, whose calls are all in the report.
fn advice<'a>(report: &'a Report, code: &str) -> &'a Value {
    let found = report.found(code);
    let [(_, finding)] = found[..] else { panic!("{code}: {:?}", report.findings()) };
    let numbers: Vec<_> = report.kind("call").iter().map(|call| &call["number"]).collect();
    let named = finding["calls"].as_array().unwrap();
    assert!(!named.is_empty() && named.iter().all(|call| numbers.contains(&call)), "{finding}");
    assert_eq!(report.kind("summary")[0]["findings_count"][code], 1, "{code} is counted");
    finding
}

const ADVICE: [&str; 9] = [
    "connect_before_listen",
    "bound_to_loopback",
    "other_port",
    "address_in_use",
    "deadlock",
    "partial_receive",
    "short_write",
    "datagram_truncated",
    "small_writes",
];

#[test]
fn correct_programs_get_no_advice() {
    let client = python("echo_client.py 127.0.0.1 12345 --send hello --send again");
    let report = Report::of(&run(&python("echo_server.py 12345"), &client, &[]), 0);
    let given: Vec<_> = report.findings().into_iter().filter(|code| ADVICE.contains(&code.as_str())).collect();
    assert!(given.is_empty(), "{given:?}");
}

#[test]
fn refused_client_is_explained_by_the_servers_error() {
    let server = python("echo_server.py 7000");
    let early = run(&server, &python("echo_client.py 127.0.0.1 7000"), &["--client-first"]);
    let early = Report::of(&early, 1);
    assert_eq!(advice(&early, "connect_before_listen")["frames"], serde_json::json!([1, 2]));
    let other = Report::of(&run(&server, &python("echo_client.py 127.0.0.1 7001"), &[]), 1);
    let text = advice(&other, "other_port")["text"].as_str().unwrap();
    assert!(text.contains("port 7001") && text.contains("port 7000"), "{text}");
    assert!(other.found("connect_before_listen").is_empty());
    let local = python("echo_server.py 7000 --host 127.0.0.1");
    let local = Report::of(&run(&local, &python("echo_client.py server 7000"), &["--network", "lab"]), 1);
    advice(&local, "bound_to_loopback");
}

#[test]
fn an_address_in_use_is_explained() {
    // the server closes first, and begins again at once; signals that end the session give it time for that
    let server = |reuse: &str| {
        let serve = format!(
            "  s = socket.socket(); {reuse}\n  s.bind((\"\", 7)); s.listen(); c, _ = s.accept(); c.shutdown(1); c.recv(1); c.close(); s.close()"
        );
        let deaf = "import signal; [signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, signal.SIGTERM)]";
        inline(&format!("{deaf}\ndef serve():\n{serve}\nserve(); serve()"))
    };
    let client = inline("s = socket.create_connection((\"127.0.0.1\", 7)); s.recv(1); s.close()");
    let output = run(&server("pass"), &client, &[]);
    let report = Report::of(&output, output.status.code().unwrap());
    let finding = advice(&report, "address_in_use");
    assert!(finding["text"].as_str().unwrap().contains("TIME-WAIT"), "{finding}");
    let reuse = "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)";
    let report = Report::of(&run(&server(reuse), &client, &[]), 0);
    assert!(report.found("address_in_use").is_empty());
}

#[test]
fn a_deadlock_names_both_calls() {
    // the server wants 10 bytes before it answers, and gets 5
    let server = inline(
        "s = socket.create_server((\"\", 7)); c, _ = s.accept(); got = b\"\"\nwhile len(got) < 10: got += c.recv(10)",
    );
    let client = inline("s = socket.create_connection((\"127.0.0.1\", 7)); s.sendall(b\"hello\"); s.recv(10)");
    let report = Report::of(&run(&server, &client, &["--timeout", "3s"]), 1);
    let finding = advice(&report, "deadlock");
    let calls = report.kind("call");
    let waits: Vec<_> = calls.iter().filter(|call| call["call"] == "waiting").map(|call| &call["number"]).collect();
    assert_eq!(finding["calls"].as_array().unwrap().iter().collect::<Vec<_>>(), waits);
    // a client that sleeps waits for nobody
    let client = inline("s = socket.create_connection((\"127.0.0.1\", 7)); s.sendall(b\"hello\"); time.sleep(60)");
    assert!(Report::of(&run(&server, &client, &["--timeout", "1s"]), 1).found("deadlock").is_empty());
}

#[test]
fn single_recv_is_reported_when_the_message_spans_segments() {
    let server = inline(
        "s = socket.create_server((\"\", 7)); c, _ = s.accept(); c.recv(1); c.sendall(b\"x\" * 13000); c.recv(1)",
    );
    let client = |rest: &str| {
        let open = "s = socket.create_connection((\"server\", 7)); s.sendall(b\"?\"); got = len(s.recv(20000))";
        inline(&format!("{open}\n{rest}\ns.close()"))
    };
    let slow = ["--network", "lab", "--rate", "200kbit"];
    let report = Report::of(&run(&server, &client("pass"), &slow), 0);
    let got: u64 = report
        .calls("client")
        .iter()
        .filter(|call| call["call"] == "receive")
        .filter_map(|call| call["bytes"].as_u64())
        .sum();
    if got < 13_000 {
        advice(&report, "partial_receive");
    }
    let report = Report::of(&run(&server, &client("while got < 13000: got += len(s.recv(20000))"), &slow), 0);
    assert!(report.found("partial_receive").is_empty());
}

#[test]
fn short_write_is_reported_when_the_rest_is_never_sent() {
    let server = inline("s = socket.create_server((\"\", 7)); c, _ = s.accept()\nwhile c.recv(1 << 20): pass");
    // with a timeout, send() takes as much as the buffer has room for
    let client = |send: &str, mebibytes: u32| {
        inline(&format!(
            "s = socket.create_connection((\"127.0.0.1\", 7)); s.settimeout(20); s.{send}(b\"x\" * ({mebibytes} << 20)); s.shutdown(1); s.recv(1); s.close()"
        ))
    };
    let report = Report::of(&run(&server, &client("send", 64), &[]), 0);
    advice(&report, "short_write");
    // more than the buffer, but what the capture ring holds on a busy machine too
    let report = Report::of(&run(&server, &client("sendall", 8), &[]), 0);
    assert!(report.found("short_write").is_empty());
}

#[test]
fn truncated_datagram_is_reported() {
    let client = python("udp_client.py localhost 9000 12345678901234567890");
    let report = Report::of(&run(&python("udp_server.py 9000 5"), &client, &[]), 0);
    assert_eq!(advice(&report, "datagram_truncated")["frames"], serde_json::json!([1]));
    let report = Report::of(&run(&python("udp_server.py 9000 20"), &client, &[]), 0);
    assert!(report.found("datagram_truncated").is_empty());
}

#[test]
fn small_writes_delayed_by_nagle_are_reported() {
    let server = python("echo_server.py 7000");
    let client = |option: &str| {
        inline(&format!(
            "s = socket.create_connection((\"server\", 7000)); {option}; s.sendall(b\"head\"); s.sendall(b\"body\"); s.recv(9); s.close()"
        ))
    };
    let network = ["--network", "lab", "--delay", "30ms"];
    let report = Report::of(&run(&server, &client("pass"), &network), 0);
    if !report.found("nagle_wait").is_empty() {
        advice(&report, "small_writes");
    }
    let option = "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)";
    assert!(Report::of(&run(&server, &client(option), &network), 0).found("small_writes").is_empty());
}

#[test]
fn failed_user_change_is_reported_with_its_reason() {
    let server = inline("import os; s = socket.create_server((\"\", 7)); os.setgid(12345)");
    let output = run(&server, "true", &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("server could not change its user or group (set"), "{said}");
}

/// Returns `true` if a program that only some tests need is installed; prints a note otherwise.
fn at_hand(program: &str, left_out: &str) -> bool {
    let there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !there {
        // not by a macro, whose output the test runner holds back
        let line = format!("left out: {left_out}: {program} is not installed\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    there
}

#[test]
fn node_and_java_servers_are_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let client = format!("{} localhost 3000 HELLO", c(folder.path(), "echo_client", &[]).display());
    let mut servers = Vec::new();
    if at_hand("node", "the Node server") {
        servers.push(format!("node {PROGRAMS}/echo_server.js 3000"));
    }
    if at_hand("javac", "the threaded Java server") {
        let source = format!("{PROGRAMS}/EchoServer.java");
        let compiled = Command::new("javac").arg("-d").arg(folder.path()).arg(source).status();
        assert!(compiled.unwrap().success(), "javac");
        servers.push(format!("java -cp {} EchoServer 3000", folder.path().display()));
    }
    for server in servers {
        let report = Report::of(&run(&server, &client, &["--listen-timeout", "60s", "--clients", "2"]), 0);
        assert_eq!(report.conversations().len(), 2, "{server}");
        assert_eq!(report.payload(), (10, 10), "{server}");
        report.assert_echo_is_tied("client", 5);
        report.assert_echo_is_tied("client 2", 5);
        assert_eq!(report.output(1), ["Echo: HELLO"], "{server}");
    }
}

#[test]
fn unread_thousandfold_answer_to_thirteen_bytes_is_bounded() {
    let client = python("echo_client.py 127.0.0.1 12345 --send 1234567890123 --reads 2 --read 1000");
    let report = Report::of(&run(&python("echo_server.py 12345 --repeat 1000"), &client, &[]), 0);
    assert_eq!(report.payload().0, 13);
    assert!(report.resets() >= 1, "the client closed with data unread");
    let close = report.call("client", "close");
    assert!(close["unread"].as_u64() > Some(0), "{close}");
    assert!(report.sent_flag(close, "RST"), "{close}");
}

#[test]
fn program_that_exits_with_an_open_socket_is_reported() {
    let connect = "import os,signal,socket; s=socket.create_connection((\"127.0.0.1\", 7)); ";
    for (end, call) in [("os._exit(0)", "exit"), ("os.kill(os.getpid(), signal.SIGSEGV)", "killed")] {
        let client = format!("python3 -c '{connect}{end}'");
        let output = run(&python("echo_server.py 7"), &client, &[]);
        let report = Report::of(&output, i32::from(call == "killed"));
        assert!(report.sent_flag(report.call("client", call), "FIN"), "{call}");
    }
}

#[test]
fn failed_call_has_its_errno() {
    let server = "python3 -c 'import socket; a=socket.create_server((\"\", 7)); socket.socket().bind((\"\", 7))'";
    let output = run(server, "true", &[]);
    let report = Report::of(&output, 1);
    let calls = report.kind("call");
    let failed: Vec<_> = calls.iter().filter(|call| call["call"] == "failed").collect();
    let [failed] = failed[..] else { panic!("{failed:?}") };
    assert_eq!((&failed["failed"], &failed["error"]), (&"bind".into(), &"Address already in use".into()));
    assert_eq!(failed["local"]["port"], 7);
}

#[test]
fn reused_descriptors_are_inspected_again() {
    // files and sockets take turns at the same number, by close and by dup2
    let client = "python3 -c '
import os, socket
for way in (0, 1):
    f = open(\"/dev/null\", \"rb\"); n = f.fileno(); f.read(0); os.read(n, 1)
    s = socket.create_connection((\"127.0.0.1\", 7)) if way else None
    if way: os.dup2(s.fileno(), n)
    else: f.close(); s = socket.create_connection((\"127.0.0.1\", 7))
    m = n if way else s.fileno()
    os.write(m, b\"hello\"); got = os.read(m, 100)
    assert got == b\"hello\"
    s.close()
    if way: os.close(n)
'";
    let report = Report::of(&run(&python("echo_server.py 7"), client, &[]), 0);
    assert_eq!(report.conversations().len(), 2);
    let names = report.names("client");
    let expected = ["connect", "send", "receive", "close", "connect", "send", "receive", "close_copy", "close"];
    assert_eq!(names, expected);
    for call in report.calls("client").into_iter().filter(|call| !call["bytes"].is_null()) {
        report.assert_tied(call);
    }
}

#[test]
fn no_calls_are_recorded_without_tracing() {
    let client = python("echo_client.py 127.0.0.1 7 --send hi");
    let report = Report::of(&run(&python("echo_server.py 7"), &client, &["--no-trace"]), 0);
    assert_eq!(report.payload(), (2, 2));
    assert!(report.kind("call").is_empty());
}

#[test]
fn four_sends_to_a_server_that_pauses_are_one_byte_stream() {
    let message = "x".repeat(130);
    let client = python(&format!("echo_client.py server 12345 --send {message} --burst 4"));
    let options = ["--network", "lab", "--delay", "5ms"];
    let report = Report::of(&run(&python("echo_server.py 12345 --pause 0.05"), &client, &options), 0);
    assert_eq!(report.payload().0, 520);
    let first = report.kind("step").into_iter().find(|step| step["len"].as_u64() > Some(0));
    assert_eq!(first.unwrap()["len"], 130);
}

#[test]
fn many_sessions_in_a_row_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let server = format!("{} 7", c(folder.path(), "echo_server", &[]).display());
    let client = format!("{} 127.0.0.1 7 HELLO", c(folder.path(), "echo_client", &[]).display());
    for _ in 0..20 {
        let report = Report::of(&run(&server, &client, &[]), 0);
        let [conversation] = report.conversations()[..] else { panic!("one conversation") };
        assert_eq!((&conversation["handshake"], &conversation["close"]), (&"complete".into(), &"fin".into()));
        assert_eq!(report.kind("summary")[0]["dropped"], 0);
        assert_eq!(report.payload(), (5, 5));
        report.assert_echo_is_tied("client", 5);
    }
    assert_none_left(&folder.path().display().to_string());
}

#[test]
fn each_program_error_has_one_sentence() {
    let client = python("echo_client.py 127.0.0.1 7");
    let unix = "python3 -c 'import socket,time; s=socket.socket(socket.AF_UNIX); s.bind(\"\\0echolab-run\"); s.listen(); time.sleep(60)'";
    let cases: &[(&str, &str, &[&str], i32, &str)] = &[
        ("no-such-server", "true", &[], 2, "program \"no-such-server\" not found in PATH"),
        ("./Cargo.toml", "true", &[], 2, "\"./Cargo.toml\" is not executable"),
        ("sleep 60", &client, &["--listen-timeout", "100ms"], 1, "no listening TCP socket and no bound UDP socket"),
        (unix, &client, &["--listen-timeout", "2s"], 1, "only a listening UNIX socket"),
        ("sh -c 'exit 3'", &client, &[], 1, "the server ended before it listened"),
        ("sh -c 'exit 3'", &client, &[], 1, "exited with status 3"),
        ("sh -c 'kill -SEGV $$'", &client, &[], 1, "was killed by SIGSEGV"),
    ];
    for (server, client, options, status, sentence) in cases {
        let mut output = run(server, client, options);
        if !String::from_utf8_lossy(&output.stderr).contains(sentence) && !options.is_empty() {
            // on a busy machine a program may need longer for its first call
            output = run(server, client, &["--listen-timeout", "30s"]);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*status), "{server}: {said}");
        assert!(said.contains(sentence), "{server}: {said}");
    }
}

#[test]
fn a_client_that_never_ends_is_stopped() {
    let output = run(&python("echo_server.py 7000"), "sleep 98765", &["--timeout", "100ms"]);
    Report::of(&output, 1);
    assert!(String::from_utf8_lossy(&output.stderr).contains("client had not ended after 100ms (--timeout)"));
    assert_none_left("sleep 98765");
}

#[test]
fn a_daemon_serves_and_does_not_outlive_the_session() {
    let server = format!("sh -c 'setsid {} >/dev/null 2>&1 & exit 0'", python("echo_server.py 7654"));
    let report = Report::of(&run(&server, &python("echo_client.py 127.0.0.1 7654 --send x"), &[]), 0);
    assert_eq!(report.output(1), ["Echo: x"]);
    assert_none_left("echo_server.py 7654");
}

#[test]
fn a_killed_echolab_leaves_no_process() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_echolab"));
    let server = python("echo_server.py 7655");
    command.args(["run", "--server", &server, "--client", "sleep 87654"]).stdin(Stdio::null());
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    let wait = |what: &str, done: &dyn Fn() -> bool| {
        while !done() {
            assert!(began.elapsed() < Duration::from_secs(60), "{what}");
            std::thread::yield_now();
        }
    };
    let clients = || processes("sleep 87654").iter().any(|line| line.starts_with("sleep"));
    wait("the client was not started", &clients);
    running.kill().unwrap();
    running.wait().unwrap();
    wait("a process was left", &|| processes("sleep 87654").is_empty() && processes("echo_server.py 7655").is_empty());
}
