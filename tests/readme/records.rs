//! Every key of the JSON Lines is documented, and every documented key is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

use crate::page;

type Keys = BTreeMap<String, BTreeSet<String>>;

/// The keys of each kind of record, as all fixtures together have them; those of an object within are `object.key`.
fn written() -> Keys {
    let mut keys = Keys::new();
    for capture in fs::read_dir("fixtures").unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let output = Command::new(cargo_bin!("echolab"))
            .args(["analyze", "--answers", "--format", "jsonl"])
            .arg(&capture)
            .output()
            .unwrap();
        add(&output.stdout, &mut keys);
    }
    // only a session has calls
    let output = Command::new(cargo_bin!("echolab"))
        .args(["session", "--port", "0", "--kernel", "--format", "jsonl"])
        .env_remove("SUDO_UID")
        .output()
        .unwrap();
    add(&output.stdout, &mut keys);
    keys
}

fn add(lines: &[u8], keys: &mut Keys) {
    for line in std::str::from_utf8(lines).unwrap().lines() {
        let Value::Object(record) = serde_json::from_str(line).unwrap() else { panic!("{line} is no object") };
        let kind = record["kind"].as_str().unwrap().to_owned();
        keys.entry(kind).or_default().extend(record.keys().filter(|key| *key != "kind").cloned());
    }
}

/// The first column of the table in the section of each kind.
fn documented() -> Keys {
    let text = page::page("docs/reference/json.md").text;
    let mut keys = Keys::new();
    for section in text.split("\n## `").skip(1) {
        let (kind, rest) = section.split_once('`').unwrap();
        let section = rest.split("\n#").next().unwrap();
        let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
        let names = cells.flat_map(|cell| cell.split('`').filter(|name| !name.is_empty() && !name.starts_with(',')));
        keys.insert(kind.to_owned(), names.map(str::to_owned).collect());
    }
    keys
}

#[test]
fn every_key_is_documented_and_written() {
    assert_eq!(documented(), written());
}
