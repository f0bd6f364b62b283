//! A step in words, for the message that it could not be executed.

use std::fmt;

use super::step::{ScriptStep, Setting, SocketLoss, SocketOp, SocketRef, Target};

/// `the server was to accept a connection`
impl fmt::Display for ScriptStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was to {}", self.who, self.op)
    }
}

/// `the client`, `the client on its 2nd connection`
impl fmt::Display for SocketRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (side, index) = match self {
            Self::Client(index) => ("client", *index),
            Self::Server(index) => ("server", *index),
            Self::Listener => ("server", 0),
        };
        write!(f, "the {side}")?;
        if index == 0 { Ok(()) } else { write!(f, " on its connection {}", index + 1) }
    }
}

impl fmt::Display for SocketOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(backlog) => write!(f, "listen, with room for {backlog} that wait"),
            Self::Bind => f.write_str("take a port"),
            Self::BindLike(client) => write!(f, "take the port of connection {}", client + 1),
            Self::Connect => f.write_str("connect"),
            Self::ConnectTo(target) => write!(f, "connect to {target}"),
            Self::Begin => f.write_str("begin to connect"),
            Self::BeginTo(target) => write!(f, "begin to connect to {target}"),
            Self::Finish => f.write_str("have its connection made"),
            Self::Accept => f.write_str("accept a connection"),
            Self::Send(text) => write!(f, "send {text:?}"),
            Self::SendBytes(count) => write!(f, "send {count} bytes"),
            Self::Fill(count) => write!(f, "send what goes at once of {count} bytes"),
            Self::SendUrgent(text) => write!(f, "send {text:?} as urgent data"),
            Self::ConnectAndSend(text) => write!(f, "connect and send {text:?} with the SYN"),
            Self::Receive(count) => write!(f, "receive {count} bytes"),
            Self::Echo(count) => write!(f, "send {count} bytes back"),
            Self::EchoWaiting => f.write_str("send back the datagrams that wait"),
            Self::ReceiveAll => f.write_str("receive to the end of the stream"),
            Self::AwaitReset => f.write_str("learn of a reset"),
            Self::Shutdown => f.write_str("close its sending half"),
            Self::Close => f.write_str("close"),
            Self::Leave => f.write_str("close and wait for nothing"),
            Self::Kill => f.write_str("be killed"),
            Self::Wait(time) => write!(f, "wait {}", humantime::format_duration(*time)),
            Self::Set(setting) => write!(f, "set {setting}"),
            Self::Lose(loses) => write!(f, "lose {loses}"),
            Self::Fails(_, op) => write!(f, "fail to {op}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClosedPort => "a port at which no program listens",
            Self::Client => "the client",
        })
    }
}

/// The option's name.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDelay => "TCP_NODELAY",
            Self::QuickAck(_) => "TCP_QUICKACK",
            Self::ReceiveBuffer(_) => "SO_RCVBUF",
            Self::Mss(_) => "TCP_MAXSEG",
            Self::KeepAlive(_) => "SO_KEEPALIVE",
            Self::UserTimeout(_) => "TCP_USER_TIMEOUT",
            Self::SynRetries(_) => "TCP_SYNCNT",
            Self::LingerZero => "SO_LINGER",
            Self::NoChecksum => "SO_NO_CHECK",
            Self::Marked(_) => "SO_MARK",
            Self::ReuseAddress => "SO_REUSEADDR",
        })
    }
}

impl fmt::Display for SocketLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing any more",
            Self::All => "all that comes",
            Self::Marked => "what is marked",
            Self::PureAcks => "every ACK without data",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::scenario::{Programs, SCENARIOS};

    #[test]
    fn every_script_step_has_a_description() {
        for scenario in SCENARIOS {
            let Programs::Script(steps) = scenario.programs else { continue };
            for step in steps {
                let words = step.to_string();
                // a send says what, in quotes
                let bare = words.split('"').step_by(2).collect::<String>();
                assert!(words.starts_with("the ") && !bare.contains(['(', ':', '{']), "{}: {words}", scenario.name);
            }
        }
    }

    #[test]
    fn endpoint_and_action_form_one_sentence() {
        let step = ScriptStep { who: SocketRef::Server(0), op: SocketOp::Lose(SocketLoss::Marked) };
        assert_eq!(step.to_string(), "the server was to lose what is marked");
        let step = ScriptStep {
            who: SocketRef::Client(1),
            op: SocketOp::Fails(super::super::ExpectedError::Reset, &SocketOp::ReceiveAll),
        };
        assert_eq!(step.to_string(), "the client on its connection 2 was to fail to receive to the end of the stream");
    }
}
