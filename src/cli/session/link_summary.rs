//! The summary of the lab's link at the end of a session.

use std::collections::HashSet;

use crate::drive::{LinkRecord, Scenario};
use crate::lab::{Cause, LinkTotals};
use crate::model::{PerDirection, Side};

/// Summarizes the link in lines; empty for a link without faults and script.
pub(super) fn summary(wire: &LinkRecord, chance: bool) -> Vec<String> {
    let totals = &wire.log.totals;
    let mut lines = Vec::new();
    if chance || !wire.rules.is_empty() || !wire.log.events.is_empty() {
        lines.push(format!("the wire, seed {seed} (--seed {seed} repeats it): {}", both(totals), seed = wire.seed));
    }
    lines.extend(missed(wire));
    let applied: HashSet<usize> = wire
        .log
        .events
        .iter()
        .filter_map(|event| if let Cause::Rule(index) = event.cause { Some(index) } else { None })
        .collect();
    if wire.log.left_out == 0 {
        let idle = wire.rules.iter().enumerate().filter(|(index, _)| !applied.contains(index));
        lines.extend(idle.map(|(index, rule)| match wire.log.unmarkable.contains(&index) {
            true => format!(
                "the rule `{rule}` met only packets whose sender does not use ECN, so that no router may mark them: \
                 --sysctl net.ipv4.tcp_ecn=1 has both hosts use it"
            ),
            false => format!("the rule `{rule}` met no packet"),
        }));
    }
    lines
}

/// Summarizes a scenario's link: the scenario describes its faults itself, except random ones.
pub(super) fn of_scenario(scenario: &Scenario, wire: &LinkRecord) -> Vec<String> {
    let seed = wire.seed;
    let line = || format!("the wire, seed {seed}, the same in every run: {}", both(&wire.log.totals));
    scenario.lab.has_chance().then(line).into_iter().chain(missed(wire)).collect()
}

fn both(totals: &PerDirection<LinkTotals>) -> String {
    [Side::Client, Side::Server].map(|side| sent(side, totals.get(side.direction()))).join("; ")
}

/// Describes the part of the link's own record that is missing, if any.
fn missed(wire: &LinkRecord) -> Option<String> {
    let totals = &wire.log.totals;
    let missed = totals.client_to_server.missed + totals.server_to_client.missed;
    (missed > 0).then(|| {
        format!(
            "{missed} packets came faster than the wire could take them and were lost: the report does not mark what the \
             wire did"
        )
    })
}

/// `client 12 packets, 1 lost`.
fn sent(side: Side, totals: &LinkTotals) -> String {
    let mut text = format!("{} {} packet{}", side.name(), totals.sent, if totals.sent == 1 { "" } else { "s" });
    for (count, what) in [
        (totals.dropped, "lost"),
        (totals.corrupted, "corrupted"),
        (totals.duplicated, "duplicated"),
        (totals.marked, "marked"),
        (totals.reordered, "reordered"),
        (totals.delayed, "delayed"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}
