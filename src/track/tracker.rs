//! All conversations of a capture: finds the one a packet belongs to, begins new ones, lets old ones go.

use std::collections::VecDeque;

use smallvec::SmallVec;

use super::capture_point::CapturePoint;
use super::conversation::{Conversation, SegmentContext};
use super::ended::{self, Ended};
use super::event::{Event, TcpFacts, Tracked, TrackedKind};
use super::facts::{SegmentRole, UdpPlace};
use super::hosts::{HostFact, Hosts};
use super::index::{Index, Place};
use super::kind::{Kind, TcpKind};
use super::mirror::Mirror;
use super::overview::CaptureOverview;
use super::roles;
use super::slots::Slots;
use super::stream::{RolesFrom, StreamId};
use super::surges::{Opening, Surges};
use super::tcp::prediction::Prediction;
use super::tcp::previous::PreviousConnection;
use super::tcp::rules::reset::family::Ends;
use super::totals::ConversationTotals;
use super::udp_clients::{ANSWERED_WITHIN, AnswersFrom, LinkedConversation, UdpClients};
use crate::echo::MemoryBudget;
use crate::model::{
    Checksum, ClosingCalls, Datagram, Direction, Endpoint, Flow, FlowKey, Frame, IcmpError, Packet, Protocol, Segment,
    Skip, TcpFlags, Transport,
};

/// The number of cleared states kept for the next conversations.
const SPARE: usize = 1_024;

/// The number of open conversations from which the state of the next one is seldom in a processor's second-level cache.
const SCATTERED: usize = 256;

/// Most conversations looked at for an ICMP error that quotes none by its ports: there may be many such errors.
const LOOKED_AT: usize = 256;

/// Flags of segments that show whether a port listens.
const OPENS_OR_REFUSES: TcpFlags = TcpFlags::SYN.union(TcpFlags::RST);

/// The table of conversations.
#[derive(Debug, Default)]
pub struct Tracker {
    index: Index,
    slots: Slots,
    ended: Ended,
    /// The conversation that ended with the current packet.
    ending: Option<u32>,
    /// Cleared states; those at the back have memory of a conversation that has ended.
    spare: VecDeque<Box<TcpKind>>,
    next_tcp: u32,
    next_udp: u32,
    evicted: u64,
    evictees: VecDeque<Box<Conversation>>,
    server: Option<Endpoint>,
    capture_point: Option<CapturePoint>,
    /// Predictions are switched off.
    without_prediction: bool,
    /// No step is shown any more.
    without_steps: bool,
    /// Room for the few conversations with much in flight.
    budget: MemoryBudget,
    /// The current packet.
    followed: Option<Tracked>,
    /// The facts of the current segment, lent out with its event.
    facts: TcpFacts,
    /// The current segment certainly shows nothing that a finding could be made of.
    plain: bool,
    /// The facts about each address and port, from all conversations.
    hosts: Hosts,
    /// The UDP ports that have answered.
    udp_hosts: Hosts,
    /// Packets that the capture holds twice.
    mirror: Mirror,
    /// Connections that come to nothing.
    surges: Surges,
    /// UDP requests that may be answered in another conversation.
    udp_clients: UdpClients,
    /// Traced calls that became RSTs.
    closing: ClosingCalls,
}

/// The packet that was followed last: what its event is made of, where it is wanted.
pub struct Last<'t> {
    conversation: &'t Conversation,
    followed: &'t Tracked,
    facts: &'t TcpFacts,
}

impl<'t> Last<'t> {
    /// Returns the event that the packet is in its conversation.
    #[inline(always)]
    pub fn event<'a>(&self, frame: &Frame<'a>, packet: &Packet<'a>) -> Event<'a>
    where
        't: 'a,
    {
        self.conversation.event(self.followed, frame, packet, self.facts)
    }
}

impl Tracker {
    /// An empty table; `server` is the server of a session that echolab drives itself.
    pub fn new(server: Option<Endpoint>) -> Self {
        Self { server, ..Self::default() }
    }

