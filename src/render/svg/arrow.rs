//! The shapes of arrows: each kind has its own, so that colour is never needed to distinguish them.

use super::canvas::{Anchor, Canvas, Point};
use crate::report::ladder::{ArrowKind, DeliveryStatus};

/// The drawing style of a kind of arrow.
struct Stroke {
    width: f32,
    dash: &'static str,
    head: Head,
    tail: Tail,
}

enum Head {
    Filled,
    Open,
}

enum Tail {
    None,
    Circle,
    Square,
    Cross,
    Diamond,
}

impl Stroke {
    fn of(kind: ArrowKind) -> Self {
        let (width, dash, head, tail) = match kind {
            ArrowKind::Syn => (1.8, "", Head::Filled, Tail::Circle),
            ArrowKind::Data | ArrowKind::Datagram => (2.4, "", Head::Filled, Tail::None),
            ArrowKind::Ack => (1.2, "", Head::Open, Tail::None),
            ArrowKind::Fin => (1.8, "", Head::Filled, Tail::Square),
            ArrowKind::Rst => (1.8, "9 4", Head::Filled, Tail::Cross),
            ArrowKind::Icmp => (1.8, "2 4", Head::Filled, Tail::Diamond),
        };
        Self { width, dash, head, tail }
    }
}

/// Draws an arrow of a kind; one that repeats another is a double line, one that is lost ends short in a cross.
pub(super) fn draw(
    canvas: &mut Canvas,
    kind: ArrowKind,
    delivery: DeliveryStatus,
    again: bool,
    from: Point,
    to: Point,
) {
    let stroke = Stroke::of(kind);
    let unit = from.towards(to);
    let length = from.distance(to);
    let reach = match delivery {
        DeliveryStatus::Arrived => length,
        DeliveryStatus::Lost(_) | DeliveryStatus::LostOnWire(_) => length * 0.62,
        DeliveryStatus::Unanswered(_) => length * 0.8,
        DeliveryStatus::Corrupted(_) => length - 8.0,
    };
    let tip = from.offset(unit, reach, 0.0);
    let arrives = delivery == DeliveryStatus::Arrived;
    let stop = if arrives && matches!(stroke.head, Head::Filled) { from.offset(unit, reach - 8.0, 0.0) } else { tip };
    match delivery {
        DeliveryStatus::Unanswered(_) => {
            let solid = from.offset(unit, length * 0.55, 0.0);
            canvas.line(from, solid, stroke.width, stroke.dash);
            canvas.line(solid, from.offset(unit, reach - 8.0, 0.0), stroke.width, "4 5");
        }
        _ => canvas.line(from, stop, stroke.width, stroke.dash),
    }
    if again {
        let (start, end) = (from.offset(unit, 6.0, 3.4), from.offset(unit, reach - 13.0, 3.4));
        canvas.line(start, end, 1.0, "");
    }
    match delivery {
        DeliveryStatus::Arrived => head(canvas, &stroke, tip, unit),
        DeliveryStatus::Lost(_) | DeliveryStatus::LostOnWire(_) | DeliveryStatus::Corrupted(_) => {
            cross(canvas, tip, 5.5, 2.2)
        }
        DeliveryStatus::Unanswered(_) => {
            canvas.text("lost", Point::new(tip.x, tip.y + 6.0), Anchor::Middle, "?");
        }
    }
    tail(canvas, &stroke.tail, from, unit);
}

fn head(canvas: &mut Canvas, stroke: &Stroke, tip: Point, unit: Point) {
    let (above, below) = (tip.offset(unit, -10.0, -4.4), tip.offset(unit, -10.0, 4.4));
    match stroke.head {
        Head::Filled => canvas.polygon(&[tip, above, below]),
        Head::Open => canvas.polyline(&[above, tip, below], 1.2, ""),
    }
}

fn tail(canvas: &mut Canvas, tail: &Tail, at: Point, unit: Point) {
    match tail {
        Tail::None => {}
        Tail::Circle => canvas.circle(at, 4.2),
        Tail::Square => canvas.polygon(&[
            at.offset(unit, -4.0, -4.0),
            at.offset(unit, 4.0, -4.0),
            at.offset(unit, 4.0, 4.0),
            at.offset(unit, -4.0, 4.0),
        ]),
        Tail::Cross => cross(canvas, at, 4.5, 1.8),
        Tail::Diamond => canvas.polygon(&[
            at.offset(unit, -5.0, 0.0),
            at.offset(unit, 0.0, -5.0),
            at.offset(unit, 5.0, 0.0),
            at.offset(unit, 0.0, 5.0),
        ]),
    }
}

fn cross(canvas: &mut Canvas, at: Point, arm: f32, width: f32) {
    canvas.line(Point::new(at.x - arm, at.y - arm), Point::new(at.x + arm, at.y + arm), width, "");
    canvas.line(Point::new(at.x - arm, at.y + arm), Point::new(at.x + arm, at.y - arm), width, "");
}
