//! How the connection was closed.

use super::Known;
use crate::explain::conversation_findings::handshake::{first_reset, never_opened, went_on};
use crate::model::Direction;
use crate::track::{Close, TcpTotals};

pub(super) fn close(known: &Known<'_>) -> Option<String> {
    let tcp = known.totals.tcp.as_ref()?;
    let first = tcp.closed_first.map(Direction::sender);
    Some(match (tcp.close, first) {
        (Close::Fin, Some(who)) => {
            let (client, server) = (tcp.story.fins.client_to_server, tcp.story.fins.server_to_client);
            let (one, other) = match tcp.closed_first {
                Some(Direction::ClientToServer) => (client, server),
                _ => (server, client),
            };
            if other.is_some_and(|other| !other.acks_peer_fin) {
                return Some(format!(
                    "both closed at once, the {who}'s FIN was captured first; both hold TIME-WAIT (not on the wire)"
                ));
            }
            let segments = match (one, other) {
                (Some(one), Some(other)) if one.acked_by == Some(other.frame) => "in three segments",
                _ => "in four segments",
            };
            format!("the {who} closed first, {segments}; it holds TIME-WAIT (not on the wire)")
        }
        (Close::Rst, Some(who)) => {
            let end = match first_reset(tcp).filter(|_| never_opened(known.totals)) {
                Some((reset, sender)) => {
                    format!("the {}'s RST in frame {reset} ended the connection before it was open", sender.sender())
                }
                None => format!("ended by a reset{}; the {who} was first to close or reset", cause(tcp)),
            };
            match went_on(tcp) {
                Some((who, since)) => format!(
                    "{end}; but the {who} went on in frame {since}, so most likely somebody else sent that in its name"
                ),
                None => end,
            }
        }
        (Close::Rst, None) => format!("ended by a reset{}", cause(tcp)),
        (Close::Half, Some(who)) => match known.totals.may_go_on() {
            true => format!("only the {who} closed{}", known.so_far()),
            false => format!("only the {who} closed within the capture"),
        },
        _ if known.totals.may_go_on() => format!("none{}", known.so_far()),
        _ if tcp.story.unanswered_syn || never_opened(known.totals) => {
            "none: the connection never opened in this capture".to_owned()
        }
        _ => "not captured".to_owned(),
    })
}

/// The cause of the first RST, in brackets.
fn cause(tcp: &TcpTotals) -> String {
    let label = first_reset(tcp).and_then(|(frame, sender)| Some((frame, (*tcp.story.reset_labels.get(sender))?)));
    label.map_or_else(String::new, |(frame, label)| format!(" (frame {frame}: {label})"))
}
