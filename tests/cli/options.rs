//! Effects of the options of `analyze`.

use std::fs;

use serde_json::Value;

use crate::run::{LAB, echolab, fixture};

const TEN_STEPS: &str = "fixtures/lab-echo-ten-steps.pcap";
const PROXY: &str = "fixtures/lab-proxy-cache-hit.pcap";
const UDP: &str = "fixtures/lab-udp-line.pcap";

fn lines(arguments: &[&str]) -> Vec<String> {
    let all = [&["analyze", "--format", "lines", "--utc"], arguments].concat();
    echolab(all).done().lines().map(str::to_owned).collect()
}

fn json(arguments: &[&str]) -> Value {
    let all = [&["analyze", "--format", "json"], arguments].concat();
    serde_json::from_str(&echolab(all).done()).expect("a JSON document")
}

#[test]
fn standard_input_is_read_like_a_file() {
    let bytes = fs::read(fixture("lab-v0.pcap")).expect("the fixture");
    let from_stdin = echolab(["analyze", "-", "--format", "csv"]).stdin(bytes).done();
    assert_eq!(from_stdin, echolab(["analyze", "fixtures/lab-v0.pcap", "--format", "csv"]).done());
}

#[test]
fn a_filter_lets_through_what_libpcap_lets_through() {
    let got = lines(&[TEN_STEPS, "-f", "tcp[tcpflags] & tcp-syn != 0"]);
    assert_eq!(got.len(), 2, "{got:?}");
    let document = json(&[TEN_STEPS, "-f", "tcp[tcpflags] & tcp-syn != 0"]);
    assert_eq!(document["captures"][0]["summary"]["other"]["filtered"], 8);
    assert_eq!(document["captures"][0]["capture"]["filter"], "tcp[tcpflags] & tcp-syn != 0");
}

#[test]
fn a_filter_that_libpcap_does_not_understand_is_explained() {
    let ran = echolab(["analyze", TEN_STEPS, "-f", "port banana oil"]).run().exits(2);
    assert_eq!(ran.stdout, "");
    ran.complains(&["echolab: ", "port banana oil"]);
}

#[test]
fn conversation_is_selected_by_its_name() {
    assert_eq!(lines(&[UDP, "--conversation", "udp:0"]).len(), lines(&[UDP]).len());
    for (name, said) in [("udp:1", "no conversation udp:1: the capture has only udp:0"), ("tcp:0", "has none of TCP")] {
        echolab(["analyze", UDP, "--format", "lines", "--conversation", name]).run().exits(1).complains(&[said]);
    }
    assert_eq!(lines(&[UDP, "--conversation", "udp:0", "--conversation", "udp:0"]).len(), lines(&[UDP]).len());
    for wrong in ["0", "tcp:", "sctp:1", "tcp:-1", "tcp:99999999999"] {
        echolab(["analyze", UDP, "--conversation", wrong]).run().exits(2).complains(&["tcp:N or udp:N"]);
    }
}

#[test]
fn port_selects_either_endpoint() {
    let all = lines(&[TEN_STEPS]).len();
    assert_eq!(lines(&[TEN_STEPS, "--port", "6542"]).len(), all);
}

#[test]
fn missing_selection_is_reported_for_each_capture() {
    let silent = |arguments: &[&str]| {
        let ran = echolab(["analyze"].iter().chain(arguments)).run().exits(0);
        assert_eq!(ran.stderr, "", "{arguments:?}");
    };
    let says = |arguments: &[&str], code: i32, said: &str| {
        let ran = echolab(["analyze"].iter().chain(arguments)).run().exits(code);
        assert_eq!(ran.stderr.lines().count(), 1, "{arguments:?}: {}", ran.stderr);
        ran.complains(&[said]);
    };
    for format in ["table", "lines", "jsonl", "csv", "html"] {
        silent(&[TEN_STEPS, "--format", format, "--port", "6542"]);
        says(&[TEN_STEPS, "--format", format, "--port", "6543"], 1, "no conversation of the capture has port 6543");
    }
    silent(&[TEN_STEPS, "--summary", "--limit", "1", "--port", "60990"]);
    says(&[TEN_STEPS, "--summary", "--port", "1"], 1, "has port 1");
    let tcp = fixture("lab-v3.pcap");
    let tcp = tcp.to_str().expect("UTF-8");
    says(&[UDP, tcp, "--port", "4002"], 0, "lab-v3.pcap has port 4002");
    says(
        &[UDP, tcp, "--conversation", "tcp:0"],
        0,
        "no conversation tcp:0: fixtures/lab-udp-line.pcap has none of TCP",
    );
    says(
        &[UDP, "--filter", "tcp", "--conversation", "udp:0"],
        1,
        "what passes the filter in the capture has none of UDP",
    );
    // the one asked for is not that with the port
    let three = "fixtures/kernel/backlog_full.pcap";
    says(
        &[three, "--conversation", "tcp:0", "--port", "42418"],
        1,
        "no conversation selected by --conversation has port 42418",
    );
}

