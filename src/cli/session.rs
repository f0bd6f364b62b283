//! `echolab session`: one echo session, driven, captured, explained.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::{ArgAction, Args, ValueEnum};

use super::echo_args::{BehaviourArgs, READ_LIMIT, ServerArgs};
use super::exit::say;
use super::interrupt::interrupt;
use super::messages::MessageArgs;
use super::output::{OutputArgs, Scope};
use super::{Exit, privileges};
use crate::capture::save::{CaptureWriter, create, format_of};
use crate::capture::tee::Tee;
use crate::capture::{Interface, LiveSource, Source};
use crate::drive::{Behaviour, Client, ClientFault, Plan, Tally};
use crate::model::{CaptureInfo, Endpoint, Protocol, Side};
use crate::pipeline;
use crate::report::{CaptureTotals, Sink};
use crate::session::{Session, SessionOptions};

/// Run one echo session on this host, capture it and explain every step.
///
/// Server and client are echolab's own and meet on the loopback interface, whatever address is used. The capture is
/// open before the client starts and is drained to the last packet.
///
/// Capturing needs CAP_NET_RAW (sudo gives it); root is given up before the client connects, and files belong to the
/// caller.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab session                                      the ten steps of a TCP echo
  echolab session --proto udp --message one --message two
  echolab session --message-bytes 479 --message-bytes 1380 --port 8000
  echolab session --message HELLO --line --repeat 1000 --reads 2
  echolab session --transform upper --format markdown --output report.md
  echolab session --write session.pcapng               keep the capture too
  echolab session --write - | tcpdump -nn -r -         the report goes to standard error
  sudo \"$(command -v echolab)\" session                 where capturing needs root

Exit status: 0 done, 1 the client did not get its echo or was stopped, 2 an error, or packets are missing.")]
pub(super) struct SessionArgs {
    #[command(flatten)]
    server: ServerArgs,

    /// Capture on this interface: the loopback interface, or any.
    #[arg(short, long, value_name = "NAME")]
    interface: Option<String>,

    /// Keep the capture in FILE: pcapng if its name ends so, else pcap; - is standard output.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,

    #[command(flatten)]
    messages: MessageArgs,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    behaviour: BehaviourArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// What the client does besides what it sends.
#[derive(Debug, Args)]
#[command(next_help_heading = "Client")]
struct ClientArgs {
    /// Send all messages N times over.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,

    /// End each message with a newline.
    #[arg(long)]
    line: bool,

    /// Send one byte at a time.
    #[arg(long)]
    continuous: bool,

    /// Send everything before the first read.
    #[arg(long)]
    no_wait: bool,

    /// Read N times, then close, whatever has come by then; by default everything is read.
    #[arg(long, value_name = "N")]
    reads: Option<u64>,

    /// Read at most N bytes at once.
    #[arg(long, value_name = "N", default_value_t = Behaviour::READ_SIZE as u32)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=READ_LIMIT))]
    client_read_size: u32,

    /// Who closes the connection first.
    #[arg(long, value_enum, value_name = "client|server", default_value = "client", hide_possible_values = true)]
    close_first: SideArg,

    /// Wait so long for each answer [default: 2s and the server's delay].
    #[arg(long, value_name = "DUR", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,

    /// Say what the server has to say on standard error.
    #[arg(long, action = ArgAction::SetTrue)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SideArg {
    Client,
    Server,
}

impl SessionArgs {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let write = self.write.clone();
        let force = self.output.force();
        let mut output = self.output.clone().check(Scope::default())?;
        if write.as_deref().is_some_and(is_stdout) {
            output.make_way();
        }
        let files = [write.as_deref().filter(|path| !is_stdout(path)), output.file()];
        files.into_iter().flatten().try_for_each(|path| ensure_free(path, force))?;
        let options = self.session_options()?;
        let halt = interrupt()?;

        let session = Session::open(options)?;
        privileges::give_up()?;
        let server = Endpoint::from(session.server());
        let writer = write.map(|path| open_capture(&path, force, session.info())).transpose()?;
        let mut output = output.open()?;
        let (driven, outcome) = session.run(&halt, |source| follow(source, writer, server, output.sink()))?;
        let (totals, written) = driven;
        let ended = output.end();

        let mut exit = judge(&outcome.tally).and(judge_capture(&totals));
        if let Some(error) = outcome.server_error {
            say(&format!("the server broke off: {error}"));
            exit = exit.and(Exit::Error);
        }
        written.context("can't write the capture")?;
        ended?;
        Ok(exit)
    }

