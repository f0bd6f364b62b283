//! Creates the sockets of clients and servers.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

use super::socket_option::SocketOption;
use crate::model::Protocol;

/// A non-blocking socket for the address family of `address`, on the host of the calling thread.
pub(super) fn new_socket(protocol: Protocol, address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = match protocol {
        Protocol::Tcp => Socket::new(domain, Type::STREAM, Some(socket2::Protocol::TCP)),
        Protocol::Udp => Socket::new(domain, Type::DGRAM, Some(socket2::Protocol::UDP)),
    }?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A server's socket, set to `options` and bound to `address`.
pub(super) fn bound_socket(protocol: Protocol, address: SocketAddr, options: &[SocketOption]) -> io::Result<Socket> {
    let socket = new_socket(protocol, address)?;
    if protocol == Protocol::Tcp {
        // connections of an earlier server in TIME_WAIT must not keep the port
        socket.set_reuse_address(true)?;
    }
    options.iter().try_for_each(|option| option.set(&socket))?;
    socket.bind(&address.into())?;
    Ok(socket)
}
