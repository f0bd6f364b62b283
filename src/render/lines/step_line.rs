//! The line of one step, and of one conversation.

use super::super::buffer::{Buffer, ShortText};
use super::clock::Clock;
use super::row::{Row, SegmentRow, Transport};
use crate::explain::Conversation;
use crate::model::{Direction, Protocol, TcpFlags};
use crate::report::View;

/// Writes lines; remembers what many of them share.
pub(super) struct StepLine {
    clock: Clock,
    /// ` [P.] seq ` for every combination of flags.
    flags: Vec<ShortText<24>>,
}

impl StepLine {
    pub(super) fn new(view: &View) -> Self {
        let flags = (0..=TcpFlags::from_bits(u16::MAX).bits()).map(TcpFlags::from_bits);
        Self {
            clock: Clock::new(view.time_zone.clone()),
            flags: flags.map(|flags| ShortText::new(&format!(" [{}] seq ", flags.tcpdump()))).collect(),
        }
    }

    pub(super) fn write(&mut self, row: &Row, line: &mut Buffer) {
        match row.time {
            Some(time) => self.clock.write(time, line),
            None => line.push(b'-'),
        }
        line.text(match row.stream.protocol {
            Protocol::Tcp => " tcp:",
            Protocol::Udp => " udp:",
        });
        line.number(row.stream.number);
        line.text(match row.direction {
            Direction::ClientToServer => " c>s ",
            Direction::ServerToClient => " s>c ",
        });
        line.endpoint(row.source);
        line.text(" > ");
        line.endpoint(row.destination);
        match &row.transport {
            Transport::Tcp(segment) => self.tcp(segment, line),
            Transport::Udp { len } => {
                line.text(" len ");
                line.number(*len);
            }
            Transport::Icmp { name, quotes_frame } => icmp(name, *quotes_frame, line),
        }
        if !row.findings.is_empty() {
            list(" findings ", row.findings.iter().map(|code| code.name()), line);
        }
    }

    fn tcp(&self, segment: &SegmentRow, line: &mut Buffer) {
        if let Some(flags) = self.flags.get(usize::from(segment.flags.bits())) {
            line.short(flags);
        }
        line.number(segment.seq);
        if segment.len > 0 {
            line.push(b':');
            line.number(segment.seq.wrapping_add(segment.len));
        }
        if let Some(ack) = segment.ack {
            line.text(" ack ");
            line.number(ack);
        }
        line.text(" win ");
        line.number(segment.window);
        line.text(" len ");
        line.number(segment.len);
        if !segment.analysis.is_empty() {
            list(" analysis ", segment.analysis.iter().map(|flag| flag.name()), line);
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

fn icmp(name: &str, quotes_frame: Option<u64>, line: &mut Buffer) {
    line.text(" icmp ");
    line.text(name);
    if let Some(frame) = quotes_frame {
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
