//! UDP requests without an answer, to find the one that an answer from another address or port is to.
//!
//! A server with several addresses may answer from another one than it was asked at, and TFTP answers from a new port (RFC
//! 1350 §4): to a capture either is a conversation of its own.

use std::collections::HashMap;

use super::stream::StreamId;
use crate::model::{Endpoint, Nanos};
use foldhash::fast::RandomState;

/// Ports in each of the two generations.
const PORTS: usize = 2_048;
/// A client's port that sends to more servers is one of many peers.
const SERVERS: usize = 8;
/// An answer that takes longer is taken for something else: resolvers give up after 5 to 30 s (RFC 1035 §4.2.1).
pub(super) const ANSWERED_WITHIN: Nanos = Nanos::from_millis(30_000);

/// The part of the endpoint in which an answer's sender differs from the endpoint that the request was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswersFrom {
    /// The same port of another address.
    Address,
    /// Another port of the same address.
    Port,
}

/// A request and its answer in two conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkedConversation {
    /// The frame of the request or answer in the other conversation; of several requests the last.
    pub frame: u64,
    /// The first and the last request that waited when the answer came: it may be to any of them.
    pub requests: (u64, u64),
    /// The server of the other conversation.
    pub server: Endpoint,
    /// The other conversation.
    pub stream: StreamId,
    /// The difference between the two servers.
    pub from: AnswersFrom,
}

impl LinkedConversation {
    /// Several requests waited, so which of them was answered is unknown.
    pub fn is_ambiguous(&self) -> bool {
        self.requests.0 < self.requests.1
    }
}

impl AnswersFrom {
    /// Compares `sender` with `asked`; `None` if both are the same endpoint or share neither address nor port.
    pub(super) fn of(sender: Endpoint, asked: Endpoint) -> Option<Self> {
        match (sender.address == asked.address, sender.port == asked.port) {
            (false, true) => Some(Self::Address),
            (true, false) => Some(Self::Port),
            (true, true) | (false, false) => None,
        }
    }
}

/// The UDP conversations of a client's port.
#[derive(Clone, Debug, Default)]
struct ClientConversations {
    /// Slot and number of each of the first.
    conversations: Vec<(u32, u32)>,
    /// It has more.
    many: bool,
}

/// The UDP conversations of each client's port.
#[derive(Debug, Default)]
pub(super) struct UdpClients {
    young: HashMap<Endpoint, ClientConversations, RandomState>,
    old: HashMap<Endpoint, ClientConversations, RandomState>,
}

impl UdpClients {
    /// A client begins a conversation.
    pub(super) fn note(&mut self, client: Endpoint, slot: u32, number: u32) {
        if !self.young.contains_key(&client) && self.young.len() >= PORTS {
            self.old = std::mem::take(&mut self.young);
        }
        let old = &mut self.old;
        let asked = self.young.entry(client).or_insert_with(|| old.remove(&client).unwrap_or_default());
        match asked.conversations.len() < SERVERS {
            true => asked.conversations.push((slot, number)),
            false => asked.many = true,
        }
    }

    /// The conversations of this client's port, the newest first; none where it has too many for a client.
    pub(super) fn of(&self, client: Endpoint) -> impl Iterator<Item = (u32, u32)> {
        let asked = self.young.get(&client).or_else(|| self.old.get(&client)).filter(|asked| !asked.many);
        asked.into_iter().flat_map(|asked| asked.conversations.iter().rev().copied())
    }
}
