//! The socket calls of third-party programs: seccomp stops a program at each, and its parent reads the call with
//! ptrace.
//!
//! A call is recorded when it returns, with the socket's ends. Calls that were restarted, or that returned `EAGAIN`,
//! are not recorded: they transferred nothing. Threads and child processes are traced like the program itself.

mod filter;
mod kind;
mod memory;
mod option;
mod request;
mod socket;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;

pub(super) use self::filter::Filter;
pub(super) use self::request::{Go, go, seize};

use self::kind::{changes_user, waits_in};
use self::memory::Memory;
use self::request::Entry;
use self::socket::{Closing, Facts, Handle, socket_at, sockets_of};
use super::supervisor::Id;
use crate::drive::transcript::{SeenCall, Transcript, now};
use crate::model::{CallKind, CallTrace, Endpoint, FailedCall, Protocol, Timestamp};

/// `PTRACE_EVENT_STOP` (linux/ptrace.h).
pub(super) const EVENT_STOP: i32 = 128;

/// Errors internal to the kernel, which no program sees: a call interrupted by a signal is restarted.
const RESTARTED: std::ops::RangeInclusive<i64> = 512..=516;

type Tid = libc::pid_t;

/// The traced programs of one host.
#[derive(Debug, Default)]
pub(super) struct Tracer {
    programs: HashMap<Id, Traced>,
    processes: HashMap<Tid, Process>,
    threads: HashMap<Tid, Thread>,
    /// Sockets by their cookies.
    sockets: HashMap<u64, Socket>,
    /// Programs that could not change their user or group, and the call that failed.
    refused: Vec<(Id, &'static str)>,
    /// Programs with a socket that clients can reach, since the last query.
    listening: Vec<Id>,
}

/// A program, with all its processes.
#[derive(Debug)]
struct Traced {
    transcript: Transcript,
    connections: u64,
}

#[derive(Debug)]
struct Process {
    program: Id,
    handle: Handle,
    /// The cookie of each descriptor that was looked at, if it is a TCP or UDP socket.
    descriptors: HashMap<i32, Option<u64>>,
}

#[derive(Debug)]
struct Thread {
    process: Tid,
    /// The call from which it has not returned yet, and its socket.
    call: Option<(Entry, Option<u64>)>,
    /// The time at which that call began.
    began: Timestamp,
    ends: bool,
}

/// The properties that only some calls have.
#[derive(Clone, Copy, Debug, Default)]
struct Details {
    /// The time at which it began, if it has not returned.
    began: Option<Timestamp>,
    /// Bytes that the program asked to send, or had room to receive.
    asked: Option<u64>,
    closing: Option<Closing>,
}

#[derive(Clone, Copy, Debug)]
struct Socket {
    facts: Facts,
    /// Its number among the program's connections; 0 for none.
    connection: u64,
    listens: bool,
}

impl Tracer {
    /// Traces a program from now on, which so far is one seized process.
    pub(super) fn add(&mut self, program: Id, pid: Tid, transcript: Transcript) {
        self.programs.insert(program, Traced { transcript, connections: 0 });
        self.add_process(pid, program);
        self.threads.insert(pid, Thread { process: pid, call: None, began: Timestamp::new(0, 0), ends: false });
    }

    fn add_process(&mut self, pid: Tid, program: Id) {
        let process = Process { program, handle: Handle::of(pid), descriptors: HashMap::new() };
        self.processes.insert(pid, process);
    }

    /// Handles a stopped thread, by its wait status, and lets it continue.
    pub(super) fn stopped(&mut self, tid: Tid, status: i32) {
        let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
        self.know(tid);
        let (how, signal) = match event {
            libc::PTRACE_EVENT_SECCOMP => (self.enters(tid), 0),
            libc::PTRACE_EVENT_EXEC => {
                self.executes(tid);
                (Go::On, 0)
            }
            libc::PTRACE_EVENT_EXIT => {
                self.ends(tid);
                (Go::On, 0)
            }
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                // before its first stop: its descriptors count already
                let new = request::message(tid).and_then(|new| Tid::try_from(new).ok());
                new.into_iter().for_each(|new| self.know(new));
                (Go::On, 0)
            }
            EVENT_STOP if signal != libc::SIGTRAP => (Go::Listen, 0),
            0 if signal == libc::SIGTRAP | 0x80 => {
                self.returns(tid);
                (Go::On, 0)
            }
            0 => (Go::On, signal),
            _ => (Go::On, 0),
        };
        go(tid, how, signal);
    }

