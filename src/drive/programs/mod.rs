//! Third-party programs as the server and the clients of a session.
//!
//! They run as the caller: with the caller's user, environment, folder and files. All are in a PID namespace that ends
//! with the session, so that no process is left, daemons included.

mod command;
mod isolation;
mod launch;
mod output;
mod program_table;
mod sockets;
mod supervisor;
mod terminal;
mod trace;
mod waiting;

use std::collections::{HashSet, VecDeque};
use std::io::{self, PipeReader, Read, Write};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::Signal as ProcessSignal;

pub use self::command::{Command, CommandError};
pub use self::output::Show;

use self::program_table::ProgramTable;
use self::sockets::{SocketTables, Sockets};
use self::supervisor::{EventSender, Order, Orders, SupervisorEvent, supervise};
use self::waiting::waits_for_others;
use super::network::Network;
use super::signal::{Signal, WakeReason};
use super::transcript::Transcript;
use crate::lab::Addresses;
use crate::model::{Program, ProgramEnd, Side};
use nix::poll::PollFlags;

/// Interval between two reads of the socket tables during a wait: the kernel does not report new listeners.
const LOOK: Duration = Duration::from_millis(5);

/// Time that a program has to end after each signal.
const GRACE: Duration = Duration::from_secs(1);

/// Time that a server has to end by itself once it no longer waits for a client.
const OWN_END: Duration = Duration::from_secs(3);

/// Bytes of input that are written to a pipe at once; more are kept in a temporary file.
const PIPE_BYTES: usize = 32 << 10;

/// Standard input of the clients.
#[derive(Clone, Debug)]
pub enum ClientInput {
    /// Standard input of echolab.
    Inherited,
    /// A file, read by each client from its start.
    File(PathBuf),
    /// These bytes, for each client.
    Bytes(Vec<u8>),
}

/// The programs of a session.
pub struct ProgramOptions {
    /// The servers, each started when the one before it listens.
    pub servers: Vec<Command>,
    /// The clients.
    pub clients: Vec<Command>,
    /// `true` to run the clients at the same time instead of one after the other.
    pub together: bool,
    /// `true` if the first client is started before the servers.
    pub client_first: bool,
    /// Standard input of the clients. Of several that run together only the first inherits it.
    pub input: ClientInput,
    /// Time limit for each server to listen.
    pub listen_timeout: Duration,
    /// Time limit for the clients; `None` for no limit.
    pub timeout: Option<Duration>,
    /// Time limit for connections to close once the clients have ended.
    pub settle: Duration,
    /// Receives the programs' output.
    pub show: Show,
    /// The transcripts of the clients' and of the servers' socket calls; `None` to leave the programs untraced.
    pub transcripts: Option<[Transcript; 2]>,
}

/// The result of running the programs.
#[derive(Debug, Default)]
pub struct ProgramOutcome {
    /// The servers, then the clients.
    pub programs: Vec<Program>,
    /// Notes for the user, a sentence each.
    pub notes: Vec<String>,
    /// Requests of the user that were not met, a sentence each.
    pub unmet: Vec<String>,
    /// Failures, a sentence each.
    pub failed: Vec<String>,
}

/// The hosts of the programs, ready for them.
pub struct ProgramHosts {
    /// The tables of the server's host, and of the client's if that is another host.
    tables: Vec<SocketTables>,
    /// Notes for the user.
    pub notes: Vec<String>,
}

impl ProgramHosts {
    /// Prepares the hosts; must be called while the rights exist. On a host shared with others, only sockets with one
    /// of these `ports` belong to the session.
    ///
    /// # Errors
    /// If the system refuses a PID namespace, or has no /proc.
    pub fn prepare(network: &Network, ports: &[u16]) -> Result<Self> {
        let (mut tables, mut notes) = (Vec::new(), Vec::new());
        for side in sides(network) {
            let names = names(network);
            let (ports, own) = (ports.to_vec(), !matches!(network, Network::LocalHost(_)));
            let (table, note) = network.on(*side, move || -> Result<_> {
                let note = isolation::prepare(&names, own)?;
                Ok((SocketTables::open(ports).context("can't read the kernel's socket tables in /proc/net")?, note))
            })??;
            tables.push(table);
            notes.extend(note);
        }
        notes.dedup();
        Ok(Self { tables, notes })
    }

