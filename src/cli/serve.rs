//! `echolab serve`: the echo server on its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;

use super::Exit;
use super::echo_args::{BehaviourArgs, ServerArgs};
use super::exit::say;
use super::interrupt::interrupt;
use super::privileges;
use super::recording::{RecordArgs, Recording};
use super::server_log::LogLimit;
use super::version::VersionArg;
use crate::drive::{BoundServer, ServerEvent, ServerOptions, UdpLimits};
use crate::model::{Protocol, Side};

/// Run the echo server on its own, until Ctrl-C.
///
/// Over TCP it takes many clients at once; over UDP it answers every client, with limits so that it cannot serve as an
/// amplifier: it answers nothing that comes from its own port or a port below 1024; it sends one address at most 1 MiB and 10,000
/// datagrams without a pause of one second of that address, for at most 4,096 addresses at once; and it sends another
/// host at most three times the bytes that it received from it, even with --repeat and --prefix.
///
/// A connection takes memory for one read of --read-size bytes and its answer, however often that is repeated. The log has
/// at most 100 lines a second, and says how many were left out.
#[derive(Debug, Args)]
#[command(version, disable_version_flag = true)]
#[command(after_help = "\
Examples:
  echolab serve                                    a TCP echo server on 127.0.0.1, port 6542
  echolab serve --proto udp --port 4002            a UDP echo server on port 4002
  echolab serve --ip 0.0.0.0 --transform upper     for other machines, in upper case
  echolab serve --prefix 'Echo: ' --read-size 5    answers every five bytes, with a prefix
  sudo \"$(command -v echolab)\" serve --report served
                                                   capture its clients; the reports are made at the end")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    server: ServerArgs,

    #[command(flatten)]
    behaviour: BehaviourArgs,

    /// Serve at most N TCP connections at the same time; further ones are closed immediately.
    #[arg(long, value_name = "N", default_value_t = ServerOptions::MAX_CONNECTIONS as u32)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,

    /// Close a TCP connection that is idle for this long; 0s disables it.
    #[arg(long, value_name = "DUR", default_value = "5m", value_parser = humantime::parse_duration)]
    idle_timeout: Duration,

    /// Also log each answered UDP datagram.
    #[arg(long)]
    verbose: bool,

    #[command(flatten)]
    record: RecordArgs,

    #[command(flatten)]
    version: VersionArg,
}

impl ServeArgs {
    pub(super) fn run(self, command: String) -> anyhow::Result<Exit> {
        let behaviour = self.behaviour.behaviour();
        let protocol = self.server.proto;
        let server = BoundServer::bind(protocol, self.server.address()?, behaviour.backlog, &[])?;
        let recording = self.record.open(protocol, server.address(), Side::Server)?;
        privileges::give_up(self.record.files())?;
        let halt = interrupt()?;
        let recording = recording.map(|open| open.start(command)).transpose()?;
        let verbose = self.verbose;
        let limit = Arc::new(LogLimit::default());
        let log = Arc::clone(&limit);
        let options = ServerOptions {
            max_connections: self.max_connections as usize,
            idle_timeout: (!self.idle_timeout.is_zero()).then_some(self.idle_timeout),
            log: Arc::new(move |event| {
                if verbose || !matches!(event, ServerEvent::Answered { .. }) {
                    log.lines(event, Instant::now()).iter().for_each(|line| say(line));
                }
            }),
            ..ServerOptions::new(behaviour, halt)
        };
        let address = server.address();
        if protocol == Protocol::Udp && !address.ip().is_loopback() {
            let UdpLimits { bytes, share, .. } = UdpLimits::default();
            let budget = bytes / 1024;
            say(&format!(
                "warning: {address} can be reached from other hosts, and a datagram's source can be forged: whoever \
                 forges yours is sent what it did not ask for, up to {share} times what came in its name and {budget} \
                 KiB without a second's silence; --ip 127.0.0.1 keeps the server to this host"
            ));
        }
        let server = server.start(options).context("can't start the server")?;
        say(&format!("serving {protocol} on {address}; Ctrl-C stops"));
        let ended = server.wait().context("the server broke off");
        limit.rest().iter().for_each(|line| say(line));
        ended?;
        say("stopped");
        recording.map_or(Ok(Exit::Done), Recording::end)
    }
}
