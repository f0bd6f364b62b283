//! The network that a session runs on, and the points of its capture.

use std::io;
use std::net::IpAddr;

use anyhow::Result;

use crate::capture::save::CaptureWriter;
use crate::capture::{Drainer, Interface, LiveCapture, LiveSource, Ring, StopHandle};
use crate::drive::{LinkRecord, Network};
use crate::lab::{HOST_INTERFACE, LabOptions};
use crate::model::{CaptureInfo, Protocol, Side};

/// The network that a session runs on.
#[derive(Clone, Debug)]
pub enum NetworkOptions {
    /// This host, captured on this interface.
    Loopback(Interface),
    /// This host's loopback, for third-party programs: only these ports are captured.
    LocalHost(Vec<u16>),
    /// One private host with a loopback interface of its own, where only the session is captured.
    PrivateHost,
    /// A private network of two hosts.
    Lab(Box<LabNetwork>),
}

/// A private network, and its points of capture.
#[derive(Clone, Debug, Default)]
pub struct LabNetwork {
    /// The hosts and the link between them.
    pub options: LabOptions,
    /// The hosts at which the session is captured.
    pub capture_at: CaptureAt,
}

/// The hosts at which a session is captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureAt {
    /// At the client.
    #[default]
    Client,
    /// At the server.
    Server,
    /// At both, in two captures.
    Both,
}

impl CaptureAt {
    /// The side of the first capture, and of the second if there are two.
    pub fn sides(self) -> (Side, Option<Side>) {
        match self {
            Self::Client => (Side::Client, None),
            Self::Server => (Side::Server, None),
            Self::Both => (Side::Client, Some(Side::Server)),
        }
    }
}

/// The open captures of a session: one, or those at the client and at the server.
pub(super) struct Captures {
    pub(super) first: Capture,
    pub(super) second: Option<Capture>,
    at: Option<CaptureAt>,
    /// The writers of the first capture's file and of the second's.
    pub(super) writers: Writers,
}

/// The writers of a session's first capture file and of its second.
pub type Writers = (Option<CaptureWriter>, Option<CaptureWriter>);

/// An open capture and its host.
pub(super) struct Capture {
    live: LiveCapture,
    /// The side, if it has a host of its own.
    side: Option<Side>,
}

/// The frames of a session, to be read to their end.
pub struct Sources {
    /// The only capture, or that at the client.
    pub first: LiveSource,
    /// The one at the server, if both are captured.
    pub second: Option<LiveSource>,
    /// The hosts of the captures, in a lab.
    pub(super) capture_at: Option<CaptureAt>,
}

impl Sources {
    /// `true` if the session has a network of its own, whose wire returns its log at the end.
    pub fn of_lab(&self) -> bool {
        self.capture_at.is_some()
    }
}

/// Ends the captures of a session.
pub(super) struct StopHandles(Vec<(Option<Side>, StopHandle)>);

impl NetworkOptions {
    /// Builds the network and opens the captures, each with a ring of size `ring`.
    pub(super) fn open(&self, ring: Ring) -> Result<(Network, Captures)> {
        match self {
            Self::Loopback(interface) => {
                let first = Capture { live: LiveCapture::open(interface, ring)?, side: None };
                Ok((Network::ThisHost, Captures { first, second: None, at: None, writers: Writers::default() }))
            }
            Self::LocalHost(ports) => {
                let mut live = LiveCapture::open(&Interface::from_name(None)?, ring)?;
                live.choose(ports, &[], None)?;
                let first = Capture { live, side: None };
                Ok((Network::local_host()?, Captures { first, second: None, at: None, writers: Writers::default() }))
            }
            Self::PrivateHost => {
                let network = Network::private_host()?;
                let interface = Interface::Loopback("lo".to_owned());
                let live = network.on(Side::Server, move || LiveCapture::open(&interface, ring))??;
                let first = Capture { live, side: None };
                Ok((network, Captures { first, second: None, at: None, writers: Writers::default() }))
            }
            Self::Lab(lab) => {
                let network = Network::lab(&lab.options)?;
                let open = |side: Side| -> Result<Capture> {
                    let interface = Interface::Private { host: side.name(), name: HOST_INTERFACE };
                    let live = network.on(side, move || LiveCapture::open(&interface, ring))??;
                    Ok(Capture { live, side: Some(side) })
                };
                let (first, second) = lab.capture_at.sides();
                let (first, second) = (open(first)?, second.map(open).transpose()?);
                let at = Some(lab.capture_at);
                Ok((network, Captures { first, second, at, writers: Writers::default() }))
            }
        }
    }
}

impl Captures {
    /// Excludes other traffic from the captures. In a lab there is none, and no filter, which would hide fragments.
    pub(super) fn set_filter(&mut self, protocol: Protocol, host: IpAddr, ports: &[u16]) -> Result<()> {
        match self.first.side {
            None => self.first.live.set_filter(&crate::capture::session_filter(protocol, host, ports)),
            Some(_) => Ok(()),
        }
    }

    /// The handles that drain the rings.
    pub(super) fn drainers(&self) -> Vec<Drainer> {
        [Some(&self.first), self.second.as_ref()].into_iter().flatten().map(|capture| capture.live.drainer()).collect()
    }

    /// The properties of the captures.
    pub(super) fn infos(&self) -> (&CaptureInfo, Option<&CaptureInfo>) {
        (self.first.live.info(), self.second.as_ref().map(|second| second.live.info()))
    }

    /// Starts the threads that drain the rings.
    pub(super) fn start(self) -> io::Result<(Sources, StopHandles)> {
        let mut stoppers = Vec::new();
        let mut start = |capture: Capture, writer| {
            let (source, stopper) = capture.live.start(writer)?;
            stoppers.push((capture.side, stopper));
            io::Result::Ok(source)
        };
        let (first, second) = self.writers;
        let first = start(self.first, first)?;
        let second = self.second.map(|capture| start(capture, second)).transpose()?;
        let sources = Sources { first, second, capture_at: self.at };
        Ok((sources, StopHandles(stoppers)))
    }
}

impl StopHandles {
    /// Makes the captures deliver everything and end. In a lab the link has counted the frames of each host.
    pub(super) fn stop(self, wire: Option<&LinkRecord>) {
        for (side, stopper) in self.0 {
            match side.zip(wire) {
                None => stopper.stop(),
                Some((side, wire)) => stopper.stop_with(frames_at(side, wire)),
            }
        }
    }
}

/// The number of frames that the host of `side` has sent and received.
fn frames_at(side: Side, wire: &LinkRecord) -> u64 {
    let totals = &wire.log.totals;
    let sent = totals.get(side.direction());
    sent.sent + sent.missed + totals.get(!side.direction()).delivered
}
