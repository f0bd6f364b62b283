//! `--interactive`: the client does what is typed, while the session is captured.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use crate::cli::connect::{Dialogue, Ending, Mode, RawMode};
use crate::cli::exit::say;
use crate::drive::{Action, Client, ClientFault, Connection, Typist};

/// Has what is typed sent: a line at Return, or every key at once.
pub(super) fn typist(continuous: bool) -> Typist {
    Arc::new(move |client, connection| talk(client, connection, continuous).err())
}

fn talk<'c>(client: &'c Client, connection: &mut Connection<'c>, continuous: bool) -> Result<(), ClientFault> {
    connection.act(&Action::Connect)?;
    let terminal = io::stdin().is_terminal();
    let mode = match (continuous, terminal) {
        (false, _) => Mode::Lines,
        (true, true) => Mode::Keys,
        (true, false) => Mode::Bytes,
    };
    if terminal {
        let how = match continuous {
            true => "every key is sent at once; Ctrl-C or Ctrl-D leaves",
            false => "Return sends a line; quit leaves",
        };
        say(&format!("the server is {}; {how}", client.server));
    }
    let failed = |error| ClientFault::Failed { what: "can't talk to", server: client.server, error };
    let raw = (mode == Mode::Keys).then(RawMode::enter).transpose().map_err(failed)?;
    let ending = Dialogue::new(client, connection, mode, mode == Mode::Lines).run();
    drop(raw);
    let no_answer = || ClientFault::NoAnswer {
        protocol: client.protocol,
        server: client.server,
        waited: client.timeout.unwrap_or_default(),
    };
    match ending.map_err(failed)? {
        Ending::Done => Ok(()),
        Ending::ServerClosed(left) if left.is_nothing() => Ok(()),
        Ending::ServerClosed(left) => {
            Err(ClientFault::ClosedEarly { expected: left.sent + left.unsent as u64, received: left.received })
        }
        Ending::Unanswered { .. } | Ending::NotClosed { .. } => Err(no_answer()),
        Ending::TooLong { bytes, max } => {
            let text = format!("a line of {bytes} bytes does not fit a UDP datagram, which holds at most {max} bytes");
            Err(failed(io::Error::new(io::ErrorKind::InvalidInput, text)))
        }
        Ending::Fault(fault) => Err(fault),
    }
}
