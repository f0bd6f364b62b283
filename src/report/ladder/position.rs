//! Positions of the ends of arrows, in rows.
//!
//! A frame was captured at one moment, which is when it left one end, or reached the other, or passed between. The
//! other moment lies half a round trip away. Rows stand in the order of the capture, one a frame, so time on the paper
//! is stretched and squeezed between them; the other moment is put where it belongs between the rows around it. Then
//! arrows cross where the packets did.

use std::ops::Range;

use super::Row;
use crate::model::{Direction, Nanos};
use crate::track::{CapturePoint, ConversationTotals};

/// A slant that can be seen, and that still ends before the next row's arrow begins.
const MIN_SLANT: f32 = 0.28;
/// As steep as an arrow gets, unless the order of what happens at its end asks for more.
const MAX_SLANT: f32 = 2.5;
/// An arrow that stood across a fold would be drawn through time that has no axis.
const SLANT_AT_FOLD: f32 = 0.5;
/// Between two events on a lifeline: room for a label.
const MIN_GAP: f32 = 0.38;
/// Half a round trip is an estimate: a part of it this small may as well be nothing.
const ESTIMATE_SLACK: i64 = 20;
/// Number of rows in which an acknowledged segment is looked for.
const ACK_LOOK_BACK: usize = 48;
/// A departure that was captured so many rows after another segment, and that left before that one arrived, is drawn
/// before its arrival; more rows would make both arrows too steep to read.
const MAX_CROSSED_ROWS: usize = 16;

/// The one-way delay of a packet, and the share of it before the capture point for the client's packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct OneWayDelay {
    pub(super) time: Nanos,
    pub(super) before_capture: f64,
}

impl OneWayDelay {
    /// Half of the handshake's round trip; `None` where it can't be told or makes no difference.
    pub(super) fn of(totals: &ConversationTotals) -> Option<Self> {
        let round_trip = totals.rtt?.handshake?;
        let before_capture = match totals.tcp.as_ref()?.summary.capture_point_evidence.capture_point? {
            CapturePoint::Client => 0.0,
            CapturePoint::Between => 0.5,
            CapturePoint::Server => 1.0,
            CapturePoint::SameHost => return None,
        };
        Some(Self { time: Nanos(round_trip.0 / 2), before_capture })
    }

    /// Times from sending to capture and from capture to arrival.
    fn around(self, direction: Direction) -> (Nanos, Nanos) {
        let share = match direction {
            Direction::ClientToServer => self.before_capture,
            Direction::ServerToClient => 1.0 - self.before_capture,
        };
        let before = (self.time.0 as f64 * share) as i64;
        (Nanos(before), Nanos(self.time.0 - before))
    }
}

/// Slants the arrows by the one-way time; tells whether all that happened at the far ends stands in its order.
///
/// `acks` says of two rows whether the second acknowledges the first: half a round trip is an estimate, and may be a
/// little too long.
pub(super) fn slant(rows: &mut [Row], one_way: OneWayDelay, acks: impl Fn(usize, usize) -> bool) -> bool {
    let axis = Axis::of(rows);
    let mut in_order = true;
    for end in [Direction::ClientToServer, Direction::ServerToClient] {
        let (before, after) = (one_way.around(end).0, one_way.around(!end).1);
        if before.0 == 0 {
            // captured here: each row is where it happened
            continue;
        }
        for section in sections(rows) {
            let lifeline =
                FarLifeline { end, before, after, slack: one_way.time.0 / ESTIMATE_SLACK, axis: &axis, rows, section };
            let (events, kept) = lifeline.events(&acks);
            in_order &= kept;
            for (row, departs, at) in spread(&events) {
                let Some(arrow) = rows.get_mut(row).and_then(Row::arrow_mut) else { continue };
                if departs {
                    arrow.from = at;
                } else {
                    arrow.to = at;
                }
            }
        }
    }
    in_order
}

/// The rows between folds.
fn sections(rows: &[Row]) -> Vec<Range<usize>> {
    let folds = rows.iter().enumerate().filter(|(_, row)| row.arrow().is_none()).map(|(index, _)| index);
    let mut from = 0;
    let mut sections = Vec::new();
    for fold in folds.chain([rows.len()]) {
        sections.push(from..fold);
        from = fold + 1;
    }
    sections
}

/// An event on a far lifeline: where it would stand by its time, and where it may.
#[derive(Clone, Copy, Debug)]
struct Event {
    row: usize,
    departs: bool,
    wanted: f32,
    lowest: f32,
    highest: f32,
}

/// Rows between two folds, as the end sees them that is not where the capture was made.
struct FarLifeline<'a> {
    /// The end that sends this way.
    end: Direction,
    /// From its sending to the capture, and from the capture to its receiving.
    before: Nanos,
    after: Nanos,
    /// Nanoseconds that say nothing of the order: an answer follows what it answers.
    slack: i64,
    axis: &'a Axis,
    rows: &'a [Row],
    section: Range<usize>,
}

