//! The limit of a transfer: its program, the receiver's window or the network; or unknown.

use super::flow::Flow;
use crate::model::Direction;
use crate::track::{CapturePoint, Measures};

/// The share of the time, in percent, from which a cause is the limit.
const LIMITING_SHARE: f64 = 50.0;

/// The limit of the sender, with its evidence.
pub(in crate::explain) fn of(flow: &Flow, sender: Direction, capture_point: Option<CapturePoint>) -> String {
    let (who, peer) = (sender.sender(), sender.receiver());
    let spent = &flow.spent;
    let share = |part: i64| percent(spent.percent(part));
    if flow.knows_window() && spent.percent(spent.window) >= LIMITING_SHARE {
        return format!(
            "the {peer}'s window: {} of the time it had no room for another full segment",
            share(spent.window)
        );
    }
    match Measures::of(capture_point, sender) {
        Measures::RoundTrip => {}
        Measures::Delay => return format!("unknown: a capture at the {peer} does not show what the {who} waited for"),
        Measures::Part => return format!("unknown: only a capture at the {who} shows what the {who} waited for"),
        Measures::Unknown => {
            return format!("unknown: only a capture at the {who} shows it, and the capture point is unknown");
        }
    }
    let network = spent.repair.saturating_add(spent.network).saturating_sub(spent.held);
    let program = share(spent.program);
    match () {
        () if flow.rounds.count <= 1 && flow.again == 0 => {
            format!("nothing: the {who} sent all data before the first ACK")
        }
        () if spent.percent(spent.program) >= LIMITING_SHARE => {
            format!("the application (or pacing): {program} of the time the {who} could have sent and did not")
        }
        () if spent.percent(spent.held) >= LIMITING_SHARE => format!(
            "delayed ACKs or Nagle's algorithm: {} of the time Nagle's algorithm held the {who}'s data back, or the {peer} delayed its ACK",
            share(spent.held)
        ),
        () if spent.percent(network) >= LIMITING_SHARE => network_of(flow, who),
        () if spent.percent(spent.unclear) >= LIMITING_SHARE || spent.sum() == 0 => {
            format!("unknown: the {who}'s waits were too short to show what ended them")
        }
        () => format!(
            "no single cause: the application (or pacing) {program} of the time, the {peer}'s window {}, the network {}{}",
            share(spent.window),
            share(network),
            if spent.held > 0 {
                format!(", delayed ACKs or Nagle's algorithm {}", share(spent.held))
            } else {
                String::new()
            }
        ),
    }
}

/// The network's share, in losses and in waits for ACKs.
fn network_of(flow: &Flow, who: &str) -> String {
    let spent = &flow.spent;
    let repaired = if flow.all_spurious() {
        "passed until bytes that were not lost were retransmitted and acknowledged"
    } else {
        "was loss recovery (until retransmitted bytes were acknowledged)"
    };
    let repairs = format!("{} of the time {repaired}", percent(spent.percent(spent.repair)));
    let waits = format!(
        "{} of the time the {who} waited for ACKs with room left in the window, held back by its congestion window (or by pacing, Nagle's algorithm or its send buffer)",
        percent(spent.percent(spent.network.saturating_sub(spent.held)))
    );
    match (spent.repair, spent.network.saturating_sub(spent.held)) {
        (0, _) => format!("the network: {waits}"),
        (_, 0) => format!("the network: {repairs}"),
        (repair, network) if repair >= network => format!("the network: {repairs}; {waits}"),
        _ => format!("the network: {waits}; {repairs}"),
    }
}

/// Percent with two significant digits: `0.42%`, `7.1%`, `83%`.
pub(in crate::explain) fn percent(value: f64) -> String {
    if value > 0.0 && value < 0.005 {
        return "less than 0.01%".to_owned();
    }
    let decimals = match value {
        value if value == 0.0 || value >= 9.95 => 0,
        value if value >= 0.995 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_has_two_digits() {
        let per_sender = [0.0, 0.001, 0.42, 0.996, 7.14, 9.96, 83.4, 100.0].map(percent);
        assert_eq!(per_sender, ["0%", "less than 0.01%", "0.42%", "1.0%", "7.1%", "10%", "83%", "100%"]);
    }
}
