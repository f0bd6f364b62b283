//! Executes one socket operation.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::kill::kill_owner_of;
use super::step::{ExpectedError, SocketOp, SocketRef, Target};
use super::{ScriptRunner, Sockets, TIMEOUT, is_as_told, local, option};
use crate::drive::fault::Fault;
use crate::drive::session_context::SessionContext;
use crate::drive::signal::WakeReason;
use crate::drive::stream::WaitLimits;
use crate::drive::traced_socket::TracedSocket;
use crate::model::{CallKind, FailedCall, Protocol};

impl Sockets {
    /// Executes one operation.
    pub(super) fn act(
        &mut self,
        script: &ScriptRunner,
        who: SocketRef,
        op: &SocketOp,
        context: &SessionContext,
    ) -> Result<(), Fault> {
        self.attempt(script, who, op, context, TIMEOUT)
    }

    fn attempt(
        &mut self,
        script: &ScriptRunner,
        who: SocketRef,
        op: &SocketOp,
        context: &SessionContext,
        timeout: Duration,
    ) -> Result<(), Fault> {
        let limits = WaitLimits { halt: &context.halt, timeout: Some(timeout), pace: None };
        match *op {
            SocketOp::Listen(backlog) => {
                let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
                Ok(self.socket(SocketRef::Listener, script.protocol)?.socket().listen(backlog)?)
            }
            SocketOp::Bind => {
                let any = SocketAddr::new(script.client_ip, 0);
                Ok(self.socket(who, script.protocol)?.socket().bind(&any.into())?)
            }
            SocketOp::BindLike(other) => {
                let port = self.ports.get(other).copied().flatten();
                let port = port.ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
                let address = SocketAddr::new(script.client_ip, port);
                Ok(self.socket(who, script.protocol)?.socket().bind(&address.into())?)
            }
            SocketOp::Connect => self.connect(who, script, script.server, limits),
            SocketOp::ConnectTo(target) => {
                let to = self.address_of(script, target)?;
                self.connect(who, script, to, limits)
            }
            SocketOp::Begin => self.socket(who, script.protocol)?.begin(script.server),
            SocketOp::BeginTo(target) => {
                let to = self.address_of(script, target)?;
                self.socket(who, script.protocol)?.begin(to)
            }
            SocketOp::Finish => self.socket(who, script.protocol)?.finish(limits),
            SocketOp::Accept => {
                let SocketRef::Server(index) = who else {
                    return Err(io::Error::from(io::ErrorKind::InvalidInput).into());
                };
                let socket = self.socket(SocketRef::Listener, script.protocol)?.accept(index as u64 + 1, limits)?;
                self.servers.resize_with(self.servers.len().max(index + 1), || None);
                if let Some(slot) = self.servers.get_mut(index) {
                    *slot = Some(socket);
                }
                Ok(())
            }
            SocketOp::Send(text) => self.socket(who, script.protocol)?.send(text.as_bytes(), limits),
            SocketOp::SendBytes(count) => self.socket(who, script.protocol)?.send(&letters(count), limits),
            SocketOp::Fill(count) => self.socket(who, script.protocol)?.fill(&letters(count)),
            SocketOp::SendUrgent(text) => self.socket(who, script.protocol)?.send_urgent(text.as_bytes()),
            SocketOp::Receive(count) => self.socket(who, script.protocol)?.receive_exactly(count, limits).map(|_| ()),
            SocketOp::Echo(count) => {
                let socket = self.socket(who, script.protocol)?;
                let bytes = socket.receive_exactly(count, limits)?;
                socket.send(&bytes, limits)
            }
            SocketOp::EchoWaiting => {
                let socket = self.socket(who, script.protocol)?;
                let at_once = WaitLimits { timeout: Some(Duration::ZERO), ..limits };
                loop {
                    match socket.receive_exactly(1, at_once) {
                        Ok(bytes) => socket.send(&bytes, limits)?,
                        Err(Fault::TimedOut(_)) => return Ok(()),
                        Err(fault) => return Err(fault),
                    }
                }
            }
            SocketOp::ReceiveAll => self.socket(who, script.protocol)?.receive_all(limits),
            SocketOp::AwaitReset => self.socket(who, script.protocol)?.await_reset(limits),
            SocketOp::Shutdown => self.socket(who, script.protocol)?.shutdown(),
            SocketOp::Close => {
                self.take(who)?.close_and_wait();
                Ok(())
            }
            SocketOp::Leave => {
                self.take(who)?.close();
                Ok(())
            }
            SocketOp::Kill => self.take(who)?.kill(kill_owner_of),
            SocketOp::Wait(time) => match context.halt.wait(Some(time))? {
                WakeReason::Signalled => Err(Fault::Halted),
                _ => Ok(()),
            },
            SocketOp::Set(setting) => Ok(option::set(self.socket(who, script.protocol)?.socket(), setting)?),
            SocketOp::Lose(loses) => Ok(option::lose(self.socket(who, script.protocol)?.socket(), loses)?),
            SocketOp::ConnectAndSend(text) => {
                self.socket(who, script.protocol)?.connect_and_send(script.server, text.as_bytes())
            }
            SocketOp::Fails(refusal, op) => {
                let timeout = if let ExpectedError::NothingFor(time) = refusal { time } else { timeout };
                match self.attempt(script, who, op, context, timeout) {
                    Ok(()) => Err(io::Error::other("it should have failed, and did not").into()),
                    Err(fault) if is_as_told(refusal, &fault) => {
                        if let Some((call, socket)) = called(op).zip(self.socket(who, script.protocol).ok()) {
                            socket.note(CallKind::failed(call, &fault));
                        }
                        Ok(())
                    }
                    Err(fault) => Err(fault),
                }
            }
        }
    }

