//! Where a capture was made: at the client, at the server, on the way between; and what tells.
//!
//! It decides what a time between two frames is: from data to its ACK is a round trip only where the data was sent.

use std::net::IpAddr;

use crate::model::{Checksum, Direction, Endpoint, Nanos, Segment, TcpFlags};

/// A shorter half of a handshake may as well be the delay of a busy host.
const TOO_QUICK: Nanos = Nanos(400_000);

/// Where the capture was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vantage {
    /// At the client.
    Client,
    /// At the server.
    Server,
    /// On the way.
    Between,
    /// Both ends are on the capturing host.
    SameHost,
}

impl Vantage {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Between => "between",
            Self::SameHost => "both",
        }
    }
}

/// What tells where the capture was made, or why nothing does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clue {
    /// echolab captured its own session.
    Session,
    /// Both addresses are of the capturing host: loopback, or one and the same.
    Addresses,
    /// Checksums that are still to be filled in leave the capturing host; filled in they come from elsewhere.
    Checksums,
    /// The half of the handshake that took the time lies beyond the capture.
    Halves,
    /// Nothing: the halves of the handshake are too quick, and too much alike.
    TooQuick,
    /// Nothing: checksums and handshake contradict each other.
    AtOdds,
    /// Nothing: the handshake is not whole, or was repeated.
    #[default]
    Nothing,
}

/// Where a conversation was captured, as far as it can be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standpoint {
    /// Where.
    pub vantage: Option<Vantage>,
    /// What tells, or why nothing does.
    pub clue: Clue,
    /// How long the server took to answer the SYN, and the client to answer the SYN-ACK, both as captured.
    pub halves: Option<(Nanos, Nanos)>,
}

/// What the time from a segment to its ACK is, where it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measures {
    /// The whole round trip.
    RoundTrip,
    /// The round trip of the path behind the capture.
    Part,
    /// How long the receiver took: the path is not in it.
    Delay,
    /// Nobody knows.
    Unknown,
}

impl Measures {
    /// What it is for the data of `sender`.
    pub fn of(vantage: Option<Vantage>, sender: Direction) -> Self {
        match (vantage, sender) {
            (None, _) => Self::Unknown,
            (Some(Vantage::SameHost), _)
            | (Some(Vantage::Client), Direction::ClientToServer)
            | (Some(Vantage::Server), Direction::ServerToClient) => Self::RoundTrip,
            (Some(Vantage::Between), _) => Self::Part,
            (Some(Vantage::Client | Vantage::Server), _) => Self::Delay,
        }
    }
}

/// What of a conversation tells where it was captured, in few bytes: there is one for each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clues {
    known: Option<(Vantage, Clue)>,
    /// Bits of the directions whose checksums are still to be filled in, and of those with a valid one.
    offloaded: u8,
    valid: u8,
}

impl Clues {
    /// The clues that a conversation begins with; `session` is known where echolab captured it itself.
    pub(super) fn new(session: Option<Vantage>, (client, server): (Endpoint, Endpoint)) -> Self {
        let (client, server) = (client.address.to_canonical(), server.address.to_canonical());
        let one_host = client == server || [client, server].iter().any(IpAddr::is_loopback);
        let known = session.map(|vantage| (vantage, Clue::Session));
        Self { known: known.or(one_host.then_some((Vantage::SameHost, Clue::Addresses))), ..Self::default() }
    }

    /// Takes the checksum of a segment. Segments with data are passed over, since a receiver that puts some together
    /// leaves them without a checksum, and resets, which a kernel sends with a checksum.
    #[inline]
    pub(super) fn note_segment(&mut self, direction: Direction, segment: &Segment) {
        if segment.len == 0 && !segment.flags.contains(TcpFlags::RST) {
            self.note(direction, segment.checksum);
        }
    }

    /// Takes the checksum of a packet.
    #[inline]
    pub(super) fn note(&mut self, direction: Direction, checksum: Checksum) {
        match checksum {
            Checksum::Offloaded => self.offloaded |= bit(direction),
            Checksum::Valid => self.valid |= bit(direction),
            Checksum::Absent | Checksum::Invalid | Checksum::Unverifiable => {}
        }
    }

    /// What they tell, with the halves of the handshake where it was whole.
    pub(super) fn tell(&self, halves: Option<(Nanos, Nanos)>) -> Standpoint {
        // a clock that went back tells nothing
        let halves = halves.filter(|(server, client)| server.0 >= 0 && client.0 >= 0);
        let (vantage, clue) = match (self.known, self.by_checksums(), halves.map(by_halves)) {
            (Some((vantage, clue)), ..) => (Some(vantage), clue),
            (None, Some(one), Some(Some(other))) if one != other => (None, Clue::AtOdds),
            (None, Some(vantage), _) => (Some(vantage), Clue::Checksums),
            (None, None, Some(Some(vantage))) => (Some(vantage), Clue::Halves),
            (None, None, Some(None)) => (None, Clue::TooQuick),
            (None, None, None) => (None, Clue::Nothing),
        };
        Standpoint { vantage, clue, halves }
    }

