//! From a key to the place of its newest conversation.
//!
//! The open and the ended stand in tables of their own: nearly every look-up is for an open one, and of these there are
//! few enough for their table to stay close to the processor.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use crate::model::{FlowKey, FlowKeyV4, FlowKeyV6};

/// The place where a conversation is stored.
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
    open: Table,
    ended: Table,
}

impl Index {
    /// Returns the place of the newest conversation with this key.
    #[inline]
    pub(super) fn find(&self, key: &FlowKey) -> Option<Place> {
        self.open.get(key).map(Place::Open).or_else(|| self.ended.get(key).map(Place::Ended))
    }

    /// The slot of the conversation with this key, where it is open.
    #[inline]
    pub(super) fn find_open(&self, key: &FlowKey) -> Option<u32> {
        self.open.get(key)
    }

    /// Notes a conversation that is open now.
    pub(super) fn open(&mut self, key: FlowKey, slot: u32) {
        self.open.insert(key, slot);
    }

    /// Notes that the conversation in this slot is among the ended now, unless its key has a newer one.
    pub(super) fn end(&mut self, key: FlowKey, slot: u32, place: u32) {
        if self.open.remove(&key, slot) {
            self.ended.insert(key, place);
        }
    }

    /// Forgets a key, unless a newer conversation has taken it over.
    pub(super) fn forget(&mut self, key: &FlowKey, place: Place) {
        match place {
            Place::Open(slot) => self.open.remove(key, slot),
            Place::Ended(place) => self.ended.remove(key, place),
        };
    }
}

/// A number for each key.
#[derive(Debug, Default)]
struct Table {
    v4: HashMap<FlowKeyV4, u32, RandomState>,
    v6: HashMap<FlowKeyV6, u32, RandomState>,
}

impl Table {
    #[inline]
    fn get(&self, key: &FlowKey) -> Option<u32> {
        match key {
            FlowKey::V4(key) => self.v4.get(key),
            FlowKey::V6(key) => self.v6.get(key),
        }
        .copied()
    }

    fn insert(&mut self, key: FlowKey, number: u32) {
        match key {
            FlowKey::V4(key) => self.v4.insert(key, number),
            FlowKey::V6(key) => self.v6.insert(key, number),
        };
    }

    /// Removes a key that has this number. Returns whether it had.
    fn remove(&mut self, key: &FlowKey, number: u32) -> bool {
        match key {
            FlowKey::V4(key) => remove(&mut self.v4, key, number),
            FlowKey::V6(key) => remove(&mut self.v6, key, number),
        }
    }
}

fn remove<K: Eq + Hash>(table: &mut HashMap<K, u32, RandomState>, key: &K, number: u32) -> bool {
    let has_it = table.get(key) == Some(&number);
    if has_it {
        table.remove(key);
    }
    has_it
}
