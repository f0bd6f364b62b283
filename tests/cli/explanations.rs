//! Explanations of every recorded session: each step's sentence, and each finding of steps and conversations.
//!
//! They guard the wording against changes that nobody meant; that the findings are right is held elsewhere, against what
//! was done when each capture was made. `ECHOLAB_BLESS=1 cargo test --test cli explanations` writes them anew;
//! `ECHOLAB_BLESS=NAME` only those of one capture.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::echolab;

/// Sessions in fixtures/wire, most of echolab's lab, named after what its wire or hosts did, with the findings that must
/// and that must not be there.
const WIRE: [(&str, &[&str], &[&str]); 18] = [
    ("captured-out-of-order", &["captured_late", "echo_identical", "echo_upper"], &["echo_different", "retransmit"]),
    ("captured-twice", &["duplicate_frame"], &["retransmit", "fast_retransmit"]),
    ("doubled-syn", &["duplicate_frame", "handshake_retried", "echo_identical"], &["spurious_retransmit"]),
    ("far-away", &["echo_identical"], &["slow_server", "delayed_ack"]),
    ("far-away-and-slow", &["slow_server"], &["delayed_ack"]),
    ("fast-open-refused", &["fast_open"], &["retransmit", "timeout_retransmit"]),
    ("late-answer", &["slow_server"], &["retransmit"]),
    ("lost-ack-of-one-byte", &["spurious_retransmit", "slow_server"], &["keep_alive", "timeout_retransmit"]),
    ("lost-four-times", &["timeout_retransmit", "echo_identical"], &["slow_server", "abandoned", "fast_retransmit"]),
    ("lost-fin", &["timeout_retransmit"], &["slow_server"]),
    ("lost-syn-ack", &["handshake_retried"], &["retransmit"]),
    ("one-byte-doubled", &["duplicate_frame"], &["keep_alive", "spurious_retransmit", "retransmit"]),
    ("overtaken-without-marks", &["reordered"], &["retransmit", "order_unknown"]),
    ("udp-doubled-request", &["udp_duplicate", "port_unreachable"], &["echo_repeated", "no_reply"]),
    ("udp-first-two-swapped", &["udp_reordered"], &["no_reply", "udp_duplicate"]),
    ("udp-late-request", &["udp_reordered"], &["no_reply"]),
    ("udp-lost-request", &["no_reply"], &["udp_reordered", "echo_partial"]),
    ("udp-without-checksum", &["checksum_invalid", "no_reply"], &["port_unreachable"]),
];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The captures of sessions, relative to the project, by the name that their explanation has.
fn sessions() -> Vec<(String, String)> {
    let mut sessions = Vec::new();
    let folders = [("fixtures", "lab-"), ("fixtures/kernel", ""), ("fixtures/wire", ""), ("fixtures/made", "")];
    for (folder, begin) in folders {
        for entry in fs::read_dir(root(folder)).expect("the fixtures are there") {
            let file = entry.expect("an entry").file_name().into_string().expect("a plain name");
            if let Some(name) = file.strip_suffix(".pcap").filter(|name| name.starts_with(begin)) {
                sessions.push((name.to_owned(), format!("{folder}/{file}")));
            }
        }
    }
    sessions.sort();
    assert!(sessions.len() >= 59 + WIRE.len(), "only {} sessions", sessions.len());
    sessions
}

fn findings(record: &Value, out: &mut String) {
    for finding in record["findings"].as_array().into_iter().flatten() {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        writeln!(out, "  {} {}: {}", text("code"), finding["frames"], text("text")).expect("a string takes all");
    }
}

/// One line a step and a finding, then the conversations and theirs.
pub fn explanation(capture: &str) -> String {
    let mut out = String::new();
    for line in echolab(["analyze", "--format", "jsonl", capture]).done().lines() {
        let record: Value = serde_json::from_str(line).expect("a JSON object a line");
        let head = match record["kind"].as_str() {
            Some("step") => format!("{} {}", record["frame"], record["description"].as_str().unwrap_or_default()),
            Some("conversation") => {
                format!("conversation {} {}", record["protocol"].as_str().unwrap_or_default(), record["stream"])
            }
            _ => continue,
        };
        writeln!(out, "{head}").expect("a string takes all");
        findings(&record, &mut out);
    }
    out
}

#[test]
fn explanations_match_the_golden_files() {
    let bless = std::env::var("ECHOLAB_BLESS").unwrap_or_default();
    let mut wrong = Vec::new();
    for (name, capture) in sessions() {
        let got = explanation(&capture);
        let path = root("tests/explanations").join(format!("{name}.txt"));
        if bless == "1" || bless == name {
            fs::write(&path, &got).expect("tests/explanations can be written");
        }
        if got != fs::read_to_string(&path).unwrap_or_default() {
            wrong.push(format!("{name}:\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ; ECHOLAB_BLESS=1 takes them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn link_events_match_the_explanations() {
    for (name, must, must_not) in WIRE {
        let said = explanation(&format!("fixtures/wire/{name}.pcap"));
        let codes: BTreeSet<&str> =
            said.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
        for code in must {
            assert!(codes.contains(code), "{name} lacks {code}: {codes:?}");
        }
        for code in must_not {
            assert!(!codes.contains(code), "{name} must not say {code}: {codes:?}");
        }
    }
}

#[test]
fn every_blessed_explanation_belongs_to_a_session() {
    let sessions: BTreeSet<String> = sessions().into_iter().map(|(name, _)| format!("{name}.txt")).collect();
    let entries = fs::read_dir(root("tests/explanations")).expect("tests/explanations is there");
    let files = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"));
    assert_eq!(files.collect::<BTreeSet<_>>(), sessions);
}

/// Facts agree: no answer is timed from data that it cannot have been made from, the network takes no more of a time
/// than the whole, and who closes at once with the peer enters TIME-WAIT as the peer does.
#[test]
fn facts_hold_what_was_done() {
    for (name, said) in [
        // the first answer's ACK covers both requests
        ("wire/pipelined", "min 11.0 ms, median 20.5 ms, max 30.0 ms (2 samples)"),
        ("wire/late-answer", "answer's first: 600 ms (1 sample)"),
        ("wire/lost-fin", "10.1 ms (1 sample); in the handshake the network took 16.8 ms, longer"),
        ("wire/lost-four-times", "10.4 ms (1 sample); in the handshake the network took 11.7 ms"),
        ("kernel/simclose", "both closed at once, the client's FIN was captured first; both enter TIME-WAIT"),
    ] {
        let capture = format!("fixtures/{name}.pcap");
        let report = echolab(["analyze", "--width", "200", &capture]).done();
        assert!(report.contains(said), "{name}: {report}");
    }
}
