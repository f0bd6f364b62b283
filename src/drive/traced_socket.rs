//! A socket of one of the programs, each call on which is recorded in the transcript.

use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::poll::PollFlags;
use nix::sys::socket::{SockaddrStorage, recvfrom};
use socket2::{SockAddr, Socket};

use super::fault::Fault;
use super::kernel::Watched;
use super::stream::WaitLimits;
use super::transcript::Transcript;
use crate::model::{CallKind, Endpoint, FailedCall, Protocol};

/// The longest time for which `close` waits for the peer's acknowledgment.
const LINGER: Duration = Duration::from_secs(5);

/// Maximum bytes of one read.
const READ_SIZE: usize = 65_536;

/// A socket in use. Dropping it closes it without a note; [`TracedSocket::close`] notes the call.
pub(super) struct TracedSocket {
    /// Dropped before the socket, which its kernel view borrows.
    watched: Option<Watched>,
    socket: Socket,
    protocol: Protocol,
    /// Its number in the transcript.
    number: u64,
    transcript: Transcript,
    /// The peer of a connected socket; at a UDP server, the sender of the last datagram.
    peer: Option<SocketAddr>,
    /// `true` if the kernel knows the peer too.
    connected: bool,
    local: Option<Endpoint>,
}

impl TracedSocket {
    /// A socket that has no peer yet.
    pub(super) fn new(socket: Socket, protocol: Protocol, number: u64, transcript: Transcript) -> Self {
        Self { watched: None, socket, protocol, number, transcript, peer: None, connected: false, local: None }
    }

    /// A connection that a TCP server has accepted.
    pub(super) fn accepted(
        socket: Socket,
        peer: Option<SocketAddr>,
        number: u64,
        transcript: Transcript,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let mut accepted = Self { peer, connected: true, ..Self::new(socket, Protocol::Tcp, number, transcript) };
        accepted.update_local();
        accepted.note(CallKind::Accept);
        Ok(accepted)
    }

    /// The socket itself, for calls that are not noted.
    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Notes a call that has returned.
    pub(super) fn note(&self, kind: CallKind) {
        self.transcript.note(self.number, self.local, self.peer.map(Endpoint::from), kind);
    }

    /// Notes that a call failed.
    pub(super) fn failed(&self, call: FailedCall, fault: Fault) -> Fault {
        self.note(CallKind::failed(call, &fault));
        fault
    }

    /// Reads the socket's own address, once it has one.
    fn update_local(&mut self) {
        self.local = self.socket.local_addr().ok().and_then(|address| address.as_socket()).map(Endpoint::from);
        if self.protocol == Protocol::Tcp {
            self.watched = self.transcript.watch(self.socket.as_fd(), self.local, self.peer.map(Endpoint::from));
        }
    }

    /// Connects. Over UDP this only sets the peer.
    pub(super) fn connect(&mut self, to: SocketAddr, limits: WaitLimits<'_>) -> Result<(), Fault> {
        self.begin(to)?;
        self.finish(limits)
    }

    /// Begins to connect.
    pub(super) fn begin(&mut self, to: SocketAddr) -> Result<(), Fault> {
        (self.peer, self.connected) = (Some(to), true);
        let begun = match self.socket.connect(&to.into()) {
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
            result => Ok(result?),
        };
        self.update_local();
        begun
    }

    /// Waits until it is connected.
    pub(super) fn finish(&self, limits: WaitLimits<'_>) -> Result<(), Fault> {
        if self.protocol == Protocol::Tcp {
            limits.wait(&self.socket, PollFlags::POLLOUT)?;
            if let Some(error) = self.socket.take_error()? {
                return Err(Fault::Io(error));
            }
        }
        self.note(CallKind::Connect);
        Ok(())
    }

