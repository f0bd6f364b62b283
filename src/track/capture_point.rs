//! The place where a capture was made (at the client, at the server, or between them) and the evidence for it.
//!
//! It decides what a time between two frames measures: from data to its ACK is a round trip only where the data was
//! sent.
//!
//! Checksums come first, then TTLs and times together. A ratio of times alone proves nothing: near one end of a path
//! the other end's answers take longer, too.

use crate::model::thresholds::{HOST_REACTION, NO_HOST, NO_ROUTER, PATH_DELAY};
use std::net::IpAddr;

use crate::model::{Checksum, Direction, Endpoint, Nanos, PerDirection, Segment, TcpFlags};

/// Paths of the Internet have fewer routers.
const MOST_HOPS: u8 = 32;

/// The place where the capture was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapturePoint {
    /// At the client.
    Client,
    /// At the server.
    Server,
    /// On the path.
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

/// The evidence for the place of a capture, or why there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CapturePointBasis {
    /// echolab captured its own session.
    Session,
    /// Both addresses are of the capturing host: loopback, or one and the same.
    Addresses,
    /// Checksums that are still to be filled in leave the capturing host; filled in they come from elsewhere.
    Checksums,
    /// One side answers as only the capturing host does, or neither does.
    Halves,
    /// The packets of both sides have passed routers.
    Ttl,
    /// None: the answers in the handshake take neither as little as a host nor as much as a path.
    TooQuick,
    /// None: checksums, TTLs and times contradict each other.
    AtOdds,
    /// None: the handshake is incomplete or was retransmitted.
    #[default]
    Nothing,
}

/// The way a connection was opened, as far as it decides what the times of its handshake measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// SYN, SYN-ACK, ACK, each sent once.
    Usual,
    /// The SYN was retransmitted: which one the SYN-ACK answers is unknown.
    SynRetransmitted,
    /// The SYN-ACK was retransmitted: which one the client's ACK answers is unknown.
    SynAckRetransmitted,
    /// Both sides sent a SYN, and a SYN-ACK in answer to the other's (RFC 9293 §3.5).
    Simultaneous,
}

impl Opening {
    /// Returns `true` if each answer can have been prompted by one segment only.
    pub(super) fn is_exact(self) -> bool {
        matches!(self, Self::Usual | Self::Simultaneous)
    }
}

/// The time each side took to answer the other's SYN, as captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeTimes {
    /// From the client's SYN to the server's SYN-ACK; since the newest SYN where it was retransmitted before.
    pub server: Nanos,
    /// From the server's SYN or SYN-ACK to the client's answer; since the newest SYN-ACK where it was retransmitted.
    pub client: Nanos,
    /// The way the connection was opened.
    pub opening: Opening,
}

/// The place where a conversation was captured, as far as the capture shows it, and the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapturePointEvidence {
    /// The place; `None` if unknown.
    pub capture_point: Option<CapturePoint>,
    /// The evidence, or why there is none.
    pub clue: CapturePointBasis,
    /// The time the server took to answer the SYN, and the client to answer the SYN-ACK, both as captured.
    pub halves: Option<(Nanos, Nanos)>,
    /// The times that decided, which for a retransmitted SYN are at least these.
    pub times: Option<HandshakeTimes>,
    /// TTL or hop limit of the client's and the server's first packet; 0 where there is none.
    pub ttls: (u8, u8),
}

/// The meaning of the time from a segment to its ACK, at the place of the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measures {
    /// The whole round trip.
    RoundTrip,
    /// The round trip of the path behind the capture.
    Part,
    /// The response time of the receiver, without the path.
    Delay,
    /// Unknown from this capture.
    Unknown,
}

impl Measures {
    /// Returns the meaning of these times for the data of `sender`.
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

/// The evidence of one conversation for where it was captured, in few bytes: there is one for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CapturePointObserver {
    known: Option<(CapturePoint, CapturePointBasis)>,
    /// Bits of the directions with a checksum that is still to be filled in, and with a valid one.
    offloaded: u8,
    valid: u8,
    /// The same for segments that decide only where these do not: with data, since a receiver that merges segments leaves
    /// them without a checksum, and resets, which a kernel may send with a checksum.
    merged: u8,
    checked: u8,
    /// TTL or hop limit of the first packet of each side; 0 where there is none.
    ttls: PerDirection<u8>,
    /// Bits of the directions with packets of different TTLs.
    two_ttls: u8,
}

