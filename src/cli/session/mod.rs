//! `echolab session`: one echo session, driven, captured, explained.

mod network_args;
mod of_side;
mod socket_args;
mod wire_args;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;

use self::network_args::{Chosen, NetworkArgs};
use self::socket_args::SocketArgs;
use super::client_args::ClientArgs;
use super::echo_args::{BehaviourArgs, ServerArgs};
use super::exit::say;
use super::interrupt::interrupt;
use super::messages::MessageArgs;
use super::output::{OutputArgs, Scope};
use super::scenarios::names;
use super::{Exit, client_args, privileges};
use crate::capture::save::{CaptureWriter, create, format_of};
use crate::capture::tee::Tee;
use crate::capture::{LiveSource, Source, WAYS_TO_CAPTURE};
use crate::drive::lab::{Obstacle, WireOptions};
use crate::drive::{Act, Client, ClientFault, Performance, Scenario, Tally};
use crate::model::{CaptureInfo, Endpoint, Protocol};
use crate::pipeline;
use crate::report::{CaptureTotals, Sink};
use crate::session::{Network, Observed, Observer, Session, SessionOptions, unmet};

/// How long an answer over a wire that loses packets may take: time for three retransmissions.
const REPAIRS: Duration = Duration::from_secs(10);

/// Run one echo session, capture it and explain every step.
///
/// Server and client are echolab's own. They meet on the loopback interface, where capturing needs CAP_NET_RAW (sudo
/// gives it), or each is a host of its own in a private network, which needs no right: --network lab. The capture is
/// open before the client starts and is drained to the last packet.
///
/// Root is given up before the client connects, and files belong to the caller.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab session                                      the ten steps of a TCP echo
  echolab session --proto udp --message one --message two
  echolab session --message-bytes 479 --message-bytes 1380 --port 8000
  echolab session --message HELLO --line --repeat 1000 --reads 2
  echolab session --transform upper --format markdown --output report.md
  echolab session --scenario zero-window               a session by name: echolab scenarios lists them
  echolab session --write session.pcapng               keep the capture too
  echolab session --write - | tcpdump -nn -r -         the report goes to standard error
  sudo \"$(command -v echolab)\" session                 on loopback, where capturing needs root
  echolab session --wire 'drop data 1'                 a lost request, on a private network
  echolab session --network lab --delay 20ms --rate 1mbit --message-bytes 100000
  echolab session --loss 5% --seed 7 --count 100       chance, repeatable
  echolab session --sysctl client:net.ipv4.tcp_sack=0 --congestion reno --socket server:rcvbuf=4096

Rules of --wire: ACTION KIND [NUMBER] [of client|server] [by TIME] [once|twice|N times|always]
  ACTION  drop, delay (needs by TIME), duplicate, corrupt, mark (congestion, for ECN), or swap (two numbers)
  KIND    syn, syn-ack, ack, data, fin, rst, datagram, fragment, icmp, any
  NUMBER  the packet's place among those of its KIND that one side sends; without it whichever comes next.
          What TCP sends again keeps its number: 'drop data 2 twice' drops data 2 and its retransmission.
  Rules are separated by ; or , or line ends; # begins a comment: 'drop syn; delay ack 3 by 50ms; swap data 4 5'