#[test]
fn a_count_stops_the_reading() {
    let document = json(&[TEN_STEPS, "-c", "4"]);
    assert_eq!(document["captures"][0]["summary"]["frames"], 4);
    echolab(["analyze", TEN_STEPS, "-c", "0"]).run().exits(2);
}

#[test]
fn limit_counts_steps_and_says_what_it_left_out() {
    assert_eq!(lines(&[TEN_STEPS, "--limit", "3"]).len(), 3);
    assert_eq!(lines(&[TEN_STEPS, "--limit", "0"]).len(), 10);
    let capture = &json(&[TEN_STEPS, "--limit", "3"])["captures"][0];
    assert_eq!(capture["steps"].as_array().map(Vec::len), Some(3));
    assert_eq!(capture["summary"]["left_out"], serde_json::json!({"conversations": 0, "steps": 7, "findings": 0}));
    assert_eq!(json(&[TEN_STEPS])["captures"][0]["summary"]["left_out"], Value::Null);
}

#[test]
fn a_summary_has_conversations_only() {
    let capture = &json(&[TEN_STEPS, "--summary"])["captures"][0];
    assert_eq!(capture["steps"].as_array().map(Vec::len), Some(0));
    assert_eq!(capture["conversations"].as_array().map(Vec::len), Some(1));
    assert_eq!(capture["summary"]["frames"], 10);
    assert_eq!(lines(&[TEN_STEPS, "--summary"]).len(), 1);
}

#[test]
fn sorting_needs_a_summary() {
    echolab(["analyze", TEN_STEPS, "--sort", "bytes"]).run().exits(2).complains(&["--summary"]);
    for order in ["trouble", "bytes", "packets", "start", "duration"] {
        assert_eq!(lines(&[TEN_STEPS, "--summary", "--sort", order]).len(), 1);
    }
}

#[test]
fn several_captures_are_each_reported() {
    let arguments = ["analyze", TEN_STEPS, PROXY, "--format", "jsonl"];
    let both = echolab(arguments).done();
    let single = |file| echolab(["analyze", file, "--format", "jsonl"]).done();
    assert_eq!(both, single(TEN_STEPS) + &single(PROXY));
    let lines = lines(&[TEN_STEPS, PROXY]);
    assert!(lines.first().is_some_and(|line| line.starts_with("fixtures/lab-echo-ten-steps.pcap: ")), "{lines:?}");
    let csv = echolab(["analyze", TEN_STEPS, PROXY, "--format", "csv"]).done();
    assert!(csv.starts_with("file,protocol,"), "{csv}");
    assert_eq!(csv.lines().filter(|line| line.starts_with("file,")).count(), 1);
}

#[test]
fn an_output_file_is_created_and_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.csv");
    let arguments = |force: &[&str]| {
        let file = file.to_str().expect("UTF-8");
        echolab([&["analyze", TEN_STEPS, "--format", "csv", "--utc", "-o", file], force].concat())
    };
    assert_eq!(arguments(&[]).done(), "");
    let written = fs::read_to_string(&file).expect("written");
    assert_eq!(written, echolab(["analyze", TEN_STEPS, "--format", "csv", "--utc"]).done());
    fs::write(&file, "mine").expect("written");
    arguments(&[]).run().exits(2).complains(&["report.csv", "--force"]);
    assert_eq!(fs::read_to_string(&file).expect("there"), "mine");
    arguments(&["--force"]).done();
    assert_eq!(fs::read_to_string(&file).expect("there"), written);
}

#[test]
fn a_capture_is_never_overwritten_by_its_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.pcap");
    fs::copy(fixture("lab-v0.pcap"), &file).expect("copied");
    let name = file.to_str().expect("UTF-8");
    echolab(["analyze", name, "-o", name, "--force"])
        .run()
        .exits(2)
        .complains(&["mine.pcap", "is one of the captures"]);
    assert_eq!(fs::read(&file).expect("there"), fs::read(fixture("lab-v0.pcap")).expect("there"));
}

