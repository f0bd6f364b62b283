//! The dialogue of a terminal with a server: one loop over the keyboard, the server and the stop signal.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags};

use super::input::{Input, Mode};
use super::screen::Screen;
use crate::cli::client_args::datagram_holds;
use crate::drive::{Action, Client, ClientFault, Connection, poll};
use crate::model::Protocol;

/// The end of a dialogue.
#[derive(Debug)]
pub(in crate::cli) enum Ending {
    /// The input was at its end and every answer there.
    Done,
    /// Over TCP: the server closed, before the input was at its end or after.
    ServerClosed(Unfinished),
    /// Fewer datagrams came back than were sent.
    Unanswered {
        /// Datagrams sent.
        sent: u64,
        /// Datagrams that came.
        answered: u64,
    },
    /// Over TCP: every byte was sent and as many came back, and the server does not close.
    NotClosed {
        /// Bytes sent.
        sent: u64,
        /// Bytes that came.
        received: u64,
    },
    /// A send of `bytes` bytes exceeds `max`, the most that a datagram holds.
    TooLong {
        /// Bytes of the send.
        bytes: usize,
        /// Bytes that fit.
        max: usize,
    },
    /// The client could not go on.
    Fault(ClientFault),
}

/// The data that was not sent or not answered when the server closed.
#[derive(Debug)]
pub(in crate::cli) struct Unfinished {
    /// The input may have had more.
    pub(in crate::cli) more: bool,
    /// Bytes that were typed and not sent.
    pub(in crate::cli) unsent: usize,
    /// Bytes that were sent.
    pub(in crate::cli) sent: u64,
    /// Bytes that came.
    pub(in crate::cli) received: u64,
}

impl Unfinished {
    /// Returns `true` if everything typed was sent and answered.
    pub(in crate::cli) fn is_nothing(&self) -> bool {
        !self.more && self.unsent == 0 && self.received >= self.sent
    }
}

/// A dialogue in progress.
pub(in crate::cli) struct Dialogue<'a, 'c> {
    client: &'c Client,
    connection: &'a mut Connection<'c>,
    input: Input,
    screen: Screen,
    /// The data to be sent, one item per send; the first may have been sent in part.
    outbox: VecDeque<Vec<u8>>,
    sent: u64,
    answered: u64,
    /// Over TCP: the sending half is closed.
    shut: bool,
    /// The end of the time for the last answers, once everything is sent. What is owed may take its time, each piece;
    /// what comes beyond that does not put it off.
    deadline: Option<Instant>,
}

impl<'a, 'c> Dialogue<'a, 'c> {
    /// `dialogue` has lines asked for with a prompt, and their answers labelled.
    pub(in crate::cli) fn new(
        client: &'c Client,
        connection: &'a mut Connection<'c>,
        mode: Mode,
        dialogue: bool,
    ) -> Self {
        let screen = Screen::new(mode == Mode::Keys, dialogue);
        let input = Input::new(mode);
        let outbox = VecDeque::new();
        Self { client, connection, input, screen, outbox, sent: 0, answered: 0, shut: false, deadline: None }
    }

    /// Talks to the end.
    ///
    /// # Errors
    /// If the input can't be read or the answers can't be shown.
    pub(in crate::cli) fn run(mut self) -> io::Result<Ending> {
        let ending = self.talk()?;
        self.screen.leave()?;
        Ok(ending)
    }

