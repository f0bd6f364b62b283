//! One conversation while it lasts.

use super::echo::Turns;
use super::event::{Body, Event, IcmpFacts, RolesFrom, StreamId, TcpFacts};
use super::key::Key;
use super::lent::Lent;
use super::tcp::{Connection, Moment};
use super::udp::Exchange;
use super::when::When;
use crate::model::{
    Datagram, Direction, Endpoint, Frame, IcmpError, Nanos, Packet, PerDirection, Segment, TcpFlags, Timestamp,
};
use std::borrow::Cow;

/// What only one of the protocols needs.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Tcp(Box<TcpKind>),
    Udp(Box<Exchange>),
    /// Kept elsewhere: the conversation is among the ended.
    Away,
}

/// A connection and what its streams echo.
#[derive(Clone, Debug, Default)]
pub(super) struct TcpKind {
    pub(super) connection: Connection,
    pub(super) turns: Turns,
}

impl TcpKind {
    /// Moves the state out and leaves an empty one behind, with the memory for the next connection where the state
    /// will hardly need it any more.
    pub(super) fn take(&mut self) -> Self {
        let mut ended = std::mem::take(self);
        ended.connection.hand_over(&mut self.connection);
        ended
    }
}

/// A conversation.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) stream: StreamId,
    pub(super) client: Endpoint,
    pub(super) server: Endpoint,
    pub(super) roles_from: RolesFrom,
    pub(super) first_frame: u64,
    pub(super) last_frame: u64,
    pub(super) start: Option<Timestamp>,
    /// When the last step was captured, and the one at hand: since the start.
    pub(super) last_at: When,
    at: When,
    steps: u64,
    pub(super) packets: PerDirection<u64>,
    pub(super) bytes: PerDirection<u64>,
    pub(super) payload: PerDirection<u64>,
    /// The stream whose ports this one uses again.
    reuses: Option<u32>,
    pub(super) kind: Kind,
}

impl Conversation {
    /// A conversation that begins with `frame`.
    pub(super) fn new(
        stream: StreamId,
        (client, server): (Endpoint, Endpoint),
        roles_from: RolesFrom,
        reuses: Option<u32>,
        frame: &Frame<'_>,
        kind: Kind,
    ) -> Self {
        Self {
            stream,
            client,
            server,
            roles_from,
            first_frame: frame.number,
            last_frame: frame.number,
            start: frame.time,
            last_at: frame.time.map(|_| Nanos(0)).into(),
            at: When::UNKNOWN,
            steps: 0,
            packets: PerDirection::default(),
            bytes: PerDirection::default(),
            payload: PerDirection::default(),
            reuses,
            kind,
        }
    }

    /// Fetches what a packet needs from memory, all at once.
    #[inline]
    pub(super) fn warm(&self) {
        if let Kind::Tcp(tcp) = &self.kind {
            tcp.connection.warm();
            std::hint::black_box(tcp.turns.warm());
        }
    }

    /// What it is found by.
    pub(super) fn key(&self) -> Key {
        Key::new(self.stream.protocol, self.client, self.server)
    }

    /// Which way a packet from `source` to `destination` goes.
    pub(super) fn direction(&self, source: Endpoint, destination: Endpoint) -> Direction {
        if source == self.client && destination == self.server {
            Direction::ClientToServer
        } else {
            Direction::ServerToClient
        }
    }

    /// Whether a SYN shows that the ports are used again.
    pub(super) fn is_another(&self, direction: Direction, segment: &Segment<'_>) -> bool {
        match &self.kind {
            Kind::Tcp(tcp) => tcp.connection.is_another(direction, segment),
            Kind::Udp(_) | Kind::Away => false,
        }
    }

    /// Whether nothing but late packets is to come.
    pub(super) fn has_ended(&self) -> bool {
        match &self.kind {
            Kind::Tcp(tcp) => tcp.connection.has_ended(),
            Kind::Udp(_) | Kind::Away => false,
        }
    }

