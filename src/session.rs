//! One echo session on this host, captured from its first packet to its last.
//!
//! The order is what makes that certain: [`Session::open`] opens the capture, binds the server and sets the filter;
//! then the caller gives up root ([`crate::drive::give_up`]) and opens its output; [`Session::run`] lets the client act,
//! and when both ends are closed drains the capture exactly. Nothing sleeps.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::capture::{Interface, LiveCapture, LiveSource, session_filter};
use crate::drive::{
    Behaviour, BoundServer, Client, Plan, ServerLog, ServerOptions, Signal, Tally, Transcript, UdpLimits, reachable,
};
use crate::model::{Call, CaptureInfo, Protocol, Side};

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
    /// Where the session is captured.
    pub interface: Interface,
    /// How long the client waits for each thing that the server is to do.
    pub timeout: Duration,
    /// Takes what the server has to say.
    pub log: ServerLog,
}

/// A session with everything open that needs rights, before its first packet.
pub struct Session {
    capture: LiveCapture,
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
}

impl Session {
    /// Opens the capture, binds the server and sets the filter.
    ///
    /// # Errors
    /// When there is no right to capture, or the server's address or port can't be had.
    pub fn open(mut options: SessionOptions) -> Result<Self> {
        let protocol = options.plan.protocol;
        if protocol == Protocol::Tcp && options.plan.close_first == Side::Server {
            options.behaviour.close_after = Some(options.plan.request_bytes());
        }
        let mut capture = LiveCapture::open(&options.interface)?;
        let server = BoundServer::bind(protocol, options.server, options.behaviour.backlog)?;
        capture.set_filter(&session_filter(protocol, server.address().port()))?;
        Ok(Self { capture, server, options })
    }

    /// Where the client will find the server.
    pub fn server(&self) -> SocketAddr {
        reachable(self.server.address())
    }

    /// What is known of the capture.
    pub fn info(&self) -> &CaptureInfo {
        self.capture.info()
    }

    /// Runs the session, while `consume` takes its frames to the end. `halt` ends it early, in order.
    ///
    /// # Errors
    /// When a thread can't be started, or `consume` fails: the session is halted then.
    pub fn run<T>(
        self,
        halt: &Signal,
        consume: impl FnOnce(LiveSource) -> io::Result<T>,
    ) -> Result<(T, SessionOutcome)> {
        let (bound, address) = (self.server.address(), self.server());
        let Self { capture, server, options } = self;
        let (client_calls, server_calls) = (Transcript::new(Side::Client), Transcript::new(Side::Server));
        let client = Client {
            protocol: options.plan.protocol,
            server: address,
            timeout: Some(options.timeout),
            linger: Some(LINGER),
            transcript: client_calls.clone(),
            halt: halt.clone(),
        };
        let actions = options.plan.actions(&options.behaviour);
        let server_options = ServerOptions {
            idle_timeout: None,
            linger: Some(LINGER),
            // nobody but this host reaches a server on loopback
            udp_limits: (!bound.ip().is_loopback()).then(UdpLimits::default),
            log: options.log,
            transcript: server_calls.clone(),
            ..ServerOptions::new(options.behaviour, halt.clone())
        };

        let (source, stopper) = capture.start().context("can't start the capture")?;
        let server = server.start(server_options).context("can't start the server")?;
        let driver = thread::Builder::new()
            .name("client".to_owned())
            .spawn(move || {
                let tally = client.run(actions);
                let server_error = server.finish().err();
                // both ends are closed: what the kernel has seen by now is the whole session
                stopper.stop();
                (tally, server_error)
            })
            .context("can't start the client")?;

        let consumed = consume(source);
        if consumed.is_err() {
            halt.raise();
        }
        let driven = driver.join();
        let consumed = consumed?;
        let (tally, server_error) = driven.map_err(|_| io::Error::other("the client's thread broke down"))?;
        let mut calls = client_calls.take();
        calls.extend(server_calls.take());
        calls.sort_by_key(|call| call.time);
        Ok((consumed, SessionOutcome { tally, server_error, calls }))
    }
}
