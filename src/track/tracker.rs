//! All conversations of a capture: finds the one a packet belongs to, begins new ones, lets old ones go.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

use super::conversation::{Conversation, Kind, TcpKind};
use super::event::{Event, StreamId, TcpFacts};
use super::key::{Key, KeyV4, KeyV6};
use super::roles;
use super::totals::ConversationTotals;
use super::udp::Exchange;
use crate::model::{Direction, Endpoint, Frame, IcmpError, Packet, Protocol, Segment, Skip, Transport};

/// An ended conversation keeps its state until this many newer ones have ended, so that late packets find it.
const ENDED_KEPT: usize = 8_192;
/// Most conversations open at once; beyond, the one that was silent longest is given up, and reported.
const OPEN_MOST: usize = 1 << 20;
/// How many cleared states are kept for the next conversations.
const SPARE: usize = 1_024;

/// A place in the table.
#[derive(Debug)]
struct Slot {
    conversation: Conversation,
    /// Whether it waits in the queue of the ended.
    ended: bool,
    /// Whether it was used since the hand of the clock came by.
    touched: bool,
}

/// The table of conversations.
#[derive(Debug, Default)]
pub struct Tracker {
    v4: HashMap<KeyV4, u32, RandomState>,
    v6: HashMap<KeyV6, u32, RandomState>,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    ended: VecDeque<u32>,
    #[allow(clippy::vec_box, reason = "the boxes move in and out of conversations, their contents never do")]
    spare_tcp: Vec<Box<TcpKind>>,
    #[allow(clippy::vec_box, reason = "as above")]
    spare_udp: Vec<Box<Exchange>>,
    next_tcp: u32,
    next_udp: u32,
    clock: usize,
    evicted: u64,
    released: VecDeque<Conversation>,
    server: Option<Endpoint>,
    /// The facts of the segment at hand, lent out with its event.
    facts: TcpFacts,
}

impl Tracker {
    /// An empty table; `server` is the server of a session that echolab drives itself.
    pub fn new(server: Option<Endpoint>) -> Self {
        Self { server, ..Self::default() }
    }

