//! Socket options of the programs, as typed.

use anyhow::{Result, ensure};
use clap::Args;

use super::per_side::{PerSide, apply, parse_per_side};
use crate::drive::{SOCKET_OPTIONS, SocketOption};
use crate::model::{PerDirection, Protocol};

/// Socket options of the programs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sockets (client:VALUE is for the client's alone, server:VALUE alike)")]
pub(super) struct SocketArgs {
    #[arg(long, value_name = "OPTION", value_parser = parse_per_side::<SocketOption>, help = socket_help())]
    socket: Vec<PerSide<SocketOption>>,

    /// Use this congestion control, for example reno.
    #[arg(long, value_name = "NAME", value_parser = parse_per_side::<String>)]
    congestion: Vec<PerSide<String>>,
}

fn socket_help() -> String {
    let options: Vec<_> = SOCKET_OPTIONS.iter().map(|option| format!("{}: {}", option.name, option.about)).collect();
    format!("Set a socket option; repeatable: {}", options.join("; "))
}

impl SocketArgs {
    /// The options of each side's sockets.
    pub(super) fn options(&self, protocol: Protocol) -> Result<PerDirection<Vec<SocketOption>>> {
        let mut options: PerDirection<Vec<SocketOption>> = PerDirection::default();
        apply(&self.socket, &mut options, |options, option| options.push(option.clone()));
        apply(&self.congestion, &mut options, |options, name| options.push(SocketOption::Congestion(name.clone())));
        for option in options.client_to_server.iter().chain(&options.server_to_client) {
            ensure!(option.fits(protocol), "{option} needs TCP: {protocol} sockets have no such option");
        }
        Ok(options)
    }
}
