//! One echo session, on this host or between two hosts of a private network, captured from its first packet to its last.
//!
//! The order is what makes that certain: [`Session::open`] builds the network, opens the captures, binds the server and
//! sets the filter; then the caller gives up its rights ([`crate::drive::give_up`], with
//! [`Session::give_up_capabilities`]) and opens its output; [`Session::run`] lets the client act, and when both ends are
//! closed and the wire has delivered all, drains the captures exactly. Nothing sleeps.

mod network;

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

pub use self::network::{CaptureAt, LabNetwork, Network, Sources};

use self::network::Captures;
use crate::drive::{
    Behaviour, BoundServer, Client, Ground, Plan, ServerLog, ServerOptions, Signal, SocketOption, Tally, Transcript,
    UdpLimits, WireStory, reachable,
};
use crate::model::{Call, CaptureInfo, PerDirection, Protocol, Side};

/// How `close` waits for the peer at most; on loopback it takes microseconds.
const LINGER: Duration = Duration::from_secs(5);

/// What session to drive.
pub struct SessionOptions {
    /// What the client does.
    pub plan: Plan,
    /// How the server answers.
    pub behaviour: Behaviour,
    /// Where the server listens; port 0 takes any free port.
    pub server: SocketAddr,
    /// On which network.
    pub network: Network,
    /// What each program sets its sockets to.
    pub sockets: PerDirection<Vec<SocketOption>>,
    /// How long the client waits for each thing that the server is to do.
    pub timeout: Duration,
    /// Takes what the server has to say.
    pub log: ServerLog,
}

/// A session with everything open that needs rights, before its first packet.
pub struct Session {
    ground: Ground,
    captures: Captures,
    server: BoundServer,
    options: SessionOptions,
}

/// What the programs of a session did.
#[derive(Debug)]
pub struct SessionOutcome {
    /// What the client did.
    pub tally: Tally,
    /// What went wrong with the server's own socket.
    pub server_error: Option<io::Error>,
    /// The calls of both programs, in order of time.
    pub calls: Vec<Call>,
    /// What the wire did, where there is one.
    pub wire: Option<WireStory>,
}

/// What the thread that drives the session comes back with. The network ends with it: the captures are drained by then.
struct Driven {
    tally: Result<Tally>,
    server_error: Option<io::Error>,
    wire: Result<Option<WireStory>>,
    _ground: Ground,
}

impl Session {
    /// Builds the network, opens the captures, binds the server and sets the filter. For a lab, a process without the
    /// rights to make one enters a user namespace: it must have no thread but the first.
    ///
    /// # Errors
    /// When there is no right to capture or to make a network, or the server's address or port can't be had.
    pub fn open(mut options: SessionOptions) -> Result<Self> {
        let protocol = options.plan.protocol;
        if protocol == Protocol::Tcp && options.plan.close_first == Side::Server {
            options.behaviour.close_after = Some(options.plan.request_bytes());
        }
        let (ground, mut captures) = options.network.open()?;
        let (address, backlog) = (options.server, options.behaviour.backlog);
        let sockets = options.sockets.server_to_client.clone();
        let server = ground.on(Side::Server, move || BoundServer::bind(protocol, address, backlog, &sockets))??;
        captures.set_filter(protocol, server.address().port())?;
        Ok(Self { ground, captures, server, options })
    }

    /// Where the client will find the server.
    pub fn server(&self) -> SocketAddr {
        reachable(self.server.address())
    }

    /// What is known of the capture, or of that at the client and that at the server.
    pub fn infos(&self) -> (&CaptureInfo, Option<&CaptureInfo>) {
        self.captures.infos()
    }

    /// Gives up the capabilities of the network's threads; those of the caller are the caller's to give up.
    ///
    /// # Errors
    /// When the system refuses, which it has no reason to.
    pub fn give_up_capabilities(&self) -> Result<()> {
        self.ground.give_up_capabilities()
    }

    /// Runs the session, while `consume` takes its frames to the end. `halt` ends it early, in order.
    ///
    /// # Errors
    /// When a thread can't be started, the network fails, or `consume` does: the session is halted then.
    pub fn run<T>(self, halt: &Signal, consume: impl FnOnce(Sources) -> io::Result<T>) -> Result<(T, SessionOutcome)> {
        let (bound, address) = (self.server.address(), self.server());
        let Self { mut ground, captures, server, options } = self;
        let (client_calls, server_calls) = (Transcript::new(Side::Client), Transcript::new(Side::Server));
        let client = Client {
            protocol: options.plan.protocol,
            server: address,
            timeout: Some(options.timeout),
            linger: Some(LINGER),
            options: options.sockets.client_to_server,
            transcript: client_calls.clone(),
            halt: halt.clone(),
        };
        let actions = options.plan.actions(&options.behaviour);
        // nobody else reaches a server on loopback or in a lab
        let reached_by_others = matches!(ground, Ground::ThisHost) && !bound.ip().is_loopback();
        let server_options = ServerOptions {
            idle_timeout: None,
            linger: Some(LINGER),
            udp_limits: reached_by_others.then(UdpLimits::default),
            log: options.log,
            transcript: server_calls.clone(),
            ..ServerOptions::new(options.behaviour, halt.clone())
        };

        let (sources, stoppers) = captures.start().context("can't start the capture")?;
        let server = server.start(server_options).context("can't start the server")?;
        let driver = thread::Builder::new()
            .name("driver".to_owned())
            .spawn(move || {
                let tally = ground.on(Side::Client, move || client.run(actions));
                let server_error = server.finish().err();
                // both ends are closed: what the kernel has seen by now, and what is under way, is the whole session
                let wire = ground.end();
                stoppers.stop(wire.as_ref().ok().and_then(Option::as_ref));
                Driven { tally, server_error, wire, _ground: ground }
            })
            .context("can't start the client")?;

        let consumed = consume(sources);
        if consumed.is_err() {
            halt.raise();
        }
        let driven = driver.join();
        let consumed = consumed?;
        let Driven { tally, server_error, wire, _ground } =
            driven.map_err(|_| anyhow!("the client's thread broke down"))?;
        let mut calls = client_calls.take();
        calls.extend(server_calls.take());
        calls.sort_by_key(|call| call.time);
        Ok((consumed, SessionOutcome { tally: tally?, server_error, calls, wire: wire? }))
    }
}
