//! Facts about the transfer of data, for each side that sent enough of it.

use super::FactInput;
use crate::explain::answers::rate;
use crate::explain::transfer::{self, Flow};
use crate::model::{Direction, counted, thousands};
use crate::track::{CapturePoint, Measures};

/// Fewer bytes or segments are no transfer to speak of: their rates say nothing.
const MIN_BYTES: u64 = 5_000;
const MIN_SEGMENTS: u64 = 4;
/// The reason why the delivery of the data is unknown.
const NO_ACK: &str = "no ACK of new data of it is in the capture";
/// As many rounds are named.
const ROUNDS: usize = 8;

/// One side's data.
struct Sent<'a> {
    flow: &'a Flow,
    sender: Direction,
    capture_point: Option<CapturePoint>,
}

impl Sent<'_> {
    /// The meaning of the time from its data to the ACK.
    fn measures(&self) -> Measures {
        Measures::of(self.capture_point, self.sender)
    }

    /// Returns `true` if the capture shows the sender's bytes in flight.
    fn shows_flight(&self) -> bool {
        self.measures() == Measures::RoundTrip
    }
}

/// The text about each side that transferred something, behind its name.
fn per_sender(known: &FactInput<'_>, text: impl Fn(&Sent<'_>) -> Option<String>) -> Option<String> {
    let (flows, capture_point) = (known.transfer?.flows(), known.totals.capture_point_evidence().capture_point);
    let sides = [Direction::ClientToServer, Direction::ServerToClient].into_iter().filter_map(|sender| {
        let sent = Sent { flow: flows.get(sender), sender, capture_point };
        let enough = sent.flow.bytes + sent.flow.again >= MIN_BYTES && sent.flow.segments >= MIN_SEGMENTS;
        Some(format!("{}: {}", sender.sender(), text(&sent).filter(|_| enough)?))
    });
    Some(sides.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
}

pub(super) fn goodput(known: &FactInput<'_>) -> Option<String> {
    per_sender(known, |sent| {
        let Some(span) = sent.flow.span() else {
            let why =
                if sent.flow.last.is_some() { "its data and the ACKs have the same time, or none" } else { NO_ACK };
            return Some(format!("unknown: {why}"));
        };
        if sent.flow.acked_bytes < MIN_BYTES {
            return Some(format!("unknown: only {} were acknowledged", counted(sent.flow.acked_bytes, "byte")));
        }
        let unseen = match sent.flow.unseen {
            0 => String::new(),
            bytes => format!(", {} of them not in the capture", thousands(bytes)),
        };
        Some(format!(
            "{}: {} acknowledged in {}, from the first data to the last ACK{unseen}",
            rate(sent.flow.acked_bytes, span),
            counted(sent.flow.acked_bytes, "byte"),
            span.human()
        ))
    })
}

pub(super) fn again(known: &FactInput<'_>) -> Option<String> {
    per_sender(known, |Sent { flow, .. }| {
        let all = flow.bytes + flow.again;
        if flow.again == 0 {
            return Some(format!("none of {}", counted(all, "byte")));
        }
        let share = transfer::percent(flow.again as f64 * 100.0 / all as f64);
        Some(format!("{} of {} bytes ({share})", thousands(flow.again), thousands(all)))
    })
}

pub(super) fn in_flight(known: &FactInput<'_>) -> Option<String> {
    per_sender(known, |sent| {
        let max = counted(u64::from(sent.flow.most_in_flight), "byte");
        sent.shows_flight().then(|| format!("max {max}"))
    })
}

pub(super) fn idle(known: &FactInput<'_>) -> Option<String> {
    per_sender(known, |sent| sent.shows_flight().then(|| idle_time(sent.flow)))
}

fn idle_time(flow: &Flow) -> String {
    if flow.idle.0 == 0 {
        return "0 s".to_owned();
    }
    let share = flow.span().map_or_else(String::new, |span| {
        format!(
            " ({} of the time from the first data to the last ACK)",
            transfer::percent(flow.idle.0 as f64 * 100.0 / span.0 as f64)
        )
    });
    format!("{}{share}: all data was acknowledged and nothing was in flight", flow.idle.human())
}

pub(super) fn slow_start(known: &FactInput<'_>) -> Option<String> {
    per_sender(known, |sent| sent.shows_flight().then(|| rounds(sent.flow)).flatten())
}

/// The first rounds, where at least two of them grow as in slow start.
fn rounds(flow: &Flow) -> Option<String> {
    let mss = u64::from(flow.full());
    let grown = flow.rounds.growth(mss);
    if grown.exponential < 2 {
        return None;
    }
    let rounds = flow.rounds.first();
    // captured before the network card cuts it, or after it puts it together, a segment holds several
    let segments: Vec<_> = rounds.iter().take(ROUNDS).map(|round| round.bytes.div_ceil(mss).to_string()).collect();
    let more = if flow.rounds.count > segments.len() as u64 { ", …" } else { "" };
    Some(format!(
        "{}{more} segments a round trip: rounds {} to {} grow by half or more each",
        segments.join(", "),
        grown.first,
        grown.first + grown.exponential
    ))
}

pub(super) fn limit(known: &FactInput<'_>) -> Option<String> {
    per_sender(known, |sent| sent.flow.last.map(|_| transfer::limit(sent.flow, sent.sender, sent.capture_point)))
}
