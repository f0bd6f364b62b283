//! `echolab connect`: the echo client on its own, with input from a terminal or a pipe.

mod dialogue;
mod input;
mod screen;

use std::io::{self, IsTerminal};
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::Args;

use self::dialogue::Unfinished;
pub(super) use self::dialogue::{Dialogue, Ending};
pub(super) use self::input::Mode;
pub(super) use self::screen::RawMode;
use super::Exit;
use super::echo_args::ServerArgs;
use super::exit::say;
use super::interrupt::interrupt;
use super::privileges;
use super::recording::{RecordArgs, Recording};
use super::version::VersionArg;
use crate::drive::{Action, Client, ClientFault, Connection, Transcript};
use crate::model::{Protocol, Side};

/// Run the echo client on its own: send what is typed, show what is answered.
///
/// Return sends a line; `quit` or the end of the input ends the session. With --continuous each key is sent as it is
/// pressed. Also reads from a pipe.
#[derive(Debug, Args)]
#[command(version, disable_version_flag = true)]
#[command(after_help = "\
Examples:
  echolab connect                              talk to a TCP echo server on this host
  echolab connect --continuous                 each key press is its own segment
  echolab connect --proto udp --port 4002      over UDP
  printf 'HELLO MASTER\\n' | echolab connect    from a pipe
  sudo \"$(command -v echolab)\" connect --report talked
                                               capture it; the reports are made at the end

Exit status: 0 done, 1 not everything was sent and answered, 2 an error (a refused connection, for example).")]
pub(super) struct ConnectArgs {
    #[command(flatten)]
    server: ServerArgs,

    /// Send each key as it is pressed, or each byte of a pipe on its own; Ctrl-C or Ctrl-D ends the session.
    #[arg(short, long)]
    continuous: bool,

    /// Time limit for the connection and for the last answers.
    #[arg(long, value_name = "DUR", default_value = "2s", value_parser = humantime::parse_duration)]
    timeout: Duration,

    #[command(flatten)]
    record: RecordArgs,

    #[command(flatten)]
    version: VersionArg,
}

impl ConnectArgs {
    pub(super) fn run(self, command: String) -> anyhow::Result<Exit> {
        let protocol = self.server.proto;
        ensure!(self.server.port() != 0, "--port 0 is not a port to connect to: use the one that the server printed");
        let server = self.server.address()?;
        let recording = self.record.open(protocol, server, Side::Client)?;
        privileges::give_up(self.record.files())?;
        let recording = recording.map(|open| open.start(command)).transpose()?;
        let client = Client {
            number: 1,
            protocol,
            server,
            timeout: Some(self.timeout),
            linger: None,
            transcript: Transcript::new(Side::Client),
            halt: interrupt()?,
        };
        let talked = self.talk(&client);
        // a connection that failed is captured too
        let recorded = recording.map_or(Ok(Exit::Done), Recording::end);
        talked.and_then(|exit| Ok(exit.and(recorded?)))
    }

    fn talk(&self, client: &Client) -> anyhow::Result<Exit> {
        let (protocol, server) = (client.protocol, client.server);
        let mut connection = Connection::new(client);
        connection.act(&Action::Connect)?;
        let terminal = io::stdin().is_terminal();
        let mode = match (self.continuous, terminal) {
            (false, _) => Mode::Lines,
            (true, true) => Mode::Keys,
            (true, false) => Mode::Bytes,
        };
        if terminal {
            let how = if self.continuous {
                "each key is sent immediately; Ctrl-C or Ctrl-D ends the session"
            } else {
                "Return sends a line; quit ends the session"
            };
            let made = if protocol == Protocol::Tcp { "connected to" } else { "talking to" };
            say(&format!("{made} {server}; {how}"));
        }
        let raw = (mode == Mode::Keys).then(RawMode::enter).transpose()?;
        let ending = Dialogue::new(client, &mut connection, mode, false).run();
        drop(raw);
        connection.close();
        Self::conclude(ending?, self.timeout)
    }

    fn conclude(ending: Ending, timeout: Duration) -> anyhow::Result<Exit> {
        match ending {
            Ending::Done | Ending::Fault(ClientFault::Halted) => Ok(Exit::Done),
            Ending::ServerClosed(unfinished) if unfinished.is_nothing() => {
                say("the server closed the connection");
                Ok(Exit::Done)
            }
            Ending::ServerClosed(unfinished) => {
                say(&closed_early(&unfinished));
                Ok(Exit::Unmet)
            }
            Ending::TooLong { bytes, max } => {
                bail!("a line of {bytes} bytes does not fit a UDP datagram, which holds at most {max} bytes")
            }
            Ending::Unanswered { sent, answered } => {
                let time = humantime::format_duration(timeout);
                say(&format!(
                    "{answered} of {sent} datagrams were answered within {time}: UDP does not say whether the others \
                     were lost, dropped by a firewall, or ignored by the server"
                ));
                Ok(Exit::Unmet)
            }
            Ending::NotClosed { sent, received } => {
                let time = humantime::format_duration(timeout);
                say(&format!(
                    "the server did not close within {time} after the input had ended: {sent} bytes were sent, and \
                     {received} came back"
                ));
                Ok(Exit::Unmet)
            }
            Ending::Fault(fault @ ClientFault::NoAnswer { .. }) => {
                say(&fault.to_string());
                Ok(Exit::Unmet)
            }
            Ending::Fault(fault) => Err(fault.into()),
        }
    }
}

/// Describes the data that was not sent or not answered because the server closed.
fn closed_early(unfinished: &Unfinished) -> String {
    let Unfinished { more, unsent, sent, received } = *unfinished;
    let mut text = "the server closed the connection".to_owned();
    if received < sent {
        text.push_str(&format!("; {received} bytes came back for the {sent} that were sent"));
    }
    if unsent > 0 {
        text.push_str(&format!("; {unsent} more bytes were typed and not sent"));
    }
    if more {
        text.push_str("; the input was not at its end, and what was still to come was not sent");
    }
    text
}
