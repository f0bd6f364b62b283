//! `echolab run`: the user's own programs as server and client, captured, explained.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};

use super::link_args::LinkArgs;
use super::link_summary::summary;
use super::network_args::CaptureAtArg;
use super::programs_output::show;
use super::watch::{CaptureSetting, take};
use super::with_ways_out;
use crate::cli::Exit;
use crate::cli::capture_files::CaptureFiles;
use crate::cli::exit::say;
use crate::cli::exit_status::capture_exit;
use crate::cli::interrupt::interrupt;
use crate::cli::output::{OutputArgs, Scope};
use crate::cli::privileges;
use crate::cli::questions_arg::parse_questions;
use crate::cli::report_dir::ReportDir;
use crate::drive::{ClientInput, Command, Files, ProgramOptions, Transcript};
use crate::explain::Questions;
use crate::lab::may_share_host;
use crate::model::Side;
use crate::session::{CaptureAt, LabNetwork, NetworkOptions, ProgramSession, Traced, WithPrograms};

/// Most programs named in the title.
const NAMED: usize = 4;

/// Maximum time until a server listens.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum run time of clients without typed input.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum time for connections to close after their programs have ended, beyond the delays of the link.
const SETTLE: Duration = Duration::from_secs(1);

/// Run your own server and client, capture their session and explain every step.
///
/// The programs run with your user, environment, folder and files, in a private network: with a loopback interface of its
/// own, so that 127.0.0.1, localhost and any port work, or on two hosts named client and server (--network lab). No root
/// is needed.
///
/// The client is started as soon as the server listens (or is bound, for UDP). When the client has ended and its
/// connections are closed, the server gets SIGINT, after a second SIGTERM, then SIGKILL; one that no longer waits for a
/// client gets three seconds to end by itself first. All processes are ended.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab run --server 'python3 server.py 12345' --client 'python3 client.py 127.0.0.1 12345'
  echolab run --server ./server --client ./client --type HELLO --type quit
  echolab run --server 'java Server 7000' --client 'java Client localhost 7000' --input lines.txt
  echolab run --server ./server --client ./client --clients 3 --together
  echolab run --server ./server --client ./client --client-first      the client is refused
  echolab run --server './origin 8000' --server './proxy 8888' --client './client localhost 8888'
  echolab run --server './server 12345' --client './client server 12345' --network lab --loss 5% --report out
  echolab run --server ./server --client ./client --write session.pcapng

The lab's hosts: client is 192.0.2.1 and 2001:db8::1, server is 192.0.2.2 and 2001:db8::2. A server
must listen on 0.0.0.0 (or ::), not on 127.0.0.1, to be reachable.

Exit status: 0 done, 1 a program failed, did not listen in time, or was stopped, 2 an error (for
example a program that cannot be started), or packets are missing.")]
pub(in crate::cli) struct RunArgs {
    /// The server's command, split into words like in a shell (for other shell syntax use sh -c '…'); repeatable: each
    /// is started when the previous one listens, for example an origin before its proxy.
    #[arg(long, value_name = "COMMAND", required = true, value_parser = Command::parse)]
    server: Vec<Command>,

    /// The client's command; repeatable: the clients run one after the other, or with --together at the same time.
    #[arg(long, value_name = "COMMAND", required = true, value_parser = Command::parse)]
    client: Vec<Command>,

    /// Number of runs of each client.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    clients: u16,

    /// Run all clients at the same time.
    #[arg(long)]
    together: bool,

    /// Start the first client before the server, which is started once the client has sent a packet or has ended.
    #[arg(long)]
    client_first: bool,

    /// Type LINE at the client; repeatable. Its input ends after the last line.
    #[arg(long = "type", value_name = "LINE", allow_hyphen_values = true)]
    typed: Vec<String>,

    /// Give the client the lines of FILE as its input [default: the terminal's].
    #[arg(long, value_name = "FILE", conflicts_with = "typed")]
    input: Option<PathBuf>,

    /// Stop clients that run longer [default: 60s; none if the client reads from a terminal].
    #[arg(long, value_name = "DUR")]
    timeout: Option<humantime::Duration>,

