//! The record of a step.

use std::net::IpAddr;
use std::num::NonZeroU64;

use serde::{Serialize, Serializer};

use super::values::{FindingRecord, Text, findings};
use super::writer::Word;
use crate::explain::{Arithmetic, Step};
use crate::model::{TcpFlags, TcpOptions, TcpTimestamps, Timestamp, Unknown};
use crate::track::{Analysis, Body, Candidates, Cause, IcmpFacts, TcpFacts};

#[derive(Serialize)]
pub(in crate::render) struct StepRecord<'a> {
    frame: u64,
    time: Option<Text<Timestamp>>,
    protocol: Word,
    stream: u32,
    step: u64,
    source: IpAddr,
    source_port: u16,
    destination: IpAddr,
    destination_port: u16,
    direction: Word,
    flags: Option<Flags>,
    seq: Option<u32>,
    ack: Option<u32>,
    seq_raw: Option<u32>,
    ack_raw: Option<u32>,
    len: Option<u32>,
    window: Option<u32>,
    window_raw: Option<u16>,
    window_scale: Option<u32>,
    options: Option<Options>,
    checksum: Option<Word>,
    analysis: AnalysisList,
    findings: Vec<FindingRecord<'a>>,
    cause: CauseRecord,
    phase: Word,
    description: String,
    arithmetic: Option<BothNumbers>,
    icmp: Option<Icmp>,
}

struct Flags(TcpFlags);

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.names().map(Word))
    }
}

struct AnalysisList(Analysis);

impl Serialize for AnalysisList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let set = if self.0.is_empty() { None } else { Some(self.0.iter()) };
        serializer.collect_seq(set.into_iter().flatten().map(|flag| Word(flag.name())))
    }
}

#[derive(Serialize)]
struct Options {
    mss: Option<u16>,
    window_scale: Option<u8>,
    sack_permitted: bool,
    timestamps: Option<Stamps>,
    sack: Vec<[u32; 2]>,
    other: Vec<u8>,
}

impl Options {
    fn new(options: &TcpOptions, sack_base: u32) -> Self {
        let relative = |(left, right): &(u32, u32)| [left.wrapping_sub(sack_base), right.wrapping_sub(sack_base)];
        Self {
            mss: options.mss,
            window_scale: options.window_scale,
            sack_permitted: options.sack_permitted,
            timestamps: options.timestamps.map(Stamps::from),
            sack: options.sack.as_slice().iter().map(relative).collect(),
            other: options.other.iter().collect(),
        }
    }
}

#[derive(Serialize)]
struct Stamps {
    value: u32,
    echo_reply: u32,
}

impl From<TcpTimestamps> for Stamps {
    fn from(TcpTimestamps { value, echo_reply }: TcpTimestamps) -> Self {
        Self { value, echo_reply }
    }
}

/// The event that made the sender send the packet.
#[derive(Serialize)]
struct CauseRecord {
    event: Word,
    detail: Option<Word>,
    frame: Option<u64>,
    candidates: Vec<CandidateRecord>,
}

#[derive(Serialize)]
struct CandidateRecord {
    event: Word,
    detail: Option<Word>,
    frame: Option<u64>,
}

impl CauseRecord {
    fn new((cause, candidates): (Cause, Candidates)) -> Self {
        let CandidateRecord { event, detail, frame } = cause.into();
        Self { event, detail, frame, candidates: candidates.into_iter().map(CandidateRecord::from).collect() }
    }
}

impl From<Cause> for CandidateRecord {
    fn from(cause: Cause) -> Self {
        Self {
            event: Word(cause.event.name()),
            detail: Some(cause.detail).filter(|detail| !detail.is_empty()).map(Word),
            frame: cause.frame.map(NonZeroU64::get),
        }
    }
}

#[derive(Serialize)]
struct BothNumbers {
    seq: Option<Text<Arithmetic>>,
    ack: Option<Text<Arithmetic>>,
}

#[derive(Serialize)]
struct Icmp {
    r#type: u8,
    code: u8,
    name: Word,
    quotes_protocol: Word,
    quotes_frame: Option<u64>,
}

impl From<&IcmpFacts> for Icmp {
    fn from(facts: &IcmpFacts) -> Self {
        Self {
            r#type: facts.error.icmp_type,
            code: facts.error.code,
            name: Word(facts.error.name()),
            quotes_protocol: Word(facts.error.quoted.protocol.name()),
            quotes_frame: facts.quotes_frame,
        }
    }
}

impl<'a> From<&'a Step<'_>> for StepRecord<'a> {
    fn from(step: &'a Step<'_>) -> Self {
        let event = &step.event;
        let tcp: Option<&TcpFacts> = event.tcp();
        let knows = |field| !event.unknown.contains(field);
        Self {
            frame: event.frame,
            time: event.time.map(Text),
            protocol: Word(event.protocol_name()),
            stream: event.stream.number,
            step: event.number,
            source: event.source.address,
            source_port: event.source.port,
            destination: event.destination.address,
            destination_port: event.destination.port,
            direction: Word(event.direction.name()),
            flags: tcp.map(|tcp| Flags(tcp.flags)),
            seq: tcp.map(|tcp| tcp.seq),
            ack: tcp.and_then(|tcp| tcp.ack),
            seq_raw: tcp.filter(|_| knows(Unknown::SEQ)).map(|tcp| tcp.seq_raw),
            ack_raw: tcp.filter(|_| knows(Unknown::ACK.and(Unknown::ACK_FIELD))).map(|tcp| tcp.ack_raw),
            len: event.len(),
            window: tcp.map(|tcp| tcp.window),
            window_raw: tcp.filter(|_| knows(Unknown::WINDOW)).map(|tcp| tcp.window_raw),
            window_scale: tcp.filter(|_| knows(Unknown::WINDOW)).and_then(|tcp| tcp.window_scale),
            options: tcp.map(|tcp| Options::new(&tcp.options, tcp.sack_base)),
            checksum: event.checksum().map(|checksum| Word(checksum.name())),
            analysis: AnalysisList(tcp.map_or_else(Analysis::default, |tcp| tcp.analysis)),
            findings: findings(&step.findings),
            cause: CauseRecord::new(event.cause()),
            phase: Word(step.phase.name()),
            description: step.description(),
            arithmetic: tcp
                .map(|_| BothNumbers { seq: step.seq_arithmetic().map(Text), ack: step.ack_arithmetic().map(Text) }),
            icmp: match &event.body {
                Body::Icmp(facts) => Some((&**facts).into()),
                _ => None,
            },
        }
    }
}
