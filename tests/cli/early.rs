//! A capture that is not read to its end: nothing is concluded from what may stand in the rest of it.

use std::fs;

use serde_json::Value;

use crate::run::{Run, echolab, fixture};

const REST: &str = "What the rest of the capture adds: it was not read to its end.";

/// The capture, how many of its frames are read, a finding and the beginning of its text then.
const CUTS: &[(&str, &str, &str, &str)] = &[
    ("kernel/connect_timeout_syncnt1.pcap", "2", "handshake_partial", "Of the handshake only the SYN was read, and"),
    ("lab-v0.pcap", "2", "handshake_partial", "Of the handshake the capture, as far as it was read, lacks the ACK"),
    ("lab-v0.pcap", "6", "no_close", "No FIN or RST was read, and the capture was not read to its end."),
    (
        "kernel/halfclose.pcap",
        "7",
        "no_close",
        "Only one side's FIN was read, and the capture was not read to its end.",
    ),
    (
        "kernel/zero_window_probe.pcap",
        "8",
        "zero_window",
        "The server's window was zero once: its program did not read",
    ),
    ("lab-udp-line.pcap", "1", "no_reply", "The capture, as far as it was read, holds no answer to one of"),
];

fn records(run: Run, kind: &str) -> Vec<Value> {
    let ran = run.run();
    let records = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    records.filter(|record: &Value| record["kind"] == kind).collect()
}

fn findings(run: Run) -> Vec<(String, String)> {
    let conversation = records(run, "conversation").remove(0);
    let findings = conversation["findings"].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    findings.iter().map(|finding| (text(&finding["code"]), text(&finding["text"]))).collect()
}

#[test]
fn stopped_analysis_says_how_far_it_read() {
    for (capture, count, code, text) in CUTS {
        let capture = format!("fixtures/{capture}");
        let all = ["analyze", &capture, "--format", "jsonl", "-c", count];
        let found = findings(echolab(all));
        let finding = found.iter().find(|finding| finding.0 == *code);
        assert!(finding.is_some_and(|finding| finding.1.starts_with(text)), "{capture} -c {count}: {found:?}");
        for (code, text) in &found {
            assert_ne!(code, "abandoned", "{capture} -c {count}: {text}");
            assert!(!text.contains("capture ended") && !text.contains("in this capture"), "{capture}: {text}");
        }
    }
}

#[test]
fn truncated_capture_may_continue() {
    let whole = fs::read(fixture("kernel/connect_timeout_syncnt1.pcap")).expect("the fixture");
    let arguments = ["analyze", "-", "--format", "jsonl"];
    let cut = findings(echolab(arguments).stdin(&whole[..whole.len() - 3]));
    assert!(cut.iter().any(|finding| finding.0 == "handshake_partial"), "{cut:?}");
    assert!(!cut.iter().any(|finding| finding.0 == "abandoned"), "{cut:?}");
    let read = findings(echolab(arguments).stdin(whole));
    assert!(read.iter().any(|finding| finding.0 == "abandoned"), "{read:?}");
}

#[test]
fn an_answer_that_may_change_says_so_until_the_connection_is_over() {
    let answers = |count: &str| {
        let run = echolab(["analyze", "fixtures/lab-v0.pcap", "--format", "jsonl", "--answers", "-c", count]);
        let answers = records(run, "answers").remove(0)["answers"].as_array().expect("a list").clone();
        let told = |answer: &Value| {
            let why = answer["cannot_tell"].as_str().unwrap_or_default();
            why.contains(REST).then(|| answer["id"].as_str().expect("a name").to_owned())
        };
        answers.iter().filter_map(told).collect::<Vec<_>>()
    };
    for id in ["closed_first", "time_wait", "retransmissions", "throughput"] {
        assert!(answers("6").iter().any(|told| told == id), "{id}: {:?}", answers("6"));
    }
    assert!(!answers("6").iter().any(|told| ["ends", "syn", "syn_ack"].contains(&told.as_str())), "{:?}", answers("6"));
    assert_eq!(answers("13"), Vec::<String>::new());
}

#[test]
fn the_report_names_what_ended_it() {
    let text = echolab(["analyze", "fixtures/lab-v0.pcap", "-c", "6", "--width", "120"]).done();
    assert!(text.starts_with("lab-v0.pcap (pcap, ETHERNET), stopped after 6 frames\n"), "{text}");
    assert!(
        text.contains("\nstopped after 6 frames, as asked for: whatever follows is not read, and nothing"),
        "{text}"
    );
    for line in ["Echo           1 of 1", "Close          none as far as the capture was read"] {
        assert!(text.contains(line), "{text}");
    }
    let markdown = echolab(["analyze", "fixtures/lab-v0.pcap", "-c", "6", "--format", "markdown"]).done();
    assert!(markdown.contains("stopped after 6 frames, as asked for"), "{markdown}");
}