impl CapturePointObserver {
    /// The evidence that a conversation begins with; `session` is known where echolab captured it itself.
    pub(super) fn new(session: Option<CapturePoint>, (client, server): (Endpoint, Endpoint)) -> Self {
        let (client, server) = (client.address.to_canonical(), server.address.to_canonical());
        let one_host = client == server || [client, server].iter().any(IpAddr::is_loopback);
        let known = session.map(|capture_point| (capture_point, CapturePointBasis::Session));
        Self {
            known: known.or(one_host.then_some((CapturePoint::SameHost, CapturePointBasis::Addresses))),
            ..Self::default()
        }
    }

    /// Takes the checksum of a segment; `waited` is the time since the segment before.
    #[inline]
    pub(super) fn note_segment(&mut self, direction: Direction, segment: &Segment, waited: Option<Nanos>) {
        if segment.len == 0 && !segment.flags.contains(TcpFlags::RST) {
            return self.note(direction, segment.checksum);
        }
        match segment.checksum {
            Checksum::Offloaded => self.merged |= bit(direction),
            // a host of its own answers at once with a RST whose checksum is filled in
            Checksum::Valid if !segment.flags.contains(TcpFlags::RST) => self.checked |= bit(direction),
            Checksum::Valid => self.note_error(direction, waited),
            Checksum::Absent | Checksum::Invalid | Checksum::Unverifiable => {}
        }
    }

    /// Takes the checksum of a segment without RST. Returns whether the checksums may prove more than they did before.
    /// Filled-in checksums alone prove nothing.
    #[inline]
    pub(super) fn learns_from(&mut self, direction: Direction, segment: &Segment) -> bool {
        let before = self.checksums();
        self.note_segment(direction, segment, None);
        self.checksums() != before && self.offloaded | self.merged > 0
    }

    /// All bits that checksums set.
    #[inline]
    fn checksums(&self) -> [u8; 4] {
        [self.offloaded, self.valid, self.merged, self.checked]
    }

