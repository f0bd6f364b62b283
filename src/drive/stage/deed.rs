//! Each deed, done.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::seat::Seat;
use super::{Audience, Cast, PATIENCE, Stage, is_as_told, local, option};
use crate::drive::fault::Fault;
use crate::drive::scenario::{Actor, Deed, Refusal, Target};
use crate::drive::signal::Woken;
use crate::drive::stream::Patience;
use crate::model::{CallKind, FailedCall, Protocol};

impl Cast {
    /// Does one deed.
    pub(super) fn act(&mut self, stage: &Stage, who: Actor, deed: &Deed, audience: &Audience) -> Result<(), Fault> {
        self.attempt(stage, who, deed, audience, PATIENCE)
    }

    fn attempt(
        &mut self,
        stage: &Stage,
        who: Actor,
        deed: &Deed,
        audience: &Audience,
        timeout: Duration,
    ) -> Result<(), Fault> {
        let patience = Patience { halt: &audience.halt, timeout: Some(timeout), pace: None };
        match *deed {
            Deed::Listen(backlog) => {
                let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
                Ok(self.seat(Actor::Listener, stage.protocol)?.socket.listen(backlog)?)
            }
            Deed::Bind => {
                let any = SocketAddr::new(stage.client_ip, 0);
                Ok(self.seat(who, stage.protocol)?.socket.bind(&any.into())?)
            }
            Deed::BindLike(other) => {
                let port = self.ports.get(other).copied().flatten();
                let port = port.ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
                let address = SocketAddr::new(stage.client_ip, port);
                Ok(self.seat(who, stage.protocol)?.socket.bind(&address.into())?)
            }
            Deed::Connect => self.connect(who, stage, stage.server, patience),
            Deed::ConnectTo(target) => {
                let to = self.address_of(stage, target)?;
                self.connect(who, stage, to, patience)
            }
            Deed::Begin => self.seat(who, stage.protocol)?.begin(stage.server),
            Deed::BeginTo(target) => {
                let to = self.address_of(stage, target)?;
                self.seat(who, stage.protocol)?.begin(to)
            }
            Deed::Finish => self.seat(who, stage.protocol)?.finish(patience),
            Deed::Accept => {
                let Actor::Server(index) = who else { return Err(io::Error::from(io::ErrorKind::InvalidInput).into()) };
                let seat = self.seat(Actor::Listener, stage.protocol)?.accept(index as u64 + 1, patience)?;
                self.servers.resize_with(self.servers.len().max(index + 1), || None);
                if let Some(slot) = self.servers.get_mut(index) {
                    *slot = Some(seat);
                }
                Ok(())
            }
            Deed::Send(text) => self.seat(who, stage.protocol)?.send(text.as_bytes(), patience),
            Deed::SendBytes(count) => self.seat(who, stage.protocol)?.send(&letters(count), patience),
            Deed::Fill(count) => self.seat(who, stage.protocol)?.fill(&letters(count)),
            Deed::SendUrgent(text) => self.seat(who, stage.protocol)?.send_urgent(text.as_bytes()),
            Deed::Receive(count) => self.seat(who, stage.protocol)?.receive(count, patience).map(|_| ()),
            Deed::Echo(count) => {
                let seat = self.seat(who, stage.protocol)?;
                let bytes = seat.receive(count, patience)?;
                seat.send(&bytes, patience)
            }
            Deed::EchoWaiting => {
                let seat = self.seat(who, stage.protocol)?;
                let at_once = Patience { timeout: Some(Duration::ZERO), ..patience };
                loop {
                    match seat.receive(1, at_once) {
                        Ok(bytes) => seat.send(&bytes, patience)?,
                        Err(Fault::TimedOut(_)) => return Ok(()),
                        Err(fault) => return Err(fault),
                    }
                }
            }
            Deed::ReceiveAll => self.seat(who, stage.protocol)?.receive_all(patience),
            Deed::AwaitReset => self.seat(who, stage.protocol)?.await_reset(patience),
            Deed::Shutdown => self.seat(who, stage.protocol)?.shutdown(),
            Deed::Close => {
                self.take(who)?.close();
                Ok(())
            }
            Deed::Leave => {
                self.take(who)?.leave();
                Ok(())
            }
            Deed::Kill => self.take(who)?.kill(),
            Deed::Wait(time) => match audience.halt.wait(Some(time))? {
                Woken::Signalled => Err(Fault::Halted),
                _ => Ok(()),
            },
            Deed::Set(setting) => Ok(option::set(&self.seat(who, stage.protocol)?.socket, setting)?),
            Deed::Lose(loses) => Ok(option::lose(&self.seat(who, stage.protocol)?.socket, loses)?),
            Deed::ConnectAndSend(text) => {
                self.seat(who, stage.protocol)?.connect_and_send(stage.server, text.as_bytes())
            }
            Deed::Fails(refusal, deed) => {
                let timeout = if let Refusal::NothingFor(time) = refusal { time } else { timeout };
                match self.attempt(stage, who, deed, audience, timeout) {
                    Ok(()) => Err(io::Error::other("it should have failed, and did not").into()),
                    Err(fault) if is_as_told(refusal, &fault) => {
                        if let Some((call, seat)) = called(deed).zip(self.seat(who, stage.protocol).ok()) {
                            seat.note(CallKind::failed(call, &fault));
                        }
                        Ok(())
                    }
                    Err(fault) => Err(fault),
                }
            }
        }
    }

