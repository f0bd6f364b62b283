//! Creates the sockets of clients.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::Socket;

use crate::drive::socket::new_socket;
use crate::drive::socket_option::SocketOption;
use crate::model::Protocol;

/// A client's socket, set to `options`, on the host of the calling thread.
pub(in crate::drive) fn socket(protocol: Protocol, server: SocketAddr, options: &[SocketOption]) -> io::Result<Socket> {
    let socket = new_socket(protocol, server)?;
    options.iter().try_for_each(|option| option.set(&socket))?;
    Ok(socket)
}

/// Binds a socket that is not yet connected to the port that it will use, and returns the port.
pub(in crate::drive) fn take_port(socket: &Socket, protocol: Protocol, server: SocketAddr) -> io::Result<u16> {
    match protocol {
        Protocol::Tcp => {
            let any: IpAddr =
                if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            socket.bind(&SocketAddr::new(any, 0).into())?;
        }
        // sends nothing, and accepts only the server's datagrams
        Protocol::Udp => socket.connect(&server.into())?,
    }
    Ok(socket.local_addr()?.as_socket().map_or(0, |address| address.port()))
}
