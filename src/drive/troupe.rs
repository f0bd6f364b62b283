//! What acts in a session, from bound sockets to the last close: the echo server and its clients, or the cues of a
//! scenario.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use socket2::Socket;

use super::address::reachable;
use super::behaviour::Behaviour;
use super::client::{self, Client, ClientFault, Connection, Plan, Tally};
use super::ground::{Ground, WireStory};
use super::meeting::meet;
use super::privileges::clear_capabilities;
use super::proxy::Proxy;
use super::scenario::Cue;
use super::server::{BoundServer, Ending, ServerLog, ServerOptions, UdpLimits};
use super::signal::Signal;
use super::socket_option::SocketOption;
use super::stage::{Audience, Broken, Stage};
use super::transcript::{Transcript, merged};
use crate::model::{Call, PerDirection, Protocol, Side};

/// How `close` waits for the peer at most; on loopback it takes microseconds.
const LINGER: Duration = Duration::from_secs(5);

/// What is to be done in a session.
#[derive(Clone, Debug)]
pub enum Act {
    /// The echo server answers, and so many clients do the same at the same time.
    Echo {
        /// What each client does.
        plan: Plan,
        /// How the server answers.
        behaviour: Behaviour,
        /// How many clients.
        clients: u16,
    },
    /// Client and server follow cues.
    Cues {
        /// What they do.
        cues: &'static [Cue],
        /// Over TCP or UDP.
        protocol: Protocol,
    },
    /// Clients ask a caching proxy for what an origin server has.
    Proxy,
}

impl Act {
    /// Over TCP or UDP.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Echo { plan, .. } => plan.protocol,
            Self::Cues { protocol, .. } => *protocol,
            Self::Proxy => Protocol::Tcp,
        }
    }
}

/// Does what the client of an echo session does, where that is typed while the session runs. The connection is not made
/// yet; it is closed afterwards.
pub type Typist = Arc<dyn for<'c> Fn(&'c Client, &mut Connection<'c>) -> Option<ClientFault> + Send + Sync>;

/// What an act needs from outside.
#[derive(Clone)]
pub struct Stagecraft {
    /// How long a client waits for each thing that the server is to do.
    pub timeout: Duration,
    /// Takes what the server has to say.
    pub log: ServerLog,
    /// Take what the client does, and what the server does.
    pub transcripts: [Transcript; 2],
    /// Ends everything at once.
    pub halt: Signal,
    /// Does what the only client of an echo session does, instead of its plan.
    pub typist: Option<Typist>,
}

/// What the programs of a session did.
#[derive(Debug, Default)]
pub struct Performance {
    /// What the clients did: the first fault, all their bytes.
    pub tally: Tally,
    /// What went wrong with the server's own socket.
    pub server_error: Option<io::Error>,
    /// The server still waited for a client so long after the last of them had ended, and was stopped.
    pub server_waited: Option<Duration>,
    /// The cue that could not be done.
    pub broken: Option<Broken>,
    /// The calls of both programs, in order of time.
    pub calls: Vec<Call>,
    /// What the wire did, where there is one.
    pub wire: Option<WireStory>,
    /// Why the network failed.
    pub network_error: Option<anyhow::Error>,
    /// Where it all took place: a lab is taken down when this is dropped.
    pub ground: Option<Ground>,
}

/// What is to be done when both ends are closed and nothing is under way any more.
pub type Curtain = Box<dyn FnOnce(Option<&WireStory>) + Send>;

/// Everything bound, before the first packet.
#[derive(Debug)]
pub struct Troupe {
    address: SocketAddr,
    bound: Bound,
}

#[derive(Debug)]
enum Bound {
    Echo { server: BoundServer, plan: Plan, behaviour: Behaviour, clients: Vec<Socket>, ports: Option<Vec<u16>> },
    Stage(Stage),
    Proxy(Proxy),
}

impl Troupe {
    /// Binds what the act needs; port 0 takes any free port.
    ///
    /// # Errors
    /// When the server's address or port can't be had.
    pub fn assemble(
        act: Act,
        ground: &Ground,
        address: SocketAddr,
        sockets: PerDirection<Vec<SocketOption>>,
    ) -> Result<Self> {
        let bound = match act {
            Act::Echo { plan, mut behaviour, clients } => {
                let protocol = plan.protocol;
                if protocol == Protocol::Tcp && plan.close_first == Side::Server {
                    behaviour.close_after = Some(plan.request_bytes());
                }
                let backlog = behaviour.backlog;
                let PerDirection { client_to_server: options, server_to_client: set } = sockets;
                let bind = move || BoundServer::bind(protocol, address, backlog, &set);
                let server = ground.on(Side::Server, bind)??;
                // what a socket may be set to goes by the rights that there still are
                let to = reachable(server.address());
                let make = move || {
                    (0..clients).map(|_| client::socket(protocol, to, &options)).collect::<io::Result<Vec<_>>>()
                };
                let clients = ground.on(Side::Client, make)?.context("can't make the client's socket")?;
                // in a lab there is nobody else
                let ports = matches!(ground, Ground::ThisHost)
                    .then(|| clients.iter().map(|socket| client::take_port(socket, protocol, to)).collect())
                    .transpose()
                    .context("can't get a port for the client")?;
                Bound::Echo { server, plan, behaviour, clients, ports }
            }
            Act::Proxy => Bound::Proxy(Proxy::bind(ground, address)?),
            Act::Cues { cues, protocol } => Bound::Stage(Stage::set(cues, protocol, ground, address)?),
        };
        let address = match &bound {
            Bound::Echo { server, .. } => server.address(),
            Bound::Stage(stage) => stage.address(),
            Bound::Proxy(proxy) => proxy.address(),
        };
        Ok(Self { address, bound })
    }

