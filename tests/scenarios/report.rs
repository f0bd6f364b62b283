//! What the report of a run says, in lines that are the same for every run: the sentence and the facts of each step, its
//! findings, each conversation with its findings, and what the programs did. What no two runs share is masked: times,
//! frame numbers, ports; initial sequence numbers are X and Y.

use serde_json::Value;

use crate::mask;
use crate::run::Run;

/// Bytes of a segment of a long message, at least.
const FULL: u64 = 500;

/// Up to so many of them leave in one go, each with the same bytes in every run.
const MANY: usize = 12;

/// The lines of a report in its order, each once.
pub(crate) fn lines(run: &Run) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let is_full = |step: &&Value| step["len"].as_u64() >= Some(FULL);
    let many = run.of_kind("step").into_iter().filter(is_full).count() > MANY;
    for record in &run.records {
        let head = match record["kind"].as_str() {
            Some("step") => vec![step(record)],
            Some("conversation") => conversation(record),
            Some("call") => vec![call(record)],
            _ => continue,
        };
        for line in head.into_iter().chain(findings(record)) {
            let line = mask::moments(&line);
            let line = if many && line.contains(" sends ") { mask::segments(&line) } else { line };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record[key].as_str().unwrap_or("-")
}

/// `client ACK X+1, Y+1, 0: …`: flags, sequence and acknowledgment number, bytes.
fn step(step: &Value) -> String {
    let who = if step["direction"] == "client_to_server" { "client" } else { "server" };
    let flags: Vec<&str> = step["flags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let what = match text(step, "protocol") {
        "tcp" => {
            let arithmetic = &step["arithmetic"];
            format!("{} {}, {}, {}", flags.join(" "), text(arithmetic, "seq"), text(arithmetic, "ack"), step["len"])
        }
        "udp" => step["len"].to_string(),
        other => other.to_uppercase(),
    };
    format!("{who} {what}: {}", text(step, "description"))
}

/// How it opened and closed, and what was echoed.
fn conversation(conversation: &Value) -> Vec<String> {
    let [protocol, handshake, close, first] =
        ["protocol", "handshake", "close", "closed_first"].map(|key| text(conversation, key));
    let mut lines = vec![match protocol {
        "tcp" => format!("tcp conversation: handshake {handshake}, close {close}, closed first by {first}"),
        other => format!("{other} conversation"),
    }];
    if let Some(echo) = conversation["echo"].as_object() {
        let [requests, matched, transformed] = ["requests", "matched", "transformed"].map(|key| &echo[key]);
        lines.push(format!("  {requests} requests, {matched} echoed, {transformed} answered otherwise"));
    }
    lines
}

fn findings(record: &Value) -> Vec<String> {
    let findings = record["findings"].as_array().into_iter().flatten();
    findings.map(|finding| format!("  {}: {}", text(finding, "code"), text(finding, "text"))).collect()
}

fn call(call: &Value) -> String {
    let bytes = call["bytes"].as_u64().map_or_else(String::new, |bytes| format!(" {bytes}"));
    let error = call["error"].as_str().map_or_else(String::new, |error| format!(" {error}"));
    let failed = call["failed"].as_str().map_or_else(String::new, |failed| format!(" to {failed}:"));
    let (program, what) = (text(call, "program"), text(call, "call"));
    format!("{program}'s program, connection {}: {what}{bytes}{failed}{error}", call["connection"])
}
