//! The record of a conversation that has ended.

use serde::{Serialize, Serializer};

use super::values::{BothWays, CodeCounts, End, FindingRecord, FlagCounts, Text, findings};
use super::writer::Word;
use crate::echo::EchoTotals;
use crate::explain::Conversation;
use crate::model::{Nanos, Timestamp};
use crate::track::{AnalysisCounts, Ledger, RttTotals};

#[derive(Serialize)]
pub(in crate::render) struct ConversationRecord<'a> {
    protocol: Word,
    stream: u32,
    client: End,
    server: End,
    roles_from: Word,
    first_frame: u64,
    last_frame: u64,
    start: Option<Text<Timestamp>>,
    duration: Option<Text<Nanos>>,
    packets: BothWays<u64>,
    bytes: BothWays<u64>,
    payload: BothWays<u64>,
    isn: Option<Isn>,
    handshake: Option<Word>,
    close: Option<Word>,
    closed_first: Option<Word>,
    analysis: FlagCounts,
    echo: Option<Echo>,
    rtt: Option<Rtt>,
    findings: Vec<FindingRecord<'a>>,
    findings_count: CodeCounts<'a>,
    ledger: Option<Waits>,
}

#[derive(Serialize)]
struct Isn {
    client: Option<u32>,
    server: Option<u32>,
}

#[derive(Serialize)]
struct Echo {
    requests: u64,
    matched: u64,
    transformed: u64,
    unanswered: u64,
    pending_bytes: u64,
}

#[derive(Serialize)]
struct Rtt {
    handshake: Option<Text<Nanos>>,
    min: Option<Text<Nanos>>,
    median: Option<Text<Nanos>>,
    max: Option<Text<Nanos>>,
    count: u64,
}

impl<'a> From<&'a Conversation> for ConversationRecord<'a> {
    fn from(conversation: &'a Conversation) -> Self {
        let totals = &conversation.totals;
        let tcp = totals.tcp.as_ref();
        Self {
            protocol: Word(totals.stream.protocol.name()),
            stream: totals.stream.number,
            client: totals.client.into(),
            server: totals.server.into(),
            roles_from: Word(totals.roles_from.name()),
            first_frame: totals.first_frame,
            last_frame: totals.last_frame,
            start: totals.start.map(Text),
            duration: totals.duration.map(Text),
            packets: totals.packets.into(),
            bytes: totals.bytes.into(),
            payload: totals.payload.into(),
            isn: tcp.map(|_| Isn::from(totals.isns())),
            handshake: tcp.map(|tcp| Word(tcp.handshake.name())),
            close: tcp.map(|tcp| Word(tcp.close.name())),
            closed_first: tcp.and_then(|tcp| tcp.closed_first).map(|direction| Word(direction.sender())),
            analysis: FlagCounts(tcp.map_or_else(AnalysisCounts::default, |tcp| tcp.analysis)),
            echo: totals.echo.map(Echo::from),
            rtt: totals.rtt.map(Rtt::from),
            findings: findings(conversation.findings()),
            findings_count: CodeCounts(conversation.findings_count()),
            ledger: totals.ledger.map(Waits),
        }
    }
}

/// The time of each kind of wait.
struct Waits(Ledger);

impl Serialize for Waits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.shares().map(|(wait, share)| (wait.name(), Text(share.time))))
    }
}

impl From<(Option<u32>, Option<u32>)> for Isn {
    fn from((client, server): (Option<u32>, Option<u32>)) -> Self {
        Self { client, server }
    }
}

impl From<EchoTotals> for Echo {
    fn from(echo: EchoTotals) -> Self {
        let EchoTotals { requests, matched, transformed, unanswered, pending_bytes } = echo;
        Self { requests, matched, transformed, unanswered, pending_bytes }
    }
}

impl From<RttTotals> for Rtt {
    fn from(rtt: RttTotals) -> Self {
        let RttTotals { handshake, min, median, max, count } = rtt;
        Self { handshake: handshake.map(Text), min: min.map(Text), median: median.map(Text), max: max.map(Text), count }
    }
}
