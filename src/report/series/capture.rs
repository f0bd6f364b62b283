//! A whole capture over time, and its largest conversations.

use super::buckets::{Buckets, Sum};
use crate::explain::{Conversation, Step};
use crate::model::{Endpoint, Timestamp};
use crate::track::StreamId;

/// As many conversations are compared by size.
const LARGEST: usize = 16;

/// Packets and bytes of all conversations over time, and the largest of these.
#[derive(Clone, Debug, Default)]
pub(crate) struct CaptureSeries {
    start: Option<Timestamp>,
    /// TCP segments and UDP datagrams; bytes are those of the frames.
    pub traffic: Buckets<Sum>,
    largest: Vec<Size>,
    conversations: u64,
}

/// The size of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Its name.
    pub stream: StreamId,
    /// Client and server.
    pub ends: (Endpoint, Endpoint),
    /// Frames both ways.
    pub packets: u64,
    /// Bytes of these frames on the wire.
    pub bytes: u64,
}

impl CaptureSeries {
    /// Takes the next step.
    pub(crate) fn step(&mut self, step: &Step<'_>) {
        let Some(time) = step.event.time else { return };
        let start = *self.start.get_or_insert(time);
        self.traffic.push(time.since(start), Sum { packets: 1, bytes: u64::from(step.event.wire_len) });
    }

    /// Takes a conversation that has ended.
    pub(crate) fn conversation(&mut self, conversation: &Conversation) {
        let totals = &conversation.totals;
        self.conversations += 1;
        let size = Size {
            stream: totals.stream,
            ends: (totals.client, totals.server),
            packets: totals.packets.client_to_server.saturating_add(totals.packets.server_to_client),
            bytes: totals.bytes.client_to_server.saturating_add(totals.bytes.server_to_client),
        };
        let place = self.largest.partition_point(|larger| larger.bytes >= size.bytes);
        if place < LARGEST {
            self.largest.insert(place, size);
            self.largest.truncate(LARGEST);
        }
    }

    /// The largest conversations, the largest first.
    pub(crate) fn largest(&self) -> &[Size] {
        &self.largest
    }

    /// Number of conversations.
    pub(crate) fn conversations(&self) -> u64 {
        self.conversations
    }
}