    /// Takes an ICMP error or RST of this side: one that took longer than a host does comes from elsewhere.
    pub(super) fn note_error(&mut self, direction: Direction, waited: Option<Nanos>) {
        if waited.is_some_and(|waited| waited >= HOST_REACTION) {
            self.checked |= bit(direction);
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

    /// Takes the TTL or hop limit of a packet. Returns whether its side's packets have had two so far.
    #[inline]
    pub(super) fn note_ttl(&mut self, direction: Direction, ttl: u8) -> bool {
        let first = self.ttls.get_mut(direction);
        if *first == 0 {
            *first = ttl;
        }
        if *first != ttl {
            self.two_ttls |= bit(direction);
        }
        self.has_two_ttls(direction)
    }

    /// Returns `true` if packets of this side had different TTLs or hop limits.
    #[inline]
    pub(super) fn has_two_ttls(&self, direction: Direction) -> bool {
        self.two_ttls & bit(direction) > 0
    }

    /// The TTL or hop limit of the first packet of this side.
    pub(super) fn ttl(&self, direction: Direction) -> u8 {
        *self.ttls.get(direction)
    }

    /// Returns `true` if a segment of this direction was captured with a valid checksum.
    pub(super) fn has_valid(&self, direction: Direction) -> bool {
        self.valid & bit(direction) != 0
    }

    /// Decides where the capture was made, from the times of the handshake if it was complete.
    pub(super) fn evidence(&self, times: Option<HandshakeTimes>) -> CapturePointEvidence {
        // a clock that went back shows nothing
        let times = times.filter(|times| times.server.0 >= 0 && times.client.0 >= 0);
        let halves = times.filter(|times| times.opening.is_exact()).map(|times| (times.server, times.client));
        let hops = (hops(self.ttls.client_to_server), hops(self.ttls.server_to_client));
        let routed = hops.0.is_some_and(is_routed) && hops.1.is_some_and(is_routed);
        let (capture_point, clue) = match (self.known, self.by_checksums(), times.map(|times| by_times(times, hops))) {
            (Some((capture_point, clue)), ..) => (Some(capture_point), clue),
            (None, Some(one), Some(Some(other))) if one != other => (None, CapturePointBasis::AtOdds),
            // containers of one host with a router between them: the capture was made at one, or between them
            (None, Some(CapturePoint::SameHost), _) if [hops.0, hops.1].contains(&Some(1)) => {
                (None, CapturePointBasis::AtOdds)
            }
            (None, Some(CapturePoint::SameHost), _)
                if hops.0.is_some_and(is_routed) || hops.1.is_some_and(is_routed) =>
            {
                (None, CapturePointBasis::AtOdds)
            }
            (None, Some(capture_point), _) => (Some(capture_point), CapturePointBasis::Checksums),
            (None, None, Some(Some(capture_point))) => (Some(capture_point), CapturePointBasis::Halves),
            (None, None, Some(None)) if halves.is_none() => (None, CapturePointBasis::Nothing),
            // a host that begins at an unusual TTL answers at once, too
            (None, None, Some(None)) if routed => (None, CapturePointBasis::AtOdds),
            (None, None, Some(None)) => (None, CapturePointBasis::TooQuick),
            (None, None, None) if routed => (Some(CapturePoint::Between), CapturePointBasis::Ttl),
            (None, None, None) => (None, CapturePointBasis::Nothing),
        };
        let ttls = (self.ttls.client_to_server, self.ttls.server_to_client);
        CapturePointEvidence { capture_point, clue, halves, times, ttls }
    }

    fn by_checksums(&self) -> Option<CapturePoint> {
        let (client, server) = (bit(Direction::ClientToServer), bit(Direction::ServerToClient));
        match self.offloaded {
            both if both == client | server => return Some(CapturePoint::SameHost),
            one if one == client && self.valid & server > 0 => return Some(CapturePoint::Client),
            one if one == server && self.valid & client > 0 => return Some(CapturePoint::Server),
            _ => {}
        }
        let (offloaded, filled) = (self.offloaded | self.merged, self.valid | self.checked);
        let here = |own: u8, peer: u8| offloaded == own && filled == peer;
        match () {
            () if here(client, server) => Some(CapturePoint::Client),
            () if here(server, client) => Some(CapturePoint::Server),
            () => None,
        }
    }
}

fn bit(direction: Direction) -> u8 {
    match direction {
        Direction::ClientToServer => 1,
        Direction::ServerToClient => 2,
    }
}

/// Returns the number of routers a packet has passed, assuming that its sender started at one of the usual values;
/// `None` where that is implausible.
fn hops(ttl: u8) -> Option<u8> {
    let begun = match ttl {
        ..=64 => 64,
        65..=128 => 128,
        129.. => 255,
    };
    Some(begun - ttl).filter(|hops| ttl > 0 && *hops < MOST_HOPS)
}

/// Returns `true` if this many routers cannot all be on the capturing host: a bridge or NAT for its containers makes
/// one.
fn is_routed(hops: u8) -> bool {
    hops > 1
}

/// A time since the newest of several SYNs or SYN-ACKs is the least that it can have been: it may be long enough to be a path,
/// but whether it is short enough to be the host's own is open. Only what is shorter than any router allows, has passed
/// none and stands against the path of the other side is no late answer to an earlier one.
fn by_times(times: HandshakeTimes, hops: (Option<u8>, Option<u8>)) -> Option<CapturePoint> {
    let point = by_halves((times.server, times.client), hops);
    let beside_server = times.server < NO_ROUTER && times.client >= NO_HOST && hops.1 == Some(0);
    point.filter(|point| match (times.opening, point) {
        (Opening::Usual | Opening::Simultaneous, _) | (_, CapturePoint::Between | CapturePoint::SameHost) => true,
        (Opening::SynRetransmitted, CapturePoint::Client) => true,
        (Opening::SynAckRetransmitted, CapturePoint::Client) => false,
        (Opening::SynRetransmitted | Opening::SynAckRetransmitted, CapturePoint::Server) => beside_server,
    })
}

/// The capturing host answers within [`HOST_REACTION`], and its packets have passed no router; beyond a path neither is so.
fn by_halves((server, client): (Nanos, Nanos), hops: (Option<u8>, Option<u8>)) -> Option<CapturePoint> {
    let own = |took: Nanos, hops: Option<u8>| took < HOST_REACTION && !hops.is_some_and(is_routed);
    let far = |took: Nanos, hops: Option<u8>| took >= NO_HOST || took >= HOST_REACTION && hops.is_some_and(is_routed);
    let is_quick = |took: Nanos, other: Nanos| took.0 < other.0 / 4;
    match () {
        () if far(client, hops.0) && far(server, hops.1) => Some(CapturePoint::Between),
        () if server.plus(client) < PATH_DELAY => None,
        // no router is so near that its time does not show: the TTL was set by the host, or rewritten
        () if client < NO_ROUTER && far(server, None) => Some(CapturePoint::Client),
        () if server < NO_ROUTER && far(client, None) => Some(CapturePoint::Server),
        () if own(client, hops.0) && is_quick(client, server) => Some(CapturePoint::Client),
        () if own(server, hops.1) && is_quick(server, client) => Some(CapturePoint::Server),
        // a little slow, but the other side's packets alone have passed routers
        () if hops == (Some(0), hops.1.filter(|hops| is_routed(*hops))) && is_quick(client, server) => {
            (client < NO_HOST && hops.1.is_some()).then_some(CapturePoint::Client)
        }
        () if hops == (hops.0.filter(|hops| is_routed(*hops)), Some(0)) && is_quick(server, client) => {
            (server < NO_HOST && hops.0.is_some()).then_some(CapturePoint::Server)
        }
        () => None,
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
        routed((64, 64), checksums, halves)
    }

    fn routed(
        (client, server): (u8, u8),
        checksums: &[(Direction, Checksum)],
        halves: Option<(i64, i64)>,
    ) -> (Option<CapturePoint>, CapturePointBasis) {
        let mut clues = CapturePointObserver::new(None, FAR);
        clues.note_ttl(ClientToServer, client);
        clues.note_ttl(ServerToClient, server);
        checksums.iter().for_each(|(direction, checksum)| clues.note(*direction, *checksum));
        let capture_point_evidence = clues.evidence(halves.map(|halves| times(halves, Opening::Usual)));
        (capture_point_evidence.capture_point, capture_point_evidence.clue)
    }

    fn times((server, client): (i64, i64), opening: Opening) -> HandshakeTimes {
        HandshakeTimes { server: Nanos(server), client: Nanos(client), opening }
    }

    #[test]
    fn after_a_retransmission_only_times_that_an_earlier_segment_does_not_explain_decide() {
        let told = |halves, opening, ttl| {
            let mut clues = CapturePointObserver::new(None, FAR);
            clues.note_ttl(ServerToClient, ttl);
            clues.evidence(Some(times(halves, opening))).capture_point
        };
        let (client, server, between) =
            (Some(CapturePoint::Client), Some(CapturePoint::Server), Some(CapturePoint::Between));
        for (halves, once, syn, syn_ack) in [
            ((9_000_000, 40_000), client, client, None),
            ((40_000, 9_000_000), server, server, server),
            // the SYN-ACK may answer the first SYN, so the server need not be near
            ((90_000, 9_000_000), server, None, None),
            ((9_000_000, 9_000_000), between, between, between),
        ] {
            assert_eq!(told(halves, Opening::Usual, 64), once, "{halves:?}");
            assert_eq!(told(halves, Opening::Simultaneous, 64), once, "{halves:?}");
            assert_eq!(told(halves, Opening::SynRetransmitted, 64), syn, "{halves:?}");
            assert_eq!(told(halves, Opening::SynAckRetransmitted, 64), syn_ack, "{halves:?}");
        }
        // a router lies between, so what came so soon answers an earlier SYN
        assert_eq!(told((40_000, 9_000_000), Opening::SynRetransmitted, 63), None);
        let clues = CapturePointObserver::new(None, FAR);
        for opening in [Opening::SynRetransmitted, Opening::SynAckRetransmitted] {
            assert_eq!(clues.evidence(Some(times((9_000_000, 40_000), opening))).halves, None);
        }
    }

    #[test]
    fn slow_half_of_the_handshake_is_on_the_far_side() {
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
    fn a_ratio_of_times_proves_nothing_without_a_host_s_own_reaction_and_ttl() {
        let between = (Some(CapturePoint::Between), CapturePointBasis::Halves);
        let client = (Some(CapturePoint::Client), CapturePointBasis::Halves);
        for (ttls, halves, wanted) in [
            ((60, 57), (200_000_000, 40_000_000), between),
            // 40 ms are no host's own, whatever the TTL
            ((64, 57), (200_000_000, 40_000_000), between),
            ((64, 57), (11_000_000, 90_000), client),
            ((63, 57), (11_000_000, 90_000), client),
            ((255, 57), (11_000_000, 90_000), client),
            ((64, 57), (11_000_000, 1_500_000), client),
            ((64, 64), (11_000_000, 1_500_000), (None, CapturePointBasis::TooQuick)),
            // a host with an unusual TTL, or a box close to the capture point
            ((60, 57), (11_000_000, 90_000), (None, CapturePointBasis::AtOdds)),
        ] {
            assert_eq!(routed(ttls, &[], Some(halves)), wanted, "{ttls:?} {halves:?}");
        }
        assert_eq!(routed((60, 57), &[], None), (Some(CapturePoint::Between), CapturePointBasis::Ttl));
        assert_eq!(routed((64, 57), &[], None), (None, CapturePointBasis::Nothing));
        assert_eq!(routed((64, 1), &[], None), (None, CapturePointBasis::Nothing));
    }

    #[test]
    fn a_refusal_decides_where_it_took_longer_than_a_host_does() {
        let mut clues = CapturePointObserver::new(None, FAR);
        clues.note(ClientToServer, Checksum::Offloaded);
        clues.note_error(ServerToClient, Some(Nanos(30_000)));
        assert_eq!(clues.evidence(None).clue, CapturePointBasis::Nothing);
        clues.note_error(ServerToClient, Some(Nanos::from_millis(50)));
        let told = clues.evidence(None);
        assert_eq!((told.capture_point, told.clue), (Some(CapturePoint::Client), CapturePointBasis::Checksums));
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
        // containers of one host with a router between them
        let both = &on_one[..2];
        for ttls in [(64, 63), (63, 64)] {
            assert_eq!(routed(ttls, both, None), (None, CapturePointBasis::AtOdds));
        }
        let cut = [(ClientToServer, Offloaded), (ServerToClient, Unverifiable)];
        assert_eq!(told(&cut, None), (None, CapturePointBasis::Nothing));
        // anonymised: all checksums are 0, but the time went by behind the server
        assert_eq!(told(&on_one, Some((70_000, 185_000_000))), (None, CapturePointBasis::AtOdds));
    }

    #[test]
    fn addresses_of_one_host_and_a_session_of_echolab_s_own_need_no_other_clue() {
        let local = Endpoint::new([127, 0, 0, 1], 7);
        let halves = Some(times((9_000_000, 10), Opening::Usual));
        let clues = CapturePointObserver::new(None, (local, local));
        assert_eq!(clues.evidence(halves).clue, CapturePointBasis::Addresses);
        assert_eq!(
            CapturePointObserver::new(None, (FAR.0, FAR.0)).evidence(None).capture_point,
            Some(CapturePoint::SameHost)
        );
        let clues = CapturePointObserver::new(Some(CapturePoint::Server), FAR);
        assert_eq!(
            (clues.evidence(halves).capture_point, clues.evidence(halves).clue),
            (Some(CapturePoint::Server), CapturePointBasis::Session)
        );
    }

    #[test]
    fn receiver_delay_is_not_a_round_trip() {
        assert_eq!(Measures::of(Some(CapturePoint::Client), ClientToServer), Measures::RoundTrip);
        assert_eq!(Measures::of(Some(CapturePoint::Client), ServerToClient), Measures::Delay);
        assert_eq!(Measures::of(Some(CapturePoint::Server), ClientToServer), Measures::Delay);
        assert_eq!(Measures::of(Some(CapturePoint::Between), ClientToServer), Measures::Part);
        assert_eq!(Measures::of(None, ClientToServer), Measures::Unknown);
    }
}
