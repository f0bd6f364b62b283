//! Captures of trouble, each with what is right there.
//!
//! `fixtures/cases` holds captures of situations that are easy to explain wrongly, `fixtures/scripted` a Linux kernel
//! that talks to a scripted peer, so that what happened is known by construction. `tests/cases/expected/NAME.txt` says
//! what must and must not be said of NAME.pcap; every capture has one. Its lines:
//!
//! ```text
//! # a comment
//! 8 fast_retransmit [4,7]    frame 8 has this finding, and its evidence includes frames 4 and 7
//! 8 !retransmit              frame 8 has no such finding
//! 8 !                        frame 8 has no finding at all
//! 8 cause segment reset 7    why frame 8 was sent: event, detail (- for any), frame (optional)
//! 8 says "two words"         the sentence or a finding of frame 8 has these words
//! 8 !says "lost"             neither has
//! tcp:0 close_four           the conversation has this finding; also with [frames]
//! tcp:0 !no_close            or has not
//! tcp:0 says "words"         a finding of the conversation has these words; also !says
//! tcp:0 ledger largest window   most of the conversation's time went there; also `!largest`
//! fact "Captured" "client"   in the text output the fact whose label begins so has these words
//! !fact "RTT" "of 200 ms"    or has not
//! conversations 1            so many conversations
//! never "lost on its way"    these words stand nowhere in the text output or in the JSON Lines
//! somewhere "idle timer"     these words stand somewhere in the text output or in the JSON Lines
//! ```

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod captured_at;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const FOLDERS: [&str; 2] = ["fixtures/cases", "fixtures/scripted"];

/// The records of one capture.
struct Said {
    records: Vec<Value>,
    jsonl: String,
    text: String,
}

