//! A bounded number of conversations: the first ones, with those of the session itself before and instead of others.

use std::collections::{HashMap, HashSet};

use crate::track::StreamId;

/// A bounded number of conversations, and what is kept of each.
#[derive(Debug)]
pub(super) struct ConversationSlots<T> {
    max: usize,
    /// Only these, where they are named.
    only: Option<HashSet<StreamId>>,
    index: HashMap<StreamId, usize>,
    slots: Vec<Slot<T>>,
}

#[derive(Debug)]
struct Slot<T> {
    stream: StreamId,
    own: bool,
    kept: T,
}

impl<T: Default> ConversationSlots<T> {
    /// Room for `max` conversations.
    pub(super) fn new(max: usize) -> Self {
        Self { max, only: None, index: HashMap::new(), slots: Vec::new() }
    }

    /// The same, for these conversations alone where they are named.
    #[must_use]
    pub(super) fn only(self, only: Option<HashSet<StreamId>>) -> Self {
        Self { only, ..self }
    }

    fn has_free_slot(&self, stream: StreamId) -> bool {
        self.slots.len() < self.max && self.only.as_ref().is_none_or(|only| only.contains(&stream))
    }

    /// The state of a conversation; `None` if the bound is reached.
    pub(super) fn get(&mut self, stream: StreamId) -> Option<&mut T> {
        let place = match self.index.get(&stream) {
            Some(place) => *place,
            None if self.has_free_slot(stream) => self.add(stream),
            None => return None,
        };
        self.slots.get_mut(place).map(|place| &mut place.kept)
    }

    /// Returns `true` if the conversation has a slot or could get one.
    pub(super) fn has_room(&self, stream: StreamId) -> bool {
        self.has_free_slot(stream) || self.index.contains_key(&stream)
    }

    fn add(&mut self, stream: StreamId) -> usize {
        let place = self.slots.len();
        self.index.insert(stream, place);
        self.slots.push(Slot { stream, own: false, kept: T::default() });
        place
    }

    /// Gives a conversation of the session itself a place, if need be that of the last one of others: what was kept of that
    /// one is returned.
    pub(super) fn mark_own(&mut self, stream: StreamId) -> Option<T> {
        let mut lost = None;
        if !self.index.contains_key(&stream) && self.slots.len() >= self.max {
            lost = self.slots.pop_if(|place| !place.own);
            if let Some(place) = &lost {
                self.index.remove(&place.stream);
            }
        }
        if self.get(stream).is_some()
            && let Some(place) = self.index.get(&stream).and_then(|place| self.slots.get_mut(*place))
        {
            place.own = true;
        }
        lost.map(|place| place.kept)
    }

    /// Takes everything out: the conversations of the session first, then the others, each in the order in which they came.
    pub(super) fn take(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.index.clear();
        let (own, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.slots).into_iter().partition(|place| place.own);
        own.into_iter().chain(others).map(|place| place.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Protocol;

    fn stream(number: u32) -> StreamId {
        StreamId { protocol: Protocol::Udp, number }
    }

    fn put(index: &mut ConversationSlots<u32>, number: u32) -> bool {
        index.get(stream(number)).map(|slots| *slots = number).is_some()
    }

    #[test]
    fn session_precedes_others_in_their_order() {
        let mut index = ConversationSlots::new(5);
        (1..=4).for_each(|number| assert!(put(&mut index, number)));
        assert_eq!((index.mark_own(stream(3)), index.mark_own(stream(5))), (None, None));
        assert!(put(&mut index, 5) && !put(&mut index, 6));
        assert_eq!(index.take().collect::<Vec<_>>(), [3, 5, 1, 2, 4]);
        assert_eq!(index.take().next(), None);
    }

    #[test]
    fn session_has_a_slot_though_others_fill_the_table() {
        let mut index = ConversationSlots::new(2);
        assert!(put(&mut index, 1) && put(&mut index, 2));
        assert_eq!(index.mark_own(stream(3)), Some(2), "the last of the others gives way");
        assert!(put(&mut index, 3) && !put(&mut index, 2));
        assert_eq!(index.mark_own(stream(3)), None, "it has its place");
        assert_eq!(index.mark_own(stream(4)), None, "and gives way to none of its own");
        assert_eq!(index.take().collect::<Vec<_>>(), [3, 1]);
        let mut none = ConversationSlots::<u32>::new(0);
        assert_eq!(none.mark_own(stream(1)), None);
    }
}
