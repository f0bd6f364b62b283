//! The network of a session: the options, and the network that they select.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::link_args::LinkArgs;
use crate::capture::{Interface, may_capture};
use crate::cli::echo_args::ServerArgs;
use crate::drive::may_lose;
use crate::drive::scenario::{RunsOn, Scenario};
use crate::lab::Addresses;
use crate::model::{Direction, Side};
use crate::session::{CaptureAt, LabNetwork, NetworkOptions};

/// The options for the network of a session.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArgs {
    /// Network of client and server: loopback, or a private network with a host for each (lab), which needs no root;
    /// auto is loopback if capturing there is permitted, else lab.
    #[arg(long, value_enum, value_name = "auto|loopback|lab", default_value = "auto", hide_possible_values = true)]
    network: NetworkArg,

    /// Capture on this interface: the loopback interface, or any.
    #[arg(short, long, value_name = "NAME")]
    interface: Option<String>,

    /// Capture at this host of the lab; both makes two captures, and --write x.pcap then x-client.pcap and
    /// x-server.pcap [default: client].
    #[arg(long, value_enum, value_name = "client|server|both", hide_possible_values = true)]
    capture_at: Option<CaptureAtArg>,

    /// Use IPv6: the server is ::1, or 2001:db8::2 in the lab.
    #[arg(short = '6', long, conflicts_with = "ip")]
    ipv6: bool,

    #[command(flatten)]
    wire: LinkArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum NetworkArg {
    Auto,
    Loopback,
    Lab,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum CaptureAtArg {
    Client,
    Server,
    Both,
}

impl From<CaptureAtArg> for CaptureAt {
    fn from(typed: CaptureAtArg) -> Self {
        match typed {
            CaptureAtArg::Client => Self::Client,
            CaptureAtArg::Server => Self::Server,
            CaptureAtArg::Both => Self::Both,
        }
    }
}

/// The network, where the server is in it, and what the user should know of the choice.
pub(super) struct NetworkChoice {
    pub(super) network: NetworkOptions,
    pub(super) server: SocketAddr,
    pub(super) note: Option<String>,
}

impl NetworkArgs {
    /// Chooses the network and checks what was typed against it.
    pub(super) fn choose(&self, server: &ServerArgs, scenario: Option<&Scenario>) -> Result<NetworkChoice> {
        if let (Some(scenario), Some(option)) = (scenario, self.wire.first()) {
            bail!("the scenario {} brings its own network: leave {option} out", scenario.name);
        }
        let runs = scenario.map_or(RunsOn::Anywhere, |scenario| scenario.runs);
        let asked = server.asked()?;
        let only_lab = self.only_lab(asked, runs);
        let here = asked.filter(|address| !in_lab(address) && !stands_for_any_host(address)).map(|_| "--ip");
        let only_loopback = self.interface.as_ref().map(|_| "--interface").or(here);
        let only_loopback = only_loopback.or((runs == RunsOn::Loopback).then_some("the scenario"));
        let unable = scenario.filter(|scenario| scenario.loses_at_sockets() && !may_lose(scenario.protocol));
        let (lab, note) = match (self.network, only_lab, only_loopback) {
            (_, Some(lab), Some(loopback)) => {
                bail!("{lab} needs the private network and {loopback} this host's loopback: leave one of them out")
            }
            (NetworkArg::Loopback, Some("--sysctl"), _) => {
                bail!("--sysctl would change this host: it needs the private network, --network lab")
            }
            (NetworkArg::Loopback, Some(option), _) => bail!("{option} needs the private network, --network lab"),
            (NetworkArg::Lab, _, Some("--ip")) => {
                let Addresses { ipv4, ipv6, .. } = SERVER;
                bail!("the lab's server has the addresses {ipv4} and {ipv6}, no other: --ip can't choose one")
            }
            (NetworkArg::Lab, _, Some(option)) => {
                bail!(
                    "{option} is for loopback: the lab's hosts have one interface each; --capture-at chooses the host"
                )
            }
            (NetworkArg::Lab, ..) => (true, None),
            (NetworkArg::Auto, Some(option), _) => (true, Some(format!("{option} needs it"))),
            (NetworkArg::Loopback, ..) | (NetworkArg::Auto, _, Some(_)) => match unable {
                Some(scenario) => bail!(
                    "the scenario {} loses packets at this host's sockets, which takes CAP_NET_ADMIN and CAP_NET_RAW: run \
                     it as root, or after `sudo setcap cap_net_admin,cap_net_raw=ep \"$(command -v echolab)\"`, or leave \
                     the loss to a wire, which takes no right, with --network lab",
                    scenario.name
                ),
                None => (false, None),
            },
            (NetworkArg::Auto, None, None) if !may_capture() => {
                (true, Some("there is no right to capture on loopback".to_owned()))
            }
            (NetworkArg::Auto, None, None) => {
                (unable.is_some(), unable.map(|_| "losing packets on loopback takes CAP_NET_ADMIN".to_owned()))
            }
        };
        let note = note
            .map(|why| format!("client and server run on a private network of two hosts, since {why} (--network lab)"));
        let ipv6 = self.ipv6 || asked.is_some_and(|address| address.is_ipv6());
        Ok(if lab {
            let ip = if ipv6 { SERVER.ipv6.into() } else { SERVER.ipv4.into() };
            let options = scenario.map_or_else(|| Ok(self.wire.options()), |scenario| scenario.lab.options())?;
            let network = LabNetwork { options, capture_at: self.capture_at(scenario) };
            NetworkChoice {
                network: NetworkOptions::Lab(Box::new(network)),
                server: SocketAddr::new(ip, server.port()),
                note,
            }
        } else {
            let network = NetworkOptions::Loopback(Interface::from_name(self.interface.as_deref())?);
            NetworkChoice { network, server: asked.unwrap_or_else(|| server.loopback(ipv6)), note }
        })
    }

    /// Names an option in use that only the lab has.
    fn only_lab(&self, asked: Option<SocketAddr>, runs: RunsOn) -> Option<&'static str> {
        let wire = self.capture_at.map(|_| "--capture-at").or(self.wire.first());
        wire.or(asked.filter(in_lab).map(|_| "--ip")).or((runs == RunsOn::Lab).then_some("the scenario"))
    }

    /// Returns `true` if only the lab can do what is asked for.
    pub(super) fn needs_lab(&self, server: &ServerArgs, scenario: Option<&Scenario>) -> bool {
        let runs = scenario.map_or(RunsOn::Anywhere, |scenario| scenario.runs);
        self.only_lab(server.asked().ok().flatten(), runs).is_some()
    }

    /// Returns `true` if chance decides which packets the link drops, delays or changes.
    pub(super) fn chance(&self) -> bool {
        self.wire.chance()
    }

    /// At which host a session in the lab is captured.
    pub(super) fn capture_at(&self, scenario: Option<&Scenario>) -> CaptureAt {
        match (self.capture_at, scenario.map(|scenario| scenario.lab.capture_at)) {
            (Some(CaptureAtArg::Both), _) => CaptureAt::Both,
            (Some(CaptureAtArg::Client), _) | (None, None | Some(Side::Client)) => CaptureAt::Client,
            (Some(CaptureAtArg::Server), _) | (None, Some(Side::Server)) => CaptureAt::Server,
        }
    }
}

/// The lab's server.
const SERVER: Addresses = Addresses::of(Direction::ServerToClient);

/// Returns `true` for the address of the lab's server.
fn in_lab(address: &SocketAddr) -> bool {
    [IpAddr::from(SERVER.ipv4), SERVER.ipv6.into()].contains(&address.ip())
}

/// Returns `true` for an address that every host has: in the lab it only selects the IP version.
fn stands_for_any_host(address: &SocketAddr) -> bool {
    address.ip().is_loopback() || address.ip().is_unspecified()
}
