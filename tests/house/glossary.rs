//! One word per thing in everything that a reader sees: the expected outputs, the help of every command, the pages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::assert_none;

/// Words that are not used, and the field's term.
const NOT: &[(&str, &str)] = &[
    ("comes again", "is retransmitted"),
    ("told of", "reported"),
    ("hole", "gap"),
    ("holes", "gaps"),
    ("in place of", "instead of"),
    ("doubled", "duplicated"),
    ("damaged", "corrupted"),
    ("threw away", "discarded"),
    ("thrown away", "discarded"),
    ("put together", "reassembled"),
    ("on its way", "in transit"),
    ("under way", "in flight"),
    ("message borders", "message boundaries"),
    ("time stamp", "timestamp"),
    ("can't be told", "unknown"),
    ("can't tell", "unknown"),
    ("shut", "zero window, or closed"),
    ("linger 0", "SO_LINGER with a zero timeout"),
    ("turnaround", "response time"),
    ("everybody", "any client"),
    ("nobody", "no client, no program"),
    ("whoever", "any client"),
    ("accidents", "faults"),
    ("held against", "compared with"),
    ("lest", "so that … not"),
    ("but for", "except"),
    ("anew", "again"),
    ("thereby", "so"),
    ("kin", "related"),
    ("most likely", "either … or"),
];

/// Exceptions: a part of the line in which such a word is right.
const EXCEPT: &[&str] = &[
    // an outcome of capabilities(7): the user of that name
    "became nobody",
    // the user of that name
    "becomes `nobody`",
    // the name of a scenario
    "udp-nobody",
    // the payload of a kept capture
    "to nobody",
    // a file, not a packet
    "file that is damaged",
    // the Linux kernel doubles what SO_SNDBUF and SO_RCVBUF ask for
    "doubled by Linux",
];

/// The words of `NOT` in a text, with the number of their line.
fn found(text: &str) -> Vec<(usize, &'static str, &'static str)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.to_lowercase();
        if EXCEPT.iter().any(|except| line.contains(&except.to_lowercase())) {
            continue;
        }
        found.extend(NOT.iter().filter(|(not, _)| has_word(&line, not)).map(|(not, but)| (number, *not, *but)));
    }
    found
}

/// Returns `true` if `words` are in the line, not as a part of a longer word, of a code or of an option.
fn has_word(line: &str, words: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    line.match_indices(words).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + words.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn texts() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = vec![root.join("README.md")];
    for folder in ["docs", "tests/golden", "tests/explanations"] {
        collect(&root.join(folder), &mut texts);
    }
    texts.sort();
    assert!(texts.len() > 100, "{texts:?}");
    texts
}

fn collect(folder: &Path, texts: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_text = |name: &str| ["txt", "md", "tex", "json", "jsonl", "html", "svg"].contains(&name);
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().and_then(|name| name.to_str()).is_some_and(is_text) {
            texts.push(path);
        }
    }
}

/// The long help of every command.
fn helps() -> Vec<(String, String)> {
    let help = |command: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_echolab")).args(command).arg("--help").output().unwrap();
        assert!(output.status.success(), "{command:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let all = help(&[]);
    let commands = all.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    // a longer indentation continues the description of a command
    let name = |line: &'_ str| line.strip_prefix("  ").and_then(|rest| rest.split(' ').next().map(str::to_owned));
    let commands = commands.take_while(|line| !line.is_empty()).filter_map(name);
    let commands: Vec<String> = commands.filter(|name| !name.is_empty() && name != "help").collect();
    assert!(["session", "analyze"].iter().all(|known| commands.iter().any(|name| name == known)), "{commands:?}");
    let of_each = commands.iter().map(|name| (name.clone(), help(&[name.as_str()])));
    of_each.chain([("echolab".to_owned(), all.clone())]).collect()
}

#[test]
fn printed_text_follows_the_glossary() {
    let mut breaches = Vec::new();
    for path in texts() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let all = found(&text);
        breaches.extend(all.iter().map(|(line, not, but)| format!("{}:{line}: {not:?}: {but}", path.display())));
    }
    for (command, text) in helps() {
        let all = found(&text);
        breaches.extend(all.iter().map(|(line, not, but)| format!("help of {command}, line {line}: {not:?}: {but}")));
    }
    assert_none(&breaches);
}

#[test]
fn a_word_is_found_only_as_a_whole() {
    assert_eq!(found("The receiver\ntold of the hole.").len(), 2);
    assert_eq!(found("a whole, udp-nobody, wholesale, hole_filled, shutdown"), []);
}
