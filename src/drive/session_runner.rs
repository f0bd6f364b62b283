//! Runs the programs of a session, from bound sockets to the last close: the echo server and its clients, a script, or the
//! proxy.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use socket2::Socket;

use super::address::reachable;
use super::behaviour::Behaviour;
use super::client::{self, Client, Plan, Tally};
use super::concurrent_clients::run_together;
use super::network::{LinkRecord, Network};
use super::privileges::clear_capabilities;
use super::proxy::Proxy;
use super::script::{ScriptError, ScriptRunner};
use super::server::{BoundServer, Ending, ServerOptions, UdpLimits};
use super::session_context::SessionContext;
use super::session_kind::SessionKind;
use super::socket_option::SocketOption;
use super::transcript::merged;
use crate::model::{Call, PerDirection, Protocol, Side};

/// The longest time for which `close` waits for the peer; on loopback it takes microseconds.
const LINGER: Duration = Duration::from_secs(5);

/// The result of a session's programs.
#[derive(Debug, Default)]
pub struct SessionOutcome {
    /// The result of the clients: the first fault, all their bytes.
    pub tally: Tally,
    /// The error of the server's own socket.
    pub server_error: Option<io::Error>,
    /// The time after the end of the last client at which the server was stopped, since it still waited for one.
    pub server_waited: Option<Duration>,
    /// The step that could not be executed.
    pub script_error: Option<ScriptError>,
    /// The calls of both programs, in order of time.
    pub calls: Vec<Call>,
    /// The record of the link, if there is one.
    pub wire: Option<LinkRecord>,
    /// The error of the network.
    pub network_error: Option<anyhow::Error>,
    /// The network of the session: dropping it removes a lab.
    pub network: Option<Network>,
}

/// Called when both ends are closed and nothing is in transit any more.
pub type OnFinished = Box<dyn FnOnce(Option<&LinkRecord>) + Send>;

/// Everything bound, before the first packet.
#[derive(Debug)]
pub struct SessionRunner {
    address: SocketAddr,
    bound: Bound,
}

#[derive(Debug)]
enum Bound {
    Echo { server: BoundServer, plan: Plan, behaviour: Behaviour, clients: Vec<Socket>, ports: Option<Vec<u16>> },
    ScriptRunner(ScriptRunner),
    Proxy(Proxy),
}

impl SessionRunner {
    /// Binds the sockets that the session needs; port 0 takes any free port.
    ///
    /// # Errors
    /// If the server's address or port is not available.
    pub fn assemble(
        act: SessionKind,
        network: &Network,
        address: SocketAddr,
        sockets: PerDirection<Vec<SocketOption>>,
    ) -> Result<Self> {
        let bound = match act {
            SessionKind::Echo { plan, mut behaviour, clients } => {
                let protocol = plan.protocol;
                if protocol == Protocol::Tcp && plan.close_first == Side::Server {
                    behaviour.close_after = Some(plan.request_bytes());
                }
                let backlog = behaviour.backlog;
                let PerDirection { client_to_server: options, server_to_client: set } = sockets;
                let bind = move || BoundServer::bind(protocol, address, backlog, &set);
                let server = network.on(Side::Server, bind)??;
                // the permitted values of a socket option depend on the rights, which still exist here
                let to = reachable(server.address());
                let make = move || {
                    (0..clients).map(|_| client::socket(protocol, to, &options)).collect::<io::Result<Vec<_>>>()
                };
                let clients = network.on(Side::Client, make)?.context("can't make the client's socket")?;
                // in a lab there is no other program
                let ports = matches!(network, Network::ThisHost)
                    .then(|| clients.iter().map(|socket| client::take_port(socket, protocol, to)).collect())
                    .transpose()
                    .context("can't get a port for the client")?;
                Bound::Echo { server, plan, behaviour, clients, ports }
            }
            SessionKind::Proxy => Bound::Proxy(Proxy::bind(network, address)?),
            SessionKind::Script { steps, protocol } => {
                Bound::ScriptRunner(ScriptRunner::set(steps, protocol, network, address)?)
            }
        };
        let address = match &bound {
            Bound::Echo { server, .. } => server.address(),
            Bound::ScriptRunner(script) => script.address(),
            Bound::Proxy(proxy) => proxy.address(),
        };
        Ok(Self { address, bound })
    }

    /// The address of the server for its clients.
    pub fn server(&self) -> SocketAddr {
        reachable(self.address)
    }

