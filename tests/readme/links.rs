//! The targets of links exist: files, sections, recipes, steps of `.ci/run`; and every page is found from the index.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::page::{self, Page, pages, project};

/// As GitHub makes them: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The lines outside of fenced blocks.
fn prose(page: &Page) -> Vec<&str> {
    let mut fenced = false;
    let outside = |line: &&str| {
        let fence = line.starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    };
    page.text.lines().filter(outside).collect()
}

fn anchors(page: &Page) -> BTreeSet<String> {
    let headings = prose(page).into_iter().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

/// The path of a link as seen from the project, and its section.
fn target(page: &Page, link: &str) -> (String, Option<String>) {
    let (path, section) = link.split_once('#').map_or((link, None), |(path, section)| (path, Some(section)));
    let mut found = PathBuf::from(&page.name);
    if !path.is_empty() {
        found.pop();
        for part in Path::new(path).components() {
            match part {
                Component::ParentDir => assert!(found.pop(), "{} points above the project: {link}", page.name),
                part => found.push(part),
            }
        }
    }
    (found.to_str().unwrap().to_owned(), section.map(str::to_owned))
}

/// The links of a page within the project.
fn links(page: &Page) -> Vec<String> {
    let prose = prose(page).join("\n");
    let targets = prose.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    targets.filter(|link| !link.starts_with("https://")).map(str::to_owned).collect()
}

#[test]
fn links_resolve() {
    let pages = pages();
    for page in &pages {
        for link in links(page) {
            let (path, section) = target(page, &link);
            assert!(project().join(&path).exists(), "{} points to {link}, which is absent", page.name);
            let Some(section) = section else { continue };
            let other = pages.iter().find(|page| page.name == path).unwrap_or_else(|| panic!("{path} is no page"));
            assert!(anchors(other).contains(&section), "{} points to {link}, a section that is absent", page.name);
        }
    }
}

#[test]
fn both_indexes_name_every_page() {
    for index in ["docs/README.md", "docs/SUMMARY.md"] {
        let index = page::page(index);
        let named: BTreeSet<_> = links(&index).iter().map(|link| target(&index, link).0).collect();
        let unnamed: Vec<_> = pages()
            .into_iter()
            .map(|page| page.name)
            .filter(|name| name.starts_with("docs/") && !["docs/README.md", "docs/SUMMARY.md"].contains(&name.as_str()))
            .filter(|name| !named.contains(name))
            .collect();
        assert!(unnamed.is_empty(), "{} does not name {unnamed:?}", index.name);
    }
}

/// The words after `before` in backquotes, on all pages.
fn quoted(before: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for page in pages() {
        let names = page.text.split(before).skip(1).map(|rest| rest.split([' ', '`', '\n']).next().unwrap().to_owned());
        found.extend(names.map(|name| (page.name.clone(), name)));
    }
    assert!(!found.is_empty(), "no page names {before}");
    found
}

#[test]
fn recipes_are_in_the_justfile() {
    let justfile = fs::read_to_string(project().join("justfile")).unwrap();
    let recipes: BTreeSet<_> = justfile
        .lines()
        .filter(|line| line.starts_with(char::is_alphabetic) && line.contains(':') && !line.starts_with("set "))
        .map(|line| line.split([' ', ':']).next().unwrap())
        .collect();
    for (page, name) in quoted("`just ") {
        assert!(recipes.contains(name.as_str()), "{page} names `just {name}`, which the justfile lacks: {recipes:?}");
    }
}

#[test]
fn ci_steps_named_in_pages_exist() {
    let script = fs::read_to_string(project().join(".ci/run")).unwrap();
    for (page, name) in quoted("`.ci/run ") {
        assert!(script.contains(&format!("\nstep_{name}() ")), "{page} names `.ci/run {name}`, which has no such step");
    }
}

#[test]
fn files_named_exist() {
    for folder in ["`src/", "`tests/", "`docs/", "`fixtures/"] {
        for (page, rest) in quoted(folder) {
            // a placeholder is in capitals
            let path = format!("{}{rest}", &folder[1..]);
            let known = path.contains("NAME") || project().join(&path).exists();
            assert!(known, "{page} names {path}, which is absent");
        }
    }
}

#[test]
fn the_readme_is_short() {
    let lines = page::page("README.md").text.lines().count();
    assert!(lines <= 200, "README.md has {lines} lines; details belong into docs");
}
