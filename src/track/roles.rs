//! Who is the client.

use super::event::RolesFrom;
use crate::model::{Direction, Endpoint, Packet, TcpFlags, Transport};

/// Ports below this need privileges to listen on: they are servers'.
const FIRST_FREE_PORT: u16 = 1024;

/// Decides from a conversation's first packet which way it goes; `server` is that of a session echolab drove.
pub(super) fn decide(
    source: Endpoint,
    destination: Endpoint,
    packet: &Packet<'_>,
    server: Option<Endpoint>,
) -> (Direction, RolesFrom) {
    use Direction::{ClientToServer, ServerToClient};
    if let Some(server) = server {
        if server == destination {
            return (ClientToServer, RolesFrom::Session);
        }
        if server == source {
            return (ServerToClient, RolesFrom::Session);
        }
    }
    if let Transport::Segment(segment) = &packet.headers.transport
        && segment.flags.contains(TcpFlags::SYN)
    {
        let answers = segment.flags.contains(TcpFlags::ACK);
        return (if answers { ServerToClient } else { ClientToServer }, RolesFrom::Syn);
    }
    match (source.port < FIRST_FREE_PORT, destination.port < FIRST_FREE_PORT) {
        (true, false) => (ServerToClient, RolesFrom::Port),
        (false, true) => (ClientToServer, RolesFrom::Port),
        _ => (ClientToServer, RolesFrom::FirstFrame),
    }
}
