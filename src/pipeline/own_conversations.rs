//! The packets of a session among others on its port, which other programs may use, too.

use crate::report::Sink;
use crate::track::{Event, StreamId};

/// The session's own conversations, known by the ports of its clients.
pub(super) struct OwnConversations {
    server: u16,
    clients: Vec<u16>,
    begun: Vec<StreamId>,
}

impl OwnConversations {
    pub(super) fn new(server: u16, clients: Vec<u16>) -> Self {
        Self { server, clients, begun: Vec::new() }
    }

    /// Returns `true` if a step belongs to the session; marks each of its conversations in the sink before their first
    /// step.
    pub(super) fn is_own(&mut self, event: &Event<'_>, sink: &mut dyn Sink) -> bool {
        let (source, destination) = (event.source.port, event.destination.port);
        let client = if source == self.server { destination } else { source };
        let own = [source, destination].contains(&self.server) && self.clients.contains(&client);
        if own && !self.begun.contains(&event.stream) {
            self.begun.push(event.stream);
            sink.mark_own(event.stream);
        }
        own
    }
}
