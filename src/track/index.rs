//! From a key to the place of its newest conversation.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::key::{Key, KeyV4, KeyV6};

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this slot.
    Open(u32),
    /// In this place among the ended.
    Ended(u32),
}

/// The places of all conversations in the table.
#[derive(Debug, Default)]
pub(super) struct Index {
    v4: HashMap<KeyV4, Place, RandomState>,
    v6: HashMap<KeyV6, Place, RandomState>,
}

impl Index {
    /// Where the conversation with this key is.
    #[inline]
    pub(super) fn find(&self, key: &Key) -> Option<Place> {
        match key {
            Key::V4(key) => self.v4.get(key),
            Key::V6(key) => self.v6.get(key),
        }
        .copied()
    }

    /// Notes where it is now.
    pub(super) fn remember(&mut self, key: Key, place: Place) {
        match key {
            Key::V4(key) => self.v4.insert(key, place),
            Key::V6(key) => self.v6.insert(key, place),
        };
    }

    /// Forgets a key, unless a newer conversation has taken it over.
    pub(super) fn forget(&mut self, key: &Key, place: Place) {
        if self.find(key) == Some(place) {
            match key {
                Key::V4(key) => self.v4.remove(key),
                Key::V6(key) => self.v6.remove(key),
            };
        }
    }
}
