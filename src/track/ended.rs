//! Conversations that have ended, in the order of their end.
//!
//! They lie one behind the other in memory: nearly all are never looked at again until they go, thousands of
//! conversations later, and then they are read in this order, which a processor foresees. Scattered, they would cost
//! more than all the rest. The places go round, so that nothing is moved but the state that comes in.

use super::conversation::Conversation;
use super::kind::TcpKind;

/// Most places; a power of two, so that the places' numbers may wrap.
const PLACES: usize = 8_192;

/// An ended conversation keeps its state until this many newer ones have ended, so that late packets find it.
pub(super) const KEPT: usize = PLACES - 1;

/// The ended conversations; a place among them is a number that counts up, modulo 2^32.
#[derive(Debug, Default)]
pub(super) struct Ended {
    ring: Vec<ClosedConversation>,
    /// The place of the oldest.
    first: u32,
    len: usize,
}

/// An ended conversation.
#[derive(Debug, Default)]
pub(super) struct ClosedConversation {
    /// `None` where it was taken out again.
    pub(super) conversation: Option<Conversation>,
    /// Its state; that of one which has gone, until another comes here.
    pub(super) tcp: TcpKind,
}

impl Ended {
    /// How many places are taken, those of conversations that were taken out again included.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Puts a conversation behind the others, and leaves an empty state for the next one. Returns its place; `None`
    /// when all are taken.
    pub(super) fn push(&mut self, conversation: Conversation, tcp: &mut TcpKind) -> Option<u32> {
        if self.len == PLACES {
            return None;
        }
        let place = self.first.wrapping_add(u32::try_from(self.len).ok()?);
        let index = place as usize % PLACES;
        if index == self.ring.len() {
            self.ring.push(ClosedConversation::default());
        }
        let past = self.ring.get_mut(index)?;
        past.conversation = Some(conversation);
        tcp.retire(&mut past.tcp);
        self.len += 1;
        Some(place)
    }

    /// The oldest, and its place.
    pub(super) fn oldest(&mut self) -> Option<(u32, &mut ClosedConversation)> {
        let past = self.ring.get_mut(self.first as usize % PLACES).filter(|_| self.len > 0)?;
        Some((self.first, past))
    }

    /// Lets the oldest go.
    pub(super) fn pop(&mut self) {
        if let Some((_, past)) = self.oldest() {
            past.conversation = None;
            self.first = self.first.wrapping_add(1);
            self.len -= 1;
        }
    }

    /// Takes the conversation at `place` out: a late packet has come.
    pub(super) fn take(&mut self, place: u32) -> Option<(Conversation, TcpKind)> {
        let past = self.ring.get_mut(place as usize % PLACES)?;
        Some((past.conversation.take()?, std::mem::take(&mut past.tcp)))
    }

    /// All of them, whole again.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Conversation> + '_ {
        self.ring.drain(..).filter_map(|past| Some(past.conversation?.with(past.tcp)))
    }
}
