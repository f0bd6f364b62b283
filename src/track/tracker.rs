//! All conversations of a capture: finds the one a packet belongs to, begins new ones, lets old ones go.

use std::collections::VecDeque;

use super::capture_point::CapturePoint;
use super::conversation::Conversation;
use super::ended::{self, Ended};
use super::event::{Event, StreamId, TcpFacts, Tracked, TrackedKind};
use super::index::{Index, Place};
use super::kind::{Kind, TcpKind};
use super::roles;
use super::slots::Slots;
use super::tcp::former::Former;
use super::totals::{ConversationSize, ConversationTotals};
use crate::echo::MemoryBudget;
use crate::model::{Direction, Endpoint, Flow, FlowKey, Frame, IcmpError, Packet, Protocol, Segment, Skip, Transport};

/// How many cleared states are kept for the next conversations.
const SPARE: usize = 1_024;

/// The table of conversations.
#[derive(Debug, Default)]
pub struct Tracker {
    index: Index,
    slots: Slots,
    ended: Ended,
    /// The conversation that has ended with the packet at hand.
    ending: Option<u32>,
    #[allow(clippy::vec_box, reason = "the boxes move in and out of conversations, their contents never do")]
    spare: Vec<Box<TcpKind>>,
    next_tcp: u32,
    next_udp: u32,
    evicted: u64,
    evictees: VecDeque<Conversation>,
    server: Option<Endpoint>,
    capture_point: Option<CapturePoint>,
    /// Room for the few conversations with much under way.
    budget: MemoryBudget,
    /// The packet at hand.
    followed: Option<Tracked>,
    /// The facts of the segment at hand, lent out with its event.
    facts: TcpFacts,
}

/// The packet that was followed last: what its event is made of, where it is wanted.
pub struct Last<'t> {
    conversation: &'t Conversation,
    followed: &'t Tracked,
    facts: &'t TcpFacts,
}

impl<'t> Last<'t> {
    /// What the packet did in its conversation.
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

