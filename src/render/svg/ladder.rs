//! A ladder as an SVG drawing.

use super::arrow;
use super::canvas::{Anchor, Canvas, Point};
use super::document::{self, WIDTH};
use super::theme;
use crate::model::Direction;
use crate::model::{FindingCode, Severity};
use crate::render::table::wrap;
use crate::report::View;
use crate::report::ladder::{Arrow, ArrowKind, DeliveryStatus, Fold, Ladder, Row};
use crate::track::StreamId;

const MARGIN: f32 = 20.0;
/// Horizontal positions: the end of times, the lifelines, the start of the arithmetic.
const TIME: f32 = 124.0;
pub(super) const CLIENT: f32 = 258.0;
pub(super) const SERVER: f32 = 698.0;
const SUMS: f32 = 812.0;
/// The height of a row, of one with a remark, of a fold, and of a phase's name.
const ROW: f32 = 40.0;
const REMARK: f32 = 13.0;
const FOLD: f32 = 52.0;
const PHASE: f32 = 24.0;
/// Characters in a line of notes.
const NOTE: usize = 150;

/// The vertical positions of everything, from top to bottom.
pub(super) struct LadderDrawing<'a> {
    pub(super) ladder: &'a Ladder,
    /// The place of each row's arrow.
    rows: Vec<f32>,
    /// The top of each band, and the end of the last.
    bands: Vec<f32>,
    pub(super) top: f32,
    height: f32,
    notes: Vec<String>,
    /// The prefix of every id, so that several ladders can share a page.
    prefix: &'a str,
}

/// Draws a ladder as a fragment whose top left corner is at 0, 0; gives its height too.
pub(super) fn draw(ladder: &Ladder, prefix: &str) -> (String, f32) {
    let sheet = LadderDrawing::of(ladder, prefix);
    let mut canvas = Canvas::default();
    document::heading(&mut canvas, &ladder.title);
    sheet.draw_bands(&mut canvas);
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        sheet.draw_lifeline(&mut canvas, direction);
    }
    for (index, row) in ladder.rows.iter().enumerate() {
        match row {
            Row::Arrow(arrow) => sheet.draw_step(&mut canvas, index, arrow),
            Row::Fold(fold) => sheet.draw_fold(&mut canvas, index, fold),
        }
    }
    sheet.draw_foot(&mut canvas);
    (canvas.finish(), sheet.height)
}

/// The id of a step's group: the step's number in its conversation.
pub(super) fn step_id(prefix: &str, stream: StreamId, step: u64) -> String {
    format!("{prefix}{}-{}-step-{step}", stream.protocol.name(), stream.number)
}

impl<'a> LadderDrawing<'a> {
    fn of(ladder: &'a Ladder, prefix: &'a str) -> Self {
        let top = 128.0;
        let mut y = top;
        let (mut rows, mut bands) = (Vec::new(), Vec::new());
        for (index, row) in ladder.rows.iter().enumerate() {
            if ladder.phase_at(index).is_some() {
                // an arrow of the band before may still be on its way
                y += if index > 0 { 12.0 } else { 0.0 };
                bands.push(y);
                y += PHASE;
            }
            let height = match row {
                Row::Arrow(arrow) if arrow.remark().is_some() || grave(arrow).count() > 1 => ROW + REMARK,
                Row::Arrow(_) => ROW,
                Row::Fold(_) => FOLD,
            };
            let place = if matches!(row, Row::Fold(_)) { FOLD / 2.0 } else { 24.0 };
            rows.push(y + place);
            y += height;
        }
        let mut sheet = Self { ladder, rows, bands, top, height: 0.0, notes: Vec::new(), prefix };
        let lowest = ladder.rows.iter().filter_map(Row::arrow).map(|arrow| sheet.y(arrow.to.max(arrow.from)));
        y = lowest.fold(y, f32::max) + 16.0;
        sheet.bands.push(y);
        let notes = std::iter::once(&ladder.slant).chain(&ladder.notes);
        sheet.notes = notes.flat_map(|note| wrap(note, NOTE)).collect();
        sheet.height = y + 56.0 + sheet.notes.len() as f32 * 17.0;
        sheet
    }