    fn sockets(&mut self) -> io::Result<Sockets> {
        let mut all = Sockets::default();
        for tables in &mut self.tables {
            let Sockets { listening, bound, open, unix } = tables.read()?;
            all.listening += listening;
            all.bound += bound;
            all.open += open;
            all.unix += unix;
        }
        Ok(all)
    }

    /// The sockets of the server's host.
    fn server_sockets(&mut self) -> io::Result<Sockets> {
        self.tables.first_mut().map_or_else(|| Ok(Sockets::default()), SocketTables::read)
    }

    /// The number of packets that the client's host has sent.
    fn sent(&mut self) -> io::Result<u64> {
        self.tables.last_mut().map_or(Ok(0), SocketTables::sent)
    }
}

/// The sides that have a host of their own: the server's comes first.
fn sides(network: &Network) -> &'static [Side] {
    if matches!(network, Network::Lab(_)) { &[Side::Server, Side::Client] } else { &[Side::Server] }
}

/// The names that resolve in the hosts.
fn names(network: &Network) -> Vec<(IpAddr, &'static str)> {
    // IPv4 alone: a client that tried IPv6 first would show a refused connection to a server of IPv4
    let of = |side: Side| match network {
        Network::Lab(_) => IpAddr::from(Addresses::of(side.direction()).ipv4),
        _ => IpAddr::from([127, 0, 0, 1]),
    };
    [Side::Server, Side::Client].map(|side| (of(side), side.name())).to_vec()
}

/// Runs the programs until the last has ended, and leaves no process. `halt` ends them early.
///
/// # Errors
/// If the system refuses a thread or a pipe, or a host fails.
pub fn run_programs(
    network: &Network,
    hosts: ProgramHosts,
    options: ProgramOptions,
    halt: &Signal,
) -> Result<ProgramOutcome> {
    let (events, heard) = channel();
    let (woken, wake) = io::pipe()?;
    let mut orders = Vec::new();
    let mut supervisors = Vec::new();
    for side in sides(network) {
        let (sender, receiver) = channel();
        let (reader, writer) = io::pipe()?;
        let waker = writer.try_clone()?;
        let teller = EventSender { events: events.clone(), wake: wake.try_clone()? };
        orders.push(Orders { orders: sender, wake: writer });
        supervisors.push(network.submit(*side, move || supervise(&receiver, reader, waker, &teller))?);
    }
    drop((events, wake));
    let table = ProgramTable::assemble(&options.servers, &options.clients);
    let mut director = Director {
        hosts,
        options,
        halt: halt.clone(),
        orders,
        heard,
        woken,
        table,
        orphans: 0,
        listening: HashSet::new(),
        untraced: Vec::new(),
        user_kept: Vec::new(),
        at_terminal: Vec::new(),
    };
    let directed = director.direct();
    let Director { table, orders, .. } = director;
    // a supervisor ends when its order channel is closed: it is woken to notice
    for Orders { orders, wake } in orders {
        drop(orders);
        let _ = (&wake).write(&[1]);
    }
    for supervisor in supervisors {
        supervisor.wait()?.context("can't run programs")?;
    }
    let mut outcome = directed?;
    outcome.programs = table.programs();
    outcome.notes.extend(outcome.programs.iter().filter_map(terminal::complaint));
    Ok(outcome)
}

/// Controls the start and the end of each program.
struct Director {
    hosts: ProgramHosts,
    options: ProgramOptions,
    halt: Signal,
    /// The channels to the server's host, and to the client's if that is another host.
    orders: Vec<Orders>,
    heard: Receiver<SupervisorEvent>,
    woken: PipeReader,
    table: ProgramTable,
    /// Number of processes that have left their parents.
    orphans: usize,
    /// Servers whose traced calls show that clients can reach them.
    listening: HashSet<usize>,
    /// Programs whose calls are not traced, with the reason.
    untraced: Vec<(usize, String)>,
    /// Programs that could not change their user or group, and the call that failed.
    user_kept: Vec<(usize, &'static str)>,
    /// Programs that the kernel stopped as they used the terminal.
    at_terminal: Vec<usize>,
}

/// The reason that a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitOutcome {
    /// The condition is met.
    Done,
    /// The condition can no longer be met.
    Never,
    /// The time limit is reached.
    TimedOut,
    /// The user has requested the end.
    Halted,
}

