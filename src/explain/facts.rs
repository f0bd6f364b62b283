//! The lines under a step table: what a report says of the conversation.

use super::describe::thousands;
use super::vantage;
use crate::model::{Direction, Nanos, counted};
use crate::track::{Close, ConversationTotals, Handshake, TcpTotals, Vantage};

/// One line under a step table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about: `handshake`, `close`, `echo` …
    pub label: &'static str,
    /// The sentence.
    pub text: String,
}

/// All lines of one conversation, in the order of its life.
pub(super) fn of(totals: &ConversationTotals) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut push = |label, text: Option<String>| facts.extend(text.map(|text| Fact { label, text }));
    push("Handshake", totals.tcp.as_ref().map(|tcp| handshake(totals, tcp)));
    push("Seen from", vantage::fact(totals));
    push("Options", totals.tcp.as_ref().and_then(options));
    push("Echo", Some(echo(totals)));
    if let Some((label, text)) = round_trips(totals) {
        push(label, Some(text));
    }
    push("Close", totals.tcp.as_ref().map(close));
    push("Traffic", Some(traffic(totals)));
    facts
}

fn handshake(totals: &ConversationTotals, tcp: &TcpTotals) -> String {
    match tcp.handshake {
        Handshake::Complete => match totals.rtt.and_then(|rtt| rtt.handshake) {
            Some(time) => {
                format!("complete, {} from the SYN to the ACK of the SYN-ACK", time.human())
            }
            None => "complete".to_owned(),
        },
        Handshake::Partial if tcp.story.unanswered_syn => "the SYN was not answered".to_owned(),
        Handshake::Partial => "only partly captured".to_owned(),
        Handshake::Absent => "not captured: the capture began later".to_owned(),
        Handshake::Refused => "refused: the SYN was answered by a RST".to_owned(),
    }
}

fn options(tcp: &TcpTotals) -> Option<String> {
    let (client, server) = (tcp.story.negotiated.client_to_server?, tcp.story.negotiated.server_to_client?);
    let mss = match (client.mss, server.mss) {
        (Some(client), Some(server)) if client == server => format!("MSS {client} both ways"),
        (Some(client), Some(server)) => format!("MSS {client} (client) and {server} (server)"),
        _ => "no MSS from one side: 536 (IPv4) or 1220 (IPv6) is assumed (RFC 9293 §3.7.1)".to_owned(),
    };
    let agreed = |name: &str, both: bool| format!("{name} {}", if both { "agreed" } else { "not agreed" });
    let scale = match (client.window_scale, server.window_scale) {
        (Some(client), Some(server)) => {
            format!("windows scaled by {} (client) and {} (server)", 1_u32 << client, 1_u32 << server)
        }
        _ => "window scaling not agreed: at most 65,535 bytes in flight".to_owned(),
    };
    Some(format!(
        "{mss}; {scale}; {}; {}",
        agreed("SACK", client.sack_permitted && server.sack_permitted),
        agreed("timestamps", client.timestamps && server.timestamps)
    ))
}

fn echo(totals: &ConversationTotals) -> String {
    let Some(echo) = &totals.echo else {
        return if totals.payload.client_to_server == 0 && totals.payload.server_to_client == 0 {
            "no data was sent".to_owned()
        } else if totals.payload.server_to_client == 0 {
            "nothing came back".to_owned()
        } else {
            "the answers are no echo of the requests".to_owned()
        };
    };
    let story = &totals.echo_story;
    let mut how = Vec::new();
    if echo.matched > 0 {
        how.push(format!("{} byte for byte", echo.matched));
    }
    for (count, what) in [
        (story.upper.count, "in upper case".to_owned()),
        (story.prefixed.count, format!("behind a prefix of {} bytes", story.prefix_len)),
    ] {
        if count > 0 {
            how.push(format!("{count} {what}"));
        }
    }
    if story.repeated.count > 0 {
        how.push(format!("up to {} times over", story.times));
    }
    let answered = echo.matched + echo.transformed;
    let open = match echo.unanswered {
        0 => String::new(),
        count => format!("; {count} unanswered ({} bytes)", thousands(echo.pending_bytes)),
    };
    format!("verified: {answered} of {} requests echoed ({}){open}", echo.requests, how.join(", "))
}

