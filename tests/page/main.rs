//! The page in a browser: what a reader does with it, how large it gets, that it asks for nothing. Needs Chromium and
//! Python (`./setup tests` installs them), and fails without.

#![allow(clippy::expect_used, reason = "a test that finds something else than it expects is to panic")]

#[path = "../hostile/mod.rs"]
mod hostile;

use std::fs;
use std::path::Path;
use std::process::Command;

use hostile::Capture;

/// The report of a capture as a page.
fn page(capture: &Path, page: &Path, more: &[&str]) {
    let ran = assert_cmd::cargo::cargo_bin_cmd!("echolab")
        .args(["analyze", "--utc", "--format", "html", "--output"])
        .args([page, capture])
        .args(more)
        .output()
        .expect("echolab starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// A connection of 100,000 segments; every hundredth request is sent twice.
fn long_connection() -> Vec<u8> {
    let mut capture = Capture::new();
    capture.segment(true, "S", 1_000, 0, b"");
    capture.segment(false, "S.", 5_000, 1_001, b"");
    capture.segment(true, ".", 1_001, 5_001, b"");
    for round in 0..49_500_u32 {
        let seq = 1_001 + round * 8;
        capture.segment(true, ".", seq, 5_001, b"a|<b>&\"'");
        if round.is_multiple_of(100) {
            capture.segment(true, ".", seq, 5_001, b"a|<b>&\"'");
        }
        capture.segment(false, ".", 5_001, seq + 8, b"");
    }
    capture.0
}

#[test]
fn a_reader_filters_orders_follows_and_replays() {
    let folder = tempfile::tempdir().expect("a folder");
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [small, hostile, big, unbounded] =
        ["small", "hostile", "big", "unbounded"].map(|name| folder.path().join(name).with_extension("html"));
    page(&project.join("fixtures/kernel/loss_fast.pcap"), &small, &[]);
    page(&hostile::write_to(folder.path()), &hostile, &[]);
    let capture = folder.path().join("big.pcap");
    fs::write(&capture, long_connection()).expect("a capture");
    page(&capture, &big, &[]);
    page(&capture, &unbounded, &["--limit", "0"]);
    for big in [&big, &unbounded] {
        let text = fs::read_to_string(big).expect("a page");
        assert!(text.len() < 10_000_000, "{} bytes", text.len());
        assert!(
            text.contains("Not shown: ") && text.contains(" more steps are not in this table"),
            "it says what it lacks"
        );
    }

    let ran = Command::new("python3")
        .arg(project.join("tests/page/behaviour.py"))
        .args([&small, &hostile, &big, &unbounded])
        .output()
        .expect("python3 starts");
    let said = String::from_utf8_lossy(&ran.stdout);
    let complaint = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("the page behaves"), "{said}{complaint}");
}
