//! Behaviour of single scenarios that an expectation cannot describe.

use std::collections::BTreeSet;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::run::{Net, Run};

/// Lengths of all segments or datagrams with payload that go this way, in order, but for those that are sent again.
fn lengths(run: &Run, direction: &str) -> Vec<u64> {
    let again =
        |step: &Value| step["analysis"].as_array().is_some_and(|set| set.iter().any(|one| one == "retransmission"));
    let steps = run.of_kind("step").into_iter().filter(|step| step["direction"] == direction && !again(step));
    steps.filter_map(|step| step["len"].as_u64()).filter(|len| *len > 0).collect()
}

fn is_of(code: &str) -> impl Fn(&Value) -> bool {
    move |finding| finding["code"] == code
}

fn hold(holds: bool, what: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(what().into()) }
}

pub(crate) fn check(run: &Run) -> Result<(), Failed> {
    let steps = run.of_kind("step");
    let flags = |step: &Value| step["flags"].as_array().map_or(0, Vec::len);
    if run.net == Net::Lab && run.scenario.lab.script.contains("drop ") {
        // where it is captured, each scenario shows what the wire lost
        let lost = |step: &&Value| step["findings"].as_array().is_some_and(|all| all.iter().any(is_of("wire_dropped")));
        hold(steps.iter().any(lost), || format!("nothing lost: {steps:?}"))?;
    }
    match (run.scenario.name, run.net) {
        ("continuous", _) => hold(lengths(run, "client_to_server") == [1; 5], || format!("{steps:?}")),
        ("two-sizes", _) => {
            let acks: Vec<_> = steps.iter().filter(|step| step["direction"] == "server_to_client").collect();
            let has = |ack: u64| acks.iter().any(|step| step["ack"] == ack);
            hold(has(480) && has(1860), || format!("{acks:?}"))
        }
        ("v3", Net::Lab) => {
            let answer = lengths(run, "server_to_client");
            // how a kernel cuts a send into segments is its own; none is longer than the MSS, 1460
            let cut = answer.len() > 13_000 / 1460 && answer.iter().all(|len| *len <= 1460);
            hold(cut && answer.iter().sum::<u64>() == 13_000, || format!("{answer:?}"))
        }
        ("v4", _) => {
            // the first leaves alone; a client that is held up between its sends may send more than one segment after it
            let sent = lengths(run, "client_to_server");
            let merged = sent[0] == 130 && sent.len() < 4 && sent.iter().sum::<u64>() == 520;
            hold(merged, || format!("{sent:?}"))
        }
        ("udp-nobody", _) => hold(steps[1]["icmp"]["name"] == "port unreachable", || format!("{steps:?}")),
        ("small-mss", _) => {
            let longest = lengths(run, "client_to_server").into_iter().chain(lengths(run, "server_to_client")).max();
            hold(longest == Some(524), || format!("{longest:?}"))
        }
        ("no-options", _) => {
            let syns: Vec<_> = steps.iter().filter(|step| step["seq"] == 0 && flags(step) > 0).collect();
            let bare = |step: &&&Value| {
                let options = &step["options"];
                options["mss"] == 1460
                    && options["sack_permitted"] == false
                    && options["timestamps"] == Value::Null
                    && options["window_scale"] == Value::Null
            };
            hold(syns.len() == 2 && syns.iter().all(bare), || format!("{syns:?}"))
        }
        ("fragments", _) => {
            let other = &run.of_kind("summary")[0]["other"];
            hold(*other == json!({"fragment": 4}), || format!("{other}"))
        }
        ("udp-overflow", _) => {
            // how many datagrams find room is the kernel's accounting: at least one does and not all do, and each of them
            // is echoed
            let received = run.of_kind("call").into_iter().filter(|call| call["call"] == "receive").count();
            let echo = &run.of_kind("conversation")[0]["echo"];
            let echoed = lengths(run, "server_to_client").len();
            let holds = (1..12).contains(&received) && echoed == received && echo["matched"] == received;
            hold(holds && echo["requests"] == 12, || format!("{received} received, {echoed} echoed: {echo}"))
        }
        ("proxy", _) => {
            let calls = run.of_kind("call");
            let programs: BTreeSet<_> = calls.iter().filter_map(|call| call["program"].as_str()).collect();
            hold(programs.iter().eq(&["client", "origin", "proxy"]), || format!("{programs:?}"))?;
            // the proxy's own conversation lies within that of the client that it serves, and there is only one
            let conversations = run.of_kind("conversation");
            let first = conversations.iter().min_by_key(|one| one["first_frame"].as_u64()).ok_or("none")?;
            let own: Vec<_> = conversations.iter().filter(|one| one["server"] != first["server"]).collect();
            let within = |one: &Value| {
                one["first_frame"].as_u64() > first["first_frame"].as_u64()
                    && one["last_frame"].as_u64() <= first["last_frame"].as_u64()
            };
            hold(own.len() == 1 && within(own[0]), || format!("{own:?} within {first}"))
        }
        ("fast-open", _) => {
            let early = steps.iter().any(|step| step["flags"] == json!(["SYN"]) && step["len"] == 12);
            hold(early, || format!("{steps:?}"))
        }
        ("ecn", _) => {
            let has = |flag: &str| steps.iter().any(|step| step["flags"].as_array().unwrap().contains(&flag.into()));
            hold(has("ECE") && has("CWR"), || format!("{steps:?}"))
        }
        _ => Ok(()),
    }
}
