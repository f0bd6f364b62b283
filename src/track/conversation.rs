//! One conversation while it lasts.

use super::event::{Body, Event, IcmpFacts, RolesFrom, StreamId, TcpFacts, Tracked, TrackedKind, UdpFacts};
use super::kind::{Kind, TcpKind};
use super::maybe_owned::MaybeOwned;
use super::retransmission::RetransmitCause;
use super::tcp::PacketRef;
use super::tcp::former::Former;
use super::totals::ConversationSize;
use crate::echo::MemoryBudget;
use crate::model::OptTime;
use crate::model::{
    Datagram, Direction, Endpoint, Flow, FlowKey, Frame, IcmpError, Nanos, Packet, PerDirection, Segment, TcpFlags,
    Timestamp, Transport,
};
use std::borrow::Cow;

/// A conversation.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) stream: StreamId,
    pub(super) client: Endpoint,
    pub(super) server: Endpoint,
    pub(super) roles_from: RolesFrom,
    /// Whether the client's packets go upward, as [`Flow`] has it.
    client_upward: bool,
    pub(super) first_frame: u64,
    pub(super) last_frame: u64,
    pub(super) start: Option<Timestamp>,
    /// When the last step was captured, and the one at hand: since the start.
    pub(super) last_at: OptTime,
    at: OptTime,
    steps: u64,
    pub(super) packets: PerDirection<u64>,
    pub(super) bytes: PerDirection<u64>,
    pub(super) payload: PerDirection<u64>,
    pub(super) kind: Kind,
}

impl Conversation {
    /// A conversation that begins with `frame`.
    pub(super) fn new(
        stream: StreamId,
        (client, server): (Endpoint, Endpoint),
        roles_from: RolesFrom,
        frame: &Frame<'_>,
        kind: Kind,
    ) -> Self {
        Self {
            stream,
            client,
            server,
            roles_from,
            client_upward: Flow::new(stream.protocol, client, server).upward,
            first_frame: frame.number,
            last_frame: frame.number,
            start: frame.time,
            last_at: frame.time.map(|_| Nanos(0)).into(),
            at: OptTime::UNKNOWN,
            steps: 0,
            packets: PerDirection::default(),
            bytes: PerDirection::default(),
            payload: PerDirection::default(),
            kind,
        }
    }

    /// The same with its state, which was kept elsewhere.
    pub(super) fn with(self, tcp: TcpKind) -> Self {
        Self { kind: Kind::Tcp(Box::new(tcp)), ..self }
    }

    /// How large it is, and when it was.
    pub(super) fn extent(&self) -> ConversationSize {
        ConversationSize {
            first_frame: self.first_frame,
            start: self.start,
            duration: self.last_at.get().map(|last| last.max(Nanos(0))),
            packets: self.packets,
            bytes: self.bytes,
        }
    }

    /// What it is found by.
    pub(super) fn key(&self) -> FlowKey {
        Flow::new(self.stream.protocol, self.client, self.server).key
    }

    /// Which way a packet of this flow goes.
    #[inline]
    pub(super) fn direction(&self, flow: &Flow) -> Direction {
        if flow.upward == self.client_upward { Direction::ClientToServer } else { Direction::ServerToClient }
    }

    /// Whether a SYN shows that the ports are used again.
    pub(super) fn is_another(&self, direction: Direction, segment: &Segment) -> bool {
        match &self.kind {
            Kind::Tcp(tcp) => tcp.connection.is_another(direction, segment),
            Kind::Udp(_) | Kind::Retired => false,
        }
    }

    /// What a SYN of another connection finds on its ports.
    pub(super) fn former(&mut self, frame: &Frame<'_>, sender: Direction) -> Option<Box<Former>> {
        let Kind::Tcp(tcp) = &mut self.kind else { return None };
        let at: OptTime = frame.time.zip(self.start).map(|(now, start)| now.since(start)).into();
        let since = at.since(self.last_at);
        let last = (self.last_frame, since);
        Some(Box::new(tcp.connection.former(self.stream.number, last, frame.number, sender)))
    }

    /// Whether nothing but late packets is to come.
    pub(super) fn has_ended(&self) -> bool {
        match &self.kind {
            Kind::Tcp(tcp) => tcp.connection.has_ended(),
            Kind::Udp(_) | Kind::Retired => false,
        }
    }

