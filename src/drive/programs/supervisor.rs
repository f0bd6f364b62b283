//! The parent of the programs of one host: it starts them, passes signals on, and reports their end.
//!
//! It is one thread, that of the host: the kernel knows a process as the child of the thread that forked it.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::isolation::{Init, next_change};
use super::launch::{ChildReport, Launch, Launched};
use super::trace::{EVENT_STOP, Tracer};
use crate::drive::signal::poll;
use crate::model::ProgramEnd;

/// Limit of the stops and ends handled before orders are.
const AT_ONCE: usize = 1_000;

/// The index of a program in the list of all.
pub(super) type Id = usize;

/// A request to the supervisor.
#[derive(Debug)]
pub(super) enum Order {
    /// Start a program.
    Start(Id, Box<Launch>),
    /// Record the calls in which the programs wait: they are about to be ended.
    NoteWaiting,
    /// Send a signal to a program's process group, or to those processes that left their parent.
    Signal(Option<Id>, Signal),
}

/// A report of the supervisor.
#[derive(Debug)]
pub(super) enum SupervisorEvent {
    /// A program runs, as this process.
    Started(Id, libc::pid_t),
    /// A traced call of a program has made a socket that clients can reach.
    Listens(Id),
    /// The kernel has stopped a program as it used the terminal.
    AtTerminal(Id),
    /// A program has ended, or was not started.
    Ended(Id, ProgramEnd),
    /// The calls of a program are not traced, for this reason.
    NotTraced(Id, String),
    /// A program could not change its user or group: the call that failed.
    UserKept(Id, &'static str),
    /// The number of processes that have left their parent.
    Orphans(usize),
}

/// The sending end of orders: it also wakes the supervisor.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) orders: Sender<Order>,
    pub(super) wake: PipeWriter,
}

impl Orders {
    pub(super) fn give(&self, order: Order) {
        // a supervisor that has ended has reported it
        let _ = self.orders.send(order);
        let _ = (&self.wake).write(&[1]);
    }
}

/// The sending end of news: it also wakes the reader.
#[derive(Debug)]
pub(super) struct EventSender {
    pub(super) events: Sender<SupervisorEvent>,
    pub(super) wake: PipeWriter,
}

impl EventSender {
    fn tell(&self, events: SupervisorEvent) {
        // a reader that has ended does not need it
        let _ = self.events.send(events);
        let _ = (&self.wake).write(&[1]);
    }
}

/// A running program.
struct Running {
    id: Id,
    pid: Pid,
    leads: bool,
    /// Readable once the result of exec is known; `None` after that.
    executed: Option<PipeReader>,
    /// The error of its exec.
    failure: Option<io::Error>,
}

impl Running {
    /// Reads the next report of a child before its exec.
    fn hear(&mut self, teller: &EventSender) {
        if let Some(executed) = &mut self.executed {
            match Launched::said(executed) {
                ChildReport::NotTraced(error) => teller.tell(SupervisorEvent::NotTraced(self.id, error.to_string())),
                ChildReport::Executed => {
                    self.executed = None;
                    teller.tell(SupervisorEvent::Started(self.id, self.pid.as_raw()));
                }
                ChildReport::NotExecuted(error) => {
                    self.executed = None;
                    self.failure = Some(error);
                }
            }
        }
    }
}

/// Executes orders until their channel is closed; then kills the processes that are left.
///
/// # Errors
/// If the system refuses a process or a pipe.
pub(super) fn supervise(
    orders: &Receiver<Order>,
    woken: PipeReader,
    waker: PipeWriter,
    teller: &EventSender,
) -> io::Result<()> {
    let init = Init::start()?;
    let child_ended = signal_hook::low_level::pipe::register(libc::SIGCHLD, waker)?;
    let result = follow(orders, woken, teller, &init);
    signal_hook::low_level::unregister(child_ended);
    result
}

