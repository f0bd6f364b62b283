//! Runs of equal steps, folded into one line of a table.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::echolab;

fn captures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = [root.clone(), root.join("kernel"), root.join("cases"), root.join("wire")];
    let entries = folders.iter().flat_map(|folder| folder.read_dir().expect("a folder"));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let captures = paths.filter(|path| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng"));
    // smaller ones have too few steps
    captures.filter(|path| path.metadata().expect("a file").len() > 2_000).collect()
}

fn analyzed(capture: &Path, more: &[&str]) -> String {
    let mut arguments: Vec<std::ffi::OsString> = vec!["analyze".into(), capture.into()];
    arguments.extend(more.iter().map(Into::into));
    echolab(arguments).run().stdout
}

/// A line for folded steps.
struct Fold {
    conversation: String,
    counted: u64,
    frames: (u64, u64),
}

/// The frames of the rows of a Markdown report, and its folds.
fn rows(markdown: &str) -> (HashSet<u64>, Vec<Fold>) {
    let (mut frames, mut folds, mut conversation) = (HashSet::new(), Vec::new(), String::new());
    for line in markdown.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            conversation = title.split(':').next().expect("a title").to_owned();
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, number, frame, ..] = cells[..]
            && number.parse::<u64>().is_ok()
        {
            frames.insert(frame.parse().expect("a frame"));
        }
        if let Some(fold) = cells.iter().find_map(|cell| cell.strip_prefix("… ").filter(|_| line.starts_with('|'))) {
            folds.push(parsed(&conversation, fold));
        }
    }
    (frames, folds)
}

/// `46 data segments and 46 ACKs, frames 112–203: …`
fn parsed(conversation: &str, fold: &str) -> Fold {
    let (counts, rest) = fold.split_once(", frames ").expect("its frames");
    let counted = counts.split(" and ").map(|part| part.split(' ').next().expect("a number").replace(',', ""));
    let (first, last) =
        rest.split(':').next().expect("frames").split(" in ").next().expect("them").split_once('–').expect("two");
    let number = |text: &str| text.parse().expect("a frame");
    let counted = counted.map(|count| count.parse::<u64>().expect("a number")).sum();
    Fold { conversation: conversation.to_owned(), counted, frames: (number(first), number(last)) }
}

/// The frames named in brackets behind the sentences of verdict and findings.
fn named(markdown: &str) -> HashSet<u64> {
    let shown = markdown.lines().filter(|line| line.starts_with("- `") || line.starts_with("**"));
    let brackets = shown.flat_map(|line| line.split("(frame").skip(1));
    let lists = brackets.filter_map(|rest| rest.trim_start_matches('s').split(" and ").next()?.split(')').next());
    lists.flat_map(|list| list.split(',').filter_map(|frame| frame.trim().parse().ok())).collect()
}

#[test]
fn only_plain_steps_are_folded_and_each_is_counted_once() {
    let mut folded_in_all = 0;
    for capture in captures() {
        let name = capture.display();
        let arguments = ["--format", "markdown", "--columns", "+frame", "--limit", "1000", "--only"];
        let parts = "verdict,findings,steps";
        let text = analyzed(&capture, &[&arguments[..], &[parts]].concat());
        let (shown, folds) = rows(&text);
        let (every, none) = rows(&analyzed(&capture, &[&arguments[..], &[parts, "--no-fold"]].concat()));
        assert!(none.is_empty() && shown.is_subset(&every), "{name}");
        let folded: HashSet<_> = every.difference(&shown).copied().collect();
        folded_in_all += folded.len();

        let records = analyzed(&capture, &["--format", "jsonl"]);
        let records = records.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
        let steps: HashMap<u64, Value> = records
            .filter(|record| record["kind"] == "step")
            .map(|step| (step["frame"].as_u64().expect("a frame"), step))
            .collect();
        for frame in &folded {
            let step = &steps[frame];
            assert_eq!(step["findings"], Value::Array(Vec::new()), "{name}: {frame}");
            let flags = step["analysis"].as_array().map(Vec::as_slice).unwrap_or_default();
            let window = flags.iter().all(|flag| flag == "window_full" || flag == "window_update");
            assert!(window && step["icmp"].is_null(), "{name}: {frame}");
            let flags = step["flags"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert!(flags.iter().all(|flag| flag == "ACK" || flag == "PSH"), "{name}: {frame}");
        }
        let mut left = folded.clone();
        for fold in &folds {
            let (first, last) = fold.frames;
            let protocol = fold.conversation.split(' ').next().expect("TCP or UDP").to_lowercase();
            let stream = fold.conversation.split(' ').next_back().expect("a number");
            let of_fold: Vec<_> = (first..=last)
                .filter(|frame| {
                    steps.get(frame).is_some_and(|step| {
                        let number = step["stream"].as_u64().map(|number| number.to_string());
                        step["protocol"] == protocol.as_str() && number.as_deref() == Some(stream)
                    })
                })
                .collect();
            assert_eq!(of_fold.len() as u64, fold.counted, "{name}: {first} to {last}");
            let phases: HashSet<_> = of_fold.iter().map(|frame| steps[frame]["phase"].to_string()).collect();
            assert_eq!(phases.len(), 1, "{name}: {first} to {last}");
            assert!(of_fold.iter().all(|frame| left.remove(frame)), "{name}: {first} to {last}");
        }
        assert!(left.is_empty(), "{name}: {left:?}");
        let note = folded.len();
        assert_eq!(text.contains(" folded (--no-fold shows each)"), note > 0, "{name}");
        let hidden: Vec<_> = named(&text).intersection(&folded).copied().collect();
        assert!(hidden.is_empty(), "{name}: the proof of a finding is folded: {hidden:?}");
    }
    assert!(folded_in_all > 200, "{folded_in_all}");
}

#[test]
fn records_and_lines_are_never_folded() {
    for format in ["csv", "json", "jsonl", "lines"] {
        let capture = Path::new("fixtures/cases/bulk-both-ways.pcap");
        let usual = analyzed(capture, &["--format", format]);
        assert_eq!(usual, analyzed(capture, &["--format", format, "--no-fold"]), "{format}");
        assert!(!usual.contains("folded"), "{format}");
    }
}

#[test]
fn a_limit_counts_steps_and_not_lines() {
    let capture = Path::new("fixtures/cases/bulk-both-ways.pcap");
    let text = analyzed(capture, &["--limit", "40", "--only", "steps"]);
    let all = analyzed(capture, &["--only", "steps", "--format", "jsonl"]);
    assert!(all.is_empty(), "{all}");
    let steps =
        analyzed(capture, &["--format", "jsonl"]).lines().filter(|line| line.contains("\"kind\":\"step\"")).count();
    assert!(text.contains(&format!("{} more steps (--limit 0 shows all)", steps - 40)), "{text}");
    assert!(text.contains("steps folded (--no-fold shows each)"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("    … ") && line.contains(" data segments and ")), "{text}");
}
