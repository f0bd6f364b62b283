//! Options of a session's client, besides its messages.

use std::time::Duration;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use super::echo_args::READ_LIMIT;
use crate::drive::{Behaviour, Plan};
use crate::model::{Protocol, Side};

/// Options of the client, besides its messages.
#[derive(Debug, Args)]
#[command(next_help_heading = "Client")]
pub(super) struct ClientArgs {
    /// Send all messages N times.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,

    /// End each message with a newline.
    #[arg(long)]
    line: bool,

    /// Send one byte at a time.
    #[arg(short, long)]
    pub(super) continuous: bool,

    /// Send everything before the first read.
    #[arg(long)]
    no_wait: bool,

    /// Read N times and then close, even if data is still missing; by default everything is read.
    #[arg(long, value_name = "N")]
    reads: Option<u64>,

    /// Read at most N bytes at once.
    #[arg(long, value_name = "N", default_value_t = Behaviour::READ_SIZE as u32)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=READ_LIMIT))]
    client_read_size: u32,

    /// Side that closes the connection first.
    #[arg(long, value_enum, value_name = "client|server", default_value = "client", hide_possible_values = true)]
    close_first: SideArg,

    /// Time limit for each answer [default: 2s plus the server's delay].
    #[arg(long, value_name = "DUR", value_parser = humantime::parse_duration)]
    pub(super) timeout: Option<Duration>,

    /// Print the server's messages on standard error.
    #[arg(long)]
    pub(super) verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SideArg {
    Client,
    Server,
}

impl ClientArgs {
    pub(super) fn plan(&self, protocol: Protocol, messages: Vec<Vec<u8>>) -> Plan {
        Plan {
            protocol,
            messages,
            count: self.count,
            line: self.line,
            continuous: self.continuous,
            no_wait: self.no_wait,
            reads: self.reads,
            read_size: self.client_read_size as usize,
            close_first: match self.close_first {
                SideArg::Client => Side::Client,
                SideArg::Server => Side::Server,
            },
        }
    }
}

/// Most bytes of one UDP datagram: 65,535 less the UDP header, and over IPv4 less the IP header.
pub(super) fn datagram_holds(ipv6: bool) -> usize {
    if ipv6 { 65_527 } else { 65_507 }
}

/// Refuses options that exclude each other.
pub(super) fn check(plan: &Plan, behaviour: &Behaviour, ipv6: bool) -> anyhow::Result<()> {
    if plan.close_first == Side::Server {
        ensure!(plan.protocol == Protocol::Tcp, "--close-first server needs TCP: UDP has no connection to close");
        ensure!(plan.reads.is_none(), "--reads says when the client closes, so --close-first server can't go with it");
    }
    if plan.protocol == Protocol::Udp {
        let max = datagram_holds(ipv6);
        let longest = plan.longest_send();
        ensure!(
            longest <= max,
            "a message of {longest} bytes does not fit a UDP datagram, which holds at most {max} bytes"
        );
        let answer = behaviour.prefix.len() + longest.min(behaviour.read_size);
        ensure!(
            answer <= max,
            "an answer of {answer} bytes does not fit a UDP datagram, which holds at most {max} bytes"
        );
    }
    Ok(())
}