    /// Puts one packet in its place.
    ///
    /// # Errors
    /// The reason why it is no step: an ICMP error about no known conversation.
    #[inline(always)]
    pub fn follow(&mut self, frame: &Frame<'_>, packet: &Packet<'_>) -> Result<(), Skip> {
        self.settle();
        match &packet.headers.transport {
            Transport::Segment(segment) => self.segment(frame, packet, segment),
            Transport::Datagram(datagram) => {
                let index = self.find_or_begin(frame, packet);
                let slot = self.slots.get_mut(index).ok_or(Skip::Malformed)?;
                slot.touched = true;
                let direction = slot.conversation.direction(&packet.headers.flow);
                let facts = slot.conversation.datagram(frame, packet, datagram, direction).ok_or(Skip::Malformed)?;
                let since_previous = slot.conversation.count(frame, direction, datagram.len);
                let kind = TrackedKind::Datagram(facts);
                self.followed = Some(Tracked { slot: index, direction, since_previous, kind });
                Ok(())
            }
            Transport::IcmpError(error) => self.error(frame, error, &packet.headers.flow),
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

    /// The next conversation that was let go: ended long enough ago, or evicted. Those that are not `wanted` go
    /// without a word: to sum one up costs as much as several packets.
    #[inline]
    pub fn released(&mut self, wanted: impl FnMut(&ConversationSize) -> bool) -> Option<ConversationTotals> {
        self.settle();
        if self.ended.len() <= ended::KEPT && self.evictees.is_empty() { None } else { self.let_go(wanted) }
    }

    /// Lets the oldest ended conversations go and the evicted, up to the next one that is wanted.
    fn let_go(&mut self, mut wanted: impl FnMut(&ConversationSize) -> bool) -> Option<ConversationTotals> {
        while self.ended.len() > ended::KEPT {
            let Some((place, past)) = self.ended.oldest() else { break };
            let totals = past.conversation.as_ref().and_then(|conversation| {
                self.index.forget(&conversation.key(), Place::Ended(place));
                wanted(&conversation.extent()).then(|| conversation.tcp_totals(&mut past.tcp))
            });
            self.ended.pop();
            if totals.is_some() {
                return totals;
            }
        }
        while let Some(conversation) = self.evictees.pop_front() {
            if wanted(&conversation.extent()) {
                return Some(conversation.totals());
            }
        }
        None
    }

    /// All conversations still in the table that are `wanted`, by their first frame; the table is empty then.
    pub fn finish(
        &mut self,
        wanted: &mut dyn FnMut(&ConversationSize) -> bool,
    ) -> impl Iterator<Item = ConversationTotals> + use<> {
        self.settle();
        let rest = self.slots.drain().chain(self.ended.drain()).chain(self.evictees.drain(..));
        let mut rest: Vec<Conversation> = rest.filter(|conversation| wanted(&conversation.extent())).collect();
        rest.sort_unstable_by_key(|conversation| (conversation.first_frame, conversation.stream));
        rest.into_iter().map(Conversation::totals)
    }

    /// How many TCP and UDP conversations there were.
    pub fn counts(&self) -> (u64, u64) {
        (u64::from(self.next_tcp), u64::from(self.next_udp))
    }

    /// How many conversations were given up because too many were open.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    #[inline(always)]
    fn segment(&mut self, frame: &Frame<'_>, packet: &Packet<'_>, segment: &Segment) -> Result<(), Skip> {
        let flow = &packet.headers.flow;
        let mut index = self.find_or_begin(frame, packet);
        let slot = self.slots.get_mut(index).ok_or(Skip::Malformed)?;
        let mut direction = slot.conversation.direction(flow);
        if slot.conversation.is_another(direction, segment) {
            let former = slot.conversation.former(frame, direction);
            self.end(index);
            index = self.begin(frame, packet, former);
            direction = self.slots.get_mut(index).ok_or(Skip::Malformed)?.conversation.direction(flow);
        }
        let slot = self.slots.get_mut(index).ok_or(Skip::Malformed)?;
        slot.touched = true;
        slot.conversation.follow_segment(frame, packet, segment, direction, &mut self.facts, &self.budget);
        if slot.conversation.has_ended() {
            self.ending = Some(index);
        }
        let since_previous = slot.conversation.count(frame, direction, segment.len);
        self.followed = Some(Tracked { slot: index, direction, since_previous, kind: TrackedKind::Segment });
        Ok(())
    }

    fn error(&mut self, frame: &Frame<'_>, error: &IcmpError, flow: &Flow) -> Result<(), Skip> {
        let index = self.open(&flow.key).ok_or(Skip::IcmpUnmatched)?;
        let slot = self.slots.get_mut(index).ok_or(Skip::IcmpUnmatched)?;
        slot.touched = true;
        let (direction, facts) = slot.conversation.error(frame, error, flow);
        let since_previous = slot.conversation.count(frame, direction, 0);
        self.followed = Some(Tracked { slot: index, direction, since_previous, kind: TrackedKind::Error(facts) });
        Ok(())
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
        let (conversation, tcp) = self.ended.take(place)?;
        let index = self.slots.occupy(conversation.with(tcp));
        self.index.forget(key, Place::Ended(place));
        self.index.open(*key, index);
        Some(index)
    }

    /// Begins a conversation with its first packet.
    fn begin(&mut self, frame: &Frame<'_>, packet: &Packet<'_>, former: Option<Box<Former>>) -> u32 {
        if self.slots.is_full()
            && let Some((index, silent)) = self.slots.evict()
        {
            self.evicted += 1;
            self.let_away(index, silent);
        }
        let (_, source, destination) = packet.headers.transport.ends();
        let (direction, roles_from) = roles::decide(source, destination, packet, self.server);
        let ends = match direction {
            Direction::ClientToServer => (source, destination),
            Direction::ServerToClient => (destination, source),
        };
        let (protocol, number, kind) = match packet.headers.transport {
            Transport::Segment(_) => {
                let mut tcp = self.spare.pop().unwrap_or_default();
                tcp.connection.former = former;
                (Protocol::Tcp, &mut self.next_tcp, Kind::Tcp(tcp))
            }
            _ => (Protocol::Udp, &mut self.next_udp, Kind::Udp(Box::default())),
        };
        let stream = StreamId { protocol, number: *number };
        *number = number.saturating_add(1);
        let conversation =
            Conversation::new(stream, ends, roles_from, frame, kind.captured_at(self.capture_point, ends));
        let index = self.slots.occupy(conversation);
        self.index.open(packet.headers.flow.key, index);
        index
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
        let key = conversation.key();
        match std::mem::replace(&mut conversation.kind, Kind::Retired) {
            Kind::Tcp(mut tcp) => {
                let Some(place) = self.ended.push(conversation, &mut tcp) else { return };
                self.index.end(key, index, place);
                if self.spare.len() < SPARE {
                    self.spare.push(tcp);
                }
            }
            kind => {
                conversation.kind = kind;
                self.let_away(index, conversation);
            }
        }
    }

    /// Lets a conversation go that was in this slot, when it is asked for.
    fn let_away(&mut self, index: u32, conversation: Conversation) {
        self.index.forget(&conversation.key(), Place::Open(index));
        self.evictees.push_back(conversation);
    }
}
