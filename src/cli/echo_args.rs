//! The options that session, serve and connect share: where the server is, and how it answers.

use std::ffi::OsString;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::drive::{Behaviour, Transform, resolve};
use crate::model::Protocol;

/// The address and protocol of the server.
#[derive(Clone, Debug, Args)]
pub(super) struct ServerArgs {
    /// Protocol: tcp or udp.
    #[arg(short = 't', long, value_name = "tcp|udp", default_value = "tcp", ignore_case = true)]
    #[arg(value_parser = protocols(), hide_possible_values = true)]
    pub(super) proto: Protocol,

    /// Address or host name of the server [default: 127.0.0.1].
    ///
    /// -ip ADDR is understood too.
    #[arg(long, visible_alias = "bind", value_name = "ADDR")]
    ip: Option<String>,

    /// Port of the server.
    #[arg(short, long, value_name = "PORT", default_value_t = 6542)]
    port: u16,
}

fn protocols() -> impl TypedValueParser<Value = Protocol> {
    PossibleValuesParser::new([Protocol::Tcp.name(), Protocol::Udp.name()])
        .map(|name| if name.eq_ignore_ascii_case(Protocol::Udp.name()) { Protocol::Udp } else { Protocol::Tcp })
}

impl ServerArgs {
    /// The address, names looked up.
    pub(super) fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.asked()?.unwrap_or_else(|| self.loopback(false)))
    }

    /// This host's own address.
    pub(super) fn loopback(&self, ipv6: bool) -> SocketAddr {
        let ip = if ipv6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        SocketAddr::new(ip, self.port)
    }

    /// The same, if a host is named.
    pub(super) fn asked(&self) -> anyhow::Result<Option<SocketAddr>> {
        self.ip.as_ref().map(|ip| resolve(ip, self.port)).transpose()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

/// The behaviour of the server.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct BehaviourArgs {
    /// Transform the bytes: echo returns them unchanged, upper in upper case.
    #[arg(long, value_enum, value_name = "echo|upper", default_value = "echo", hide_possible_values = true)]
    transform: TransformArg,

    /// Put TEXT before each answer.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    prefix: OsString,

    /// Send each answer N times.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    repeat: u32,

    /// Read at most N bytes at once; a longer datagram is cut.
    #[arg(long, value_name = "N", default_value_t = Behaviour::READ_SIZE as u32)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=READ_LIMIT))]
    read_size: u32,

    /// Delay before each read, for example 5ms.
    #[arg(long, value_name = "DUR", default_value = "0s", hide_default_value = true)]
    #[arg(value_parser = humantime::parse_duration)]
    pub(super) read_delay: Duration,

    /// Size of the accept queue (the backlog of listen()).
    #[arg(long, value_name = "N", default_value_t = 128)]
    backlog: u32,
}

/// Most bytes of one read that can be asked for: 16 MiB.
pub(super) const READ_LIMIT: i64 = 1 << 24;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TransformArg {
    Echo,
    Upper,
}

impl BehaviourArgs {
    pub(super) fn behaviour(&self) -> Behaviour {
        Behaviour {
            transform: match self.transform {
                TransformArg::Echo => Transform::Echo,
                TransformArg::Upper => Transform::Upper,
            },
            prefix: self.prefix.clone().into_vec(),
            repeat: self.repeat,
            read_size: self.read_size as usize,
            read_delay: self.read_delay,
            backlog: self.backlog,
            close_after: None,
        }
    }
}