impl Director {
    fn direct(&mut self) -> Result<ProgramOutcome> {
        let mut outcome = ProgramOutcome::default();
        let mut clients: VecDeque<usize> = self.table.of_side(Side::Client).into();
        let began = if self.options.client_first { self.client_before_server(&mut clients)? } else { Instant::now() };
        let (listens, last) = self.servers()?;
        let began = if self.options.client_first { began } else { Instant::now() };
        match listens {
            WaitOutcome::Done => {
                let ended = self.clients(clients, began)?;
                if ended == WaitOutcome::TimedOut {
                    let time = humantime::format_duration(self.options.timeout.unwrap_or_default());
                    let who = self.table.running_clients().join(" and ");
                    outcome.unmet.push(format!("{who} had not ended after {time} (--timeout) and was stopped"));
                }
            }
            WaitOutcome::Never if self.options.client_first => {
                // the client that came first may still wait for it
                self.clients(VecDeque::new(), began)?;
            }
            // that it did not start is reported with its reason
            WaitOutcome::Never if self.table.did_not_start(last) => {}
            WaitOutcome::Never | WaitOutcome::TimedOut => outcome.unmet.push(self.never_listened(last)?),
            WaitOutcome::Halted => {}
        }
        self.stop_all()?;
        self.report(&mut outcome);
        if self.halt.is_raised() {
            outcome.unmet.push("stopped before the end".to_owned());
        }
        Ok(outcome)
    }

    /// Starts one server after the other, each when clients can reach the one before. Returns the reason that the last
    /// wait ended, and the index of the last server started.
    fn servers(&mut self) -> Result<(WaitOutcome, usize)> {
        let (mut listens, mut last) = (WaitOutcome::Done, 0);
        for server in self.table.of_side(Side::Server) {
            let before = self.hosts.server_sockets()?.serving();
            self.start(server)?;
            last = server;
            listens = self.wait(Some(self.options.listen_timeout), |director| {
                // a traced call reports it at once; the sockets of other programs are read from the kernel's tables
                if director.listening.contains(&server) || director.hosts.server_sockets()?.serving() > before {
                    return Ok(Some(WaitOutcome::Done));
                }
                let gone = director.table.has_ended(server) && director.orphans == 0;
                Ok(gone.then_some(WaitOutcome::Never))
            })?;
            if listens != WaitOutcome::Done {
                break;
            }
        }
        Ok((listens, last))
    }

    /// Starts the first client, and waits until it has sent a packet, or ended.
    fn client_before_server(&mut self, clients: &mut VecDeque<usize>) -> Result<Instant> {
        let began = Instant::now();
        let before = self.hosts.sent()?;
        if let Some(first) = clients.pop_front() {
            self.start(first)?;
            self.wait(self.options.timeout, |director| {
                let done = director.hosts.sent()? > before || director.table.has_ended(first);
                Ok(done.then_some(WaitOutcome::Done))
            })?;
        }
        Ok(began)
    }

