//! The UDP echo server: one thread, one socket, every client.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::guard::{Guard, UdpLimits};
use super::{Ignored, ServerEvent, ServerOptions, pause, wait_for_client};
use crate::drive::fault::Fault;
use crate::drive::signal::Signal;
use crate::drive::stream::WaitLimits;
use crate::model::{CallKind, Endpoint, FailedCall};

/// Answers until told to finish (what has arrived by then is answered) or to halt.
pub(super) fn serve(socket: &UdpSocket, options: &ServerOptions, finish: &Signal) -> io::Result<()> {
    let address = socket.local_addr()?;
    let local = Some(Endpoint::from(address));
    let mut guard = Guard::new(options.udp_limits.map(|limits| allow_for_read_delay(limits, options)), address);
    let mut ignored = IgnoredLog::default();
    let mut buffer = vec![0; options.behaviour.read_size];
    while wait_for_client(socket, finish, &options.halt)? {
        if pause(options.behaviour.read_delay, &options.halt).is_err() {
            break;
        }
        match socket.recv_from(&mut buffer) {
            Ok((count, peer)) => {
                options.transcript.note(0, local, Some(Endpoint::from(peer)), CallKind::Receive(count as u64));
                let request = buffer.get(..count).unwrap_or_default();
                if let Err(reason) = answer(socket, request, peer, &mut guard, options) {
                    ignored.report(peer, reason, options);
                }
            }
            // a datagram with a bad checksum looks ready and is not
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => (options.log)(&ServerEvent::SocketError(error)),
        }
    }
    options.transcript.note(0, local, None, CallKind::Close);
    Ok(())
}

/// Lengthens the pause for a slow reader: its own delays are no silence of the source.
fn allow_for_read_delay(limits: UdpLimits, options: &ServerOptions) -> UdpLimits {
    let own = options.behaviour.read_delay.saturating_mul(2);
    UdpLimits { pause: limits.pause.saturating_add(own), ..limits }
}

/// Sends the answers that one datagram gets.
fn answer(
    socket: &UdpSocket,
    request: &[u8],
    peer: SocketAddr,
    guard: &mut Guard,
    options: &ServerOptions,
) -> Result<(), Ignored> {
    guard.hear(peer, request.len(), Instant::now())?;
    let answer = options.behaviour.answer(request);
    let limits = WaitLimits { halt: &options.halt, timeout: None, pace: None };
    let note = |kind| {
        let local = socket.local_addr().ok().map(Endpoint::from);
        options.transcript.note(0, local, Some(Endpoint::from(peer)), kind);
    };
    let mut sent = 0;
    for _ in 0..options.behaviour.repeat {
        guard.charge(peer, answer.len())?;
        match limits.until_done(socket, PollFlags::POLLOUT, || socket.send_to(&answer, peer)) {
            Ok(count) => {
                sent += count;
                note(CallKind::Send(count as u64));
            }
            // an unreachable client is no reason to stop serving the others
            Err(Fault::Io(error)) => {
                note(CallKind::failed(FailedCall::Send, &error));
                (options.log)(&ServerEvent::Unsent { peer, bytes: answer.len(), error });
                break;
            }
            Err(Fault::Halted | Fault::TimedOut(_)) => break,
        }
    }
    (options.log)(&ServerEvent::Answered { peer, received: request.len(), sent });
    Ok(())
}

/// Reports ignored datagrams at most once a second, so that a flood of datagrams does not flood the log.
#[derive(Default)]
struct IgnoredLog {
    last: Option<Instant>,
    unsaid: u64,
}

impl IgnoredLog {
    fn report(&mut self, peer: SocketAddr, reason: Ignored, options: &ServerOptions) {
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) < Duration::from_secs(1)) {
            self.unsaid += 1;
            return;
        }
        self.last = Some(now);
        let unsaid = std::mem::take(&mut self.unsaid);
        (options.log)(&ServerEvent::Ignored { peer, reason, unsaid });
    }
}
