//! A client's socket and its state.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::poll::PollFlags;
use socket2::Socket;

use super::{Action, Client, ClientFault, Until, socket};
use crate::drive::fault::Fault;
use crate::drive::stream::WaitLimits;
use crate::drive::traced_socket::TracedSocket;
use crate::model::{CallKind, Endpoint, FailedCall, Protocol};

/// A client's socket, at most one at a time.
///
/// For an interactive client, whose actions are not known in advance; otherwise use [`Client::run`].
pub struct Connection<'a> {
    client: &'a Client,
    /// A socket made in advance, to be connected first.
    made: Option<Socket>,
    socket: Option<TracedSocket>,
    sent: u64,
    received: u64,
    /// Reads so far that returned data.
    reads: u64,
    /// Bytes that will have been received once everything exchanged so far is answered.
    due: u64,
}

impl<'a> Connection<'a> {
    /// Not yet connected.
    pub fn new(client: &'a Client) -> Self {
        Self { client, made: None, socket: None, sent: 0, received: 0, reads: 0, due: 0 }
    }

    /// Not yet connected, with a socket that was made in advance.
    pub(super) fn on(client: &'a Client, socket: Socket) -> Self {
        Self { made: Some(socket), ..Self::new(client) }
    }

    /// Bytes sent so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Does one action.
    ///
    /// # Errors
    /// If the server or the system fails an action.
    pub fn act(&mut self, action: &Action) -> Result<(), ClientFault> {
        match action {
            Action::Connect => self.connect(),
            Action::Send(bytes) => self.send(bytes),
            Action::Exchange { bytes, answer, read_size } => self.exchange(bytes, *answer, *read_size),
            Action::Receive { until, read_size } => self.receive(*until, *read_size),
            Action::Shutdown => self.shutdown(),
            Action::Close => {
                self.close();
                Ok(())
            }
        }
    }

