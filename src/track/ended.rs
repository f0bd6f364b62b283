//! Conversations that have ended, in the order of their end.
//!
//! They lie one behind the other in memory: nearly all are never looked at again until they go, thousands of
//! conversations later, and then they are read in this order, which a processor foresees. Scattered, they would cost
//! more than all the rest.

use std::collections::VecDeque;

use super::conversation::{Conversation, TcpKind};

/// The ended conversations; a place among them is a number that counts up, modulo 2^32.
#[derive(Debug, Default)]
pub(super) struct Ended {
    queue: VecDeque<Option<(Conversation, TcpKind)>>,
    /// The place of the first in the queue.
    first: u32,
}

impl Ended {
    /// How many places are taken, those of conversations that were taken out again included.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Puts a conversation behind the others. Returns its place.
    pub(super) fn push(&mut self, conversation: Conversation, tcp: TcpKind) -> u32 {
        let place = self.first.wrapping_add(u32::try_from(self.queue.len()).unwrap_or(u32::MAX));
        self.queue.push_back(Some((conversation, tcp)));
        place
    }

    /// Takes the oldest out, with its place; `None` where it was taken out before.
    pub(super) fn pop(&mut self) -> (u32, Option<(Conversation, TcpKind)>) {
        let place = self.first;
        self.first = place.wrapping_add(1);
        (place, self.queue.pop_front().flatten())
    }

    /// Takes the conversation at `place` out: a late packet has come.
    pub(super) fn take(&mut self, place: u32) -> Option<(Conversation, TcpKind)> {
        self.queue.get_mut(place.wrapping_sub(self.first) as usize)?.take()
    }

    /// All of them, whole again.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Conversation> + '_ {
        self.queue.drain(..).flatten().map(|(mut conversation, tcp)| {
            conversation.kind = super::conversation::Kind::Tcp(Box::new(tcp));
            conversation
        })
    }
}
