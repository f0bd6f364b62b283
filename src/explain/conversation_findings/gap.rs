//! Bytes that never came, though later ones did, and sides that were not captured.

use crate::explain::describe::bytes;
use crate::model::{Direction, counted};
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{ConversationTotals, TcpTotals, UnfilledGap, View};

/// Sides whose bytes are acknowledged again and again, though the capture holds no packet of them.
pub(super) fn unseen(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut impl FindingSink) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let unseen = tcp.summary.rare().unseen.get(direction);
        // a single ACK has said so itself
        if unseen.acks.count < 2 {
            continue;
        }
        let (sender, receiver) = (direction.sender(), direction.receiver());
        let until = match totals.packets.get(direction) {
            0 => String::new(),
            _ => format!(" up to frame {}", unseen.last),
        };
        let text = format!(
            "The capture holds no packet of the {sender}{until}, but {} of the {receiver} acknowledge {} of it. They arrived: the capture missed them, and the network did not lose them. Candidates: the two directions take different paths, or a filter or tap passes one of them only.",
            counted(unseen.acks.count, "ACK"),
            bytes(unseen.bytes.try_into().unwrap_or(u32::MAX)),
        );
        found.push(Finding::new(Code::CaptureGap, text, unseen.acks.frames.iter().copied()));
    }
}

pub(super) fn of(tcp: &TcpTotals, found: &mut impl FindingSink) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let Some(UnfilledGap { bytes: count, shown_by, asked_by }) = *tcp.summary.rare().unfilled.get(direction) else {
            continue;
        };
        let (sender, receiver) = (direction.sender(), direction.receiver());
        let view = View::of(tcp.summary.capture_point_evidence.capture_point, direction);
        let lost = match view {
            View::Receiver => "they were lost on the path".to_owned(),
            _ => format!("the {receiver} has not received them"),
        };
        let text = format!(
            "{} of the {sender} are missing before frame {shown_by}, and no retransmission of them was captured. The {receiver}'s ACK in frame {asked_by} still expects them: {lost}.",
            bytes(count)
        );
        found.push(Finding::new(Code::GapNeverFilled, text, [shown_by, asked_by]));
    }
}
