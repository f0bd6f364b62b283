//! Packets as text give the same steps as the capture that they show: the texts of the reference sessions, and what
//! tcpdump and tshark print of every capture of the fixtures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn echolab(arguments: &[&str], input: Option<&[u8]>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_echolab"));
    command.args(arguments).current_dir(root("")).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().unwrap();
    if let Some(input) = input {
        let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
        std::thread::spawn(move || stdin.write_all(&input));
    }
    child.wait_with_output().unwrap()
}

fn records(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn steps(capture: &str, input: Option<&[u8]>) -> Vec<Value> {
    let output = echolab(&["analyze", capture, "--format", "jsonl"], input);
    records(&output).into_iter().filter(|record| record["kind"] == "step").collect()
}

/// Compares the fields of two steps, which must be the same.
fn assert_same(what: &str, text: &[Value], capture: &[Value], fields: &[&str]) {
    assert_eq!(text.len(), capture.len(), "{what}: steps");
    for (text, capture) in text.iter().zip(capture) {
        for field in fields {
            assert_eq!(text[field], capture[field], "{what}: {field} of frame {}", capture["frame"]);
        }
    }
}

/// The fields that every text shows.
const ALWAYS: &[&str] = &[
    "frame",
    "protocol",
    "stream",
    "step",
    "source",
    "source_port",
    "destination",
    "destination_port",
    "direction",
    "flags",
    "ack",
    "len",
];

#[test]
fn reference_session_texts_match_their_captures() {
    // a capture may go on where its text ends, and begin before
    let texts = [
        ("echo-ten-steps-tcpdump-A", "lab-echo-ten-steps"),
        ("tcp-continuous-tcpdump-nnvvXS", "lab-tcp-continuous"),
        ("tcp-line-tcpdump-nnvvXS-reflowed", "lab-tcp-line"),
        ("udp-continuous-tcpdump-nnvvXS", "lab-udp-continuous"),
        ("udp-line-tcpdump-nnvvXS", "lab-udp-line"),
        ("v0-wireshark-info-columns", "lab-v0"),
        ("v1-wireshark-info-columns", "lab-v1"),
        ("v2-wireshark-info-columns", "lab-v2"),
        ("v3-wireshark-info-columns", "lab-v3"),
        ("v4-wireshark-info-columns", "lab-v4"),
    ];
    for (text, capture) in texts {
        let steps_of_text = steps(&format!("fixtures/text/{text}.txt"), None);
        let mut steps_of_capture = steps(&format!("fixtures/{capture}.pcap"), None);
        // the text of this session ends after four of ten datagrams
        if capture == "lab-udp-continuous" {
            steps_of_capture.truncate(4);
        }
        assert_same(text, &steps_of_text, &steps_of_capture, ALWAYS);
        assert_same(text, &steps_of_text, &steps_of_capture, &["seq", "arithmetic", "phase"]);
    }
}

/// The fields that tcpdump's options show in addition.
const OPTIONS: &[(&[&str], &[&str])] = &[
    (&[], &["window", "window_raw", "window_scale"]),
    (&["-S"], &["window", "window_scale"]),
    (&["-e"], &["window", "window_scale"]),
    (&["-v"], &["window", "window_scale"]),
    (&["-vv"], &["seq", "window", "window_scale", "options", "analysis"]),
    (&["-A", "-tttt"], &["window", "window_scale"]),
    (&["-x", "-tt"], &["seq", "seq_raw", "ack_raw", "window", "options", "checksum", "description", "time"]),
    (&["-vv", "-X", "-t"], &["seq", "seq_raw", "ack_raw", "window", "options", "checksum"]),
    (&["-XX", "-e", "-tt"], &["seq", "seq_raw", "ack_raw", "window", "options", "checksum", "description", "time"]),
];

/// The captures of the fixtures whose every frame tcpdump prints in a form that holds what was compared.
fn captures() -> Vec<PathBuf> {
    let mut captures = Vec::new();
    for folder in ["fixtures", "fixtures/kernel"] {
        let entries = fs::read_dir(root(folder)).unwrap().map(|entry| entry.unwrap().path());
        captures.extend(entries.filter(|path| path.extension().is_some_and(|end| end == "pcap")));
    }
    captures.sort();
    captures
}

#[test]
fn tcpdump_text_of_a_capture_gives_its_steps() {
    for capture in captures() {
        let path = capture.to_str().unwrap();
        let expected = steps(path, None);
        for (options, fields) in OPTIONS {
            let mut tcpdump = Command::new("tcpdump");
            let printed = tcpdump.arg("-nn").args(*options).args(["-r", path]).output();
            let printed = printed.expect("tcpdump is installed: its text is read here").stdout;
            let what = format!("{path} {}", options.join(" "));
            let dump = options.iter().any(|option| option.contains(['x', 'X']));
            if !dump && WITH_DUMP_ONLY.iter().any(|name| path.ends_with(name)) {
                continue;
            }
            let text = steps("-", Some(&printed));
            assert_same(&what, &text, &expected, ALWAYS);
            assert_same(&what, &text, &expected, fields);
        }
    }
}

/// Captures of fragments: what ties them together is only in a dump.
const WITH_DUMP_ONLY: &[&str] = &["kernel/udp_frag.pcap"];

#[test]
fn tshark_text_of_a_capture_gives_its_steps() {
    for name in [
        "lab-tcp-line",
        "lab-tcp-continuous",
        "lab-udp-line",
        "lab-v0",
        "lab-v2",
        "lab-v3",
        "lab-v4",
        "lab-echo-ten-steps",
    ] {
        let path = root(&format!("fixtures/{name}.pcap"));
        let printed = Command::new("tshark").arg("-r").arg(&path).output();
        let printed = printed.expect("tshark is installed: its text is read here").stdout;
        let text = steps("-", Some(&printed));
        let expected = steps(path.to_str().unwrap(), None);
        assert_same(name, &text, &expected, ALWAYS);
        assert_same(name, &text, &expected, &["seq", "window", "window_raw", "options", "arithmetic"]);
        assert!(text.iter().all(|step| step["seq_raw"].is_null()), "{name}: the numbers are relative");
    }
}

/// The captures beside the checkout, where they are; says so where they are not.
fn shared() -> Vec<PathBuf> {
    let mut captures = Vec::new();
    for folder in ["../shared/captures", "../shared/captures/kernel", "../shared/corpus"] {
        let Ok(entries) = fs::read_dir(root(folder)) else {
            // not by a macro, whose output the test runner holds back
            let line = format!("left out: text round trips of {folder}: it is absent\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            continue;
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        let of_format = |path: &PathBuf| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng");
        let small = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.len() < LARGEST);
        captures.extend(paths.filter(of_format).filter(small));
    }
    captures.sort();
    captures
}

/// Bytes of a capture that is printed and read back.
const LARGEST: u64 = 100_000;

/// Captures that tcpdump's text does not hold, and why.
const NOT_AS_TEXT: &[(&str, &str)] = &[
    ("udp_frag", "fragments"),
    ("rusticata-frag_tcp_80_ipv4", "fragments"),
    ("suricata-frag-ip-tcp", "fragments"),
    ("zeek-ipv6-fragmented-dns", "fragments"),
    ("zeek-ipv6-http-atomic-frag", "IPv6 extension headers, which tcpdump prints instead of the ports"),
    ("gopacket-be-test008", "tcpdump refuses interfaces of several link types or snaplens"),
    ("gopacket-be-test102", "tcpdump refuses it"),
    ("zeek-modify-request", "tcpdump refuses it"),
    ("tcpdump-heapoverflow-tcp_print", "tcpdump prints no ports of a malformed packet"),
    ("tcpdump-ipv4_tcp_http_xml_tso", "tcpdump prints no ports of a packet without a length"),
    ("tcpdump-timestamp_invalid_micro", "tcpdump refuses the time of a packet"),
    ("zeek-reassembly", "tcpdump stops at a packet that is cut"),
];

#[test]
fn shared_captures_give_their_steps_as_text() {
    for capture in shared() {
        let path = capture.to_str().unwrap();
        let name = capture.file_stem().unwrap().to_str().unwrap();
        let expected = steps(path, None);
        for options in [&[][..], &["-vv"], &["-x", "-tt"]] {
            if NOT_AS_TEXT.iter().any(|(other, _)| *other == name) || expected.is_empty() {
                continue;
            }
            let printed = Command::new("tcpdump").arg("-nn").args(options).args(["-r", path]).output();
            let printed = printed.expect("tcpdump is installed: its text is read here").stdout;
            assert_same(&format!("{path} {}", options.join(" ")), &steps("-", Some(&printed)), &expected, ALWAYS);
        }
        // tshark's rows of protocols above TCP and UDP have no ports: the others are the steps of their frames
        let printed = Command::new("tshark").args(["-r", path]).output();
        let printed = printed.expect("tshark is installed: its text is read here").stdout;
        for step in steps("-", Some(&printed)) {
            let same = expected.iter().find(|other| other["frame"] == step["frame"]);
            let same = same.unwrap_or_else(|| panic!("{path}: frame {} is no step of the capture", step["frame"]));
            for field in ["protocol", "source", "source_port", "destination", "destination_port", "flags", "len"] {
                assert_eq!(step[field], same[field], "{path}: {field} of frame {}", step["frame"]);
            }
        }
    }
}

#[test]
fn fields_missing_from_a_text_are_unknown() {
    let text = "11:11:02.375940 IP 127.0.0.1.60990 > 127.0.0.1.6542: Flags [.], ack 1, win 512, length 0\n\
                11:11:02.375985 IP 127.0.0.1.60990 > 127.0.0.1.6542: Flags [P.], seq 1:13, ack 1, win 512, length 12\n";
    let steps = steps("-", Some(text.as_bytes()));
    for step in &steps {
        assert_eq!((&step["seq_raw"], &step["ack_raw"]), (&Value::Null, &Value::Null));
        if step["protocol"] == "tcp" {
            assert_eq!(step["checksum"], "unverifiable");
        }
    }
    assert_eq!(steps[1]["len"], 12);
    let report = echolab(&["analyze", "-"], Some(text.as_bytes()));
    let report = String::from_utf8(report.stdout).unwrap();
    let report = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(report.contains("made from text that tcpdump printed, which does not show: checksums"), "{report}");
}

#[test]
fn a_line_that_cannot_be_read_is_counted_and_shown_with_its_number() {
    let text = "11:11:02.1 IP 10.0.0.1.1000 > 10.0.0.2.7: UDP, length 3\n\
                11:11:02.2 IP host.1000 > 10.0.0.2.7: UDP, length 3\n\
                11:11:02.3 IP 10.0.0.2.7 > 10.0.0.1.1000: UDP, length 3\n";
    let output = echolab(&["analyze", "-"], Some(text.as_bytes()));
    assert!(output.status.success());
    let report = String::from_utf8(output.stdout).unwrap();
    let report = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(report.contains("1 line of the text could not be read: line 2: its addresses are no numbers"), "{report}");
    assert!(report.contains("2 frames (2 UDP)"), "{report}");
}

#[test]
fn text_that_ends_within_a_packet_exits_with_2_after_the_readable_part() {
    let text = "11:11:02.1 IP 10.0.0.1.1000 > 10.0.0.2.7: UDP, length 3\n11:11:02.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], se";
    let output = echolab(&["analyze", "-"], Some(text.as_bytes()));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 frame (1 UDP)"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("the text ends within a packet, in line 2"));
}

#[test]
fn a_text_can_be_written_as_a_capture() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made.pcapng");
    let text = "fixtures/text/echo-ten-steps-tcpdump-A.txt";
    let output = echolab(&["analyze", text, "--format", "jsonl", "--write", file.to_str().unwrap()], None);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = fs::read(&file).unwrap();
    let comment = b"bytes that the text does not show are zero";
    assert!(bytes.windows(comment.len()).any(|part| part == comment));
    assert_same("written", &steps(file.to_str().unwrap(), None), &steps(text, None), ALWAYS);
    // a capture is no text
    let refused = echolab(&["analyze", "fixtures/lab-v0.pcap", "--write", "x.pcapng"], None);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!root("x.pcapng").exists());
}

#[test]
fn a_mails_quotation_is_read() {
    let text = fs::read_to_string(root("fixtures/text/echo-ten-steps-tcpdump-A.txt")).unwrap();
    let quoted: String = text.lines().map(|line| format!("> {line}\n")).collect();
    let plain = steps("-", Some(text.as_bytes()));
    assert_same("quoted", &steps("-", Some(quoted.as_bytes())), &plain, ALWAYS);
    // without any breaks
    let flat = "11:11:02.1 IP 10.0.0.1.1000 > 10.0.0.2.7: UDP, length 3 11:11:02.3 IP 10.0.0.2.7 > 10.0.0.1.1000: UDP, length 3";
    assert_eq!(steps("-", Some(flat.as_bytes())).len(), 2);
    let counts = steps("-", Some(flat.as_bytes())).iter().fold(BTreeMap::new(), |mut counts, step| {
        *counts.entry(step["direction"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        counts
    });
    assert_eq!(counts.len(), 2);
}