    /// Give up on a server that does not listen in time [default: 10s].
    #[arg(long, value_name = "DUR")]
    listen_timeout: Option<humantime::Duration>,

    /// Write the capture to FILE: pcapng if the name ends in .pcapng, else pcap; - is standard output.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// Network of the programs: one private host for both (private), a private host for each (lab), or this host
    /// (loopback, with --port; needs root) [default: private, or lab where another option needs it].
    #[arg(long, value_enum, value_name = "private|lab|loopback", hide_possible_values = true)]
    network: Option<RunNetwork>,

    /// With --network loopback: the port that the server listens on, or a server; repeatable. Only packets from or to it
    /// are captured.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Vec<u16>,

    /// Capture at this host of the lab; both makes two captures [default: client].
    #[arg(long, value_enum, value_name = "client|server|both", hide_possible_values = true)]
    capture_at: Option<CaptureAtArg>,

    /// Do not trace the programs' socket calls. Traced programs cannot gain privileges from setuid files or be debugged.
    #[arg(long)]
    no_trace: bool,

    #[command(flatten)]
    wire: LinkArgs,

    /// Answer the questions that networking labs ask of a trace, with frames and formulas; those of these ids, or all
    /// (`echolab formats questions` lists them).
    #[arg(long, value_name = "ID,…", value_parser = parse_questions, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "", help_heading = "Output")]
    answers: Option<Questions>,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RunNetwork {
    Private,
    Lab,
    Loopback,
}

impl RunArgs {
    pub(in crate::cli) fn run(self, command: String) -> anyhow::Result<Exit> {
        let network = self.choose()?;
        let capture_at = self.capture_at.map_or(CaptureAt::Client, CaptureAt::from);
        let both = capture_at == CaptureAt::Both;
        let force = self.output.force;
        let mut output = self.output.clone().check(Scope {
            several: both,
            answers: self.answers.clone(),
            command,
            ..Scope::default()
        })?;
        let files = CaptureFiles::of_command(self.write.as_ref(), both, &output)?;
        files.claim(&self.output, &mut output)?;
        let of_lab = matches!(network, NetworkOptions::Lab(_));
        let transcripts = [Side::Client, Side::Server].map(Transcript::new);
        let traced = (!self.no_trace).then_some(transcripts);
        let options = ProgramOptions { transcripts: traced.clone(), ..self.program_options(&network)? };
        let traced = traced.map(|transcripts| (Traced(transcripts), output.shows_calls()));
        let halt = interrupt()?;

        let mut session = ProgramSession::open(&network).map_err(|error| with_ways_out(error, true))?;
        session.notes().iter().for_each(|note| say(&format!("note: {note}")));
        // the programs run as the user who called echolab, or sudo, so that their files belong to that user
        privileges::give_up_with(Files::Named, || session.give_up_capabilities())?;
        let setting = CaptureSetting { server: None, clients: None, kept: files.kept(), halt: halt.clone(), traced };
        output.report().map_or(Ok(()), ReportDir::make)?;
        session.keep(files.open(force, session.infos())?);
        let mut output = output.open()?;
        let mut sink = WithPrograms::new(output.sink(), session.ended(), self.names());
        let (taken, ended) = session.run(options, &halt, |sources| take(sources, &setting, &mut sink))?;
        let watched = taken.finish(&setting, ended.wire.as_ref(), &mut sink)?;
        let shown = output.end();

        let mut exit = watched.totals.iter().map(capture_exit).fold(Exit::Done, Exit::and);
        let silent = watched.totals.iter().all(|totals| totals.tcp + totals.udp + totals.icmp == 0);
        // what kept the programs from it is told below
        let explained = ended.outcome.unmet.len() + ended.outcome.failed.len() > 0;
        if silent && (of_lab || !explained) {
            say(match of_lab {
                false => "the programs exchanged no packets: nothing was captured",
                true => {
                    "no packet went from one host to the other: in the lab the client reaches the server as `server` or \
                     192.0.2.2; 127.0.0.1 and localhost are its own host"
                }
            });
            exit = exit.and(Exit::Unmet);
        }
        ended.wire.iter().flat_map(|wire| summary(wire, self.wire.chance())).for_each(|line| say(&line));
        ended.outcome.notes.iter().for_each(|note| say(&format!("note: {note}")));
        for sentence in &ended.outcome.unmet {
            say(sentence);
            exit = exit.and(Exit::Unmet);
        }
        for sentence in &ended.outcome.failed {
            say(sentence);
            exit = exit.and(Exit::Error);
        }
        watched.written?;
        shown?;
        Ok(exit)
    }

