//! A session of third-party programs, captured from before the server's start until no process is left.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, anyhow};

use super::network::{Captures, NetworkOptions, Sources, Writers};
use crate::capture::Ring;
use crate::drive::{
    LinkRecord, Network, ProgramHosts, ProgramOptions, ProgramOutcome, Signal, clear_capabilities, run_programs,
};
use crate::model::{CaptureInfo, Program};
use crate::report::{CaptureTotals, ForwardSink, Sink};
use crate::track::StopReason;

/// A session of programs, before its first packet, with everything open that needs rights.
pub struct ProgramSession {
    network: Network,
    captures: Captures,
    hosts: ProgramHosts,
    ended: EndedPrograms,
}

/// The result of the programs, and the log of the link between them.
#[derive(Debug)]
pub struct ProgramsEnded {
    /// The programs.
    pub outcome: ProgramOutcome,
    /// The log of the link, if there is one.
    pub wire: Option<LinkRecord>,
}

/// The programs once they have ended, and `true` if the user ended them. Clones share the same value.
#[derive(Clone, Debug, Default)]
pub struct EndedPrograms(Arc<Mutex<(Vec<Program>, bool)>>);

impl ProgramSession {
    /// Builds the network, opens the captures and prepares the hosts. A process without the right to do so enters a
    /// user namespace: it must have only its first thread.
    ///
    /// # Errors
    /// If the system refuses a network, a capture or a PID namespace.
    pub fn open(options: &NetworkOptions) -> Result<Self> {
        let (network, captures) = options.open(Ring::LARGEST)?;
        let ports = if let NetworkOptions::LocalHost(ports) = options { ports.as_slice() } else { &[] };
        let hosts = ProgramHosts::prepare(&network, ports)?;
        Ok(Self { network, captures, hosts, ended: EndedPrograms::default() })
    }

    /// The properties of the capture, or of the captures at the client and at the server.
    pub fn infos(&self) -> (&CaptureInfo, Option<&CaptureInfo>) {
        self.captures.infos()
    }

    /// Notes about the hosts for the user.
    pub fn notes(&self) -> &[String] {
        &self.hosts.notes
    }

    /// The handle through which the programs are available once they have ended.
    pub fn ended(&self) -> EndedPrograms {
        self.ended.clone()
    }

    /// Drops the capabilities of the network's threads; the caller drops its own.
    ///
    /// # Errors
    /// If the system refuses, for which no reason is known.
    pub fn give_up_capabilities(&self) -> Result<()> {
        self.network.give_up_capabilities()
    }

    /// Writes the captures to files, each frame as soon as it is captured.
    pub fn keep(&mut self, writers: Writers) {
        self.captures.writers = writers;
    }

    /// Runs the programs, while `consume` reads the frames to the end. `halt` ends the programs early, in order.
    ///
    /// # Errors
    /// If a thread cannot be started, the network fails, or `consume` does: the programs are ended then.
    pub fn run<T>(
        self,
        options: ProgramOptions,
        halt: &Signal,
        consume: impl FnOnce(Sources) -> io::Result<T>,
    ) -> Result<(T, ProgramsEnded)> {
        let Self { mut network, captures, hosts, ended } = self;
        let (sources, stoppers) = captures.start().context("can't start the capture")?;
        let end = halt.clone();
        let running = thread::Builder::new()
            .name("session".to_owned())
            .spawn(move || {
                // a thread without capabilities has none to drop
                let _ = clear_capabilities();
                let outcome = run_programs(&network, hosts, options, &end);
                let programs = outcome.as_ref().map(|outcome| outcome.programs.clone()).unwrap_or_default();
                *ended.0.lock().unwrap_or_else(PoisonError::into_inner) = (programs, end.is_raised());
                // no process is left: everything that the kernel has seen by now, or that is in transit, is the whole
                // session
                let wire = network.end();
                stoppers.stop(wire.as_ref().ok().and_then(Option::as_ref));
                Ok(ProgramsEnded { outcome: outcome?, wire: wire? })
            })
            .context("can't start the session")?;
        let consumed = consume(sources);
        if consumed.is_err() {
            halt.raise();
        }
        let ended: Result<ProgramsEnded> = running.join().map_err(|_| anyhow!("the session's thread broke down"))?;
        let consumed = consumed?;
        Ok((consumed, ended?))
    }
}

/// A sink that adds the programs to the totals of their capture.
pub struct WithPrograms<'a> {
    sink: &'a mut dyn Sink,
    ended: EndedPrograms,
    names: String,
}

impl<'a> WithPrograms<'a> {
    /// Adds the programs that have ended to the totals that go to `sink`, and their `names` to its title.
    pub fn new(sink: &'a mut dyn Sink, ended: EndedPrograms, names: String) -> Self {
        Self { sink, ended, names }
    }
}

impl<'a> ForwardSink for WithPrograms<'a> {
    type Inner = dyn Sink + 'a;

    fn inner(&self) -> &Self::Inner {
        &*self.sink
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        self.sink
    }

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.sink.capture(&CaptureInfo { programs: Some(self.names.clone()), ..info.clone() })
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        let mut totals = totals.clone();
        let (programs, halted) = self.ended.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        totals.programs = programs;
        totals.stopped = totals.stopped.or(halted.then_some(StopReason::Session));
        self.sink.finish(&totals)
    }
}
