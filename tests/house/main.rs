//! The house rules: floors, borders, and the shape of every file of `src`. Each rule is a line of a table.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod borders;
mod circles;
mod floors;
mod glossary;
mod shape;
mod source;

use std::fs;
use std::path::Path;

use source::Source;

/// Every Rust file of a folder of the project, in which `known` must be.
fn read(folder: &str, known: [&str; 2]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths = Vec::new();
    collect(&root, "", &mut paths);
    paths.sort();
    assert!(known.iter().all(|known| paths.contains(&(*known).to_owned())), "{paths:?}");
    paths.into_iter().map(|path| Source::read(&root, path)).collect()
}

/// Every file of `tests`.
fn tests() -> Vec<Source> {
    read("tests", ["cli/main.rs", "house/main.rs"])
}

/// Every file of `src` that is not tests as a whole.
fn sources() -> Vec<Source> {
    let mut sources = read("src", ["lib.rs", "model/mod.rs"]);
    let tests: Vec<_> = sources.iter().flat_map(|source| source.tests.clone()).collect();
    sources.retain(|source| !tests.iter().any(|test| is_in(&source.path, test)));
    sources
}

/// Returns `true` if a file is the module or below it.
fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn collect(folder: &Path, prefix: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), paths);
        } else if name.ends_with(".rs") {
            paths.push(format!("{prefix}{name}"));
        }
    }
}

/// A file that is not there, to prove that a rule sees what it forbids.
fn planted(path: &str, text: &str) -> Source {
    Source::parse(path.to_owned(), text.to_owned())
}

/// Fails with every breach of a rule at once.
fn assert_none(breaches: &[String]) {
    assert!(breaches.is_empty(), "the house rules are broken:\n{}", breaches.join("\n"));
}