    fn connect(&mut self, who: Actor, stage: &Stage, to: SocketAddr, patience: Patience<'_>) -> Result<(), Fault> {
        let seat = self.seat(who, stage.protocol)?;
        seat.begin(to)?;
        seat.finish(patience)?;
        let port = local(&seat.socket)?.port();
        if let Actor::Client(index) = who {
            self.ports.resize(self.ports.len().max(index + 1), None);
            if let Some(slot) = self.ports.get_mut(index) {
                *slot = Some(port);
            }
        }
        Ok(())
    }

    /// Where a target is.
    fn address_of(&mut self, stage: &Stage, target: Target) -> Result<SocketAddr, Fault> {
        match target {
            Target::ClosedPort => Ok(stage.closed_port),
            Target::Client => Ok(local(&self.seat(Actor::Client(0), stage.protocol)?.socket)?),
        }
    }

    fn slot(&mut self, who: Actor) -> Option<&mut Option<Seat>> {
        match who {
            Actor::Client(index) => self.clients.get_mut(index),
            Actor::Server(index) => self.servers.get_mut(index),
            Actor::Listener => Some(&mut self.listener),
        }
    }

    /// The socket; over UDP the server has only the one that listens.
    fn seat(&mut self, who: Actor, protocol: Protocol) -> Result<&mut Seat, Fault> {
        let who = if protocol == Protocol::Udp && matches!(who, Actor::Server(_)) { Actor::Listener } else { who };
        self.slot(who).and_then(Option::as_mut).ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
    }

    fn take(&mut self, who: Actor) -> Result<Seat, Fault> {
        self.slot(who).and_then(Option::take).ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
    }
}

/// The call that fails where this does.
fn called(deed: &Deed) -> Option<FailedCall> {
    Some(match deed {
        Deed::Connect | Deed::ConnectTo(_) | Deed::Begin | Deed::BeginTo(_) | Deed::Finish => FailedCall::Connect,
        Deed::Send(_) | Deed::SendBytes(_) | Deed::Fill(_) | Deed::SendUrgent(_) | Deed::ConnectAndSend(_) => {
            FailedCall::Send
        }
        Deed::Receive(_) | Deed::ReceiveAll | Deed::Echo(_) | Deed::EchoWaiting | Deed::AwaitReset => {
            FailedCall::Receive
        }
        Deed::Shutdown => FailedCall::Shutdown,
        _ => return None,
    })
}

/// So many bytes that can be told apart: the alphabet, again and again.
fn letters(count: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(count).collect()
}
