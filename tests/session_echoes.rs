//! Findings about the echoes of real sessions, for every transformation of the server. The tests capture, so
//! they need root, and fail without it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use tempfile::TempDir;

fn echolab(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = Command::new(cargo_bin!("echolab")).args(arguments).output().unwrap();
    assert_eq!(status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The conversation of a session with these options as a record, its steps' sentences, and its line about echoes.
fn echoes(options: &[&str]) -> (Value, String, String) {
    let directory = TempDir::new().unwrap();
    let capture = directory.path().join("session.pcapng");
    let capture = capture.to_str().unwrap();
    let session = ["session", "--port", "0", "--format", "jsonl", "--write", capture];
    let records = echolab(&[&session[..], options].concat());
    let records: Vec<Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps = records.iter().filter_map(|record| Some(record["description"].as_str()?.to_owned() + "\n")).collect();
    let conversation = records.iter().find(|record| record["kind"] == "conversation").unwrap().clone();
    let report = echolab(&["analyze", "--format", "markdown", capture]);
    let fact = report.lines().find(|line| line.contains("**Echo**")).unwrap().to_owned();
    (conversation, steps, fact)
}

/// Returns `true` if the capture has all bytes of 10,000,000 in each direction.
fn whole(conversation: &Value) -> bool {
    let findings = conversation["findings"].to_string();
    ["client_to_server", "server_to_client"].iter().all(|way| conversation["payload"][way] == 10_000_000)
        && !findings.contains("capture_gap")
}

fn codes(conversation: &Value) -> Vec<&str> {
    let findings = conversation["findings"].as_array().unwrap().iter();
    findings.filter_map(|finding| finding["code"].as_str()).filter(|code| code.starts_with("echo_")).collect()
}

/// Options of the server, the findings' codes, the last finding's beginning, the line about echoes, and words of a step.
type Said = (&'static [&'static str], &'static [&'static str], &'static str, &'static str, &'static str);

const SAID: [Said; 7] = [
    (&[], &["echo_identical"], " unchanged,", "(1 byte for byte)", "echoes the 12 bytes"),
    (
        &["--transform", "upper", "--prefix", "Echo: "],
        &["echo_upper", "echo_prefixed"],
        " in upper case with a 6-byte prefix,",
        "(1 in upper case with a 6-byte prefix)",
        "echoes the 12 bytes of frame 4 in upper case with a 6-byte prefix",
    ),
    (
        &["--prefix", "> ", "--repeat", "3"],
        &["echo_prefixed", "echo_repeated"],
        " with a 2-byte prefix 3 times over,",
        "(1 with a 2-byte prefix up to 3 times over)",
        "frame 4 with a 2-byte prefix, repeated (3 copies so far)",
    ),
    (
        &["--transform", "upper", "--repeat", "2"],
        &["echo_upper", "echo_repeated"],
        " in upper case 2 times over,",
        "(1 in upper case up to 2 times over)",
        "frame 4 in upper case, repeated (2 copies so far)",
    ),
    (
        &["--transform", "upper", "--prefix", "Echo: ", "--repeat", "2", "--message-bytes", "50000"],
        &["echo_prefixed", "echo_repeated"],
        " with a 6-byte prefix 2 times over,",
        "with a 6-byte prefix up to 2 times over",
        "with a 6-byte prefix",
    ),
    (
        &["--proto", "udp", "--transform", "upper", "--prefix", "Echo: "],
        &["echo_upper", "echo_prefixed"],
        " in upper case with a 6-byte prefix,",
        "(1 in upper case with a 6-byte prefix)",
        "echoes the 12 bytes of frame 1 in upper case with a 6-byte prefix",
    ),
    (
        &["--proto", "udp", "--prefix", "> ", "--repeat", "3"],
        &["echo_prefixed", "echo_repeated"],
        " with a 2-byte prefix 3 times over,",
        "(1 with a 2-byte prefix, with a 2-byte prefix up to 3 times over)",
        "frame 1 with a 2-byte prefix again: 3 times so far",
    ),
];

#[test]
fn every_part_of_a_servers_answer_is_named() {
    for (options, wanted, text, line, step) in SAID {
        let (conversation, steps, fact) = echoes(options);
        assert_eq!(codes(&conversation), wanted, "{options:?}: {conversation}");
        let last = conversation["findings"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap();
        assert!(last.starts_with(&format!("The server sent back the client's bytes{text}")), "{options:?}: {last}");
        assert!(fact.replace('\\', "").contains(line), "{options:?}: {fact}");
        assert!(steps.contains(step), "{options:?}: {steps}");
        assert_eq!(conversation["echo"]["unanswered"], 0);
    }
}

#[test]
fn large_transfer_with_megabytes_in_flight_is_followed_to_its_end() {
    let sockets = ["client:sndbuf=4000000", "server:rcvbuf=4000000", "server:sndbuf=4000000", "client:rcvbuf=4000000"];
    let sockets = sockets.iter().flat_map(|option| ["--socket", *option]).collect::<Vec<_>>();
    let options = [&["--no-wait", "--message-bytes", "10000000"], &sockets[..]].concat();
    // where a busy machine dropped packets of the capture, a run tells nothing
    let (conversation, _, fact) =
        (0..50).map(|_| echoes(&options)).find(|(conversation, ..)| whole(conversation)).unwrap();
    let echo = &conversation["echo"];
    assert_eq!((&echo["matched"], &echo["pending_bytes"]), (&echo["requests"], &0.into()), "{conversation}");
    assert_eq!(codes(&conversation), ["echo_identical"]);
    assert!(fact.contains("requests echoed (") && !fact.contains("compared only up to"), "{fact}");
}
