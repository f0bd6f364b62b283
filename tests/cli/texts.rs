//! The program's own texts: help, formats, completions, the manual page.

use std::fs::File;
use std::io::Read;
use std::process::Command;

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
fn lists_fit_their_terminal_and_have_one_line_each_elsewhere() {
    for arguments in [&["formats"][..], &["scenarios"], &["scenarios", "zero-window"], &["session", "--help"]] {
        let size = nix::pty::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let terminal = nix::pty::openpty(&size, None).expect("a terminal");
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("echolab"));
        let mut child = command
            .args(arguments)
            .env_remove("COLUMNS")
            .env("NO_COLOR", "1")
            .stdout(terminal.slave)
            .spawn()
            .expect("it starts");
        // the program's is the last end, so that reading comes to one
        drop(command);
        let mut shown = Vec::new();
        // a terminal whose other end is closed ends with an error
        let _ = File::from(terminal.master).read_to_end(&mut shown);
        assert!(child.wait().expect("it ends").success());
        let shown = String::from_utf8(shown).expect("UTF-8");
        let longest = shown.lines().max_by_key(|line| line.trim_end().chars().count()).expect("a line").trim_end();
        assert!(longest.chars().count() <= 80, "{arguments:?}: {longest}");
    }
    let list = echolab(["scenarios"]).done();
    let rows: Vec<_> = list.lines().skip(1).filter(|line| line.starts_with("  ")).collect();
    assert!(rows.len() > 50 && rows.iter().all(|line| line.contains(" s  ")), "{list}");
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
    echolab(["man", "nonsense"]).run().exits(2).complains(&["unknown subcommand \"nonsense\"; nearest: session"]);
}

#[test]
fn missing_arguments_show_the_help() {
    echolab([""; 0]).run().exits(2).complains(&["Usage: echolab <COMMAND>", "analyze"]);
}