    /// Records the calls in which programs wait on a connection, before they are ended: sends, receives and connects. A
    /// server that waits for its next client or datagram is not recorded.
    pub(super) fn note_waiting(&mut self) {
        let in_call = |(tid, thread): (&Tid, &Thread)| {
            let (entry, socket) = thread.call?;
            Some((*tid, waits_in(entry.number)?, socket?, thread.began))
        };
        let waiting: Vec<_> = self.threads.iter().filter_map(in_call).collect();
        for (tid, call, cookie, began) in waiting {
            let own = self.sockets.get(&cookie).is_some_and(|socket| !socket.listens && socket.facts.peer.is_some());
            if own {
                let details = Details { began: Some(began), ..Details::default() };
                self.note_with(tid, cookie, None, CallKind::Waiting(call), &details);
            }
        }
    }

    /// The programs that could not change their user or group since the last query, and the call that failed.
    pub(super) fn refused(&mut self) -> Vec<(Id, &'static str)> {
        std::mem::take(&mut self.refused)
    }

    /// The programs with a socket that clients can reach, created since the last query.
    pub(super) fn listening(&mut self) -> Vec<Id> {
        std::mem::take(&mut self.listening)
    }

    /// The program of a traced thread.
    pub(super) fn program_of(&mut self, tid: Tid) -> Option<Id> {
        self.process_of(tid).map(|process| process.program)
    }

    fn can_be_reached(&mut self, tid: Tid) {
        let program = self.program_of(tid);
        self.listening.extend(program);
    }

    /// Forgets a thread that is gone.
    pub(super) fn gone(&mut self, tid: Tid) {
        if let Some(thread) = self.threads.remove(&tid) {
            let process = thread.process;
            if !self.threads.values().any(|other| other.process == process) {
                self.processes.remove(&process);
            }
        }
    }