    fn by_checksums(&self) -> Option<Vantage> {
        let (client, server) = (bit(Direction::ClientToServer), bit(Direction::ServerToClient));
        match self.offloaded {
            both if both == client | server => Some(Vantage::SameHost),
            one if one == client && self.valid & server > 0 => Some(Vantage::Client),
            one if one == server && self.valid & client > 0 => Some(Vantage::Server),
            _ => None,
        }
    }
}

fn bit(direction: Direction) -> u8 {
    match direction {
        Direction::ClientToServer => 1,
        Direction::ServerToClient => 2,
    }
}

/// At the client the SYN-ACK takes the time and the ACK follows at once, at the server it is the other way round.
fn by_halves((server, client): (Nanos, Nanos)) -> Option<Vantage> {
    match (server.0, client.0) {
        _ if server.plus(client) < TOO_QUICK => None,
        (server, client) if client < server / 4 => Some(Vantage::Client),
        (server, client) if server < client / 4 => Some(Vantage::Server),
        _ => (server.min(client) >= TOO_QUICK).then_some(Vantage::Between),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ClientToServer, ServerToClient};

    const FAR: (Endpoint, Endpoint) = (
        Endpoint { address: IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), port: 51_234 },
        Endpoint { address: IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)), port: 7 },
    );

    fn told(checksums: &[(Direction, Checksum)], halves: Option<(i64, i64)>) -> (Option<Vantage>, Clue) {
        let mut clues = Clues::new(None, FAR);
        checksums.iter().for_each(|(direction, checksum)| clues.note(*direction, *checksum));
        let standpoint = clues.tell(halves.map(|(server, client)| (Nanos(server), Nanos(client))));
        (standpoint.vantage, standpoint.clue)
    }

    #[test]
    fn the_slow_half_of_the_handshake_lies_beyond_the_capture() {
        for (halves, wanted) in [
            ((10_000_000, 25_000), (Some(Vantage::Client), Clue::Halves)),
            ((25_000, 10_000_000), (Some(Vantage::Server), Clue::Halves)),
            ((5_000_000, 5_000_000), (Some(Vantage::Between), Clue::Halves)),
            ((300_000, 20_000), (None, Clue::TooQuick)),
            ((700_000, 300_000), (None, Clue::TooQuick)),
        ] {
            assert_eq!(told(&[], Some(halves)), wanted, "{halves:?}");
        }
        for halves in [None, Some((-5_000_000, 10_000_000))] {
            assert_eq!(told(&[], halves), (None, Clue::Nothing));
        }
    }

    #[test]
    fn a_checksum_that_is_not_filled_in_has_not_left_its_host() {
        use Checksum::{Offloaded, Unverifiable, Valid};
        let at_client = [(ClientToServer, Offloaded), (ServerToClient, Valid)];
        assert_eq!(told(&at_client, None), (Some(Vantage::Client), Clue::Checksums));
        assert_eq!(told(&at_client, Some((50_000, 20_000))), (Some(Vantage::Client), Clue::Checksums));
        let at_server = [(ClientToServer, Valid), (ServerToClient, Offloaded)];
        assert_eq!(told(&at_server, None), (Some(Vantage::Server), Clue::Checksums));
        let on_one = [(ClientToServer, Offloaded), (ServerToClient, Offloaded), (ServerToClient, Valid)];
        assert_eq!(told(&on_one, None), (Some(Vantage::SameHost), Clue::Checksums));
        let cut = [(ClientToServer, Offloaded), (ServerToClient, Unverifiable)];
        assert_eq!(told(&cut, None), (None, Clue::Nothing));
        // anonymised: all checksums are 0, but the time went by behind the server
        assert_eq!(told(&on_one, Some((70_000, 185_000_000))), (None, Clue::AtOdds));
    }

    #[test]
    fn addresses_of_one_host_and_a_session_of_echolab_s_own_need_no_other_clue() {
        let local = Endpoint::new([127, 0, 0, 1], 7);
        let halves = Some((Nanos(9_000_000), Nanos(10)));
        let clues = Clues::new(None, (local, local));
        assert_eq!(clues.tell(halves).clue, Clue::Addresses);
        assert_eq!(Clues::new(None, (FAR.0, FAR.0)).tell(None).vantage, Some(Vantage::SameHost));
        let clues = Clues::new(Some(Vantage::Server), FAR);
        assert_eq!((clues.tell(halves).vantage, clues.tell(halves).clue), (Some(Vantage::Server), Clue::Session));
    }

    #[test]
    fn a_delay_at_the_receiver_is_no_round_trip() {
        assert_eq!(Measures::of(Some(Vantage::Client), ClientToServer), Measures::RoundTrip);
        assert_eq!(Measures::of(Some(Vantage::Client), ServerToClient), Measures::Delay);
        assert_eq!(Measures::of(Some(Vantage::Server), ClientToServer), Measures::Delay);
        assert_eq!(Measures::of(Some(Vantage::Between), ClientToServer), Measures::Part);
        assert_eq!(Measures::of(None, ClientToServer), Measures::Unknown);
    }
}
