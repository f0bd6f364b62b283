//! How the connection ended.

use super::handshake::never_opened;
use super::times;
use crate::explain::describe::{counted, frames, thousands};
use crate::model::Direction;
use crate::model::thresholds::MIN_RTO;
use crate::model::{Finding, FindingCode as Code};
use crate::track::{AfterFin, Close, ConversationTotals, Fins, Handshake, TcpTotals, Unacked, UnansweredRequest};

pub(super) fn of(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut Vec<Finding>) {
    half_close(tcp, found);
    ignored(tcp, found);
    match tcp.close {
        Close::Fin => orderly(tcp, found),
        // a reset that came when all was over, for an old copy of a packet
        Close::Rst if was_over(tcp) => orderly(tcp, found),
        Close::None if tcp.story.unanswered_syn || tcp.handshake == Handshake::Refused || never_opened(totals) => {}
        Close::None => open_end(totals, tcp, found),
        Close::Half => {
            let fins = [tcp.story.fins.client_to_server, tcp.story.fins.server_to_client];
            let frames = fins.into_iter().flatten().map(|fin| fin.frame);
            let text = match totals.may_go_on() {
                false => {
                    "Only one side's FIN was captured: the other direction was still open when the capture ended, or its FIN was not captured."
                }
                true => "Only one side's FIN was read, and the capture was not read to its end.",
            };
            found.push(Finding::new(Code::NoClose, text, frames.chain([totals.last_frame])));
        }
        Close::Rst => {}
    }
    if !never_opened(totals) {
        unanswered(tcp, found);
        abandoned(totals, tcp, found);
    }
}

/// Whether both FINs were acknowledged before the first reset.
fn was_over(tcp: &TcpTotals) -> bool {
    let resets = [tcp.story.resets.client_to_server, tcp.story.resets.server_to_client];
    let first = resets.into_iter().flatten().min().unwrap_or(0);
    let fins = [tcp.story.fins.client_to_server, tcp.story.fins.server_to_client];
    fins.into_iter().all(|fin| fin.and_then(|fin| fin.acked_by).is_some_and(|acked| acked < first))
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
            "Both sides sent a FIN before they received the other's (frames {} and {}): simultaneous close. Both go through CLOSING to TIME-WAIT (RFC 9293 §3.6).",
            first.frame, second.frame
        );
        (Code::SimultaneousClose, text)
    } else if first.acked_by == Some(second.frame) {
        let text = format!(
            "The {who} closed first (frame {}); the {peer}'s FIN in frame {} carried the ACK of it, so three segments closed the connection. The {who} holds TIME-WAIT (RFC 9293 §3.6).",
            first.frame, second.frame
        );
        (Code::CloseThree, text)
    } else {
        let text = format!(
            "The {who} closed first (frame {}); the {peer} acknowledged that{} and closed later (frame {}). Each FIN has its own ACK: four segments. The {who} holds TIME-WAIT (RFC 9293 §3.6).",
            first.frame,
            first.acked_by.map_or_else(String::new, |by| format!(" in frame {by}")),
            second.frame
        );
        (Code::CloseFour, text)
    };
    found.push(Finding::new(code, text, frames));
}

fn half_close(tcp: &TcpTotals, found: &mut Vec<Finding>) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let Some(AfterFin { first, last, bytes, until }) = *tcp.story.after_fin.get(direction) else { continue };
        let Some(fin) = *tcp.story.fins.get(!direction) else { continue };
        let accepted = tcp.story.resets.get(!direction).is_none();
        if !accepted {
            continue;
        }
        let long = fin.at.zip(until).map_or_else(String::new, |(from, to)| format!(" for {}", to.minus(from).human()));
        let text = format!(
            "The {} closed its direction in frame {}, the {} went on sending{long}: {} in {} (half-close, RFC 9293 §3.6).",
            direction.receiver(),
            fin.frame,
            direction.sender(),
            counted(bytes, "byte"),
            frames((first, last))
        );
        found.push(Finding::new(Code::HalfClose, text, [fin.frame, first, last]));
    }
}

/// A reset that ended nothing, as what came after it shows. One at a wrong number has said so itself.
fn ignored(tcp: &TcpTotals, found: &mut Vec<Finding>) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let Some([reset, since, ack]) = *tcp.story.ignored_resets.get(direction) else { continue };
        let shows = match (since, ack) {
            (_, 0) => continue,
            (0, _) if tcp.story.resets.get(direction).is_some() => continue,
            (0, ack) => format!("the challenge ACK in frame {ack} answered it, and no RST answered that"),
            (since, ack) => format!("frame {since} was sent after it, and frame {ack} acknowledges that"),
        };
        let text = format!(
            "The {}'s RST in frame {reset} ended nothing: {shows}. Its number was not the one expected (RFC 5961 §3.2), or it did not arrive.",
            direction.sender()
        );
        found.push(Finding::new(Code::ResetIgnored, text, [reset, since, ack]));
    }
}

