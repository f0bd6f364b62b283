//! One conversation while it lasts.

use std::borrow::Cow;

use super::event::{Body, Event, IcmpFacts, TcpFacts, Tracked, TrackedKind, UdpFacts};
use super::hosts::Hosts;
use super::kind::Kind;
use super::maybe_owned::MaybeOwned;
use super::packet_ref::PacketRef;
use super::stream::{RolesFrom, StreamId};
use super::tcp::previous::PreviousConnection;
use super::tcp::rules::reset::{MP_FASTCLOSE, OtherConversations, TLS_ALERT, is_alert};
use crate::echo::MemoryBudget;
use crate::model::{
    ClosingCalls, Datagram, Direction, Endpoint, Flow, FlowKey, Frame, IcmpError, Nanos, OptTime, Packet, PerDirection,
    Segment, TcpFlags, Timestamp, Transport, Unknown,
};

/// A conversation.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) stream: StreamId,
    pub(super) client: Endpoint,
    pub(super) server: Endpoint,
    pub(super) roles_from: RolesFrom,
    /// `true` if the client's packets go upward, as defined by [`Flow`].
    client_upward: bool,
    pub(super) first_frame: u64,
    pub(super) last_frame: u64,
    pub(super) start: Option<Timestamp>,
    /// The times of the last step and of the current one, since the start of the conversation.
    pub(super) last_at: OptTime,
    at: OptTime,
    steps: u64,
    /// Segments with RST.
    pub(super) resets: u32,
    /// The longest time between two steps.
    pub(super) longest_stall: Nanos,
    /// The fields of its packets that the source does not show.
    pub(super) unknown: Unknown,
    pub(super) packets: PerDirection<u64>,
    pub(super) bytes: PerDirection<u64>,
    pub(super) payload: PerDirection<u64>,
    pub(super) kind: Kind,
}

