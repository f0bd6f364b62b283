//! Tables and pictures of the pages are the program's own.

use std::collections::HashSet;
use std::fmt::Write;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use echolab::drive::{SCENARIOS, ServerOptions, Topic};
use echolab::explain::{FACTS, QUESTIONS};
use echolab::model::Skip;
use echolab::render::FORMATS;
use echolab::report::{Bounds, COLUMNS, CONVERSATION_COLUMNS};
use echolab::track::{AnalysisFlag, rules as all_rules};

use crate::page::{self, Page, project};

/// The text between `<!-- NAME -->` and `<!-- end of NAME -->`, on one page.
struct Part {
    name: &'static str,
    text: fn() -> String,
}

const PARTS: &[Part] = &[
    Part { name: "formats", text: formats },
    Part { name: "analysis", text: analysis },
    Part { name: "facts", text: facts },
    Part { name: "findings", text: crate::findings::table },
    Part { name: "reasons", text: reasons },
    Part { name: "step columns", text: step_columns },
    Part { name: "conversation columns", text: conversation_columns },
    Part { name: "questions", text: questions },
    Part { name: "scenarios", text: scenarios },
    Part { name: "rules", text: rules },
];

/// Pictures that echolab draws of a fixture, and the arguments after `analyze`.
const PICTURES: &[(&str, &[&str])] =
    &[("docs/images/ten-steps.svg", &["fixtures/lab-echo-ten-steps.pcap", "--utc", "--format", "svg"])];

fn formats() -> String {
    let mut text = "| format | what it is | memory |\n|---|---|---|\n".to_owned();
    for format in FORMATS {
        let memory = if format.streams { "constant" } else { "bounded" };
        writeln!(text, "| `{}` | {} | {memory} |", format.name, format.about).unwrap();
    }
    text
}

/// A table of names and their meanings.
fn named<'a>(head: &str, rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = format!("| {head} | meaning |\n|---|---|\n");
    for (name, meaning) in rows {
        writeln!(text, "| {name} | {meaning} |").unwrap();
    }
    text
}

fn code(name: &str) -> String {
    format!("`{name}`")
}

fn facts() -> String {
    named("fact", FACTS.iter().map(|fact| (fact.label, fact.about)))
}

fn reasons() -> String {
    let names = Skip::ALL.map(|reason| (code(reason.name()), reason.meaning()));
    named("reason", names.iter().map(|(name, meaning)| (name.as_str(), *meaning)))
}

fn step_columns() -> String {
    let names: Vec<_> = COLUMNS.iter().map(|column| (code(column.name), column.about)).collect();
    named("column", names.iter().map(|(name, about)| (name.as_str(), *about)))
}

fn conversation_columns() -> String {
    let names: Vec<_> = CONVERSATION_COLUMNS.iter().map(|column| (code(column.name), column.about)).collect();
    named("column", names.iter().map(|(name, about)| (name.as_str(), *about)))
}

fn questions() -> String {
    let mut text = "| id | question |\n|---|---|\n".to_owned();
    for question in QUESTIONS {
        writeln!(text, "| `{}` | {} |", question.id, question.text).unwrap();
    }
    text
}

fn scenarios() -> String {
    let mut text = String::new();
    for topic in Topic::ALL {
        writeln!(text, "\n### {}\n\n| scenario | shows | runs on |\n|---|---|---|", topic.title()).unwrap();
        for scenario in SCENARIOS.iter().filter(|scenario| scenario.topic == topic) {
            writeln!(text, "| `{}` | {} | {} |", scenario.name, scenario.about, scenario.runs.name()).unwrap();
        }
    }
    text
}

fn rules() -> String {
    let mut text = "| question | rules, in order | findings |\n|---|---|---|\n".to_owned();
    for family in all_rules().chunk_by(|a, b| a.family == b.family) {
        let mut labels: Vec<_> = family.iter().map(|rule| rule.label).collect();
        let mut named = HashSet::new();
        labels.retain(|label| named.insert(*label));
        let mut codes: Vec<_> = family.iter().map(|rule| code(rule.code.name())).collect();
        codes.sort();
        codes.dedup();
        writeln!(text, "| {} | {} | {} |", family[0].family, labels.join("; "), codes.join(", ")).unwrap();
    }
    text
}

fn analysis() -> String {
    let names: Vec<_> = AnalysisFlag::ALL.iter().map(|flag| code(flag.name())).collect();
    format!("{}.\n", names.join(", "))
}

fn with_parts(page: Page) -> Page {
    let mut text = page.text;
    for Part { name, text: part } in PARTS {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let Some(from) = text.find(&start).map(|at| at + start.len()) else { continue };
        let length = text[from..].find(&end).unwrap_or_else(|| panic!("{} has no {end}", page.name));
        text.replace_range(from..from + length, &part());
    }
    Page { text, ..page }
}

#[test]
fn documented_tables_match_the_program() {
    page::compare(|pages| {
        for Part { name, .. } in PARTS {
            let with: Vec<_> = pages.iter().filter(|page| page.text.contains(&format!("<!-- {name} -->\n"))).collect();
            assert_eq!(with.len(), 1, "pages with the table {name}");
        }
        pages.into_iter().map(with_parts).collect()
    });
}

#[test]
fn documented_pictures_match_the_program() {
    page::compare(|_| {
        let picture = |(name, arguments): &(&str, &[&str])| {
            let output = Command::new(cargo_bin!("echolab"))
                .arg("analyze")
                .args(*arguments)
                .current_dir(project())
                .output()
                .unwrap();
            assert!(output.status.success(), "{name}: {output:?}");
            Page { name: (*name).to_owned(), text: String::from_utf8(output.stdout).unwrap() }
        };
        PICTURES.iter().map(picture).collect()
    });
}

/// With commas between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[test]
fn documented_limits_match_the_program() {
    let shown = Bounds::default();
    let limits = page::page("docs/reference/limits.md").text;
    for (what, most) in [
        ("conversations shown by collecting formats", [shown.conversations, shown.steps].map(grouped).join(", ")),
        ("TCP clients that `serve` has at once", grouped(ServerOptions::MAX_CONNECTIONS)),
    ] {
        let row = limits.lines().find(|line| line.starts_with(&format!("| {what}"))).unwrap();
        assert_eq!(row.split(" | ").nth(1), Some(most.as_str()), "{row}");
    }
}
