//! The echo server, TCP or UDP: bound first, started later, ended in order.
//!
//! It reports events through a callback and prints nothing.

mod event;
mod guard;
mod tcp;
mod udp;

use std::io::{self, PipeReader};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use nix::poll::{PollFd, PollFlags};

pub use event::{Ignored, ServerEvent};
pub use guard::UdpLimits;

use super::behaviour::Behaviour;
use super::fault::Fault;
use super::signal::{self, Signal, WakeReason};
use super::socket::bound_socket;
use super::socket_option::SocketOption;
use super::transcript::Transcript;
use crate::model::{Protocol, Side};

/// Receives the events of a server, on any of its threads.
pub type ServerLog = Arc<dyn Fn(&ServerEvent) + Send + Sync>;

/// The configuration of a server.
#[derive(Clone)]
pub struct ServerOptions {
    /// The behaviour of its echo.
    pub behaviour: Behaviour,
    /// Limit of concurrent TCP connections; further ones are closed at once.
    pub max_connections: usize,
    /// Silence after which a TCP connection is closed.
    pub idle_timeout: Option<Duration>,
    /// Time for which `close` waits for the peer's acknowledgment, so that a session's last packet has arrived when it
    /// returns.
    pub linger: Option<Duration>,
    /// Limits of UDP sources; `None` for a server that only its own client can reach.
    pub udp_limits: Option<UdpLimits>,
    /// Receives the server's events.
    pub log: ServerLog,
    /// Records the server's calls.
    pub transcript: Transcript,
    /// Ends the server at once.
    pub halt: Signal,
}

impl ServerOptions {
    /// Default limit of concurrent connections.
    pub const MAX_CONNECTIONS: usize = 128;
    /// Default silence after which a connection is closed.
    pub const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

    /// A quiet server with every limit at its default.
    pub fn new(behaviour: Behaviour, halt: Signal) -> Self {
        Self {
            behaviour,
            max_connections: Self::MAX_CONNECTIONS,
            idle_timeout: Some(Self::IDLE_TIMEOUT),
            linger: None,
            udp_limits: Some(UdpLimits::default()),
            log: Arc::new(|_| ()),
            transcript: Transcript::new(Side::Server),
            halt,
        }
    }
}

/// A server's socket, bound (over TCP also listening) and not served yet: its port is known, and root is no longer
/// needed.
#[derive(Debug)]
pub struct BoundServer {
    socket: Listening,
    address: SocketAddr,
}

#[derive(Debug)]
enum Listening {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl BoundServer {
    /// Binds a server's socket, set to `options`, which accepted connections inherit; port 0 takes any free port.
    ///
    /// # Errors
    /// If the port is in use, the address is not this host's, or the port requires root.
    pub fn bind(protocol: Protocol, address: SocketAddr, backlog: u32, options: &[SocketOption]) -> Result<Self> {
        let socket = open(protocol, address, backlog, options).map_err(|error| bind_error(protocol, address, error))?;
        let address = match &socket {
            Listening::Tcp(listener) => listener.local_addr(),
            Listening::Udp(socket) => socket.local_addr(),
        }
        .context("cannot find out which port was bound")?;
        Ok(Self { socket, address })
    }

    /// The address at which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves, in threads of its own, until told to finish or to halt.
    ///
    /// # Errors
    /// If the system refuses a thread or a pipe.
    pub fn start(self, options: ServerOptions) -> io::Result<RunningServer> {
        let (finish, end) = (Signal::new()?, Signal::new()?);
        let (alive, lives) = io::pipe()?;
        let (until, halt) = (finish.clone(), options.halt.clone());
        // a server halted at once does not need to know by which signal
        let options = ServerOptions { halt: end.clone(), ..options };
        let thread = thread::Builder::new().name("server".to_owned()).spawn(move || {
            let _lives = lives;
            match self.socket {
                Listening::Tcp(listener) => tcp::serve(&listener, &options, &until),
                Listening::Udp(socket) => udp::serve(&socket, &options, &until),
            }
        })?;
        Ok(RunningServer { thread, finish, end, halt, alive })
    }
}

/// A running server; it ends when a caller [waits](Self::wait) for it, or makes it [finish](Self::finish).
#[derive(Debug)]
pub struct RunningServer {
    thread: JoinHandle<io::Result<()>>,
    finish: Signal,
    /// Ends the server at once.
    end: Signal,
    /// The caller's signal, which does the same.
    halt: Signal,
    /// Closed when the server's thread ends.
    alive: PipeReader,
}

/// The way in which a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It had served every client, or was halted.
    Done,
    /// It still waited for a client at its time limit.
    GivenUp,
}

impl RunningServer {
    /// Accepts no new client; serves the accepted ones to their end, but no longer than `most`; returns when all
    /// sockets are closed.
    ///
    /// # Errors
    /// If the server's own socket failed.
    pub fn finish(self, most: Duration) -> io::Result<Ending> {
        self.finish.raise();
        self.until(Some(most))
    }

    /// Returns when the server has ended: after the halt, or after its own socket failed.
    ///
    /// # Errors
    /// If the server's own socket failed.
    pub fn wait(self) -> io::Result<()> {
        self.until(None).map(|_| ())
    }

    fn until(self, most: Option<Duration>) -> io::Result<Ending> {
        let woken = self.halt.wait_with(&self.alive, PollFlags::POLLIN, most);
        self.end.raise();
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the server's thread broke down")))?;
        Ok(if woken? == WakeReason::TimedOut { Ending::GivenUp } else { Ending::Done })
    }
}

/// Waits for a client; `false` if there is none and the server is to finish or to halt.
pub(in crate::drive) fn wait_for_client(socket: impl AsFd, finish: &Signal, halt: &Signal) -> io::Result<bool> {
    let mut waits = [socket.as_fd(), finish.as_fd(), halt.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
    signal::poll(&mut waits, None)?;
    let [client, _, halted] = waits.map(|wait| wait.any().unwrap_or(false));
    Ok(client && !halted)
}

/// Pauses for `time` before a read, or until the halt.
fn pause(time: Duration, halt: &Signal) -> Result<(), Fault> {
    if !time.is_zero() && halt.wait(Some(time))? == WakeReason::Signalled {
        return Err(Fault::Halted);
    }
    Ok(())
}

fn open(protocol: Protocol, address: SocketAddr, backlog: u32, options: &[SocketOption]) -> io::Result<Listening> {
    let socket = bound_socket(protocol, address, options)?;
    match protocol {
        Protocol::Tcp => {
            socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
            Ok(Listening::Tcp(socket.into()))
        }
        Protocol::Udp => Ok(Listening::Udp(socket.into())),
    }
}

/// The error for a server's address that is not available, with advice.
pub(in crate::drive) fn bind_error(protocol: Protocol, address: SocketAddr, error: io::Error) -> anyhow::Error {
    let (ip, port) = (address.ip(), address.port());
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "{protocol} port {port} of {ip} is in use by another program: choose another with --port, or 0 for any free one"
            )
        }
        io::ErrorKind::AddrNotAvailable => format!("{ip} is not an address of this host"),
        io::ErrorKind::PermissionDenied => {
            format!("{protocol} port {port} needs root: choose one above 1023 with --port, or 0 for any free one")
        }
        _ => format!("can't bind {protocol} port {port} of {ip}"),
    };
    anyhow!(error).context(advice)
}
