//! The sentences under a ladder.

use super::position::OneWayDelay;
use super::trail::Trail;
use super::{DeliveryStatus, Ladder, Row};
use crate::report::words::{count, counted};
use crate::track::State;
use crate::track::{CapturePoint, ConversationTotals};

/// The notes below a ladder: inferred states, losses, folded rows.
pub(super) fn of(ladder: &Ladder, trail: &Trail) -> Vec<String> {
    let mut notes = Vec::new();
    let lifelines = [&ladder.lifelines.client_to_server, &ladder.lifelines.server_to_client];
    if lifelines.iter().any(|lifeline| !lifeline.changes.is_empty()) {
        notes.push("States are inferred from the segments (RFC 9293 §3.3.2): they are not on the wire.".to_owned());
    }
    let waits: Vec<_> =
        lifelines.iter().filter(|line| line.changes.iter().any(|c| c.state == State::TimeWait)).collect();
    match waits.as_slice() {
        [] => {}
        [end] => notes.push(format!(
            "The {}'s TIME-WAIT ends after two segment lifetimes without a packet (RFC 9293 §3.6.1).",
            end.role
        )),
        _ => notes.push(
            "TIME-WAIT of both ends is over after two segment lifetimes without a packet (RFC 9293 §3.6.1).".to_owned(),
        ),
    }
    notes.extend(delivery_notes(ladder));
    let folded = ladder.folded();
    if folded > 0 {
        notes.push(format!(
            "{} of {} are folded (--format ladder --limit 0 shows all). {}",
            counted(folded, "step"),
            count(trail.steps()),
            match ladder.rows.iter().any(|row| matches!(row, Row::Fold(fold) if fold.notable > 0)) {
                false => "None of them opens, closes or resets the connection, is a retransmission, or has a warning.",
                true =>
                    "Some retransmissions or steps with a warning are among them, since there are too many to show.",
            }
        ));
    }
    notes
}

/// The note about slanted or level arrows, and about the order of events at the far endpoint.
pub(super) fn slant(totals: &ConversationTotals, one_way: Option<OneWayDelay>, in_order: bool) -> String {
    let same_host = totals
        .tcp
        .as_ref()
        .is_some_and(|tcp| tcp.summary.capture_point_evidence.capture_point == Some(CapturePoint::SameHost));
    match one_way {
        Some(one_way) => format!(
            "Arrows are slanted by the one-way time, taken as half of the handshake's round trip: {}. Time is stretched so that every step has its line{}.",
            one_way.time.human(),
            if in_order {
                ""
            } else {
                "; in bursts arrows would be too steep to read, so that the far end may answer later here than it did"
            }
        ),
        None if same_host => {
            "Arrows are level: both ends are on the capturing host, where a packet takes no time.".to_owned()
        }
        None => "Arrows are level: the capture does not tell the one-way time.".to_owned(),
    }
}

fn delivery_notes(ladder: &Ladder) -> Vec<String> {
    let has = |delivery: fn(DeliveryStatus) -> bool| {
        ladder.rows.iter().filter_map(Row::arrow).any(|arrow| delivery(arrow.delivery))
    };
    let mut notes = Vec::new();
    if has(|delivery| matches!(delivery, DeliveryStatus::Lost(_))) {
        notes.push("An arrow that ends short in a cross was lost: the receiver reported the gap.".to_owned());
    }
    if has(|delivery| matches!(delivery, DeliveryStatus::LostOnWire(_))) {
        notes.push("An arrow that ends short in a cross was lost: the lab's link dropped it.".to_owned());
    }
    if has(|delivery| matches!(delivery, DeliveryStatus::Unanswered(_))) {
        notes.push(
            "An arrow that ends in a question mark was retransmitted when no ACK came: it or its ACK was lost."
                .to_owned(),
        );
    }
    notes
}
