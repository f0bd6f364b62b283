//! What it points to is there: files, sections, recipes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// As GitHub makes them: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn links_lead_somewhere() {
    let readme = crate::text();
    let headings = readme.lines().filter(|line| line.starts_with('#'));
    let anchors: BTreeSet<_> = headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect();
    let targets: Vec<_> = readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(!targets.is_empty());
    for target in targets {
        let found = match target.strip_prefix('#') {
            Some(section) => anchors.contains(section),
            None => target.starts_with("https://") || Path::new(env!("CARGO_MANIFEST_DIR")).join(target).exists(),
        };
        assert!(found, "README.md points to {target}, which is not there");
    }
}

#[test]
fn recipes_are_in_the_justfile() {
    let justfile = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("justfile")).unwrap();
    let recipes: BTreeSet<_> = justfile
        .lines()
        .filter(|line| line.starts_with(char::is_alphabetic) && line.contains(':') && !line.starts_with("set "))
        .map(|line| line.split([' ', ':']).next().unwrap())
        .collect();
    let readme = crate::text();
    let named: Vec<_> = readme.split("`just ").skip(1).map(|rest| rest.split([' ', '`']).next().unwrap()).collect();
    assert!(!named.is_empty());
    for name in named {
        assert!(recipes.contains(name), "README.md names `just {name}`, which the justfile lacks: {recipes:?}");
    }
}