/// The state beside its own conversation that a segment is followed with.
pub(super) struct SegmentContext<'t> {
    pub(super) budget: &'t MemoryBudget,
    pub(super) hosts: &'t Hosts,
    pub(super) closing: &'t ClosingCalls,
    /// Its step may be shown: then its cause is wanted though no rule applies to it.
    pub(super) is_shown: bool,
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
            resets: 0,
            longest_stall: Nanos(0),
            unknown: Unknown::default(),
            packets: PerDirection::default(),
            bytes: PerDirection::default(),
            payload: PerDirection::default(),
            kind,
        }
    }

    /// Reads a part of every cache line of it, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(super) fn read_ahead(&self) -> u64 {
        let own = self.first_frame ^ self.packets.client_to_server ^ u64::from(self.client.port);
        match &self.kind {
            Kind::Tcp(tcp) => own ^ tcp.connection.read_ahead() ^ tcp.echo_matcher.read_ahead(),
            Kind::Udp(exchange) => own ^ exchange.read_ahead(),
        }
    }

    /// From its first frame to its last.
    pub(super) fn duration(&self) -> Option<Nanos> {
        self.last_at.get().map(|last| last.max(Nanos(0)))
    }

    /// The key under which the index finds the conversation.
    pub(super) fn key(&self) -> FlowKey {
        Flow::new(self.stream.protocol, self.client, self.server).key
    }

    /// Returns the direction of a packet of this flow.
    #[inline]
    pub(super) fn direction(&self, flow: &Flow) -> Direction {
        if flow.upward == self.client_upward { Direction::ClientToServer } else { Direction::ServerToClient }
    }

    /// Returns `true` if a SYN shows that the ports are used again.
    pub(super) fn is_another(&self, direction: Direction, segment: &Segment) -> bool {
        match &self.kind {
            Kind::Tcp(tcp) => tcp.connection.is_another(direction, segment),
            Kind::Udp(_) => false,
        }
    }

    /// Describes the connection whose ports a SYN of another connection uses.
    pub(super) fn previous(&mut self, frame: &Frame<'_>, sender: Direction) -> Option<Box<PreviousConnection>> {
        let Kind::Tcp(tcp) = &mut self.kind else { return None };
        let at: OptTime = frame.time.zip(self.start).map(|(now, start)| now.since(start)).into();
        let since = at.since(self.last_at);
        let last = (self.last_frame, since);
        Some(Box::new(tcp.connection.previous(self.stream.number, last, frame.number, sender)))
    }

    /// Returns `true` if only late packets can follow.
    pub(super) fn has_ended(&self) -> bool {
        match &self.kind {
            Kind::Tcp(tcp) => tcp.connection.has_ended(),
            Kind::Udp(_) => false,
        }
    }

    /// Takes one segment and leaves its facts in `facts`. Returns whether these show nothing that a finding could be made
    /// of; `false` where that has to be asked of them.
    #[inline]
    pub(super) fn follow_segment(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        segment: &Segment,
        direction: Direction,
        facts: &mut TcpFacts,
        context: &SegmentContext<'_>,
    ) -> bool {
        let packet_ref = self.packet_ref(frame, direction);
        let Kind::Tcp(tcp) = &mut self.kind else { return false };
        let last = (self.last_frame, self.last_at);
        let predicted =
            tcp.connection.take_predicted(&packet_ref, segment, &packet.headers.ip, facts, context.is_shown);
        if !predicted {
            let SegmentContext { hosts, closing, .. } = *context;
            let others = OtherConversations { hosts, echo: &tcp.echo_matcher, closing, time: frame.time };
            tcp.connection.follow(&packet_ref, segment, &packet.headers.ip, &others, facts);
        }
        if segment.flags.contains(TcpFlags::SYN) {
            tcp.echo_matcher.begin(direction);
        }
        let reset = segment.flags.contains(TcpFlags::RST);
        self.resets = self.resets.saturating_add(u32::from(reset));
        let data = segment.len > 0 && !reset;
        if data && tcp.connection.reached(direction, segment) {
            let late = facts.retransmission.is_some_and(|again| again.is_captured_late());
            facts.echo = tcp.compare(frame.number, direction, segment, packet.payload, (late, context.budget));
        }
        if segment.options.mptcp.is_some_and(|option| option.subtype == MP_FASTCLOSE) && !reset {
            tcp.connection.see_fast_close(&packet_ref);
        }
        if data && packet.payload.first() == Some(&TLS_ALERT) && is_alert(packet.payload) {
            tcp.connection.see_alert(&packet_ref);
        }
        let is_accepted = facts.unacceptable.is_none() && facts.retransmission.is_none();
        if data && is_accepted && facts.probe.is_none() {
            tcp.connection.time_answer(&packet_ref, segment, last, facts);
            if let Some(time) = facts.response_time.filter(|time| direction == Direction::ServerToClient && time.0 >= 0)
            {
                tcp.connection.response_times.add(time);
            }
        }
        if self.steps == 0 && tcp.connection.previous.is_some() {
            facts.analysis.insert(super::AnalysisFlag::ReusedPorts);
            tcp.connection.count(super::AnalysisFlag::ReusedPorts);
        }
        predicted && facts.observations.slow_answer.is_none() && facts.observations.delayed_ack.is_none()
    }

    /// Takes one datagram.
    pub(super) fn datagram(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        datagram: &Datagram,
        direction: Direction,
    ) -> Option<UdpFacts> {
        let packet_ref = self.packet_ref(frame, direction);
        let Kind::Udp(exchange) = &mut self.kind else { return None };
        Some(exchange.follow(&packet_ref, datagram, packet.payload, &packet.headers.ip))
    }

    /// Takes a packet that the capture holds twice; `None` where it has to be taken like any other.
    pub(super) fn copy(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        copy_of: u64,
        facts: &mut TcpFacts,
    ) -> Option<(Direction, TrackedKind)> {
        let direction = self.direction(&packet.headers.flow);
        let packet_ref = self.packet_ref(frame, direction);
        match (&packet.headers.transport, &mut self.kind) {
            (Transport::Segment(segment), Kind::Tcp(tcp)) => {
                tcp.connection.follow_copy(&packet_ref, segment, copy_of, facts);
                Some((direction, TrackedKind::Segment))
            }
            (Transport::Datagram(datagram), Kind::Udp(exchange)) => {
                Some((direction, TrackedKind::Datagram(exchange.follow_copy(datagram, copy_of))))
            }
            _ => None,
        }
    }

    /// Takes an ICMP error that quotes one of its packets, which `quoted` had sent, and goes the other way. `rewritten`: the
    /// quotation names other ports or addresses.
    pub(super) fn error(
        &mut self,
        frame: &Frame<'_>,
        error: &IcmpError,
        quoted: Direction,
        rewritten: bool,
    ) -> (Direction, IcmpFacts) {
        let packet_ref = self.packet_ref(frame, !quoted);
        let quotes_frame = match &mut self.kind {
            Kind::Tcp(tcp) => tcp.connection.take_error(&packet_ref, error),
            Kind::Udp(exchange) => exchange.take_error(frame.number, quoted, error),
        };
        let (had_sent, asked) = match &self.kind {
            Kind::Udp(exchange) => {
                let asked = exchange.request_elsewhere().filter(|_| quoted == Direction::ServerToClient);
                (exchange.had_sent(!quoted), asked)
            }
            Kind::Tcp(_) => (false, None),
        };
        (!quoted, IcmpFacts { error: *error, quotes_frame, had_sent, sent_elsewhere: None, asked, rewritten })
    }

    /// Returns the side that sent the packet quoted by an ICMP error, where a NAT changed its ports or addresses;
    /// `None` if the quoted packet cannot be shown to belong to this conversation.
    pub(super) fn rewritten(&mut self, error: &IcmpError) -> Option<Direction> {
        if error.quoted.protocol != self.stream.protocol {
            return None;
        }
        let (source, destination) = (error.quoted.source, error.quoted.destination);
        let fits = |sender: Endpoint, receiver: Endpoint| {
            // the sender's side is changed, or the receiver's
            receiver == destination && sender.address == error.destination
                || sender == source && (receiver.address == destination.address || receiver.address == error.source)
        };
        let sender = match () {
            () if fits(self.client, self.server) => Direction::ClientToServer,
            () if fits(self.server, self.client) => Direction::ServerToClient,
            () => return None,
        };
        let sent = match &mut self.kind {
            Kind::Tcp(tcp) => tcp.connection.has_sent(sender, &error.quoted),
            Kind::Udp(exchange) => exchange.has_sent(sender, &error.quoted),
        };
        sent.then_some(sender)
    }

    #[inline]
    fn packet_ref(&mut self, frame: &Frame<'_>, direction: Direction) -> PacketRef {
        self.at = match (frame.time, self.start) {
            (Some(now), Some(start)) => OptTime::from(Some(now.since(start))),
            (Some(now), None) => {
                self.start = Some(now);
                OptTime::from(Some(Nanos(0)))
            }
            (None, _) => OptTime::UNKNOWN,
        };
        self.unknown = self.unknown.and(frame.unknown);
        PacketRef { frame: frame.number, at: self.at, direction, unknown: frame.unknown }
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
        if let Some(silent) = since_previous {
            self.longest_stall = self.longest_stall.max(silent);
        }
        if self.at != OptTime::UNKNOWN {
            self.last_at = self.at;
        }
        since_previous
    }

    /// Returns `true` if a datagram in this direction is the server's first.
    pub(super) fn server_begins(&self, direction: Direction) -> bool {
        direction == Direction::ServerToClient
            && matches!(&self.kind, Kind::Udp(exchange) if !exchange.had_sent(direction))
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
            unknown: frame.unknown,
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
