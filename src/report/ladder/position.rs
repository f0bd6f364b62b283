//! Where arrows begin and end, in rows.
//!
//! A frame was captured at one moment, which is when it left one end, or reached the other, or passed between. The
//! other moment lies half a round trip away. Rows stand in the order of the capture, one a frame, so time on the paper
//! is stretched and squeezed between them; the other moment is put where it belongs between the rows around it. Then
//! arrows cross where the packets did.

use super::{Arrow, Row};
use crate::model::{Direction, Nanos, PerDirection};
use crate::track::{ConversationTotals, Vantage};

/// A slant that can be seen, and that still ends before the next row's arrow begins.
const LEAST: f32 = 0.28;
/// A burst would make arrows so steep that nobody could read them.
const MOST: f32 = 2.5;

/// How long a packet is under way, and the share of it that lies before the point of capture for the client's packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct OneWay {
    pub(super) time: Nanos,
    before_capture: f64,
}

impl OneWay {
    /// Half of the handshake's round trip; `None` where it can't be told or makes no difference.
    pub(super) fn of(totals: &ConversationTotals) -> Option<Self> {
        let round_trip = totals.rtt?.handshake?;
        let before_capture = match totals.tcp.as_ref()?.story.standpoint.vantage? {
            Vantage::Client => 0.0,
            Vantage::Between => 0.5,
            Vantage::Server => 1.0,
            Vantage::SameHost => return None,
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

/// Slants the arrows by the one-way time.
pub(super) fn slant(rows: &mut [Row], one_way: OneWay) {
    let axis = Axis::of(rows);
    let folds: Vec<bool> = rows.iter().map(|row| matches!(row, Row::Fold(_))).collect();
    let is_fold = |row: Option<usize>| row.and_then(|row| folds.get(row)).copied().unwrap_or_default();
    for (index, row) in rows.iter_mut().enumerate() {
        let Row::Arrow(arrow) = row else { continue };
        let Some(time) = arrow.time else { continue };
        let (before, after) = one_way.around(arrow.direction);
        let here = index as f32;
        // nothing is drawn across a fold: there is no time axis in it
        let most_before = if is_fold(index.checked_sub(1)) { 0.5 } else { MOST };
        let most_after = if is_fold(Some(index + 1)) { 0.5 } else { MOST };
        if before.0 > 0 {
            arrow.from = here - (here - axis.row_at(time.minus(before))).clamp(LEAST.min(most_before), most_before);
        }
        if after.0 > 0 {
            arrow.to = here + (axis.row_at(time.plus(after)) - here).clamp(LEAST.min(most_after), most_after);
        }
    }
}

/// The rows' times, made monotonous where a clock went back.
struct Axis(Vec<(Nanos, f32)>);

impl Axis {
    fn of(rows: &[Row]) -> Self {
        let mut latest = Nanos(i64::MIN);
        let mut points = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let time = match row {
                Row::Arrow(arrow) => arrow.time,
                Row::Fold(fold) => fold.times.map(|(first, _)| first),
            };
            let Some(time) = time else { continue };
            latest = latest.max(time);
            points.push((latest, index as f32));
        }
        Self(points)
    }

    /// Where a moment lies between the rows.
    fn row_at(&self, time: Nanos) -> f32 {
        let after = self.0.partition_point(|(at, _)| *at <= time);
        let (before, next) = (after.checked_sub(1).and_then(|i| self.0.get(i)), self.0.get(after));
        match (before, next) {
            (Some((from, row)), Some((to, next_row))) => {
                let share = time.minus(*from).as_secs_f64() / to.minus(*from).as_secs_f64().max(1e-9);
                row + (next_row - row) * share as f32
            }
            (Some((_, row)), None) => row + LEAST,
            (None, Some((_, row))) => row - LEAST,
            (None, None) => 0.0,
        }
    }
}

/// How far back an acknowledged segment is looked for.
const LOOK_BACK: usize = 48;
/// Between the arrival of a segment and its ACK: room for a label.
const GAP: f32 = 0.3;
/// Between two departures from one end: as much.
const APART: f32 = 0.38;

/// Keeps what is acknowledged before its ACK: half a round trip is an estimate, and may be a little too long.
///
/// `acks` says of two rows whether the second acknowledges the first.
pub(super) fn keep_causes_before_effects(rows: &mut [Row], acks: impl Fn(usize, usize) -> bool) {
    for later in 0..rows.len() {
        for earlier in later.saturating_sub(LOOK_BACK)..later {
            if !acks(earlier, later) {
                continue;
            }
            let Ok([Row::Arrow(cause), Row::Arrow(effect)]) = rows.get_disjoint_mut([earlier, later]) else { continue };
            let overlap = cause.to + GAP - effect.from;
            if overlap > 0.0 {
                cause.to = (cause.to - overlap / 2.0).max(cause.from + LEAST);
                // no segment leaves after the moment of its capture
                effect.from = (cause.to + GAP).min(effect.to.max(later as f32) - LEAST).min(later as f32);
                cause.to = cause.to.min(effect.from);
            }
        }
    }
}

/// Moves departures apart that a label would not fit between: earlier ones up, or, once causes stand before their
/// effects, later ones down.
pub(super) fn spread_departures(rows: &mut [Row], up: bool) {
    let mut nearest: PerDirection<Option<f32>> = PerDirection::default();
    let last = rows.len().saturating_sub(1);
    for step in 0..rows.len() {
        let index = if up { last - step } else { step };
        let Some(Row::Arrow(arrow)) = rows.get_mut(index) else {
            nearest = PerDirection::default();
            continue;
        };
        let here = index as f32;
        let near = nearest.get_mut(arrow.direction);
        // where the frame was captured as it left, rows are apart already
        if arrow.from < here {
            match *near {
                Some(later) if up => arrow.from = arrow.from.min(later - APART).max(here - MOST - APART),
                Some(earlier) => arrow.from = arrow.from.max(earlier + APART).min(here - LEAST),
                None => {}
            }
        }
        *near = Some(arrow.from);
    }
}

/// Lets two arrows cross that are known to have crossed, although one-way times are not: the second was sent before
/// the first had arrived.
pub(super) fn cross(first: &mut Arrow, second_from: f32) {
    first.to = first.to.max(second_from + LEAST);
}
