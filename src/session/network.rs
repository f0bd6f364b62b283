//! On which network a session takes place, and where it is captured.

use std::io;
use std::net::IpAddr;

use anyhow::Result;

use crate::capture::save::CaptureWriter;
use crate::capture::{Drainer, Interface, LiveCapture, LiveSource, Ring, StopHandle};
use crate::drive::{Network, WireRecord};
use crate::lab::{HOST_INTERFACE, LabOptions};
use crate::model::{CaptureInfo, Protocol, Side};

/// On which network a session takes place.
#[derive(Clone, Debug)]
pub enum NetworkOptions {
    /// This host, captured on this interface.
    Loopback(Interface),
    /// This host's loopback, for programs that are not echolab's own: only these ports are captured.
    LocalHost(Vec<u16>),
    /// One private host with a loopback interface of its own, where nothing but the session is captured.
    PrivateHost,
    /// A private network of two hosts.
    Lab(Box<LabNetwork>),
}

/// A private network, and where it is captured.
#[derive(Clone, Debug, Default)]
pub struct LabNetwork {
    /// The hosts and the wire between them.
    pub options: LabOptions,
    /// Where the session is captured.
    pub capture_at: CaptureAt,
}

/// At which of the two hosts a session is captured.
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

/// The open captures of a session: one, or that of the client and that of the server.
pub(super) struct Captures {
    pub(super) first: Capture,
    pub(super) second: Option<Capture>,
    at: Option<CaptureAt>,
    /// What writes the first to a file, and the second.
    pub(super) writers: Writers,
}

/// What writes a session's first capture to a file, and its second.
pub type Writers = (Option<CaptureWriter>, Option<CaptureWriter>);

/// An open capture and where it is.
pub(super) struct Capture {
    live: LiveCapture,
    /// The host, if it has one of its own.
    side: Option<Side>,
}

/// The frames of a session, to be read to their end.
pub struct Sources {
    /// The only capture, or that at the client.
    pub first: LiveSource,
    /// That at the server, where both are asked for.
    pub second: Option<LiveSource>,
    /// At which hosts, in a lab.
    pub(super) capture_at: Option<CaptureAt>,
}

impl Sources {
    /// Whether the session has a network of its own, with a wire whose story is known at the end.
    pub fn of_lab(&self) -> bool {
        self.capture_at.is_some()
    }
}

/// Ends the captures of a session.
pub(super) struct Stoppers(Vec<(Option<Side>, StopHandle)>);

impl NetworkOptions {
    /// Builds the network and opens the captures, each with a `ring` of this size.
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
    /// Keeps what is not the session's out. In a lab nothing is: no filter could hide a fragment there.
    pub(super) fn set_filter(&mut self, protocol: Protocol, host: IpAddr, ports: &[u16]) -> Result<()> {
        match self.first.side {
            None => self.first.live.set_filter(&crate::capture::session_filter(protocol, host, ports)),
            Some(_) => Ok(()),
        }
    }

    /// What empties the rings.
    pub(super) fn drainers(&self) -> Vec<Drainer> {
        [Some(&self.first), self.second.as_ref()].into_iter().flatten().map(|capture| capture.live.drainer()).collect()
    }

    /// What is known of the captures.
    pub(super) fn infos(&self) -> (&CaptureInfo, Option<&CaptureInfo>) {
        (self.first.live.info(), self.second.as_ref().map(|second| second.live.info()))
    }

    /// Starts the threads that empty the rings.
    pub(super) fn start(self) -> io::Result<(Sources, Stoppers)> {
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
        Ok((sources, Stoppers(stoppers)))
    }
}

impl Stoppers {
    /// Has the captures deliver everything and end. In a lab the wire has counted the frames of each host.
    pub(super) fn stop(self, wire: Option<&WireRecord>) {
        for (side, stopper) in self.0 {
            match side.zip(wire) {
                None => stopper.stop(),
                Some((side, wire)) => stopper.stop_with(frames_at(side, wire)),
            }
        }
    }
}

/// How many frames the host of `side` has sent and received.
fn frames_at(side: Side, wire: &WireRecord) -> u64 {
    let totals = &wire.log.totals;
    let sent = totals.get(side.direction());
    sent.sent + sent.missed + totals.get(!side.direction()).delivered
}
