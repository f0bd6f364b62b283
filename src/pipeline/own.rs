//! Which packets on the port of a session are its own: nothing keeps other programs from using the port, too.

use crate::report::Sink;
use crate::track::{Event, StreamId};

/// The session's own conversations, known by the ports of its clients.
pub(super) struct Own {
    server: u16,
    clients: Vec<u16>,
    begun: Vec<StreamId>,
}

impl Own {
    pub(super) fn new(server: u16, clients: Vec<u16>) -> Self {
        Self { server, clients, begun: Vec::new() }
    }

    /// Whether a step is of the session itself; the sink is told of each of its conversations, before the first step.
    pub(super) fn knows(&mut self, event: &Event<'_>, sink: &mut dyn Sink) -> bool {
        let (source, destination) = (event.source.port, event.destination.port);
        let client = if source == self.server { destination } else { source };
        let own = [source, destination].contains(&self.server) && self.clients.contains(&client);
        if own && !self.begun.contains(&event.stream) {
            self.begun.push(event.stream);
            sink.own(event.stream);
        }
        own
    }
}