    /// Where a client finds the server.
    pub fn server(&self) -> SocketAddr {
        reachable(self.address)
    }

    /// The ports that the session may be about.
    pub fn ports(&self) -> Vec<u16> {
        match &self.bound {
            Bound::Echo { .. } => vec![self.address.port()],
            Bound::Stage(stage) => stage.ports(),
            Bound::Proxy(proxy) => proxy.ports(),
        }
    }

    /// The ports of the clients, where others may use the server's port as well and these are known beforehand.
    pub fn client_ports(&self) -> Option<Vec<u16>> {
        match &self.bound {
            Bound::Echo { ports, .. } => ports.clone(),
            _ => None,
        }
    }

    /// Whether rights must be kept for faults ([`give_up_except_faults`](super::give_up_except_faults)).
    pub fn needs_rights(&self) -> bool {
        matches!(&self.bound, Bound::Stage(stage) if stage.needs_rights())
    }

    /// Makes the thread that acts; it waits for its [`Ready::go`]. It has the rights of the caller, and gives them up
    /// itself as soon as it can.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn prepare(self, ground: Ground, craft: Stagecraft) -> Result<Ready> {
        let (gate, opened) = sync_channel::<Curtain>(1);
        let thread = thread::Builder::new()
            .name("session".to_owned())
            .spawn(move || {
                if !self.needs_rights() {
                    // a thread that has none has nothing to give up
                    let _ = clear_capabilities();
                }
                let mut ground = ground;
                let Ok(curtain) = opened.recv() else { return Performance::default() };
                let mut performance = self.act(&ground, &craft);
                // both ends are closed: what the kernel has seen by now, and what is under way, is the whole session
                let wire = ground.end();
                curtain(wire.as_ref().ok().and_then(Option::as_ref));
                match wire {
                    Ok(wire) => performance.wire = wire,
                    Err(error) => performance.network_error = Some(error),
                }
                // the network ends with it: what the captures need of it they have been told
                performance.ground = Some(ground);
                performance
            })
            .context("can't start the session")?;
        Ok(Ready { thread, gate })
    }

    fn act(self, ground: &Ground, craft: &Stagecraft) -> Performance {
        let [client, server] = craft.transcripts.clone();
        let audience = Audience { client, server, halt: craft.halt.clone() };
        let (bound, address) = (self.address, self.server());
        let mut performance = match self.bound {
            Bound::Proxy(proxy) => {
                let fault = proxy.run(&audience);
                Performance { tally: Tally { fault, ..Tally::default() }, ..Performance::default() }
            }
            Bound::Stage(stage) => Performance { broken: stage.perform(&audience).err(), ..Performance::default() },
            Bound::Echo { server, plan, behaviour, clients, .. } => {
                let options = ServerOptions {
                    idle_timeout: None,
                    linger: Some(LINGER),
                    // nobody but this host reaches a server on loopback, and nobody at all one in the lab
                    udp_limits: (matches!(ground, Ground::ThisHost) && !bound.ip().is_loopback())
                        .then(UdpLimits::default),
                    log: craft.log.clone(),
                    transcript: audience.server.clone(),
                    ..ServerOptions::new(behaviour.clone(), craft.halt.clone())
                };
                match server.start(options) {
                    Err(error) => Performance { server_error: Some(error), ..Performance::default() },
                    Ok(server) => {
                        let client = Client {
                            protocol: plan.protocol,
                            server: address,
                            number: 1,
                            timeout: Some(craft.timeout),
                            linger: Some(LINGER),
                            transcript: audience.client.clone(),
                            halt: craft.halt.clone(),
                        };
                        let tally = match (&craft.typist, clients) {
                            (Some(typist), clients) => client.run_typed(clients, typist),
                            (None, clients) => meet(ground, &client, &plan, &behaviour, clients),
                        };
                        // what its clients have sent may still be under way; where they gave up, it never comes
                        let most = if tally.fault.is_some() { LINGER } else { LINGER.max(craft.timeout) };
                        let ended = server.finish(most);
                        let server_waited = matches!(ended, Ok(Ending::GivenUp)).then_some(most);
                        Performance { tally, server_error: ended.err(), server_waited, ..Performance::default() }
                    }
                }
            }
        };
        performance.calls = merged(&audience.client, &audience.server);
        performance
    }
}

/// A session that waits for its start.
#[derive(Debug)]
pub struct Ready {
    thread: JoinHandle<Performance>,
    gate: SyncSender<Curtain>,
}

impl Ready {
    /// Has it begin.
    pub fn go(self, curtain: Curtain) -> JoinHandle<Performance> {
        // a thread that has gone says so when it is joined
        let _ = self.gate.send(curtain);
        self.thread
    }
}
