//! The requests of ptrace(2) that tracing needs, each for a thread that this thread traces and that is stopped.

use std::io;

/// The events that stop a tracee, besides calls: new processes and threads are traced too, exec and exit are reported,
/// and all are killed with their tracer.
const OPTIONS: libc::c_int = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEEXIT
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_EXITKILL;

/// `PTRACE_GET_SYSCALL_INFO` (linux/ptrace.h), which is the same on every architecture.
const GET_SYSCALL_INFO: libc::c_uint = 0x420e;

/// `struct ptrace_syscall_info` in words: operation and architecture, two pointers, then the fields of the operation.
type SyscallInfo = [u64; 11];

/// `PTRACE_SYSCALL_INFO_EXIT` and `PTRACE_SYSCALL_INFO_SECCOMP`.
const EXIT: u8 = 2;
const SECCOMP: u8 = 3;

/// The way in which a stopped thread continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::drive::programs) enum Go {
    /// To the next stop.
    On,
    /// To the return of the call that it is about to make.
    ToReturn,
    /// It stays stopped, as job control wants, until it gets SIGCONT.
    Listen,
}

/// A call at its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: libc::c_long,
    pub(super) args: [u64; 6],
}

/// Starts to trace a process, which continues running.
#[allow(unsafe_code, reason = "ptrace has no safe wrapper for this request")]
pub(in crate::drive::programs) fn seize(pid: libc::pid_t) -> io::Result<()> {
    // SAFETY: the request takes numbers only, and touches no memory of this process.
    let result = unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, 0_usize, i64::from(OPTIONS)) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Lets a thread continue, with a signal if that is not 0. A thread that is gone is reported by its wait status.
#[allow(unsafe_code, reason = "the safe wrapper knows no real-time signals")]
pub(in crate::drive::programs) fn go(tid: libc::pid_t, go: Go, signal: libc::c_int) {
    let request = match go {
        Go::On => libc::PTRACE_CONT,
        Go::ToReturn => libc::PTRACE_SYSCALL,
        Go::Listen => libc::PTRACE_LISTEN,
    };
    // SAFETY: the requests take numbers only, and touch no memory of this process.
    unsafe { libc::ptrace(request, tid, 0_usize, i64::from(signal)) };
}

/// The number that belongs to an event: the status with which a process is about to end.
#[allow(unsafe_code, reason = "ptrace has no safe wrapper")]
pub(super) fn message(tid: libc::pid_t) -> Option<u64> {
    let mut message: libc::c_ulong = 0;
    // SAFETY: the request writes one unsigned long, to `message`.
    let result = unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, tid, 0_usize, &raw mut message) };
    (result != -1).then_some(message)
}

/// The call that a thread is about to make.
pub(super) fn entry(tid: libc::pid_t) -> Option<Entry> {
    let [operation, _, _, number, args @ .., _] = syscall_info(tid)?;
    (operation.to_ne_bytes()[0] == SECCOMP).then_some(Entry { number: libc::c_long::try_from(number).ok()?, args })
}

/// The result of the call from which a thread is about to return: a number, or a negated errno.
pub(super) fn returned(tid: libc::pid_t) -> Option<i64> {
    let [operation, _, _, value, ..] = syscall_info(tid)?;
    (operation.to_ne_bytes()[0] == EXIT).then_some(value.cast_signed())
}

#[allow(unsafe_code, reason = "ptrace has no safe wrapper")]
fn syscall_info(tid: libc::pid_t) -> Option<SyscallInfo> {
    let mut info: SyscallInfo = [0; 11];
    // SAFETY: the request writes at most as many bytes as it is told, which `info` has.
    let written = unsafe { libc::ptrace(GET_SYSCALL_INFO, tid, size_of_val(&info), &raw mut info) };
    (written > 0).then_some(info)
}
