//! `echolab session`: one echo session, driven, captured, explained.

mod link_args;
mod link_summary;
mod network_args;
mod per_side;
mod programs_output;
pub(super) mod run;
mod socket_args;
mod typed;
mod watch;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail, ensure};
use clap::Args;

use self::link_summary::{of_scenario, summary};
use self::network_args::{NetworkArgs, NetworkChoice};
use self::socket_args::SocketArgs;
use self::typed::typist;
use self::watch::{CaptureSetting, take};
use super::capture_files::CaptureFiles;
use super::client_args::ClientArgs;
use super::echo_args::{BehaviourArgs, ServerArgs};
use super::exit::say;
use super::exit_status::{capture_exit, client_exit, scenario_exit};
use super::format_names::formats_with_calls;
use super::interrupt::interrupt;
use super::messages::MessageArgs;
use super::output::{OutputArgs, Scope};
use super::questions_arg::parse_questions;
use super::report_dir::ReportDir;
use super::scenarios::names;
use super::version::VersionArg;
use super::{Exit, client_args, privileges};
use crate::capture::spool::temporary_folder;
use crate::capture::ways_to_capture;
use crate::drive::{Client, Files, Scenario, SessionKind};
use crate::explain::Questions;
use crate::lab::{LinkOptions, Obstacle};
use crate::model::{Endpoint, PerDirection, Protocol};
use crate::session::{CaptureAt, NetworkOptions, Observer, Session, SessionOptions, TranscriptSink, seen_at};

/// Time for an answer over a link that loses packets: enough for three retransmissions.
const REPAIRS: Duration = Duration::from_secs(10);

/// Run one echo session, capture it and explain every step.
///
/// Server and client are echolab's own. They use the loopback interface, where capturing needs CAP_NET_RAW (sudo
/// gives it), or two hosts of a private network, which needs no privilege: --network lab. The capture is open before
/// the client starts and is read to the last packet.
///
/// Root is given up before the client connects, and files belong to the caller.
#[derive(Debug, Args)]
#[command(version, disable_version_flag = true)]
#[command(after_help = "\
Examples:
  echolab session                                      the ten steps of a TCP echo
  echolab session --proto udp --message one --message two
  echolab session --message-bytes 479 --message-bytes 1380 --port 8000
  echolab session --message HELLO --line --repeat 1000 --reads 2 --client-read-size 500
  echolab session --transform upper --format markdown --output report.md
  echolab session --scenario zero-window               a named session (echolab scenarios lists them)
  echolab session --write session.pcapng               write the capture as well
  echolab session --report echo                        capture, Markdown, page and drawings in the folder echo
  echolab session --write - | tcpdump -nn -r -         the report goes to standard error
  sudo \"$(command -v echolab)\" session                 on loopback, where capturing needs root
  echolab session --interactive                        send what you type; the report follows
  echolab session --wire 'drop data 1'                 a lost request, on a private network
  echolab session --network lab --delay 20ms --rate 1mbit --message-bytes 100000
  echolab session --loss 5% --seed 7 --count 100       random loss, reproducible
  echolab session --sysctl client:net.ipv4.tcp_sack=0 --congestion reno --socket server:rcvbuf=4096

Rules of --wire: ACTION KIND [NUMBER] [of client|server] [by TIME] [once|twice|N times|always]
  ACTION  drop, delay (needs by TIME), duplicate, corrupt, mark (congestion, for ECN), or swap (two numbers)
  KIND    syn, syn-ack, ack, data, fin, rst, datagram, fragment, icmp, any
  NUMBER  counts one side's packets of this KIND; without it the rule takes the next one. A retransmission
          keeps the number of its original: 'drop data 2 twice' drops data 2 and its retransmission.
  Rules are separated by ; or , or line ends; # begins a comment: 'drop syn; delay ack 3 by 50ms; swap data 4 5'

