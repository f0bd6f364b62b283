//! A ladder as an SVG drawing.

use super::arrow;
use super::canvas::{Anchor, Canvas, Number, Point};
use super::theme;
use crate::explain::Severity;
use crate::model::Direction;
use crate::render::table::wrap;
use crate::report::View;
use crate::report::ladder::{Arrow, ArrowKind, Change, Fate, Fold, Ladder, Lifeline, Row, State};

/// Width of every drawing, in pixels.
pub(super) const WIDTH: f32 = 1_000.0;
const MARGIN: f32 = 20.0;
/// Where times end, where the lifelines stand, where the arithmetic begins.
const TIME: f32 = 124.0;
const CLIENT: f32 = 258.0;
const SERVER: f32 = 698.0;
const SUMS: f32 = 812.0;
/// The height of a row, of one with a remark, of a fold, and of a phase's name.
const ROW: f32 = 40.0;
const REMARK: f32 = 13.0;
const FOLD: f32 = 52.0;
const PHASE: f32 = 24.0;
/// Characters in a line of notes.
const NOTE: usize = 150;

/// Where everything stands, from top to bottom.
struct Sheet<'a> {
    ladder: &'a Ladder,
    /// The place of each row's arrow.
    rows: Vec<f32>,
    /// The top of each band, and the end of the last.
    bands: Vec<f32>,
    top: f32,
    height: f32,
    notes: Vec<String>,
    /// What goes before every id, so that several ladders can share a page.
    prefix: &'a str,
}

