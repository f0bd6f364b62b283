//! The record of a conversation that has ended.

use super::super::buffer::Buffer;
use super::json::{Json, Map, Word, object};
use crate::echo::EchoTotals;
use crate::explain::Conversation;
use crate::track::{AnalysisCounts, Ledger, RttTotals};

impl Json for &Conversation {
    fn write(self, out: &mut Buffer) {
        let totals = &self.totals;
        let tcp = totals.tcp.as_ref();
        object!(out, {
            "kind": Word("conversation"),
            "protocol": Word(totals.stream.protocol.name()),
            "stream": totals.stream.number,
            "client": totals.client,
            "server": totals.server,
            "roles_from": Word(totals.roles_from.name()),
            "first_frame": totals.first_frame,
            "last_frame": totals.last_frame,
            "start": totals.start,
            "duration": totals.duration,
            "packets": totals.packets,
            "bytes": totals.bytes,
            "payload": totals.payload,
            "isn": tcp.map(|_| Isns(totals.isns())),
            "handshake": tcp.map(|tcp| Word(tcp.handshake.name())),
            "close": tcp.map(|tcp| Word(tcp.close.name())),
            "closed_first": tcp.and_then(|tcp| tcp.closed_first).map(|direction| Word(direction.sender())),
            "analysis": tcp.map_or_else(AnalysisCounts::default, |tcp| tcp.analysis),
            "echo": totals.echo,
            "rtt": totals.rtt,
            "findings": self.findings(),
            "findings_count": self.findings_count(),
            "ledger": totals.ledger,
        });
    }
}

/// The initial sequence numbers of client and server.
struct Isns((Option<u32>, Option<u32>));

impl Json for Isns {
    fn write(self, out: &mut Buffer) {
        let Self((client, server)) = self;
        object!(out, { "client": client, "server": server });
    }
}

/// Flag to count, every flag.
impl Json for AnalysisCounts {
    fn write(self, out: &mut Buffer) {
        Map(self.iter().map(|(flag, count)| (flag.name(), count))).write(out);
    }
}

impl Json for EchoTotals {
    fn write(self, out: &mut Buffer) {
        object!(out, {
            "requests": self.requests,
            "matched": self.matched,
            "transformed": self.transformed,
            "unanswered": self.unanswered,
            "pending_bytes": self.pending_bytes,
        });
    }
}

impl Json for RttTotals {
    fn write(self, out: &mut Buffer) {
        object!(out, {
            "handshake": self.handshake,
            "min": self.min,
            "median": self.median,
            "max": self.max,
            "count": self.count,
        });
    }
}

/// The time of each kind of wait.
impl Json for Ledger {
    fn write(self, out: &mut Buffer) {
        Map(self.shares().map(|(wait, share)| (wait.name(), share.time))).write(out);
    }
}
