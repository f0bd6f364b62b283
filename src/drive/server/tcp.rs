//! The TCP echo server: one thread accepts, one more for each connection.

use std::borrow::Cow;
use std::io::{self, IoSlice};
use std::iter;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::poll::PollFlags;
use socket2::SockRef;

use super::{ServerEvent, ServerOptions, pause, wait_for_client};
use crate::drive::fault::Fault;
use crate::drive::signal::Signal;
use crate::drive::stream::WaitLimits;
use crate::drive::traced_socket::TracedSocket;
use crate::model::FailedCall;

/// Pause of accepting after a failure that may pass, such as too many open files.
const REST: Duration = Duration::from_millis(100);

/// Bytes sent at a time of a repeated answer.
const SEND_BYTES: u64 = 1 << 20;

/// Size of the buffer that repeated answers are sent from, or one answer if that is longer.
const PIECE_BYTES: usize = 1 << 10;

/// Pieces of one send; the system takes no more (`IOV_MAX`).
const MOST_SLICES: usize = 1024;

/// Accepts until told to finish or to halt, then waits for the connections to end.
pub(super) fn serve(listener: &TcpListener, options: &ServerOptions, finish: &Signal) -> io::Result<()> {
    let mut connections: Vec<JoinHandle<()>> = Vec::new();
    let mut number = 0;
    let result = loop {
        match wait_for_client(listener, finish, &options.halt) {
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
                    Err(error) => (options.log)(&ServerEvent::SocketError(error)),
                }
            }
            // the client has closed or reset already
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionAborted) => {}
            Err(error) => {
                (options.log)(&ServerEvent::SocketError(error));
                options.halt.wait(Some(REST))?;
            }
        }
    };
    for thread in connections {
        // a panic in a connection's thread ends its own connection only
        let _ = thread.join();
    }
    result
}

/// `true` if `limit` connections are open; removes those that have ended.
fn full(connections: &mut Vec<JoinHandle<()>>, limit: usize) -> bool {
    connections.retain(|thread| !thread.is_finished());
    connections.len() >= limit
}

fn start(number: u64, stream: TcpStream, peer: SocketAddr, options: &ServerOptions) -> io::Result<JoinHandle<()>> {
    SockRef::from(&stream).set_linger(options.linger)?;
    let options = options.clone();
    thread::Builder::new().name(format!("connection {number}")).spawn(move || {
        (options.log)(&ServerEvent::Accepted { connection: number, peer });
        let (mut received, mut sent) = (0, 0);
        let fault = TracedSocket::accepted(stream.into(), Some(peer), number, options.transcript.clone())
            .map_err(Fault::Io)
            .and_then(|socket| {
                let mut connection = Connection { socket, options: &options, received: 0, sent: 0 };
                let echoed = connection.echo();
                let halted = matches!(echoed, Err(Fault::Halted));
                (received, sent) = (connection.received, connection.sent);
                connection.close(halted);
                echoed
            })
            .err();
        (options.log)(&ServerEvent::Closed { connection: number, peer, received, sent, fault });
    })
}

/// A connection and its state.
struct Connection<'a> {
    socket: TracedSocket,
    options: &'a ServerOptions,
    received: u64,
    sent: u64,
}

impl Connection<'_> {
    /// Closes; a halted server does not wait for the client's acknowledgment.
    fn close(self, at_once: bool) {
        if at_once {
            // a socket whose linger time cannot be changed is closed all the same
            let _ = self.socket.socket().set_linger(None);
        }
        self.socket.close();
    }

    /// Reads and answers until the client has closed, or the server is to close.
    fn echo(&mut self) -> Result<(), Fault> {
        let behaviour = &self.options.behaviour;
        let limits = WaitLimits { halt: &self.options.halt, timeout: self.options.idle_timeout, pace: None };
        let mut buffer = vec![0; behaviour.read_size.max(1)];
        while behaviour.close_after.is_none_or(|bytes| self.received < bytes) {
            let failed = |socket: &TracedSocket, fault| socket.failed(FailedCall::Receive, fault);
            limits.wait(&self.socket, PollFlags::POLLIN).map_err(|fault| failed(&self.socket, fault))?;
            pause(behaviour.read_delay, &self.options.halt)?;
            let received = self.socket.receive(&mut buffer, limits);
            let count = received.map_err(|fault| failed(&self.socket, fault))?;
            if count == 0 {
                break;
            }
            self.received += count as u64;
            self.answer(&behaviour.answer(buffer.get(..count).unwrap_or_default()), limits)?;
        }
        Ok(())
    }

    /// Sends an answer as often as configured, many copies in one send, as a program would. It needs no more memory
    /// than one answer or [`PIECE_BYTES`], for any number of copies and however slowly the client reads.
    fn answer(&mut self, answer: &[u8], limits: WaitLimits<'_>) -> Result<(), Fault> {
        let repeat = self.options.behaviour.repeat;
        let together = (PIECE_BYTES / answer.len().max(1)).clamp(1, repeat.max(1) as usize);
        let piece = if together > 1 { Cow::Owned(answer.repeat(together)) } else { Cow::Borrowed(answer) };
        let mut left = (answer.len() as u64).saturating_mul(u64::from(repeat));
        let mut offset = 0;
        while left > 0 {
            let sent = self.socket.send_slices(&repeated(&piece, offset, left.min(SEND_BYTES)), limits);
            let count = sent.map_err(|fault| self.socket.failed(FailedCall::Send, fault))?;
            self.sent += count as u64;
            left = left.saturating_sub(count as u64);
            offset = (offset + count) % piece.len().max(1);
        }
        Ok(())
    }
}

/// `bytes` bytes of a piece that is repeated endlessly, from `offset` in it.
fn repeated(piece: &[u8], offset: usize, bytes: u64) -> Vec<IoSlice<'_>> {
    let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
    let first = piece.get(offset..).unwrap_or_default();
    let slices = iter::once(first).chain(iter::repeat(piece)).take(MOST_SLICES);
    let slices = slices.map_while(|slice| {
        let slice = slice.get(..slice.len().min(left)).filter(|slice| !slice.is_empty())?;
        left -= slice.len();
        Some(IoSlice::new(slice))
    });
    slices.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_repeated_from_any_offset() {
        for (offset, bytes, expected) in
            [(0, 3, "abc"), (0, 7, "abcabca"), (2, 1, "c"), (1, 2, "bc"), (1, 6, "bcabca"), (2, 0, "")]
        {
            let slices = repeated(b"abc", offset, bytes);
            assert_eq!(slices.iter().flat_map(|slice| slice.iter()).copied().collect::<Vec<_>>(), expected.as_bytes());
        }
        assert_eq!(repeated(b"a", 0, u64::MAX).len(), MOST_SLICES);
    }
}
