//! The record of a step.

use std::num::NonZeroU64;

use super::super::buffer::Buffer;
use super::json::{Json, List, Word, object};
use crate::explain::{Arithmetic, Step};
use crate::model::{TcpFlags, TcpTimestamps, Unknown};
use crate::track::{Analysis, Body, Candidates, Cause, IcmpFacts, TcpFacts};

impl Json for &Step<'_> {
    fn write(self, out: &mut Buffer) {
        let event = &*self.event;
        let tcp = event.tcp();
        let knows = |field| !event.unknown.contains(field);
        let (seq_raw, window_raw) = (tcp.filter(|_| knows(Unknown::SEQ)), tcp.filter(|_| knows(Unknown::WINDOW)));
        let ack_raw = tcp.filter(|_| knows(Unknown::ACK.and(Unknown::ACK_FIELD)));
        object!(out, {
            "kind": Word("step"),
            "frame": event.frame,
            "time": event.time,
            "protocol": Word(event.protocol_name()),
            "stream": event.stream.number,
            "step": event.number,
            "source": event.source.address,
            "source_port": event.source.port,
            "destination": event.destination.address,
            "destination_port": event.destination.port,
            "direction": Word(event.direction.name()),
            "flags": tcp.map(|tcp| tcp.flags),
            "seq": tcp.map(|tcp| tcp.seq),
            "ack": tcp.and_then(|tcp| tcp.ack),
            "seq_raw": seq_raw.map(|tcp| tcp.seq_raw),
            "ack_raw": ack_raw.map(|tcp| tcp.ack_raw),
            "len": event.len(),
            "window": tcp.map(|tcp| tcp.window),
            "window_raw": window_raw.map(|tcp| tcp.window_raw),
            "window_scale": window_raw.and_then(|tcp| tcp.window_scale),
            "options": tcp.map(Options),
            "checksum": event.checksum().map(|checksum| Word(checksum.name())),
            "analysis": tcp.map_or_else(Analysis::default, |tcp| tcp.analysis),
            "findings": self.findings.as_ref(),
            "cause": event.cause(),
            "phase": Word(self.phase.name()),
            "description": Description(self),
            "arithmetic": tcp.map(|_| Numbers(self)),
            "icmp": if let Body::Icmp(facts) = &event.body { Some(&**facts) } else { None },
        });
    }
}

/// The names of the set flags.
impl Json for TcpFlags {
    fn write(self, out: &mut Buffer) {
        List(self.names().map(Word)).write(out);
    }
}

/// The names of the set flags.
impl Json for Analysis {
    #[inline]
    fn write(self, out: &mut Buffer) {
        // nearly every step has none
        if self.is_empty() {
            return out.literal(b"[]");
        }
        List(self.iter().map(|flag| Word(flag.name()))).write(out);
    }
}

/// The options of a segment, with SACK blocks relative to the peer's initial sequence number.
struct Options<'a>(&'a TcpFacts);

impl Json for Options<'_> {
    fn write(self, out: &mut Buffer) {
        let Self(TcpFacts { options, sack_base, .. }) = self;
        let relative = |edge: u32| edge.wrapping_sub(*sack_base);
        object!(out, {
            "mss": options.mss,
            "window_scale": options.window_scale,
            "sack_permitted": options.sack_permitted,
            "timestamps": options.timestamps,
            "sack": List(options.sack.as_slice().iter().map(|(left, right)| List([relative(*left), relative(*right)]))),
            "other": List(options.other.iter()),
        });
    }
}

impl Json for TcpTimestamps {
    fn write(self, out: &mut Buffer) {
        object!(out, { "value": self.value, "echo_reply": self.echo_reply });
    }
}

/// The event that made the sender send the packet, and those that may have.
impl Json for (Cause, Candidates) {
    fn write(self, out: &mut Buffer) {
        let (Cause { event, detail, frame }, candidates) = self;
        object!(out, {
            "event": Word(event.name()),
            "detail": named(detail),
            "frame": frame.map(NonZeroU64::get),
            "candidates": List(candidates),
        });
    }
}

/// An event that may have made it.
impl Json for Cause {
    fn write(self, out: &mut Buffer) {
        let Self { event, detail, frame } = self;
        object!(out, { "event": Word(event.name()), "detail": named(detail), "frame": frame.map(NonZeroU64::get) });
    }
}

fn named(detail: &'static str) -> Option<Word> {
    (!detail.is_empty()).then_some(Word(detail))
}

/// The sentence of a step.
struct Description<'a>(&'a Step<'a>);

impl Json for Description<'_> {
    fn write(self, out: &mut Buffer) {
        let mut sentence = out.take_scratch();
        self.0.describe(&mut sentence);
        sentence.as_str().write(out);
        out.give_scratch(sentence);
    }
}

/// Sequence and acknowledgment number of a step in terms of the initial sequence numbers.
struct Numbers<'a>(&'a Step<'a>);

impl Json for Numbers<'_> {
    fn write(self, out: &mut Buffer) {
        object!(out, { "seq": self.0.seq_arithmetic(), "ack": self.0.ack_arithmetic() });
    }
}

/// `"X"`, `"X+1"`.
impl Json for Arithmetic {
    fn write(self, out: &mut Buffer) {
        out.push(b'"');
        out.text(self.base.encode_utf8(&mut [0; 4]));
        if self.offset > 0 {
            out.push(b'+');
            out.number(self.offset);
        }
        out.push(b'"');
    }
}

impl Json for &IcmpFacts {
    fn write(self, out: &mut Buffer) {
        object!(out, {
            "type": self.error.icmp_type,
            "code": self.error.code,
            "name": Word(self.error.name()),
            "quotes_protocol": Word(self.error.quoted.protocol.name()),
            "quotes_frame": self.quotes_frame,
        });
    }
}