    /// Takes one segment and leaves its facts in `facts`.
    #[inline]
    pub(super) fn follow_segment(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        segment: &Segment,
        direction: Direction,
        facts: &mut TcpFacts,
        budget: &MemoryBudget,
    ) {
        let moment = self.moment(frame, direction);
        let Kind::Tcp(tcp) = &mut self.kind else { return };
        let last = (self.last_frame, self.last_at);
        tcp.connection.follow(&moment, segment, &packet.headers.ip, facts);
        if segment.flags.contains(TcpFlags::SYN) {
            tcp.echo_matcher.begin(direction);
        }
        if segment.len > 0 && tcp.connection.reached(direction, segment) {
            let late = facts.retransmission.is_some_and(|repeat| repeat.cause == RetransmitCause::CaptureOutOfOrder);
            facts.echo = tcp.compare(frame.number, direction, segment, packet.payload, (late, budget));
        }
        if segment.len > 0 && facts.retransmission.is_none() && facts.probe.is_none() {
            tcp.connection.time_answer(&moment, last, facts);
        }
        if let Some(reset) = &mut facts.reset {
            *reset = reset.with_left_over(direction, || tcp.echo_matcher.left_over());
        }
        if self.steps == 0 && tcp.connection.former.is_some() {
            facts.analysis.insert(super::AnalysisFlag::ReusedPorts);
            tcp.connection.count(super::AnalysisFlag::ReusedPorts);
        }
    }

    /// Takes one datagram.
    pub(super) fn datagram(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        datagram: &Datagram,
        direction: Direction,
    ) -> Option<UdpFacts> {
        let moment = self.moment(frame, direction);
        let Kind::Udp(exchange) = &mut self.kind else { return None };
        Some(exchange.follow(&moment, datagram, packet.payload, &packet.headers.ip))
    }

    /// Takes an ICMP error that quotes one of its packets, and goes the other way.
    pub(super) fn error(&mut self, frame: &Frame<'_>, error: &IcmpError, flow: &Flow) -> (Direction, IcmpFacts) {
        let quoted = self.direction(flow);
        let moment = self.moment(frame, !quoted);
        let quotes_frame = match &mut self.kind {
            Kind::Tcp(tcp) => tcp.connection.take_error(&moment, error),
            Kind::Udp(exchange) => exchange.take_error(frame.number, quoted, error),
            Kind::Retired => None,
        };
        let had_sent = matches!(&self.kind, Kind::Udp(exchange) if exchange.had_sent(!quoted));
        (!quoted, IcmpFacts { error: *error, quotes_frame, had_sent })
    }

    fn moment(&mut self, frame: &Frame<'_>, direction: Direction) -> PacketRef {
        self.start = self.start.or(frame.time);
        self.at = frame.time.zip(self.start).map(|(now, start)| now.since(start)).into();
        PacketRef { frame: frame.number, at: self.at, direction }
    }

    /// Counts the packet that was taken, with `len` bytes of payload, as a step. Returns the time since the last one.
    #[inline]
    pub(super) fn count(&mut self, frame: &Frame<'_>, direction: Direction, len: u32) -> Option<Nanos> {
        self.steps += 1;
        self.last_frame = frame.number;
        *self.packets.get_mut(direction) += 1;
        *self.bytes.get_mut(direction) += u64::from(frame.wire_len);
        *self.payload.get_mut(direction) += u64::from(len);
        let since_previous = self.at.since(self.last_at);
        if self.at != OptTime::UNKNOWN {
            self.last_at = self.at;
        }
        since_previous
    }

    /// The event of the packet that was followed last; `facts` are those of a segment.
    #[inline(always)]
    pub(super) fn event<'a>(
        &self,
        followed: &'a Tracked,
        frame: &Frame<'a>,
        packet: &Packet<'a>,
        facts: &'a TcpFacts,
    ) -> Event<'a> {
        let (source, destination) = match &packet.headers.transport {
            Transport::Segment(tcp) => (tcp.source, tcp.destination),
            Transport::Datagram(udp) => (udp.source, udp.destination),
            Transport::IcmpError(error) => (
                Endpoint::new(error.source, error.quoted.destination.port),
                Endpoint::new(error.destination, error.quoted.source.port),
            ),
        };
        Event {
            frame: frame.number,
            time: frame.time,
            wire_len: frame.wire_len,
            stream: self.stream,
            number: self.steps,
            direction: followed.direction,
            source,
            destination,
            since_start: self.at.get(),
            since_previous: followed.since_previous,
            ip: packet.headers.ip,
            body: match &followed.kind {
                TrackedKind::Segment => Body::Tcp(MaybeOwned::Borrowed(facts)),
                TrackedKind::Datagram(facts) => Body::Udp(MaybeOwned::Borrowed(facts)),
                TrackedKind::Error(facts) => Body::Icmp(MaybeOwned::Borrowed(facts)),
            },
            header: Cow::Borrowed(packet.header),
            payload: Cow::Borrowed(packet.payload),
        }
    }
}
