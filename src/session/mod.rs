//! One echo session, on this host or between two hosts of a private network, captured from its first packet to its last.
//!
//! The order of operations guarantees it: [`Session::open`] builds the network, opens the captures, binds the server
//! and sets the filter; then the caller gives up its rights ([`crate::drive::give_up`], with
//! [`Session::give_up_capabilities`]) and opens its output; [`Session::run`] starts the client, and when both ends are
//! closed and the link has delivered every frame, drains the captures exactly. Nothing sleeps.

mod added_findings;
mod judge;
mod load;
mod marker;
mod network;
mod observed;
mod programs;
mod record;
mod traced;
mod transcribed;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

pub use self::judge::unmet;
pub use self::marker::AnnotatingSink;
pub use self::network::{CaptureAt, LabNetwork, NetworkOptions, Sources, Writers};
pub use self::observed::{Observed, Observer, seen_at};
pub use self::programs::{EndedPrograms, ProgramSession, ProgramsEnded, WithPrograms};
pub use self::record::{Marks, Recorded, Recording, record};
pub use self::traced::{CallFollower, CallProof, CallProofSink, Traced};
pub use self::transcribed::TranscriptSink;

use self::network::Captures;
use crate::drive::{
    KernelWatch, Network, ServerLog, SessionContext, SessionKind, SessionOutcome, SessionRunner, Signal, SocketOption,
    Transcript, Typist, clear_capabilities,
};
use crate::model::{CaptureInfo, PerDirection, Side};

/// The configuration of a session.
pub struct SessionOptions {
    /// The traffic.
    pub kind: SessionKind,
    /// The address at which the server listens; port 0 takes any free port.
    pub server: SocketAddr,
    /// The network that it runs on.
    pub network: NetworkOptions,
    /// The socket options of the echo server and of its clients.
    pub sockets: PerDirection<Vec<SocketOption>>,
    /// Time limit of the client for each action of the server.
    pub timeout: Duration,
    /// Receives the server's events.
    pub log: ServerLog,
    /// `true` to record the kernels' state of the connection after each call.
    pub kernel: bool,
}

/// A session with everything open that needs rights, before its first packet.
pub struct Session {
    network: Network,
    captures: Captures,
    runner: SessionRunner,
    timeout: Duration,
    log: ServerLog,
    transcripts: [Transcript; 2],
    typist: Option<Typist>,
}

impl Session {
    /// Builds the network, opens the captures, binds the server and sets the filter. For a lab, a process without the
    /// right to create one enters a user namespace: it must have only its first thread.
    ///
    /// # Errors
    /// If the rights to capture or to create a network are missing, or the server's address or port is not available.
    pub fn open(options: SessionOptions) -> Result<Self> {
        let SessionOptions { kind, server, network, sockets, timeout, log, kernel } = options;
        let protocol = kind.protocol();
        let (network, mut captures) = network.open(load::ring_for(&kind))?;
        let runner = SessionRunner::assemble(kind, &network, server, sockets)?;
        captures.set_filter(protocol, runner.server().ip(), &runner.ports())?;
        let watch = kernel.then(KernelWatch::default);
        let pace = load::pace(captures.drainers());
        let transcripts = [Side::Client, Side::Server].map(|side| {
            let transcript = Transcript::new(side).with_pace(pace.clone());
            match &watch {
                None => transcript,
                Some(watch) => transcript.with_kernel(watch.clone()),
            }
        });
        Ok(Self { network, captures, runner, timeout, log, transcripts, typist: None })
    }

    /// Drives the client of an echo session by `typist` instead of a plan.
    pub fn hand_over(&mut self, typist: Typist) {
        self.typist = Some(typist);
    }

    /// The address of the server for its clients.
    pub fn server(&self) -> SocketAddr {
        self.runner.server()
    }

    /// The clients' ports, if the server's port may be in use by others and these ports are known in advance.
    pub fn client_ports(&self) -> Option<Vec<u16>> {
        self.runner.client_ports()
    }

    /// The properties of the capture, or of the captures at the client and at the server.
    pub fn infos(&self) -> (&CaptureInfo, Option<&CaptureInfo>) {
        self.captures.infos()
    }

    /// The transcripts of the client's and of the server's calls; complete when the frames have ended.
    pub fn transcripts(&self) -> [Transcript; 2] {
        self.transcripts.clone()
    }

    /// `true` for a lab, whose frames are kept in a temporary file until its end.
    pub fn of_lab(&self) -> bool {
        matches!(self.network, Network::Lab(_))
    }

    /// `true` if rights must be kept for the session's faults: the caller must then use
    /// [`give_up_except_faults`](crate::drive::give_up_except_faults) instead of [`give_up`](crate::drive::give_up).
    pub fn needs_rights(&self) -> bool {
        self.runner.needs_rights()
    }

    /// Drops the capabilities of the network's threads; the caller drops its own.
    ///
    /// # Errors
    /// If the system refuses, for which no reason is known.
    pub fn give_up_capabilities(&self) -> Result<()> {
        self.network.give_up_capabilities()
    }

    /// Writes the captures to files, each frame as soon as it is captured. The end of each [source](Sources) holds the
    /// result of its file.
    pub fn keep(&mut self, writers: Writers) {
        self.captures.writers = writers;
    }

    /// Runs the session, while `consume` reads its frames to the end. `halt` ends it early, in order.
    ///
    /// # Errors
    /// If a thread cannot be started, the network fails, or `consume` does: the session is halted then.
    pub fn run<T>(self, halt: &Signal, consume: impl FnOnce(Sources) -> io::Result<T>) -> Result<(T, SessionOutcome)> {
        let Self { network, captures, runner, timeout, log, transcripts: [client, server], typist } = self;
        let needs_rights = runner.needs_rights();
        let ready =
            runner.prepare(network, SessionContext { timeout, log, client, server, halt: halt.clone(), typist })?;
        if needs_rights {
            // the new thread has the rights that were kept, and drops them itself
            clear_capabilities()?;
        }
        let (sources, stoppers) = captures.start().context("can't start the capture")?;
        let acting = ready.go(Box::new(|wire| stoppers.stop(wire)));

        let consumed = consume(sources);
        if consumed.is_err() {
            halt.raise();
        }
        let performed = acting.join();
        let consumed = consumed?;
        let mut outcome = performed.map_err(|_| anyhow!("the session's thread broke down"))?;
        match outcome.network_error.take() {
            Some(error) => Err(error),
            None => Ok((consumed, outcome)),
        }
    }
}
