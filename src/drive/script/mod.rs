//! Executes the steps of a scenario one after the other, in one thread, so that every session has the same order of
//! calls.
//!
//! All sockets are made before the first packet, each where its side is: the server's, bound, and as many of the client's
//! as the steps name. Nothing here captures anything.

mod kill;
mod op;
mod option;
mod step;
mod words;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use socket2::{SockAddr, Socket};

pub use self::option::may_lose;
pub use self::step::{ExpectedError, ScriptStep, Setting, SocketLoss, SocketOp, SocketRef, Target};
pub(super) use self::step::{another_client, another_server, client, listener, server};
use super::network::Network;
use super::privileges;
use super::server::bind_error;
use super::session_context::SessionContext;
use super::socket::{bound_socket, new_socket};
use super::traced_socket::TracedSocket;
use crate::model::{Protocol, Side};

/// Time limit of an operation's wait for the other side: far more than any needs, even on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Everything that the steps need, before the first packet.
pub(super) struct ScriptRunner {
    steps: &'static [ScriptStep],
    protocol: Protocol,
    server: SocketAddr,
    client_ip: IpAddr,
    closed_port: SocketAddr,
    /// Keeps the closed port from being used by another program.
    _closed: Socket,
    listener: Option<Socket>,
    clients: Vec<Option<Socket>>,
    /// `true` if sockets lose packets; in the lab the link does.
    sockets_lose: bool,
}

impl fmt::Debug for ScriptRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptRunner").field("server", &self.server).finish_non_exhaustive()
    }
}

/// A step that could not be executed.
#[derive(Debug)]
pub struct ScriptError {
    /// The number of the step, from 1.
    pub step: usize,
    /// The side and its operation.
    pub what: String,
    /// The reason of the failure.
    pub why: String,
    /// `true` if the session was halted.
    pub halted: bool,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of the scenario did not come about: {}: {}", self.step, self.what, self.why)
    }
}

impl ScriptRunner {
    /// Creates and binds the sockets that the steps need.
    ///
    /// # Errors
    /// If the server's address or port is not available.
    pub(super) fn set(
        steps: &'static [ScriptStep],
        protocol: Protocol,
        network: &Network,
        address: SocketAddr,
    ) -> Result<Self> {
        let (listener, closed) =
            network.on(Side::Server, move || (bound_socket(protocol, address, &[]), closed_port(protocol, address)))?;
        let listener = listener.map_err(|error| bind_error(protocol, address, error))?;
        let (closed, closed_port) = closed.context("cannot reserve a closed port")?;
        let server = local(&listener).context("cannot find out which port was bound")?;
        let count =
            steps.iter().filter_map(|step| if let SocketRef::Client(n) = step.who { Some(n + 1) } else { None }).max();
        let clients = network.on(Side::Client, move || {
            let sockets = (0..count.unwrap_or(0)).map(|_| new_socket(protocol, address).map(Some));
            sockets.collect::<io::Result<Vec<_>>>()
        })?;
        Ok(Self {
            steps,
            protocol,
            server,
            client_ip: network.client_ip(address.ip()),
            closed_port,
            _closed: closed,
            listener: Some(listener),
            clients: clients.context("can't make the client's sockets")?,
            sockets_lose: !is_lab(network),
        })
    }