    /// Closes the socket if there is one.
    pub fn close(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.close();
        }
    }

    fn connect(&mut self) -> Result<(), ClientFault> {
        let client = self.client;
        let made = match self.made.take() {
            Some(socket) => Ok(socket),
            None => socket::socket(client.protocol, client.server, &[]),
        };
        let made = made.and_then(|socket| socket.set_linger(client.linger).map(|()| socket));
        let made = made.map_err(|error| self.failed(FailedCall::Connect, Fault::Io(error)))?;
        let socket = TracedSocket::new(made, client.protocol, client.number, client.transcript.clone());
        let limits = self.limits();
        match self.socket.insert(socket).connect(client.server, limits) {
            Ok(()) => Ok(()),
            Err(fault) => {
                let fault = self.connect_failed(fault);
                self.socket = None;
                Err(fault)
            }
        }
    }

    fn connect_failed(&self, fault: Fault) -> ClientFault {
        match fault {
            Fault::TimedOut(waited) => {
                self.note(CallKind::failed(FailedCall::Connect, &"no answer in time"));
                ClientFault::NoConnection { server: self.client.server, waited }
            }
            fault => self.failed(FailedCall::Connect, fault),
        }
    }

    /// Sends without reading meanwhile.
    fn send(&mut self, bytes: &[u8]) -> Result<(), ClientFault> {
        let mut rest = bytes;
        loop {
            let socket = self.connected()?;
            let sent = self.limits().until_done(socket, PollFlags::POLLOUT, || socket.try_send(rest));
            let count = sent.map_err(|fault| self.failed(FailedCall::Send, fault))?;
            self.sent += count as u64;
            rest = rest.get(count..).unwrap_or_default();
            // an empty datagram is sent too
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Sends and reads, whichever is possible, until the bytes are sent and all expected bytes have been received.
    fn exchange(&mut self, bytes: &[u8], answer: u64, read_size: usize) -> Result<(), ClientFault> {
        self.due += answer;
        let mut rest = bytes;
        let mut buffer = vec![0; read_size.max(1)];
        loop {
            if !rest.is_empty() {
                let count = self.write_now(rest)?;
                rest = rest.get(count..).unwrap_or_default();
            }
            if rest.is_empty() && self.received >= self.due {
                return Ok(());
            }
            let interest = if rest.is_empty() { PollFlags::POLLIN } else { PollFlags::POLLIN | PollFlags::POLLOUT };
            let limits = self.limits();
            limits.wait(self.connected()?, interest).map_err(|fault| self.unanswered(fault))?;
            if self.read_now(&mut buffer)? == Some(0) {
                return Err(ClientFault::ClosedEarly { expected: self.due, received: self.received });
            }
        }
    }

    fn receive(&mut self, until: Until, read_size: usize) -> Result<(), ClientFault> {
        let mut buffer = vec![0; read_size.max(1)];
        let mut reads = 0;
        while until != Until::Reads(reads) {
            let limits = self.limits();
            limits.wait(self.connected()?, PollFlags::POLLIN).map_err(|fault| self.unread(fault, until))?;
            match self.read_now(&mut buffer)? {
                // an empty datagram is a datagram, not an end
                Some(0) if self.client.protocol == Protocol::Tcp => return Ok(()),
                Some(_) => reads += 1,
                None => {}
            }
        }
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), ClientFault> {
        if self.client.protocol == Protocol::Udp {
            return Ok(());
        }
        self.connected()?.shutdown().map_err(|fault| self.failed(FailedCall::Shutdown, fault))
    }

    /// Writes as many bytes as the kernel accepts without blocking, possibly none.
    ///
    /// # Errors
    /// If the server has closed or reset, or the system reports an error.
    pub fn write_now(&mut self, bytes: &[u8]) -> Result<usize, ClientFault> {
        match self.connected()?.try_send(bytes) {
            Ok(count) => {
                self.sent += count as u64;
                Ok(count)
            }
            Err(error) if would_block(&error) => Ok(0),
            Err(error) => Err(self.failed(FailedCall::Send, Fault::Io(error))),
        }
    }

    /// Reads once without blocking; `None` if nothing is available. 0 bytes are the end of a stream, or an empty
    /// datagram.
    ///
    /// # Errors
    /// If the server has closed or reset, or the system reports an error.
    pub fn read_now(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, ClientFault> {
        let protocol = self.client.protocol;
        let socket = self.socket.as_mut().ok_or_else(|| not_connected(self.client))?;
        match socket.try_receive(buffer) {
            Ok(0) if protocol == Protocol::Tcp => Ok(Some(0)),
            Ok(count) => {
                self.received += count as u64;
                self.reads += 1;
                Ok(Some(count))
            }
            Err(error) if would_block(&error) => Ok(None),
            Err(error) => Err(self.unanswered(Fault::Io(error))),
        }
    }

    /// The socket, to be polled; `None` while there is none.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(AsFd::as_fd)
    }

    fn connected(&self) -> Result<&TracedSocket, ClientFault> {
        self.socket.as_ref().ok_or_else(|| not_connected(self.client))
    }

    fn limits(&self) -> WaitLimits<'a> {
        WaitLimits { halt: &self.client.halt, timeout: self.client.timeout, pace: self.client.transcript.pace() }
    }

    fn note(&self, kind: CallKind) {
        match &self.socket {
            Some(socket) => socket.note(kind),
            None => {
                let peer = Some(Endpoint::from(self.client.server));
                self.client.transcript.note(self.client.number, None, peer, kind);
            }
        }
    }

    /// The fault of a failed call that waited for the server to read or to accept.
    fn failed(&self, call: FailedCall, fault: Fault) -> ClientFault {
        let (protocol, server) = (self.client.protocol, self.client.server);
        self.note(CallKind::failed(call, &fault));
        match fault {
            Fault::Halted => ClientFault::Halted,
            Fault::TimedOut(waited) => ClientFault::NotTaken { server, waited },
            Fault::Io(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => ClientFault::Refused { protocol, server },
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => ClientFault::Reset(server),
                io::ErrorKind::TimedOut => {
                    ClientFault::NoConnection { server, waited: self.client.timeout.unwrap_or_default() }
                }
                _ => ClientFault::Failed { what: cannot(call), server, error },
            },
        }
    }

    /// The fault of a failed read; over TCP the read before may have taken its bytes.
    fn unread(&self, fault: Fault, until: Until) -> ClientFault {
        match (self.unanswered(fault), until) {
            (ClientFault::NoAnswer { protocol: Protocol::Tcp, waited, .. }, Until::Reads(_)) if self.reads > 0 => {
                ClientFault::NothingLeft { read: self.reads + 1, received: self.received, waited }
            }
            (other, _) => other,
        }
    }

    /// The fault of a failed call that waited for an answer.
    fn unanswered(&self, fault: Fault) -> ClientFault {
        match self.failed(FailedCall::Receive, fault) {
            ClientFault::NotTaken { server, waited } | ClientFault::NoConnection { server, waited } => {
                ClientFault::NoAnswer { protocol: self.client.protocol, server, waited }
            }
            other => other,
        }
    }
}

fn not_connected(client: &Client) -> ClientFault {
    let error = io::ErrorKind::NotConnected.into();
    ClientFault::Failed { what: "there is no connection to", server: client.server, error }
}

/// `true` if a call only has to be repeated.
fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn cannot(call: FailedCall) -> &'static str {
    match call {
        FailedCall::Bind => "can't bind the socket for",
        FailedCall::Listen | FailedCall::Accept => "can't take a connection from",
        FailedCall::Connect => "can't connect to",
        FailedCall::Send => "can't send to",
        FailedCall::Receive => "can't receive from",
        FailedCall::Shutdown => "can't close the sending half to",
    }
}