    /// Connects and sends with the SYN where the kernel has a Fast Open cookie of the server (RFC 7413); otherwise only
    /// connects.
    pub(super) fn connect_and_send(&mut self, to: SocketAddr, bytes: &[u8]) -> Result<(), Fault> {
        (self.peer, self.connected) = (Some(to), true);
        match self.socket.send_to_with_flags(bytes, &to.into(), libc::MSG_FASTOPEN) {
            Ok(count) => {
                self.update_local();
                self.note(CallKind::Send(count as u64));
            }
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => self.update_local(),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Accepts a connection, with this number in the transcript.
    pub(super) fn accept(&self, number: u64, limits: WaitLimits<'_>) -> Result<Self, Fault> {
        let (socket, peer) = limits.until_done(&self.socket, PollFlags::POLLIN, || self.socket.accept())?;
        Ok(Self::accepted(socket, peer.as_socket(), number, self.transcript.clone())?)
    }

    /// Sends all bytes, over UDP as one datagram.
    pub(super) fn send(&self, bytes: &[u8], limits: WaitLimits<'_>) -> Result<(), Fault> {
        let mut rest = bytes;
        loop {
            let count = limits.until_done(&self.socket, PollFlags::POLLOUT, || self.try_send(rest))?;
            rest = rest.get(count..).unwrap_or_default();
            // an empty datagram is sent too
            if rest.is_empty() || self.protocol == Protocol::Udp {
                return Ok(());
            }
        }
    }

    /// Sends once what the kernel takes of these bytes.
    pub(super) fn send_slices(&self, bytes: &[IoSlice<'_>], limits: WaitLimits<'_>) -> Result<usize, Fault> {
        let send = || (&self.socket).write_vectored(bytes);
        let count = limits.until_done(&self.socket, PollFlags::POLLOUT, send)?;
        self.note(CallKind::Send(count as u64));
        Ok(count)
    }

    /// Sends as many of these bytes as the kernel takes without blocking.
    pub(super) fn fill(&self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            match self.try_send(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Sends once without blocking. A UDP socket that is not connected answers the sender of the last datagram.
    pub(super) fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        let count = match self.peer {
            Some(peer) if !self.connected => self.socket.send_to(bytes, &SockAddr::from(peer)),
            _ => self.socket.send(bytes),
        }?;
        self.note(CallKind::Send(count as u64));
        Ok(count)
    }

    /// Sends as urgent data.
    pub(super) fn send_urgent(&self, bytes: &[u8]) -> Result<(), Fault> {
        let count = self.socket.send_out_of_band(bytes)?;
        self.note(CallKind::Send(count as u64));
        Ok(())
    }

    /// Receives once, as soon as there is something; 0 at the end of a stream, or for an empty datagram.
    pub(super) fn receive(&mut self, buffer: &mut [u8], limits: WaitLimits<'_>) -> Result<usize, Fault> {
        let receive = || receive_once(&self.socket, self.protocol, buffer);
        let received = limits.until_done(&self.socket, PollFlags::POLLIN, receive)?;
        Ok(self.received(received))
    }

    /// The same without blocking.
    pub(super) fn try_receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let received = receive_once(&self.socket, self.protocol, buffer)?;
        Ok(self.received(received))
    }

    /// Notes what was received, and over UDP its sender.
    fn received(&mut self, (count, sender): (usize, Option<SocketAddr>)) -> usize {
        if self.protocol == Protocol::Udp && sender != self.peer {
            self.peer = sender;
            self.update_local();
        }
        self.note(match (count, self.protocol) {
            (0, Protocol::Tcp) => CallKind::EndOfStream,
            (count, _) => CallKind::Receive(count as u64),
        });
        count
    }

    /// Receives `count` bytes, fewer where the stream ends before; over UDP one datagram.
    pub(super) fn receive_exactly(&mut self, count: usize, limits: WaitLimits<'_>) -> Result<Vec<u8>, Fault> {
        let mut received = Vec::new();
        while received.len() < count {
            let most = if self.protocol == Protocol::Udp { READ_SIZE } else { count - received.len() };
            let mut buffer = vec![0; most];
            let length = self.receive(&mut buffer, limits)?;
            received.extend_from_slice(buffer.get(..length).unwrap_or_default());
            if length == 0 || self.protocol == Protocol::Udp {
                break;
            }
        }
        Ok(received)
    }

    /// Receives to the end of the stream.
    pub(super) fn receive_all(&mut self, limits: WaitLimits<'_>) -> Result<(), Fault> {
        let mut buffer = vec![0; READ_SIZE];
        while self.receive(&mut buffer, limits)? > 0 {}
        Ok(())
    }

    /// Waits until the peer has reset the connection.
    pub(super) fn await_reset(&self, limits: WaitLimits<'_>) -> Result<(), Fault> {
        // poll(2) reports errors and hang-ups unasked
        limits.wait(&self.socket, PollFlags::empty())
    }

    /// Closes the sending half.
    pub(super) fn shutdown(&self) -> Result<(), Fault> {
        self.socket.shutdown(std::net::Shutdown::Write)?;
        self.note(CallKind::Shutdown);
        Ok(())
    }

    /// Closes, and waits until the peer has acknowledged the FIN.
    pub(super) fn close_and_wait(self) {
        // a socket that cannot linger is closed all the same
        let _ = self.socket.set_linger(Some(LINGER));
        self.close();
    }

    /// Closes.
    pub(super) fn close(self) {
        let Self { watched, socket, number, transcript, peer, local, .. } = self;
        drop(watched);
        drop(socket);
        transcript.note(number, local, peer.map(Endpoint::from), CallKind::Close);
    }

    /// Has `kill` end the program that owns the socket.
    pub(super) fn kill(self, kill: impl FnOnce(Socket) -> io::Result<()>) -> Result<(), Fault> {
        let Self { watched, socket, number, transcript, peer, local, .. } = self;
        drop(watched);
        kill(socket)?;
        transcript.note(number, local, peer.map(Endpoint::from), CallKind::Killed);
        Ok(())
    }
}

impl AsFd for TracedSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Receives without blocking: the number of bytes, and over UDP the sender.
fn receive_once(mut socket: &Socket, protocol: Protocol, buffer: &mut [u8]) -> io::Result<(usize, Option<SocketAddr>)> {
    match protocol {
        Protocol::Tcp => Ok((socket.read(buffer)?, None)),
        Protocol::Udp => {
            let (count, sender) = recvfrom::<SockaddrStorage>(socket.as_raw_fd(), buffer)?;
            Ok((count, sender.as_ref().and_then(address_of)))
        }
    }
}

fn address_of(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|address| SocketAddrV4::from(*address).into());
    v4.or_else(|| storage.as_sockaddr_in6().map(|address| SocketAddrV6::from(*address).into()))
}
