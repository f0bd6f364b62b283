//! A client's socket, TCP or UDP alike: made, written, read, without ever blocking.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use nix::poll::PollFlags;
use socket2::{Domain, SockRef, Socket, Type};

use super::Client;
use crate::drive::fault::Fault;
use crate::drive::socket_option::SocketOption;
use crate::drive::stream::Patience;
use crate::model::{Endpoint, Protocol};

/// A socket that has a peer.
pub(super) enum Link {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Link {
    /// Connects `socket` to the client's server; over UDP this only fixes the peer.
    pub(super) fn connect(client: &Client, socket: Socket, patience: Patience<'_>) -> Result<Self, Fault> {
        match client.protocol {
            Protocol::Tcp => connect_tcp(client, socket, patience).map(Self::Tcp),
            Protocol::Udp => connect_udp(client, socket).map(Self::Udp).map_err(Fault::Io),
        }
    }

    /// The socket's own end.
    pub(super) fn local(&self) -> Option<Endpoint> {
        let address = match self {
            Self::Tcp(stream) => stream.local_addr(),
            Self::Udp(socket) => socket.local_addr(),
        };
        address.ok().map(Endpoint::from)
    }

    /// Writes what the kernel takes at once.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&mut &*stream).write(bytes),
            Self::Udp(socket) => socket.send(bytes),
        }
    }

    /// Reads what is there.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&mut &*stream).read(buffer),
            Self::Udp(socket) => socket.recv(buffer),
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Udp(socket) => socket.as_fd(),
        }
    }
}

/// Whether nothing is wrong but the moment.
pub(super) fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// A client's socket, set to `options`, on the host of the calling thread.
pub(in crate::drive) fn socket(protocol: Protocol, server: SocketAddr, options: &[SocketOption]) -> io::Result<Socket> {
    let domain = Domain::for_address(server);
    let socket = match protocol {
        Protocol::Tcp => Socket::new(domain, Type::STREAM, Some(socket2::Protocol::TCP)),
        Protocol::Udp => Socket::new(domain, Type::DGRAM, Some(socket2::Protocol::UDP)),
    }?;
    options.iter().try_for_each(|option| option.set(&socket))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Gives a socket that is not yet connected the port that it will have, and returns it.
pub(in crate::drive) fn take_port(socket: &Socket, protocol: Protocol, server: SocketAddr) -> io::Result<u16> {
    match protocol {
        Protocol::Tcp => {
            let any: IpAddr =
                if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            socket.bind(&SocketAddr::new(any, 0).into())?;
        }
        // sends nothing, and lets nobody but the server in
        Protocol::Udp => socket.connect(&server.into())?,
    }
    Ok(socket.local_addr()?.as_socket().map_or(0, |address| address.port()))
}

fn connect_tcp(client: &Client, socket: Socket, patience: Patience<'_>) -> Result<TcpStream, Fault> {
    match socket.connect(&client.server.into()) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {
            patience.wait(&socket, PollFlags::POLLOUT)?;
            if let Some(error) = socket.take_error()? {
                return Err(Fault::Io(error));
            }
        }
        result => result?,
    }
    SockRef::from(&socket).set_linger(client.linger)?;
    Ok(socket.into())
}

fn connect_udp(client: &Client, socket: Socket) -> io::Result<UdpSocket> {
    socket.connect(&client.server.into())?;
    Ok(socket.into())
}
