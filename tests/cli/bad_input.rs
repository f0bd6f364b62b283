//! Input and surroundings that are not as they should be.

use std::fs;
use std::process::{Command, Stdio};

use crate::run::{echolab, fixture};

const GOOD: &str = "fixtures/lab-v0.pcap";

#[test]
fn unreadable_capture_is_an_error_with_its_reason() {
    for (path, why) in [("fixtures/none.pcap", "no such file"), ("fixtures", "directory")] {
        let ran = echolab(["analyze", path]).run().exits(2);
        assert_eq!(ran.stdout, "");
        ran.complains(&["echolab: ", path, why]);
    }
}

#[test]
fn junk_and_empty_input_are_no_captures() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in
        [("empty.pcap", &b""[..]), ("junk.pcap", b"this is no capture file at all"), ("short", b"\xd4\xc3\xb2")]
    {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        echolab([&"analyze".into(), &path.into_os_string()]).run().exits(2).complains(&["echolab: ", name]);
    }
    echolab(["analyze", "-"]).run().exits(2).complains(&["echolab: ", "standard input"]);
}

/// The files of `fixtures/formats`, and the exit status of reading each.
const FORMATS: &[(&str, i32)] = &[
    ("badtrunc_pkthdr.pcap", 2),
    ("big_endian.pcap", 0),
    ("biglen.pcap", 2),
    ("caplen_gt_len.pcap", 0),
    ("empty.pcap", 2),
    ("gz.pcap.gz", 0),
    ("hdronly.pcap", 0),
    ("junk.pcap", 2),
    ("lt_unknown.pcap", 0),
    ("modified.pcap", 0),
    ("nano.pcap", 0),
    ("ng1.pcapng", 0),
    ("ng_2sect.pcapng", 0),
    ("ng_diff.pcapng", 0),
    ("ng_diff_unused.pcapng", 0),
    ("ng_diffsnap.pcapng", 0),
    ("ng_mixres.pcapng", 0),
    ("ng_nano.pcapng", 0),
    ("ng_same.pcapng", 0),
    ("null.pcap", 0),
    ("raw.pcap", 0),
    ("sll.pcap", 0),
    ("sll2.pcap", 0),
    ("swap1.pcap", 0),
    ("trunc.pcap", 2),
    ("trunchdr.pcap", 2),
    ("usec_over.pcap", 0),
    ("zerolen.pcap", 0),
];

#[test]
fn every_odd_file_gives_a_report_or_an_error() {
    for (name, code) in FORMATS {
        for format in ["table", "markdown", "csv", "lines", "json", "jsonl"] {
            let file = format!("fixtures/formats/{name}");
            let ran = echolab(["analyze", &file, "--format", format]).run().exits(*code);
            let nothing = ["lt_unknown.pcap", "zerolen.pcap"].contains(name);
            assert_eq!(ran.stderr.is_empty(), *code == 0 && !nothing, "{name}: {}", ran.stderr);
            assert_eq!(ran.stderr.contains("nothing to explain in 1 frame: 1 "), nothing, "{name}");
            if *code == 2 {
                ran.complains(&["echolab: ", name]);
            }
        }
    }
    let files = fs::read_dir(fixture("formats")).expect("the folder");
    assert_eq!(files.count(), FORMATS.len(), "a file is not in the list");
}

#[test]
fn an_error_in_one_capture_does_not_stop_the_others() {
    let ran = echolab(["analyze", "fixtures/none.pcap", GOOD, "fixtures", "--format", "jsonl"]).run().exits(2);
    let good = echolab(["analyze", GOOD, "--format", "jsonl"]).done();
    assert_eq!(ran.stdout, good);
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
}

