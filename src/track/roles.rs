//! Decides which end of a conversation is the client.

use super::hosts::{HostFacts, Hosts};
use super::stream::RolesFrom;
use crate::model::{Direction, Endpoint, Packet, Protocol, TcpFlags, Transport};

/// Ports below this need privileges to bind.
const FIRST_FREE_PORT: u16 = 1024;

/// From here to [`FIRST_FREE_PORT`] programs with privileges also bind the ports of clients: NFS, rsh, rlogin
/// (`IPPORT_RESERVED / 2`, rresvport(3)).
const FIRST_RESERVED_CLIENT_PORT: u16 = 512;

/// Registered ports that servers listen on in practice (IANA Service Name and Transport Protocol Port Number Registry),
/// from 1024 on, in order.
const SERVICES: &[u16] = &[
    1080, 1194, 1433, 1521, 1701, 1723, 1812, 1813, 1883, 1900, 2049, 2181, 2375, 2376, 2379, 2380, 3128, 3205, 3260,
    3268, 3269, 3306, 3389, 3478, 4369, 4420, 4500, 4789, 5000, 5060, 5061, 5201, 5222, 5269, 5349, 5353, 5355, 5432,
    5555, 5671, 5672, 5683, 5684, 5900, 5984, 5985, 5986, 6000, 6379, 6443, 6514, 6667, 6697, 7000, 7001, 8000, 8008,
    8080, 8086, 8088, 8443, 8883, 8888, 9000, 9042, 9090, 9092, 9100, 9200, 9300, 9418, 10050, 10051, 11211, 11434,
    15672, 25565, 27017, 50051,
];

/// Ports of services between 512 and 1023 (the same registry): no client's.
const LOW_SERVICES: &[u16] = &[
    512, 513, 514, 515, 520, 521, 543, 544, 546, 547, 548, 554, 563, 587, 593, 601, 631, 636, 646, 647, 749, 750, 830,
    833, 843, 853, 860, 873, 902, 989, 990, 992, 993, 995,
];

/// Decides from a conversation's first packet which way it goes. `server` is that of a session that echolab drove; `hosts`
/// know what other conversations show of both ends.
pub(super) fn decide(
    source: Endpoint,
    destination: Endpoint,
    packet: &Packet<'_>,
    server: Option<Endpoint>,
    hosts: &Hosts,
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
    let (protocol, ..) = packet.headers.transport.ends();
    if let Transport::Segment(segment) = &packet.headers.transport
        && segment.flags.contains(TcpFlags::SYN)
    {
        let answers = segment.flags.contains(TcpFlags::ACK);
        return (if answers { ServerToClient } else { ClientToServer }, RolesFrom::Syn);
    }
    if protocol == Protocol::Tcp
        && let Some(direction) = by_hosts(&hosts.of(source), &hosts.of(destination))
    {
        return (direction, RolesFrom::Syn);
    }
    match by_ports(source.port, destination.port) {
        Some(direction) => (direction, RolesFrom::Port),
        None => (ClientToServer, RolesFrom::FirstFrame),
    }
}

/// Decides by the SYNs and SYN-ACKs of other conversations: the server is the end that accepted connections.
fn by_hosts(source: &HostFacts, destination: &HostFacts) -> Option<Direction> {
    let listens = |host: &HostFacts| host.accepts.is_some() || host.refuses.is_some() || host.is_asked.is_some();
    match (listens(source), listens(destination)) {
        (false, true) => Some(Direction::ClientToServer),
        (true, false) => Some(Direction::ServerToClient),
        (true, true) | (false, false) => None,
    }
}

/// The side whose port only a server has.
fn by_ports(source: u16, destination: u16) -> Option<Direction> {
    let (own, peer) = (rank(source), rank(destination));
    match own.cmp(&peer) {
        std::cmp::Ordering::Less => Some(Direction::ClientToServer),
        std::cmp::Ordering::Greater => Some(Direction::ServerToClient),
        std::cmp::Ordering::Equal => None,
    }
}

/// Ranks a port by how clearly it is a server's.
fn rank(port: u16) -> u8 {
    match port {
        0..FIRST_RESERVED_CLIENT_PORT => 3,
        FIRST_RESERVED_CLIENT_PORT..FIRST_FREE_PORT if LOW_SERVICES.binary_search(&port).is_ok() => 3,
        // a privileged server's, or a privileged client's
        FIRST_RESERVED_CLIENT_PORT..FIRST_FREE_PORT => 1,
        _ if SERVICES.binary_search(&port).is_ok() => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ClientToServer, ServerToClient};

    #[test]
    fn registered_port_outranks_a_reserved_client_port() {
        for (source, destination, wanted) in [
            (909, 2049, Some(ClientToServer)),
            (2049, 909, Some(ServerToClient)),
            (909, 40_000, Some(ServerToClient)),
            (443, 2049, Some(ServerToClient)),
            (993, 2049, Some(ServerToClient)),
            (50_000, 3306, Some(ClientToServer)),
            (50_000, 40_000, None),
            (2049, 3306, None),
            (80, 443, None),
        ] {
            assert_eq!(by_ports(source, destination), wanted, "{source} {destination}");
        }
        assert!(SERVICES.is_sorted() && LOW_SERVICES.is_sorted());
    }
}
