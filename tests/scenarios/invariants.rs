//! Invariants of the report of every live session, on any kernel, scheduler and clock.
//!
//! A live session is never compared with a text: how often a kernel retransmits, on which segment an ACK rides and how
//! many datagrams fit into a receive buffer are not echolab's to decide. What echolab says must agree with what others
//! recorded of the same session: the capture file as tshark dissects it, the frame counters of the kernel, the calls of the
//! programs, and the expectation of the scenario. Each invariant is one function; each gets one run and names the frame or
//! the call that breaks it. Those of [`ALWAYS`] hold of every run. Those of [`DEMONSTRATION`] hold unless the kernel or the
//! capture itself shows that the machine was held up: a kernel that measured a long round trip sends no early probe. The module `breaches` falsifies a good run for each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use echolab::capture::file;
use echolab::drive::Scenario;
use echolab::explain::{Conversation, Step};
use echolab::model::{CaptureInfo, Endpoint, Protocol};
use echolab::pipeline;
use echolab::report::{CaptureTotals, Sink};
use echolab::session::{Observer, unmet};
use libtest_mimic::Failed;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::consistency;
use crate::run::{Net, Run, session};
use crate::tshark::{FLAGS, Transport};

type Outcome = Result<(), String>;

/// An invariant: its name and the function that says how a run breaks it.
pub(crate) struct Invariant {
    pub(crate) name: &'static str,
    pub(crate) holds: fn(&Run) -> Outcome,
}

macro_rules! invariants {
    ($($name:ident,)*) => { &[$(Invariant { name: stringify!($name), holds: $name },)*] };
}

/// The demonstrated behaviour of a run.
pub(crate) const DEMONSTRATION: &[Invariant] = invariants![the_session_succeeds, the_expectation_holds,];

/// The invariants of every run.
pub(crate) const ALWAYS: &[Invariant] = invariants![
    the_capture_is_complete,
    every_frame_is_a_step_or_counted,
    the_kernel_counted_as_many_frames,
    tshark_reads_the_same_fields,
    tshark_sets_the_same_flags,
    checksums_are_those_of_the_network,
    totals_are_the_sums_of_the_steps,
    the_ledger_sums_to_the_duration,
    the_report_contradicts_none_of_its_records,
    findings_name_frames_that_were_captured,
    no_finding_contradicts_a_complete_capture,
    calls_are_whole_and_in_order,
    sockets_keep_their_endpoints,
    frames_of_a_call_carry_its_bytes,
    bytes_of_the_calls_are_those_captured,
    text_fits_the_width,
];

/// Fails with every one of these invariants that the run breaks.
pub(crate) fn check(run: &Run, invariants: &[Invariant]) -> Result<(), Failed> {
    let broken: Vec<String> = invariants
        .iter()
        .filter_map(|invariant| Some((invariant.name, (invariant.holds)(run).err()?)))
        .map(|(name, what)| format!("{} on {}: {name}: {what}", run.scenario.name, run.net.name()))
        .collect();
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n").into()) }
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(what()) }
}

fn number(record: &Value, key: &str) -> Result<u64, String> {
    record[key].as_u64().ok_or_else(|| format!("no number {key} in {record}"))
}

/// The sum of the numbers of an object.
fn sum(object: &Value) -> u64 {
    object.as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum()
}

fn list<'a>(record: &'a Value, key: &str) -> &'a [Value] {
    record[key].as_array().map_or(&[], Vec::as_slice)
}

fn has(record: &Value, key: &str, what: &str) -> bool {
    list(record, key).iter().any(|one| one == what)
}

fn finds(record: &Value, code: &str) -> bool {
    list(record, "findings").iter().any(|finding| finding["code"] == code)
}

/// The address and port of one end of a step: `source` or `destination`.
fn end<'a>(step: &'a Value, which: &str) -> (&'a Value, &'a Value) {
    (&step[which], &step[format!("{which}_port")])
}