    /// Puts one packet in its place.
    ///
    /// # Errors
    /// The reason why it is no step: an ICMP error about no known conversation.
    #[inline(always)]
    pub fn follow<'a>(&'a mut self, frame: &Frame<'a>, packet: &Packet<'a>) -> Result<Event<'a>, Skip> {
        match &packet.transport {
            Transport::Segment(segment) => self.segment(frame, packet, segment),
            Transport::Datagram(datagram) => {
                let (source, destination) = (datagram.source, datagram.destination);
                let index = self.find_or_begin(frame, packet, Protocol::Udp, source, destination);
                let slot = self.slot(index).ok_or(Skip::Malformed)?;
                slot.touched = true;
                let direction = slot.conversation.direction(source, destination);
                slot.conversation.datagram(frame, packet, datagram, direction).ok_or(Skip::Malformed)
            }
            Transport::IcmpError(error) => self.error(frame, packet, error),
        }
    }

    /// The next conversation that was let go: ended long enough ago, or evicted.
    #[inline]
    pub fn released(&mut self) -> Option<ConversationTotals> {
        if self.released.is_empty() { None } else { self.let_go() }
    }

    /// Takes the totals of a released conversation, and its state for the next one.
    fn let_go(&mut self) -> Option<ConversationTotals> {
        let mut conversation = self.released.pop_front()?;
        let totals = conversation.totals();
        match conversation.kind {
            Kind::Tcp(mut tcp) if self.spare_tcp.len() < SPARE => {
                tcp.clear();
                self.spare_tcp.push(tcp);
            }
            Kind::Udp(mut udp) if self.spare_udp.len() < SPARE => {
                udp.clear();
                self.spare_udp.push(udp);
            }
            _ => {}
        }
        Some(totals)
    }

    /// All conversations still in the table, by their first frame; the table is empty then.
    pub fn finish(&mut self) -> impl Iterator<Item = ConversationTotals> {
        let mut rest: Vec<Slot> = std::mem::take(&mut self.slots).into_iter().flatten().collect();
        rest.sort_unstable_by_key(|slot| (slot.conversation.first_frame, slot.conversation.stream));
        rest.into_iter().map(|mut slot| slot.conversation.totals())
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
    fn segment<'a>(
        &'a mut self,
        frame: &Frame<'a>,
        packet: &Packet<'a>,
        segment: &Segment<'a>,
    ) -> Result<Event<'a>, Skip> {
        let (source, destination) = (segment.source, segment.destination);
        let mut index = self.find_or_begin(frame, packet, Protocol::Tcp, source, destination);
        let slot = self.slot(index).ok_or(Skip::Malformed)?;
        slot.conversation.warm();
        let mut direction = slot.conversation.direction(source, destination);
        if slot.conversation.is_another(direction, segment) {
            let before = slot.conversation.stream.number;
            let key = slot.conversation.key();
            self.end(index);
            index = self.begin(frame, packet, key, (source, destination), Some(before));
            direction = self.slot(index).ok_or(Skip::Malformed)?.conversation.direction(source, destination);
        }
        let slot = self.slots.get_mut(index as usize).and_then(Option::as_mut).ok_or(Skip::Malformed)?;
        slot.touched = true;
        slot.conversation.follow_segment(frame, packet, segment, direction, &mut self.facts);
        if !slot.ended && slot.conversation.has_ended() {
            self.end(index);
        }
        let slot = self.slots.get_mut(index as usize).and_then(Option::as_mut).ok_or(Skip::Malformed)?;
        Ok(slot.conversation.segment_event(frame, packet, segment, direction, &self.facts))
    }

    fn error<'a>(&mut self, frame: &Frame<'a>, packet: &Packet<'a>, error: &IcmpError) -> Result<Event<'a>, Skip> {
        let quoted = &error.quoted;
        let key = Key::new(quoted.protocol, quoted.source, quoted.destination);
        let slot = self.find(&key).and_then(|index| self.slot(index)).ok_or(Skip::IcmpUnmatched)?;
        slot.touched = true;
        Ok(slot.conversation.error(frame, packet, error))
    }

    fn slot(&mut self, index: u32) -> Option<&mut Slot> {
        self.slots.get_mut(index as usize)?.as_mut()
    }

    fn find(&self, key: &Key) -> Option<u32> {
        match key {
            Key::V4(key) => self.v4.get(key),
            Key::V6(key) => self.v6.get(key),
        }
        .copied()
    }

    #[inline]
    fn find_or_begin(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        protocol: Protocol,
        source: Endpoint,
        destination: Endpoint,
    ) -> u32 {
        let key = Key::new(protocol, source, destination);
        self.find(&key).unwrap_or_else(|| self.begin(frame, packet, key, (source, destination), None))
    }

    /// Begins a conversation with its first packet.
    fn begin(
        &mut self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        key: Key,
        (source, destination): (Endpoint, Endpoint),
        reuses: Option<u32>,
    ) -> u32 {
        if self.slots.len() - self.free.len() >= OPEN_MOST {
            self.evict();
        }
        let (direction, roles_from) = roles::decide(source, destination, packet, self.server);
        let ends = match direction {
            Direction::ClientToServer => (source, destination),
            Direction::ServerToClient => (destination, source),
        };
        let (protocol, number, kind) = match packet.transport {
            Transport::Segment(_) => {
                (Protocol::Tcp, &mut self.next_tcp, Kind::Tcp(self.spare_tcp.pop().unwrap_or_default()))
            }
            _ => (Protocol::Udp, &mut self.next_udp, Kind::Udp(self.spare_udp.pop().unwrap_or_default())),
        };
        let stream = StreamId { protocol, number: *number };
        *number = number.saturating_add(1);
        let conversation = Conversation::new(stream, ends, roles_from, reuses, frame, kind);
        let slot = Some(Slot { conversation, ended: false, touched: true });
        let index = match self.free.pop() {
            Some(index) => {
                if let Some(place) = self.slots.get_mut(index as usize) {
                    *place = slot;
                }
                index
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        };
        match key {
            Key::V4(key) => self.v4.insert(key, index),
            Key::V6(key) => self.v6.insert(key, index),
        };
        index
    }

    /// Puts a conversation among the ended; the oldest of them is let go when there are enough.
    fn end(&mut self, index: u32) {
        let Some(slot) = self.slot(index).filter(|slot| !slot.ended) else { return };
        slot.ended = true;
        self.ended.push_back(index);
        if self.ended.len() > ENDED_KEPT
            && let Some(oldest) = self.ended.pop_front()
        {
            self.release(oldest);
            self.warm_next_to_go();
        }
    }

    /// Fetches the conversations that go next: they were last used 8,192 conversations ago, far from the cache.
    fn warm_next_to_go(&self) {
        let ahead = |place: usize| self.slots.get(*self.ended.get(place)? as usize)?.as_ref();
        if let Some(next) = ahead(0) {
            next.conversation.warm();
        }
        std::hint::black_box(ahead(2).map(|slot| slot.touched));
    }

    /// Gives up the next conversation that was not used since the clock's hand came by last.
    fn evict(&mut self) {
        for _ in 0..=2 * self.slots.len() {
            self.clock = (self.clock + 1) % self.slots.len().max(1);
            let Some(Some(slot)) = self.slots.get_mut(self.clock) else { continue };
            if slot.ended || std::mem::take(&mut slot.touched) {
                continue;
            }
            self.evicted += 1;
            self.release(u32::try_from(self.clock).unwrap_or(u32::MAX));
            return;
        }
        if let Some(oldest) = self.ended.pop_front() {
            self.release(oldest);
        }
    }

    /// Takes a conversation out of the table and keeps its totals for [`Tracker::released`].
    fn release(&mut self, index: u32) {
        let Some(slot) = self.slots.get_mut(index as usize).and_then(Option::take) else { return };
        self.free.push(index);
        match slot.conversation.key() {
            Key::V4(key) if self.v4.get(&key) == Some(&index) => drop(self.v4.remove(&key)),
            Key::V6(key) if self.v6.get(&key) == Some(&index) => drop(self.v6.remove(&key)),
            _ => {}
        }
        self.released.push_back(slot.conversation);
    }
}
