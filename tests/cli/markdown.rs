//! The Markdown report as a CommonMark parser with GitHub's extensions reads it, cell by cell against CSV and JSON.

use std::collections::HashMap;
use std::path::Path;

use comrak::nodes::{Node, NodeValue};
use comrak::{Arena, Options, parse_document};
use echolab::render::escape::spreadsheet;

use crate::drawings::captures;
use crate::hostile;
use crate::run::echolab;

/// Tables by the heading that they stand under, each with its rows, the head first.
type Tables = Vec<(String, Vec<Vec<String>>)>;

/// The tables of a document. Anything in it but headings, lists, tables, diagrams and plain words is a failure: a
/// capture's text became markup.
fn tables(markdown: &str) -> Tables {
    let arena = Arena::new();
    let mut options = Options::default();
    let extension = &mut options.extension;
    (extension.table, extension.autolink, extension.strikethrough) = (true, true, true);
    (extension.tasklist, extension.footnotes, extension.alerts) = (true, true, true);
    (extension.math_dollars, extension.math_code) = (true, true);
    let mut heading = String::new();
    let mut tables = Vec::new();
    for block in parse_document(&arena, markdown, &options).children() {
        match &block.data().value {
            NodeValue::Heading(_) => heading = words(block, Place::Report),
            NodeValue::Table(_) => {
                let row = |row: Node<'_>| row.children().map(|cell| words(cell, Place::Cell)).collect();
                tables.push((heading.clone(), block.children().map(row).collect()));
            }
            NodeValue::CodeBlock(code) => assert_eq!(code.info, "mermaid", "{}", code.literal),
            NodeValue::Paragraph | NodeValue::List(_) => drop(words(block, Place::Report)),
            other => panic!("{other:?} in\n{markdown}"),
        }
    }
    tables
}

/// The tables of steps, one for each conversation; others come under headings of their own.
fn step_tables(markdown: &str) -> impl Iterator<Item = Vec<Vec<String>>> {
    tables(markdown).into_iter().filter(|(heading, _)| heading == "Steps").map(|(_, rows)| rows)
}

/// Arrows and dots as spreadsheets get them.
fn plain(cell: &str) -> String {
    cell.replace('→', "->").replace('…', "...")
}

/// The place of words: the report's own have marks, a cell has none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Cell,
    Report,
}

/// The visible text of a node.
fn words(node: Node<'_>, place: Place) -> String {
    let mut text = String::new();
    for inner in node.descendants().skip(1) {
        match (&inner.data().value, place) {
            (NodeValue::Text(words), _) => text.push_str(words),
            // keeps an address of mail from becoming a link
            (NodeValue::HtmlInline(comment), _) if comment == "<!---->" => {}
            // the heading of a phase
            (NodeValue::Strong, Place::Cell) if inner.parent().is_some_and(|cell| cell.children().count() == 1) => {}
            (NodeValue::Code(code), Place::Report) => text.push_str(&code.literal),
            (NodeValue::Strong | NodeValue::Item(_) | NodeValue::List(_) | NodeValue::Paragraph, Place::Report) => {}
            (other, _) => panic!("{other:?} in {text}"),
        }
    }
    text
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

/// Every name under `--columns`, the frame first.
fn columns() -> Vec<String> {
    let list = echolab(["formats", "columns"]).done();
    let steps = list.lines().skip(1).take_while(|line| !line.is_empty());
    let mut names: Vec<_> = steps.map(|line| line.split_whitespace().next().expect("a name").to_owned()).collect();
    names.sort_by_key(|name| name != "frame");
    names
}

fn written(capture: &Path, format: &str, more: &[&str]) -> String {
    let mut arguments: Vec<std::ffi::OsString> =
        ["analyze", "--utc", "--limit", "0", "--format", format].iter().chain(more).map(Into::into).collect();
    arguments.push(capture.into());
    // a capture that is cut short ends with 2, and is reported as far as it goes
    echolab(arguments).run().stdout
}

/// Holds every cell of the step tables against CSV; gives their number.
fn assert_cells_are_those_of_csv(capture: &Path, columns: &[String]) -> usize {
    let wanted = ["--columns", &columns.join(",")];
    let csv = rows(&written(capture, "csv", &wanted));
    let of_frame: HashMap<_, _> = csv.iter().skip(1).map(|row| (row[0].clone(), row)).collect();
    let mut cells = 0;
    let mut steps = 0;
    for rows in step_tables(&written(capture, "markdown", &wanted)) {
        for row in rows.iter().skip(1) {
            let right = of_frame[&row[0]];
            assert_eq!(row.len(), right.len(), "{}: {row:?}", capture.display());
            for (cell, right) in row.iter().zip(right) {
                // what would be a formula has an apostrophe before it in CSV
                let cell = spreadsheet(cell);
                // Markdown knows no blanks at the start of a cell
                let trimmed = right.strip_prefix('\'').filter(|_| cell.starts_with('\''));
                let right = trimmed.map_or_else(|| right.clone(), |rest| format!("'{}", rest.trim_start()));
                assert_eq!(plain(&cell), plain(right.trim()), "{}: {row:?}", capture.display());
                cells += 1;
            }
            steps += 1;
        }
    }
    assert_eq!(steps, of_frame.len(), "{}", capture.display());
    cells
}

/// Holds the sentences against JSON, where they may have any character of Unicode.
fn assert_sentences_are_those_of_json(capture: &Path) {
    let lines = written(capture, "jsonl", &[]);
    let records = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a record"));
    let steps = records.filter(|record| record["kind"] == "step");
    let right: HashMap<_, _> = steps.map(|step| (step["frame"].to_string(), step["description"].clone())).collect();
    let mut seen = 0;
    for rows in step_tables(&written(capture, "markdown", &["--columns", "frame,description"])) {
        for row in rows.iter().skip(1) {
            assert_eq!(Some(row[1].as_str()), right[&row[0]].as_str(), "{}", capture.display());
            seen += 1;
        }
    }
    assert_eq!(seen, right.len(), "{}", capture.display());
}

#[test]
fn every_cell_equals_its_csv_and_json_value() {
    let columns = columns();
    let mut cells = 0;
    for capture in captures() {
        cells += assert_cells_are_those_of_csv(&capture, &columns);
        assert_sentences_are_those_of_json(&capture);
    }
    assert!(cells > 5_000, "{cells}");
}

#[test]
fn hostile_cell_equals_its_csv_and_json_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = hostile::write_to(folder.path());
    let cells = assert_cells_are_those_of_csv(&capture, &columns());
    assert!(cells > hostile::PAYLOADS.len() * 4 * 20, "{cells}");
    assert_sentences_are_those_of_json(&capture);
}

#[test]
fn whole_reports_hold_nothing_but_words_tables_and_diagrams() {
    let folder = tempfile::tempdir().expect("a folder");
    let hostile = hostile::write_to(folder.path());
    for capture in captures().iter().chain([&hostile]) {
        for more in [&["--answers"][..], &["--summary"]] {
            let tables = tables(&written(capture, "markdown", more));
            for (heading, rows) in &tables {
                assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{}: {heading}", capture.display());
            }
        }
    }
}

#[test]
fn a_table_of_conversations_reads_as_in_csv() {
    for capture in captures() {
        let wanted = ["--summary", "--ascii", "--columns", "conversation,client,server,bytes,findings"];
        let csv = rows(&written(&capture, "csv", &wanted));
        let tables = tables(&written(&capture, "markdown", &wanted));
        assert_eq!(tables.len(), 1, "{}", capture.display());
        assert_eq!(tables[0].1[1..], csv[1..], "{}", capture.display());
    }
}
