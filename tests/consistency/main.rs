//! No output contradicts itself: not of any kept capture, and not of one with frames missing, duplicated or swapped.
//!
//! `ECHOLAB_CAPTURES=FOLDER cargo test --test consistency` reads the captures of a folder instead.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod invariants;
mod mutations;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use invariants::Output;

/// Larger captures take too long to be mutated; they are read as they are.
const MUTATED: u64 = 64 * 1024;

/// Of the mutated captures every so many have their report read too: that takes as long again.
const REPORTED: usize = 4;

fn captures(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // files that no reader takes whole
            if !path.ends_with("formats") {
                captures(&path, found);
            }
        } else if path
            .extension()
            .is_some_and(|ending| ["pcap", "pcapng", "trace", "cap"].iter().any(|known| ending == *known))
        {
            found.push(path);
        }
    }
}

fn analyzed(capture: Vec<u8>, format: &str) -> String {
    let mut echolab = Command::new(env!("CARGO_BIN_EXE_echolab"))
        .env_clear()
        // one line for each sentence
        .env("COLUMNS", "5000")
        .args(["analyze", "-", "--format", format])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = echolab.stdin.take().unwrap();
    let writer = thread::spawn(move || _ = std::io::Write::write_all(&mut input, &capture));
    let output = echolab.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!([Some(0), Some(2)].contains(&output.status.code()), "{}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// The contradictions within the records of a capture, and, where `reported`, of its report with them.
fn contradictions(name: &str, capture: Vec<u8>, reported: bool) -> Vec<String> {
    let report = if reported { analyzed(capture.clone(), "table") } else { String::new() };
    let output = Output::read(&analyzed(capture, "jsonl"), &report);
    let told = |rule: &str, wrong: Vec<String>| {
        wrong.into_iter().map(move |wrong| format!("{name}: {rule}: {wrong}")).collect()
    };
    invariants::ALL.iter().flat_map(|(rule, check)| -> Vec<String> { told(rule, check(&output)) }).collect()
}

#[test]
fn no_output_contradicts_itself() {
    let mut files = Vec::new();
    match std::env::var_os("ECHOLAB_CAPTURES") {
        Some(folder) => captures(Path::new(&folder), &mut files),
        None => captures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut files),
    }
    files.sort();
    assert!(!files.is_empty(), "there are no captures");
    let (files, wrong) = (Mutex::new(files), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(file) = { files.lock().unwrap().pop() } {
                    let bytes = fs::read(&file).unwrap();
                    let name = file.file_name().unwrap().to_string_lossy().into_owned();
                    let mut found = contradictions(&name, bytes.clone(), true);
                    if (bytes.len() as u64) < MUTATED && std::env::var_os("ECHOLAB_CAPTURES").is_none() {
                        for (number, (how, mutated)) in mutations::of(&bytes).into_iter().enumerate() {
                            let reported = number % REPORTED == 0;
                            found.extend(contradictions(&format!("{name} with {how}"), mutated, reported));
                        }
                    }
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} contradictions:\n{}", wrong.len(), wrong.join("\n"));
}
