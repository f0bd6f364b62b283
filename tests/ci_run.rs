//! `.ci/run` where the captures and scripts of its steps `oracle` and `truth` are absent: it fails if they are required, and
//! names what it left out if they are not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs steps of a copy that has nothing beside it; gives the exit status and both outputs.
fn run(steps: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("project/.ci");
    fs::create_dir_all(&copy).unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run"), copy.join("run")).unwrap();
    let mut command = Command::new("bash");
    command.args(["-c", "exec 2>&1; exec bash \"$@\"", "-"]).arg(copy.join("run")).args(steps);
    command.env_remove("CI").env_remove("ECHOLAB_ORACLE").envs(environment.iter().copied());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn missing_parts_are_named_in_the_last_line() {
    for environment in [&[][..], &[("CI", "false")], &[("CI", "true"), ("ECHOLAB_ORACLE", "optional")]] {
        let (code, said) = run(&["oracle", "truth"], environment);
        assert_eq!(code, Some(0), "{environment:?}: {said}");
        let last = said.lines().last().unwrap();
        for part in ["oracle (../shared/oracle/compare.py is absent)", "truth (../shared/oracle/truth.py is absent)"] {
            assert!(last.starts_with("== done; left out: ") && last.contains(part), "{said}");
        }
        assert!(last.contains("test (not asked for)"), "{said}");
    }
}

#[test]
fn required_files_must_exist() {
    for environment in [&[("CI", "true")][..], &[("ECHOLAB_ORACLE", "required")]] {
        for step in ["oracle", "truth"] {
            let (code, said) = run(&[step], environment);
            assert!(code == Some(1) && said.contains("is absent, but required"), "{environment:?}: {code:?} {said}");
            assert!(!said.contains("== done"), "{said}");
        }
    }
}

#[test]
fn other_words_are_refused() {
    assert_eq!(run(&["oracle"], &[("ECHOLAB_ORACLE", "maybe")]).0, Some(2));
    assert_eq!(run(&["orakel"], &[]).0, Some(2));
}