    /// The same for a capture that is known to be made here.
    #[must_use]
    pub fn captured_at(self, capture_point: Option<CapturePoint>) -> Self {
        Self { capture_point, ..self }
    }

    /// The same, where every segment is to go through all rules, also one that is predicted.
    #[must_use]
    pub fn without_prediction(self, without_prediction: bool) -> Self {
        Self { without_prediction, ..self }
    }

    /// The same where traced calls are known to have become RSTs.
    #[must_use]
    pub fn with_closing_calls(self, closing: ClosingCalls) -> Self {
        Self { closing, ..self }
    }

    /// No step is shown from now on, only counted with its findings: what only its text needs is left out.
    pub fn hide_steps(&mut self) {
        self.without_steps = true;
    }

    /// Reads the state of the conversations whose packets come next, so that it is in the processor's cache when these
    /// packets are tracked. With many conversations most of the time would be spent waiting for memory, one cache line
    /// after the other; independent reads are waited for together.
    #[inline]
    pub fn expect(&self, keys: impl Iterator<Item = FlowKey>) {
        if self.slots.len() < SCATTERED {
            return;
        }
        let mut expected = SmallVec::<[&Conversation; 16]>::new();
        for key in keys {
            let slot = self.index.find_open(&key).and_then(|slot| self.slots.get(slot));
            expected.extend(slot.map(|slot| &*slot.conversation));
        }
        let first = expected.iter().fold(0, |read, conversation| read ^ conversation.first_frame);
        std::hint::black_box(expected.iter().fold(first, |read, conversation| read ^ conversation.read_ahead()));
    }

    /// Puts one packet in its place.
    ///
    /// # Errors
    /// The reason why it is no step: an ICMP error about no known conversation.
    #[inline(always)]
    pub fn follow(&mut self, frame: &Frame<'_>, packet: &Packet<'_>) -> Result<(), Skip> {
        self.settle();
        if let Some(copy_of) = self.mirror.see(frame, packet)
            && self.copy(frame, packet, copy_of)
        {
            return Ok(());
        }
        match &packet.headers.transport {
            Transport::Segment(segment) => self.segment(frame, packet, segment),
            Transport::Datagram(datagram) => {
                let index = self.find_or_begin(frame, packet);
                let slot = self.slots.get_mut(index).ok_or(Skip::Malformed)?;
                slot.touched = true;
                let direction = slot.conversation.direction(&packet.headers.flow);
                let begins = slot.conversation.server_begins(direction);
                let mut facts =
                    slot.conversation.datagram(frame, packet, datagram, direction).ok_or(Skip::Malformed)?;
                let since_previous = slot.conversation.count(frame, direction, datagram.len);
                if facts.place == UdpPlace::Unasked {
                    facts.place = self.answers_elsewhere(index, frame, datagram).unwrap_or(facts.place);
                }
                if begins && datagram.checksum != Checksum::Invalid {
                    self.udp_hosts.note(datagram.source, HostFact::Accepts, frame.number, frame.time);
                }
                let kind = TrackedKind::Datagram(facts);
                self.followed = Some(Tracked { slot: index, direction, since_previous, kind });
                Ok(())
            }
            Transport::IcmpError(error) => self.error(frame, error, &packet.headers.flow),
        }
    }

    /// Returns `true` if the last tracked packet shows nothing that a finding could be made of: then its event need not
    /// be made for that.
    #[inline]
    pub fn is_ordinary(&self, packet: &Packet<'_>) -> bool {
        let ip = &packet.headers.ip;
        match (&packet.headers.transport, &self.followed) {
            (Transport::Segment(segment), _) => {
                self.plain || self.facts.is_ordinary(ip, (segment.flags, segment.checksum, &segment.options))
            }
            (_, Some(Tracked { kind: TrackedKind::Datagram(facts), .. })) => facts.is_ordinary(ip),
            _ => false,
        }
    }

