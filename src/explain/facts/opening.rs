//! How the connection was opened.

use super::Known;
use crate::explain::conversation_findings::handshake::{first_reset, never_opened, went_on};
use crate::model::Direction;
use crate::track::Handshake;

pub(super) fn handshake(known: &Known<'_>) -> Option<String> {
    let tcp = known.totals.tcp.as_ref()?;
    Some(match tcp.handshake {
        Handshake::Complete => match (known.totals.rtt.and_then(|rtt| rtt.handshake), tcp.story.opened_after) {
            (Some(time), _) => format!("complete, {} from the SYN to the ACK of the SYN-ACK", time.human()),
            (None, Some(time)) if tcp.story.simultaneous_open => {
                format!("complete, {} from the first SYN to the last ACK: both sides asked at once", time.human())
            }
            (None, Some(time)) => format!(
                "complete, {} from the first SYN to the ACK of the SYN-ACK: part of it was sent again",
                time.human()
            ),
            (None, None) if tcp.story.simultaneous_open => "complete: both sides asked at once".to_owned(),
            (None, None) => "complete".to_owned(),
        },
        Handshake::Partial if tcp.story.unanswered_syn && tcp.story.misfit.is_some() => {
            format!("the SYN got no answer that fits it{}", known.so_far())
        }
        Handshake::Partial if tcp.story.unanswered_syn => format!("the SYN was not answered{}", known.so_far()),
        Handshake::Partial if known.totals.may_go_on() => format!("not complete{}", known.so_far()),
        Handshake::Partial if never_opened(known.totals) => match (went_on(tcp), first_reset(tcp)) {
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

pub(super) fn options(known: &Known<'_>) -> Option<String> {
    let tcp = known.totals.tcp.as_ref()?;
    let (client, server) = (tcp.story.negotiated.client_to_server?, tcp.story.negotiated.server_to_client?);
    let mss = match (client.mss, server.mss) {
        (Some(client), Some(server)) if client == server => format!("MSS {client} both ways"),
        (Some(client), Some(server)) => format!("MSS {client} (client) and {server} (server)"),
        (None, None) => "no MSS from either side: 536 (IPv4) or 1220 (IPv6) is assumed (RFC 9293 §3.7.1)".to_owned(),
        _ => "no MSS from one side: 536 (IPv4) or 1220 (IPv6) is assumed (RFC 9293 §3.7.1)".to_owned(),
    };
    let agreed = |name: &str, both: bool| format!("{name} {}", if both { "agreed" } else { "not agreed" });
    let scale = match (client.window_scale, server.window_scale) {
        (Some(client), Some(server)) => {
            format!("windows scaled by {} (client) and {} (server)", 1_u32 << client, 1_u32 << server)
        }
        _ => "window scaling not agreed: at most 65,535 bytes in flight".to_owned(),
    };
    let ecn = match (client.ecn, server.ecn) {
        (true, true) => "; ECN agreed (RFC 3168 §6.1.1)",
        (true, false) => "; ECN asked for by the client, not agreed",
        (false, _) => "",
    };
    Some(format!(
        "{mss}; {scale}; {}; {}{ecn}",
        agreed("SACK", client.sack_permitted && server.sack_permitted),
        agreed("timestamps", client.timestamps && server.timestamps)
    ))
}
