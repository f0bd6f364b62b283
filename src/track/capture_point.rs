//! Where a capture was made: at the client, at the server, on the way between; and what tells.
//!
//! It decides what a time between two frames is: from data to its ACK is a round trip only where the data was sent.

use crate::model::thresholds::PATH_DELAY;
use std::net::IpAddr;

use crate::model::{Checksum, Direction, Endpoint, Nanos, Segment, TcpFlags};

/// Where the capture was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapturePoint {
    /// At the client.
    Client,
    /// At the server.
    Server,
    /// On the way.
    Between,
    /// Both ends are on the capturing host.
    SameHost,
}

impl CapturePoint {
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
pub enum CapturePointBasis {
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
pub struct CapturePointEvidence {
    /// Where.
    pub capture_point: Option<CapturePoint>,
    /// What tells, or why nothing does.
    pub clue: CapturePointBasis,
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
    pub fn of(capture_point: Option<CapturePoint>, sender: Direction) -> Self {
        match (capture_point, sender) {
            (None, _) => Self::Unknown,
            (Some(CapturePoint::SameHost), _)
            | (Some(CapturePoint::Client), Direction::ClientToServer)
            | (Some(CapturePoint::Server), Direction::ServerToClient) => Self::RoundTrip,
            (Some(CapturePoint::Between), _) => Self::Part,
            (Some(CapturePoint::Client | CapturePoint::Server), _) => Self::Delay,
        }
    }
}

/// What of a conversation tells where it was captured, in few bytes: there is one for each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CapturePointObserver {
    known: Option<(CapturePoint, CapturePointBasis)>,
    /// Bits of the directions whose checksums are still to be filled in, and of those with a valid one.
    offloaded: u8,
    valid: u8,
}

impl CapturePointObserver {
    /// The clues that a conversation begins with; `session` is known where echolab captured it itself.
    pub(super) fn new(session: Option<CapturePoint>, (client, server): (Endpoint, Endpoint)) -> Self {
        let (client, server) = (client.address.to_canonical(), server.address.to_canonical());
        let one_host = client == server || [client, server].iter().any(IpAddr::is_loopback);
        let known = session.map(|capture_point| (capture_point, CapturePointBasis::Session));
        Self {
            known: known.or(one_host.then_some((CapturePoint::SameHost, CapturePointBasis::Addresses))),
            ..Self::default()
        }
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

    /// Whether a segment of this direction came with a valid checksum.
    pub(super) fn has_valid(&self, direction: Direction) -> bool {
        self.valid & bit(direction) != 0
    }

    /// What they tell, with the halves of the handshake where it was whole.
    pub(super) fn tell(&self, halves: Option<(Nanos, Nanos)>) -> CapturePointEvidence {
        // a clock that went back tells nothing
        let halves = halves.filter(|(server, client)| server.0 >= 0 && client.0 >= 0);
        let (capture_point, clue) = match (self.known, self.by_checksums(), halves.map(by_halves)) {
            (Some((capture_point, clue)), ..) => (Some(capture_point), clue),
            (None, Some(one), Some(Some(other))) if one != other => (None, CapturePointBasis::AtOdds),
            (None, Some(capture_point), _) => (Some(capture_point), CapturePointBasis::Checksums),
            (None, None, Some(Some(capture_point))) => (Some(capture_point), CapturePointBasis::Halves),
            (None, None, Some(None)) => (None, CapturePointBasis::TooQuick),
            (None, None, None) => (None, CapturePointBasis::Nothing),
        };
        CapturePointEvidence { capture_point, clue, halves }
    }

    fn by_checksums(&self) -> Option<CapturePoint> {
        let (client, server) = (bit(Direction::ClientToServer), bit(Direction::ServerToClient));
        match self.offloaded {
            both if both == client | server => Some(CapturePoint::SameHost),
            one if one == client && self.valid & server > 0 => Some(CapturePoint::Client),
            one if one == server && self.valid & client > 0 => Some(CapturePoint::Server),
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
fn by_halves((server, client): (Nanos, Nanos)) -> Option<CapturePoint> {
    match (server.0, client.0) {
        _ if server.plus(client) < PATH_DELAY => None,
        (server, client) if client < server / 4 => Some(CapturePoint::Client),
        (server, client) if server < client / 4 => Some(CapturePoint::Server),
        _ => (server.min(client) >= PATH_DELAY).then_some(CapturePoint::Between),
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

    fn told(
        checksums: &[(Direction, Checksum)],
        halves: Option<(i64, i64)>,
    ) -> (Option<CapturePoint>, CapturePointBasis) {
        let mut clues = CapturePointObserver::new(None, FAR);
        checksums.iter().for_each(|(direction, checksum)| clues.note(*direction, *checksum));
        let capture_point_evidence = clues.tell(halves.map(|(server, client)| (Nanos(server), Nanos(client))));
        (capture_point_evidence.capture_point, capture_point_evidence.clue)
    }

    #[test]
    fn the_slow_half_of_the_handshake_lies_beyond_the_capture() {
        for (halves, wanted) in [
            ((10_000_000, 25_000), (Some(CapturePoint::Client), CapturePointBasis::Halves)),
            ((25_000, 10_000_000), (Some(CapturePoint::Server), CapturePointBasis::Halves)),
            ((5_000_000, 5_000_000), (Some(CapturePoint::Between), CapturePointBasis::Halves)),
            ((300_000, 20_000), (None, CapturePointBasis::TooQuick)),
            ((700_000, 300_000), (None, CapturePointBasis::TooQuick)),
        ] {
            assert_eq!(told(&[], Some(halves)), wanted, "{halves:?}");
        }
        for halves in [None, Some((-5_000_000, 10_000_000))] {
            assert_eq!(told(&[], halves), (None, CapturePointBasis::Nothing));
        }
    }

    #[test]
    fn a_checksum_that_is_not_filled_in_has_not_left_its_host() {
        use Checksum::{Offloaded, Unverifiable, Valid};
        let at_client = [(ClientToServer, Offloaded), (ServerToClient, Valid)];
        assert_eq!(told(&at_client, None), (Some(CapturePoint::Client), CapturePointBasis::Checksums));
        assert_eq!(
            told(&at_client, Some((50_000, 20_000))),
            (Some(CapturePoint::Client), CapturePointBasis::Checksums)
        );
        let at_server = [(ClientToServer, Valid), (ServerToClient, Offloaded)];
        assert_eq!(told(&at_server, None), (Some(CapturePoint::Server), CapturePointBasis::Checksums));
        let on_one = [(ClientToServer, Offloaded), (ServerToClient, Offloaded), (ServerToClient, Valid)];
        assert_eq!(told(&on_one, None), (Some(CapturePoint::SameHost), CapturePointBasis::Checksums));
        let cut = [(ClientToServer, Offloaded), (ServerToClient, Unverifiable)];
        assert_eq!(told(&cut, None), (None, CapturePointBasis::Nothing));
        // anonymised: all checksums are 0, but the time went by behind the server
        assert_eq!(told(&on_one, Some((70_000, 185_000_000))), (None, CapturePointBasis::AtOdds));
    }

    #[test]
    fn addresses_of_one_host_and_a_session_of_echolab_s_own_need_no_other_clue() {
        let local = Endpoint::new([127, 0, 0, 1], 7);
        let halves = Some((Nanos(9_000_000), Nanos(10)));
        let clues = CapturePointObserver::new(None, (local, local));
        assert_eq!(clues.tell(halves).clue, CapturePointBasis::Addresses);
        assert_eq!(
            CapturePointObserver::new(None, (FAR.0, FAR.0)).tell(None).capture_point,
            Some(CapturePoint::SameHost)
        );
        let clues = CapturePointObserver::new(Some(CapturePoint::Server), FAR);
        assert_eq!(
            (clues.tell(halves).capture_point, clues.tell(halves).clue),
            (Some(CapturePoint::Server), CapturePointBasis::Session)
        );
    }

    #[test]
    fn a_delay_at_the_receiver_is_no_round_trip() {
        assert_eq!(Measures::of(Some(CapturePoint::Client), ClientToServer), Measures::RoundTrip);
        assert_eq!(Measures::of(Some(CapturePoint::Client), ServerToClient), Measures::Delay);
        assert_eq!(Measures::of(Some(CapturePoint::Server), ClientToServer), Measures::Delay);
        assert_eq!(Measures::of(Some(CapturePoint::Between), ClientToServer), Measures::Part);
        assert_eq!(Measures::of(None, ClientToServer), Measures::Unknown);
    }
}
