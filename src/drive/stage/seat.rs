//! A socket of one of the programs, with its place in the transcript.

use std::io::{self, Read};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use nix::poll::PollFlags;
use nix::sys::socket::{SockaddrStorage, recvfrom};
use socket2::{SockAddr, Socket};

use super::kill::kill_owner_of;
use crate::drive::fault::Fault;
use crate::drive::kernel::Watched;
use crate::drive::stream::Patience;
use crate::drive::transcript::Transcript;
use crate::model::{CallKind, Endpoint, Protocol};

/// How `close` waits for the peer at most.
const LINGER: Duration = Duration::from_secs(5);

/// Most bytes of one read.
const READ_SIZE: usize = 65_536;

/// A socket in use.
pub(super) struct Seat {
    /// Goes before the socket.
    watched: Option<Watched>,
    pub(super) socket: Socket,
    pub(super) protocol: Protocol,
    /// Its number in the transcript.
    number: u64,
    transcript: Transcript,
    /// Whom a UDP server last heard, and a client connected to.
    pub(super) peer: Option<SocketAddr>,
    local: Option<Endpoint>,
}

impl Seat {
    pub(super) fn new(socket: Socket, protocol: Protocol, number: u64, transcript: Transcript) -> Self {
        Self { watched: None, socket, protocol, number, transcript, peer: None, local: None }
    }

    pub(super) fn note(&self, kind: CallKind) {
        self.transcript.note(self.number, self.local, self.peer.map(Endpoint::from), kind);
    }

    /// Notes the socket's own end, now that it has one.
    fn settle(&mut self) {
        self.local = self.socket.local_addr().ok().and_then(|address| address.as_socket()).map(Endpoint::from);
        if self.protocol == Protocol::Tcp {
            self.watched = self.transcript.watch(self.socket.as_fd(), self.local, self.peer.map(Endpoint::from));
        }
    }

    /// Begins to connect.
    pub(super) fn begin(&mut self, to: SocketAddr) -> Result<(), Fault> {
        self.peer = Some(to);
        let begun = match self.socket.connect(&to.into()) {
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
            result => Ok(result?),
        };
        self.settle();
        begun
    }

    /// Waits until it is connected.
    pub(super) fn finish(&self, patience: Patience<'_>) -> Result<(), Fault> {
        if self.protocol == Protocol::Tcp {
            patience.wait(&self.socket, PollFlags::POLLOUT)?;
            if let Some(error) = self.socket.take_error()? {
                return Err(Fault::Io(error));
            }
        }
        self.note(CallKind::Connect);
        Ok(())
    }

