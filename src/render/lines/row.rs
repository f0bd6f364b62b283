//! The values of a step's line, before they are text.
//!
//! Small and free of the capture's memory, so that another thread may write it.

use smallvec::SmallVec;

use crate::explain::Step;
use crate::model::{Direction, Endpoint, TcpFlags, Timestamp};
use crate::model::{Finding, FindingCode};
use crate::track::{Analysis, Body, StreamId, TcpFacts};

/// The values of one line.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) time: Option<Timestamp>,
    pub(super) stream: StreamId,
    pub(super) direction: Direction,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
    pub(super) transport: Transport,
    pub(super) findings: SmallVec<[FindingCode; 8]>,
}

/// The values of the transport.
#[derive(Clone, Copy, Debug)]
pub(super) enum Transport {
    Tcp(SegmentRow),
    Udp { len: u32 },
    Icmp { name: &'static str, quotes_frame: Option<u64> },
}

/// The values of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentRow {
    pub(super) flags: TcpFlags,
    pub(super) seq: u32,
    pub(super) ack: Option<u32>,
    pub(super) window: u32,
    pub(super) len: u32,
    pub(super) analysis: Analysis,
}

impl Row {
    /// The row of a step; `absolute` with the numbers of the wire.
    #[inline(always)]
    pub(super) fn of(step: &Step<'_>, absolute: bool) -> Self {
        let event = &step.event;
        Self {
            time: event.time,
            stream: event.stream,
            direction: event.direction,
            source: event.source,
            destination: event.destination,
            transport: match &event.body {
                Body::Tcp(facts) => Transport::Tcp(SegmentRow::of(facts, absolute)),
                Body::Udp(facts) => Transport::Udp { len: facts.len },
                Body::Icmp(facts) => Transport::Icmp { name: facts.error.name(), quotes_frame: facts.quotes_frame },
            },
            findings: codes(&step.findings),
        }
    }
}

/// Nothing for nearly every step: then there is nothing to collect.
#[inline(always)]
fn codes(findings: &[Finding]) -> SmallVec<[FindingCode; 8]> {
    if findings.is_empty() { SmallVec::new() } else { findings.iter().map(|finding| finding.code).collect() }
}

impl SegmentRow {
    #[inline]
    fn of(facts: &TcpFacts, absolute: bool) -> Self {
        let (seq, ack, window) = match absolute {
            false => (facts.seq, facts.ack, facts.window),
            true => (facts.seq_raw, facts.ack.map(|_| facts.ack_raw), u32::from(facts.window_raw)),
        };
        Self { flags: facts.flags, seq, ack, window, len: facts.len, analysis: facts.analysis }
    }
}
