//! Modules of `track` do not import each other in a circle: values, then state, then rules, then those that change state.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;
use crate::{assert_none, planted, sources};

/// The module of a file: `track::tcp` for `track/tcp/mod.rs`.
fn module(source: &Source) -> String {
    let path = source.path.trim_end_matches(".rs").replace('/', "::");
    path.trim_end_matches("::mod").to_owned()
}

/// Modules, and the names that each imports or re-exports.
type Modules = BTreeMap<String, BTreeMap<String, String>>;

/// The module that defines the item of a path seen in `from`; re-exports are followed. A path that ends at a module names
/// no item.
fn definer(modules: &Modules, from: &str, path: &str) -> Option<String> {
    let mut path = match path.strip_prefix("crate::") {
        Some(absolute) => absolute.to_owned(),
        None => format!("{from}::{path}"),
    };
    // a chain of re-exports is short
    for _ in 0..8 {
        let (module, item) = split(modules, &path)?;
        let (name, rest) = item.split_once("::").map_or((item, ""), |(name, rest)| (name, rest));
        let Some(import) = modules[module].get(name) else { return Some(module.to_owned()) };
        let start = import.strip_prefix("crate::").map_or_else(|| format!("{module}::{import}"), str::to_owned);
        path = if rest.is_empty() { start } else { format!("{start}::{rest}") };
    }
    None
}

/// The longest module that a path begins with, and the rest of the path.
fn split<'a>(modules: &Modules, path: &'a str) -> Option<(&'a str, &'a str)> {
    if modules.contains_key(path) {
        return None;
    }
    let cuts = path.rmatch_indices("::").map(|(at, _)| (&path[..at], &path[at + 2..]));
    cuts.into_iter().find(|(module, _)| modules.contains_key(*module))
}

/// The modules that each module takes an item from.
fn edges(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let modules: Modules =
        sources.iter().map(|source| (module(source), source.imported.iter().cloned().collect())).collect();
    let taken = |source: &Source| {
        let own = module(source);
        let found = source.names.iter().filter_map(|name| definer(&modules, &own, &name.path));
        found.filter(|other| *other != own).collect()
    };
    sources.iter().map(|source| (module(source), taken(source))).collect()
}

/// The modules that lie on a circle, each with the next one of its circle.
fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let reaches = |from: &String, to: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            for next in edges.get(module).into_iter().flatten().filter(|next| seen.insert(*next)) {
                open.push(next);
            }
        }
        seen.contains(to)
    };
    let on_circle = |from: &String, to: &String| reaches(to, from);
    let pairs = edges.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
    pairs
        .filter(|(from, to)| on_circle(from, to))
        .map(|(from, to)| format!("{from} imports from {to}, and back"))
        .collect()
}

#[test]
fn modules_of_track_have_no_import_circle() {
    let track: Vec<_> = sources().into_iter().filter(|source| source.module() == "track").collect();
    let edges = edges(&track);
    // an empty graph would have no circle either
    assert!(edges["track::tcp"].contains("track::tcp::connection"), "{edges:?}");
    assert!(edges["track::tracker"].contains("track::conversation"), "{edges:?}");
    assert_none(&circles(&edges));
}

#[test]
fn import_circle_is_found_through_re_exports() {
    let sources = [
        planted("track/mod.rs", "mod a; mod b; pub use b::B;"),
        planted("track/a.rs", "use super::B; pub struct A(B);"),
        planted("track/b.rs", "fn f() -> super::a::A { g() } pub struct B;"),
        planted("track/c.rs", "use super::{a, B}; fn f() -> a::A { g(B) }"),
    ];
    let found = circles(&edges(&sources));
    assert_eq!(found, ["track::a imports from track::b, and back", "track::b imports from track::a, and back"]);
    let child = [
        planted("track/tcp/mod.rs", "mod a; pub use a::A; pub struct Own;"),
        planted("track/tcp/a.rs", "use super::Own; pub struct A(Own);"),
    ];
    assert_eq!(circles(&edges(&child)).len(), 2);
}
