//! Where the README's commands run: a folder with `fixtures` and `.ci`, and a PATH on which echolab comes first.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Programs that can't be what they are here.
const STAND_INS: &[(&str, &str)] = &[
    // nobody is here to type a password: the tests must have the rights already
    ("sudo", "exec \"$@\""),
    // not from within itself: `run` takes the program that was built for the tests, the others are looked at only
    (
        "cargo",
        "case \"$*\" in
        'run --release -- '*) shift 3; exec echolab \"$@\" ;;
        'test'|'install --locked --path .') ;;
        *) echo \"no stand-in for cargo $*\" >&2; exit 1 ;;
        esac",
    ),
];

/// What is typed into every command that reads its standard input.
const TYPED: &str = "hello\nquit\n";

/// A folder, and the servers that run while a block lasts.
pub(crate) struct Stage {
    folder: TempDir,
    servers: Vec<Server>,
}

struct Server {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Stage {
    /// Its network is this thread's own, so that no port that the README names is taken.
    pub(crate) fn new() -> Self {
        unshare(CloneFlags::CLONE_NEWNET).expect("a network of its own needs root");
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        // a copy: it may be given capabilities
        fs::copy(cargo_bin!("echolab"), bin.join("echolab")).unwrap();
        for (name, script) in STAND_INS {
            fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["fixtures", ".ci"] {
            symlink(project.join(name), folder.path().join(name)).unwrap();
        }
        for (name, program) in [("server.py", "echo_server.py"), ("client.py", "echo_client.py")] {
            symlink(project.join("tests/programs").join(program), folder.path().join(name)).unwrap();
        }
        let mut stage = Self { folder, servers: Vec::new() };
        stage.run("ip link set lo up");
        stage
    }

    /// Runs one line to its end and gives its standard output; a server goes on until the block ends.
    pub(crate) fn run(&mut self, line: &str) -> String {
        let mut command = self.command(line);
        if line.starts_with("echolab serve") {
            self.servers.push(Server::start(command.spawn().unwrap()));
            return String::new();
        }
        let input = self.folder.path().join("typed");
        fs::write(&input, TYPED).unwrap();
        let output = command.stdin(fs::File::open(input).unwrap()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{line}\n{}\n{stderr}", output.status);
        let stdout = String::from_utf8(output.stdout).unwrap();
        // a report ends with an empty line, which looks odd in a box
        stdout.strip_suffix("\n\n").map_or(stdout.clone(), |text| format!("{text}\n"))
    }

    fn command(&self, line: &str) -> Command {
        let old = std::env::var("PATH").unwrap();
        let path = format!("{}:{old}:/usr/sbin:/sbin", self.folder.path().join("bin").display());
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", line]).current_dir(self.folder.path());
        command.env("PATH", path).env_remove("COLUMNS").env_remove("CLICOLOR_FORCE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Stops the servers with Ctrl-C, after which they must end well.
    pub(crate) fn clear(&mut self) {
        self.servers.drain(..).for_each(Server::stop);
    }
}

impl Server {
    fn start(mut child: Child) -> Self {
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("Ctrl-C stops") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the server does not start");
        }
        Self { child, stderr }
    }

    fn stop(mut self) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
    }
}
