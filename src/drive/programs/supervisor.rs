//! The parent of the programs of one host: it starts them, passes signals on, and tells when they end.
//!
//! It is one thread, that of the host: the kernel knows a process as the child of the thread that forked it.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};

use nix::poll::{PollFd, PollFlags};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::launch::Launch;
use super::shelter::Init;
use crate::drive::signal::poll;
use crate::model::ProgramEnd;

/// The place of a program in the list of all.
pub(super) type Id = usize;

/// Something to be done.
#[derive(Debug)]
pub(super) enum Order {
    /// Start a program.
    Start(Id, Box<Launch>),
    /// Send a signal to a program's process group, or to those processes that left their parent.
    Signal(Option<Id>, Signal),
}

/// Something that happened.
#[derive(Debug)]
pub(super) enum News {
    /// A program runs.
    Started(Id),
    /// A program has ended, or was not started.
    Ended(Id, ProgramEnd),
    /// So many processes are left that have left their parent.
    Orphans(usize),
}

/// The sending end of [`Supervisor`]: it wakes it too.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) orders: Sender<Order>,
    pub(super) wake: PipeWriter,
}

impl Orders {
    pub(super) fn give(&self, order: Order) {
        // a supervisor that is gone has told so
        let _ = self.orders.send(order);
        let _ = (&self.wake).write(&[1]);
    }
}

/// The sending end of news: it wakes the reader too.
#[derive(Debug)]
pub(super) struct Teller {
    pub(super) news: Sender<News>,
    pub(super) wake: PipeWriter,
}

impl Teller {
    fn tell(&self, news: News) {
        // who no longer listens has no use for it
        let _ = self.news.send(news);
        let _ = (&self.wake).write(&[1]);
    }
}

/// A program that runs.
struct Running {
    id: Id,
    pid: Pid,
    leads: bool,
}

/// Does what it is ordered until there are no more orders to come; then it kills what is left.
///
/// # Errors
/// When the system gives no process or no pipe.
pub(super) fn supervise(
    orders: &Receiver<Order>,
    woken: PipeReader,
    waker: PipeWriter,
    teller: &Teller,
) -> io::Result<()> {
    let init = Init::start()?;
    let child_ended = signal_hook::low_level::pipe::register(libc::SIGCHLD, waker)?;
    let result = follow(orders, woken, teller, &init);
    signal_hook::low_level::unregister(child_ended);
    result
}

fn follow(orders: &Receiver<Order>, mut woken: PipeReader, teller: &Teller, init: &Init) -> io::Result<()> {
    let mut running: Vec<Running> = Vec::new();
    let mut orphans = 0;
    loop {
        loop {
            match orders.try_recv() {
                Ok(Order::Start(id, launch)) => {
                    let news = match start(id, *launch) {
                        Ok(program) => {
                            running.push(program);
                            News::Started(id)
                        }
                        Err(error) => News::Ended(id, ProgramEnd::NotStarted(reason(&error))),
                    };
                    teller.tell(news);
                }
                Ok(Order::Signal(Some(id), signal)) => {
                    for program in running.iter().filter(|program| program.id == id) {
                        // one that has just ended needs no signal
                        let _ = if program.leads { killpg(program.pid, signal) } else { kill(program.pid, signal) };
                    }
                }
                Ok(Order::Signal(None, signal)) => init.orphans().into_iter().for_each(|pid| {
                    let _ = kill(pid, signal);
                }),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    end(&running);
                    return Ok(());
                }
            }
        }
        let mut ended = Vec::new();
        running.retain(|program| match wait(program.pid) {
            None => true,
            Some(end) => {
                ended.push(News::Ended(program.id, end));
                false
            }
        });
        // before the end of a program is told, so that a daemon is known when its parent is gone
        let now = init.orphans().len();
        if now != std::mem::replace(&mut orphans, now) {
            teller.tell(News::Orphans(now));
        }
        ended.into_iter().for_each(|news| teller.tell(news));
        poll(&mut [PollFd::new(woken.as_fd(), PollFlags::POLLIN)], None)?;
        let mut bytes = [0; 512];
        // however many: each says no more than that there is something to see
        let _ = woken.read(&mut bytes)?;
    }
}

fn start(id: Id, launch: Launch) -> io::Result<Running> {
    let mut launched = launch.start()?;
    drop(launch);
    let (pid, leads) = (launched.pid, launched.leads);
    match launched.failure() {
        None => Ok(Running { id, pid, leads }),
        Some(error) => {
            nix::sys::wait::waitpid(pid, None)?;
            Err(error)
        }
    }
}

/// Why a program that is there was not executed.
fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOEXEC) => {
            "the kernel does not know its format: a script begins with a line such as #!/bin/sh, and a binary must be for \
             this machine"
                .to_owned()
        }
        Some(libc::ENOENT) => "the interpreter that its first line names, or its dynamic loader, is not there".to_owned(),
        _ => error.to_string(),
    }
}

/// How a child ended, if it has.
#[allow(unsafe_code, reason = "the safe wrapper does not know real-time signals")]
fn wait(pid: Pid) -> Option<ProgramEnd> {
    let mut status = 0;
    // SAFETY: the call writes one integer, to `status`.
    let found = unsafe { libc::waitpid(pid.as_raw(), &raw mut status, libc::WNOHANG) };
    (found == pid.as_raw()).then(|| ending(status)).flatten()
}

/// How a process ended, by its wait status; `None` where it has not.
fn ending(status: i32) -> Option<ProgramEnd> {
    if libc::WIFEXITED(status) {
        return Some(ProgramEnd::Exited(libc::WEXITSTATUS(status)));
    }
    libc::WIFSIGNALED(status).then(|| {
        let number = libc::WTERMSIG(status);
        let name = Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| signal.to_string());
        ProgramEnd::Signalled(name)
    })
}

/// Kills what still runs; what it has started dies with the namespace.
fn end(running: &[Running]) {
    for program in running {
        let _ = kill(program.pid, Signal::SIGKILL);
    }
    for program in running {
        while nix::sys::wait::waitpid(program.pid, None) == Err(nix::Error::EINTR) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_status_tells_how_a_process_ended() {
        assert_eq!(ending(3 << 8), Some(ProgramEnd::Exited(3)));
        assert_eq!(ending(libc::SIGSEGV), Some(ProgramEnd::Signalled("SIGSEGV".to_owned())));
        assert_eq!(ending(libc::SIGSEGV | 0x80), Some(ProgramEnd::Signalled("SIGSEGV".to_owned())));
        assert_eq!(ending(40), Some(ProgramEnd::Signalled("signal 40".to_owned())));
        assert_eq!(ending(0x137f), None, "stopped");
    }
}
