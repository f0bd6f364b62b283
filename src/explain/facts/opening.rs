//! Facts about the opening of the connection.

use super::FactInput;
use crate::explain::conversation_findings::handshake::refused_by_challenge;
use crate::model::{Direction, Endpoint, Unknown};
use crate::track::{Ecn, Handshake, Negotiated, TcpTotals};

pub(super) fn handshake(known: &FactInput<'_>) -> Option<String> {
    let tcp = known.totals.tcp.as_ref()?;
    Some(match tcp.handshake {
        Handshake::Complete => match (known.totals.rtt.and_then(|rtt| rtt.handshake), tcp.summary.opened_after) {
            (_, Some(time)) if tcp.summary.simultaneous_open => {
                format!("complete, {} from the first SYN to the last ACK: simultaneous open", time.human())
            }
            (Some(time), _) if tcp.summary.opened_by_data => format!(
                "complete, {} from the SYN to the client's first data: no bare ACK of the SYN-ACK was captured",
                time.human()
            ),
            (Some(time), _) => format!("complete, {} from the SYN to the ACK of the SYN-ACK", time.human()),
            (None, Some(time)) => {
                format!("complete, {} from the first SYN to the ACK of the SYN-ACK, with retransmissions", time.human())
            }
            (None, None) if tcp.summary.simultaneous_open => "complete: simultaneous open".to_owned(),
            (None, None) => "complete".to_owned(),
        },
        Handshake::Partial if refused_by_challenge(tcp).is_some() => {
            "refused by a challenge ACK: the older connection on these ports goes on".to_owned()
        }
        Handshake::Partial if tcp.summary.unanswered_syn && tcp.summary.rare().wrong_handshake_ack.is_some() => {
            format!("the SYN got no answer that fits it{}", known.so_far())
        }
        Handshake::Partial if tcp.summary.unanswered_syn => format!("the SYN was not answered{}", known.so_far()),
        Handshake::Partial if known.totals.may_go_on() => format!("not complete{}", known.so_far()),
        Handshake::Partial if known.totals.never_opened() => match (tcp.continued_after_reset(), tcp.first_reset()) {
            (Some((who, _)), _) => format!("never completed: a RST in the {who}'s name ended it"),
            (None, Some((_, Direction::ServerToClient))) => "never completed: the server ended it with RST".to_owned(),
            (None, Some((_, Direction::ClientToServer))) => {
                "never completed: the client answered the SYN-ACK with RST".to_owned()
            }
            (None, None) => "never completed: no ACK of the SYN-ACK is in the capture".to_owned(),
        },
        Handshake::Partial => "only partly captured".to_owned(),
        Handshake::Absent => "not captured: the capture began later".to_owned(),
        Handshake::Refused => "refused: the SYN was answered by a RST".to_owned(),
    })
}

pub(super) fn options(known: &FactInput<'_>) -> Option<String> {
    let tcp = known.totals.tcp.as_ref()?;
    let (client, server) = (tcp.summary.negotiated.client_to_server?, tcp.summary.negotiated.server_to_client?);
    if known.totals.unknown.contains(Unknown::OPTIONS) {
        return Some("the text does not show all options: which are negotiated is unknown".to_owned());
    }
    let mss = match (client.mss, server.mss) {
        (Some(client), Some(server)) if client == server => format!("MSS {client} both ways"),
        (Some(client), Some(server)) => format!("MSS {client} (client) and {server} (server)"),
        (client, server) => {
            let one = if client.or(server).is_some() { "one" } else { "either" };
            let assumed = assumed_mss(&known.totals.server);
            format!("no MSS from {one} side: {assumed} is assumed (RFC 9293 §3.7.1)")
        }
    };
    let negotiated = |name: &str, both: bool| format!("{name} {}", if both { "negotiated" } else { "not negotiated" });
    let scale = match (client.window_scale, server.window_scale) {
        (Some(client), Some(server)) => {
            format!("windows scaled by {} (client) and {} (server)", 1_u32 << client, 1_u32 << server)
        }
        _ => "window scaling not negotiated: at most 65,535 bytes in flight".to_owned(),
    };
    let others = others(tcp);
    let parts = [
        Some(mss),
        Some(scale),
        Some(negotiated("SACK", client.sack_permitted && server.sack_permitted)),
        Some(negotiated("timestamps", client.timestamps && server.timestamps)),
        ecn(tcp.summary.ecn).map(str::to_owned),
        others,
        missing_options_note(&client, &server),
    ];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

/// The MSS that a side without the option is assumed to accept, in bytes (RFC 9293 §3.7.1).
pub(in crate::explain) fn assumed_mss(of: &Endpoint) -> &'static str {
    if of.address.to_canonical().is_ipv4() { "536" } else { "1,220" }
}

/// The result of the negotiation of ECN; `None` where it was not offered.
pub(in crate::explain) fn ecn(agreed: Ecn) -> Option<&'static str> {
    Some(match agreed {
        Ecn::Unknown | Ecn::NotOffered => return None,
        Ecn::Refused { accurate: true } => "Accurate ECN offered by the client, no ECN negotiated",
        Ecn::Refused { accurate: false } => "ECN offered by the client, not negotiated",
        Ecn::Classic { accurate: true } => {
            "Accurate ECN offered by the client, classic ECN negotiated (RFC 3168 §6.1.1)"
        }
        Ecn::Classic { accurate: false } => "ECN negotiated (RFC 3168 §6.1.1)",
        Ecn::Accurate => "Accurate ECN negotiated (RFC 9768 §3.1)",
    })
}

/// The options beside the usual ones, by name.
fn others(tcp: &TcpTotals) -> Option<String> {
    let (client, server) = (&tcp.summary.rare().options.client_to_server, &tcp.summary.rare().options.server_to_client);
    let mut both = *client;
    both.merge(server);
    let name = |kind: u8| {
        let by = match (client.contains(kind), server.contains(kind)) {
            (true, true) => "by both sides",
            (true, false) => "by the client",
            (false, _) => "by the server",
        };
        format!("{} {by}", both.name(kind))
    };
    let names: Vec<_> = both.iter().map(name).collect();
    (!names.is_empty()).then(|| format!("also used: {}", names.join(", ")))
}

/// The reason why a SYN-ACK may have none of the options that the SYN offers.
fn missing_options_note(client: &Negotiated, server: &Negotiated) -> Option<String> {
    let several =
        u8::from(client.window_scale.is_some()) + u8::from(client.sack_permitted) + u8::from(client.timestamps);
    let none = server.window_scale.is_none() && !server.sack_permitted && !server.timestamps;
    (several >= 2 && none).then(|| {
        "the server's SYN-ACK has none of the client's options: either it lacks them, or it answers with a SYN cookie (RFC 4987 §3.6), or a middlebox removed them".to_owned()
    })
}
