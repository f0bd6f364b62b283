//! Imports go down only: a folder names those below it, never those beside or above.

use crate::source::Source;
use crate::{assert_none, planted, sources};

/// The floors from the ground up; those of one floor do not see each other.
const FLOORS: &[&[&str]] = &[
    &["model"],
    &["lab"],
    &["capture", "decode", "drive"],
    &["echo"],
    &["track"],
    &["explain"],
    &["report"],
    &["render"],
    &["pipeline", "session"],
    &["cli"],
    &["lib", "main"],
];

/// Those that get everything from the floor below through the loop, and so name nothing of the floor of bytes.
const OUT_OF_SIGHT: (&[&str], &[&str]) =
    (&["echo", "track", "explain", "report", "render"], &["capture", "decode", "drive", "lab"]);

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn breaches(source: &Source) -> Vec<String> {
    let from = source.module();
    let Some(height) = floor(from) else { return vec![format!("src/{}: {from} has no floor", source.path)] };
    let mut breaches = Vec::new();
    for name in &source.names {
        let Some(to) = name.path.strip_prefix("crate::").and_then(|path| path.split("::").next()) else { continue };
        let Some(other) = floor(to).filter(|_| to != from) else { continue };
        let hidden = OUT_OF_SIGHT.0.contains(&from) && OUT_OF_SIGHT.1.contains(&to);
        if other >= height || hidden {
            let why = if hidden { "gets packets and events through the loop alone" } else { "may only look down" };
            breaches.push(format!("src/{}:{}: {from} {why}, but names {}", source.path, name.line, name.path));
        }
    }
    breaches
}

#[test]
fn imports_go_downward_only() {
    assert_none(&sources().iter().flat_map(breaches).collect::<Vec<_>>());
}

#[test]
fn upward_or_sideways_import_is_found_in_every_spelling() {
    for (path, text) in [
        ("model/seq.rs", "use crate::track::Tracker;"),
        ("decode/tcp.rs", "use crate::{model::Frame, capture::{Source}};"),
        ("capture/file/mod.rs", "fn f() { super::super::decode::Decoder::new() }"),
        ("track/tcp/close.rs", "use super::super::super::decode as below;"),
        ("track/key.rs", "fn f() { vec![crate::report::Report::default()] }"),
        ("report/view.rs", "use crate::capture::*;"),
        ("pipeline.rs", "use crate::session;"),
        ("session.rs", "fn f() -> x::Y { x::Y { ..crate::cli::Z } }"),
        ("attic/mod.rs", ""),
    ] {
        assert_eq!(breaches(&planted(path, text)).len(), 1, "{path}: {text}");
    }
    let fine = "//! crate::cli in words\nuse super::key; use crate::model::Frame;\n#[cfg(test)]\nmod tests { use crate::decode; }";
    assert!(breaches(&planted("track/tcp/mod.rs", fine)).is_empty());
}
