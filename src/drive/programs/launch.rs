//! The start of one program: fork, its descriptors, the tracing of its calls, exec.

use std::ffi::{CString, OsStr};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use nix::unistd::Pid;

use super::command::Command;
use super::trace::{Filter, seize};
use crate::drive::transcript::Transcript;

/// A program that is ready to start.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) command: Command,
    pub(super) input: Input,
    /// Standard output and standard error.
    pub(super) output: OwnedFd,
    /// The transcript of its calls; `None` if they are not traced.
    pub(super) transcript: Option<Transcript>,
}

/// Standard input of a program.
#[derive(Debug)]
pub(super) enum Input {
    /// Standard input of echolab: the program stays in its process group, as a terminal requires of its readers.
    Inherited,
    /// A descriptor; the program leads a process group of its own.
    From(OwnedFd),
}

/// A forked program.
#[derive(Debug)]
pub(super) struct Launched {
    pub(super) pid: Pid,
    /// `true` if it leads a process group.
    pub(super) leads: bool,
    /// The result of starting to trace its calls.
    pub(super) traced: io::Result<()>,
    /// Readable once the result of exec is known.
    pub(super) executed: PipeReader,
}

/// A report of the child before its exec.
#[derive(Debug)]
pub(super) enum ChildReport {
    /// The exec succeeded.
    Executed,
    /// The exec failed, with this error.
    NotExecuted(io::Error),
    /// Its calls cannot be traced, for this reason; it continues without.
    NotTraced(io::Error),
}

impl Launched {
    /// Waits for the next report and returns it.
    pub(super) fn said(executed: &mut PipeReader) -> ChildReport {
        let mut code = [0; 4];
        if executed.read_exact(&mut code).is_err() {
            return ChildReport::Executed;
        }
        match i32::from_ne_bytes(code) {
            code @ ..0 => ChildReport::NotTraced(io::Error::from_raw_os_error(-code)),
            code => ChildReport::NotExecuted(io::Error::from_raw_os_error(code)),
        }
    }
}

/// The memory that the child needs, allocated before the fork: nothing may be allocated after it.
struct Prepared {
    file: CString,
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    input: Option<RawFd>,
    output: RawFd,
    failure: RawFd,
    trace: Option<TracePrepared>,
}

/// The data that the child needs for the tracing of its calls.
struct TracePrepared {
    /// The pipe on which it reports that it may be seized,
    ready: RawFd,
    /// and the one from which it reads the result.
    go: RawFd,
    filter: libc::sock_fprog,
}

/// This end of a [`TracePrepared`].
struct Tracing {
    filter: Filter,
    ready: (PipeReader, PipeWriter),
    go: (PipeReader, PipeWriter),
}

impl Tracing {
    fn prepare() -> io::Result<Self> {
        let filter = Filter::new().ok_or_else(|| io::Error::other("not known on this machine's architecture"))?;
        Ok(Self { filter, ready: io::pipe()?, go: io::pipe()? })
    }

    fn prepared(&self) -> TracePrepared {
        TracePrepared { ready: self.ready.1.as_raw_fd(), go: self.go.0.as_raw_fd(), filter: self.filter.for_kernel() }
    }

    /// Seizes the child as soon as possible, and lets it continue.
    fn seize(self, pid: libc::pid_t) -> io::Result<()> {
        let Self { ready: (mut ready, writer), go: (_, mut go), .. } = self;
        drop(writer);
        ready.read_exact(&mut [0])?;
        let seized = seize(pid);
        go.write_all(&[u8::from(seized.is_ok())])?;
        seized
    }
}

impl Launch {
    /// Starts the program as a child of the calling thread.
    ///
    /// # Errors
    /// If the system refuses a process.
    #[allow(unsafe_code, reason = "fork has no safe wrapper")]
    pub(super) fn start(&self) -> io::Result<Launched> {
        let arguments = self.command.arguments();
        let environment: Vec<CString> =
            std::env::vars_os().filter_map(|(name, value)| variable(&name, &value)).collect();
        let (executed, report): (PipeReader, PipeWriter) = io::pipe()?;
        let input = match &self.input {
            Input::Inherited => None,
            Input::From(descriptor) => Some(descriptor.as_raw_fd()),
        };
        let tracing = self.transcript.as_ref().map(|_| Tracing::prepare()).transpose();
        let prepared = Prepared {
            file: self.command.file(),
            arguments: pointers(&arguments),
            environment: pointers(&environment),
            input,
            output: self.output.as_raw_fd(),
            failure: report.as_raw_fd(),
            trace: tracing.as_ref().ok().and_then(Option::as_ref).map(Tracing::prepared),
        };
        // SAFETY: the child calls nothing but async-signal-safe functions of the C library on memory that was made before the
        // fork, and never returns.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => execute(&prepared),
            pid => {
                let traced = tracing.and_then(|tracing| tracing.map_or(Ok(()), |tracing| tracing.seize(pid)));
                Ok(Launched { pid: Pid::from_raw(pid), leads: input.is_some(), traced, executed })
            }
        }
    }
}

/// `NAME=value`
fn variable(name: &OsStr, value: &OsStr) -> Option<CString> {
    CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
}

/// Pointers to the strings, with the terminating null pointer.
fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Executes the program, or reports the error.
#[allow(unsafe_code, reason = "a forked process may call nothing but the C library")]
fn execute(prepared: &Prepared) -> ! {
    // SAFETY: all of these are async-signal-safe (signal-safety(7)) or plain system calls. The pointers are of strings and
    // null-ended lists that `prepared` and its maker hold until after the fork; the signal set is written by sigemptyset
    // before it is read.
    unsafe {
        if let Some(input) = prepared.input {
            libc::setpgid(0, 0);
            libc::dup2(input, 0);
        }
        libc::dup2(prepared.output, 1);
        libc::dup2(prepared.output, 2);
        libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
        let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        // Rust ignores it, and an ignored signal stays ignored over exec
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        if let Some(trace) = &prepared.trace {
            accept_tracing(trace, prepared.failure);
        }
        libc::execve(prepared.file.as_ptr(), prepared.arguments.as_ptr(), prepared.environment.as_ptr());
        let code = *libc::__errno_location();
        libc::write(prepared.failure, (&raw const code).cast(), size_of_val(&code));
        libc::_exit(127)
    }
}

/// Lets the parent seize this process, then installs the filter that stops it at socket calls: in this order, since
/// without a tracer such calls fail.
///
/// # Safety
/// Only async-signal-safe functions and plain system calls are called. The filter must be valid.
#[allow(unsafe_code, reason = "a forked process may call nothing but the C library")]
unsafe fn accept_tracing(trace: &TracePrepared, failure: RawFd) {
    let mut seized = 0_u8;
    // SAFETY: `seized` has room for the one byte that is read or written; the kernel copies the filter.
    unsafe {
        // a process that has changed its user may not be seized otherwise
        libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0);
        libc::write(trace.ready, (&raw const seized).cast(), 1);
        if libc::read(trace.go, (&raw mut seized).cast(), 1) != 1 || seized == 0 {
            return;
        }
        let refused = libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const trace.filter) != 0;
        if refused {
            let code = -*libc::__errno_location();
            libc::write(failure, (&raw const code).cast(), size_of_val(&code));
        }
    }
}
