//! The TCP echo server: one thread accepts, one more for each connection.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::poll::PollFlags;
use socket2::SockRef;

use super::{ServerEvent, ServerOptions, pause, somebody_waits};
use crate::drive::fault::Fault;
use crate::drive::signal::Signal;
use crate::drive::stream::Patience;
use crate::model::{CallKind, Endpoint, FailedCall};

/// How long accepting rests after a failure that may pass, such as too many open files.
const REST: Duration = Duration::from_millis(100);

/// Answers that are given many times over are sent in pieces of about so many bytes.
const SEND_BYTES: usize = 1 << 20;

/// Accepts until told to finish or to halt, then waits for the connections to end.
pub(super) fn serve(listener: &TcpListener, options: &ServerOptions, finish: &Signal) -> io::Result<()> {
    let mut connections: Vec<JoinHandle<()>> = Vec::new();
    let mut number = 0;
    let result = loop {
        match somebody_waits(listener, finish, &options.halt) {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
        match listener.accept() {
            Ok((_, peer)) if full(&mut connections, options.max_connections) => {
                (options.log)(&ServerEvent::Full { peer, limit: options.max_connections });
            }
            Ok((stream, peer)) => {
                number += 1;
                match start(number, stream, peer, options) {
                    Ok(thread) => connections.push(thread),
                    Err(error) => (options.log)(&ServerEvent::Trouble(error)),
                }
            }
            // the client has gone again
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionAborted) => {}
            Err(error) => {
                (options.log)(&ServerEvent::Trouble(error));
                options.halt.wait(Some(REST))?;
            }
        }
    };
    for thread in connections {
        // a connection's thread that broke down took only its own connection along
        let _ = thread.join();
    }
    result
}

/// Whether so many connections are open, those that have ended taken off.
fn full(connections: &mut Vec<JoinHandle<()>>, limit: usize) -> bool {
    connections.retain(|thread| !thread.is_finished());
    connections.len() >= limit
}

fn start(number: u64, stream: TcpStream, peer: SocketAddr, options: &ServerOptions) -> io::Result<JoinHandle<()>> {
    stream.set_nonblocking(true)?;
    SockRef::from(&stream).set_linger(options.linger)?;
    let options = options.clone();
    thread::Builder::new().name(format!("connection {number}")).spawn(move || {
        (options.log)(&ServerEvent::Accepted { connection: number, peer });
        let (local, remote) = (stream.local_addr().ok().map(Endpoint::from), Some(Endpoint::from(peer)));
        let watched = options.transcript.watch(stream.as_fd(), local, remote);
        let mut connection = Connection { stream, options: &options, number, local, peer, received: 0, sent: 0 };
        connection.note(CallKind::Accept);
        let fault = connection.echo().err();
        let Connection { stream, received, sent, .. } = connection;
        if matches!(fault, Some(Fault::Halted)) {
            // who is told to stop waits for nobody; a socket that can't be told so closes all the same
            let _ = SockRef::from(&stream).set_linger(None);
        }
        drop(watched);
        drop(stream);
        options.transcript.note(number, local, remote, CallKind::Close);
        (options.log)(&ServerEvent::Closed { connection: number, peer, received, sent, fault });
    })
}

/// One connection and what has been done with it.
struct Connection<'a> {
    stream: TcpStream,
    options: &'a ServerOptions,
    number: u64,
    local: Option<Endpoint>,
    peer: SocketAddr,
    received: u64,
    sent: u64,
}

impl Connection<'_> {
    fn note(&self, kind: CallKind) {
        self.options.transcript.note(self.number, self.local, Some(Endpoint::from(self.peer)), kind);
    }

    /// Notes that a call failed.
    fn failed(&self, call: FailedCall, fault: Fault) -> Fault {
        self.note(CallKind::failed(call, &fault));
        fault
    }

    /// Reads and answers until the client has closed, or the server is to.
    fn echo(&mut self) -> Result<(), Fault> {
        let behaviour = &self.options.behaviour;
        let patience = Patience { halt: &self.options.halt, timeout: self.options.idle_timeout };
        let mut buffer = vec![0; behaviour.read_size.max(1)];
        while behaviour.close_after.is_none_or(|bytes| self.received < bytes) {
            patience.wait(&self.stream, PollFlags::POLLIN).map_err(|fault| self.failed(FailedCall::Receive, fault))?;
            pause(behaviour.read_delay, &self.options.halt)?;
            let read = patience.read(&self.stream, &mut buffer);
            let count = read.map_err(|fault| self.failed(FailedCall::Receive, fault))?;
            if count == 0 {
                self.note(CallKind::EndOfStream);
                break;
            }
            self.received += count as u64;
            self.note(CallKind::Receive(count as u64));
            let answer = behaviour.answer(buffer.get(..count).unwrap_or_default());
            // many answers in one send, as a program would, but not in more memory than is good
            let mut left = behaviour.repeat as usize;
            let at_once = left.min(SEND_BYTES / answer.len() + 1);
            let answers = answer.repeat(at_once);
            while left > 0 {
                let now = left.min(at_once);
                self.send(answers.get(..now * answer.len()).unwrap_or_default(), patience)?;
                left -= now;
            }
        }
        Ok(())
    }

    fn send(&mut self, mut bytes: &[u8], patience: Patience<'_>) -> Result<(), Fault> {
        while !bytes.is_empty() {
            let written = patience.write(&self.stream, bytes);
            let count = written.map_err(|fault| self.failed(FailedCall::Send, fault))?;
            self.sent += count as u64;
            self.note(CallKind::Send(count as u64));
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }
}