Exit status: 0 done, 1 the client did not get its echo or was stopped, or the
scenario did not show what it is to show, 2 an error, or packets are missing.")]
pub(super) struct SessionArgs {
    /// Run a named scenario, which says itself what is sent and what goes wrong (`echolab scenarios` lists them).
    #[arg(long, value_name = "NAME", value_parser = names(), hide_possible_values = true)]
    #[arg(conflicts_with_all = [
        "proto", "message", "message-bytes", "count", "line", "continuous", "no_wait", "reads", "client_read_size",
        "close_first", "transform", "prefix", "repeat", "read_size", "read_delay", "backlog",
    ])]
    scenario: Option<&'static Scenario>,

    #[command(flatten)]
    server: ServerArgs,

    /// Keep the capture in FILE: pcapng if its name ends so, else pcap; - is standard output.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,

    #[command(flatten)]
    network: NetworkArgs,

    #[command(flatten)]
    messages: MessageArgs,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    behaviour: BehaviourArgs,

    #[command(flatten)]
    sockets: SocketArgs,

    #[command(flatten)]
    output: OutputArgs,
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
        let scenario = self.scenario;
        let (options, note) = self.session_options()?;
        let halt = interrupt()?;

        let session = Session::open(options).map_err(with_ways_out)?;
        if let Some(note) = note {
            say(&note);
        }
        if session.needs_rights() {
            privileges::give_up_except_faults(|| session.give_up_capabilities())?;
        } else {
            privileges::give_up_with(|| session.give_up_capabilities())?;
        }
        let server = Endpoint::from(session.server());
        let writer = write.map(|path| open_capture(&path, force, session.infos().0)).transpose()?;
        let mut output = output.open()?;
        let mut observer = Observer::new(output.sink());
        let (driven, performance) =
            session.run(&halt, |sources| follow(sources.first, writer, server, &mut observer))?;
        let (totals, written) = driven;
        let seen = observer.observed();
        let ended = output.end();

        let exit = match scenario {
            None => judge(&performance.tally),
            Some(scenario) => judge_scenario(scenario, &performance, &seen),
        };
        let mut exit = exit.and(judge_capture(&totals));
        if let Some(error) = performance.server_error {
            say(&format!("the server broke off: {error}"));
            exit = exit.and(Exit::Error);
        }
        written.context("can't write the capture")?;
        ended?;
        Ok(exit)
    }

    /// Checks what was typed; with it, what the user should know of the network.
    fn session_options(self) -> anyhow::Result<(SessionOptions, Option<String>)> {
        let behaviour = self.behaviour.behaviour();
        let protocol = self.server.proto;
        let Chosen { network, server, note } = self.network.choose(&self.server, self.scenario)?;
        let act = match self.scenario {
            Some(scenario) => scenario.act(),
            None => {
                let plan = self.client.plan(protocol, self.messages.messages);
                client_args::check(&plan, &behaviour, server.is_ipv6())?;
                Act::Echo { plan, behaviour, clients: 1 }
            }
        };
        let verbose = self.client.verbose;
        let options = SessionOptions {
            act,
            server,
            sockets: self.sockets.options(protocol)?,
            timeout: self.client.timeout.unwrap_or_else(|| patience(protocol, &network) + self.behaviour.read_delay),
            network,
            log: Arc::new(move |event| {
                if verbose {
                    say(&format!("server: {event}"));
                }
            }),
        };
        Ok((options, note))
    }
}

/// How long an answer may take beyond what the server's program waits.
fn patience(protocol: Protocol, network: &Network) -> Duration {
    let Network::Lab(lab) = network else { return Client::TIMEOUT };
    let wire = &lab.options.wire;
    let slowness =
        [&wire.faults.client_to_server, &wire.faults.server_to_client].map(|faults| faults.delay + faults.jitter);
    let round_trip: Duration = slowness.iter().sum();
    let perfect = WireOptions { seed: wire.seed, ..WireOptions::default() };
    // TCP sends again what was lost, for the third time after seven seconds
    let repairs = protocol == Protocol::Tcp && (wire.faults != perfect.faults || !wire.rules.is_empty());
    if repairs { REPAIRS + round_trip * 4 } else { Client::TIMEOUT + round_trip * 4 }
}

/// A private network that can't be had leaves loopback.
fn with_ways_out(error: anyhow::Error) -> anyhow::Error {
    if error.is::<Obstacle>() {
        return anyhow!("{error:#}\nOr run the session on loopback: --network loopback. {WAYS_TO_CAPTURE}");
    }
    error
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

/// Whether the scenario showed what it is to show.
fn judge_scenario(scenario: &Scenario, performance: &Performance, seen: &Observed) -> Exit {
    if let Some(broken) = &performance.broken {
        say(&if broken.halted { "stopped before the end".to_owned() } else { broken.to_string() });
        return Exit::Unmet;
    }
    if matches!(performance.tally.fault, Some(ClientFault::Halted)) {
        return judge(&performance.tally);
    }
    let unmet = unmet(&scenario.expects, seen);
    for text in &unmet {
        say(&format!("scenario {}: {text}", scenario.name));
    }
    if unmet.is_empty() { Exit::Done } else { Exit::Unmet }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_with_holes_is_an_error_and_a_client_without_its_echo_is_not() {
        let mut totals = CaptureTotals::default();
        totals.dropped = Some(0);
        assert_eq!(judge_capture(&totals), Exit::Done);
        totals.dropped = Some(3);
        assert_eq!(judge_capture(&totals), Exit::Error);
        let mut broken = CaptureTotals::default();
        broken.truncated = Some("the interface is gone".to_owned());
        assert_eq!(judge_capture(&broken), Exit::Error);
        let tally = |fault| Tally { fault, ..Tally::default() };
        assert_eq!(judge(&tally(None)), Exit::Done);
        assert_eq!(judge(&tally(Some(ClientFault::Halted))), Exit::Unmet);
    }
}
