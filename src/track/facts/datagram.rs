//! The relation of a datagram to earlier ones.

use crate::echo::PairedBy;
use crate::track::udp_clients::LinkedConversation;

/// The most datagrams reported as overtaken at once, without the first.
pub(in crate::track) const MORE: usize = 2;

/// A datagram captured after one that was sent later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReorderedDatagram {
    /// Its frame.
    pub frame: u64,
    /// The frames of others after it, each overtaken by the one before too; 0 for none.
    pub(in crate::track) more: [u64; MORE],
    /// The frame of the one that overtook it.
    pub by: u64,
}

impl ReorderedDatagram {
    /// The same with one more; `None` where there is no room.
    pub(in crate::track) fn and(mut self, frame: u64) -> Option<Self> {
        *self.more.iter_mut().find(|more| **more == 0)? = frame;
        Some(self)
    }

    /// The frames of the overtaken.
    pub fn frames(&self) -> impl Iterator<Item = u64> {
        [self.frame].into_iter().chain(self.more).filter(|frame| *frame > 0)
    }
}

/// The role of a datagram in its conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpPlace {
    /// From the client.
    Request,
    /// From the server, in answer to a request.
    Reply {
        /// The request's frame.
        request: u64,
        /// The evidence for the pairing.
        by: PairedBy,
        /// No other request fits as well; else this is the oldest that does.
        sure: bool,
    },
    /// From the server, in answer to a request that was sent to another address or port, in another conversation.
    ReplyElsewhere(LinkedConversation),
    /// From the server, unasked as far as the capture shows.
    Unasked,
    /// From the server, with a DNS transaction ID that no request has that waits for its answer.
    Stray(u16),
    /// The same bytes with the same IP identification as this frame.
    Duplicate(u64),
    /// The packet of this frame, captured twice.
    CapturedTwice(u64),
}
