//! The form of every file: it says what it is, it is short, and nothing in it is left to be done.

use crate::source::Source;
use crate::{assert_none, planted, sources, tests};

/// Lines of a file, without its tests, above which its module comment gives the reason.
const LINES: usize = 600;

/// The beginning of that reason.
const REASON: &str = "//! Long because ";

/// Markers of work not done; upper case only, so that words of the language stay free.
const MARKS: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];

/// Words with which a doc comment would begin as a clause: "What it holds" instead of "The bytes held".
const CLAUSES: &[&str] = &["What", "Who", "Whose", "Whether", "That", "How", "When", "Which", "Where", "Why"];

struct Rule {
    rule: &'static str,
    /// The fault of a file, if any.
    breach: fn(&Source) -> Option<String>,
}

/// The rule that also holds in the tests.
const DOC_COMMENTS: Rule = Rule {
    rule: "a doc comment begins with a noun or a verb",
    breach: |source| {
        let lines: Vec<_> = source.text.lines().map(str::trim).collect();
        let doc = |line: &str| line.starts_with("/// ") || line.starts_with("//! ");
        let begins = |at: usize| !at.checked_sub(1).and_then(|before| lines.get(before)).is_some_and(|line| doc(line));
        let clause = |line: &str| line[4..].split(|c: char| !c.is_alphabetic()).next().is_some_and(is_clause);
        let found = |(at, line): (usize, &&str)| doc(line) && begins(at) && clause(line);
        lines.iter().enumerate().position(found).map(|at| format!("line {}", at + 1))
    },
};

const RULES: &[Rule] = &[
    Rule {
        rule: "a file begins with //! and what it is",
        breach: |source| (!source.text.starts_with("//! ")).then(String::new),
    },
    Rule {
        rule: "a file of more than 600 lines without its tests says why: `Long because …`",
        breach: |source| {
            let lines = source.lines_without_tests();
            let says_why = source.text.lines().any(|line| line.starts_with(REASON));
            (lines > LINES && !says_why).then(|| format!("({lines})"))
        },
    },
    Rule {
        rule: "nothing is left to be done",
        breach: |source| {
            let marked = |line: &str| {
                MARKS.iter().any(|mark| line.split(|c: char| !c.is_alphanumeric()).any(|word| word == *mark))
            };
            let in_text = source.text.lines().position(marked).map(|line| line + 1);
            let in_code = source.names.iter().find(|name| ["todo!", "unimplemented!"].contains(&name.path.as_str()));
            in_text.or(in_code.map(|name| name.line)).map(|line| format!("line {line}"))
        },
    },
    DOC_COMMENTS,
    Rule {
        rule: "unsafe code says why it is sound",
        breach: |source| {
            let lines: Vec<_> = source.text.lines().collect();
            let bare = |(at, line): (usize, &&str)| {
                line.contains("unsafe {")
                    && !lines[at.saturating_sub(6)..=at].iter().any(|near| near.contains("SAFETY:"))
            };
            lines.iter().enumerate().position(bare).map(|at| format!("line {}", at + 1))
        },
    },
];

fn is_clause(word: &str) -> bool {
    CLAUSES.contains(&word)
}

fn breaches(source: &Source) -> Vec<String> {
    let broken = RULES.iter().filter_map(|rule| Some((rule.rule, (rule.breach)(source)?)));
    broken.map(|(rule, detail)| format!("src/{}: {rule} {detail}", source.path)).collect()
}

#[test]
fn every_file_follows_the_house_rules() {
    assert_none(&sources().iter().flat_map(breaches).collect::<Vec<_>>());
}

#[test]
fn doc_comments_of_the_tests_begin_with_a_noun_or_a_verb() {
    let breach = |source: &Source| Some(format!("tests/{}: {}", source.path, (DOC_COMMENTS.breach)(source)?));
    assert_none(&tests().iter().filter_map(breach).collect::<Vec<_>>());
}

#[test]
fn each_house_rule_finds_its_violation() {
    let long = format!("//! Long.\n{}", "// line\n".repeat(LINES));
    for text in [
        "use std::io;",
        &long,
        "//! A file.\n// TODO: write it",
        "//! A file.\nfn f() { todo!() }",
        "//! A file.\nfn f() { unsafe { g() } }",
        "//! What a file is.",
        "//! A file.\n\n/// Whether it holds.\nfn f() {}",
        "//! A file.\n//!\n//! How it works.",
    ] {
        assert_eq!(breaches(&planted("model/seq.rs", text)).len(), 1, "{text}");
    }
    let tested = format!(
        "//! Long tests.\nfn f() {{ unsafe {{ g() }} }} // SAFETY: g is\n#[cfg(test)]\nmod tests {{}}\n{}",
        "\n".repeat(LINES)
    );
    assert!(breaches(&planted("model/seq.rs", &tested)).is_empty());
    let reasoned = format!("//! Long.\n//!\n{REASON}it is one table.\n{}", "// line\n".repeat(LINES));
    assert!(breaches(&planted("model/seq.rs", &reasoned)).is_empty());
}