/// The address and port of a call's `local` or `peer`, or of a conversation's `client` or `server`.
fn endpoint<'a>(record: &'a Value, which: &str) -> (&'a Value, &'a Value) {
    (&record[which]["address"], &record[which]["port"])
}

/// Exit status 0, and standard error has nothing but the seed where chance decides.
fn the_session_succeeds(run: &Run) -> Outcome {
    ensure(run.status == Some(0), || format!("exit status {:?}: {}", run.status, run.stderr))?;
    let has_chance = run.net == Net::Lab && run.scenario.lab.has_chance();
    let seeds = run.stderr.lines().filter(|line| has_chance && line.contains("seed")).count();
    ensure(seeds == usize::from(has_chance) && run.stderr.lines().count() == seeds, || {
        format!("standard error: {:?}", run.stderr)
    })
}

/// The demonstrated behaviour is also found when the capture file is read again.
fn the_expectation_holds(run: &Run) -> Outcome {
    let read = || -> anyhow::Result<Vec<String>> {
        let mut source = file::open(&run.capture)?;
        let mut nowhere = Nowhere;
        let mut observer = Observer::new(&mut nowhere);
        // where both sides sent a SYN, the capture alone does not show which of them is the client
        let server = server(run);
        pipeline::run(&mut source, &mut pipeline::Options { server, ..Default::default() }, &mut observer)?;
        let observed = observer.observed();
        let first = observed.first().ok_or_else(|| anyhow::anyhow!("an empty report"))?;
        Ok(unmet(&run.scenario.expects, first))
    };
    let unmet = read().map_err(|error| format!("{error:#}"))?;
    ensure(unmet.is_empty(), || unmet.join("; "))
}

/// The server of the conversation that began first.
fn server(run: &Run) -> Option<Endpoint> {
    let conversation = run.of_kind("conversation").into_iter().min_by_key(|one| one["first_frame"].as_u64())?;
    let (address, port) = endpoint(conversation, "server");
    let address: IpAddr = address.as_str()?.parse().ok()?;
    Some(Endpoint::new(address, u16::try_from(port.as_u64()?).ok()?))
}

/// The kernel dropped no frame of the capture, and the file does not break off.
fn the_capture_is_complete(run: &Run) -> Outcome {
    let summary = run.only("summary")?;
    ensure(summary["dropped"] == 0 && summary["truncated"].is_null(), || format!("{summary}"))
}

/// Steps are in the order of their frames, numbered from 1 in each conversation; frames are those of tcp, udp, icmp and of
/// the reasons in `other`, and the capture file has as many.
fn every_frame_is_a_step_or_counted(run: &Run) -> Outcome {
    let summary = run.only("summary")?;
    let frames = number(summary, "frames")?;
    let mut counts = BTreeMap::new();
    let mut numbers: BTreeMap<(String, u64), u64> = BTreeMap::new();
    let mut before = 0;
    for step in run.of_kind("step") {
        let frame = number(step, "frame")?;
        ensure(before < frame && frame <= frames, || format!("frame {frame} after frame {before} of {frames}"))?;
        before = frame;
        let protocol = step["protocol"].as_str().unwrap_or_default();
        *counts.entry(protocol).or_default() += 1;
        // ICMP errors are steps of the conversation whose packet they quote
        let quoted = step["icmp"]["quotes_protocol"].as_str().unwrap_or(protocol);
        let last = numbers.entry((quoted.to_owned(), number(step, "stream")?)).or_default();
        *last += 1;
        ensure(step["step"] == *last, || format!("frame {frame} is step {}, instead of {last}", step["step"]))?;
    }
    for protocol in ["tcp", "udp", "icmp"] {
        let steps: u64 = counts.get(protocol).copied().unwrap_or_default();
        ensure(summary[protocol] == steps, || format!("{steps} steps of {protocol}: {summary}"))?;
    }
    let all = counts.values().sum::<u64>() + sum(&summary["other"]);
    ensure(frames == all, || format!("{all} frames are steps or counted: {summary}"))?;
    let written = run.dissected.len() as u64;
    ensure(frames == written, || format!("{written} frames in the file: {summary}"))
}