    /// The ports of the session.
    pub fn ports(&self) -> Vec<u16> {
        match &self.bound {
            Bound::Echo { .. } => vec![self.address.port()],
            Bound::ScriptRunner(script) => script.ports(),
            Bound::Proxy(proxy) => proxy.ports(),
        }
    }

    /// The clients' ports, if the server's port may be in use by others and these ports are known in advance.
    pub fn client_ports(&self) -> Option<Vec<u16>> {
        match &self.bound {
            Bound::Echo { ports, .. } => ports.clone(),
            _ => None,
        }
    }

    /// `true` if rights must be kept for faults ([`give_up_except_faults`](super::give_up_except_faults)).
    pub fn needs_rights(&self) -> bool {
        matches!(&self.bound, Bound::ScriptRunner(script) if script.needs_rights())
    }

    /// Creates the thread that runs the programs; it waits for [`Ready::go`]. It has the rights of the caller, and
    /// drops them itself as soon as possible.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn prepare(self, network: Network, context: SessionContext) -> Result<Ready> {
        let (gate, opened) = sync_channel::<OnFinished>(1);
        let thread = thread::Builder::new()
            .name("session".to_owned())
            .spawn(move || {
                if !self.needs_rights() {
                    // a thread without capabilities has none to drop
                    let _ = clear_capabilities();
                }
                let mut network = network;
                let Ok(on_finished) = opened.recv() else { return SessionOutcome::default() };
                let mut outcome = self.act(&network, &context);
                // both ends are closed: everything that the kernel has seen by now, or that is in transit, is the whole
                // session
                let wire = network.end();
                on_finished(wire.as_ref().ok().and_then(Option::as_ref));
                match wire {
                    Ok(wire) => outcome.wire = wire,
                    Err(error) => outcome.network_error = Some(error),
                }
                // the network ends with it: the captures have taken what they need of it
                outcome.network = Some(network);
                outcome
            })
            .context("can't start the session")?;
        Ok(Ready { thread, gate })
    }

    fn act(self, network: &Network, context: &SessionContext) -> SessionOutcome {
        let (bound, address) = (self.address, self.server());
        let mut outcome = match self.bound {
            Bound::Proxy(proxy) => {
                let fault = proxy.run(context);
                SessionOutcome { tally: Tally { fault, ..Tally::default() }, ..SessionOutcome::default() }
            }
            Bound::ScriptRunner(script) => {
                SessionOutcome { script_error: script.run(context).err(), ..SessionOutcome::default() }
            }
            Bound::Echo { server, plan, behaviour, clients, .. } => {
                let options = ServerOptions {
                    idle_timeout: None,
                    linger: Some(LINGER),
                    // only this host reaches a server on loopback, and only the lab's hosts one in the lab
                    udp_limits: (matches!(network, Network::ThisHost) && !bound.ip().is_loopback())
                        .then(UdpLimits::default),
                    log: context.log.clone(),
                    transcript: context.server.clone(),
                    ..ServerOptions::new(behaviour.clone(), context.halt.clone())
                };
                match server.start(options) {
                    Err(error) => SessionOutcome { server_error: Some(error), ..SessionOutcome::default() },
                    Ok(server) => {
                        let client = Client {
                            protocol: plan.protocol,
                            server: address,
                            number: 1,
                            timeout: Some(context.timeout),
                            linger: Some(LINGER),
                            transcript: context.client.clone(),
                            halt: context.halt.clone(),
                        };
                        let tally = match (&context.typist, clients) {
                            (Some(typist), clients) => client.run_typed(clients, typist),
                            (None, clients) => run_together(network, &client, &plan, &behaviour, clients),
                        };
                        // its clients' data may still be in transit; if they gave up, it never arrives
                        let most = if tally.fault.is_some() { LINGER } else { LINGER.max(context.timeout) };
                        let ended = server.finish(most);
                        let server_waited = matches!(ended, Ok(Ending::GivenUp)).then_some(most);
                        SessionOutcome { tally, server_error: ended.err(), server_waited, ..SessionOutcome::default() }
                    }
                }
            }
        };
        outcome.calls = merged(&context.client, &context.server);
        outcome
    }
}

/// A session that waits for its start.
#[derive(Debug)]
pub struct Ready {
    thread: JoinHandle<SessionOutcome>,
    gate: SyncSender<OnFinished>,
}

impl Ready {
    /// Starts it.
    pub fn go(self, on_finished: OnFinished) -> JoinHandle<SessionOutcome> {
        // a thread that has ended reports it when it is joined
        let _ = self.gate.send(on_finished);
        self.thread
    }
}
