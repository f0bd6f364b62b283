//! `echolab scenarios`: the named sessions and the behaviour that each demonstrates.

use std::fmt::Write as _;
use std::io;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::listing::{row, wrap};
use super::{Exit, width};
use crate::drive::{SCENARIOS, Scenario, Topic, scenario};

/// List the named sessions, or describe one of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab scenarios                        list all scenarios with their networks and durations
  echolab scenarios zero-window            describe one of them
  echolab session --scenario zero-window   run it, with every step explained")]
pub(super) struct ScenariosArgs {
    /// Describe this scenario in full.
    #[arg(value_name = "NAME", value_parser = names(), hide_possible_values = true)]
    name: Option<&'static Scenario>,
}

/// Parses a scenario's name.
pub(super) fn names() -> impl TypedValueParser<Value = &'static Scenario> {
    let values = SCENARIOS.iter().map(|scenario| PossibleValue::new(scenario.name).help(scenario.about));
    PossibleValuesParser::new(values)
        .try_map(|name| scenario(&name).ok_or_else(|| format!("there is no scenario {name}")))
}

impl ScenariosArgs {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let text = match self.name {
            Some(scenario) => description(scenario, width::width(None, true).min(100)),
            None => list(width::of_terminal()),
        };
        super::destination::print(io::stdout().lock(), text.as_bytes())?;
        Ok(Exit::Done)
    }
}

fn description(scenario: &Scenario, width: usize) -> String {
    let Scenario { name, about, runs, .. } = scenario;
    let mut text = format!("{}\n\n", wrap(&format!("{name}: {about}"), width).join("\n"));
    for line in wrap(scenario.description, width) {
        text.push_str(&line);
        text.push('\n');
    }
    // writing to a String can't fail
    let _ = write!(
        text,
        "\nRuns on: {}. Takes about {}.\n\n  echolab session --scenario {name}\n",
        runs.name(),
        seconds(scenario)
    );
    text
}

/// Its measured duration.
fn seconds(scenario: &Scenario) -> String {
    format!("{:.1} s", scenario.takes.as_secs_f64())
}

/// One row per scenario, under the heading of its topic.
fn list(terminal: Option<usize>) -> String {
    let width = |of: fn(&Scenario) -> usize| SCENARIOS.iter().map(|scenario| of(scenario)).max().unwrap_or_default();
    let (name, runs) = (width(|scenario| scenario.name.len()), width(|scenario| scenario.runs.name().len()));
    let mut text = format!("  {:name$}  {:runs$}  {:>5}  SHOWS\n", "NAME", "RUNS ON", "TAKES");
    for topic in Topic::ALL {
        // writing to a String can't fail
        let _ = writeln!(text, "\n{}", topic.title());
        for scenario in SCENARIOS.iter().filter(|scenario| scenario.topic == topic) {
            let seconds = seconds(scenario);
            let Scenario { name: called, about, runs: on, .. } = scenario;
            row(&mut text, &format!("  {called:name$}  {:runs$}  {seconds:>5}  ", on.name()), about, terminal);
        }
    }
    text.push_str("\nDescribe one: echolab scenarios NAME\nRun it:       echolab session --scenario NAME\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_and_the_descriptions_name_every_scenario_once() {
        let mut names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        let list = list(None);
        for scenario in SCENARIOS {
            assert!(
                list.lines().any(|line| line.trim_start().starts_with(scenario.name) && line.ends_with(scenario.about))
            );
            assert!(description(scenario, 80).lines().all(|line| line.chars().count() <= 80), "{}", scenario.name);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SCENARIOS.len());
    }
}