fn follow(orders: &Receiver<Order>, mut woken: PipeReader, teller: &EventSender, init: &Init) -> io::Result<()> {
    let mut running: Vec<Running> = Vec::new();
    let mut tracer = Tracer::default();
    let mut orphans = 0;
    loop {
        loop {
            match orders.try_recv() {
                Ok(Order::Start(id, launch)) => match start(id, *launch, &mut tracer, teller) {
                    Ok(program) => running.push(program),
                    Err(error) => teller.tell(SupervisorEvent::Ended(id, ProgramEnd::NotStarted(reason(&error)))),
                },
                Ok(Order::NoteWaiting) => tracer.note_waiting(),
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
                // running processes end with the namespace
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
        }
        let mut ended = Vec::new();
        let mut some_ended = false;
        let mut left = AT_ONCE;
        while let Some((pid, status)) = (left > 0).then(|| next_change(false)).flatten() {
            left -= 1;
            if libc::WIFSTOPPED(status) {
                if stopped_at_terminal(status, tracer.program_of(pid).is_some()) {
                    let leader = running.iter().find(|program| program.pid.as_raw() == pid).map(|program| program.id);
                    let program = tracer.program_of(pid).or(leader);
                    program.into_iter().for_each(|id| teller.tell(SupervisorEvent::AtTerminal(id)));
                }
                tracer.stopped(pid, status);
                tracer.listening().into_iter().for_each(|id| teller.tell(SupervisorEvent::Listens(id)));
                tracer.refused().into_iter().for_each(|(id, call)| teller.tell(SupervisorEvent::UserKept(id, call)));
                continue;
            }
            some_ended = true;
            tracer.gone(pid);
            let place = running.iter().position(|program| program.pid.as_raw() == pid);
            if let Some((mut program, end)) = place.map(|place| running.swap_remove(place)).zip(ending(status)) {
                while program.executed.is_some() {
                    program.hear(teller);
                }
                let end = program.failure.map_or(end, |error| ProgramEnd::NotStarted(reason(&error)));
                ended.push(SupervisorEvent::Ended(program.id, end));
            }
        }
        // counted before the end of a program is reported, so that a daemon is known when its parent is gone
        let now = if some_ended { init.orphans().len() } else { orphans };
        if now != std::mem::replace(&mut orphans, now) {
            teller.tell(SupervisorEvent::Orphans(now));
        }
        ended.into_iter().for_each(|events| teller.tell(events));
        let starting = running.iter().filter_map(|program| program.executed.as_ref()).map(AsFd::as_fd);
        let watched = std::iter::once(woken.as_fd()).chain(starting);
        let mut waits: Vec<_> = watched.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        poll(&mut waits, (left == 0).then_some(Duration::ZERO))?;
        let said: Vec<bool> = waits.iter().map(|wait| wait.any().unwrap_or(false)).collect();
        let mut said = said.into_iter();
        if said.next() == Some(true) {
            let mut bytes = [0; 512];
            // any number: each means only that there is something to handle
            let _ = woken.read(&mut bytes)?;
        }
        let starting = running.iter_mut().filter(|program| program.executed.is_some());
        starting.zip(said).filter(|(_, said)| *said).for_each(|(program, _)| program.hear(teller));
    }
}

fn start(id: Id, launch: Launch, tracer: &mut Tracer, teller: &EventSender) -> io::Result<Running> {
    let Launched { pid, leads, traced, executed } = launch.start()?;
    match (traced, launch.transcript) {
        (Ok(()), Some(transcript)) => tracer.add(id, pid.as_raw(), transcript),
        (Ok(()), None) => {}
        (Err(error), _) => teller.tell(SupervisorEvent::NotTraced(id, error.to_string())),
    }
    Ok(Running { id, pid, leads, executed: Some(executed), failure: None })
}

/// `true` if the kernel has stopped a process that used the terminal from the background. A traced process has an
/// earlier stop, at which the signal may still be ignored.
fn stopped_at_terminal(status: i32, traced: bool) -> bool {
    let stays = if traced { status >> 16 == EVENT_STOP } else { status >> 16 == 0 };
    stays && [libc::SIGTTIN, libc::SIGTTOU].contains(&libc::WSTOPSIG(status))
}

/// The reason that an existing program was not executed.
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

/// The end of a process, from its wait status; `None` if it has not ended.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_status_shows_how_a_process_ended() {
        assert_eq!(ending(3 << 8), Some(ProgramEnd::Exited(3)));
        assert_eq!(ending(libc::SIGSEGV), Some(ProgramEnd::Signalled("SIGSEGV".to_owned())));
        assert_eq!(ending(libc::SIGSEGV | 0x80), Some(ProgramEnd::Signalled("SIGSEGV".to_owned())));
        assert_eq!(ending(40), Some(ProgramEnd::Signalled("signal 40".to_owned())));
        assert_eq!(ending(0x137f), None, "stopped");
    }
}
