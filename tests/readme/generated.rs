//! Its tables of formats, facts, findings and reasons are the program's own.

use std::fmt::Write;

use echolab::drive::ServerOptions;
use echolab::explain::FACTS;
use echolab::model::Skip;
use echolab::model::{FindingCode, Severity};
use echolab::render::FORMATS;
use echolab::report::Bounds;
use echolab::track::AnalysisFlag;

/// What stands between `<!-- NAME -->` and `<!-- end of NAME -->`.
struct Part {
    name: &'static str,
    text: fn() -> String,
}

const PARTS: &[Part] = &[
    Part { name: "formats", text: formats },
    Part { name: "analysis", text: analysis },
    Part { name: "facts", text: facts },
    Part { name: "findings", text: findings },
    Part { name: "reasons", text: reasons },
];

fn formats() -> String {
    let mut text = "| format | what it is | memory |\n|---|---|---|\n".to_owned();
    for format in FORMATS {
        let memory = if format.streams { "constant" } else { "bounded" };
        writeln!(text, "| `{}` | {} | {memory} |", format.name, format.about).unwrap();
    }
    text
}

fn facts() -> String {
    let mut text = "| fact | what it says |\n|---|---|\n".to_owned();
    for fact in FACTS {
        writeln!(text, "| {} | {} |", fact.label, fact.about).unwrap();
    }
    text
}

fn findings() -> String {
    let mut text = "| code | | what it means |\n|---|---|---|\n".to_owned();
    for code in FindingCode::ALL {
        let severity = match code.severity() {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Problem => "problem",
        };
        writeln!(text, "| `{code}` | {severity} | {} |", code.about()).unwrap();
    }
    text
}

fn reasons() -> String {
    let mut text = "| reason | frames |\n|---|---|\n".to_owned();
    for reason in Skip::ALL {
        writeln!(text, "| `{}` | {} |", reason.name(), reason.meaning()).unwrap();
    }
    text
}

fn analysis() -> String {
    let names: Vec<_> = AnalysisFlag::ALL.iter().map(|flag| format!("`{}`", flag.name())).collect();
    format!("{}.\n", names.join(", "))
}

fn with_parts(readme: &str) -> String {
    let mut text = readme.to_owned();
    for Part { name, text: part } in PARTS {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let from = text.find(&start).unwrap_or_else(|| panic!("README.md has no {start}")) + start.len();
        let length = text[from..].find(&end).unwrap_or_else(|| panic!("README.md has no {end}"));
        text.replace_range(from..from + length, &part());
    }
    text
}

#[test]
fn its_tables_are_those_of_the_program() {
    crate::hold(with_parts);
}

/// With commas between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[test]
fn its_limits_are_those_of_the_program() {
    let shown = Bounds::default();
    let readme = crate::text();
    for (what, most) in [
        ("conversations shown by collecting formats", [shown.conversations, shown.steps].map(grouped).join(", ")),
        ("clients that `serve` has over TCP at once", grouped(ServerOptions::MAX_CONNECTIONS)),
    ] {
        let row = readme.lines().find(|line| line.starts_with(&format!("| {what}"))).unwrap();
        assert_eq!(row.split(" | ").nth(1), Some(most.as_str()), "{row}");
    }
}
