//! Does what the cues of a scenario say: one after the other, in one thread, so that a session goes the same way every
//! time.
//!
//! All sockets are made before the first packet, each where its side is: the server's, bound, and as many of the client's
//! as the cues name. Nothing here captures anything.

mod deed;
mod kill;
mod option;
mod seat;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use socket2::{Domain, SockAddr, Socket, Type};

pub use self::option::may_lose;
use self::seat::Seat;
use super::ground::Ground;
use super::privileges;
use super::scenario::{Actor, Cue, Refusal};
use super::server::bind_error;
use super::signal::Signal;
use super::transcript::Transcript;
use crate::model::{Protocol, Side};

/// How long a deed may wait for the other side; far more than any needs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything that the cues need, before the first packet.
pub(super) struct Stage {
    cues: &'static [Cue],
    protocol: Protocol,
    server: SocketAddr,
    client_ip: IpAddr,
    closed_port: SocketAddr,
    /// Keeps the closed port from becoming anybody's.
    _closed: Socket,
    listener: Option<Socket>,
    clients: Vec<Option<Socket>>,
    /// Whether sockets lose packets; in the lab the wire does.
    sockets_lose: bool,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Who listens while the cues are done.
#[derive(Clone)]
pub(super) struct Audience {
    /// Takes what the client does.
    pub(super) client: Transcript,
    /// Takes what the server does.
    pub(super) server: Transcript,
    /// Ends everything at once.
    pub(super) halt: Signal,
}

/// A cue that could not be done.
#[derive(Debug)]
pub struct Broken {
    /// Which, from 1.
    pub cue: usize,
    /// Who was to do what.
    pub what: String,
    /// Why it could not be done.
    pub why: String,
    /// Whether the session was told to stop.
    pub halted: bool,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of the scenario did not come about: {}: {}", self.cue, self.what, self.why)
    }
}

impl Stage {
    /// Makes and binds the sockets that the cues need.
    ///
    /// # Errors
    /// When the server's address or port can't be had.
    pub(super) fn set(cues: &'static [Cue], protocol: Protocol, ground: &Ground, address: SocketAddr) -> Result<Self> {
        let (listener, closed) =
            ground.on(Side::Server, move || (bound(protocol, address), nobody(protocol, address)))?;
        let listener = listener.map_err(|error| bind_error(protocol, address, error))?;
        let (closed, closed_port) = closed.context("can't reserve a port for nobody")?;
        let server = local(&listener).context("can't tell which port was bound")?;
        let count = cues.iter().filter_map(|cue| if let Actor::Client(n) = cue.who { Some(n + 1) } else { None }).max();
        let clients = ground.on(Side::Client, move || {
            let sockets = (0..count.unwrap_or(0)).map(|_| socket(protocol, address).map(Some));
            sockets.collect::<io::Result<Vec<_>>>()
        })?;
        Ok(Self {
            cues,
            protocol,
            server,
            client_ip: ground.client_ip(address.ip()),
            closed_port,
            _closed: closed,
            listener: Some(listener),
            clients: clients.context("can't make the client's sockets")?,
            sockets_lose: !is_lab(ground),
        })
    }

    /// Where the server listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.server
    }

    /// The ports that the session may be about.
    pub(super) fn ports(&self) -> Vec<u16> {
        vec![self.server.port(), self.closed_port.port()]
    }

    /// Whether a cue needs rights that must be kept until it is done.
    pub(super) fn needs_rights(&self) -> bool {
        self.last_with_rights().is_some()
    }

    fn last_with_rights(&self) -> Option<usize> {
        self.cues.iter().rposition(|cue| cue.loses() && !self.skips(cue))
    }

    /// Whether the cue is loopback's way to do what the lab's wire does.
    fn skips(&self, cue: &Cue) -> bool {
        !self.sockets_lose && cue.loses()
    }

    /// Does everything; closes in any case what is still open.
    ///
    /// # Errors
    /// The first cue that could not be done.
    pub(super) fn perform(mut self, audience: &Audience) -> Result<(), Broken> {
        let last_with_rights = self.last_with_rights();
        let mut cast = Cast {
            clients: Vec::new(),
            servers: Vec::new(),
            ports: Vec::new(),
            listener: self.listener.take().map(|socket| self.seat(Side::Server, 0, socket, audience)),
        };
        for (number, socket) in (1..).zip(std::mem::take(&mut self.clients)) {
            cast.clients.push(socket.map(|socket| self.seat(Side::Client, number, socket, audience)));
        }
        if last_with_rights.is_none() {
            give_up_rights();
        }
        let mut outcome = Ok(());
        for (index, cue) in self.cues.iter().enumerate() {
            if self.skips(cue) {
                continue;
            }
            let done = cast.act(&self, cue.who, &cue.deed, audience);
            if last_with_rights == Some(index) {
                give_up_rights();
            }
            if let Err(fault) = done {
                let halted = matches!(fault, super::Fault::Halted);
                let broken = Broken { cue: index + 1, what: cue.to_string(), why: fault.to_string(), halted };
                outcome = Err(broken);
                break;
            }
        }
        cast.close();
        outcome
    }

    fn seat(&self, side: Side, number: u64, socket: Socket, audience: &Audience) -> Seat {
        let transcript = match side {
            Side::Client => audience.client.clone(),
            Side::Server => audience.server.clone(),
        };
        Seat::new(socket, self.protocol, number, transcript)
    }
}

/// The thread's rights are its own: they go without touching the other threads.
fn give_up_rights() {
    // a thread that has none has nothing to give up
    let _ = privileges::clear_capabilities();
}

/// The sockets in use.
struct Cast {
    clients: Vec<Option<Seat>>,
    servers: Vec<Option<Seat>>,
    /// The ports that the client's sockets have or had.
    ports: Vec<Option<u16>>,
    listener: Option<Seat>,
}

impl Cast {
    /// Closes what is still open, the clients first, so that the end is in order.
    fn close(self) {
        self.clients.into_iter().chain(self.servers).flatten().for_each(Seat::leave);
    }
}

fn socket(protocol: Protocol, address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = match protocol {
        Protocol::Tcp => Socket::new(domain, Type::STREAM, Some(socket2::Protocol::TCP)),
        Protocol::Udp => Socket::new(domain, Type::DGRAM, Some(socket2::Protocol::UDP)),
    }?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn bound(protocol: Protocol, address: SocketAddr) -> io::Result<Socket> {
    let socket = socket(protocol, address)?;
    if protocol == Protocol::Tcp {
        // connections of an earlier server in TIME_WAIT must not keep the port
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

/// A port at which nobody listens, and that nobody else can take: TCP's is bound and does not listen, UDP's listens to
/// itself alone.
fn nobody(protocol: Protocol, address: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    // without SO_REUSEADDR, with which another program could be given the same port
    let socket = socket(protocol, address)?;
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

/// Whether a deed failed as it must.
fn is_as_told(refusal: Refusal, fault: &super::Fault) -> bool {
    use super::Fault;
    use io::ErrorKind as Kind;
    match (refusal, fault) {
        (Refusal::NothingFor(_), Fault::TimedOut(_)) => true,
        (Refusal::Refused, Fault::Io(error)) => error.kind() == Kind::ConnectionRefused,
        (Refusal::Reset, Fault::Io(error)) => matches!(error.kind(), Kind::ConnectionReset | Kind::BrokenPipe),
        (Refusal::TimedOut, Fault::Io(error)) => error.kind() == Kind::TimedOut,
        _ => false,
    }
}

fn is_lab(ground: &Ground) -> bool {
    matches!(ground, Ground::Lab(_))
}
