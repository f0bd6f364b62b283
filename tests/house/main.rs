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

/// Every file of `src` that is not tests as a whole.
fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&src, "", &mut paths);
    paths.sort();
    assert!(["lib.rs", "model/mod.rs"].iter().all(|known| paths.contains(&(*known).to_owned())), "{paths:?}");
    let mut sources: Vec<_> = paths.into_iter().map(|path| Source::read(&src, path)).collect();
    let tests: Vec<_> = sources.iter().flat_map(|source| source.tests.clone()).collect();
    sources.retain(|source| !tests.iter().any(|test| is_in(&source.path, test)));
    sources
}

/// Whether a file is the module or below it.
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