    /// The place of a position in rows.
    pub(super) fn y(&self, position: f32) -> f32 {
        let Some((first, last)) = self.rows.first().zip(self.rows.last()) else { return self.top };
        let max = self.rows.len() - 1;
        if position <= 0.0 {
            return first + position * ROW;
        }
        if position >= max as f32 {
            return last + (position - max as f32) * ROW;
        }
        let row = position as usize;
        let (from, to) = (self.rows.get(row).unwrap_or(first), self.rows.get(row + 1).unwrap_or(last));
        from + (to - from) * position.fract()
    }

    pub(super) fn bottom(&self) -> f32 {
        self.bands.last().copied().unwrap_or(self.top)
    }

    fn draw_bands(&self, canvas: &mut Canvas) {
        for (band, edges) in self.ladder.bands.iter().zip(self.bands.windows(2)) {
            let [from, to] = edges else { continue };
            let name = band.phase.name();
            canvas.rect(name, Point::new(0.0, *from), WIDTH, to - from, theme::phase(band.phase));
            canvas.group("hair", theme::HAIR);
            canvas.line(Point::new(0.0, *from), Point::new(WIDTH, *from), 1.0, "");
            canvas.end();
            canvas.text("phase", Point::new(MARGIN, from + 16.0), Anchor::Start, &band.phase.title().to_uppercase());
            canvas.newline();
        }
        canvas.group("hair", theme::HAIR);
        canvas.line(Point::new(0.0, self.bottom()), Point::new(WIDTH, self.bottom()), 1.0, "");
        canvas.end();
    }

    fn draw_step(&self, canvas: &mut Canvas, index: usize, arrow: &Arrow) {
        let (class, color) = theme::arrow(arrow.kind);
        let (from_x, to_x) = match arrow.direction {
            Direction::ClientToServer => (CLIENT, SERVER),
            Direction::ServerToClient => (SERVER, CLIENT),
        };
        let (from, to) = (Point::new(from_x, self.y(arrow.from)), Point::new(to_x, self.y(arrow.to)));
        let row = self.rows.get(index).copied().unwrap_or_default();
        canvas.group_with(format_args!(
            "class=\"step {class} in-{}\" color=\"{color}\" id=\"{}\" data-frame=\"{}\" data-step=\"{}\"",
            arrow.phase.name(),
            step_id(self.prefix, self.ladder.stream, arrow.step),
            arrow.frame,
            arrow.step
        ));
        canvas.title(&format!("Step {} (frame {}): {}", arrow.step, arrow.frame, arrow.description));
        // what a reader points at, and what lights up: the margins of the row, and a band along the arrow
        let height = 24.0 + 12.0 * grave(arrow).take(2).count() as f32;
        for (left, right) in [(4.0, TIME + 8.0), (SUMS - 8.0, WIDTH - 4.0)] {
            canvas.rect("hit", Point::new(left, row - 14.0), right - left, height, "none");
        }
        canvas.hit_line(from, to, 12.0);
        canvas.text("mono small muted", Point::new(MARGIN, row + 4.0), Anchor::Start, &arrow.step.to_string());
        if let Some(time) = arrow.time {
            canvas.text("mono small muted", Point::new(TIME, row + 4.0), Anchor::End, &View::seconds(time));
        }
        arrow::draw(canvas, arrow.kind, arrow.delivery, arrow.retransmission.is_some(), from, to);
        self.draw_label(canvas, arrow, from, to);
        canvas.text("mono small", Point::new(SUMS, row + 4.0), Anchor::Start, &arrow.arithmetic);
        self.draw_findings(canvas, arrow, row);
        canvas.end();
    }

