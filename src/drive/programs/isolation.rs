//! The environment of third-party programs: process identifiers that end with the session, names for the hosts, and
//! free ports.

use std::fs::{self, Permissions};
use std::io::{self, PipeReader, PipeWriter, Write};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::trace::{Go, go};

/// The file that names hosts.
const HOSTS: &str = "/etc/hosts";

/// Puts the processes that the calling thread starts from now on into a PID namespace of their own, lets them bind
/// ports below 1024 if the network is its `own`, and adds `names` to their /etc/hosts. Returns a note if the names
/// could not be added.
///
/// # Errors
/// If the system refuses a PID namespace.
pub(super) fn prepare(names: &[(IpAddr, &'static str)], own: bool) -> Result<Option<String>> {
    unshare(CloneFlags::CLONE_NEWPID).context("the system refuses a PID namespace, which ends all programs safely")?;
    if own {
        // if it fails, the program reports that a low port was refused
        let _ = fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    }
    Ok(name_hosts(names).err().map(|error| {
        let names: Vec<_> = names.iter().map(|(address, name)| format!("{name} is {address}")).collect();
        format!("the names of the hosts do not resolve ({error:#}): {}", names.join(", "))
    }))
}

/// Mounts a copy of /etc/hosts with `names` over it, in a mount namespace of the calling thread's own.
fn name_hosts(names: &[(IpAddr, &'static str)]) -> Result<()> {
    let mut text: String = names.iter().map(|(address, name)| format!("{address}\t{name}\n")).collect();
    text.push_str(&fs::read_to_string(HOSTS).unwrap_or_default());
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    fs::set_permissions(file.path(), Permissions::from_mode(0o644))?;
    unshare(CloneFlags::CLONE_NEWNS).context("no mount namespace")?;
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none).context("mounts can't be kept apart")?;
    mount(Some(file.path()), HOSTS, none, MsFlags::MS_BIND, none).context("nothing can be mounted on /etc/hosts")?;
    Ok(())
}

/// The first process of a PID namespace: when it ends, the kernel kills all others, daemons included
/// (pid_namespaces(7)).
///
/// It ends when this is dropped, and when this process is killed, which closes the writing end of its pipe.
#[derive(Debug)]
pub(super) struct Init {
    pid: Pid,
    _alive: PipeWriter,
}

impl Init {
    /// Starts it in the namespace that [`prepare`] made for the calling thread.
    ///
    /// # Errors
    /// If the system refuses a process.
    #[allow(unsafe_code, reason = "fork has no safe wrapper")]
    pub(super) fn start() -> io::Result<Self> {
        let (gone, alive) = io::pipe()?;
        // SAFETY: the child calls nothing but async-signal-safe functions of the C library, and never returns.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => be_init(&gone),
            pid => Ok(Self { pid: Pid::from_raw(pid), _alive: alive }),
        }
    }

    /// The processes whose parent it is: those that have left theirs, as daemons do.
    pub(super) fn orphans(&self) -> Vec<Pid> {
        let pid = self.pid;
        let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        list.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw).collect()
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        // a process that is gone needs no signal
        let _ = kill(self.pid, Signal::SIGKILL);
        // its namespace ends when its last process has been reaped, which for traced ones requires their tracer to see
        // their end: all children and tracees of this thread are in that namespace
        while let Some((pid, status)) = next_change(true) {
            if libc::WIFSTOPPED(status) {
                go(pid, Go::On, 0);
            }
        }
    }
}

/// The next child or tracee of this thread that has stopped or ended, with its wait status. `None` if there is none
/// left, or none so far and `block` is not set.
#[allow(unsafe_code, reason = "the safe wrapper does not know real-time signals")]
pub(super) fn next_change(block: bool) -> Option<(libc::pid_t, i32)> {
    let options = libc::__WALL | libc::__WNOTHREAD | libc::WUNTRACED | if block { 0 } else { libc::WNOHANG };
    let mut status = 0;
    loop {
        // SAFETY: the call writes one integer, to `status`.
        match unsafe { libc::waitpid(-1, &raw mut status, options) } {
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            pid => return (pid > 0).then_some((pid, status)),
        }
    }
}

/// Waits for the end of the parent, while the kernel itself reaps orphans.
#[allow(unsafe_code, reason = "a forked process may call nothing but the C library")]
fn be_init(gone: &PipeReader) -> ! {
    let gone: RawFd = gone.as_raw_fd();
    let mut byte = 0_u8;
    // SAFETY: all of these are async-signal-safe (signal-safety(7)) or plain system calls; the signal set is written by
    // sigfillset before it is read, and `byte` has room for the one byte that read may write.
    unsafe {
        let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigfillset(all.as_mut_ptr());
        libc::sigprocmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut());
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NAME, c"echolab-init".as_ptr());
        libc::setsid();
        libc::dup2(gone, 0);
        libc::syscall(libc::SYS_close_range, 1, u32::MAX, 0);
        while libc::read(0, (&raw mut byte).cast(), 1) != 0 {}
        libc::_exit(0)
    }
}