/// The samples; where the data was received, that there is no round trip to be seen.
fn round_trips(totals: &ConversationTotals) -> Option<(&'static str, String)> {
    let seen = totals.tcp.as_ref()?.story.standpoint.vantage;
    let whose = match seen {
        Some(Vantage::Client) => "client's data",
        Some(Vantage::Server) => "server's data",
        Some(Vantage::Between | Vantage::SameHost) | None => "data",
    };
    let Some((min, median, max, count)) = totals.rtt.and_then(|rtt| Some((rtt.min?, rtt.median?, rtt.max?, rtt.count)))
    else {
        return unseen_round_trips(totals, seen).map(|text| ("Round trip", text));
    };
    let samples = format!(
        "{whose} to ACK: least {}, median {}, most {}, over {}",
        min.human(),
        median.human(),
        max.human(),
        counted(count, "segment")
    );
    let place = vantage::seen_from(seen);
    Some(match seen {
        Some(Vantage::Between) => ("Round trip", format!("{samples}; {place}, so only to the receiver and back")),
        Some(_) => ("Round trip", format!("{samples}; {place}")),
        None => (
            "Data to ACK",
            format!(
                "{}; {place}: round trips only where it is the sender",
                samples.trim_start_matches("data to ACK: ")
            ),
        ),
    })
}

/// Why data gives no round trip: it is received where the capture was made.
fn unseen_round_trips(totals: &ConversationTotals, seen: Option<Vantage>) -> Option<String> {
    let sender = match seen? {
        Vantage::Client => Direction::ServerToClient,
        Vantage::Server => Direction::ClientToServer,
        Vantage::Between | Vantage::SameHost => return None,
    };
    let lone = *totals.payload.get(sender) > 0 && *totals.payload.get(!sender) == 0;
    lone.then(|| {
        format!(
            "can't be seen: only the {} sent data, and where data is received the time to its ACK leaves out the path",
            sender.sender()
        )
    })
}

fn close(tcp: &TcpTotals) -> String {
    let first = tcp.closed_first.map(Direction::sender);
    match (tcp.close, first) {
        (Close::Fin, Some(who)) => {
            let (client, server) = (tcp.story.fins.client_to_server, tcp.story.fins.server_to_client);
            let (one, other) = match tcp.closed_first {
                Some(Direction::ClientToServer) => (client, server),
                _ => (server, client),
            };
            let segments = match (one, other) {
                (Some(_), Some(other)) if !other.acks_peer_fin => "both at once",
                (Some(one), Some(other)) if one.acked_by == Some(other.frame) => "in three segments",
                _ => "in four segments",
            };
            format!("the {who} closed first, {segments}; it holds TIME-WAIT (not on the wire)")
        }
        (Close::Rst, Some(who)) => format!("ended by a reset; the {who} was first to close or reset"),
        (Close::Rst, None) => "ended by a reset".to_owned(),
        (Close::Half, Some(who)) => format!("only the {who} closed within the capture"),
        _ => "not captured".to_owned(),
    }
}

fn traffic(totals: &ConversationTotals) -> String {
    let way = |direction: Direction| {
        let packets = *totals.packets.get(direction);
        format!(
            "{} {} packet{} ({} bytes, {} of payload)",
            direction.sender(),
            thousands(packets),
            if packets == 1 { "" } else { "s" },
            thousands(*totals.bytes.get(direction)),
            thousands(*totals.payload.get(direction))
        )
    };
    let took = totals.duration.unwrap_or(Nanos(0)).human();
    format!("{}; {}; in {took}", way(Direction::ClientToServer), way(Direction::ServerToClient))
}