Exit status: 0 done, 1 the client did not get its echo or was stopped, or the
capture does not show the scenario's behaviour, 2 an error, or packets are missing.")]
pub(super) struct SessionArgs {
    /// Run a named scenario; it defines the traffic and the faults (`echolab scenarios` lists them).
    #[arg(long, value_name = "NAME", value_parser = names(), hide_possible_values = true)]
    #[arg(conflicts_with_all = [
        "proto", "message", "message-bytes", "count", "line", "continuous", "no_wait", "reads", "client_read_size",
        "close_first", "transform", "prefix", "repeat", "read_size", "read_delay", "backlog",
    ])]
    scenario: Option<&'static Scenario>,

    /// Send typed lines until quit or the end of the input; with --continuous, send each key immediately.
    #[arg(long)]
    #[arg(conflicts_with_all = [
        "scenario", "message", "message-bytes", "count", "line", "no_wait", "reads", "client_read_size", "close_first",
    ])]
    interactive: bool,

    #[command(flatten)]
    server: ServerArgs,

    /// Write the capture to FILE: pcapng if the name ends in .pcapng, else pcap; - is standard output.
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

    /// Show the programs' calls: the frames that each send() produced and those that delivered the data of each recv().
    #[arg(long, help_heading = "Output")]
    transcript: bool,

    /// Show the transcript with both kernels' TCP state after each call (TCP_INFO).
    #[arg(long, help_heading = "Output")]
    kernel: bool,

    /// Answer the questions of networking labs, with frames and formulas: those with these ids, or all (`echolab formats
    /// questions` lists them).
    #[arg(long, value_name = "ID,…", value_parser = parse_questions, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "", help_heading = "Output")]
    answers: Option<Questions>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    version: VersionArg,
}

impl SessionArgs {
    pub(super) fn run(self, command: String) -> anyhow::Result<Exit> {
        let force = self.output.force;
        let capture_at = self.network.capture_at(self.scenario);
        let both = capture_at == CaptureAt::Both;
        let mut output = self.output.clone().check(Scope {
            several: both,
            answers: self.answers.clone(),
            command,
            ..Scope::default()
        })?;
        let files = CaptureFiles::of_command(self.write.as_ref(), both, &output)?;
        ensure!(
            !(self.interactive && files.take_stdout()),
            "--interactive shows the answers on standard output: name a file with --write"
        );
        files.claim(&self.output, &mut output)?;
        let (chance, only_lab) = (self.network.chance(), self.network.needs_lab(&self.server, self.scenario));
        let (scenario, transcript) = (self.scenario, self.transcript || self.kernel);
        if transcript && !output.shows_calls() {
            bail!("this format cannot show a transcript: choose one of {}", formats_with_calls().join(", "));
        }
        let typist = self.interactive.then(|| typist(self.client.continuous));
        let (options, note) = self.session_options()?;
        let halt = interrupt()?;

        let mut session = Session::open(options).map_err(|error| with_ways_out(error, only_lab))?;
        if let Some(note) = note {
            say(&note);
        }
        let mut named = output.files();
        named.extend(files.named());
        let made = if session.of_lab() && !is_open_to_all(&temporary_folder()) {
            // where its frames wait for the end
            Files::Named
        } else {
            privileges::files(&named)
        };
        if session.needs_rights() {
            privileges::give_up_except_faults(made, || session.give_up_capabilities())?;
        } else {
            privileges::give_up_with(made, || session.give_up_capabilities())?;
        }
        let server = Endpoint::from(session.server());
        let clients = session.client_ports();
        let setting =
            CaptureSetting { server: Some(server), clients, kept: files.kept(), halt: halt.clone(), traced: None };
        output.report().map_or(Ok(()), ReportDir::make)?;
        typist.into_iter().for_each(|typist| session.hand_over(typist));
        session.keep(files.open(force, session.infos())?);
        let mut output = output.open()?;
        let mut transcribed = TranscriptSink::new(output.sink(), session.transcripts(), transcript);
        let mut observer = Observer::new(&mut transcribed).of_scenario(scenario, capture_at);
        let (taken, outcome) = session.run(&halt, |sources| take(sources, &setting, &mut observer))?;
        let watched = taken.finish(&setting, outcome.wire.as_ref(), &mut observer)?;
        let seen = observer.observed();
        let ended = output.end();

        let exit = match scenario {
            None => client_exit(&outcome.tally),
            Some(scenario) => {
                let judged = seen_at(scenario, capture_at).and_then(|number| seen.get(number));
                scenario_exit(scenario, &outcome, judged)
            }
        };
        let mut exit = watched.totals.iter().map(capture_exit).fold(exit, Exit::and);
        let told = |wire| scenario.map_or_else(|| summary(wire, chance), |scenario| of_scenario(scenario, wire));
        outcome.wire.iter().flat_map(told).for_each(|line| say(&line));
        if let Some(time) = outcome.server_waited {
            say(&format!(
                "the server still waited for its client {} after that had ended, and was stopped",
                humantime::format_duration(time)
            ));
            exit = exit.and(Exit::Unmet);
        }
        if let Some(error) = outcome.server_error {
            say(&format!("the server broke off: {error}"));
            exit = exit.and(Exit::Error);
        }
        watched.written?;
        ended?;
        Ok(exit)
    }

