//! The columns of the table of conversations (`--summary`).

use super::cell::{Cell, Tone};
use super::column::{Align, ConversationColumn, Room};
use super::view::View;
use crate::explain::Conversation;
use crate::model::FindingCode;
use crate::model::Severity;
use crate::model::{Nanos, PerDirection};
use crate::track::{AnalysisFlag, Close, Handshake, RttTotals, TcpTotals};

/// Every column that a table of conversations can have, in the order in which they stand.
pub static CONVERSATION_COLUMNS: &[ConversationColumn] = &[
    column("conversation", "stream", "its name for --conversation", Align::Left, Room::Tight, |c, _| {
        c.totals.stream.to_string().into()
    }),
    column("client", "client", "address and port of the client", Align::Left, Room::Tight, |c, _| {
        Cell::from(c.totals.client.to_string()).tone(Tone::Client)
    }),
    column("server", "server", "address and port of the server", Align::Left, Room::Tight, |c, _| {
        Cell::from(c.totals.server.to_string()).tone(Tone::Server)
    }),
    column("worst", "worst finding", "the most severe finding, and how often", Align::Left, Room::Tight, |c, _| {
        let Some((code, count)) = c.findings_count().worst().filter(|(code, _)| code.severity() > Severity::Note)
        else {
            return Cell::default();
        };
        let times = if count > 1 { format!(" {count}") } else { String::new() };
        Cell::from(format!("{code}{times}")).tone(Tone::Finding(code.severity()))
    }),
    column("stall", "stall", "longest time without a packet, in seconds", Align::Right, Room::Snug, |c, _| {
        c.totals.longest_stall.map(View::seconds).unwrap_or_default().into()
    }),
    column("start", "start", "when it began", Align::Left, Room::OnDemand, |c, view| {
        c.totals.start.map(|time| view.date(time)).unwrap_or_default().into()
    }),
    column("duration", "duration", "seconds from its first frame to its last", Align::Right, Room::Narrow, |c, _| {
        c.totals.duration.map(View::seconds).unwrap_or_default().into()
    }),
    column("packets", "packets", "packets both ways", Align::Right, Room::Narrow, |c, _| both(&c.totals.packets)),
    column("packets_out", "client's", "packets from the client", Align::Right, Room::OnDemand, |c, _| {
        c.totals.packets.client_to_server.to_string().into()
    }),
    column("packets_in", "server's", "packets from the server", Align::Right, Room::OnDemand, |c, _| {
        c.totals.packets.server_to_client.to_string().into()
    }),
    column("bytes", "bytes", "frame bytes on the wire both ways", Align::Right, Room::Narrow, |c, _| {
        both(&c.totals.bytes)
    }),
    column("retransmissions", "retr.", "retransmissions, by Wireshark's flag", Align::Right, Room::Ample, |c, _| {
        tcp(c, |tcp| some(tcp.analysis.get(AnalysisFlag::Retransmission)))
    }),
    column("resets", "RST", "segments with RST", Align::Right, Room::Ample, |c, _| some(c.totals.resets.into())),
    column("zero_windows", "win 0", "how often a window became zero", Align::Right, Room::Ample, |c, _| {
        tcp(c, |tcp| {
            let zero = &tcp.summary.rare().zero_window;
            some(zero.client_to_server.closings.count + zero.server_to_client.closings.count)
        })
    }),
    column(
        "response_time",
        "answer",
        "median response time of the server, in seconds",
        Align::Right,
        Room::Wide,
        |c, _| response_time(c, |times| times.median),
    ),
    column(
        "response_time_max",
        "answer max",
        "longest response time of the server, in seconds",
        Align::Right,
        Room::Wide,
        |c, _| response_time(c, |times| times.max),
    ),
    column("closed_first", "closed", "the side that closed first", Align::Left, Room::Wide, |c, _| {
        tcp(c, |tcp| tcp.closed_first.map(|side| side.sender()).unwrap_or_default().into())
    }),
    column("echo", "echo", "requests echoed, of all", Align::Right, Room::Wide, |c, _| {
        c.totals
            .echo
            .filter(|echo| echo.requests > 0)
            .map(|echo| format!("{}/{}", echo.answered(), echo.requests))
            .unwrap_or_default()
            .into()
    }),
    column("payload_out", "sent", "payload bytes from the client", Align::Right, Room::Wide, |c, _| {
        c.totals.payload.client_to_server.to_string().into()
    }),
    column("payload_in", "received", "payload bytes from the server", Align::Right, Room::Wide, |c, _| {
        c.totals.payload.server_to_client.to_string().into()
    }),
    column("handshake", "handshake", "how much of it was captured", Align::Left, Room::Wide, |c, _| {
        tcp(c, |tcp| match tcp.handshake {
            refused @ Handshake::Refused => Cell::from(refused.name()).tone(Tone::Reset),
            other => other.name().into(),
        })
    }),
    column("close", "close", "fin, rst, half or none", Align::Left, Room::Wide, |c, _| {
        tcp(c, |tcp| match tcp.close {
            reset @ Close::Rst => Cell::from(reset.name()).tone(Tone::Reset),
            other => other.name().into(),
        })
    }),
    column(
        "seen_from",
        "seen from",
        "where the capture was made: client, server, between or both",
        Align::Left,
        Room::OnDemand,
        |c, _| {
            c.totals
                .capture_point_evidence()
                .capture_point
                .map(|capture_point| capture_point.name())
                .unwrap_or_default()
                .into()
        },
    ),
    column(
        "rtt",
        "RTT",
        "median round trip in seconds, where it is known to be one",
        Align::Right,
        Room::OnDemand,
        |c, _| {
            c.totals
                .rtt
                .filter(|_| c.totals.capture_point_evidence().capture_point.is_some())
                .and_then(|rtt| rtt.median)
                .map(View::seconds)
                .unwrap_or_default()
                .into()
        },
    ),
    column(
        "findings",
        "findings",
        "finding codes of it and its steps, and how often",
        Align::Left,
        Room::OnDemand,
        |c, _| {
            let counts = c.findings_count();
            let name = |(code, count): (FindingCode, u64)| match count {
                1 => code.name().to_owned(),
                _ => format!("{code} {count}"),
            };
            let codes: Vec<_> = counts.iter().map(name).collect();
            Cell::from(codes.join(", ")).tone(counts.trouble().map_or(Tone::Plain, Tone::Finding))
        },
    ),
    VERDICT_COLUMN,
];

