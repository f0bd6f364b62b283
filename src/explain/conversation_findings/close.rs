//! How the connection ended.

use super::times;
use crate::explain::describe::thousands;
use crate::explain::finding::{Finding, FindingCode as Code};
use crate::model::Direction;
use crate::track::{Close, ConversationTotals, Fins, Handshake, TcpTotals};

pub(super) fn of(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut Vec<Finding>) {
    half_close(tcp, found);
    match tcp.close {
        Close::Fin => orderly(tcp, found),
        Close::None if !tcp.story.unanswered_syn && tcp.handshake != Handshake::Refused => {
            open_end(totals, tcp, found);
        }
        Close::Half => {
            let fins = [tcp.story.fins.client_to_server, tcp.story.fins.server_to_client];
            let frames = fins.into_iter().flatten().map(|fin| fin.frame);
            let text = "Only one side's FIN was captured: the other direction was still open when the capture ended, or its FIN was not captured.";
            found.push(Finding::new(Code::NoClose, text, frames.chain([totals.last_frame])));
        }
        Close::Rst | Close::None => {}
    }
    abandoned(totals, tcp, found);
}

/// The first FIN and the second, with the side of the first.
fn in_order(tcp: &TcpTotals) -> Option<(Direction, Fins, Fins)> {
    let (client, server) = (tcp.story.fins.client_to_server?, tcp.story.fins.server_to_client?);
    Some(if client.frame < server.frame {
        (Direction::ClientToServer, client, server)
    } else {
        (Direction::ServerToClient, server, client)
    })
}

fn orderly(tcp: &TcpTotals, found: &mut Vec<Finding>) {
    let Some((side, first, second)) = in_order(tcp) else { return };
    let (who, peer) = (side.sender(), side.receiver());
    let frames = [first.frame, second.frame, first.acked_by.unwrap_or(0), second.acked_by.unwrap_or(0)];
    let (code, text) = if !second.acks_peer_fin {
        let text = format!(
            "Both sides sent a FIN before they saw the other's (frames {} and {}): a simultaneous close, and both sides go through CLOSING to TIME-WAIT (RFC 9293 §3.6).",
            first.frame, second.frame
        );
        (Code::SimultaneousClose, text)
    } else if first.acked_by == Some(second.frame) {
        let text = format!(
            "The {who} closed first (frame {}); the {peer}'s FIN in frame {} carried the ACK of it, so three segments were enough. The {who} holds TIME-WAIT (RFC 9293 §3.6).",
            first.frame, second.frame
        );
        (Code::CloseThree, text)
    } else {
        let text = format!(
            "The {who} closed first (frame {}); the {peer} acknowledged that on its own and closed later (frame {}): four segments. The {who} holds TIME-WAIT (RFC 9293 §3.6).",
            first.frame, second.frame
        );
        (Code::CloseFour, text)
    };
    found.push(Finding::new(code, text, frames));
}

fn half_close(tcp: &TcpTotals, found: &mut Vec<Finding>) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let Some((first, last, bytes)) = *tcp.story.after_fin.get(direction) else { continue };
        let Some(fin) = *tcp.story.fins.get(!direction) else { continue };
        let accepted = tcp.story.resets.get(!direction).is_none();
        if !accepted {
            continue;
        }
        let end = tcp.story.fins.get(direction).and_then(|end| end.at);
        let long = fin.at.zip(end).map_or_else(String::new, |(from, to)| format!(" for {}", to.minus(from).human()));
        let text = format!(
            "The {} closed its direction in frame {}, the {} went on sending{long}: {} bytes in frames {first} to {last} (half-close, RFC 9293 §3.6).",
            direction.receiver(),
            fin.frame,
            direction.sender(),
            thousands(bytes)
        );
        found.push(Finding::new(Code::HalfClose, text, [fin.frame, first, last]));
    }
}

fn open_end(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut Vec<Finding>) {
    let [.., ack] = tcp.story.handshake;
    let text = "No FIN and no RST was captured: the connection was still open when the capture ended, or its close was not captured.";
    found.push(Finding::new(Code::NoClose, text, [ack.unwrap_or(totals.first_frame), totals.last_frame]));
}

/// Data sent again and again, and never acknowledged.
fn abandoned(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut Vec<Finding>) {
    if tcp.close == Close::Fin {
        return;
    }
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let (unacked, repeats) = (*tcp.story.unacked_bytes.get(direction), tcp.story.repeats.get(direction));
        if unacked > 0
            && repeats.count > 0
            && *tcp.story.last_frame.get(direction) > *tcp.story.last_frame.get(!direction)
        {
            let text = format!(
                "The {}'s last {} never acknowledged in this capture, though sent again {}.",
                direction.sender(),
                match unacked {
                    1 => "sequence number was".to_owned(),
                    _ => format!("{} sequence numbers were", thousands(u64::from(unacked))),
                },
                times(repeats.count)
            );
            found.push(Finding::new(Code::Abandoned, text, repeats.frames.iter().copied().chain([totals.last_frame])));
        }
    }
}