    /// Checks what was typed.
    fn session_options(self) -> anyhow::Result<SessionOptions> {
        let behaviour = self.behaviour.behaviour();
        let plan = Plan {
            protocol: self.server.proto,
            messages: self.messages.messages,
            count: self.client.count,
            line: self.client.line,
            continuous: self.client.continuous,
            no_wait: self.client.no_wait,
            reads: self.client.reads,
            read_size: self.client.client_read_size as usize,
            close_first: match self.client.close_first {
                SideArg::Client => Side::Client,
                SideArg::Server => Side::Server,
            },
        };
        let server = self.server.address()?;
        check(&plan, &behaviour, server.is_ipv6())?;
        let verbose = self.client.verbose;
        Ok(SessionOptions {
            plan,
            behaviour,
            server,
            interface: Interface::from_name(self.interface.as_deref())?,
            timeout: self.client.timeout.unwrap_or(Client::TIMEOUT + self.behaviour.read_delay),
            log: Arc::new(move |event| {
                if verbose {
                    say(&format!("server: {event}"));
                }
            }),
        })
    }
}

/// What can't go together.
fn check(plan: &Plan, behaviour: &Behaviour, ipv6: bool) -> anyhow::Result<()> {
    if plan.close_first == Side::Server {
        ensure!(plan.protocol == Protocol::Tcp, "--close-first server needs TCP: UDP has no connection to close");
        ensure!(plan.reads.is_none(), "--reads says when the client closes, so --close-first server can't go with it");
    }
    if plan.protocol == Protocol::Udp {
        // 65,535 less the UDP header, and over IPv4 less the IP header
        let most = if ipv6 { 65_527 } else { 65_507 };
        let longest = plan.longest_send();
        ensure!(
            longest <= most,
            "a message of {longest} bytes does not fit a UDP datagram, which holds at most {most}"
        );
        let answer = behaviour.prefix.len() + longest.min(behaviour.read_size);
        ensure!(answer <= most, "an answer of {answer} bytes does not fit a UDP datagram, which holds at most {most}");
    }
    Ok(())
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == OsStr::new("-")
}

/// Fails before a session is run whose result could not be kept.
fn ensure_free(path: &Path, force: bool) -> anyhow::Result<()> {
    if !force && path.metadata().is_ok_and(|meta| meta.is_file()) {
        bail!("{} exists already; --force overwrites it", path.display());
    }
    Ok(())
}

fn open_capture(path: &Path, force: bool, info: &CaptureInfo) -> anyhow::Result<CaptureWriter> {
    let format = format_of(path);
    let writer = if is_stdout(path) {
        CaptureWriter::new(io::stdout(), format, info)
    } else {
        CaptureWriter::new(create(path, force)?, format, info)
    };
    writer.with_context(|| format!("can't write {}", path.display()))
}

/// Sends the frames through the pipeline and, where there is a writer, to the capture file as well.
fn follow(
    mut source: LiveSource,
    writer: Option<CaptureWriter>,
    server: Endpoint,
    sink: &mut dyn Sink,
) -> io::Result<(CaptureTotals, io::Result<()>)> {
    let mut options = pipeline::Options { server: Some(server), ..pipeline::Options::default() };
    match writer {
        None => Ok((pipeline::run(&mut source, &mut options, sink)?, Ok(()))),
        Some(writer) => {
            let mut tee = Tee::new(source, writer);
            let ran = pipeline::run(&mut tee, &mut options, sink);
            if ran.is_err() {
                // a report that can't be written is no reason to lose the capture
                while let Ok(Some(_)) = tee.next_frame() {}
            }
            let written = tee.finish();
            Ok((ran?, written))
        }
    }
}

/// What the client's fate means for the exit status.
fn judge(tally: &Tally) -> Exit {
    match &tally.fault {
        None => Exit::Done,
        Some(fault) => {
            say(&format!("the client: {fault}"));
            match fault {
                ClientFault::Failed { .. } => Exit::Error,
                _ => Exit::Unmet,
            }
        }
    }
}

/// A capture with holes is no base for a verdict.
fn judge_capture(totals: &CaptureTotals) -> Exit {
    let mut exit = Exit::Done;
    if let Some(dropped) = totals.dropped.filter(|dropped| *dropped > 0) {
        say(&format!("the kernel dropped {dropped} packets for want of room: the report has holes"));
        exit = Exit::Error;
    }
    if let Some(reason) = &totals.truncated {
        say(&format!("the capture broke off: {reason}"));
        exit = Exit::Error;
    }
    exit
}
