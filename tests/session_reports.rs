//! `echolab session --report DIR`: a capture and every report of it, in one go. It captures, so it needs root, and fails
//! without it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

const FILES: [&str; 5] = ["capture.pcapng", "report.md", "report.html", "ladder.svg", "graphs.svg"];
/// `nobody`, who called sudo.
const NOBODY: u32 = 65_534;

fn session(folder: &Path, more: &[&str]) -> Output {
    Command::new(cargo_bin!("echolab"))
        .args(["session", "--port", "0", "--message", "for the record", "--utc", "--report"])
        .arg(folder)
        .args(more)
        .envs([("SUDO_UID", "65534"), ("SUDO_GID", "65534")])
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder where nobody may make another one.
fn open_directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    directory
}

#[test]
fn a_session_leaves_its_capture_and_every_report_to_the_caller() {
    let directory = open_directory();
    let folder = directory.path().join("to hand in");
    let output = session(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("client asks to connect"), "the table is shown too");

    assert_eq!(fs::read_dir(&folder).unwrap().count(), FILES.len());
    for file in FILES.map(|name| folder.join(name)).iter().chain([&folder]) {
        let meta = fs::metadata(file).unwrap();
        assert_eq!((meta.uid(), meta.gid()), (NOBODY, NOBODY), "{}", file.display());
    }
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let markdown = read("report.md");
    // how it was captured, table, ladder, findings, answers
    for part in [
        "- **Command**: echolab session --port 0 --message 'for the record' --utc --report '",
        "- **Interface**: ",
        "- **Dropped by the kernel**: 0 packets",
        "client sends \"for the record\" (14 bytes)",
        "```mermaid\nsequenceDiagram\n",
        "### Findings\n",
        "### Answers\n",
    ] {
        assert!(markdown.contains(part), "no {part:?} in\n{markdown}");
    }
    let page = read("report.html");
    assert!(page.contains("<dt>Command</dt><dd>echolab session --port 0 ") && page.contains("for the record"));
    for drawing in ["ladder.svg", "graphs.svg"] {
        let text = read(drawing);
        let root = roxmltree::Document::parse(&text).unwrap();
        assert!(root.root_element().has_tag_name(("http://www.w3.org/2000/svg", "svg")), "{drawing}");
    }

    // the capture is the one that the reports are of
    let again = Command::new(cargo_bin!("echolab"))
        .args(["analyze", "--format", "csv", "--columns", "description"])
        .arg(folder.join("capture.pcapng"))
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    let sentences = String::from_utf8(again.stdout).unwrap();
    assert!(sentences.lines().count() > 8, "{sentences}");
    for sentence in csv::Reader::from_reader(sentences.as_bytes()).records() {
        let sentence = sentence.unwrap();
        let sentence = sentence.get(0).unwrap().split(':').next().unwrap();
        assert!(markdown.contains(sentence), "no {sentence:?} in\n{markdown}");
    }
}

#[test]
fn nothing_in_the_folder_is_overwritten_unless_forced() {
    let directory = open_directory();
    for (number, name) in FILES.iter().enumerate() {
        let folder = directory.path().join(number.to_string());
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        fs::write(folder.join(name), "precious").unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o666)).unwrap();
        let refused = session(&folder, &[]);
        assert_eq!(refused.status.code(), Some(2), "{name}");
        assert!(
            said(&refused).contains(name) && said(&refused).contains("--force overwrites it"),
            "{}",
            said(&refused)
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "{name}: it is told before anything is made");
        assert_eq!(fs::read(folder.join(name)).unwrap(), b"precious");
    }
    let folder = directory.path().join("0");
    let forced = session(&folder, &["--force"]);
    assert_eq!(forced.status.code(), Some(0), "{}", said(&forced));
    assert_ne!(fs::read(folder.join("capture.pcapng")).unwrap(), b"precious");
}

#[test]
fn capture_path_is_refused_as_a_report() {
    let directory = open_directory();
    let folder = directory.path().join("x");
    let shared = folder.join("report.md");
    let refused = session(&folder, &["--force", "--write", shared.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("can't be the capture and a report"), "{}", said(&refused));
    assert!(!folder.exists());
}

#[test]
fn two_captures_share_one_report() {
    let directory = open_directory();
    let folder = directory.path().join("both");
    let output = session(&folder, &["--network", "lab", "--capture-at", "both"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for name in ["capture-client.pcapng", "capture-server.pcapng", "report.md", "report.html"] {
        assert!(fs::metadata(folder.join(name)).unwrap().len() > 0, "{name}");
    }
}

#[test]
fn session_answers_the_questions_of_labs() {
    let ran = Command::new(cargo_bin!("echolab")).args(["session", "--port", "0", "--answers"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    let told = String::from_utf8(ran.stdout).unwrap();
    assert!(told.contains("EstimatedRTT") && told.contains("closed the connection first"), "{told}");
    let refused =
        Command::new(cargo_bin!("echolab")).args(["session", "--answers", "--format", "csv"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("has no place for --answers"), "{}", said(&refused));
}
