//! What tshark says of the same capture: the same flags on the same frames.

use std::collections::BTreeSet;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::run::Run;

/// Wireshark's field of each flag of echolab's, below `tcp.analysis.`.
const FLAGS: &[(&str, &str)] = &[
    ("retransmission", "retransmission"),
    ("fast_retransmission", "fast_retransmission"),
    ("spurious_retransmission", "spurious_retransmission"),
    ("out_of_order", "out_of_order"),
    ("reused_ports", "reused_ports"),
    ("lost_segment", "lost_segment"),
    ("ack_lost_segment", "ack_lost_segment"),
    ("window_update", "window_update"),
    ("window_full", "window_full"),
    ("keep_alive", "keep_alive"),
    ("keep_alive_ack", "keep_alive_ack"),
    ("duplicate_ack", "duplicate_ack"),
    ("zero_window", "zero_window"),
    ("zero_window_probe", "zero_window_probe"),
    ("zero_window_probe_ack", "zero_window_probe_ack"),
];

/// Frames, each with its flags.
type Flagged = BTreeSet<(u64, &'static str)>;

pub(crate) fn check(run: &Run) -> Result<(), Failed> {
    let (theirs, ours) = (tshark(run)?, echolab(run));
    let mut differences: Vec<String> = Vec::new();
    differences.extend(theirs.difference(&ours).map(|(frame, flag)| format!("only tshark: {flag} on frame {frame}")));
    differences.extend(ours.difference(&theirs).map(|(frame, flag)| format!("only echolab: {flag} on frame {frame}")));
    if differences.is_empty() { Ok(()) } else { Err(differences.join("\n").into()) }
}

fn tshark(run: &Run) -> Result<Flagged, Failed> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&run.capture).args(["-T", "fields", "-e", "frame.number"]);
    for (_, field) in FLAGS {
        command.args(["-e", &format!("tcp.analysis.{field}")]);
    }
    let output = command.output().map_err(|error| format!("can't run tshark: {error}"))?;
    if !output.status.success() {
        return Err(format!("tshark: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let mut flagged = Flagged::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let mut cells = line.split('\t');
        let frame = cells.next().unwrap_or_default().parse()?;
        flagged
            .extend(FLAGS.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()).map(|((flag, _), _)| (frame, *flag)));
    }
    Ok(flagged)
}

fn echolab(run: &Run) -> Flagged {
    let flags_of = |step: &Value| {
        let frame = step["frame"].as_u64().unwrap_or_default();
        let set = step["analysis"].as_array().cloned().unwrap_or_default();
        FLAGS.iter().filter(move |(flag, _)| set.iter().any(|name| name == flag)).map(move |(flag, _)| (frame, *flag))
    };
    run.of_kind("step").into_iter().flat_map(flags_of).collect()
}