impl FarLifeline<'_> {
    /// Departures and arrivals in the order in which they happened, and whether that could be kept.
    fn events(&self, acks: &impl Fn(usize, usize) -> bool) -> (Vec<Event>, bool) {
        let of = |direction| {
            let is =
                move |row: &usize| self.rows.get(*row).and_then(Row::arrow).is_some_and(|a| a.direction == direction);
            self.section.clone().filter(is).peekable()
        };
        let (mut departures, mut arrivals) = (of(self.end), of(!self.end));
        let mut events = Vec::with_capacity(self.section.len());
        let mut kept = true;
        loop {
            let departs = match (departures.peek(), arrivals.peek()) {
                (Some(&sent), Some(&came)) => {
                    let first = self.left_at(sent).0 < self.came_at(came).0 - self.slack
                        && !(came.max(sent.saturating_sub(ACK_LOOK_BACK))..sent).any(|cause| acks(cause, sent));
                    let steep = sent.saturating_sub(came) > MAX_CROSSED_ROWS;
                    kept &= !(first && steep);
                    first && !steep
                }
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => return (events, kept),
            };
            let next = if departs { departures.next() } else { arrivals.next() };
            events.extend(next.map(|row| self.event(row, departs)));
        }
    }

    fn left_at(&self, row: usize) -> Nanos {
        self.axis.time(row).minus(self.before)
    }

    fn came_at(&self, row: usize) -> Nanos {
        self.axis.time(row).plus(self.after)
    }

    fn event(&self, row: usize, departs: bool) -> Event {
        let here = row as f32;
        let (first, end) = (self.section.start as f32, self.section.end as f32 - 1.0);
        if departs {
            let lowest = first - if self.section.start > 0 { SLANT_AT_FOLD } else { MAX_SLANT };
            let highest = here - MIN_SLANT;
            let wanted = self.axis.row_at(self.left_at(row)).max(here - MAX_SLANT).min(highest);
            Event { row, departs, wanted, lowest, highest }
        } else {
            let lowest = here + MIN_SLANT;
            let highest = end + if self.section.end < self.rows.len() { SLANT_AT_FOLD } else { MAX_SLANT };
            let wanted = self.axis.row_at(self.came_at(row)).min(here + MAX_SLANT).max(lowest);
            Event { row, departs, wanted, lowest, highest }
        }
    }
}

/// Places events in their order and apart, as near as possible to where they would stand: a least-squares fit by
/// pooling adjacent violators, cut to what each allows.
fn spread(events: &[Event]) -> Vec<(usize, bool, f32)> {
    let shift = |index: usize| index as f32 * MIN_GAP;
    // sums and counts of what stands at one place, without the gaps
    let mut pools: Vec<(f32, usize)> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let mut pool = (event.wanted - shift(index), 1);
        while let Some(&(sum, count)) = pools.last().filter(|(sum, count)| mean(*sum, *count) > mean(pool.0, pool.1)) {
            pool = (pool.0 + sum, pool.1 + count);
            pools.pop();
        }
        pools.push(pool);
    }
    let mut places: Vec<f32> =
        pools.iter().flat_map(|&(sum, count)| (0..count).map(move |_| mean(sum, count))).collect();
    let mut bound = f32::INFINITY;
    for (index, (place, event)) in places.iter_mut().zip(events).enumerate().rev() {
        bound = bound.min(event.highest - shift(index));
        *place = place.min(bound);
    }
    let mut bound = f32::NEG_INFINITY;
    for (index, (place, event)) in places.iter_mut().zip(events).enumerate() {
        bound = bound.max(event.lowest - shift(index));
        *place = place.max(bound);
    }
    let placed = places.iter().zip(events).enumerate();
    placed.map(|(index, (place, event))| (event.row, event.departs, place + shift(index))).collect()
}

fn mean(sum: f32, count: usize) -> f32 {
    sum / count as f32
}

/// The rows' times, made monotonous where a clock went back or there is none.
struct Axis(Vec<Nanos>);

impl Axis {
    fn of(rows: &[Row]) -> Self {
        let time = |row: &Row| match row {
            Row::Arrow(arrow) => arrow.time,
            Row::Fold(fold) => fold.times.map(|(first, _)| first),
        };
        let mut latest = rows.iter().find_map(time).unwrap_or_default();
        let monotonous = rows.iter().map(|row| {
            latest = latest.max(time(row).unwrap_or(latest));
            latest
        });
        Self(monotonous.collect())
    }

    fn time(&self, row: usize) -> Nanos {
        self.0.get(row).copied().unwrap_or_default()
    }

    /// The position of a time between the rows.
    fn row_at(&self, time: Nanos) -> f32 {
        let after = self.0.partition_point(|at| *at <= time);
        let (before, next) = (after.checked_sub(1), self.0.get(after));
        match (before, next) {
            (Some(row), Some(next)) => {
                let from = self.time(row);
                let share = time.minus(from).as_secs_f64() / next.minus(from).as_secs_f64().max(1e-9);
                row as f32 + share as f32
            }
            (Some(row), None) => row as f32 + MIN_SLANT,
            (None, _) => -MIN_SLANT,
        }
    }
}

/// Lets two arrows cross that are known to have crossed, although one-way times are not: the second was sent before
/// the first had arrived. What follows the first on its way arrives no sooner.
pub(super) fn cross(rows: &mut [Row], first: usize, second: usize) {
    let Some(leaves) = rows.get(second).and_then(Row::arrow).map(|arrow| arrow.from) else { return };
    let arrives = leaves + MIN_SLANT;
    let mut way = None;
    for arrow in rows.iter_mut().skip(first).map_while(Row::arrow_mut) {
        if *way.get_or_insert(arrow.direction) == arrow.direction {
            if arrow.to >= arrives {
                return;
            }
            arrow.to = arrives;
        }
    }
}
