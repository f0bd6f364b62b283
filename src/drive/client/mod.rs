//! The echo client: a list of actions, done one after the other on one socket.

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

/// A client and whom it talks to.
#[derive(Clone, Debug)]
pub struct Client {
    /// Over TCP or UDP.
    pub protocol: Protocol,
    /// The server.
    pub server: SocketAddr,
    /// Its number in the transcript, where there are several clients; from 1.
    pub number: u64,
    /// How long it waits for each thing that the server is to do.
    pub timeout: Option<Duration>,
    /// How `close` waits for the server to acknowledge, so that a session's last packet has come when it returns.
    pub linger: Option<Duration>,
    /// Takes what the client does.
    pub transcript: Transcript,
    /// Ends everything at once.
    pub halt: Signal,
}

/// What a client did.
#[derive(Debug, Default)]
pub struct Tally {
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// What put an end to it before the last action.
    pub fault: Option<ClientFault>,
}

impl Client {
    /// Time for each answer unless told otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(2);

    /// Does `actions` in order, up to the first that fails; the socket is closed in any case.
    pub fn run(&self, actions: impl IntoIterator<Item = Action>) -> Tally {
        Self::play(Connection::new(self), actions)
    }

    /// The same with a socket that was made before, by who had the right to set it so.
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
