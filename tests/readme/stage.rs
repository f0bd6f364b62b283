//! The place where a page's commands run: a folder with `fixtures` and the usual programs, a network, and a PATH on which
//! echolab comes first.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use nix::sched::{CloneFlags, unshare};
use tempfile::TempDir;

use crate::background::Background;
use crate::page::project;

/// Programs that cannot be themselves here.
const STAND_INS: &[(&str, &str)] = &[
    // no password can be typed: the tests must have the rights already
    ("sudo", "exec \"$@\""),
    // `run` takes the program that was built for the tests, the others do nothing
    (
        "cargo",
        "case \"$*\" in
        'run --release -- '*) shift 3; exec echolab \"$@\" ;;
        'test'|'install --locked --path .') ;;
        *) echo \"no stand-in for cargo $*\" >&2; exit 1 ;;
        esac",
    ),
];

/// Files and folders of the project in a page's folder, by their names there.
const FILES: &[(&str, &str)] = &[
    ("setup", "setup"),
    ("docs", "docs"),
    ("fixtures", "fixtures"),
    ("server.py", "tests/programs/echo_server.py"),
    ("client.py", "tests/programs/echo_client.py"),
    ("udp_server.py", "tests/programs/udp_server.py"),
    ("udp_client.py", "tests/programs/udp_client.py"),
];

/// Typed into every command that reads its standard input.
const TYPED: &str = "hello\nquit\n";

/// The programs of all stages.
pub(crate) struct Tools {
    bin: TempDir,
}

impl Tools {
    pub(crate) fn new() -> Self {
        let bin = tempfile::tempdir().unwrap();
        // lets every user in, as /usr/bin does
        fs::set_permissions(bin.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // a copy: it may be given capabilities
        fs::copy(cargo_bin!("echolab"), bin.path().join("echolab")).unwrap();
        for (name, script) in STAND_INS {
            fs::write(bin.path().join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(bin.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { bin }
    }
}

/// A folder, a network, and the programs that run in the background while a block lasts.
pub(crate) struct Stage<'a> {
    tools: &'a Tools,
    folder: TempDir,
    background: Vec<Background>,
}

impl<'a> Stage<'a> {
    /// Its network is this thread's own, so that every port that a page names is free.
    pub(crate) fn new(tools: &'a Tools) -> Self {
        unshare(CloneFlags::CLONE_NEWNET).expect("a network of its own needs root");
        let folder = tempfile::tempdir().unwrap();
        for (name, path) in FILES {
            symlink(project().join(path), folder.path().join(name)).unwrap();
        }
        let mut stage = Self { tools, folder, background: Vec::new() };
        stage.run("ip link set lo up");
        stage
    }

    /// Makes a file, instead of the usual one of that name.
    pub(crate) fn file(&mut self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        assert_eq!(Path::new(name).file_name(), Some(name.as_ref()), "a file of a page is in its own folder");
        let _ = fs::remove_file(&path);
        fs::write(path, text).unwrap();
    }

    /// Runs one line to its end, and gives its standard output.
    pub(crate) fn run(&mut self, line: &str) -> String {
        let input = self.folder.path().join("typed");
        fs::write(&input, TYPED).unwrap();
        let output = self.command(line).stdin(fs::File::open(input).unwrap()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{line}\n{}\n{stderr}", output.status);
        let stdout = String::from_utf8(output.stdout).unwrap();
        // a report ends with an empty line, which looks odd in a box
        stdout.strip_suffix("\n\n").map_or(stdout.clone(), |text| format!("{text}\n"))
    }

    /// Starts one line, which runs until the block ends, and waits until it is ready.
    pub(crate) fn start(&mut self, line: &str) {
        self.background.push(Background::start(line, self.command(line)));
    }

    fn command(&self, line: &str) -> Command {
        let old = std::env::var("PATH").unwrap();
        let path = format!("{}:{old}:/usr/sbin:/sbin", self.tools.bin.path().display());
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", line]).current_dir(self.folder.path());
        command.env("PATH", path).env_remove("COLUMNS").env_remove("CLICOLOR_FORCE").env_remove("SUDO_UID");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Ends the programs in the background, the last one first, as Ctrl-C does.
    pub(crate) fn clear(&mut self) {
        self.background.sort_by_key(|program| !program.ends_by_itself());
        self.background.drain(..).for_each(Background::end);
    }
}
