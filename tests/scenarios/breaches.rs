//! Breaks each invariant: one that nothing can break would say nothing.

use std::path::Path;

use echolab::drive::scenario;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::invariants;
use crate::run::{Net, Run};

/// Falsifies a run.
type Breach = fn(&mut Run);

/// A violation of each invariant, in a run of the scenario `lost-request`.
const BREACHES: &[(&str, Breach)] = &[
    ("the_session_succeeds", |run| run.status = Some(1)),
    ("the_session_succeeds", |run| run.stderr = "echolab: something is wrong\n".to_owned()),
    ("the_expectation_holds", |run| run.scenario = scenario("lost-syn").unwrap()),
    ("the_capture_is_complete", |run| *first(run, "summary", "dropped") = 1.into()),
    ("every_frame_is_a_step_or_counted", |run| {
        let step = run.records.iter().rposition(|record| record["kind"] == "step").unwrap();
        run.records.remove(step);
    }),
    ("every_frame_is_a_step_or_counted", |run| _ = run.dissected.pop()),
    ("every_frame_is_a_step_or_counted", |run| *first(run, "step", "step") = 2.into()),
    ("the_kernel_counted_as_many_frames", |run| run.counted.sent += 1),
    ("tshark_reads_the_same_fields", |run| *first(run, "step", "window") = 1.into()),
    ("tshark_reads_the_same_fields", |run| *first(run, "step", "flags") = json!(["RST"])),
    ("tshark_sets_the_same_flags", |run| *first(run, "step", "analysis") = json!(["out_of_order"])),
    ("checksums_are_those_of_the_network", |run| *first(run, "step", "checksum") = "invalid".into()),
    ("totals_are_the_sums_of_the_steps", |run| {
        *first(run, "conversation", "payload") = json!({"client_to_server": 1, "server_to_client": 12});
    }),
    ("totals_are_the_sums_of_the_steps", |run| *first(run, "conversation", "first_frame") = 2.into()),
    ("the_ledger_sums_to_the_duration", |run| {
        *first(run, "conversation", "duration") = "86400.000000000".into();
    }),
    ("the_report_contradicts_none_of_its_records", |run| run.program = "true".into()),
    ("findings_name_frames_that_were_captured", |run| {
        *first(run, "step", "findings") = json!([{"code": "retransmit", "frames": [2]}]);
    }),
    ("findings_name_frames_that_were_captured", |run| {
        *first(run, "conversation", "findings") = json!([{"code": "close_three", "frames": []}]);
    }),
    ("no_finding_contradicts_a_complete_capture", |run| {
        *first(run, "conversation", "findings") = json!([{"code": "capture_gap", "frames": [1]}]);
    }),
    ("calls_are_whole_and_in_order", |run| run.records.retain(|record| record["kind"] != "call")),
    ("calls_are_whole_and_in_order", |run| *first(run, "call", "time") = "9".into()),
    ("sockets_keep_their_endpoints", |run| first(run, "call", "local")["port"] = 1.into()),
    ("frames_of_a_call_carry_its_bytes", |run| *of_call(run, "send", "bytes") = 100_000.into()),
    ("frames_of_a_call_carry_its_bytes", |run| *of_call(run, "receive", "time") = "0".into()),
    ("bytes_of_the_calls_are_those_captured", |run| *of_call(run, "send", "bytes") = 11.into()),
    ("bytes_of_the_calls_are_those_captured", |run| *of_call(run, "receive", "bytes") = 11.into()),
    ("text_fits_the_width", |run| run.program = "true".into()),
];

/// A value of the first record of a kind.
fn first<'a>(run: &'a mut Run, kind: &str, key: &str) -> &'a mut Value {
    &mut run.records.iter_mut().find(|record| record["kind"] == kind).unwrap()[key]
}

/// A value of the first call of a name.
fn of_call<'a>(run: &'a mut Run, name: &str, key: &str) -> &'a mut Value {
    &mut run.records.iter_mut().find(|record| record["call"] == name).unwrap()[key]
}

/// Fails where an invariant does not see one of its breaches, or has none.
pub(crate) fn each_sees_its_breach(program: &Path, folder: &Path) -> Result<(), Failed> {
    let good = Run::make(program, folder, scenario("lost-request").unwrap(), Net::Loopback, u32::MAX)?;
    invariants::check(&good, invariants::ALWAYS)?;
    for invariant in invariants::ALWAYS.iter().chain(invariants::DEMONSTRATION) {
        let breaches: Vec<_> = BREACHES.iter().filter(|(name, _)| *name == invariant.name).collect();
        if breaches.is_empty() {
            return Err(format!("{} is never broken", invariant.name).into());
        }
        for (index, (name, breach)) in breaches.iter().enumerate() {
            let mut bad = good.clone();
            breach(&mut bad);
            if (invariant.holds)(&bad).is_ok() {
                return Err(format!("{name} does not see its breach {index}").into());
            }
        }
    }
    Ok(())
}
