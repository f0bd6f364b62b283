//! Captures that come while they are made, through a pipe: what is known is written at once, and Ctrl-C is their end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Far more than it takes; a line that is held back would never come.
const PATIENCE: Duration = Duration::from_secs(60);

/// `echolab analyze -`, that was given a capture and waits for more.
struct Waiting {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Waiting {
    fn given(capture: &str, format: &str) -> Self {
        Self::given_bytes(&fs::read(capture).unwrap(), format)
    }

    fn given_bytes(capture: &[u8], format: &str) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("echolab"))
            .args(["analyze", "-", "--format", format])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.as_mut().unwrap().write_all(capture).unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// The next so many lines, while the input stays open.
    fn lines(self, count: usize) -> (Self, Vec<String>) {
        let (sender, read) = mpsc::channel();
        thread::spawn(move || {
            let mut waiting = self;
            let lines: Vec<_> = waiting.stdout.by_ref().lines().take(count).map(Result::unwrap).collect();
            sender.send((waiting, lines)).ok()
        });
        read.recv_timeout(PATIENCE).expect("lines come while the input is open")
    }

    /// Stops it like Ctrl-C: its exit status, the rest of its output, and what it says.
    fn interrupt(self) -> (Option<i32>, String, String) {
        self.stop(Signal::SIGINT)
    }

    fn stop(mut self, signal: Signal) -> (Option<i32>, String, String) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
        let (mut rest, mut said) = (String::new(), String::new());
        self.stdout.read_to_string(&mut rest).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), rest, said)
    }
}

#[test]
fn streaming_formats_flush_before_they_wait() {
    let ten_steps = "fixtures/lab-echo-ten-steps.pcap";
    for (capture, format, count) in [
        (ten_steps, "lines", 10),
        (ten_steps, "jsonl", 11),
        (ten_steps, "csv", 11),
        ("fixtures/formats/ng1.pcapng", "lines", 1),
        ("fixtures/formats/gz.pcap.gz", "lines", 1),
    ] {
        let (waiting, lines) = Waiting::given(capture, format).lines(count);
        assert_eq!(lines.len(), count, "{capture} {format}");
        let (code, _, said) = waiting.interrupt();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("stopped: what had been read until then is shown"), "{said}");
    }
}

#[test]
fn ctrl_c_is_the_end_of_a_capture_and_its_report_is_finished() {
    let capture = "fixtures/lab-echo-ten-steps.pcap";
    // the first line says that the handler is there
    let (waiting, _) = Waiting::given(capture, "jsonl").lines(11);
    let (code, rest, _) = waiting.interrupt();
    assert_eq!(code, Some(1));
    let kinds: Vec<_> = rest.lines().map(|line| line.split(',').next().unwrap_or_default()).collect();
    assert_eq!(kinds, [r#"{"kind":"conversation""#, r#"{"kind":"summary""#]);
}

#[test]
fn stopping_within_a_frame_reports_no_damage() {
    let whole = fs::read("fixtures/lab-echo-ten-steps.pcap").unwrap();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // the first six frames and a part of the seventh
        let (waiting, lines) = Waiting::given_bytes(&whole[..whole.len() - 300], "jsonl").lines(7);
        assert!(lines.last().unwrap().starts_with(r#"{"kind":"step","frame":6,"#), "{lines:?}");
        let (code, rest, said) = waiting.stop(signal);
        assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
        assert!(rest.contains("No FIN or RST was read, and the capture was not read to its end."), "{rest}");
        assert!(rest.contains(r#""truncated":null"#), "{rest}");
    }
}