/// As many frames were captured as passed the interface. Every frame on loopback is sent and received by it.
fn the_kernel_counted_as_many_frames(run: &Run) -> Outcome {
    let frames = number(run.only("summary")?, "frames")?;
    let counted = match run.net {
        Net::Loopback => run.counted.sent,
        Net::Lab => run.counted.sent + run.counted.received,
    };
    ensure(frames == counted, || format!("{frames} frames captured, but the interface counted {:?}", run.counted))
}

/// Protocol, conversation, sequence and acknowledgment number, payload length, window and control bits of each step, and
/// no frame with a transport header that is no step.
fn tshark_reads_the_same_fields(run: &Run) -> Outcome {
    const BITS: &[&str] = &["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
    let bits = |step: &Value| -> u64 {
        BITS.iter().enumerate().filter(|(_, flag)| has(step, "flags", flag)).map(|(bit, _)| 1_u64 << bit).sum()
    };
    let steps: BTreeMap<u64, &Value> =
        run.of_kind("step").into_iter().filter_map(|step| Some((step["frame"].as_u64()?, step))).collect();
    for theirs in &run.dissected {
        let get = |key: &str| steps.get(&theirs.frame).and_then(|step| step[key].as_u64()).unwrap_or_default();
        let ours = match steps.get(&theirs.frame) {
            None => Transport::None,
            Some(step) if step["protocol"] == "tcp" => Transport::Tcp {
                stream: get("stream"),
                seq: get("seq"),
                ack: get("ack"),
                len: get("len"),
                flags: bits(step),
                window: get("window"),
            },
            Some(step) if step["protocol"] == "udp" => Transport::Udp { stream: get("stream"), len: get("len") },
            Some(_) => Transport::Icmp,
        };
        ensure(ours == theirs.transport, || {
            format!("frame {}: echolab reads {ours:?}, tshark {:?}", theirs.frame, theirs.transport)
        })?;
    }
    Ok(())
}

/// `analysis` has Wireshark's flags.
fn tshark_sets_the_same_flags(run: &Run) -> Outcome {
    let ours = run.of_kind("step").into_iter().flat_map(|step| {
        let flags = FLAGS.iter().filter(|flag| has(step, "analysis", flag));
        flags.map(|flag| (step["frame"].as_u64().unwrap_or_default(), *flag))
    });
    let ours: BTreeSet<(u64, &str)> = ours.collect();
    let theirs: BTreeSet<(u64, &str)> =
        run.dissected.iter().flat_map(|frame| frame.analysis.iter().map(|flag| (frame.frame, *flag))).collect();
    ensure(ours == theirs, || {
        let (only_ours, only_theirs): (Vec<_>, Vec<_>) =
            (ours.difference(&theirs).collect(), theirs.difference(&ours).collect());
        format!("only echolab: {only_ours:?}; only tshark: {only_theirs:?}")
    })
}

/// No frame is cut, and a checksum is wrong only where the link corrupted the frame. On loopback nothing computes them.
fn checksums_are_those_of_the_network(run: &Run) -> Outcome {
    for step in run.of_kind("step") {
        let fits = match step["checksum"].as_str() {
            Some("invalid") => finds(step, "wire_corrupted"),
            Some("offloaded") => run.net == Net::Loopback,
            Some("valid" | "absent") => true,
            Some(_) => false,
            None => step["protocol"] == "icmp",
        };
        ensure(fits, || format!("frame {}: checksum {}", step["frame"], step["checksum"]))?;
    }
    Ok(())
}

/// Packets, payload, flags and the first and last frame of a conversation are those of its steps; the summary counts the
/// conversations.
fn totals_are_the_sums_of_the_steps(run: &Run) -> Outcome {
    let summary = run.only("summary")?;
    let conversations = run.of_kind("conversation");
    for protocol in ["tcp", "udp"] {
        let count = conversations.iter().filter(|one| one["protocol"] == protocol).count();
        ensure(summary["conversations"][protocol] == count, || {
            format!("{count} conversations of {protocol}: {summary}")
        })?;
    }
    for one in conversations {
        // ICMP errors belong to the conversation whose packet they quote
        let own = |step: &&Value| {
            step["stream"] == one["stream"]
                && [&step["protocol"], &step["icmp"]["quotes_protocol"]].contains(&&one["protocol"])
        };
        let steps: Vec<&Value> = run.of_kind("step").into_iter().filter(own).collect();
        let name = format!("{} conversation {}", one["protocol"], one["stream"]);
        for way in ["client_to_server", "server_to_client"] {
            let there = || steps.iter().filter(|step| step["direction"] == way);
            let (packets, payload) = (there().count(), there().filter_map(|step| step["len"].as_u64()).sum::<u64>());
            ensure(one["packets"][way] == packets, || format!("{name}: {packets} packets {way}: {}", one["packets"]))?;
            ensure(one["payload"][way] == payload, || format!("{name}: {payload} bytes {way}: {}", one["payload"]))?;
        }
        for flag in FLAGS.iter().filter(|_| one["protocol"] == "tcp") {
            let count = steps.iter().filter(|step| has(step, "analysis", flag)).count();
            ensure(one["analysis"][flag] == count, || format!("{name}: {count} times {flag}: {}", one["analysis"]))?;
        }
        let first = steps.first().map_or(&Value::Null, |step| &step["frame"]);
        ensure(one["first_frame"] == *first, || format!("{name}: first frame {first}: {}", one["first_frame"]))?;
        let last = steps.last().and_then(|step| step["frame"].as_u64());
        ensure(one["last_frame"].as_u64() >= last, || format!("{name}: last frame {last:?}: {}", one["last_frame"]))?;
    }
    Ok(())
}

/// The shares of a conversation's time ledger sum to its duration.
fn the_ledger_sums_to_the_duration(run: &Run) -> Outcome {
    let nanos = |time: &Value| time.as_str().and_then(|time| time.replace('.', "").parse::<u64>().ok());
    for one in run.of_kind("conversation") {
        let Some(ledger) = one["ledger"].as_object() else { continue };
        let sum: Option<u64> = ledger.values().map(nanos).sum();
        ensure(sum.is_some() && sum == nanos(&one["duration"]), || {
            format!("{sum:?} ns of {}: {:?}", one["duration"], ledger)
        })?;
    }
    Ok(())
}

/// The invariants of any capture's report hold of this one: its verdicts agree with its findings, among others.
fn the_report_contradicts_none_of_its_records(run: &Run) -> Outcome {
    let analyzed = |format: &str| -> Result<String, String> {
        let mut command = Command::new(&run.program);
        command.args(["analyze", "--limit", "0", "--format", format]).arg(&run.capture).env("COLUMNS", "5000");
        let output = command.output().map_err(|error| error.to_string())?;
        ensure(output.status.success() && !output.stdout.is_empty(), || format!("{format}: {}", output.status))?;
        String::from_utf8(output.stdout).map_err(|error| error.to_string())
    };
    let output = consistency::Output::read(&analyzed("jsonl")?, &analyzed("table")?);
    let wrong: Vec<String> = consistency::ALL.iter().flat_map(|(_, contradictions)| contradictions(&output)).collect();
    ensure(wrong.is_empty(), || wrong.join("; "))
}

/// A finding is proved by frames, in ascending order, that were captured: for a step no later than the step itself, for a
/// conversation no later than its last frame.
fn findings_name_frames_that_were_captured(run: &Run) -> Outcome {
    for record in run.of_kind("step").into_iter().chain(run.of_kind("conversation")) {
        let last = record["frame"].as_u64().or(record["last_frame"].as_u64()).ok_or("a record without a frame")?;
        for finding in list(record, "findings") {
            let frames: Vec<u64> = list(finding, "frames").iter().filter_map(Value::as_u64).collect();
            let ascend = frames.is_sorted_by(|one, next| one < next);
            let captured = frames.iter().all(|frame| (1..=last).contains(frame));
            ensure(!frames.is_empty() && ascend && captured, || {
                format!("{} at frame {last} names frames {frames:?}", finding["code"])
            })?;
        }
    }
    Ok(())
}

/// Nothing is said to be missing from a capture that misses nothing.
fn no_finding_contradicts_a_complete_capture(run: &Run) -> Outcome {
    for record in run.of_kind("step").into_iter().chain(run.of_kind("conversation")) {
        let frame = record["frame"].as_u64().or(record["last_frame"].as_u64()).unwrap_or_default();
        for code in ["capture_gap", "handshake_partial"] {
            ensure(!finds(record, code), || format!("{code} at frame {frame}"))?;
        }
        ensure(!has(record, "analysis", "ack_lost_segment"), || {
            format!("frame {frame} acknowledges what was not captured")
        })?;
    }
    Ok(())
}

/// The keys of a record of kind `call`; every one is always there.
const CALL: &[&str] = &[
    "after",
    "asked",
    "bytes",
    "call",
    "connection",
    "error",
    "failed",
    "frames",
    "kernel",
    "kind",
    "local",
    "number",
    "option",
    "peer",
    "program",
    "protocol",
    "side",
    "stream",
    "time",
    "unread",
];

/// Each call has all keys and comes in the order of time; where TCP connected, the kernel says so.
fn calls_are_whole_and_in_order(run: &Run) -> Outcome {
    let calls = run.of_kind("call");
    ensure(!calls.is_empty(), || "no calls".to_owned())?;
    let mut before = "";
    for call in calls {
        let keys: BTreeSet<_> = call.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        ensure(keys.iter().eq(CALL), || format!("other keys: {call}"))?;
        let time = call["time"].as_str().unwrap_or_default();
        ensure(before <= time, || format!("before the call above it: {call}"))?;
        before = time;
        if run.scenario.protocol == Protocol::Tcp && call["call"] == "connect" {
            let state = &call["kernel"][call["side"].as_str().unwrap_or_default()]["state"];
            ensure(state == "ESTAB", || format!("connected, but in the state {state}: {call}"))?;
        }
    }
    Ok(())
}

/// The number of a program's connection is always the same socket.
fn sockets_keep_their_endpoints(run: &Run) -> Outcome {
    let mut sockets = BTreeMap::new();
    let calls = run.of_kind("call");
    for call in calls.iter().filter(|call| call["connection"] != 0 && !call["local"].is_null()) {
        let name = format!("{}, connection {}", call["program"], call["connection"]);
        let ends = format!("{} {}", call["local"], call["peer"]);
        let known = sockets.entry(name.clone()).or_insert_with(|| ends.clone());
        ensure(*known == ends, || format!("{name} is {known} and {ends}"))?;
    }
    Ok(())
}

/// The frames of a send carry its bytes; those of a receive carry what it gave, were captured before it returned, and
/// arrived. At the host that sent them they may be captured after the other host's program has read them.
fn frames_of_a_call_carry_its_bytes(run: &Run) -> Outcome {
    let steps: BTreeMap<u64, &Value> =
        run.of_kind("step").into_iter().filter_map(|step| Some((step["frame"].as_u64()?, step))).collect();
    for call in
        run.of_kind("call").into_iter().filter(|call| ["send", "receive"].map(Value::from).contains(&call["call"]))
    {
        let receives = call["call"] == "receive";
        let sender = endpoint(call, if receives { "peer" } else { "local" });
        let (mut bytes, mut first_bytes, mut count) = (0, BTreeSet::new(), 0);
        for frame in list(call, "frames").iter().filter_map(Value::as_u64) {
            let step = steps.get(&frame).ok_or_else(|| format!("frame {frame} is no step: {call}"))?;
            let len = number(step, "len")?;
            ensure(len > 0, || format!("frame {frame} carries nothing: {call}"))?;
            ensure(end(step, "source") == sender, || format!("frame {frame} is another socket's: {call}"))?;
            if receives {
                ensure(step["time"].as_str() <= call["time"].as_str(), || format!("frame {frame} came later: {call}"))?;
                ensure(!finds(step, "wire_dropped"), || format!("frame {frame} never arrived: {call}"))?;
            }
            bytes += len;
            count += 1;
            first_bytes.extend(step["seq"].as_u64());
        }
        let once = !receives || run.net == Net::Lab || run.scenario.protocol == Protocol::Udp;
        ensure(once || first_bytes.len() == count, || format!("two frames brought the same bytes: {call}"))?;
        // what waits in the sender's socket when a reset comes is never sent
        let all = bytes >= number(call, "bytes")?;
        let elsewhere = run.net == Net::Lab && receives;
        let unsent = !receives && run.scenario.expects.close == "rst";
        ensure(all || elsewhere || unsent, || format!("its frames carry {bytes} bytes: {call}"))?;
    }
    Ok(())
}

/// The captured stream of each direction has no gap; it is as long as the sends of its sender and, where the connection
/// was closed by FIN, as the receives of its receiver, which do not take urgent data. Of UDP's datagrams all that were sent
/// are captured, and none is received that was not.
fn bytes_of_the_calls_are_those_captured(run: &Run) -> Outcome {
    for one in run.of_kind("conversation") {
        for (from, to, way) in [("client", "server", "client_to_server"), ("server", "client", "server_to_client")] {
            let own = |step: &&Value| {
                step["stream"] == one["stream"] && step["protocol"] == one["protocol"] && step["direction"] == way
            };
            let steps: Vec<&Value> = run.of_kind("step").into_iter().filter(own).collect();
            let is_tcp = one["protocol"] == "tcp";
            let captured =
                if is_tcp { stream(&steps)? } else { steps.iter().filter_map(|step| step["len"].as_u64()).sum() };
            let bytes = |name: &str, which: &str, other: &str| -> u64 {
                let of_socket = |call: &&Value| {
                    call["call"] == name
                        && endpoint(call, "local") == endpoint(one, which)
                        && (call["stream"] == one["stream"]
                            || call["stream"].is_null() && endpoint(call, "peer") == endpoint(one, other))
                };
                run.of_kind("call").into_iter().filter(of_socket).filter_map(|call| call["bytes"].as_u64()).sum()
            };
            let (sent, received) = (bytes("send", from, to), bytes("receive", to, from));
            let urgent = u64::from(steps.iter().any(|step| has(step, "flags", "URG")));
            let holds = match one["close"].as_str() {
                Some("fin") => sent == captured && received + urgent == captured,
                Some(_) => received <= captured && captured <= sent,
                None => sent == captured && received <= captured,
            };
            ensure(holds, || {
                let name = format!("{} conversation {}, {way}", one["protocol"], one["stream"]);
                format!("{name}: {sent} bytes sent, {captured} captured, {received} received")
            })?;
        }
    }
    Ok(())
}

/// Length of the stream that these segments of one direction carry.
fn stream(steps: &[&Value]) -> Result<u64, String> {
    let mut ranges = Vec::new();
    for step in steps.iter().filter(|step| step["len"] != 0) {
        // a SYN counts one, before its data
        let begin = number(step, "seq")? + u64::from(has(step, "flags", "SYN"));
        ranges.push((begin, begin + number(step, "len")?, number(step, "frame")?));
    }
    ranges.sort_unstable();
    let mut end = 1;
    for (begin, next, frame) in ranges {
        ensure(begin <= end, || format!("bytes {end} to {begin} were not captured, but frame {frame} was"))?;
        end = end.max(next);
    }
    Ok(end - 1)
}

/// The report as text, written of the capture file, has no control characters and keeps to 80 and to 120 columns.
fn text_fits_the_width(run: &Run) -> Outcome {
    for width in [80, 120] {
        for format in ["table", "ladder"] {
            let mut command = Command::new(&run.program);
            command.args(["analyze", "--format", format]).arg(&run.capture).env("COLUMNS", width.to_string());
            command.args((format == "table").then_some("--answers"));
            let output = command.output().map_err(|error| error.to_string())?;
            ensure(output.status.success(), || format!("{format}: {}", output.status))?;
            fits(&output.stdout, width).map_err(|what| format!("{format}: {what}"))?;
        }
    }
    Ok(())
}

/// The same holds of what a live session writes in 80 columns, with the transcript of its calls, which no capture file has.
pub(crate) fn live_text_fits_the_width(program: &Path, scenario: &Scenario, net: Net) -> Result<(), Failed> {
    let mut command = session(program, net)?;
    command.args(["--format", "table", "--transcript", "--answers", "--scenario", scenario.name]);
    let output = command.env("COLUMNS", "80").output()?;
    ended_in_order(scenario, &output)?;
    fits(&output.stdout, 80)?;
    Ok(live_verdicts_agree(&String::from_utf8_lossy(&output.stdout))?)
}

/// Each verdict has one to three sentences; that on an only conversation gives no all-clear where more than notes were
/// found.
fn live_verdicts_agree(text: &str) -> Outcome {
    let verdicts = consistency::verdicts(text);
    ensure(!verdicts.is_empty(), || "no verdict".to_owned())?;
    for (name, verdict) in &verdicts {
        let sentences = verdict.lines().filter(|line| line.ends_with('.')).count();
        ensure((1..=3).contains(&sentences), || format!("{name}: {verdict:?}"))?;
    }
    let is_grave = |line: &str| {
        let mut words = line.split([' ', ':']);
        let number = words.next().is_some_and(|word| word.replace(',', "").parse::<u64>().is_ok());
        number && words.next().is_some_and(|word| ["problem", "warning"].contains(&word.trim_end_matches('s')))
    };
    let grave: Vec<_> = text.lines().filter(|line| is_grave(line)).collect();
    let (1, Some((name, verdict))) = (verdicts.len(), verdicts.first_key_value()) else { return Ok(()) };
    ensure(grave.is_empty() || !verdict.starts_with("Healthy"), || format!("{name}: {verdict:?}, but {grave:?}"))
}

/// Exit status 0; or 1 with nothing else said than that the scenario's expectation is unmet, which
/// [`the_expectation_holds`] judges.
pub(crate) fn ended_in_order(scenario: &Scenario, output: &Output) -> Outcome {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let of_scenario = |line: &str| line.starts_with(&format!("echolab: scenario {}: ", scenario.name));
    let unmet = output.status.code() == Some(1) && !stderr.is_empty() && stderr.lines().all(of_scenario);
    ensure(output.status.code() == Some(0) || unmet, || format!("{}: {stderr}", output.status))
}

/// Returns `true` if threads of the session waited for a processor, by the kernel's account, or a round trip took longer
/// than the link's.
pub(crate) fn was_held_up(run: &Run) -> bool {
    let link = match run.net {
        Net::Loopback => Duration::ZERO,
        Net::Lab => run.scenario.lab.delay * 2,
    };
    let longest = link + HELD_UP;
    let long = |time: &Value| {
        time.as_str().and_then(|time| time.parse().ok()).is_some_and(|time: f64| time > longest.as_secs_f64())
    };
    let slow = run.of_kind("conversation").iter().any(|one| long(&one["rtt"]["handshake"]) || long(&one["rtt"]["max"]));
    slow || run.waited > HELD_UP
}

/// More than a delayed ACK takes (40 ms), which is no sign of a busy machine.
const HELD_UP: Duration = Duration::from_millis(50);

/// Returns `true` if text has no control characters and no line of more columns.
fn fits(text: &[u8], width: usize) -> Outcome {
    let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
    ensure(!text.trim().is_empty(), || "nothing was written".to_owned())?;
    for line in text.lines() {
        let control = line.chars().find(|char| char.is_control());
        ensure(control.is_none(), || format!("{control:?} in {line:?}"))?;
        ensure(line.width() <= width, || format!("{} columns, more than {width}: {line:?}", line.width()))?;
    }
    Ok(())
}

/// Shows nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
        Ok(())
    }

    fn conversation(&mut self, _: &Conversation) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}