#[test]
fn truncated_capture_is_shown_up_to_its_end() {
    let whole = fs::read(fixture("lab-v0.pcap")).expect("the fixture");
    let cut = whole[..whole.len() - 7].to_vec();
    let ran = echolab(["analyze", "-", "--format", "jsonl"]).stdin(cut.clone()).run().exits(2);
    let steps = ran.stdout.lines().filter(|line| line.contains("\"kind\":\"step\"")).count();
    assert_eq!(steps, 12, "all but the last of 13");
    let summary: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().expect("a summary")).expect("JSON");
    assert!(summary["truncated"].as_str().is_some_and(|text| text.contains("13")), "{summary}");
    ran.complains(&["echolab: ", "13"]);
    let ran = echolab(["analyze", "-"]).stdin(cut).run().exits(2);
    assert!(ran.stdout.contains("breaks off"), "{}", ran.stdout);
}

#[test]
fn a_capture_without_frames_is_an_empty_report() {
    let head = fs::read(fixture("lab-v0.pcap")).expect("the fixture")[..24].to_vec();
    let text = echolab(["analyze", "-"]).stdin(head.clone()).done();
    assert!(text.contains("no frames, 0 conversations"), "{text}");
    for format in ["markdown", "csv", "lines", "json", "jsonl"] {
        echolab(["analyze", "-", "--format", format]).stdin(head.clone()).done();
    }
}

#[cfg(unix)]
#[test]
fn a_path_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"b\xff\x1b[31m\n.pcap"));
    fs::copy(fixture("lab-v0.pcap"), &path).expect("copied");
    for format in ["table", "markdown", "csv", "lines", "json", "jsonl"] {
        let arguments: [std::ffi::OsString; 4] =
            ["analyze".into(), path.clone().into(), "--format".into(), format.into()];
        let text = echolab(arguments).done();
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{format}: {text}");
    }
    let missing: [std::ffi::OsString; 2] = ["analyze".into(), folder.path().join("\x1b[31m\u{202e}").into()];
    let ran = echolab(missing).run().exits(2);
    assert!(!ran.stderr.trim_end().chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", ran.stderr);
}

#[test]
fn broken_pipe_is_no_error() {
    for format in ["table", "lines", "jsonl", "json", "csv", "markdown"] {
        let files = vec!["fixtures/lab-v3.pcap"; 200];
        let mut child = Command::new(env!("CARGO_BIN_EXE_echolab"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["analyze", "--format", format])
            .args(files)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("echolab starts");
        // more than a pipe holds is to come
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("echolab ends");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{format}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    for format in ["table", "lines", "jsonl", "json", "csv", "markdown"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = Command::new(env!("CARGO_BIN_EXE_echolab"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["analyze", GOOD, "--format", format])
            .stdout(full)
            .output()
            .expect("echolab starts");
        let complaint = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{format}: {complaint}");
        assert!(complaint.contains("can't write to standard output: No space left"), "{format}: {complaint}");
    }
    echolab(["analyze", GOOD, "-o", "/dev/full", "--force"]).run().exits(2).complains(&["/dev/full", "No space left"]);
    for text in ["formats", "man"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let status = Command::new(env!("CARGO_BIN_EXE_echolab")).arg(text).stdout(full).stderr(Stdio::null()).status();
        assert_eq!(status.expect("echolab starts").code(), Some(2), "{text}");
    }
}

#[test]
fn standard_input_is_read_only_once() {
    let ran = echolab(["analyze", "-", GOOD, "-"]).stdin(fs::read(GOOD).expect("the fixture")).run().exits(2);
    assert_eq!(ran.stderr, "echolab: - stands for standard input, which can be read only once\n");
}

#[test]
fn a_directory_is_no_output_with_force_or_without() {
    for force in [&[][..], &["--force"]] {
        let analyze = echolab([&["analyze", GOOD, "-o", "fixtures"], force].concat()).run().exits(2);
        assert_eq!(analyze.stderr, "echolab: can't create fixtures: it is a directory: name a file in it\n");
        let session = echolab([&["session", "--port", "0", "-w", "fixtures"], force].concat()).run().exits(2);
        assert!(session.stderr.ends_with("\"fixtures\": it is a directory: name a file in it\n"), "{}", session.stderr);
    }
}

#[test]
fn failed_output_creation_is_an_error_with_its_reason() {
    echolab(["analyze", GOOD, "-o", "no/such/folder/report.txt"])
        .run()
        .exits(2)
        .complains(&["can't create no/such/folder/report.txt", "No such file or directory"]);
}
