//! Programs that wait for others to send, as the kernel shows the system calls of their threads.

use std::fs;

use libc::pid_t;

/// Calls in which a server waits for a client, or for its next bytes.
const WAITS: &[libc::c_long] = &[
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_io_uring_enter,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_select,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
];

/// Limit of the processes of a program that are inspected.
const PROCESSES: usize = 256;

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ThreadState {
    /// It runs, and may be about to end.
    Runs,
    /// It waits for others to send.
    Waits,
    /// It waits for something else: a time, a child, another thread.
    Other,
    /// The system does not show it.
    Unknown,
}

/// `true` if a program, its threads and child processes included, only waits, and at least one thread waits for others
/// to send. Also `true` if the system does not show it.
pub(super) fn waits_for_others(pid: pid_t) -> bool {
    let (mut processes, mut next) = (vec![pid], 0);
    let mut doing = Vec::new();
    while let Some(process) = processes.get(next).copied() {
        next += 1;
        for thread in threads(process) {
            doing.push(does(&thread));
            let children = fs::read_to_string(format!("{thread}/children")).unwrap_or_default();
            let children = children.split_whitespace().filter_map(|child| child.parse::<pid_t>().ok());
            processes.extend(children.take(PROCESSES.saturating_sub(processes.len())));
        }
    }
    let any = |what| doing.contains(&what);
    any(ThreadState::Unknown) || any(ThreadState::Waits) && !any(ThreadState::Runs)
}

/// The folders of a process's threads.
fn threads(process: pid_t) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    tasks.filter_map(|task| Some(task.ok()?.path().to_str()?.to_owned())).collect()
}

fn does(thread: &str) -> ThreadState {
    match fs::read_to_string(format!("{thread}/syscall")) {
        Ok(call) => call_of(&call),
        // the thread is gone
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => ThreadState::Other,
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => ThreadState::Other,
        Err(_) => ThreadState::Unknown,
    }
}

/// `running`, or the number of the call with its arguments; -1 outside of a call.
fn call_of(text: &str) -> ThreadState {
    match text.split_whitespace().next().map(str::parse::<libc::c_long>) {
        Some(Ok(number)) if WAITS.contains(&number) => ThreadState::Waits,
        Some(Ok(-1)) | Some(Err(_)) => ThreadState::Runs,
        Some(Ok(_)) | None => ThreadState::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_of_a_thread_shows_what_it_waits_for() {
        let accept = format!("{} 0x3 0x0 0x0 0x0 0x0 0x0 0x7ffd 0x7f0c\n", libc::SYS_accept4);
        assert_eq!(call_of(&accept), ThreadState::Waits);
        assert_eq!(call_of(&format!("{} 0x1", libc::SYS_clock_nanosleep)), ThreadState::Other);
        assert_eq!(call_of("running\n"), ThreadState::Runs);
        assert_eq!(call_of("-1 0x7ffd 0x7f0c\n"), ThreadState::Runs);
        assert_eq!(call_of(""), ThreadState::Other);
    }

    #[test]
    fn ended_process_waits_for_nothing() {
        assert!(!waits_for_others(pid_t::MAX));
    }
}
