//! The echo client: executes a list of actions one after the other on one socket.

mod action;
mod connection;
mod fault;
mod plan;
mod socket;

use std::net::SocketAddr;
use std::time::Duration;

use socket2::Socket;

pub use action::{Action, Until};
pub use connection::Connection;
pub use fault::ClientFault;
pub use plan::Plan;

pub(in crate::drive) use socket::{socket, take_port};

use super::session_context::Typist;
use super::signal::Signal;
use super::transcript::Transcript;
use crate::model::Protocol;

/// A client and the server that it connects to.
#[derive(Clone, Debug)]
pub struct Client {
    /// Over TCP or UDP.
    pub protocol: Protocol,
    /// The server.
    pub server: SocketAddr,
    /// Its number in the transcript, where there are several clients; from 1.
    pub number: u64,
    /// Time limit for each action of the server.
    pub timeout: Option<Duration>,
    /// Time for which `close` waits for the server's acknowledgment, so that a session's last packet has arrived when
    /// it returns.
    pub linger: Option<Duration>,
    /// Records the client's calls.
    pub transcript: Transcript,
    /// Ends the client at once.
    pub halt: Signal,
}

/// The result of a client.
#[derive(Debug, Default)]
pub struct Tally {
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// The fault that ended it before the last action.
    pub fault: Option<ClientFault>,
}

impl Client {
    /// Default time limit for each answer.
    pub const TIMEOUT: Duration = Duration::from_secs(2);

    /// Executes `actions` in order, up to the first that fails; the socket is closed in any case.
    pub fn run(&self, actions: impl IntoIterator<Item = Action>) -> Tally {
        Self::play(Connection::new(self), actions)
    }

    /// The same with a socket that was made in advance, while the rights for its options existed.
    pub(in crate::drive) fn run_on(&self, socket: Socket, actions: impl IntoIterator<Item = Action>) -> Tally {
        Self::play(Connection::on(self, socket), actions)
    }

    /// The same, done by a typist on the first of `sockets`.
    pub(in crate::drive) fn run_typed(&self, sockets: Vec<Socket>, typist: &Typist) -> Tally {
        let made = sockets.into_iter().next();
        let mut connection = made.map_or_else(|| Connection::new(self), |socket| Connection::on(self, socket));
        let fault = typist(self, &mut connection);
        connection.close();
        Tally { sent: connection.sent(), received: connection.received(), fault }
    }

    fn play(mut connection: Connection<'_>, actions: impl IntoIterator<Item = Action>) -> Tally {
        let fault = actions.into_iter().try_for_each(|action| connection.act(&action)).err();
        connection.close();
        Tally { sent: connection.sent(), received: connection.received(), fault }
    }
}