    /// Connects and sends with the SYN, where the kernel has a cookie of the server's; else only connects.
    pub(super) fn connect_and_send(&mut self, to: SocketAddr, bytes: &[u8]) -> Result<(), Fault> {
        self.peer = Some(to);
        match self.socket.send_to_with_flags(bytes, &to.into(), libc::MSG_FASTOPEN) {
            Ok(count) => {
                self.settle();
                self.note(CallKind::Send(count as u64));
            }
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => self.settle(),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Takes a connection, whose number in the transcript will be `number`.
    pub(super) fn accept(&self, number: u64, patience: Patience<'_>) -> Result<Self, Fault> {
        let (socket, peer) = patience.until_done(&self.socket, PollFlags::POLLIN, || self.socket.accept())?;
        socket.set_nonblocking(true)?;
        let mut seat = Self::new(socket, self.protocol, number, self.transcript.clone());
        seat.peer = peer.as_socket();
        seat.settle();
        seat.note(CallKind::Accept);
        Ok(seat)
    }

    /// Sends all of it.
    pub(super) fn send(&self, bytes: &[u8], patience: Patience<'_>) -> Result<(), Fault> {
        let mut rest = bytes;
        loop {
            let count = patience.until_done(&self.socket, PollFlags::POLLOUT, || self.send_once(rest))?;
            self.note(CallKind::Send(count as u64));
            rest = rest.get(count..).unwrap_or_default();
            if rest.is_empty() || self.protocol == Protocol::Udp {
                return Ok(());
            }
        }
    }

    /// Sends what the kernel takes at once.
    pub(super) fn fill(&self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            match self.send_once(bytes) {
                Ok(count) => {
                    self.note(CallKind::Send(count as u64));
                    bytes = bytes.get(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// A socket that has a peer of its own is connected; a UDP server's answers whom it heard.
    fn send_once(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.peer {
            Some(peer) if self.protocol == Protocol::Udp && self.socket.peer_addr().is_err() => {
                self.socket.send_to(bytes, &SockAddr::from(peer))
            }
            _ => self.socket.send(bytes),
        }
    }

    /// Sends as urgent data.
    pub(super) fn send_urgent(&self, bytes: &[u8]) -> Result<(), Fault> {
        let count = self.socket.send_out_of_band(bytes)?;
        self.note(CallKind::Send(count as u64));
        Ok(())
    }

    /// Reads until `count` bytes have come; over UDP one datagram. Fewer come where the stream ends.
    pub(super) fn receive(&mut self, count: usize, patience: Patience<'_>) -> Result<Vec<u8>, Fault> {
        let mut received = Vec::new();
        while received.len() < count {
            let most = if self.protocol == Protocol::Udp { READ_SIZE } else { count - received.len() };
            let bytes = self.read(most, patience)?;
            if bytes.is_empty() {
                break;
            }
            received.extend(bytes);
            if self.protocol == Protocol::Udp {
                break;
            }
        }
        Ok(received)
    }

    /// Reads to the end of the stream.
    pub(super) fn receive_all(&mut self, patience: Patience<'_>) -> Result<(), Fault> {
        while !self.read(READ_SIZE, patience)?.is_empty() {}
        Ok(())
    }

    /// Waits until the kernel knows that nothing can be sent any more either.
    pub(super) fn await_reset(&self, patience: Patience<'_>) -> Result<(), Fault> {
        // errors and a hang-up are told unasked
        patience.wait(&self.socket, PollFlags::empty())
    }

    /// Reads once and notes it.
    fn read(&mut self, most: usize, patience: Patience<'_>) -> Result<Vec<u8>, Fault> {
        let mut buffer = vec![0; most];
        let count = match self.protocol {
            Protocol::Tcp => {
                patience.until_done(&self.socket, PollFlags::POLLIN, || (&self.socket).read(&mut buffer))?
            }
            Protocol::Udp => {
                let (count, from) = patience.until_done(&self.socket, PollFlags::POLLIN, || {
                    Ok(recvfrom::<SockaddrStorage>(self.socket.as_raw_fd(), &mut buffer)?)
                })?;
                self.peer = from.as_ref().and_then(address_of);
                self.settle();
                count
            }
        };
        buffer.truncate(count);
        self.note(match (count, self.protocol) {
            (0, Protocol::Tcp) => CallKind::EndOfStream,
            (count, _) => CallKind::Receive(count as u64),
        });
        Ok(buffer)
    }

    pub(super) fn shutdown(&self) -> Result<(), Fault> {
        self.socket.shutdown(std::net::Shutdown::Write)?;
        self.note(CallKind::Shutdown);
        Ok(())
    }

    /// Closes, and waits until the peer has acknowledged that.
    pub(super) fn close(self) {
        // a socket that can't wait closes all the same
        let _ = self.socket.set_linger(Some(LINGER));
        self.leave();
    }

    /// Closes and waits for nothing.
    pub(super) fn leave(self) {
        let Self { watched, socket, number, transcript, peer, local, .. } = self;
        drop(watched);
        drop(socket);
        transcript.note(number, local, peer.map(Endpoint::from), CallKind::Close);
    }

    /// Has the program killed that has the socket.
    pub(super) fn kill(self) -> Result<(), Fault> {
        let Self { watched, socket, number, transcript, peer, local, .. } = self;
        drop(watched);
        kill_owner_of(socket)?;
        transcript.note(number, local, peer.map(Endpoint::from), CallKind::Killed);
        Ok(())
    }
}

fn address_of(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|address| SocketAddrV4::from(*address).into());
    v4.or_else(|| storage.as_sockaddr_in6().map(|address| SocketAddrV6::from(*address).into()))
}
