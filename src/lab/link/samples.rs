//! Frames for the link's tests.

use etherparse::PacketBuilder;

use crate::model::{Direction, TcpFlags};

/// Bytes of the Ethernet, IPv4 and TCP headers of [`segment`].
pub(super) const TCP_HEADERS: usize = 14 + 20 + 20;

/// A TCP segment between 192.0.2.1 port 40000, the client, and 192.0.2.2 port 7.
pub(super) fn segment(direction: Direction, flags: TcpFlags, seq: u32, payload: &[u8]) -> Vec<u8> {
    let (from, to, source, destination) = ends(direction);
    let mut builder = PacketBuilder::ethernet2([2; 6], [3; 6]).ipv4(from, to, 64).tcp(source, destination, seq, 1000);
    let has = |flag| flags.contains(flag);
    builder = if has(TcpFlags::SYN) { builder.syn() } else { builder };
    builder = if has(TcpFlags::ACK) { builder.ack(1) } else { builder };
    builder = if has(TcpFlags::FIN) { builder.fin() } else { builder };
    builder = if has(TcpFlags::RST) { builder.rst() } else { builder };
    let mut frame = Vec::new();
    builder.write(&mut frame, payload).expect("a segment");
    frame
}

/// A UDP datagram between the same ports.
pub(super) fn datagram(direction: Direction, payload: &[u8]) -> Vec<u8> {
    let (from, to, source, destination) = ends(direction);
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2([2; 6], [3; 6]).ipv4(from, to, 64).udp(source, destination);
    builder.write(&mut frame, payload).expect("a datagram");
    frame
}

fn ends(direction: Direction) -> ([u8; 4], [u8; 4], u16, u16) {
    let (client, server) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    match direction {
        Direction::ClientToServer => (client, server, 40_000, 7),
        Direction::ServerToClient => (server, client, 7, 40_000),
    }
}
