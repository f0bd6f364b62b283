//! The report of each scenario, as somebody has read it and found it right: `tests/scenarios/reports/NAME-NETWORK.txt`.
//!
//! A line is in every report; one behind `~` is in some, for what a kernel does goes by the moment too: whether an ACK
//! rides on data, how often it asks again. `#` stands for numbers that vary. A run's report must have all lines of the
//! first kind, those of each side in this order, and no line that is not here or in `any.txt`: what a busy machine may
//! bring to any session. `ECHOLAB_BLESS=1`, or a scenario's name, runs each some times and writes them; a line that was
//! there only sometimes stays until the file is deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use echolab::drive::{SCENARIOS, Scenario};
use libtest_mimic::Failed;

use crate::mask;
use crate::report;
use crate::run::{Net, Run, nets};

/// Runs from which a report is written.
pub(crate) const RUNS: u32 = 10;

/// A line of which there are more kinds than this, told apart by their numbers alone, is kept as one without numbers.
const KINDS: usize = 3;

/// Begins what only some reports have.
const SOME: &str = "~ ";

/// Whether the reports of this scenario are to be written.
pub(crate) fn blesses(scenario: &str) -> bool {
    std::env::var("ECHOLAB_BLESS").is_ok_and(|bless| bless == "1" || bless == scenario)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/reports")
}

fn path(scenario: &str, net: Net) -> PathBuf {
    folder().join(format!("{scenario}-{}.txt", net.name()))
}

/// Holds the report of a run against the one that was read.
pub(crate) fn check(run: &Run) -> Result<(), Failed> {
    let read = |path: PathBuf| fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()));
    let (golden, any) = (read(path(run.scenario.name, run.net))?, read(folder().join("any.txt"))?);
    let wrong = differences(&golden, &any, &report::lines(run));
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}: ECHOLAB_BLESS={} takes it\n{}",
        path(run.scenario.name, run.net).display(),
        run.scenario.name,
        wrong.join("\n")
    )
    .into())
}

/// Whether a line, or what is behind the facts of a step, begins like one of `any.txt`.
fn is_of_any(any: &str, line: &str) -> bool {
    let line = mask::numbers(line);
    let said = line.split_once(": ").map_or("", |(_, said)| said);
    any.lines()
        .filter_map(|known| known.strip_suffix('…'))
        .any(|begin| line.starts_with(begin) || said.starts_with(begin))
}

/// What of a line must be the same: not on which segment the ACK of a FIN or of data rides, which goes by the moment.
fn key(line: &str) -> &str {
    let (facts, text) = line.split_once(": ").unwrap_or((line, ""));
    match facts {
        "  close_three" | "  close_four" => text.split_once(" (").map_or(text, |(who, _)| who),
        _ if facts.contains(" SYN ") => line,
        _ => line.split_once("; its ACK covers").map_or(line, |(before, _)| before),
    }
}

fn differences(golden: &str, any: &str, lines: &[String]) -> Vec<String> {
    let sometimes: BTreeSet<&str> = golden.lines().filter_map(|line| line.strip_prefix(SOME)).collect();
    let always: Vec<&str> = golden.lines().filter(|line| !line.starts_with(SOME)).collect();
    let mut seen: Vec<&str> = Vec::new();
    let mut wrong = Vec::new();
    for line in lines {
        let bare = mask::numbers(line);
        let is = |known: &&str| key(known) == key(line) || key(known) == key(&bare);
        // two lines may differ in nothing but what goes by the moment
        if always.iter().any(is) {
            let more: Vec<&str> = always.iter().copied().filter(|known| is(known) && !seen.contains(known)).collect();
            seen.extend(more);
        } else if !sometimes.iter().any(is) && !is_of_any(any, line) {
            wrong.push(format!("not known:  {line}"));
        }
    }
    wrong.extend(always.iter().filter(|line| !seen.contains(line)).map(|line| format!("not there:  {line}")));
    if wrong.is_empty() {
        for side in ["client ", "server "] {
            let of_side = |lines: &[&str]| -> Vec<String> {
                lines
                    .iter()
                    .filter(|line| line.starts_with(side) && !line.contains('#'))
                    .map(|line| (*line).to_owned())
                    .collect()
            };
            let (wanted, got) = (of_side(&always), of_side(&seen));
            if wanted != got {
                wrong.push(format!("other order:\n{}", got.join("\n")));
            }
        }
    }
    wrong
}