    /// The address at which the server listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.server
    }

    /// The ports of the session.
    pub(super) fn ports(&self) -> Vec<u16> {
        vec![self.server.port(), self.closed_port.port()]
    }

    /// `true` if a step needs rights that must be kept until it is done.
    pub(super) fn needs_rights(&self) -> bool {
        self.last_with_rights().is_some()
    }

    fn last_with_rights(&self) -> Option<usize> {
        self.steps.iter().rposition(|step| step.loses() && !self.skips(step))
    }

    /// `true` if the step replaces, on loopback, a fault of the lab's wire.
    fn skips(&self, step: &ScriptStep) -> bool {
        !self.sockets_lose && step.loses()
    }

    /// Executes all steps; closes the sockets that are still open in any case.
    ///
    /// # Errors
    /// The first step that failed.
    pub(super) fn run(mut self, context: &SessionContext) -> Result<(), ScriptError> {
        let last_with_rights = self.last_with_rights();
        let mut sockets = Sockets {
            clients: Vec::new(),
            servers: Vec::new(),
            ports: Vec::new(),
            listener: self.listener.take().map(|socket| self.socket(Side::Server, 0, socket, context)),
        };
        for (number, socket) in (1..).zip(std::mem::take(&mut self.clients)) {
            sockets.clients.push(socket.map(|socket| self.socket(Side::Client, number, socket, context)));
        }
        if last_with_rights.is_none() {
            give_up_rights();
        }
        let mut outcome = Ok(());
        for (index, step) in self.steps.iter().enumerate() {
            if self.skips(step) {
                continue;
            }
            let done = sockets.act(&self, step.who, &step.op, context);
            if last_with_rights == Some(index) {
                give_up_rights();
            }
            if let Err(fault) = done {
                let halted = matches!(fault, super::Fault::Halted);
                let script_error =
                    ScriptError { step: index + 1, what: step.to_string(), why: fault.to_string(), halted };
                outcome = Err(script_error);
                break;
            }
        }
        sockets.close();
        outcome
    }

    fn socket(&self, side: Side, number: u64, socket: Socket, context: &SessionContext) -> TracedSocket {
        let transcript = match side {
            Side::Client => context.client.clone(),
            Side::Server => context.server.clone(),
        };
        TracedSocket::new(socket, self.protocol, number, transcript)
    }
}

/// Drops the capabilities of this thread; other threads are not affected.
fn give_up_rights() {
    // a thread without capabilities has none to drop
    let _ = privileges::clear_capabilities();
}

/// The sockets in use.
struct Sockets {
    clients: Vec<Option<TracedSocket>>,
    servers: Vec<Option<TracedSocket>>,
    /// The ports that the client's sockets have or had.
    ports: Vec<Option<u16>>,
    listener: Option<TracedSocket>,
}

impl Sockets {
    /// Closes the sockets that are still open, the clients' first, so that the end is orderly.
    fn close(self) {
        self.clients.into_iter().chain(self.servers).flatten().for_each(TracedSocket::close);
    }
}

/// A port at which no program listens, and that no other program can take: TCP's is bound and does not listen, UDP's is
/// connected to itself.
fn closed_port(protocol: Protocol, address: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    // without SO_REUSEADDR, with which another program could be given the same port
    let socket = new_socket(protocol, address)?;
    socket.bind(&SocketAddr::new(address.ip(), 0).into())?;
    let address = local(&socket)?;
    if protocol == Protocol::Udp {
        socket.connect(&address.into())?;
    }
    Ok((socket, address))
}

fn local(socket: &Socket) -> io::Result<SocketAddr> {
    let address: SockAddr = socket.local_addr()?;
    address.as_socket().ok_or_else(|| io::Error::other("the socket has no IP address"))
}

/// `true` if an operation failed as expected.
fn is_as_told(refusal: ExpectedError, fault: &super::Fault) -> bool {
    use super::Fault;
    use io::ErrorKind as Kind;
    match (refusal, fault) {
        (ExpectedError::NothingFor(_), Fault::TimedOut(_)) => true,
        (ExpectedError::Refused, Fault::Io(error)) => error.kind() == Kind::ConnectionRefused,
        (ExpectedError::Reset, Fault::Io(error)) => matches!(error.kind(), Kind::ConnectionReset | Kind::BrokenPipe),
        (ExpectedError::TimedOut, Fault::Io(error)) => error.kind() == Kind::TimedOut,
        _ => false,
    }
}

fn is_lab(network: &Network) -> bool {
    matches!(network, Network::Lab(_))
}