    /// Registers a thread, at its creation or at its first stop, whichever is seen first: its process, and for a new
    /// process the program of its parent, which has not continued yet.
    fn know(&mut self, tid: Tid) {
        if self.threads.contains_key(&tid) {
            return;
        }
        let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<Tid>().ok());
        let process = field("Tgid:").unwrap_or(tid);
        if !self.processes.contains_key(&process) {
            let parent = field("PPid:").and_then(|parent| self.processes.get(&parent));
            let Some(program) = parent.map(|parent| parent.program) else { return };
            self.add_process(process, program);
        }
        self.threads.insert(tid, Thread { process, call: None, began: Timestamp::new(0, 0), ends: false });
    }

    /// Handles exec by a thread: the other threads of its process are gone, and so are the descriptors that exec
    /// closes.
    fn executes(&mut self, tid: Tid) {
        self.threads.retain(|other, thread| *other == tid || thread.process != tid);
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.call = None;
        }
        if let Some(process) = self.processes.get_mut(&tid) {
            process.descriptors.clear();
        }
    }

    /// Handles a thread about to make a call; returns whether to stop it at the call's return.
    fn enters(&mut self, tid: Tid) -> Go {
        let Some(entry) = request::entry(tid) else { return Go::On };
        let first = int(entry.args[0]);
        let socket = match entry.number {
            libc::SYS_socket => {
                let of_ip = [libc::AF_INET, libc::AF_INET6].contains(&first);
                return if of_ip { self.waits(tid, entry, None) } else { Go::On };
            }
            libc::SYS_close => {
                // to the call's return, when the descriptor is known to be gone
                let socket = self.closes(tid, first);
                return if socket.is_some() { self.waits(tid, entry, socket) } else { Go::On };
            }
            libc::SYS_dup3 => return self.forgets(tid, Some(int(entry.args[1]))),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_dup2 => return self.forgets(tid, Some(int(entry.args[1]))),
            libc::SYS_close_range => return self.forgets(tid, None),
            number if changes_user(number).is_some() => return self.waits(tid, entry, None),
            _ => self.socket_at(tid, first),
        };
        if socket.is_some() { self.waits(tid, entry, socket) } else { Go::On }
    }

    fn waits(&mut self, tid: Tid, entry: Entry, socket: Option<u64>) -> Go {
        let Some(thread) = self.threads.get_mut(&tid) else { return Go::On };
        (thread.call, thread.began) = (Some((entry, socket)), now());
        Go::ToReturn
    }

    /// Forgets a descriptor, or all: it may refer to another file from now on.
    fn forgets(&mut self, tid: Tid, fd: Option<i32>) -> Go {
        if let Some(process) = self.process_of(tid) {
            match fd {
                Some(fd) => drop(process.descriptors.remove(&fd)),
                None => process.descriptors.clear(),
            }
        }
        Go::On
    }

    fn process_of(&mut self, tid: Tid) -> Option<&mut Process> {
        let process = self.threads.get(&tid)?.process;
        self.processes.get_mut(&process)
    }

    /// The cookie of a thread's descriptor, if it is a TCP or UDP socket.
    fn socket_at(&mut self, tid: Tid, fd: i32) -> Option<u64> {
        let process = self.process_of(tid)?;
        if let Some(known) = process.descriptors.get(&fd) {
            return *known;
        }
        let facts = socket_at(tid, fd).and_then(|_| process.handle.facts(fd));
        process.descriptors.insert(fd, facts.map(|facts| facts.cookie));
        let facts = facts?;
        self.sockets.entry(facts.cookie).or_insert(Socket { facts, connection: 0, listens: false });
        Some(facts.cookie)
    }

    /// Reads the ends of a socket again, after a call that may have set one.
    fn look_again(&mut self, tid: Tid, fd: i32, cookie: u64) {
        let facts = self.process_of(tid).and_then(|process| process.handle.facts(fd));
        if let Some((facts, socket)) = facts.filter(|facts| facts.cookie == cookie).zip(self.sockets.get_mut(&cookie)) {
            let known = socket.facts;
            socket.facts = Facts { local: facts.local.or(known.local), peer: facts.peer.or(known.peer), ..facts };
        }
    }

    /// Records a call of a thread, with the peer that it names if the socket itself has none.
    fn note(&mut self, tid: Tid, cookie: u64, peer: Option<Endpoint>, kind: CallKind) {
        self.note_with(tid, cookie, peer, kind, &Details::default());
    }

    fn note_with(&mut self, tid: Tid, cookie: u64, peer: Option<Endpoint>, kind: CallKind, details: &Details) {
        let Some(program) = self.process_of(tid).map(|process| process.program) else { return };
        let Some((program, socket)) = self.programs.get_mut(&program).zip(self.sockets.get_mut(&cookie)) else {
            return;
        };
        let peer = socket.facts.peer.or(peer);
        if socket.connection == 0 && peer.is_some() && socket.facts.peer.is_some() {
            program.connections += 1;
            socket.connection = program.connections;
        }
        let Details { began, asked, closing } = *details;
        program.transcript.note_seen(SeenCall {
            began,
            connection: socket.connection,
            local: socket.facts.local,
            peer,
            kind,
            unread: closing.map(|closing| closing.unread),
            trace: CallTrace { socket: cookie, asked, lingers: closing.is_some_and(|closing| closing.lingers) },
        });
    }

    /// Handles a thread about to close a descriptor. Returns the cookie of its socket.
    fn closes(&mut self, tid: Tid, fd: i32) -> Option<u64> {
        let cookie = self.socket_at(tid, fd)?;
        let others = socket_at(tid, fd).is_some_and(|inode| self.others_have(tid, &inode, Some(fd)));
        let process = self.process_of(tid)?;
        process.descriptors.remove(&fd);
        let closing = process.handle.closing(fd);
        let of_connection = self.sockets.get(&cookie).is_some_and(Socket::is_connection);
        if others {
            self.note(tid, cookie, None, CallKind::CloseCopy);
        } else {
            let details = Details { closing: closing.filter(|_| of_connection), ..Details::default() };
            self.note_with(tid, cookie, None, CallKind::Close, &details);
            self.sockets.remove(&cookie);
        }
        Some(cookie)
    }

    /// `true` if the socket with this inode has another descriptor than this one, or than those of the thread's whole
    /// process. Those that are about to be closed do not count.
    fn others_have(&self, tid: Tid, inode: &str, but: Option<i32>) -> bool {
        let own = self.threads.get(&tid).map(|thread| thread.process);
        self.processes.keys().any(|&process| {
            let threads = || self.threads.iter().filter(move |(_, thread)| thread.process == process);
            let own = own == Some(process);
            if own && but.is_none() {
                return false;
            }
            // the first thread of a process may be gone
            let Some((live, _)) = threads().find(|(_, thread)| !thread.ends) else { return false };
            let closes = |fd: i32| {
                let mut calls = threads().filter_map(|(_, thread)| thread.call);
                calls.any(|(entry, _)| entry.number == libc::SYS_close && int(entry.args[0]) == fd)
            };
            sockets_of(*live).iter().any(|(fd, other)| other == inode && !(own && Some(*fd) == but) && !closes(*fd))
        })
    }

    /// Handles a thread about to end: with the last of its process the kernel closes the sockets.
    fn ends(&mut self, tid: Tid) {
        let Some(thread) = self.threads.get_mut(&tid) else { return };
        thread.ends = true;
        let process = thread.process;
        if self.threads.values().any(|other| other.process == process && !other.ends) {
            return;
        }
        let killed = request::message(tid).is_some_and(|status| status & 0x7f != 0);
        let mut seen = HashSet::new();
        let mut sockets: Vec<_> = sockets_of(tid).into_iter().collect();
        sockets.sort();
        for (fd, inode) in sockets {
            let Some(cookie) = self.socket_at(tid, fd) else { continue };
            let connection = self.sockets.get(&cookie).is_some_and(Socket::is_connection);
            if !connection || !seen.insert(cookie) || self.others_have(tid, &inode, None) {
                continue;
            }
            let closing = self.process_of(tid).and_then(|process| process.handle.closing(fd));
            let kind = if killed { CallKind::Killed } else { CallKind::Exit };
            self.note_with(tid, cookie, None, kind, &Details { closing, ..Details::default() });
            self.sockets.remove(&cookie);
        }
    }

    /// Handles a thread about to return from a call.
    fn returns(&mut self, tid: Tid) {
        let call = self.threads.get_mut(&tid).and_then(|thread| thread.call.take());
        let Some(((entry, socket), value)) = call.zip(request::returned(tid)) else { return };
        if RESTARTED.contains(&-value) {
            return;
        }
        if let Some(name) = changes_user(entry.number) {
            if value < 0 {
                let program = self.process_of(tid).map(|process| process.program);
                self.refused.extend(program.map(|program| (program, name)));
            }
            return;
        }
        match socket {
            None => {
                if let Some(cookie) = i32::try_from(value).ok().filter(|fd| *fd >= 0).and_then(|fd| {
                    self.forgets(tid, Some(fd));
                    self.socket_at(tid, fd)
                }) {
                    let protocol = self.sockets.get(&cookie).map(|socket| socket.facts.protocol);
                    protocol.into_iter().for_each(|of| self.note(tid, cookie, None, CallKind::Open(of)));
                }
            }
            Some(cookie) => self.returned(tid, &entry, cookie, value),
        }
    }

    fn returned(&mut self, tid: Tid, entry: &Entry, cookie: u64, value: i64) {
        let args = &entry.args;
        let named = |at: u64| Memory::of(tid).and_then(|memory| memory.endpoint(at));
        let socket = (int(args[0]), cookie);
        match entry.number {
            libc::SYS_bind => {
                self.look_again(tid, int(args[0]), cookie);
                if value < 0 {
                    // the requested address
                    let asked = named(args[1]);
                    self.with_local(tid, cookie, asked, failed(FailedCall::Bind, value));
                } else {
                    self.note(tid, cookie, None, CallKind::Bind);
                    if self.sockets.get(&cookie).is_some_and(|socket| socket.facts.protocol == Protocol::Udp) {
                        self.can_be_reached(tid);
                    }
                }
            }
            libc::SYS_listen => {
                self.look_again(tid, int(args[0]), cookie);
                if let Some(socket) = self.sockets.get_mut(&cookie).filter(|_| value == 0) {
                    socket.listens = true;
                    self.can_be_reached(tid);
                }
                let kind = if value < 0 { failed(FailedCall::Listen, value) } else { CallKind::Listen };
                self.note(tid, cookie, None, kind);
            }
            libc::SYS_accept | libc::SYS_accept4 => self.accepted(tid, cookie, args[1], value),
            libc::SYS_connect => {
                let Some(to) = named(args[1]) else { return };
                self.look_again(tid, int(args[0]), cookie);
                let kind = match i32::try_from(-value) {
                    Ok(0) => CallKind::Connect,
                    Ok(libc::EINPROGRESS | libc::EINTR) => CallKind::Connecting,
                    // it reports an earlier one
                    Ok(libc::EALREADY | libc::EISCONN) => return,
                    _ => failed(FailedCall::Connect, value),
                };
                if kind == CallKind::Connecting {
                    self.assume_peer(cookie, to);
                }
                self.note(tid, cookie, Some(to), kind);
            }
            libc::SYS_shutdown => {
                let kind = match (value, int(args[1])) {
                    (..0, _) => failed(FailedCall::Shutdown, value),
                    (_, libc::SHUT_RD) => CallKind::ShutdownReceive,
                    _ => CallKind::Shutdown,
                };
                self.note(tid, cookie, None, kind);
            }
            libc::SYS_setsockopt => {
                let Some(memory) = Memory::of(tid).filter(|_| value == 0) else { return };
                let read = |offset: u64| memory.int(args[3].checked_add(offset)?);
                if let Some(option) = option::set(int(args[1]), int(args[2]), read) {
                    self.note(tid, cookie, None, CallKind::SetOption(option));
                }
            }
            libc::SYS_sendto => self.sent(tid, socket, value, Some(args[2]), || named(args[4])),
            libc::SYS_sendmsg => self.sent(tid, socket, value, None, || Memory::of(tid)?.message_name(args[1])),
            libc::SYS_write => self.sent(tid, socket, value, Some(args[2]), || None),
            libc::SYS_writev | libc::SYS_sendfile => self.sent(tid, socket, value, None, || None),
            libc::SYS_sendmmsg => self.several(tid, entry, value, |tracer, count, peer| {
                tracer.sent(tid, socket, count, None, || peer);
            }),
            libc::SYS_recvfrom => {
                self.received(tid, cookie, value, (Some(args[2]), int(args[3])), || named(args[4]));
            }
            libc::SYS_recvmsg => {
                self.received(tid, cookie, value, (None, int(args[2])), || Memory::of(tid)?.message_name(args[1]))
            }
            libc::SYS_recvmmsg => self.several(tid, entry, value, |tracer, count, peer| {
                tracer.received(tid, cookie, count, (None, int(args[3])), || peer);
            }),
            libc::SYS_read => self.received(tid, cookie, value, (Some(args[2]), 0), || None),
            libc::SYS_readv => self.received(tid, cookie, value, (None, 0), || None),
            _ => {}
        }
    }

    /// Sets the peer of a socket whose connection is not established yet.
    fn assume_peer(&mut self, cookie: u64, peer: Endpoint) {
        if let Some(socket) = self.sockets.get_mut(&cookie) {
            socket.facts.peer = socket.facts.peer.or(Some(peer));
        }
    }

    /// Records a call with a local end that the socket did not get.
    fn with_local(&mut self, tid: Tid, cookie: u64, local: Option<Endpoint>, kind: CallKind) {
        let Some(socket) = self.sockets.get_mut(&cookie) else { return };
        let kept = std::mem::replace(&mut socket.facts.local, local);
        self.note(tid, cookie, None, kind);
        if let Some(socket) = self.sockets.get_mut(&cookie) {
            socket.facts.local = kept;
        }
    }

    fn accepted(&mut self, tid: Tid, listener: u64, name: u64, value: i64) {
        if value < 0 {
            if !nothing_done(value) {
                self.note(tid, listener, None, failed(FailedCall::Accept, value));
            }
            return;
        }
        let Ok(fd) = i32::try_from(value) else { return };
        self.forgets(tid, Some(fd));
        let Some(cookie) = self.socket_at(tid, fd) else { return };
        // a peer that has already reset the connection is known from the result of accept()
        if let Some(peer) = Memory::of(tid).and_then(|memory| memory.endpoint(name)) {
            self.assume_peer(cookie, peer);
        }
        self.note(tid, cookie, None, CallKind::Accept);
    }

    /// Records a call that has sent, or failed to.
    fn sent(
        &mut self,
        tid: Tid,
        (fd, cookie): (i32, u64),
        value: i64,
        asked: Option<u64>,
        to: impl FnOnce() -> Option<Endpoint>,
    ) {
        if nothing_done(value) {
            return;
        }
        let facts = self.sockets.get(&cookie).map(|socket| socket.facts);
        if facts.is_some_and(|facts| facts.local.is_none()) {
            self.look_again(tid, fd, cookie);
        }
        let to = if facts.is_some_and(|facts| facts.peer.is_some()) { None } else { to() };
        let kind = u64::try_from(value).map_or_else(|_| failed(FailedCall::Send, value), CallKind::Send);
        self.note_with(tid, cookie, to, kind, &Details { asked, ..Details::default() });
    }

    /// Records a call that has received, or failed to; `how` holds its buffer size in bytes, if known, and its flags.
    fn received(
        &mut self,
        tid: Tid,
        cookie: u64,
        value: i64,
        how: (Option<u64>, i32),
        from: impl FnOnce() -> Option<Endpoint>,
    ) {
        let (asked, flags) = how;
        if nothing_done(value) || flags & libc::MSG_ERRQUEUE != 0 {
            return;
        }
        let Some(facts) = self.sockets.get(&cookie).map(|socket| socket.facts) else { return };
        let tcp = facts.protocol == Protocol::Tcp;
        let kind = match u64::try_from(value) {
            Err(_) => failed(FailedCall::Receive, value),
            Ok(0) if tcp && asked == Some(0) => return,
            Ok(0) if tcp => CallKind::EndOfStream,
            Ok(count) if flags & libc::MSG_PEEK != 0 => CallKind::Peek(count),
            Ok(count) => CallKind::Receive(count),
        };
        let from = if facts.peer.is_some() { None } else { from() };
        self.note_with(tid, cookie, from, kind, &Details { asked, ..Details::default() });
    }

    /// Calls `each` for every message of a call that sends or receives several.
    fn several(&mut self, tid: Tid, entry: &Entry, value: i64, each: impl Fn(&mut Self, i64, Option<Endpoint>)) {
        let Ok(count) = u64::try_from(value) else {
            each(self, value, None);
            return;
        };
        let messages = Memory::of(tid).map(|memory| memory.messages(entry.args[1], count)).unwrap_or_default();
        for (peer, len) in messages {
            each(self, i64::try_from(len).unwrap_or(i64::MAX), peer);
        }
    }
}

impl Socket {
    /// `true` for an end of a TCP connection.
    fn is_connection(&self) -> bool {
        self.facts.protocol == Protocol::Tcp && !self.listens && self.facts.peer.is_some()
    }
}

/// An `int`, such as a descriptor, as the kernel reads it from a register: its lower half.
fn int(register: u64) -> i32 {
    let [a, b, c, d, ..] = register.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// `true` if a call returned without effect: it would have blocked, or a signal interrupted it.
fn nothing_done(value: i64) -> bool {
    [libc::EAGAIN, libc::EINTR].map(i64::from).contains(&-value)
}

fn failed(call: FailedCall, value: i64) -> CallKind {
    CallKind::failed(call, &io::Error::from_raw_os_error(i32::try_from(-value).unwrap_or_default()))
}
