//! The end of the connection.

use super::times;
use crate::explain::describe::{counted, thousands};
use crate::model::Direction;
use crate::model::thresholds::MIN_RTO;
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{Close, ConversationTotals, TcpTotals, Unacked, UnansweredRequest, close};

pub(super) fn of(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut impl FindingSink) {
    found.extend(close::after(tcp));
    close::report(totals, tcp, found);
    if !totals.never_opened() {
        unanswered(tcp, found);
        abandoned(totals, tcp, found);
    }
}

/// Data or a FIN that was retransmitted, and never acknowledged though its sender's timer had run out.
fn abandoned(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut impl FindingSink) {
    if tcp.close == Close::Fin || totals.may_go_on() {
        return;
    }
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let (unacked, retransmissions) =
            (tcp.summary.unacked.get(direction), tcp.summary.rare().retransmissions.get(direction));
        let last_word = *tcp.summary.last_frame.get(direction) > *tcp.summary.last_frame.get(!direction);
        if !gave_time(unacked) || tcp.summary.resets.get(!direction).is_some() || !last_word {
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
            times(u64::from(unacked.retransmissions)),
            unacked.tried.human()
        );
        // retransmissions before these were of bytes that arrived
        let (first, last) = unacked.frames;
        let again = retransmissions.frames.iter().copied().filter(|frame| *frame > first);
        found.push(Finding::new(
            Code::Abandoned,
            text,
            [first].into_iter().chain(again).chain([last, totals.last_frame]),
        ));
    }
}

/// Returns `true` if an answer had the time that the sender's own timer allows: the timer expired twice, or the time
/// after the last copy was as long as the time before it.
fn gave_time(unacked: &Unacked) -> bool {
    let timer = unacked.tried.max(MIN_RTO);
    unacked.retransmissions > 0 && (unacked.retransmissions > 1 && unacked.tried >= MIN_RTO || unacked.waited >= timer)
}

/// A request that the server acknowledged and did not answer.
fn unanswered(tcp: &TcpTotals, found: &mut impl FindingSink) {
    let Some(request) = tcp.summary.rare().unanswered else { return };
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
