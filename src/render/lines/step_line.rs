//! The line of one step, and of one conversation.

use super::buffer::{Buffer, Short};
use super::clock::Clock;
use crate::explain::{Conversation, Step};
use crate::model::{Direction, Protocol, TcpFlags};
use crate::report::View;
use crate::track::{Body, IcmpFacts, TcpFacts};

/// Writes lines; remembers what many of them share.
pub(super) struct StepLine {
    clock: Clock,
    absolute: bool,
    /// ` [P.] seq ` for every combination of flags.
    flags: Vec<Short<24>>,
}

impl StepLine {
    pub(super) fn new(view: &View) -> Self {
        let flags = (0..=TcpFlags::from_bits(u16::MAX).bits()).map(TcpFlags::from_bits);
        Self {
            clock: Clock::new(view.time_zone.clone()),
            absolute: view.absolute,
            flags: flags.map(|flags| Short::new(&format!(" [{}] seq ", flags.tcpdump()))).collect(),
        }
    }

    pub(super) fn write(&mut self, step: &Step<'_>, line: &mut Buffer) {
        let event = &step.event;
        match event.time {
            Some(time) => self.clock.write(time, line),
            None => line.push(b'-'),
        }
        line.text(match event.stream.protocol {
            Protocol::Tcp => " tcp:",
            Protocol::Udp => " udp:",
        });
        line.number(event.stream.number);
        line.text(match event.direction {
            Direction::ClientToServer => " c>s ",
            Direction::ServerToClient => " s>c ",
        });
        line.endpoint(event.source);
        line.text(" > ");
        line.endpoint(event.destination);
        match &event.body {
            Body::Tcp(facts) => self.tcp(facts, line),
            Body::Udp(facts) => {
                line.text(" len ");
                line.number(facts.len);
            }
            Body::Icmp(facts) => icmp(facts, line),
        }
        if !step.findings.is_empty() {
            list(" findings ", step.findings.iter().map(|finding| finding.code.name()), line);
        }
    }

    fn tcp(&self, facts: &TcpFacts, line: &mut Buffer) {
        if let Some(flags) = self.flags.get(usize::from(facts.flags.bits())) {
            line.short(flags);
        }
        let (seq, ack, window) = match self.absolute {
            false => (facts.seq, facts.ack, facts.window),
            true => (facts.seq_raw, facts.ack.map(|_| facts.ack_raw), u32::from(facts.window_raw)),
        };
        line.number(seq);
        if facts.len > 0 {
            line.push(b':');
            line.number(seq.wrapping_add(facts.len));
        }
        if let Some(ack) = ack {
            line.text(" ack ");
            line.number(ack);
        }
        line.text(" win ");
        line.number(window);
        line.text(" len ");
        line.number(facts.len);
        if !facts.analysis.is_empty() {
            list(" analysis ", facts.analysis.iter().map(|flag| flag.name()), line);
        }
    }

    pub(super) fn conversation(&mut self, conversation: &Conversation, line: &mut Buffer) {
        let totals = &conversation.totals;
        match totals.start {
            Some(start) => self.clock.write(start, line),
            None => line.push(b'-'),
        }
        line.push(b' ');
        line.text(&totals.stream.to_string());
        line.push(b' ');
        line.endpoint(totals.client);
        line.text(" > ");
        line.endpoint(totals.server);
        line.text(" duration ");
        match totals.duration {
            Some(duration) => line.text(&duration.to_string()),
            None => line.push(b'-'),
        }
        for (label, both) in [(" packets ", totals.packets), (" bytes ", totals.bytes), (" payload ", totals.payload)] {
            line.text(label);
            line.number(both.client_to_server);
            line.push(b'/');
            line.number(both.server_to_client);
        }
        if let Some(tcp) = &totals.tcp {
            line.text(" handshake ");
            line.text(tcp.handshake.name());
            line.text(" close ");
            line.text(tcp.close.name());
        }
        if !conversation.findings().is_empty() {
            list(" findings ", conversation.findings().iter().map(|finding| finding.code.name()), line);
        }
    }
}

fn icmp(facts: &IcmpFacts, line: &mut Buffer) {
    line.text(" icmp ");
    line.text(facts.error.name());
    if let Some(frame) = facts.quotes_frame {
        line.text(" quotes frame ");
        line.number(frame);
    }
}

fn list(label: &str, names: impl Iterator<Item = &'static str>, line: &mut Buffer) {
    line.text(label);
    for (index, name) in names.enumerate() {
        if index > 0 {
            line.push(b',');
        }
        line.text(name);
    }
}