    fn talk(&mut self) -> io::Result<Ending> {
        // unbuffered: what is not read yet must still wake the poll
        let mut keyboard = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let tcp = self.client.protocol == Protocol::Tcp;
        self.screen.prompt()?;
        loop {
            let over = self.input.ended() && self.outbox.is_empty();
            if over && tcp && !self.shut {
                self.shut = true;
                if let Err(fault) = self.connection.act(&Action::Shutdown) {
                    return Ok(Ending::Fault(fault));
                }
            }
            if over && !tcp && self.answered >= self.sent {
                return Ok(Ending::Done);
            }
            let Some(socket) = self.connection.socket() else { return Ok(Ending::Done) };
            let interest =
                if self.outbox.is_empty() { PollFlags::POLLIN } else { PollFlags::POLLIN | PollFlags::POLLOUT };
            let listening = !self.input.ended() && self.outbox.is_empty();
            let mut waits =
                vec![PollFd::new(self.client.halt.as_fd(), PollFlags::POLLIN), PollFd::new(socket, interest)];
            if listening {
                waits.push(PollFd::new(keyboard.as_fd(), PollFlags::POLLIN));
            }
            if over && self.deadline.is_none() {
                self.deadline = self.client.timeout.and_then(|time| Instant::now().checked_add(time));
            }
            let unfinished = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if unfinished.is_some_and(|unfinished| unfinished.is_zero()) || !poll(&mut waits, unfinished)? {
                return Ok(self.unanswered());
            }
            let mut ready = waits.iter().map(|wait| wait.any().unwrap_or(false));
            let (halted, server, typed) =
                (ready.next() == Some(true), ready.next() == Some(true), ready.next() == Some(true));
            if halted {
                return Ok(Ending::Fault(ClientFault::Halted));
            }
            // before the answers: where the server closes at the same time, what was typed counts as typed
            if typed {
                self.read(&mut keyboard)?;
            }
            if server && let Some(ending) = self.answer()? {
                return Ok(ending);
            }
            if let Some(ending) = self.too_long() {
                return Ok(ending);
            }
            if let Err(fault) = self.send() {
                return Ok(Ending::Fault(fault));
            }
        }
    }

    /// Shows what the server says.
    fn answer(&mut self) -> io::Result<Option<Ending>> {
        let mut buffer = vec![0; 65_536];
        let owed = self.is_owed();
        match self.connection.read_now(&mut buffer) {
            Ok(Some(0)) if self.client.protocol == Protocol::Tcp => {
                let unfinished = self.unfinished();
                Ok(Some(if self.shut && unfinished.is_nothing() {
                    Ending::Done
                } else {
                    Ending::ServerClosed(unfinished)
                }))
            }
            Ok(Some(count)) => {
                self.answered += 1;
                if owed {
                    // begins again when there is nothing left to send
                    self.deadline = None;
                }
                self.screen.show(buffer.get(..count).unwrap_or_default())?;
                if !self.is_owed() && !self.input.ended() {
                    self.screen.prompt()?;
                }
                Ok(None)
            }
            Ok(None) => Ok(None),
            Err(fault) => Ok(Some(Ending::Fault(fault))),
        }
    }

    /// Returns `true` if fewer bytes have come back than were sent.
    fn is_owed(&self) -> bool {
        match self.client.protocol {
            Protocol::Tcp => self.connection.received() < self.connection.sent(),
            Protocol::Udp => self.answered < self.sent,
        }
    }

    fn unfinished(&self) -> Unfinished {
        Unfinished {
            // the user sees that the server has closed, and types no more
            more: !self.input.ended() && !io::stdin().is_terminal(),
            unsent: self.outbox.iter().map(Vec::len).sum::<usize>() + self.input.begun(),
            sent: self.connection.sent(),
            received: self.connection.received(),
        }
    }

    /// Over UDP a send is one datagram.
    fn too_long(&self) -> Option<Ending> {
        let max = datagram_holds(self.client.server.is_ipv6());
        let bytes = self.outbox.front().map_or(0, Vec::len);
        (self.client.protocol == Protocol::Udp && bytes > max).then_some(Ending::TooLong { bytes, max })
    }

    /// Sends what the kernel takes at once.
    fn send(&mut self) -> Result<(), ClientFault> {
        if let Some(bytes) = self.outbox.front_mut() {
            let count = self.connection.write_now(bytes)?;
            bytes.drain(..count);
            if bytes.is_empty() {
                self.outbox.pop_front();
                self.sent += 1;
            }
        }
        Ok(())
    }

    fn read(&mut self, keyboard: &mut File) -> io::Result<()> {
        let mut buffer = [0; 4096];
        match keyboard.read(&mut buffer) {
            Ok(0) => self.outbox.extend(self.input.end()),
            Ok(count) => {
                self.screen.typed();
                self.outbox.extend(self.input.feed(buffer.get(..count).unwrap_or_default()));
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The time for the last answers is over.
    fn unanswered(&self) -> Ending {
        let (protocol, server) = (self.client.protocol, self.client.server);
        if protocol == Protocol::Udp && self.answered > 0 {
            return Ending::Unanswered { sent: self.sent, answered: self.answered };
        }
        let (sent, received) = (self.connection.sent(), self.connection.received());
        if protocol == Protocol::Tcp && received >= sent {
            return Ending::NotClosed { sent, received };
        }
        Ending::Fault(ClientFault::NoAnswer { protocol, server, waited: self.client.timeout.unwrap_or_default() })
    }
}