    /// Checks what was typed; with it, what the user should know of the network.
    fn session_options(self) -> anyhow::Result<(SessionOptions, Option<String>)> {
        let behaviour = self.behaviour.behaviour();
        let NetworkChoice { network, server, note } = self.network.choose(&self.server, self.scenario)?;
        if let Some(scenario) = self.scenario.filter(|scenario| scenario.needs_ipv4() && server.is_ipv6()) {
            bail!("the scenario {} needs IPv4: over IPv6, UDP has to have a checksum", scenario.name);
        }
        let kind = match self.scenario {
            Some(scenario) => scenario.kind(),
            None => {
                let plan = self.client.plan(self.server.proto, self.messages.messages);
                client_args::check(&plan, &behaviour, server.is_ipv6())?;
                SessionKind::Echo { plan, behaviour, clients: 1 }
            }
        };
        let protocol = kind.protocol();
        let sockets = self.sockets.options(protocol)?;
        if let (SessionKind::Script { .. }, Some(scenario), true) =
            (&kind, self.scenario, sockets != PerDirection::default())
        {
            bail!("the scenario {} sets its sockets itself: leave --socket and --congestion out", scenario.name);
        }
        let verbose = self.client.verbose;
        let options = SessionOptions {
            kind,
            server,
            sockets,
            timeout: self
                .client
                .timeout
                .unwrap_or_else(|| patience(protocol, &network).saturating_add(self.behaviour.read_delay)),
            network,
            kernel: self.kernel,
            log: Arc::new(move |event| {
                if verbose {
                    say(&format!("server: {event}"));
                }
            }),
        };
        Ok((options, note))
    }
}

/// Returns `true` if every user may create files in a folder, as in `/tmp`.
fn is_open_to_all(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|meta| meta.mode() & 0o003 == 0o003)
}

/// Time for an answer, beyond the time that the server's program waits.
fn patience(protocol: Protocol, network: &NetworkOptions) -> Duration {
    let NetworkOptions::Lab(lab) = network else { return Client::TIMEOUT };
    let wire = &lab.options.wire;
    let slowness =
        [&wire.faults.client_to_server, &wire.faults.server_to_client].map(|way| way.delay.saturating_add(way.jitter));
    let [there, back] = slowness;
    let round_trips = there.saturating_add(back).saturating_mul(4);
    let perfect = LinkOptions { seed: wire.seed, ..LinkOptions::default() };
    // TCP sends again what was lost, for the third time after seven seconds
    let repairs = protocol == Protocol::Tcp && (wire.faults != perfect.faults || !wire.rules.is_empty());
    round_trips.saturating_add(if repairs { REPAIRS } else { Client::TIMEOUT })
}

/// A private network that can't be had leaves loopback, unless the session is one that `only_lab` can have.
fn with_ways_out(error: anyhow::Error, only_lab: bool) -> anyhow::Error {
    let Some(obstacle) = error.downcast_ref::<Obstacle>() else { return error };
    // what the system said is told where the obstacle does not explain it
    let why = if *obstacle == Obstacle::Container { format!("{error:#}") } else { obstacle.to_string() };
    if only_lab {
        return anyhow!("{why}");
    }
    anyhow!("{why}\nOr run the session on loopback: --network loopback. {}", ways_to_capture("session"))
}