fn echolab(capture: &str, options: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_echolab"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .env("COLUMNS", "2000")
        .args(["analyze", capture])
        .args(options)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{capture}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

impl Said {
    fn of(capture: &str) -> Self {
        let jsonl = echolab(capture, &["--format", "jsonl"]);
        let records = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // the facts stand in the report without answers
        let text = echolab(capture, &["--limit", "0"]) + &echolab(capture, &["--limit", "0", "--answers"]);
        Self { records, jsonl, text }
    }

    fn step(&self, frame: u64) -> Option<&Value> {
        self.records.iter().find(|record| record["kind"] == "step" && record["frame"] == frame)
    }

    fn conversation(&self, name: &str) -> Option<&Value> {
        let (protocol, stream) = name.split_once(':')?;
        let stream: u64 = stream.parse().ok()?;
        self.records.iter().find(|record| {
            record["kind"] == "conversation" && record["protocol"] == protocol && record["stream"] == stream
        })
    }

    fn facts(&self, label: &str) -> Vec<&str> {
        self.text.lines().filter(|line| line.trim_start().starts_with(label)).collect()
    }
}

/// The words in quotes, in order.
fn quoted(line: &str) -> Vec<&str> {
    line.split('"').skip(1).step_by(2).collect()
}

fn has(text: &str, words: &str) -> bool {
    text.to_lowercase().contains(&words.to_lowercase())
}

fn said_of(record: &Value) -> String {
    let findings = record["findings"].as_array().into_iter().flatten().filter_map(|finding| finding["text"].as_str());
    let sentence = record["description"].as_str().unwrap_or_default();
    findings.fold(sentence.to_owned(), |all, text| all + "\n" + text)
}

/// Returns `true` if the record has the finding, proved by these frames among others.
fn finds(record: &Value, code: &str, frames: &[u64]) -> bool {
    let named = |finding: &Value, frame: &u64| finding["frames"].as_array().unwrap().iter().any(|named| named == frame);
    record["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|finding| finding["code"] == code && frames.iter().all(|frame| named(finding, frame)))
}

fn frames(line: &str) -> Vec<u64> {
    let Some((_, rest)) = line.split_once('[') else { return Vec::new() };
    let (list, _) = rest.split_once(']').unwrap();
    list.split(',').map(|frame| frame.trim().parse().unwrap()).collect()
}

fn is_caused(record: &Value, words: &[&str]) -> bool {
    let cause = &record["cause"];
    let fits = |key: &str, word: Option<&&str>| match word {
        None | Some(&"-") => true,
        Some(word) => {
            cause[key].as_str().is_some_and(|value| value == *word)
                || cause[key].as_u64().is_some_and(|value| word.parse() == Ok(value))
        }
    };
    fits("event", words.first()) && fits("detail", words.get(1)) && fits("frame", words.get(2))
}

/// The kind of wait that took most of a conversation's time.
fn largest_share(record: &Value) -> Option<String> {
    let nanos = |time: &Value| time.as_str().unwrap().replace('.', "").parse::<u64>().unwrap();
    let shares = record["ledger"].as_object()?.iter().map(|(wait, time)| (nanos(time), wait));
    shares.max().map(|(_, wait)| wait.clone())
}

/// Returns `true` if one line of expectations holds.
fn holds(said: &Said, line: &str) -> bool {
    let (subject, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    let words = quoted(rest);
    match subject {
        "never" => !has(&said.text, words[0]) && !has(&said.jsonl, words[0]),
        "somewhere" => has(&said.text, words[0]) || has(&said.jsonl, words[0]),
        "fact" => said.facts(words[0]).iter().any(|fact| has(fact, words[1])),
        "!fact" => !said.facts(words[0]).iter().any(|fact| has(fact, words[1])),
        "conversations" => {
            said.records.iter().filter(|record| record["kind"] == "conversation").count().to_string() == rest
        }
        _ => {
            let record = subject.parse().map_or_else(|_| said.conversation(subject), |frame| said.step(frame));
            let Some(record) = record else { return false };
            let before = rest.split(['"', '[']).next().unwrap_or_default();
            let tokens: Vec<_> = before.split_whitespace().collect();
            match tokens.as_slice() {
                ["says"] => words.iter().all(|words| has(&said_of(record), words)),
                ["!says"] => words.iter().all(|words| !has(&said_of(record), words)),
                ["cause", cause @ ..] => is_caused(record, cause),
                ["ledger", "largest", wait] => largest_share(record) == Some((*wait).to_owned()),
                ["ledger", "!largest", wait] => largest_share(record) != Some((*wait).to_owned()),
                ["!"] => record["findings"].as_array().unwrap().is_empty(),
                [code] => match code.strip_prefix('!') {
                    Some(code) => !finds(record, code, &frames(rest)),
                    None => finds(record, code, &frames(rest)),
                },
                _ => panic!("not understood: {line}"),
            }
        }
    }
}

fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.filter_map(|file| file.strip_suffix(ending).map(str::to_owned)).collect()
}

/// The lines that state something.
fn statements(lines: &str) -> impl Iterator<Item = &str> {
    lines.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn every_capture_has_expectations_and_every_expectation_a_capture() {
    let captures: BTreeSet<String> = FOLDERS.iter().flat_map(|folder| names(folder, ".pcap")).collect();
    let expected = names("tests/cases/expected", ".txt");
    let apart: Vec<_> = captures.symmetric_difference(&expected).collect();
    assert!(apart.is_empty(), "only one of capture and expectations exists: {apart:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/expected");
    let says_nothing = |name: &&String| {
        let lines = fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        statements(&lines).next().is_none()
    };
    let empty: Vec<_> = expected.iter().filter(says_nothing).collect();
    assert!(empty.is_empty(), "no expectation is stated for {empty:?}");
}

#[test]
fn every_expectation_holds() {
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/expected");
    let mut wrong = Vec::new();
    let mut held = 0;
    for folder in FOLDERS {
        for name in names(folder, ".pcap") {
            let lines = fs::read_to_string(expected.join(format!("{name}.txt"))).unwrap();
            let said = Said::of(&format!("{folder}/{name}.pcap"));
            for line in statements(&lines) {
                held += 1;
                if !holds(&said, line) {
                    wrong.push(format!("{name}: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {held} expectations do not hold:\n{}", wrong.len(), wrong.join("\n"));
}