    /// The label above the arrow near its sender, and below it what else is to be said.
    ///
    /// Near the sender: arrows of one side leave apart, so that their labels never meet, and those of the other side
    /// stand at the other end.
    fn draw_label(&self, canvas: &mut Canvas, arrow: &Arrow, from: Point, to: Point) {
        let unit = from.towards(to);
        let right = unit.x > 0.0;
        let turn = if right { unit.y.atan2(unit.x) } else { (-unit.y).atan2(-unit.x) }.to_degrees();
        let anchor = if right { Anchor::Start } else { Anchor::End };
        // aside is to the right of the way, which is below only on the way to the right
        let below = |ladder_remark: f32, along: f32| {
            from.offset(unit, along, if right { ladder_remark } else { -ladder_remark })
        };
        canvas.turned_text("label", below(-6.5, 14.0), anchor, turn, &arrow.label.to_string());
        if let Some(remark) = arrow.remark() {
            canvas.turned_text("remark", below(14.0, 14.0), anchor, turn, &remark);
        }
    }

    fn draw_findings(&self, canvas: &mut Canvas, arrow: &Arrow, row: f32) {
        for (number, code) in grave(arrow).take(2).enumerate() {
            let (class, color) = theme::severity(code.severity());
            let place = Point::new(SUMS + 14.0, row + 17.0 + 12.0 * number as f32);
            canvas.group(class, color);
            let corner = Point::new(place.x - 14.0, place.y + 0.5);
            canvas.polygon(&[
                corner,
                Point::new(corner.x + 10.0, corner.y),
                Point::new(corner.x + 5.0, corner.y - 9.0),
            ]);
            canvas.text("small", place, Anchor::Start, code.name());
            canvas.end();
        }
    }

    fn draw_fold(&self, canvas: &mut Canvas, index: usize, fold: &Fold) {
        let row = self.rows.get(index).copied().unwrap_or_default();
        let middle = (CLIENT + SERVER) / 2.0;
        canvas.group_with(format_args!(
            "class=\"fold muted\" color=\"{}\" data-first-step=\"{}\" data-last-step=\"{}\"",
            theme::MUTED,
            fold.numbers.0,
            fold.numbers.1
        ));
        for x in [CLIENT, SERVER] {
            let (top, bottom) = (row - FOLD / 2.0 + 8.0, row + FOLD / 2.0 - 8.0);
            canvas.rect(fold.phase.name(), Point::new(x - 5.0, top), 10.0, bottom - top, theme::phase(fold.phase));
            canvas.line(Point::new(x, top), Point::new(x, bottom), 1.6, "2 4");
        }
        canvas.text("fold", Point::new(middle, row - 2.0), Anchor::Middle, &format!("… {} …", fold.text()));
        canvas.text("small muted", Point::new(middle, row + 14.0), Anchor::Middle, &fold.detail());
        canvas.end();
    }

    /// The legend and the notes.
    fn draw_foot(&self, canvas: &mut Canvas) {
        let y = self.bottom() + 26.0;
        let mut x = MARGIN;
        for kind in self.ladder.kinds() {
            let (class, color) = theme::arrow(kind);
            canvas.group(class, color);
            let (from, to) = (Point::new(x + 6.0, y), Point::new(x + 52.0, y));
            arrow::draw(canvas, kind, DeliveryStatus::Arrived, false, from, to);
            canvas.end();
            canvas.text("small", Point::new(x + 60.0, y + 4.0), Anchor::Start, kind.name());
            x += 78.0 + kind.name().len() as f32 * 7.0;
        }
        if self.ladder.rows.iter().filter_map(Row::arrow).any(|arrow| arrow.retransmission.is_some()) {
            let (class, color) = theme::arrow(ArrowKind::Data);
            canvas.group(class, color);
            let (from, to) = (Point::new(x + 6.0, y), Point::new(x + 52.0, y));
            arrow::draw(canvas, ArrowKind::Data, DeliveryStatus::Arrived, true, from, to);
            canvas.end();
            canvas.text("small", Point::new(x + 60.0, y + 4.0), Anchor::Start, "again");
        }
        canvas.newline();
        for (number, note) in self.notes.iter().enumerate() {
            let place = Point::new(MARGIN, y + 26.0 + number as f32 * 17.0);
            canvas.text("small muted", place, Anchor::Start, note);
            canvas.newline();
        }
    }
}

/// The findings that are named beside an arrow.
fn grave(arrow: &Arrow) -> impl Iterator<Item = FindingCode> + '_ {
    arrow.findings.iter().copied().filter(|code| code.severity() >= Severity::Warning)
}