/// Writes the report of a scenario from those of several runs. What is known to be there only sometimes stays so.
pub(crate) fn write(scenario: &str, net: Net, reports: &[Vec<String>]) -> Result<(), Failed> {
    let path = path(scenario, net);
    let before = fs::read_to_string(&path).unwrap_or_default();
    let any = fs::read_to_string(folder().join("any.txt"))?;
    let golden = merged(&before, &any, reports);
    fs::write(path, &golden)?;
    // that the lines are in this order in every run is not certain before it is tried
    let wrong: Vec<_> = reports.iter().flat_map(|lines| differences(&golden, &any, lines)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn merged(before: &str, any: &str, reports: &[Vec<String>]) -> String {
    let mut kinds: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for line in reports.iter().flatten() {
        kinds.entry(mask::numbers(line)).or_default().insert(line);
    }
    let reports: Vec<Vec<String>> = reports
        .iter()
        .map(|lines| {
            let mut kept = Vec::new();
            for line in lines {
                let bare = mask::numbers(line);
                let line = if kinds[&bare].len() > KINDS { bare } else { line.clone() };
                if !kept.contains(&line) {
                    kept.push(line);
                }
            }
            kept
        })
        .collect();
    let is_known = |line: &str| is_of_any(any, line);
    let often = |line: &String| reports.iter().filter(|lines| lines.contains(line)).count() * 2 > reports.len();
    let mut all: Vec<String> = Vec::new();
    for lines in &reports {
        insert(&mut all, lines.iter().filter(|line| often(line) || !is_known(line)).map(String::as_str), |_| true);
    }
    let sometimes: Vec<&str> = before.lines().filter_map(|line| line.strip_prefix(SOME)).collect();
    let old = before.lines().map(|line| line.strip_prefix(SOME).unwrap_or(line));
    insert(&mut all, old, |line| sometimes.contains(&line) && !is_known(line));
    let told = |line: &String| {
        // where something that may come to any session is the point, the scenario's expectation asks for it
        let by_chance = is_known(line) || sometimes.contains(&line.as_str());
        let always = !by_chance && reports.iter().all(|lines| lines.contains(line));
        format!("{}{line}\n", if always { "" } else { SOME })
    };
    all.iter().map(told).collect()
}

/// Adds what is not there yet and `wanted`, each line behind the one that it followed.
fn insert<'a>(all: &mut Vec<String>, lines: impl Iterator<Item = &'a str>, wanted: impl Fn(&str) -> bool) {
    let mut place = 0;
    for line in lines {
        match all.iter().position(|known| known == line) {
            Some(known) => place = known + 1,
            None if wanted(line) => {
                all.insert(place, line.to_owned());
                place += 1;
            }
            None => {}
        }
    }
}

/// No file is left of a scenario that is gone.
pub(crate) fn every_report_is_of_a_scenario() -> Result<(), Failed> {
    let of_net = |scenario: &Scenario| nets(scenario).iter().map(|net| path(scenario.name, *net)).collect::<Vec<_>>();
    let mut wanted: BTreeSet<PathBuf> = SCENARIOS.iter().flat_map(|scenario| of_net(scenario)).collect();
    wanted.insert(folder().join("any.txt"));
    let there = fs::read_dir(folder())?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<BTreeSet<_>>>()?;
    let odd: Vec<_> = there.symmetric_difference(&wanted).collect();
    if odd.is_empty() { Ok(()) } else { Err(format!("not there, or of no scenario: {odd:?}").into()) }
}
