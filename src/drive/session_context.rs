//! The surroundings of a session: time limit, log, transcripts, and the signal that ends it.

use std::sync::Arc;
use std::time::Duration;

use super::client::{Client, ClientFault, Connection};
use super::server::ServerLog;
use super::signal::Signal;
use super::transcript::Transcript;

/// Drives the client of an interactive session instead of a plan. The connection is not made yet; it is closed
/// afterwards.
pub type Typist = Arc<dyn for<'c> Fn(&'c Client, &mut Connection<'c>) -> Option<ClientFault> + Send + Sync>;

/// The surroundings of a session.
#[derive(Clone)]
pub struct SessionContext {
    /// Time limit of a client for each action of the server.
    pub timeout: Duration,
    /// Receives the events of the server.
    pub log: ServerLog,
    /// The calls of the client.
    pub client: Transcript,
    /// The calls of the server.
    pub server: Transcript,
    /// Ends the session at once.
    pub halt: Signal,
    /// Drives the only client of an interactive session, instead of its plan.
    pub typist: Option<Typist>,
}
