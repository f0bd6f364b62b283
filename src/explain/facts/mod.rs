//! The lines under a step table: what a report says of the conversation.

mod close;
mod echo;
mod opening;
mod response_time;
mod round_trip;
mod transfer;

pub(super) use echo::returned;
pub(super) use opening::{assumed_mss, ecn};

use super::transfer::Transfer;
use crate::model::{Direction, PerDirection, counted, thousands};
use crate::track::ConversationTotals;

/// One line under a step table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its subject: `Handshake`, `Close`, `Echo` …
    pub label: &'static str,
    /// The sentence.
    pub text: String,
}

/// A kind of line: a new one is one entry in [`FACTS`].
pub struct FactKind {
    /// Its subject.
    pub label: &'static str,
    /// Its meaning, for the documentation.
    pub about: &'static str,
    text: fn(&FactInput<'_>) -> Option<String>,
}

/// The known data about a conversation.
#[derive(Clone, Copy)]
pub(super) struct FactInput<'a> {
    pub(super) totals: &'a ConversationTotals,
    /// The transfer of its steps; `None` where no sink looked at them.
    pub(super) transfer: Option<&'a Transfer>,
    /// Number of sends of each side's program; `None` without a transcript.
    pub(super) sends: Option<&'a PerDirection<u64>>,
}

impl FactInput<'_> {
    /// The suffix for something that is missing, where the capture was not read to its end.
    fn so_far(&self) -> &'static str {
        if self.totals.may_go_on() { " as far as the capture was read" } else { "" }
    }
}

/// Every kind of line, in the order in which they stand.
pub static FACTS: &[FactKind] = &[
    fact("Handshake", "how the connection was opened, and how long that took", opening::handshake),
    fact("Captured at", "where the capture was made, and what shows it", |known| {
        super::capture_point::fact(known.totals)
    }),
    fact("Options", "which TCP options the two negotiated", opening::options),
    fact(
        "Echo",
        "how many requests came back, and how many sends, segments and answers they were (sends: where echolab drove the session)",
        |known| Some(echo::echo(known)),
    ),
    fact("RTT", "from data to its ACK: min, median and max, each sample by Karn's rule (RFC 6298)", |known| {
        round_trip::round_trip(known.totals)
    }),
    fact(
        "Response time",
        "from a request's last byte to its answer's first, and the network's part of it",
        response_time::response_time,
    ),
    fact(
        "Goodput",
        "acknowledged payload by the time from the first data to the last ACK; this and the next ones for each side that sent at least 5,000 bytes in 4 segments",
        transfer::goodput,
    ),
    fact("Retransmitted", "payload bytes that were retransmitted, of all that were sent", transfer::again),
    fact(
        "In flight",
        "max payload bytes that were sent and neither acknowledged nor reported by SACK, where the sender was captured",
        transfer::in_flight,
    ),
    fact(
        "Idle",
        "time from the first data to the last ACK in which nothing was in flight and the window had room",
        transfer::idle,
    ),
    fact(
        "Slow start",
        "segments sent in each round trip, where at least two of them grow by half or more",
        transfer::slow_start,
    ),
    fact(
        "Limited by",
        "what the sender waited for longest until its last segment: the application, the receiver's window, delayed ACKs, the network; or that it is unknown",
        transfer::limit,
    ),
    fact("Close", "who closed first, and how", close::close),
    fact("Traffic", "packets and bytes each way", |known| Some(traffic(known.totals))),
];

const fn fact(label: &'static str, about: &'static str, text: fn(&FactInput<'_>) -> Option<String>) -> FactKind {
    FactKind { label, about, text }
}

/// The lines of one conversation.
pub(super) fn of(known: &FactInput<'_>) -> Vec<Fact> {
    let line = |kind: &FactKind| Some(Fact { label: kind.label, text: (kind.text)(known)? });
    FACTS.iter().filter_map(line).collect()
}

fn traffic(totals: &ConversationTotals) -> String {
    let way = |direction: Direction| {
        let packets = *totals.packets.get(direction);
        // a fragment is not known to be the conversation's before its packet is complete
        let earlier = *totals.earlier_fragments().get(direction);
        let frames = match earlier.frames {
            0 => String::new(),
            earlier => format!(" in {} frames", thousands(packets + earlier)),
        };
        format!(
            "{} {}{frames} ({} bytes, {} of payload)",
            direction.sender(),
            counted(packets, "packet"),
            thousands(totals.bytes.get(direction) + earlier.bytes),
            thousands(*totals.payload.get(direction))
        )
    };
    // one packet takes no time
    let several = totals.packets.client_to_server + totals.packets.server_to_client > 1;
    let took = totals.duration.filter(|_| several);
    let took = took.map_or_else(String::new, |took| format!("; in {}", took.human()));
    format!("{}; {}{took}", way(Direction::ClientToServer), way(Direction::ServerToClient))
}