    fn connect(
        &mut self,
        who: SocketRef,
        script: &ScriptRunner,
        to: SocketAddr,
        limits: WaitLimits<'_>,
    ) -> Result<(), Fault> {
        let socket = self.socket(who, script.protocol)?;
        socket.begin(to)?;
        socket.finish(limits)?;
        let port = local(socket.socket())?.port();
        if let SocketRef::Client(index) = who {
            self.ports.resize(self.ports.len().max(index + 1), None);
            if let Some(slot) = self.ports.get_mut(index) {
                *slot = Some(port);
            }
        }
        Ok(())
    }

    /// The address of a target.
    fn address_of(&mut self, script: &ScriptRunner, target: Target) -> Result<SocketAddr, Fault> {
        match target {
            Target::ClosedPort => Ok(script.closed_port),
            Target::Client => Ok(local(self.socket(SocketRef::Client(0), script.protocol)?.socket())?),
        }
    }

    fn slot(&mut self, who: SocketRef) -> Option<&mut Option<TracedSocket>> {
        match who {
            SocketRef::Client(index) => self.clients.get_mut(index),
            SocketRef::Server(index) => self.servers.get_mut(index),
            SocketRef::Listener => Some(&mut self.listener),
        }
    }

    /// The socket of `who`; over UDP the server has only its listening one.
    fn socket(&mut self, who: SocketRef, protocol: Protocol) -> Result<&mut TracedSocket, Fault> {
        let who =
            if protocol == Protocol::Udp && matches!(who, SocketRef::Server(_)) { SocketRef::Listener } else { who };
        self.slot(who).and_then(Option::as_mut).ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
    }

    fn take(&mut self, who: SocketRef) -> Result<TracedSocket, Fault> {
        self.slot(who).and_then(Option::take).ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
    }
}

/// The system call that an operation fails with.
fn called(op: &SocketOp) -> Option<FailedCall> {
    Some(match op {
        SocketOp::Connect | SocketOp::ConnectTo(_) | SocketOp::Begin | SocketOp::BeginTo(_) | SocketOp::Finish => {
            FailedCall::Connect
        }
        SocketOp::Send(_)
        | SocketOp::SendBytes(_)
        | SocketOp::Fill(_)
        | SocketOp::SendUrgent(_)
        | SocketOp::ConnectAndSend(_) => FailedCall::Send,
        SocketOp::Receive(_)
        | SocketOp::ReceiveAll
        | SocketOp::Echo(_)
        | SocketOp::EchoWaiting
        | SocketOp::AwaitReset => FailedCall::Receive,
        SocketOp::Shutdown => FailedCall::Shutdown,
        _ => return None,
    })
}

/// `count` distinguishable bytes: the alphabet, repeated.
fn letters(count: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(count).collect()
}
