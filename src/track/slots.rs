//! The places of the open conversations, and whose turn it is to go when there are too many.

use super::conversation::Conversation;

/// Most conversations open at once; beyond, the one that was silent longest is given up, and reported.
const OPEN_MOST: usize = 1 << 20;

/// An open conversation, in a box: it moves to the ended later, and a table of pointers grows without copying them all.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) conversation: Box<Conversation>,
    /// `true` if it was used since the hand of the clock last passed it.
    pub(super) touched: bool,
}

/// The open conversations, each in a place that stays the same while it is open.
#[derive(Debug, Default)]
pub(super) struct Slots {
    places: Vec<Option<Slot>>,
    free: Vec<u32>,
    clock: usize,
}

impl Slots {
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&Slot> {
        self.places.get(index as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Slot> {
        self.places.get_mut(index as usize)?.as_mut()
    }

    /// Up to `most` places from the last on: nearly the newest conversations.
    pub(super) fn newest(&mut self, most: usize) -> impl Iterator<Item = (u32, &mut Slot)> {
        let places = self.places.iter_mut().enumerate().rev().take(most);
        places.filter_map(|(index, slot)| Some((u32::try_from(index).ok()?, slot.as_mut()?)))
    }

    /// Number of open conversations.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Returns `true` if a slot must be freed before another is opened.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= OPEN_MOST
    }

    /// Puts a conversation in a slot.
    pub(super) fn occupy(&mut self, conversation: Box<Conversation>) -> u32 {
        let slot = Some(Slot { conversation, touched: true });
        match self.free.pop() {
            Some(index) => {
                if let Some(place) = self.places.get_mut(index as usize) {
                    *place = slot;
                }
                index
            }
            None => {
                self.places.push(slot);
                u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
            }
        }
    }

    /// Takes a conversation out.
    pub(super) fn take(&mut self, index: u32) -> Option<Box<Conversation>> {
        let slot = self.places.get_mut(index as usize).and_then(Option::take)?;
        self.free.push(index);
        Some(slot.conversation)
    }

    /// Removes the next conversation that was not used since the clock's hand last passed it, and returns its place
    /// too.
    pub(super) fn evict(&mut self) -> Option<(u32, Box<Conversation>)> {
        for _ in 0..=2 * self.places.len() {
            self.clock = (self.clock + 1) % self.places.len().max(1);
            let Some(Some(slot)) = self.places.get_mut(self.clock) else { continue };
            if !std::mem::take(&mut slot.touched) {
                let index = u32::try_from(self.clock).unwrap_or(u32::MAX);
                return Some((index, self.take(index)?));
            }
        }
        None
    }

    /// Takes all of them out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Box<Conversation>> + use<> {
        std::mem::take(self).places.into_iter().flatten().map(|slot| slot.conversation)
    }
}
