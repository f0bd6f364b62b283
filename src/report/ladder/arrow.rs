//! One step as an arrow.

use super::delivery::DeliveryStatus;
use super::label::Label;
use crate::explain::{Phase, Step};
use crate::model::FindingCode;
use crate::model::{Direction, Nanos, TcpFlags};
use crate::report::View;
use crate::track::{Body, Retransmission, TcpFacts};

/// The content of an arrow, distinguished by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ArrowKind {
    /// SYN, SYN-ACK.
    Syn,
    /// Payload.
    Data,
    /// No payload: acknowledges.
    Ack,
    /// FIN, with or without payload.
    Fin,
    /// RST.
    Rst,
    /// A UDP datagram.
    Datagram,
    /// An ICMP error.
    Icmp,
}

impl ArrowKind {
    /// Every kind, in the order of a legend.
    pub(crate) const ALL: [Self; 7] =
        [Self::Syn, Self::Data, Self::Ack, Self::Fin, Self::Rst, Self::Datagram, Self::Icmp];

    fn of(body: &Body) -> Self {
        match body {
            Body::Udp(_) => Self::Datagram,
            Body::Icmp(_) => Self::Icmp,
            Body::Tcp(facts) if facts.flags.contains(TcpFlags::RST) => Self::Rst,
            Body::Tcp(facts) if facts.flags.contains(TcpFlags::SYN) => Self::Syn,
            Body::Tcp(facts) if facts.flags.contains(TcpFlags::FIN) => Self::Fin,
            Body::Tcp(facts) if facts.len > 0 => Self::Data,
            Body::Tcp(_) => Self::Ack,
        }
    }

    /// The name in a legend.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Syn => "SYN",
            Self::Data => "data",
            Self::Ack => "ACK",
            Self::Fin => "FIN",
            Self::Rst => "RST",
            Self::Datagram => "datagram",
            Self::Icmp => "ICMP error",
        }
    }
}

/// The transmission that an arrow repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetransmissionMark {
    /// The frame that carried the bytes before, where it was captured.
    pub original: Option<u64>,
    /// The label of the rule that explains it.
    pub what: &'static str,
}

impl RetransmissionMark {
    fn of(again: &Retransmission) -> Self {
        Self { original: again.proof.original, what: again.rule.label }
    }
}

/// `fast retransmission of frame 7`.
impl std::fmt::Display for RetransmissionMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.original {
            Some(frame) => write!(f, "{} of frame {frame}", self.what),
            None => f.pad(self.what),
        }
    }
}

/// A step, placed.
#[derive(Clone, Debug)]
pub(crate) struct Arrow {
    /// The step's number in its conversation, from 1.
    pub step: u64,
    /// The frame's number in the capture, from 1.
    pub frame: u64,
    /// Time since the conversation's start.
    pub time: Option<Nanos>,
    /// The direction, from its sender.
    pub direction: Direction,
    /// Its content.
    pub kind: ArrowKind,
    /// The text on it.
    pub label: Label,
    /// `X+1, Y+13`: sequence and acknowledgment number.
    pub arithmetic: String,
    /// The step's sentence; may hold captured text.
    pub description: String,
    /// The part of the conversation's life.
    pub phase: Phase,
    /// The delivery status of its segment.
    pub delivery: DeliveryStatus,
    /// The retransmission mark, if it is one.
    pub retransmission: Option<RetransmissionMark>,
    /// A remark about a probe or a window update: `keep-alive`.
    pub ladder_remark: Option<&'static str>,
    /// Codes of its findings, and the gravest of them.
    pub findings: Vec<FindingCode>,
    /// The start on the sender's lifeline, in rows.
    pub from: f32,
    /// The end on the receiver's lifeline, in rows.
    pub to: f32,
}

impl Arrow {
    pub(super) fn of(step: &Step<'_>, row: usize, view: &View) -> Self {
        let event = &step.event;
        let arithmetic = [step.seq_arithmetic(), step.ack_arithmetic()].into_iter().flatten();
        Self {
            step: event.number,
            frame: event.frame,
            time: event.since_start,
            direction: event.direction,
            kind: ArrowKind::of(&event.body),
            label: Label::of(step, view),
            arithmetic: arithmetic.map(|number| number.to_string()).collect::<Vec<_>>().join(", "),
            description: step.description(),
            phase: step.phase,
            delivery: DeliveryStatus::Arrived,
            retransmission: event.tcp().and_then(|facts| Some(RetransmissionMark::of(facts.retransmission.as_ref()?))),
            ladder_remark: event.tcp().and_then(ladder_remark),
            findings: step.findings.iter().map(|finding| finding.code).collect(),
            from: row as f32,
            to: row as f32,
        }
    }

    /// The remark beside its label: its loss, or the segment that it retransmits.
    pub(crate) fn remark(&self) -> Option<String> {
        let again = self.retransmission.map(|again| again.to_string());
        let parts = [self.ladder_remark.map(str::to_owned), again, self.delivery.text()];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        (!text.is_empty()).then_some(text)
    }
}

/// The remark about a segment without data, beyond its acknowledgment.
fn ladder_remark(facts: &TcpFacts) -> Option<&'static str> {
    let observations = &facts.observations;
    let reopens = || observations.window_opened.map(|_| "the window reopens");
    let closes = || observations.zero_window.map(|_| "the window is zero");
    facts.probe.and_then(|probe| probe.ladder_remark(facts.window)).or_else(reopens).or_else(closes)
}