    /// Runs the clients, and waits for the end of them and of their connections.
    fn clients(&mut self, mut clients: VecDeque<usize>, began: Instant) -> Result<WaitOutcome> {
        let deadline = self.options.timeout.map(|timeout| began + timeout);
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let ended = self.wait(left, |director| Ok(director.table.clients_ended().then_some(WaitOutcome::Done)))?;
            if ended != WaitOutcome::Done {
                return Ok(ended);
            }
            let settle = self.options.settle;
            let settled = self.wait(Some(settle), |director| {
                Ok((director.hosts.sockets()?.open == 0).then_some(WaitOutcome::Done))
            })?;
            if settled == WaitOutcome::Halted || clients.is_empty() {
                return Ok(if settled == WaitOutcome::Halted { settled } else { WaitOutcome::Done });
            }
            let next = if self.options.together { clients.len() } else { 1 };
            for client in clients.drain(..next) {
                self.start(client)?;
            }
        }
    }

    /// Lets servers that no longer wait for a client end by themselves, within a time limit.
    fn let_end(&mut self, servers: &[usize]) -> Result<()> {
        self.wait(Some(OWN_END), |director| {
            let serves = director.hosts.server_sockets()?.serving() > 0;
            let mut running = servers.iter().filter(|id| director.table.is_running(**id));
            let ends = running.any(|id| !serves || !director.table.pid(*id).is_none_or(waits_for_others));
            Ok((!ends).then_some(WaitOutcome::Done))
        })?;
        Ok(())
    }

    /// Ends the clients that still run, then the servers, then any processes that they have left.
    fn stop_all(&mut self) -> Result<()> {
        if !self.table.clients_ended() {
            self.orders.iter().for_each(|orders| orders.give(Order::NoteWaiting));
        }
        for side in [Side::Client, Side::Server] {
            let group = self.table.of_side(side);
            if side == Side::Server {
                self.let_end(&group)?;
            }
            for signal in [ProcessSignal::SIGINT, ProcessSignal::SIGTERM, ProcessSignal::SIGKILL] {
                let running: Vec<usize> = group.iter().copied().filter(|id| self.table.is_running(*id)).collect();
                if running.is_empty() {
                    break;
                }
                for id in &running {
                    self.table.stopped_with(*id, signal.as_str());
                    self.order(*id, Order::Signal(Some(*id), signal));
                }
                let grace = if signal == ProcessSignal::SIGKILL { None } else { Some(GRACE) };
                self.wait_for_end(grace, |director| {
                    Ok(running.iter().all(|id| director.table.has_ended(*id)).then_some(WaitOutcome::Done))
                })?;
            }
        }
        if self.orphans > 0 {
            self.orders.iter().for_each(|orders| orders.give(Order::Signal(None, ProcessSignal::SIGTERM)));
            self.wait_for_end(Some(GRACE), |director| Ok((director.orphans == 0).then_some(WaitOutcome::Done)))?;
        }
        let settle = self.options.settle;
        self.wait_for_end(Some(settle), |director| {
            Ok((director.hosts.sockets()?.open == 0).then_some(WaitOutcome::Done))
        })?;
        Ok(())
    }

    /// Reports the meaning of the programs' exit statuses.
    fn report(&mut self, outcome: &mut ProgramOutcome) {
        for (id, why) in &self.untraced {
            let label = self.table.0.get(*id).map(program_table::ProgramState::label).unwrap_or_default();
            outcome.notes.push(format!("the calls of {label} were not traced ({why}): the report has none of them"));
        }
        self.user_kept.dedup_by_key(|(id, _)| *id);
        for (id, call) in &self.user_kept {
            let label = self.table.0.get(*id).map(program_table::ProgramState::label).unwrap_or_default();
            outcome.notes.push(format!(
                "{label} could not change its user or group ({call}() failed): the programs of a run keep the user that started echolab, without the rights of root"
            ));
        }
        for id in &self.at_terminal {
            outcome.unmet.push(terminal::stopped(&self.table.named(*id)));
        }
        for member in &self.table.0 {
            match &member.end {
                Some(ProgramEnd::NotStarted(why)) => {
                    outcome.failed.push(format!(
                        "{} (`{}`) did not start: {why}",
                        member.label(),
                        member.command.typed()
                    ));
                }
                Some(_) if member.failed() => {
                    outcome.unmet.push(format!(
                        "{} (`{}`) {}",
                        member.label(),
                        member.command.typed(),
                        member.ending()
                    ));
                }
                _ => {}
            }
        }
    }

    /// The message that no client was started, since `server`, the last one started, cannot be reached.
    fn never_listened(&mut self, server: usize) -> Result<String> {
        let unix = self.hosts.server_sockets()?.unix > 0;
        let time = humantime::format_duration(self.options.listen_timeout);
        let what = format!("has no listening TCP socket and no bound UDP socket after {time} (--listen-timeout)");
        let ended = self.table.has_ended(server);
        let named = self.table.named(server);
        let started = if self.table.of_side(Side::Client).len() > 1 {
            "no client was started"
        } else {
            "the client was not started"
        };
        Ok(match (unix, ended) {
            (true, _) => format!(
                "{named} {what}, only a listening UNIX socket: its data pass through no network and can't be captured; \
                 {started}"
            ),
            (false, true) => format!("{named} ended before it listened; {started}"),
            (false, false) => format!("{named} {what}; {started}"),
        })
    }

    fn start(&mut self, id: usize) -> Result<()> {
        let Some(member) = self.table.0.get_mut(id) else { return Ok(()) };
        let input = if member.side() == Side::Server { None } else { Some(&self.options.input) };
        let alone = !self.options.together || member.is_first();
        let launch = member.launch(input, alone, &self.options.show, self.options.transcripts.as_ref())?;
        self.order(id, Order::Start(id, Box::new(launch)));
        self.wait_for_end(None, |director| {
            Ok(director
                .table
                .0
                .get(id)
                .is_none_or(|member| member.started || member.end.is_some())
                .then_some(WaitOutcome::Done))
        })?;
        Ok(())
    }

    /// Sends an order to the supervisor of a program.
    fn order(&self, id: usize, order: Order) {
        let of_server = self.table.0.get(id).is_some_and(|member| member.side() == Side::Server);
        let orders = if of_server { self.orders.first() } else { self.orders.last() };
        if let Some(orders) = orders {
            orders.give(order);
        }
    }

    /// Waits until `look` returns a result.
    fn wait(
        &mut self,
        most: Option<Duration>,
        look: impl FnMut(&mut Self) -> Result<Option<WaitOutcome>>,
    ) -> Result<WaitOutcome> {
        self.wait_until(most, true, look)
    }

    /// The same, even if the user has requested the end.
    fn wait_for_end(
        &mut self,
        most: Option<Duration>,
        look: impl FnMut(&mut Self) -> Result<Option<WaitOutcome>>,
    ) -> Result<WaitOutcome> {
        self.wait_until(most, false, look)
    }

    fn wait_until(
        &mut self,
        most: Option<Duration>,
        halts: bool,
        mut look: impl FnMut(&mut Self) -> Result<Option<WaitOutcome>>,
    ) -> Result<WaitOutcome> {
        let deadline = most.map(|most| Instant::now() + most);
        loop {
            self.hear();
            if let Some(waited) = look(self)? {
                return Ok(waited);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(WaitOutcome::TimedOut);
            }
            let time = LOOK.min(left.unwrap_or(LOOK));
            let woken = if halts {
                self.halt.wait_with(&self.woken, PollFlags::POLLIN, Some(time))?
            } else {
                let mut waits = [nix::poll::PollFd::new(std::os::fd::AsFd::as_fd(&self.woken), PollFlags::POLLIN)];
                if super::signal::poll(&mut waits, Some(time))? { WakeReason::Ready } else { WakeReason::TimedOut }
            };
            match woken {
                WakeReason::Signalled => return Ok(WaitOutcome::Halted),
                WakeReason::Ready => {
                    let mut bytes = [0; 512];
                    if self.woken.read(&mut bytes)? == 0 {
                        // all supervisors have ended: their errors are reported when they are joined
                        return Ok(WaitOutcome::Never);
                    }
                }
                WakeReason::TimedOut => {}
            }
        }
    }

    /// Ends a program that the kernel has stopped for using the terminal: it cannot continue.
    fn end_at_terminal(&mut self, id: usize) {
        if !self.at_terminal.contains(&id) {
            self.at_terminal.push(id);
            self.table.stopped_with(id, ProcessSignal::SIGKILL.as_str());
            self.order(id, Order::Signal(Some(id), ProcessSignal::SIGKILL));
        }
    }

    fn hear(&mut self) {
        while let Ok(events) = self.heard.try_recv() {
            match events {
                SupervisorEvent::Started(id, pid) => self.table.started(id, pid),
                SupervisorEvent::Listens(id) => drop(self.listening.insert(id)),
                SupervisorEvent::AtTerminal(id) => self.end_at_terminal(id),
                SupervisorEvent::Ended(id, end) => self.table.ended(id, end),
                SupervisorEvent::NotTraced(id, why) => self.untraced.push((id, why)),
                SupervisorEvent::UserKept(id, call) => self.user_kept.push((id, call)),
                SupervisorEvent::Orphans(count) => self.orphans = count,
            }
        }
    }
}

/// A descriptor from which these bytes can be read.
fn descriptor_of(bytes: &[u8]) -> io::Result<OwnedFd> {
    if bytes.len() <= PIPE_BYTES {
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(bytes)?;
        return Ok(reader.into());
    }
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    io::Seek::rewind(&mut file)?;
    Ok(file.into())
}