/// The verdict in a sentence; tables show it in the column or below the row.
pub(crate) const VERDICT_COLUMN: ConversationColumn = column(
    "verdict",
    "verdict",
    "the verdict in a sentence, with its first frames",
    Align::Left,
    Room::OnDemand,
    |c, _| {
        let verdict = c.verdict_of_counts();
        let text = verdict.lines.first().map(|line| line.text()).unwrap_or_default();
        Cell::from(text).tone(Tone::Finding(verdict.severity))
    },
);

/// The column before all others where several captures are shown as one.
pub(crate) static FILE_COLUMN: ConversationColumn =
    column("file", "file", "its capture's file", Align::Left, Room::Tight, |c, _| c.file().unwrap_or_default().into());

/// A count that says something.
fn some(count: u64) -> Cell {
    if count == 0 { Cell::default() } else { count.to_string().into() }
}

fn response_time(conversation: &Conversation, of: impl Fn(&RttTotals) -> Option<Nanos>) -> Cell {
    conversation.totals.response_times.as_ref().and_then(of).map(View::seconds).unwrap_or_default().into()
}

const fn column(
    name: &'static str,
    header: &'static str,
    about: &'static str,
    align: Align,
    room: Room,
    text: fn(&Conversation, &View) -> Cell,
) -> ConversationColumn {
    ConversationColumn { name, header, about, align, room, text, narrow: None }
}

fn both(counts: &PerDirection<u64>) -> Cell {
    counts.client_to_server.saturating_add(counts.server_to_client).to_string().into()
}

fn tcp(conversation: &Conversation, cell: impl FnOnce(&TcpTotals) -> Cell) -> Cell {
    conversation.totals.tcp.as_ref().map(cell).unwrap_or_default()
}
