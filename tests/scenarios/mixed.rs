//! Sessions of mixed scenarios, captured at both hosts: no packet is missing at either end, by the captures
//! and by the kernels' own counters, and nothing is left behind.
//!
//! Sixty of them; `ECHOLAB_MIXED=500` runs more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use echolab::capture::{Source, file};
use echolab::drive::scenario::RunsOn;
use echolab::drive::{SCENARIOS, Scenario};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

use crate::counters::{Frames, counted};
use crate::invariants;
use crate::run::{Net, session};

/// Number of sessions in a trial, one after the other.
const EACH: usize = 15;

pub(crate) fn trials(program: &Path, folder: &Arc<TempDir>) -> Vec<Trial> {
    let count = std::env::var("ECHOLAB_MIXED").map_or(60, |count| count.parse().expect("ECHOLAB_MIXED is a number"));
    let quick: Vec<&'static Scenario> = SCENARIOS
        .iter()
        .copied()
        .filter(|scenario| scenario.runs != RunsOn::Loopback && scenario.lasts <= Duration::from_secs(2))
        .collect();
    let sessions: Vec<_> = quick.into_iter().cycle().take(count).enumerate().collect();
    let trial = |(number, sessions): (usize, &[(usize, &'static Scenario)])| {
        let (program, folder, sessions) = (program.to_owned(), Arc::clone(folder), sessions.to_vec());
        Trial::test(format!("mixed::{number}"), move || {
            let before = devices()?;
            for (index, scenario) in sessions {
                run(&program, folder.path(), scenario, index).map_err(|error| {
                    let text = error.message().unwrap_or_default();
                    Failed::from(format!("session {index}, {}: {text}", scenario.name))
                })?;
            }
            let after = devices()?;
            if after == before { Ok(()) } else { Err(format!("devices were {before:?}, and are {after:?}").into()) }
        })
    };
    sessions.chunks(EACH).enumerate().map(trial).collect()
}

/// The network devices of this machine that have a name as the lab gives them; other programs may make others meanwhile.
fn devices() -> Result<BTreeSet<String>, Failed> {
    let text = fs::read_to_string("/proc/net/dev")?;
    let names = text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
    let of_lab = |name: &&str| ["client", "server", "eth", "tap"].iter().any(|prefix| name.starts_with(prefix));
    Ok(names.filter(of_lab).map(str::to_owned).collect())
}

fn run(program: &Path, folder: &Path, scenario: &Scenario, index: usize) -> Result<(), Failed> {
    let name = |side: &str| folder.join(format!("mixed-{index}{side}.pcap"));
    let mut command = session(program, Net::Lab)?;
    command.args(["--scenario", scenario.name, "--capture-at", "both", "--format", "jsonl", "--write"]).arg(name(""));
    let (output, counted) = counted(command)?;
    invariants::ended_in_order(scenario, &output)?;
    if output.status.success() && !output.stderr.is_empty() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let records = lines.map(serde_json::from_slice).collect::<Result<Vec<Value>, _>>()?;
    let second = records.iter().rposition(|record| record["kind"] == "capture").ok_or("no capture")?;
    let (at_client, at_server) = records.split_at(second);
    for (records, side) in [(at_client, "client"), (at_server, "server")] {
        let summary = records.last().ok_or("no summary")?;
        if summary["dropped"] != 0 || summary["truncated"] != Value::Null {
            return Err(format!("at the {side}: {summary}").into());
        }
    }
    let (client, server) = (senders(&name("-client"))?, senders(&name("-server"))?);
    for (side, counted, captured) in [
        ("client", counted.client, Frames { sent: client[0], received: client[1] }),
        ("server", counted.server, Frames { sent: server[1], received: server[0] }),
    ] {
        if counted != captured {
            return Err(format!("the {side}'s kernel counted {counted:?}, and captured were {captured:?}").into());
        }
    }
    let found = |records: &[Value], direction: &str, code: &str| {
        let steps = records.iter().filter(|record| record["kind"] == "step" && record["direction"] == direction);
        let has =
            |step: &&Value| step["findings"].as_array().is_some_and(|all| all.iter().any(|one| one["code"] == code));
        steps.filter(has).count() as u64
    };
    for (direction, sent, arrived, here, there) in [
        ("client_to_server", client[0], server[0], at_client, at_server),
        ("server_to_client", server[1], client[1], at_server, at_client),
    ] {
        let lost = found(here, direction, "wire_dropped");
        let doubled = found(there, direction, "wire_duplicated");
        if sent + doubled != arrived + lost {
            return Err(format!("{direction}: {sent} sent, {lost} lost, {doubled} doubled, {arrived} arrived").into());
        }
    }
    for side in ["-client", "-server"] {
        fs::remove_file(name(side))?;
    }
    Ok(())
}

/// Number of frames that each host sent, the client's first, by the last byte of the Ethernet addresses.
fn senders(capture: &Path) -> Result<[u64; 2], Failed> {
    let mut source = file::open(capture)?;
    let mut counts = [0; 2];
    while let Some(frame) = source.next_frame()? {
        match frame.data.get(11) {
            Some(1) => counts[0] += 1,
            Some(2) => counts[1] += 1,
            other => return Err(format!("frame {} is nobody's: {other:?}", frame.number).into()),
        }
    }
    Ok(counts)
}
