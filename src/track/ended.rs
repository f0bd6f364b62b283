//! Conversations that have ended, in the order of their end.
//!
//! Nearly all are never looked at again until they go, thousands of conversations later, and then in this order. A place
//! that becomes free is the next to be taken, so without late packets the places go round. Links keep the order where late
//! packets take conversations out of the middle.

use super::conversation::Conversation;

/// An ended conversation keeps its state until this many newer ones have ended, so that late packets find it.
pub(super) const KEPT: usize = 8_192;

/// Most places: one more, for the newest while the oldest has not gone.
const PLACES: usize = KEPT + 1;

/// No place.
const NONE: u32 = u32::MAX;

/// The ended conversations; each has a place, a number that stays the same until it is taken out.
#[derive(Debug, Default)]
pub(super) struct Ended {
    places: Vec<ClosedConversation>,
    free: Vec<u32>,
    /// The places of the oldest and the newest, where there are any.
    ends: Option<(u32, u32)>,
    len: usize,
}

/// An ended conversation.
#[derive(Debug)]
struct ClosedConversation {
    /// `None` where the place is free.
    conversation: Option<Box<Conversation>>,
    /// The places of those that ended before and after it.
    older: u32,
    newer: u32,
}

impl Ended {
    /// The number of conversations held.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends a conversation. Returns its place; `None` if all are taken.
    pub(super) fn push(&mut self, conversation: Box<Conversation>) -> Option<u32> {
        if self.len == PLACES {
            return None;
        }
        let newest = self.ends.map_or(NONE, |(_, newest)| newest);
        let closed = ClosedConversation { conversation: Some(conversation), older: newest, newer: NONE };
        let place = match self.free.pop() {
            Some(place) => {
                *self.places.get_mut(place as usize)? = closed;
                place
            }
            None => {
                // its capacity doubles like that of any vector, but never beyond PLACES
                if self.places.len() == self.places.capacity() {
                    let more = self.places.len().max(64).min(PLACES - self.places.len());
                    self.places.reserve_exact(more);
                }
                self.places.push(closed);
                u32::try_from(self.places.len() - 1).ok()?
            }
        };
        if let Some(before) = self.places.get_mut(newest as usize) {
            before.newer = place;
        }
        self.ends = Some((self.ends.map_or(place, |(oldest, _)| oldest), place));
        self.len += 1;
        Some(place)
    }

    /// Takes the oldest out, and gives its place.
    pub(super) fn pop(&mut self) -> Option<(u32, Box<Conversation>)> {
        let (oldest, _) = self.ends?;
        Some((oldest, self.take(oldest)?))
    }

    /// Takes the conversation at `place` out of the order, and makes its place free.
    pub(super) fn take(&mut self, place: u32) -> Option<Box<Conversation>> {
        let past = self.places.get_mut(place as usize)?;
        let conversation = past.conversation.take()?;
        let (older, newer) = (past.older, past.newer);
        if let Some(before) = self.places.get_mut(older as usize) {
            before.newer = newer;
        }
        if let Some(behind) = self.places.get_mut(newer as usize) {
            behind.older = older;
        }
        self.ends = self.ends.and_then(|(oldest, newest)| {
            let oldest = if oldest == place { newer } else { oldest };
            let newest = if newest == place { older } else { newest };
            (oldest != NONE && newest != NONE).then_some((oldest, newest))
        });
        self.free.push(place);
        self.len -= 1;
        Some(conversation)
    }

    /// All of them, in no order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Box<Conversation>> + '_ {
        (self.ends, self.len) = (None, 0);
        self.free.clear();
        self.places.drain(..).filter_map(|past| past.conversation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Frame, LinkType, Protocol};
    use crate::track::kind::Kind;
    use crate::track::stream::{RolesFrom, StreamId};

    fn conversation(number: u32) -> Box<Conversation> {
        let ends = (Endpoint::new([192, 0, 2, 1], 40_000), Endpoint::new([192, 0, 2, 2], 7));
        let frame = Frame {
            unknown: Default::default(),
            number: 1,
            time: None,
            link: LinkType::ETHERNET,
            interface: 0,
            wire_len: 0,
            data: &[],
        };
        Box::new(Conversation::new(
            StreamId { protocol: Protocol::Tcp, number },
            ends,
            RolesFrom::Syn,
            &frame,
            Kind::Tcp(Box::default()),
        ))
    }

    #[test]
    fn late_packet_takes_no_slot_of_ended_conversations() {
        let mut ended = Ended::default();
        let mut places = Vec::new();
        for number in 0..u32::try_from(KEPT).expect("few") {
            places.push(ended.push(conversation(number)).expect("a place"));
        }
        for _ in 0..3 * KEPT {
            let late = ended.take(places[5]).expect("still there");
            assert_eq!(late.stream.number, 5);
            places[5] = ended.push(late).expect("a place");
            assert_eq!(ended.len(), KEPT);
        }
        ended.push(conversation(u32::MAX)).expect("a place");
        assert!(ended.push(conversation(0)).is_none());
        for number in [0, 1, 2, 3, 4, 6] {
            let (_, oldest) = ended.pop().expect("the oldest");
            assert_eq!(oldest.stream.number, number);
        }
        assert_eq!(ended.drain().count(), KEPT + 1 - 6);
        assert!(ended.pop().is_none());
    }
}
