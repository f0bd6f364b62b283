//! Arrows of characters: each kind has a shape of its own, so that colour is never needed to distinguish them.

use crate::model::Direction;
use crate::report::ladder::{Arrow, ArrowKind, DeliveryStatus};

/// The characters of an arrow.
struct Stroke {
    tail: char,
    line: char,
    /// Towards the right, towards the left.
    head: (char, char),
}

impl Stroke {
    const fn new(tail: char, line: char, right: char, left: char) -> Self {
        Self { tail, line, head: (right, left) }
    }

    const fn of(kind: ArrowKind, ascii: bool) -> Self {
        match (kind, ascii) {
            (ArrowKind::Syn, false) => Self::new('●', '─', '▶', '◀'),
            (ArrowKind::Data | ArrowKind::Datagram, false) => Self::new('━', '━', '▶', '◀'),
            (ArrowKind::Ack, false) => Self::new('─', '─', '▷', '◁'),
            (ArrowKind::Fin, false) => Self::new('■', '─', '▶', '◀'),
            (ArrowKind::Rst, false) => Self::new('×', '≈', '▶', '◀'),
            (ArrowKind::Icmp, false) => Self::new('◆', '┄', '▶', '◀'),
            (ArrowKind::Syn, true) => Self::new('o', '-', '>', '<'),
            (ArrowKind::Data | ArrowKind::Datagram, true) => Self::new('=', '=', '>', '<'),
            (ArrowKind::Ack, true) => Self::new('-', '-', '>', '<'),
            (ArrowKind::Fin, true) => Self::new('#', '-', '>', '<'),
            (ArrowKind::Rst, true) => Self::new('x', '~', '>', '<'),
            (ArrowKind::Icmp, true) => Self::new('*', '.', '>', '<'),
        }
    }
}

/// An arrow over `room` columns.
pub(super) fn arrow(arrow: &Arrow, room: usize, ascii: bool) -> String {
    let stroke = Stroke::of(arrow.kind, ascii);
    let right = arrow.direction == Direction::ClientToServer;
    let head = if right { stroke.head.0 } else { stroke.head.1 };
    let (length, line, end) = match arrow.delivery {
        DeliveryStatus::Arrived => (room, stroke.line, head),
        DeliveryStatus::Lost(_) | DeliveryStatus::LostOnWire(_) => {
            (room * 3 / 5, stroke.line, if ascii { 'X' } else { '✗' })
        }
        DeliveryStatus::Unanswered(_) => (room * 4 / 5, stroke.line, '?'),
        DeliveryStatus::Corrupted(_) => (room, stroke.line, if ascii { 'X' } else { '✗' }),
    };
    let mut drawn: Vec<char> = Vec::with_capacity(room);
    drawn.push(stroke.tail);
    drawn.extend(std::iter::repeat_n(line, length.saturating_sub(2)));
    drawn.push(end);
    drawn.extend(std::iter::repeat_n(' ', room.saturating_sub(drawn.len())));
    if !right {
        drawn.reverse();
    }
    drawn.into_iter().collect()
}

/// A short arrow with its name.
pub(super) fn legend(kind: ArrowKind, ascii: bool) -> String {
    let stroke = Stroke::of(kind, ascii);
    format!("{}{}{}{} {}", stroke.tail, stroke.line, stroke.line, stroke.head.0, kind.name())
}
