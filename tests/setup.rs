//! `./setup` on machines that lack something: what it would install, for the program and for its tests.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Programs that every machine has, and the script uses.
const USUAL: &[&str] = &["bash", "cat", "cmp", "dirname", "env", "grep", "id", "ldconfig", "realpath", "sort", "uname"];

/// A machine with the usual programs and these; its package manager only tells what it is asked for.
fn machine(manager: &str, programs: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in USUAL {
        let found = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(|place| Path::new(place).join(name));
        symlink(found.iter().find(|path| path.exists()).unwrap(), folder.path().join(name)).unwrap();
    }
    let scripts = programs.iter().map(|name| (*name, "exit 0")).chain([(manager, "echo \"asked: $*\"")]);
    for (name, script) in scripts.chain([("sudo", "exec \"$@\"")]) {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/usr/bin/env bash\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// The exit status, and what is printed on both outputs.
fn set_up(machine: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    run("setup", machine, arguments)
}

fn run(script: &str, machine: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let output = Command::new("/usr/bin/env")
        .args(["bash", "-c", "exec 2>&1; exec bash \"$0\" \"$@\""])
        .arg(script)
        .args(arguments)
        .env("PATH", machine.path())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_program_needs_a_linker_and_no_tool_of_the_tests() {
    let (code, said) = set_up(&machine("apt-get", &[]), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("installing build-essential\n"), "{said}");
    assert!(said.contains("asked: -qq -o=Dpkg::Use-Pty=0 install --no-install-recommends --yes build-essential\n"));
    assert_eq!(set_up(&machine("apt-get", &["cc"]), &[]), (Some(0), String::new()));
}

#[test]
fn external_tools_of_the_tests_are_installed() {
    let (code, said) = set_up(&machine("apt-get", &["cc"]), &["tests"]);
    assert_eq!(code, Some(0), "{said}");
    let asked = said.lines().find(|line| line.contains("--yes")).unwrap();
    for package in ["chromium", "jq", "mmdebstrap", "nodejs", "npm", "python3", "texlive-latex-base", "tshark", "zstd"]
    {
        assert!(asked.split(' ').any(|word| word == package), "{package}: {said}");
    }
    assert!(!asked.contains("build-essential"), "{said}");
}

#[test]
fn another_package_manager_is_named_with_its_own_names() {
    let (code, said) = set_up(&machine("dnf", &[]), &[]);
    let expected =
        "missing here, by the names of Debian: build-essential\ninstall with: sudo dnf install gcc libpcap\n";
    assert_eq!((code, said.as_str()), (Some(1), expected));
    let (code, said) = set_up(&machine("dnf", &["cc"]), &["tests"]);
    assert!(code == Some(1) && said.contains("sudo dnf install gcc libpcap iproute jq"), "{said}");
    let (code, said) = set_up(&machine("nothing", &[]), &[]);
    assert!(code == Some(1) && said.starts_with("no package manager known here"), "{said}");
}

#[test]
fn a_runner_finds_the_same_script() {
    let machine = machine("apt-get", &[]);
    assert_eq!(run(".ci/setup", &machine, &[]), set_up(&machine, &[]));
}

#[test]
fn unknown_arguments_are_refused() {
    let (code, said) = set_up(&machine("apt-get", &[]), &["test"]);
    assert_eq!((code, said.as_str()), (Some(2), "usage: ./setup [tests]\n"));
}