    /// `server.py and client.py`
    fn names(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for command in self.server.iter().chain(&self.client) {
            if !names.contains(&command.name()) {
                names.push(command.name());
            }
        }
        // of many, the first say enough
        if names.len() > NAMED {
            names.truncate(NAMED - 1);
            names.push("others");
        }
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }

    /// The network, checked against what needs the lab.
    fn choose(&self) -> anyhow::Result<NetworkOptions> {
        let only_lab = self.capture_at.map(|_| "--capture-at").or(self.wire.first());
        let loopback = self.network == Some(RunNetwork::Loopback);
        ensure!(
            loopback || self.port.is_empty(),
            "--port is for --network loopback: a private network has no other packets than those of the programs"
        );
        match (self.network, only_lab) {
            (Some(RunNetwork::Loopback), Some(option)) => bail!("{option} needs two hosts: --network lab"),
            (Some(RunNetwork::Loopback), None) => {
                ensure!(
                    !self.port.is_empty(),
                    "--network loopback needs the server's port, as in --port 12345: other programs use this host too"
                );
                ensure!(
                    may_share_host(),
                    "--network loopback captures on this host, and ends the programs safely, which needs root: \
                     sudo \"$(command -v echolab)\" run …; or leave it out: a private network needs no right"
                );
                Ok(NetworkOptions::LocalHost(self.port.clone()))
            }
            (Some(RunNetwork::Private), Some(option)) => bail!("{option} needs two hosts: --network lab"),
            (Some(RunNetwork::Private), None) | (None, None) => Ok(NetworkOptions::PrivateHost),
            (Some(RunNetwork::Lab), _) | (None, Some(_)) => {
                let capture_at = self.capture_at.map_or(CaptureAt::Client, CaptureAt::from);
                Ok(NetworkOptions::Lab(Box::new(LabNetwork { options: self.wire.options(), capture_at })))
            }
        }
    }

    fn program_options(&self, network: &NetworkOptions) -> anyhow::Result<ProgramOptions> {
        let clients: Vec<Command> =
            self.client.iter().flat_map(|client| std::iter::repeat_n(client.clone(), self.clients.into())).collect();
        let input = match &self.input {
            Some(path) => {
                std::fs::File::open(path)
                    .map_err(|error| anyhow::anyhow!("can't read the client's input {}: {error}", path.display()))?;
                ensure!(!path.is_dir(), "the client's input {} is a folder, not a file", path.display());
                ClientInput::File(path.clone())
            }
            None if self.typed.is_empty() => ClientInput::Inherited,
            None => ClientInput::Bytes(self.typed.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()),
        };
        let at_terminal = matches!(input, ClientInput::Inherited) && io::stdin().is_terminal();
        let wire = match network {
            NetworkOptions::Lab(lab) => {
                let faults = &lab.options.wire.faults;
                let [there, back] = [&faults.client_to_server, &faults.server_to_client]
                    .map(|way| way.delay.saturating_add(way.jitter));
                there.saturating_add(back).saturating_mul(4)
            }
            _ => Duration::ZERO,
        };
        Ok(ProgramOptions {
            servers: self.server.clone(),
            clients,
            together: self.together,
            client_first: self.client_first,
            input,
            listen_timeout: self.listen_timeout.map_or(LISTEN_TIMEOUT, Into::into),
            timeout: self.timeout.map(Into::into).or((!at_terminal).then_some(TIMEOUT)),
            settle: SETTLE.saturating_add(wire),
            show: show(),
            transcripts: None,
        })
    }
}
