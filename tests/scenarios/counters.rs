//! The kernel's own count of the frames that passed an interface: what a capture of that interface must hold.
//!
//! On loopback a session runs in a network namespace of its own, so nothing else counts there; in the lab the interface
//! belongs to one of its two hosts.

use std::fs;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use echolab::model::Side;
use libtest_mimic::Failed;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Frames that an interface sent and received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frames {
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl Frames {
    /// The counters of `interface` in a text like /proc/net/dev.
    fn of(interface: &str, text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(interface)?.strip_prefix(':'))?;
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        Some(Self { sent: *numbers.get(9)?, received: *numbers.get(1)? })
    }

    /// The counters of the loopback interface in `file`, a copy of /proc/net/dev.
    pub(crate) fn of_loopback(file: &Path) -> Result<Self, Failed> {
        let text = fs::read_to_string(file).map_err(|error| format!("no counters of loopback: {error}"))?;
        Self::of("lo", &text).ok_or_else(|| format!("no counters of loopback in {text}").into())
    }
}

/// The counters at the interfaces of the lab's hosts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabFrames {
    pub(crate) client: Frames,
    pub(crate) server: Frames,
    /// The longest time that a thread of the session has waited for a processor altogether; 0 where the kernel keeps no
    /// account.
    pub(crate) waited: Duration,
}

impl LabFrames {
    /// The counters of the host on this side.
    pub(crate) fn at(&self, side: Side) -> &Frames {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

/// Runs a session in the lab and reads the counters of both hosts when the session has ended and the program still has to
/// write most of its report.
pub(crate) fn counted(mut command: Command) -> Result<(Output, LabFrames), Failed> {
    let (mut stdout, writer) = io::pipe()?;
    // the report does not fit into so small a pipe: the program waits for its reader
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096))?;
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn()?;
    // its copy of the writing end would keep the output from ending
    drop(command);
    while poll(&mut [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE) == Err(Errno::EINTR) {}
    let counters = ["client", "server"].map(|host| of_host(child.id(), host));
    let waited = waited(child.id());
    let mut printed = Vec::new();
    stdout.read_to_end(&mut printed)?;
    let output = Output { stdout: printed, ..child.wait_with_output()? };
    match counters {
        [Some(client), Some(server)] => Ok((output, LabFrames { client, server, waited })),
        _ => {
            Err(format!("{}, no counters: {counters:?}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
                .into())
        }
    }
}

/// The longest of the second values of /proc/PID/task/TID/schedstat, in nanoseconds.
fn waited(process: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let of_task = |task: fs::DirEntry| -> Option<u64> {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse().ok()
    };
    Duration::from_nanos(tasks.filter_map(of_task).max().unwrap_or_default())
}

/// The counters at the interface of the host whose thread is called `host`.
fn of_host(process: u32, host: &str) -> Option<Frames> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let is_host = |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == host);
    let task = tasks.flatten().map(|task| task.path()).find(is_host)?;
    Frames::of("eth0", &fs::read_to_string(task.join("net/dev")).ok()?)
}
