//! Whole outputs, compared with files that were read and found right.
//!
//! `ECHOLAB_BLESS=1 cargo test --test cli golden` writes them anew; `ECHOLAB_BLESS=NAME` only that one.

use std::fs;
use std::path::PathBuf;

use crate::run::echolab;

/// Name of the expected file in `tests/golden`, capture in `fixtures`, flags.
const CASES: &[(&str, &str, &[&str])] = &[
    ("ten-steps.txt", "lab-echo-ten-steps.pcap", &[]),
    ("ten-steps-120.txt", "lab-echo-ten-steps.pcap", &["--width", "120"]),
    ("ten-steps-ascii.txt", "lab-echo-ten-steps.pcap", &["--ascii"]),
    ("ten-steps-color.txt", "lab-echo-ten-steps.pcap", &["--color", "always"]),
    ("ten-steps-absolute.txt", "lab-echo-ten-steps.pcap", &["--absolute"]),
    ("ten-steps.md", "lab-echo-ten-steps.pcap", &["--format", "markdown"]),
    ("ten-steps.csv", "lab-echo-ten-steps.pcap", &["--format", "csv"]),
    ("ten-steps.lines", "lab-echo-ten-steps.pcap", &["--format", "lines"]),
    ("ten-steps.jsonl", "lab-echo-ten-steps.pcap", &["--format", "jsonl"]),
    ("ten-steps.json", "lab-echo-ten-steps.pcap", &["--format", "json"]),
    ("ten-steps-summary.txt", "lab-echo-ten-steps.pcap", &["--summary"]),
    ("ten-steps-summary.csv", "lab-echo-ten-steps.pcap", &["--summary", "--format", "csv"]),
    ("ten-steps-summary.md", "lab-echo-ten-steps.pcap", &["--summary", "--format", "markdown"]),
    ("ten-steps-summary.lines", "lab-echo-ten-steps.pcap", &["--summary", "--format", "lines"]),
    ("ten-steps-summary.jsonl", "lab-echo-ten-steps.pcap", &["--summary", "--format", "jsonl"]),
    ("ten-steps-columns.txt", "lab-echo-ten-steps.pcap", &["--columns", "step,frame,delta,options,checksum"]),
    ("ten-steps-limit.txt", "lab-echo-ten-steps.pcap", &["--limit", "3"]),
    ("tcp-line.txt", "lab-tcp-line.pcap", &["--payload", "text", "--width", "120"]),
    ("tcp-continuous.txt", "lab-tcp-continuous.pcap", &[]),
    ("udp-line.txt", "lab-udp-line.pcap", &[]),
    ("udp-line-hex.txt", "lab-udp-line.pcap", &["--payload", "hex", "--width", "120"]),
    ("udp-line.jsonl", "lab-udp-line.pcap", &["--format", "jsonl"]),
    ("udp-continuous.lines", "lab-udp-continuous.pcap", &["--format", "lines"]),
    ("proxy-cache-hit.txt", "lab-proxy-cache-hit.pcap", &[]),
    ("v0.md", "lab-v0.pcap", &["--format", "markdown"]),
    ("v1.csv", "lab-v1.pcap", &["--format", "csv"]),
    ("v2.txt", "lab-v2.pcap", &["--width", "120"]),
    ("v3.lines", "lab-v3.pcap", &["--format", "lines"]),
    ("v3.txt", "lab-v3.pcap", &[]),
    ("refused.txt", "kernel-refused.pcap", &[]),
    ("udp-closed.txt", "kernel-udp-closed.pcap", &[]),
    ("udp-closed.jsonl", "kernel-udp-closed.pcap", &["--format", "jsonl"]),
    ("udp-closed.csv", "kernel-udp-closed.pcap", &["--format", "csv"]),
    ("v4.txt", "lab-v4.pcap", &["--width", "120"]),
    ("ten-steps-ladder.txt", "lab-echo-ten-steps.pcap", &["--format", "ladder"]),
    ("ten-steps-ladder-120.txt", "lab-echo-ten-steps.pcap", &["--format", "ladder", "--width", "120"]),
    ("ten-steps-ladder-ascii.txt", "lab-echo-ten-steps.pcap", &["--format", "ladder", "--ascii"]),
    ("ten-steps.svg", "lab-echo-ten-steps.pcap", &["--format", "svg"]),
    ("udp-line-ladder.txt", "lab-udp-line.pcap", &["--format", "ladder"]),
    ("v3-ladder.txt", "lab-v3.pcap", &["--format", "ladder"]),
    ("kernel-simclose-ladder.txt", "kernel/simclose.pcap", &["--format", "ladder"]),
    ("kernel-simclose.svg", "kernel/simclose.pcap", &["--format", "svg"]),
    ("kernel-loss-fast-ladder.txt", "kernel/loss_fast.pcap", &["--format", "ladder"]),
    ("kernel-loss-fast.svg", "kernel/loss_fast.pcap", &["--format", "svg"]),
    ("kernel-udp-closed-ladder.txt", "kernel/udp_closed.pcap", &["--format", "ladder"]),
    ("ten-steps-mermaid.md", "lab-echo-ten-steps.pcap", &["--format", "mermaid"]),
    ("kernel-loss-fast-mermaid.md", "kernel/loss_fast.pcap", &["--format", "mermaid"]),
    ("kernel-udp-closed-mermaid.md", "kernel/udp_closed.pcap", &["--format", "mermaid"]),
    ("kernel-zerowin-ladder.txt", "kernel/zerowin-snap120.pcap", &["--format", "ladder"]),
    ("kernel-zerowin.svg", "kernel/zerowin-snap120.pcap", &["--format", "svg"]),
    ("kernel-synack-retrans-ladder.txt", "kernel/synack_retrans.pcap", &["--format", "ladder"]),
    ("kernel-simopen-ladder.txt", "kernel/simopen.pcap", &["--format", "ladder"]),
    ("ten-steps-graphs.svg", "lab-echo-ten-steps.pcap", &["--format", "graphs"]),
    ("udp-line-graphs.svg", "lab-udp-line.pcap", &["--format", "graphs"]),
    ("kernel-loss-fast-graphs.svg", "kernel/loss_fast.pcap", &["--format", "graphs"]),
    ("kernel-zerowin-graphs.svg", "kernel/zerowin-snap120.pcap", &["--format", "graphs"]),
    ("ten-steps.tex", "lab-echo-ten-steps.pcap", &["--format", "latex"]),
    ("ten-steps.html", "lab-echo-ten-steps.pcap", &["--format", "html"]),
    ("kernel-udp-closed.html", "kernel/udp_closed.pcap", &["--format", "html"]),
    ("kernel-rst-unread-ladder.txt", "kernel/rst_unread.pcap", &["--format", "ladder"]),
    ("ten-steps-answers.txt", "lab-echo-ten-steps.pcap", &["--answers"]),
    ("ten-steps-answers.md", "lab-echo-ten-steps.pcap", &["--answers", "--format", "markdown"]),
    ("v3-answers.txt", "lab-v3.pcap", &["--answers"]),
    ("udp-line-answers.txt", "lab-udp-line.pcap", &["--answers"]),
    ("udp-line-answers.jsonl", "lab-udp-line.pcap", &["--answers", "--format", "jsonl"]),
    ("kernel-loss-fast.md", "kernel/loss_fast.pcap", &["--format", "markdown", "--limit", "3"]),
    ("kernel-loss-fast-o-limit.txt", "kernel/loss_fast_o.pcap", &["--limit", "3"]),
    ("kernel-zerowin-limit.txt", "kernel/zerowin.pcap", &["--limit", "3", "--width", "120"]),
    ("kernel-zerowin-limit.tex", "kernel/zerowin.pcap", &["--format", "latex", "--limit", "3"]),
    ("kernel-loss-fast-rtt.txt", "kernel/loss_fast.pcap", &["--columns", "frame,rtt,srtt,rttvar,description"]),
    ("kernel-loss-fast-answers.txt", "kernel/loss_fast.pcap", &["--answers"]),
    ("kernel-loss-fast-o-answers.txt", "kernel/loss_fast_o.pcap", &["--answers"]),
    ("kernel-zero-window-answers.txt", "kernel/zero_window_probe.pcap", &["--answers"]),
    ("kernel-refused-answers.txt", "kernel/refused.pcap", &["--answers"]),
    ("kernel-ooo-answers.txt", "kernel/ooo.pcap", &["--answers"]),
    ("kernel-simopen-answers.txt", "kernel/simopen.pcap", &["--answers"]),
    ("made-udp-asked-thrice-answers.txt", "made/udp-asked-thrice.pcap", &["--answers"]),
    ("wire-captured-out-of-order-answers.txt", "wire/captured-out-of-order.pcap", &["--answers"]),
    ("kernel-udp-frag-answers.txt", "kernel/udp_frag.pcap", &["--answers"]),
    ("kernel-udp-closed-answers.json", "kernel/udp_closed.pcap", &["--answers", "--format", "json"]),
];

fn output(capture: &str, flags: &[&str]) -> String {
    let capture = format!("fixtures/{capture}");
    echolab([&["analyze", "--utc", capture.as_str()], flags].concat()).done()
}

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", name].iter().collect()
}

#[test]
fn outputs_match_the_golden_files() {
    let bless = std::env::var("ECHOLAB_BLESS").unwrap_or_default();
    let mut wrong = Vec::new();
    for (name, capture, flags) in CASES {
        let got = output(capture, flags);
        if bless == "1" || bless == *name {
            fs::write(path(name), &got).expect("tests/golden can be written");
        }
        let want = fs::read_to_string(path(name)).unwrap_or_default();
        if got != want {
            wrong.push(format!("{name} ({capture} {flags:?}):\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "{} outputs differ; ECHOLAB_BLESS=1 takes them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_blessed_file_is_of_a_case() {
    for entry in fs::read_dir(path("")).expect("tests/golden is there") {
        let name = entry.expect("an entry").file_name();
        assert!(CASES.iter().any(|(case, ..)| name == *case), "{name:?} is of no case");
    }
}
