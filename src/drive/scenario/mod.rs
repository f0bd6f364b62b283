//! Named sessions that demonstrate one behaviour each: the point, the network, the programs, and the expected report.
//!
//! A scenario is data. [`SCENARIOS`] is the registry: the command line, its completions and the tests iterate over it, and
//! a new scenario is one value in the file of its topic and its name in the list. This module opens no socket:
//! `drive::script` executes each [`ScriptStep`], and the session compares its report with the [`Expectation`].

mod close;
mod echo;
mod expectation;
mod handshake;
mod lab_setup;
mod loss;
mod options;
mod proxy;
mod stream;
mod timing;
mod udp;
mod window;

use std::fmt;
use std::time::Duration;

pub use expectation::{BUSY, Count, Expectation};
pub use lab_setup::LabSetup;

use super::behaviour::Behaviour;
use super::client::Plan;
use super::script::{ScriptStep, Setting, SocketOp};
use super::session_kind::SessionKind;
use crate::model::Protocol;

/// A named session.
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// The group that it is listed in.
    pub topic: Topic,
    /// The point, in one line.
    pub about: &'static str,
    /// The events and their reasons, in a paragraph.
    pub description: &'static str,
    /// The networks that it can run on.
    pub runs: RunsOn,
    /// Measured duration from the command to its report, on an idle machine.
    pub takes: Duration,
    /// Upper bound of the session's duration.
    pub lasts: Duration,
    /// Over TCP or UDP.
    pub protocol: Protocol,
    /// The programs and their traffic.
    pub programs: Programs,
    /// The configuration of the lab; loopback has none.
    pub lab: LabSetup,
    /// The expected content of the report.
    pub expects: Expectation,
}

impl Scenario {
    /// The defaults of a scenario over TCP, on either network.
    const TCP: Self = Self {
        name: "",
        topic: Topic::Echo,
        about: "",
        description: "",
        runs: RunsOn::Anywhere,
        takes: ms(100),
        lasts: ms(1000),
        protocol: Protocol::Tcp,
        programs: Programs::Script(&[]),
        lab: LabSetup::PLAIN,
        expects: Expectation::TCP,
    };
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scenario").field(&self.name).finish()
    }
}

/// A group of scenarios in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Echo sessions and the data that they carry.
    Echo,
    /// UDP and ICMP.
    Udp,
    /// Connection establishment and the options that it negotiates.
    Handshake,
    /// Loss, reordering, corruption and congestion.
    Loss,
    /// Windows, delayed ACKs, Nagle's algorithm and keep-alives.
    Timers,
    /// Closes and resets.
    Close,
}

impl Topic {
    /// Every topic, in the order of the list.
    pub const ALL: [Self; 6] = [Self::Echo, Self::Udp, Self::Handshake, Self::Loss, Self::Timers, Self::Close];

    /// The heading in the list.
    pub fn title(self) -> &'static str {
        match self {
            Self::Echo => "Echo and data",
            Self::Udp => "UDP and ICMP",
            Self::Handshake => "Opening a connection",
            Self::Loss => "Loss and recovery",
            Self::Timers => "Windows and timers",
            Self::Close => "Closing and resets",
        }
    }
}

/// The networks on which a scenario can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunsOn {
    /// On either.
    Anywhere,
    /// Only on loopback.
    Loopback,
    /// Only between the lab's two hosts, since loopback lacks a property that it needs.
    Lab,
}

impl RunsOn {
    /// The network, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anywhere => "loopback, lab",
            Self::Loopback => "loopback",
            Self::Lab => "lab",
        }
    }
}

/// The programs of a scenario.
pub enum Programs {
    /// The echo server, with this number of echo clients at the same time.
    Echo(fn() -> (Plan, Behaviour, u16)),
    /// Client and server execute these steps, one after the other.
    Script(&'static [ScriptStep]),
    /// A caching proxy, its clients and its origin server.
    Proxy,
}

impl Scenario {
    /// The kind of its session.
    pub fn kind(&self) -> SessionKind {
        match self.programs {
            Programs::Echo(make) => {
                let (plan, behaviour, clients) = make();
                SessionKind::Echo { plan, behaviour, clients }
            }
            Programs::Proxy => SessionKind::Proxy,
            Programs::Script(steps) => SessionKind::Script { steps, protocol: self.protocol },
        }
    }

    /// `true` if on loopback sockets lose packets in it, which requires rights.
    pub fn loses_at_sockets(&self) -> bool {
        matches!(self.programs, Programs::Script(steps) if steps.iter().any(ScriptStep::loses))
    }

    /// `true` if it requires IPv4: over IPv6 UDP must have a checksum (RFC 8200 §8.1).
    pub fn needs_ipv4(&self) -> bool {
        let without_checksum = |step: &ScriptStep| matches!(step.op, SocketOp::Set(Setting::NoChecksum));
        matches!(self.programs, Programs::Script(steps) if steps.iter().any(without_checksum))
    }
}

/// Every scenario, in the order in which they are listed.
pub static SCENARIOS: &[&Scenario] = &[
    &echo::ECHO,
    &echo::LINE,
    &echo::CONTINUOUS,
    &echo::UPPER,
    &echo::TWO_SIZES,
    &echo::V0,
    &echo::V1,
    &echo::V2,
    &echo::V3,
    &echo::V4,
    &echo::MANY_CLIENTS,
    &proxy::PROXY,
    &udp::UDP_ECHO,
    &udp::UDP_CONTINUOUS,
    &udp::UDP_NOBODY,
    &udp::UDP_LOST,
    &udp::UDP_OVERFLOW,
    &udp::UDP_NO_CHECKSUM,
    &udp::FRAGMENTS,
    &handshake::REFUSED,
    &handshake::WRONG_PORT,
    &handshake::LOST_SYN,
    &handshake::LOST_SYNACK,
    &handshake::BACKLOG_FULL,
    &handshake::CONNECT_TIMEOUT,
    &handshake::PORT_REUSE,
    &handshake::SIMULTANEOUS_OPEN,
    &options::FAST_OPEN,
    &options::NO_OPTIONS,
    &options::SMALL_MSS,
    &loss::BLACKOUT,
    &loss::LOST_REQUEST,
    &loss::LOST_REPLY,
    &loss::LOST_ACK,
    &loss::USER_TIMEOUT,
    &stream::LOST_FIN,
    &stream::TAIL_LOSS,
    &stream::FAST_RETRANSMIT,
    &stream::REORDERED,
    &stream::DUPLICATE,
    &stream::CORRUPT,
    &stream::RANDOM_LOSS,
    &stream::ECN,
    &stream::SLOW_LINK,
    &window::ZERO_WINDOW,
    &timing::KEEP_ALIVE,
    &timing::NAGLE,
    &timing::NO_NAGLE,
    &timing::DELAYED_ACK,
    &timing::URGENT,
    &close::HALF_CLOSE,
    &close::SIMULTANEOUS_CLOSE,
    &close::LINGER_RESET,
    &close::UNREAD_RESET,
    &close::DATA_AFTER_CLOSE,
    &close::KILLED_SERVER,
];

/// The scenario of this name.
pub fn scenario(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().copied().find(|scenario| scenario.name == name)
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