fn open_end(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut Vec<Finding>) {
    let [.., ack] = tcp.story.handshake;
    let [client, server] = [tcp.story.ignored_resets.client_to_server, tcp.story.ignored_resets.server_to_client];
    if let Some(syn) = tcp.story.superseded_by {
        let text = format!(
            "No FIN and no RST of this connection is in its stream. The SYN in frame {syn} on the same ports began another stream: any later packets of this connection are counted there."
        );
        found.push(Finding::new(Code::NoClose, text, [ack.unwrap_or(totals.first_frame), totals.last_frame, syn]));
        return;
    }
    let text = match totals.may_go_on() {
        false if client.or(server).is_some() => {
            "No FIN was captured, and no RST that ended it: the connection was still open when the capture ended, or its close was not captured."
        }
        false => {
            "No FIN and no RST was captured: the connection was still open when the capture ended, or its close was not captured."
        }
        true => "No FIN and no RST was read, and the capture was not read to its end.",
    };
    found.push(Finding::new(Code::NoClose, text, [ack.unwrap_or(totals.first_frame), totals.last_frame]));
}

/// Data or a FIN that was retransmitted, and never acknowledged though its sender's timer had run out.
fn abandoned(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut Vec<Finding>) {
    if tcp.close == Close::Fin || totals.may_go_on() {
        return;
    }
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let (unacked, repeats) = (tcp.story.unacked.get(direction), tcp.story.repeats.get(direction));
        let last_word = *tcp.story.last_frame.get(direction) > *tcp.story.last_frame.get(!direction);
        if !gave_time(unacked) || tcp.story.resets.get(!direction).is_some() || !last_word {
            continue;
        }
        let what = match (unacked.bytes, unacked.fin) {
            (0, false) => continue,
            (0, true) => "FIN was".to_owned(),
            (1, false) => "last byte was".to_owned(),
            (count, false) => format!("last {} bytes were", thousands(u64::from(count))),
            (1, true) => "last byte and its FIN were".to_owned(),
            (count, true) => format!("last {} bytes and its FIN were", thousands(u64::from(count))),
        };
        let text = format!(
            "The {}'s {what} never acknowledged in this capture, though retransmitted {} over {}.",
            direction.sender(),
            times(u64::from(unacked.repeats)),
            unacked.tried.human()
        );
        // retransmissions before these were of bytes that arrived
        let (first, last) = unacked.frames;
        let again = repeats.frames.iter().copied().filter(|frame| *frame > first);
        found.push(Finding::new(
            Code::Abandoned,
            text,
            [first].into_iter().chain(again).chain([last, totals.last_frame]),
        ));
    }
}

/// Whether an answer had the time that the sender's own timer allows: the timer ran out twice, or after the last copy as
/// much time passed as before it.
fn gave_time(unacked: &Unacked) -> bool {
    let timer = unacked.tried.max(MIN_RTO);
    unacked.repeats > 0 && (unacked.repeats > 1 && unacked.tried >= MIN_RTO || unacked.waited >= timer)
}

/// A request that the server acknowledged and did not answer.
fn unanswered(tcp: &TcpTotals, found: &mut Vec<Finding>) {
    let Some(request) = tcp.story.unanswered else { return };
    // a RST that ended nothing leaves the request open
    if tcp.close == Close::None {
        return;
    }
    let UnansweredRequest { request: frame, bytes, acked_by, closed_in, waited, .. } = request;
    let how = if request.reset { "reset the connection" } else { "closed" };
    let (data, them) = match bytes {
        1 => ("byte".to_owned(), "it"),
        _ => (counted(u64::from(bytes), "byte"), "them"),
    };
    let waited = waited.human();
    let text = match request.closed_by {
        Direction::ServerToClient => format!(
            "The client's last {data}, up to frame {frame}, got no answer: the server acknowledged {them} (frame {acked_by}) and {how} {waited} later (frame {closed_in}) without sending a byte."
        ),
        Direction::ClientToServer => format!(
            "The server acknowledged the client's last {data}, up to frame {frame} (in frame {acked_by}), but no answer was captured in {waited}. Then the client {how} (frame {closed_in})."
        ),
    };
    found.push(Finding::new(Code::UnansweredRequest, text, [frame, acked_by.get(), closed_in]));
}
