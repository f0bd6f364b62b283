//! The kinds of traffic that a session can have.

use super::behaviour::Behaviour;
use super::client::Plan;
use super::script::ScriptStep;
use crate::model::Protocol;

/// The traffic of a session.
#[derive(Clone, Debug)]
pub enum SessionKind {
    /// An echo server, and clients that all do the same at the same time.
    Echo {
        /// The plan of each client.
        plan: Plan,
        /// The behaviour of the server.
        behaviour: Behaviour,
        /// Number of clients.
        clients: u16,
    },
    /// Client and server execute the steps of a script.
    Script {
        /// The steps, executed one after the other.
        steps: &'static [ScriptStep],
        /// Over TCP or UDP.
        protocol: Protocol,
    },
    /// Clients request a document of an origin server through a caching proxy.
    Proxy,
}

impl SessionKind {
    /// Over TCP or UDP.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Echo { plan, .. } => plan.protocol,
            Self::Script { protocol, .. } => *protocol,
            Self::Proxy => Protocol::Tcp,
        }
    }
}
