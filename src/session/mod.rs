//! One echo session, on this host or between two hosts of a private network, captured from its first packet to its last.
//!
//! The order is what makes that certain: [`Session::open`] builds the network, opens the captures, binds the server and
//! sets the filter; then the caller gives up its rights ([`crate::drive::give_up`], with
//! [`Session::give_up_capabilities`]) and opens its output; [`Session::run`] lets the client act, and when both ends are
//! closed and the wire has delivered all, drains the captures exactly. Nothing sleeps.

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
pub use self::marker::Marker;
pub use self::network::{CaptureAt, LabNetwork, NetworkOptions, Sources, Writers};
pub use self::observed::{Observed, Observer, seen_at};
pub use self::programs::{Ended, ProgramSession, ProgramsEnded, WithPrograms};
pub use self::record::{Marks, Recorded, Recording, record};
pub use self::traced::{CallFollower, CallProof, Proven, Traced};
pub use self::transcribed::Transcribed;

use self::network::Captures;
use crate::drive::{
    KernelWatch, Network, ServerLog, SessionContext, SessionKind, SessionOutcome, SessionRunner, Signal, SocketOption,
    Transcript, Typist, clear_capabilities,
};
use crate::model::{CaptureInfo, PerDirection, Side};

/// What session to drive.
pub struct SessionOptions {
    /// What is done.
    pub kind: SessionKind,
    /// Where the server listens; port 0 takes any free port.
    pub server: SocketAddr,
    /// On which network.
    pub network: NetworkOptions,
    /// What the echo server and its clients set their sockets to.
    pub sockets: PerDirection<Vec<SocketOption>>,
    /// How long the client waits for each thing that the server is to do.
    pub timeout: Duration,
    /// Takes what the server has to say.
    pub log: ServerLog,
    /// Whether the kernels are asked after each call.
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
    /// rights to make one enters a user namespace: it must have no thread but the first.
    ///
    /// # Errors
    /// When there is no right to capture or to make a network, or the server's address or port can't be had.
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

    /// Has the client of an echo session do what `typist` does, instead of a plan.
    pub fn hand_over(&mut self, typist: Typist) {
        self.typist = Some(typist);
    }

    /// Where the client will find the server.
    pub fn server(&self) -> SocketAddr {
        self.runner.server()
    }

    /// The ports of its clients, where others may use the server's port as well and these are known beforehand.
    pub fn client_ports(&self) -> Option<Vec<u16>> {
        self.runner.client_ports()
    }

    /// What is known of the capture, or of that at the client and that at the server.
    pub fn infos(&self) -> (&CaptureInfo, Option<&CaptureInfo>) {
        self.captures.infos()
    }

    /// Where the programs' calls will be, the client's and the server's; complete when the frames have ended.
    pub fn transcripts(&self) -> [Transcript; 2] {
        self.transcripts.clone()
    }

    /// Whether it takes place in a lab, whose frames wait in a temporary file for its end.
    pub fn of_lab(&self) -> bool {
        matches!(self.network, Network::Lab(_))
    }

    /// Whether rights must be kept for the session's faults: then
    /// [`give_up_except_faults`](crate::drive::give_up_except_faults) is to be called in place of
    /// [`give_up`](crate::drive::give_up).
    pub fn needs_rights(&self) -> bool {
        self.runner.needs_rights()
    }

    /// Gives up the capabilities of the network's threads; those of the caller are the caller's to give up.
    ///
    /// # Errors
    /// When the system refuses, which it has no reason to.
    pub fn give_up_capabilities(&self) -> Result<()> {
        self.network.give_up_capabilities()
    }

    /// Keeps the captures in files, each frame as soon as it is captured. What became of the files the end of each
    /// [source](Sources) says.
    pub fn keep(&mut self, writers: Writers) {
        self.captures.writers = writers;
    }

    /// Runs the session, while `consume` takes its frames to the end. `halt` ends it early, in order.
    ///
    /// # Errors
    /// When a thread can't be started, the network fails, or `consume` does: the session is halted then.
    pub fn run<T>(self, halt: &Signal, consume: impl FnOnce(Sources) -> io::Result<T>) -> Result<(T, SessionOutcome)> {
        let Self { network, captures, runner, timeout, log, transcripts: [client, server], typist } = self;
        let needs_rights = runner.needs_rights();
        let ready =
            runner.prepare(network, SessionContext { timeout, log, client, server, halt: halt.clone(), typist })?;
        if needs_rights {
            // what was kept, that thread has now, and gives up itself
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
