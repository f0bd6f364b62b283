//! What the program says about itself: help, formats, completions, the manual page.

use crate::run::echolab;

const SUBCOMMANDS: &[&str] = &["session", "analyze", "serve", "connect", "formats", "completions", "man"];

#[test]
fn help_names_every_subcommand_and_the_exit_statuses() {
    let help = echolab(["--help"]).done();
    for name in SUBCOMMANDS {
        assert!(help.contains(&format!("  {name}")), "{name}:\n{help}");
    }
    assert!(help.contains("Exit status: 0 done, 1 an expectation was not met, 2 an error"), "{help}");
}

#[test]
fn every_subcommands_help_has_examples() {
    for name in SUBCOMMANDS {
        let help = echolab([*name, "--help"]).done();
        assert!(help.contains("Examples:\n  echolab "), "{name}:\n{help}");
    }
}

#[test]
fn version_is_the_packages() {
    assert_eq!(echolab(["--version"]).done(), concat!("echolab ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn formats_lists_every_format_and_column() {
    let list = echolab(["formats"]).done();
    for name in [
        "table",
        "markdown",
        "csv",
        "lines",
        "json",
        "jsonl",
        "arithmetic",
        "packets",
        "rttvar",
        "Goodput",
        "capture_gap",
    ] {
        assert!(list.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{name}:\n{list}");
    }
    assert!(!echolab(["formats", "columns"]).done().contains("jsonl"));
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = echolab(["completions", shell]).done();
        assert!(script.contains("analyze") && script.contains("markdown"), "{shell}");
    }
}

#[test]
fn the_manual_page_is_roff() {
    let page = echolab(["man"]).done();
    assert!(page.contains(".TH echolab 1") && page.contains("analyze"), "{page}");
    assert!(echolab(["man", "analyze"]).done().contains("\\-\\-filter"));
    echolab(["man", "nonsense"]).run().exits(2).complains(&["there is no subcommand \"nonsense\"", "analyze"]);
}

#[test]
fn no_arguments_are_a_mistake_that_shows_the_help() {
    echolab([""; 0]).run().exits(2).complains(&["Usage: echolab <COMMAND>", "analyze"]);
}