#[test]
fn colour_is_for_terminals_unless_forced() {
    let run = || echolab(["analyze", TEN_STEPS]);
    assert!(!run().done().contains('\x1b'));
    assert!(!run().env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").done().contains('\x1b'));
    assert!(run().env("CLICOLOR_FORCE", "1").done().contains("\x1b["));
    assert!(echolab(["analyze", TEN_STEPS, "--color", "always"]).done().contains("\x1b["));
    assert!(!echolab(["analyze", TEN_STEPS, "--color", "never"]).env("CLICOLOR_FORCE", "1").done().contains('\x1b'));
    for format in ["markdown", "csv", "lines", "json", "jsonl"] {
        let text = echolab(["analyze", TEN_STEPS, "--color", "always", "--format", format]).done();
        assert!(!text.contains('\x1b'), "{format}");
    }
}

#[test]
fn tables_fit_the_width() {
    for name in LAB {
        let file = format!("fixtures/{name}.pcap");
        for width in [60, 80, 100, 120, 160] {
            let text = echolab(["analyze", &file, "--utc", "--width", &width.to_string()]).done();
            let widest =
                text.lines().max_by_key(|line| unicode_width::UnicodeWidthStr::width(*line)).unwrap_or_default();
            assert!(unicode_width::UnicodeWidthStr::width(widest) <= width, "{name} at {width}: {widest}");
        }
    }
    let by_environment = echolab(["analyze", TEN_STEPS, "--utc"]).env("COLUMNS", "120").done();
    assert_eq!(by_environment, echolab(["analyze", TEN_STEPS, "--utc", "--width", "120"]).done());
}

#[test]
fn ascii_is_ascii() {
    for name in LAB {
        for summary in [&[][..], &["--summary"]] {
            let file = format!("fixtures/{name}.pcap");
            let text = echolab([&["analyze", &file, "--ascii"], summary].concat()).done();
            assert!(text.is_ascii(), "{name}: {text}");
        }
    }
}

#[test]
fn unknown_column_suggests_similar_ones() {
    echolab(["analyze", TEN_STEPS, "--columns", "len"]).run().exits(2).complains(&["\"len\"; nearest: length,"]);
}

#[test]
fn dates_are_local_unless_utc_is_asked_for() {
    let run = |zone, more: &[&str]| {
        let arguments = [&["analyze", TEN_STEPS, "--format", "lines", "-c", "1"], more].concat();
        echolab(arguments).env("TZ", zone).done()
    };
    let east = run("UTC-2", &[]);
    assert!(east.contains("+02:00 "), "{east}");
    assert!(run("UTC-2", &["--utc"]).contains("Z tcp:0"));
}

#[test]
fn answers_are_in_every_format_that_can_hold_them() {
    for format in ["csv", "lines", "ladder", "svg", "mermaid", "graphs"] {
        let ran = echolab(["analyze", TEN_STEPS, "--answers", "--format", format]).run().exits(2);
        ran.complains(&[format, "has no place for --answers", "table, markdown"]);
    }
    echolab(["analyze", TEN_STEPS, "--answers", "--summary"]).run().exits(2).complains(&["--summary"]);
    assert_eq!(json(&[TEN_STEPS])["captures"][0].get("answers"), None);
    let asked = json(&[TEN_STEPS, "--answers"]);
    let few = json(&[TEN_STEPS, "--answers", "--limit", "1"]);
    assert_eq!(asked["captures"][0]["answers"], few["captures"][0]["answers"]);
    assert_eq!(asked["captures"][0]["answers"][0]["answers"][0]["id"], "ends");
}

#[test]
fn answers_fit_a_terminal_and_are_ascii_on_request() {
    for name in LAB {
        let capture = format!("fixtures/{name}.pcap");
        for width in [60, 80] {
            let text = echolab(["analyze", &capture, "--answers", "--width", &width.to_string()]).done();
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{name}: {widest:?} at {width}");
        }
        for format in ["table", "markdown"] {
            let text = echolab(["analyze", &capture, "--answers", "--ascii", "--format", format]).done();
            assert!(text.is_ascii() && !text.contains("\\u"), "{name}: {text}");
        }
    }
}
