//! Bytes that never came, though later ones did.

use crate::explain::describe::bytes;
use crate::model::Direction;
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{TcpTotals, UnfilledGap, View};

pub(super) fn of(tcp: &TcpTotals, found: &mut impl FindingSink) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let Some(UnfilledGap { bytes: count, shown_by, asked_by }) = *tcp.story.unfilled.get(direction) else {
            continue;
        };
        let (sender, receiver) = (direction.sender(), direction.receiver());
        let view = View::of(tcp.story.capture_point_evidence.capture_point, direction);
        let lost = match view {
            View::Receiver => format!("they were lost before they reached the {receiver}"),
            _ => format!("the {receiver} has not received them"),
        };
        let text = format!(
            "{} of the {sender} are missing before frame {shown_by}, and no retransmission of them was captured. The {receiver}'s ACK in frame {asked_by} still asks for them: {lost}.",
            bytes(count)
        );
        found.push(Finding::new(Code::GapNeverFilled, text, [shown_by, asked_by]));
    }
}