/// Draws a ladder as a fragment whose top left corner is at 0, 0; gives its height too.
pub(super) fn draw(ladder: &Ladder, prefix: &str) -> (String, f32) {
    let sheet = Sheet::of(ladder, prefix);
    let mut canvas = Canvas::default();
    canvas.text("h", Point::new(MARGIN, 28.0), Anchor::Start, &ladder.title);
    canvas.newline();
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
pub(super) fn step_id(prefix: &str, ladder: &Ladder, step: u64) -> String {
    format!("{prefix}{}-{}-step-{step}", ladder.stream.protocol.name(), ladder.stream.number)
}

impl<'a> Sheet<'a> {
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
                Row::Arrow(arrow) if arrow.remark().is_some() => ROW + REMARK,
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
    fn y(&self, position: f32) -> f32 {
        let Some((first, last)) = self.rows.first().zip(self.rows.last()) else { return self.top };
        let most = self.rows.len() - 1;
        if position <= 0.0 {
            return first + position * ROW;
        }
        if position >= most as f32 {
            return last + (position - most as f32) * ROW;
        }
        let row = position as usize;
        let (from, to) = (self.rows.get(row).unwrap_or(first), self.rows.get(row + 1).unwrap_or(last));
        from + (to - from) * position.fract()
    }

    fn bottom(&self) -> f32 {
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
            canvas.text("phase", Point::new(MARGIN, from + 16.0), Anchor::Start, &name.to_uppercase());
            canvas.newline();
        }
        canvas.group("hair", theme::HAIR);
        canvas.line(Point::new(0.0, self.bottom()), Point::new(WIDTH, self.bottom()), 1.0, "");
        canvas.end();
    }

    fn draw_lifeline(&self, canvas: &mut Canvas, direction: Direction) {
        let (lifeline, x) = match direction {
            Direction::ClientToServer => (&self.ladder.lifelines.client_to_server, CLIENT),
            Direction::ServerToClient => (&self.ladder.lifelines.server_to_client, SERVER),
        };
        canvas.group("lifeline ink", theme::INK);
        let place = |y| Point::new(x, y);
        canvas.text("role", place(56.0), Anchor::Middle, lifeline.role);
        canvas.text("mono", place(74.0), Anchor::Middle, &lifeline.endpoint.to_string());
        if let Some(isn) = lifeline.isn_text() {
            canvas.text("mono small muted", place(91.0), Anchor::Middle, &isn);
        }
        canvas.line(place(100.0), place(self.bottom()), 1.0, "");
        self.draw_states(canvas, lifeline, x);
        canvas.end();
    }

    /// The states beside a lifeline, and a bar along it whose width tells them apart.
    fn draw_states(&self, canvas: &mut Canvas, lifeline: &Lifeline, x: f32) {
        let (side, anchor) = if x < WIDTH / 2.0 { (-12.0, Anchor::End) } else { (12.0, Anchor::Start) };
        let mut last_label = 0.0;
        let mut label = |canvas: &mut Canvas, y: f32, state: State| {
            let y = f32::max(y, last_label + 12.0);
            last_label = y;
            canvas.text("state", Point::new(x + side, y), anchor, state.name());
        };
        let start = lifeline.before.map(|state| (self.top - 16.0, state));
        if let Some((y, state)) = start {
            label(canvas, y + 4.0, state);
        }
        let changes = lifeline.changes.iter().map(|change: &Change| (self.y(change.at), change.state));
        let spans: Vec<(f32, State)> = start.into_iter().chain(changes).collect();
        for (index, (from, state)) in spans.iter().enumerate() {
            let to = spans.get(index + 1).map_or(self.bottom(), |(to, _)| *to);
            if let Some((width, dash)) = bar(*state) {
                canvas.line(Point::new(x, *from), Point::new(x, to), width, dash);
            }
            if index > 0 || start.is_none() {
                label(canvas, from + 4.0, *state);
            }
        }
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
            step_id(self.prefix, self.ladder, arrow.step),
            arrow.frame,
            arrow.step
        ));
        canvas.title(&format!("Step {} (frame {}): {}", arrow.step, arrow.frame, arrow.description));
        let highest = from.y.min(to.y).min(row) - 18.0;
        let lowest = from.y.max(to.y).max(row) + 8.0;
        canvas.rect("hit", Point::new(4.0, highest), WIDTH - 8.0, lowest - highest, "none");
        canvas.text("mono small muted", Point::new(MARGIN, row + 4.0), Anchor::Start, &arrow.step.to_string());
        if let Some(time) = arrow.time {
            canvas.text("mono small muted", Point::new(TIME, row + 4.0), Anchor::End, &View::seconds(time));
        }
        arrow::draw(canvas, arrow.kind, arrow.fate, arrow.again.is_some(), from, to);
        self.draw_label(canvas, arrow, from, to);
        canvas.text("mono small", Point::new(SUMS, row + 4.0), Anchor::Start, &arrow.arithmetic);
        self.draw_findings(canvas, arrow, row);
        canvas.end();
    }

    /// The label above the arrow near its sender, and what is to be said of it below.
    fn draw_label(&self, canvas: &mut Canvas, arrow: &Arrow, from: Point, to: Point) {
        let unit = from.towards(to);
        let right = unit.x > 0.0;
        let turn = if right { unit.y.atan2(unit.x) } else { (-unit.y).atan2(-unit.x) }.to_degrees();
        let anchor = if right { Anchor::Start } else { Anchor::End };
        // aside is to the right of the way, which is below only for arrows to the right
        let above = |aside: f32, along: f32| from.offset(unit, along, if right { -aside } else { aside });
        canvas.turned_text("label", above(6.5, 14.0), anchor, turn, &arrow.label.to_string());
        if let Some(remark) = arrow.remark() {
            canvas.turned_text("remark", above(-14.0, 14.0), anchor, turn, &remark);
        }
    }

    fn draw_findings(&self, canvas: &mut Canvas, arrow: &Arrow, row: f32) {
        let grave = arrow.findings.iter().filter(|code| code.severity() >= Severity::Warning);
        for (number, code) in grave.take(2).enumerate() {
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
            arrow::draw(canvas, kind, Fate::Arrived, false, from, to);
            canvas.end();
            canvas.text("small", Point::new(x + 60.0, y + 4.0), Anchor::Start, kind.name());
            x += 78.0 + kind.name().len() as f32 * 7.0;
        }
        if self.ladder.rows.iter().filter_map(Row::arrow).any(|arrow| arrow.again.is_some()) {
            let (class, color) = theme::arrow(ArrowKind::Data);
            canvas.group(class, color);
            let (from, to) = (Point::new(x + 6.0, y), Point::new(x + 52.0, y));
            arrow::draw(canvas, ArrowKind::Data, Fate::Arrived, true, from, to);
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

/// How a state is drawn along the lifeline: broad while data can flow, dashed while nothing more will.
fn bar(state: State) -> Option<(f32, &'static str)> {
    match state {
        State::Closed | State::Listen => None,
        State::Established => Some((6.0, "")),
        State::SynSent | State::SynReceived => Some((3.0, "")),
        State::FinWait1 | State::FinWait2 | State::CloseWait | State::Closing | State::LastAck => Some((4.0, "")),
        State::TimeWait => Some((4.0, "2 3")),
    }
}

/// A whole document around fragments that lie below one another.
pub(super) fn document(fragments: &[(String, f32)], title: &str) -> String {
    let height: f32 = fragments.iter().map(|(_, height)| height).sum::<f32>().max(40.0);
    let (width, height) = (Number(WIDTH), Number(height));
    let mut canvas = Canvas::default();
    canvas.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    canvas.raw(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"echolab\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#1b1f24\">\n"
    ));
    canvas.title(title);
    canvas.raw(&format!("\n<style>{}</style>\n", theme::STYLE));
    canvas.raw(&format!("<rect class=\"paper\" width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"));
    let mut y = 0.0;
    for (fragment, height) in fragments {
        canvas.raw(&format!("<g transform=\"translate(0 {})\">\n{fragment}</g>\n", Number(y)));
        y += height;
    }
    canvas.raw("</svg>\n");
    canvas.finish()
}