    /// The packet that was followed last, in its conversation.
    #[inline]
    pub fn last(&mut self, packet: &Packet<'_>) -> Option<Last<'_>> {
        if let Transport::Segment(segment) = &packet.headers.transport {
            self.facts.say(segment);
        }
        let followed = self.followed.as_ref()?;
        let conversation = &self.slots.get(followed.slot)?.conversation;
        Some(Last { conversation, followed, facts: &self.facts })
    }

    /// The next conversation that was let go: ended long enough ago, or evicted. Where they are not
    /// `wanted` they are dropped without a summary: to sum one up costs as much as several packets.
    #[inline]
    pub fn released(&mut self, wanted: bool) -> Option<Box<ConversationTotals>> {
        self.settle();
        if self.ended.len() <= ended::KEPT && self.evictees.is_empty() { None } else { self.release_oldest(wanted) }
    }

    /// Lets the oldest ended conversations go and the evicted, up to the next one that is wanted.
    fn release_oldest(&mut self, wanted: bool) -> Option<Box<ConversationTotals>> {
        while self.ended.len() > ended::KEPT {
            let Some((place, mut conversation)) = self.ended.pop() else { break };
            self.index.forget(&conversation.key(), Place::Ended(place));
            std::hint::black_box(conversation.read_ahead());
            let totals = wanted.then(|| Box::new(conversation.totals()));
            if let Kind::Tcp(mut tcp) = conversation.kind
                && self.spare.len() < SPARE
            {
                tcp.clear();
                self.spare.push_front(tcp);
            }
            if let Some(totals) = totals {
                return Some(in_surge(&self.surges, totals));
            }
        }
        while let Some(mut conversation) = self.evictees.pop_front() {
            if wanted {
                return Some(in_surge(&self.surges, Box::new(conversation.totals())));
            }
        }
        None
    }

    /// All conversations still in the table, where they are `wanted`, by their first frame; the table is empty then.
    pub fn finish(&mut self, wanted: bool) -> impl Iterator<Item = Box<ConversationTotals>> + use<> {
        self.settle();
        let rest = self.slots.drain().chain(self.ended.drain()).chain(self.evictees.drain(..));
        let mut rest: Vec<Box<Conversation>> = rest.filter(|_| wanted).collect();
        rest.sort_unstable_by_key(|conversation| (conversation.first_frame, conversation.stream));
        let surges = std::mem::take(&mut self.surges);
        rest.into_iter().map(move |mut conversation| in_surge(&surges, Box::new(conversation.totals())))
    }

    /// The number of TCP and of UDP conversations.
    pub fn counts(&self) -> (u64, u64) {
        (u64::from(self.next_tcp), u64::from(self.next_udp))
    }

    /// The number of conversations that were given up because too many were open.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The facts that only the capture as a whole shows, so far.
    pub fn overview(&self) -> CaptureOverview {
        CaptureOverview { mirror: self.mirror.summary(), surges: self.surges.all() }
    }

    /// Takes a packet that the capture holds twice as a step that changes nothing. Returns whether its conversation is
    /// still there.
    #[cold]
    fn copy(&mut self, frame: &Frame<'_>, packet: &Packet<'_>, copy_of: u64) -> bool {
        self.plain = false;
        let Some(index) = self.open(&packet.headers.flow.key) else { return false };
        let Some(slot) = self.slots.get_mut(index) else { return false };
        let Some((direction, kind)) = slot.conversation.copy(frame, packet, copy_of, &mut self.facts) else {
            return false;
        };
        slot.touched = true;
        if slot.conversation.has_ended() {
            self.ending = Some(index);
        }
        let len = match &packet.headers.transport {
            Transport::Segment(segment) => segment.len,
            Transport::Datagram(datagram) => datagram.len,
            Transport::IcmpError(_) => 0,
        };
        let since_previous = slot.conversation.count(frame, direction, len);
        self.followed = Some(Tracked { slot: index, direction, since_previous, kind });
        true
    }

    #[inline(always)]
    fn segment(&mut self, frame: &Frame<'_>, packet: &Packet<'_>, segment: &Segment) -> Result<(), Skip> {
        let flow = &packet.headers.flow;
        let mut index = self.find_or_begin(frame, packet);
        if segment.flags.is_syn_only()
            && let Some(previous) = self.previous(frame, segment, (index, flow))
        {
            self.end(index);
            index = self.begin(frame, packet, Some(previous));
        }
        let slot = self.slots.get_mut(index).ok_or(Skip::Malformed)?;
        let direction = slot.conversation.direction(flow);
        slot.touched = true;
        self.plain = slot.conversation.follow_segment(
            frame,
            packet,
            segment,
            direction,
            &mut self.facts,
            &SegmentContext {
                budget: &self.budget,
                hosts: &self.hosts,
                closing: &self.closing,
                is_shown: !self.without_steps,
            },
        );
        if slot.conversation.has_ended() {
            self.ending = Some(index);
        }
        let since_previous = slot.conversation.count(frame, direction, segment.len);
        self.followed = Some(Tracked { slot: index, direction, since_previous, kind: TrackedKind::Segment });
        if self.facts.role == SegmentRole::HandshakeAck && self.facts.retransmission.is_none() {
            self.count_opened(index);
        }
        if segment.flags.intersects(OPENS_OR_REFUSES) && segment.checksum != Checksum::Invalid {
            self.note_host(frame, segment);
        }
        Ok(())
    }

    /// Describes the connection in this slot, if a SYN shows that another one uses its ports.
    #[cold]
    fn previous(
        &mut self,
        frame: &Frame<'_>,
        syn: &Segment,
        (index, flow): (u32, &Flow),
    ) -> Option<Box<PreviousConnection>> {
        let conversation = &mut self.slots.get_mut(index)?.conversation;
        let direction = conversation.direction(flow);
        if conversation.is_another(direction, syn) { conversation.previous(frame, direction) } else { None }
    }

    /// Notes what a SYN, SYN-ACK or RST shows of its sender's port.
    #[cold]
    fn note_host(&mut self, frame: &Frame<'_>, segment: &Segment) {
        let (syn, ack) = (segment.flags.contains(TcpFlags::SYN), segment.flags.contains(TcpFlags::ACK));
        let fact = match self.facts.reset {
            Some(reset) if reset.rule.effect.ends == Ends::Attempt => HostFact::Refuses,
            None if syn && ack => HostFact::Accepts,
            None if syn => HostFact::Connects,
            _ => return,
        };
        self.hosts.note(segment.source, fact, frame.number, frame.time);
        if fact == HostFact::Refuses {
            self.surges.count((segment.destination, segment.source), true);
        }
        if fact == HostFact::Connects {
            self.hosts.note(segment.destination, HostFact::IsAsked, frame.number, frame.time);
        }
    }

    /// Notes that a connection has completed its handshake.
    #[cold]
    fn count_opened(&mut self, index: u32) {
        if let Some(slot) = self.slots.get(index) {
            self.surges.count((slot.conversation.client, slot.conversation.server), false);
        }
    }

    fn error(&mut self, frame: &Frame<'_>, error: &IcmpError, flow: &Flow) -> Result<(), Skip> {
        let known = self.open(&flow.key);
        let (index, changed) = match known {
            Some(index) => (index, None),
            None => self.rewritten(error).map(|(index, sender)| (index, Some(sender))).ok_or(Skip::IcmpUnmatched)?,
        };
        let slot = self.slots.get_mut(index).ok_or(Skip::IcmpUnmatched)?;
        slot.touched = true;
        let quoted = changed.unwrap_or_else(|| slot.conversation.direction(flow));
        let (direction, mut facts) = slot.conversation.error(frame, error, quoted, changed.is_some());
        if error.quoted.protocol == Protocol::Udp {
            let sent = self.udp_hosts.of(error.quoted.destination).accepts;
            facts.sent_elsewhere = sent.map(|sent| sent.frame.get());
        }
        let since_previous = slot.conversation.count(frame, direction, 0);
        self.followed = Some(Tracked { slot: index, direction, since_previous, kind: TrackedKind::Error(facts) });
        Ok(())
    }

    /// The conversation whose packet an ICMP error quotes with ports or addresses that a NAT changed, and who sent it.
    #[cold]
    fn rewritten(&mut self, error: &IcmpError) -> Option<(u32, Direction)> {
        let mut fitting =
            self.slots.newest(LOOKED_AT).filter_map(|(index, slot)| Some((index, slot.conversation.rewritten(error)?)));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }

    /// The slot of the conversation with this key; a late packet brings it back from among the ended.
    #[inline]
    fn open(&mut self, key: &FlowKey) -> Option<u32> {
        match self.index.find(key)? {
            Place::Open(index) => Some(index),
            Place::Ended(place) => self.reopen(key, place),
        }
    }

    #[inline]
    fn find_or_begin(&mut self, frame: &Frame<'_>, packet: &Packet<'_>) -> u32 {
        self.open(&packet.headers.flow.key).unwrap_or_else(|| self.begin(frame, packet, None))
    }

    #[cold]
    fn reopen(&mut self, key: &FlowKey, place: u32) -> Option<u32> {
        let index = self.slots.occupy(self.ended.take(place)?);
        self.index.forget(key, Place::Ended(place));
        self.index.open(*key, index);
        Some(index)
    }

    /// Begins a conversation with its first packet.
    fn begin(&mut self, frame: &Frame<'_>, packet: &Packet<'_>, previous: Option<Box<PreviousConnection>>) -> u32 {
        if self.slots.is_full()
            && let Some((index, silent)) = self.slots.evict()
        {
            self.evicted += 1;
            self.release(index, silent);
        }
        let (_, source, destination) = packet.headers.transport.ends();
        let asked = matches!(packet.headers.transport, Transport::Datagram(_))
            .then(|| self.asked_elsewhere(source, destination, frame, false))
            .flatten();
        let (direction, roles_from) = match asked {
            Some(_) => (Direction::ServerToClient, RolesFrom::FirstFrame),
            None => roles::decide(source, destination, packet, self.server, &self.hosts),
        };
        let ends = match direction {
            Direction::ClientToServer => (source, destination),
            Direction::ServerToClient => (destination, source),
        };
        if let Some(opening) = opening(packet) {
            self.surges.begin(opening, ends, (frame.number, frame.time));
        }
        let (protocol, number, kind) = match packet.headers.transport {
            Transport::Segment(_) => {
                let mut tcp = self.spare.pop_back().unwrap_or_default();
                tcp.connection.prediction = Prediction::new(self.without_prediction, previous.is_some());
                tcp.connection.previous = previous;
                (Protocol::Tcp, &mut self.next_tcp, Kind::Tcp(tcp))
            }
            _ => (Protocol::Udp, &mut self.next_udp, Kind::Udp(Box::default())),
        };
        let stream = StreamId { protocol, number: *number };
        *number = number.saturating_add(1);
        let conversation =
            Conversation::new(stream, ends, roles_from, frame, kind.captured_at(self.capture_point, ends));
        let index = self.slots.occupy(Box::new(conversation));
        self.index.open(packet.headers.flow.key, index);
        if let Some((slot, request)) = asked {
            self.link(
                (slot, request),
                (index, LinkedConversation { frame: frame.number, server: ends.1, stream, ..request }),
            );
        }
        if protocol == Protocol::Udp && direction == Direction::ClientToServer {
            self.udp_clients.note(ends.0, index, stream.number);
        }
        index
    }

    /// The request that a datagram answers, which begins another conversation, and the request's slot: the sender is asked
    /// there at another address or port, and has not answered. `unlinked`: nor has an answer from elsewhere been found.
    fn asked_elsewhere(
        &self,
        sender: Endpoint,
        client: Endpoint,
        frame: &Frame<'_>,
        unlinked: bool,
    ) -> Option<(u32, LinkedConversation)> {
        if self.server.is_some() || sender.port == client.port {
            return None;
        }
        let mut fitting = self.udp_clients.of(client).filter_map(|(slot, number)| {
            let conversation = &self.slots.get(slot)?.conversation;
            let stream = StreamId { protocol: Protocol::Udp, number };
            let linked = matches!(&conversation.kind, Kind::Udp(exchange) if exchange.reply_elsewhere().is_some());
            let waits = conversation.stream == stream && conversation.packets.server_to_client == 0;
            let waits = waits && !(linked && unlinked);
            let from = AnswersFrom::of(sender, conversation.server).filter(|_| waits)?;
            let now = frame.time.zip(conversation.start).map(|(now, start)| now.since(start));
            let waited = now.zip(conversation.last_at.get()).map(|(now, last)| now.minus(last));
            waited.is_none_or(|waited| waited < ANSWERED_WITHIN).then_some(())?;
            let server = conversation.server;
            let (first, last) = (conversation.first_frame, conversation.last_frame);
            Some((slot, LinkedConversation { frame: last, requests: (first, last), server, stream, from }))
        });
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }

    /// The request to a group, in another conversation, that one more answer of this host is to: the host answers each of them
    /// from its own address, so the answers to all of them are one conversation.
    #[cold]
    fn answers_elsewhere(&mut self, index: u32, frame: &Frame<'_>, datagram: &Datagram) -> Option<UdpPlace> {
        let conversation = &self.slots.get(index)?.conversation;
        let Kind::Udp(exchange) = &conversation.kind else { return None };
        exchange.request_elsewhere()?;
        let (server, stream) = (conversation.server, conversation.stream);
        let (slot, request) = self.asked_elsewhere(datagram.source, datagram.destination, frame, true)?;
        let answers = server == datagram.source && request.from == AnswersFrom::Address && request.server.is_group();
        answers.then(|| {
            let reply = LinkedConversation { frame: frame.number, server, stream, ..request };
            if let Some(slot) = self.slots.get_mut(slot)
                && let Kind::Udp(exchange) = &mut slot.conversation.kind
            {
                exchange.link(None, Some(reply));
            }
            UdpPlace::ReplyElsewhere(request)
        })
    }

    /// Notes in both conversations that one has the answer to the other's request.
    fn link(&mut self, (asked, request): (u32, LinkedConversation), (index, reply): (u32, LinkedConversation)) {
        for (slot, request, reply) in [(asked, None, Some(reply)), (index, Some(request), None)] {
            if let Some(slot) = self.slots.get_mut(slot)
                && let Kind::Udp(exchange) = &mut slot.conversation.kind
            {
                exchange.link(request, reply);
            }
        }
    }

    /// Puts the conversation that has ended with the last packet among the ended.
    #[inline]
    fn settle(&mut self) {
        if let Some(index) = self.ending.take() {
            self.end(index);
        }
    }

    /// Puts a conversation among the ended, and its memory aside for the next one.
    fn end(&mut self, index: u32) {
        let Some(mut conversation) = self.slots.take(index) else { return };
        let Kind::Tcp(tcp) = &mut conversation.kind else { return self.release(index, conversation) };
        // one that has no memory of another yet, as long as there is any
        let mut next = self.spare.pop_front().unwrap_or_default();
        tcp.retire(&mut next);
        self.spare.push_back(next);
        let key = conversation.key();
        if let Some(place) = self.ended.push(conversation) {
            self.index.end(key, index, place);
        }
    }

    /// Lets a conversation go that was in this slot, when it is asked for.
    fn release(&mut self, index: u32, conversation: Box<Conversation>) {
        self.index.forget(&conversation.key(), Place::Open(index));
        self.evictees.push_back(conversation);
    }
}

/// Classifies a connection that begins with this packet for the detection of floods and scans.
fn opening(packet: &Packet<'_>) -> Option<Opening> {
    let Transport::Segment(segment) = &packet.headers.transport else { return None };
    let answers = segment.flags.intersects(TcpFlags::SYN.union(TcpFlags::RST)) && segment.len == 0;
    match segment.flags.is_syn_only() {
        true => Some(Opening::Syn),
        false => answers.then_some(Opening::Answer),
    }
}

/// The totals of a conversation, with whether it is part of a flood or scan.
fn in_surge(surges: &Surges, mut totals: Box<ConversationTotals>) -> Box<ConversationTotals> {
    totals.in_surge = totals.failed_to_open() && surges.has(totals.client, totals.server);
    totals
}
