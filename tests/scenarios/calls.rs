//! What the report says that the programs did: every key is there, times fit the frames', and what was sent and received
//! is tied to the frames that carried it.

use std::collections::{BTreeMap, BTreeSet};

use echolab::model::Protocol;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::run::{Net, Run};

/// The keys of a record of kind `call`; every one is always there.
const KEYS: &[&str] = &[
    "after",
    "bytes",
    "call",
    "connection",
    "error",
    "failed",
    "frames",
    "kernel",
    "kind",
    "local",
    "peer",
    "program",
    "protocol",
    "side",
    "stream",
    "time",
];

pub(crate) fn check(run: &Run) -> Result<(), Failed> {
    let calls = run.of_kind("call");
    let wrong = |what: &str, call: &Value| Failed::from(format!("{what}: {call}"));
    let mut before = "";
    for call in &calls {
        let keys: BTreeSet<_> = call.as_object().ok_or("no object")?.keys().map(String::as_str).collect();
        if !keys.iter().eq(KEYS) {
            return Err(wrong("other keys", call));
        }
        let time = call["time"].as_str().ok_or_else(|| wrong("no time", call))?;
        if time < before {
            return Err(wrong("not in order", call));
        }
        before = time;
        if matches!(call["call"].as_str(), Some("send" | "receive")) {
            carried(run, call)?;
        }
        let connected = run.scenario.protocol == Protocol::Tcp && call["call"] == "connect";
        if connected && call["kernel"][call["side"].as_str().unwrap_or_default()]["state"] != "ESTAB" {
            return Err(wrong("not established", call));
        }
    }
    told_apart(run, &calls)?;
    if calls.is_empty() { Err("no calls".into()) } else { Ok(()) }
}

/// The same number of a program's connection is always the same socket: no other end of a conversation.
fn told_apart(run: &Run, calls: &[&Value]) -> Result<(), Failed> {
    let mut sockets = BTreeMap::new();
    for call in calls.iter().filter(|call| call["connection"] != 0 && !call["local"].is_null()) {
        let name = format!("{}, connection {}", call["program"], call["connection"]);
        let ends = format!("{} {}", call["local"], call["peer"]);
        let known = sockets.entry(name.clone()).or_insert_with(|| ends.clone());
        if *known != ends {
            return Err(format!("{name} is {known} and {ends}").into());
        }
    }
    let programs: BTreeSet<_> = calls.iter().filter_map(|call| call["program"].as_str()).collect();
    let all = ["client", "origin", "proxy"];
    match run.scenario.name == "proxy" && !programs.iter().eq(&all) {
        true => Err(format!("the programs are {programs:?}").into()),
        false => Ok(()),
    }
}

/// The frames of a send carry its bytes, and those of a receive came before it.
fn carried(run: &Run, call: &Value) -> Result<(), Failed> {
    let steps = run.of_kind("step");
    let receives = call["call"] == "receive";
    let frames: Vec<&&Value> = call["frames"]
        .as_array()
        .ok_or("no frames")?
        .iter()
        .filter_map(|frame| steps.iter().find(|step| step["frame"] == *frame))
        .collect();
    let bytes: u64 = frames.iter().filter_map(|step| step["len"].as_u64()).sum();
    let all_there = bytes >= call["bytes"].as_u64().unwrap_or(u64::MAX);
    let sender = if receives { &call["peer"] } else { &call["local"] };
    let sent_by = |step: &Value| step["source"] == sender["address"] && step["source_port"] == sender["port"];
    if let Some(frame) = frames.iter().find(|step| step["len"] == 0) {
        return Err(format!("frame {} carries nothing: {call}", frame["frame"]).into());
    }
    if receives {
        taken(run, call, &frames)?;
    }
    let one_way = frames.iter().all(|step| sent_by(step));
    let in_time = !receives || frames.iter().all(|step| step["time"].as_str() <= call["time"].as_str());
    // at one host a frame that is on its way from the other may be captured after the other's program has read it
    let elsewhere = run.net == Net::Lab && receives;
    // what still waits in the sender's socket when a reset comes is never sent
    let lost = !receives && run.scenario.expects.close == "rst";
    if one_way && in_time && (all_there || elsewhere || lost) {
        return Ok(());
    }
    Err(format!("{bytes} bytes in frames {}: {call}", call["frames"]).into())
}

/// Of bytes that were sent more than once only the copy that the receiver took brought them. At the host that sent them
/// the wire alone can tell which that was.
fn taken(run: &Run, call: &Value, frames: &[&&Value]) -> Result<(), Failed> {
    let lost = |step: &Value| {
        step["findings"].as_array().is_some_and(|all| all.iter().any(|one| one["code"] == "wire_dropped"))
    };
    if let Some(step) = frames.iter().find(|step| lost(step)) {
        return Err(format!("frame {} never arrived: {call}", step["frame"]).into());
    }
    let first_bytes: BTreeSet<_> = frames.iter().filter_map(|step| step["seq"].as_u64()).collect();
    if run.net == Net::Loopback && run.scenario.protocol == Protocol::Tcp && first_bytes.len() < frames.len() {
        return Err(format!("brought by two copies: {call}").into());
    }
    Ok(())
}
