//! The start of one program: fork, its descriptors, exec.

use std::ffi::{CString, OsStr};
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use nix::unistd::Pid;

use super::command::Command;

/// A program that is ready to be started.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) command: Command,
    pub(super) input: Input,
    /// Standard output and standard error.
    pub(super) output: OwnedFd,
}

/// Standard input of a program.
#[derive(Debug)]
pub(super) enum Input {
    /// That of echolab: the program stays in its process group, as a terminal demands of a program that reads from it.
    Inherited,
    /// A descriptor; the program leads a process group of its own.
    From(OwnedFd),
}

/// A program that was forked.
#[derive(Debug)]
pub(super) struct Launched {
    pub(super) pid: Pid,
    /// Whether it leads a process group.
    pub(super) leads: bool,
    failure: PipeReader,
}

impl Launched {
    /// Why it was not executed; `None` once it was. Waits until that is known.
    pub(super) fn failure(&mut self) -> Option<io::Error> {
        let mut code = [0; 4];
        self.failure.read_exact(&mut code).ok()?;
        Some(io::Error::from_raw_os_error(i32::from_ne_bytes(code)))
    }
}

/// What the child needs, made before the fork: after it nothing may be allocated.
struct Prepared {
    file: CString,
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    input: Option<RawFd>,
    output: RawFd,
    failure: RawFd,
}

impl Launch {
    /// Starts it as a child of the calling thread.
    ///
    /// # Errors
    /// When the system gives no process.
    #[allow(unsafe_code, reason = "fork has no safe wrapper")]
    pub(super) fn start(&self) -> io::Result<Launched> {
        let arguments = self.command.arguments();
        let environment: Vec<CString> =
            std::env::vars_os().filter_map(|(name, value)| variable(&name, &value)).collect();
        let (failure, report): (PipeReader, PipeWriter) = io::pipe()?;
        let input = match &self.input {
            Input::Inherited => None,
            Input::From(descriptor) => Some(descriptor.as_raw_fd()),
        };
        let prepared = Prepared {
            file: self.command.file(),
            arguments: pointers(&arguments),
            environment: pointers(&environment),
            input,
            output: self.output.as_raw_fd(),
            failure: report.as_raw_fd(),
        };
        // SAFETY: the child calls nothing but async-signal-safe functions of the C library on memory that was made before the
        // fork, and never returns.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => execute(&prepared),
            pid => Ok(Launched { pid: Pid::from_raw(pid), leads: input.is_some(), failure }),
        }
    }
}

/// `NAME=value`
fn variable(name: &OsStr, value: &OsStr) -> Option<CString> {
    CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
}

/// The pointers of strings, and the null that ends them.
fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Becomes the program, or reports why not.
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
        // Rust ignores it, and what is ignored stays so over exec
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::execve(prepared.file.as_ptr(), prepared.arguments.as_ptr(), prepared.environment.as_ptr());
        let code = *libc::__errno_location();
        libc::write(prepared.failure, (&raw const code).cast(), size_of_val(&code));
        libc::_exit(127)
    }
}
