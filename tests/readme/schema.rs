//! `docs/reference/schema.json` describes the JSON Lines: records of captures and live sessions fit it, others do not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::output::{jsonl, records};
use crate::page::project;

/// Sessions whose records are not those of a capture.
const SESSIONS: &[&[&str]] = &[
    &["session", "--port", "0", "--kernel"],
    &["session", "--scenario", "proxy", "--transcript"],
    &["session", "--port", "0", "--proto", "udp", "--transcript", "--answers"],
    &["session", "--port", "0", "--wire", "drop data 1"],
    &[
        "run",
        "--server",
        "python3 tests/programs/echo_server.py 7000",
        "--client",
        "python3 tests/programs/echo_client.py 127.0.0.1 7000 --send A",
    ],
];

/// Folders with captures; the smaller ones are read.
const FOLDERS: &[&str] = &["fixtures", "fixtures/examples", "fixtures/formats", "fixtures/made", "fixtures/text"];

fn schema() -> Value {
    serde_json::from_str(&fs::read_to_string(project().join("docs/reference/schema.json")).unwrap()).unwrap()
}

fn validator() -> Validator {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

fn captures() -> Vec<String> {
    let mut captures = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(project().join(folder)).unwrap().map(|entry| entry.unwrap()) {
            if entry.file_type().unwrap().is_file() && entry.file_name() != "README.md" {
                captures.push(Path::new(folder).join(entry.file_name()).to_str().unwrap().to_owned());
            }
        }
    }
    captures
}

#[test]
fn every_record_fits() {
    let validator = validator();
    let mut kinds = BTreeSet::new();
    let captures = captures();
    let all = captures.iter().map(|capture| vec!["analyze", "--answers", capture]);
    for arguments in all.chain(SESSIONS.iter().map(|session| session.to_vec())) {
        for record in records(&jsonl(arguments.iter().copied())) {
            if let Err(error) = validator.validate(&record) {
                panic!("echolab {arguments:?}: {}: {error}\n{record}", error.instance_path());
            }
            kinds.insert(record["kind"].as_str().unwrap().to_owned());
        }
    }
    let schema = schema();
    let named = schema["properties"]["kind"]["enum"].as_array().unwrap().iter();
    assert_eq!(kinds, named.map(|kind| kind.as_str().unwrap().to_owned()).collect());
}

#[test]
fn invalid_record_does_not_fit() {
    let validator = validator();
    let records = records(&jsonl(["analyze", "fixtures/lab-v0.pcap"]));
    for record in &records {
        let keys: Vec<String> = record.as_object().unwrap().keys().cloned().collect();
        for key in keys {
            let mut without = record.clone();
            without.as_object_mut().unwrap().remove(&key);
            assert!(!validator.is_valid(&without), "{} without {key}", record["kind"]);
        }
        let mut more = record.clone();
        more["more"] = json!(1);
        assert!(!validator.is_valid(&more), "{} with more", record["kind"]);
    }
    let step = &records[1];
    for (key, wrong) in [
        ("kind", json!("steps")),
        ("time", json!(1.5)),
        ("source", json!("localhost")),
        ("flags", json!(["SYN", "SYN"])),
        ("flags", Value::Null),
        ("seq", json!(-1)),
        ("checksum", json!("good")),
        ("analysis", json!(["retransmissions"])),
        ("icmp", json!({})),
    ] {
        let mut record = step.clone();
        record[key] = wrong;
        assert!(!validator.is_valid(&record), "{key}: {}", record[key]);
    }
}

#[test]
fn the_version_is_the_programs() {
    let version = &schema()["$defs"]["capture"]["properties"]["schema"]["const"];
    assert_eq!(records(&jsonl(["analyze", "fixtures/lab-v0.pcap"]))[0]["schema"], *version);
}