    /// Takes one segment and leaves its facts in `facts`; [`Conversation::segment_event`] makes an event of them.
    #[inline]
    pub(super) fn follow_segment(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        segment: &Segment<'_>,
        direction: Direction,
        facts: &mut TcpFacts,
    ) {
        let moment = self.moment(frame, direction);
        let Kind::Tcp(tcp) = &mut self.kind else { return };
        tcp.connection.follow(&moment, segment, &packet.ip, facts);
        if segment.len > 0 && Connection::reached(segment) {
            let offset = tcp.connection.offset(direction, segment);
            let cut = (segment.payload.len() as u64) < u64::from(segment.len);
            match direction {
                Direction::ClientToServer => {
                    let push = segment.flags.contains(TcpFlags::PSH);
                    tcp.turns.request(frame.number, offset, segment.payload, push, cut);
                }
                Direction::ServerToClient => {
                    facts.echo = tcp.turns.answer(frame.number, offset, segment.payload, cut);
                }
            }
        }
        if self.steps == 0 && self.reuses.is_some() {
            facts.hints.reused_from = self.reuses;
            facts.analysis.insert(super::AnalysisFlag::ReusedPorts);
            tcp.connection.count(super::AnalysisFlag::ReusedPorts);
        }
    }

    /// The event of a segment that was followed.
    #[inline]
    pub(super) fn segment_event<'a>(
        &mut self,
        frame: &Frame<'a>,
        packet: &Packet<'a>,
        segment: &Segment<'a>,
        direction: Direction,
        facts: &'a TcpFacts,
    ) -> Event<'a> {
        let ends = (segment.source, segment.destination);
        let body = Body::Tcp(Lent::Borrowed(facts));
        self.event(frame, packet, direction, ends, body, segment.payload, segment.len)
    }

    /// Takes one datagram.
    pub(super) fn datagram<'a>(
        &mut self,
        frame: &Frame<'a>,
        packet: &Packet<'a>,
        datagram: &Datagram<'a>,
        direction: Direction,
    ) -> Option<Event<'a>> {
        let moment = self.moment(frame, direction);
        let Kind::Udp(exchange) = &mut self.kind else { return None };
        let facts = exchange.follow(&moment, datagram, &packet.ip);
        let ends = (datagram.source, datagram.destination);
        Some(self.event(frame, packet, direction, ends, Body::Udp(facts), datagram.payload, datagram.len))
    }

    /// Takes an ICMP error that quotes one of its packets.
    pub(super) fn error<'a>(&mut self, frame: &Frame<'a>, packet: &Packet<'a>, error: &IcmpError) -> Event<'a> {
        let quoted = self.direction(error.quoted.source, error.quoted.destination);
        self.moment(frame, !quoted);
        let quotes_frame = match &mut self.kind {
            Kind::Tcp(tcp) => tcp.connection.frame_at(quoted, error.quoted.seq),
            Kind::Udp(exchange) => {
                exchange.note_error(frame.number);
                (quoted == Direction::ClientToServer).then(|| exchange.datagrams.newest_waiting()).flatten()
            }
            Kind::Away => None,
        };
        let source = Endpoint::new(error.source, error.quoted.destination.port);
        let destination = Endpoint::new(error.destination, error.quoted.source.port);
        let body = Body::Icmp(IcmpFacts { error: *error, quotes_frame });
        self.event(frame, packet, !quoted, (source, destination), body, &[], 0)
    }

    fn moment(&mut self, frame: &Frame<'_>, direction: Direction) -> Moment {
        self.start = self.start.or(frame.time);
        self.at = frame.time.zip(self.start).map(|(now, start)| now.since(start)).into();
        Moment { frame: frame.number, at: self.at, direction }
    }

    #[inline]
    #[allow(clippy::too_many_arguments, reason = "the parts of an event, which each protocol has elsewhere")]
    fn event<'a>(
        &mut self,
        frame: &Frame<'a>,
        packet: &Packet<'a>,
        direction: Direction,
        (source, destination): (Endpoint, Endpoint),
        body: Body<'a>,
        payload: &'a [u8],
        len: u32,
    ) -> Event<'a> {
        self.steps += 1;
        self.last_frame = frame.number;
        *self.packets.get_mut(direction) += 1;
        *self.bytes.get_mut(direction) += u64::from(frame.wire_len);
        *self.payload.get_mut(direction) += u64::from(len);
        let event = Event {
            frame: frame.number,
            time: frame.time,
            wire_len: frame.wire_len,
            stream: self.stream,
            number: self.steps,
            direction,
            source,
            destination,
            since_start: self.at.get(),
            since_previous: self.at.since(self.last_at),
            ip: packet.ip,
            body,
            payload: Cow::Borrowed(payload),
        };
        if self.at != When::UNKNOWN {
            self.last_at = self.at;
        }
        event
    }
}
