//! The graphs of a whole capture: traffic over time, and the largest conversations.

use super::super::canvas::{Anchor, Canvas, Point};
use super::super::document::{self, WIDTH};
use super::axis::{Axis, Quantity, column};
use super::conversation::{COLUMNS, spread};
use super::panel::{Panel, PlotArea, SeriesStyle};
use crate::report::series::CaptureSeries;
use crate::report::{count, counted};

const TRAFFIC: SeriesStyle = SeriesStyle { class: "data", color: "#1f5fa8", width: 1.6, dash: "" };
const HEIGHT: f32 = 230.0;
/// The height of a conversation's bar, where it begins and how long the largest is.
const ROW: f32 = 24.0;
const BAR: f32 = 430.0;
const LONGEST: f32 = 360.0;

/// Draws the graphs of a capture and gives their height.
pub(super) fn draw(title: &str, series: &CaptureSeries) -> (String, f32) {
    let mut canvas = Canvas::default();
    document::heading(&mut canvas, title);
    let mut y = 48.0;
    y += traffic(&mut canvas, y, series);
    y += largest(&mut canvas, y, series);
    (canvas.finish(), y + 16.0)
}

fn traffic(canvas: &mut Canvas, y: f32, series: &CaptureSeries) -> f32 {
    let Some(end) = series.traffic.slots().last().map(|slot| slot.to).filter(|end| end.0 > 0) else { return 0.0 };
    let width = column(end, COLUMNS);
    let of_width = width.human().to_string().replace(".00 ", " ").replace(".0 ", " ");
    let graphs = [
        (0.0, format!("Packets per {of_width}"), Quantity::Packets, spread(&series.traffic, width, |s| s.packets)),
        (WIDTH / 2.0, format!("Bytes per {of_width}"), Quantity::Bytes, spread(&series.traffic, width, |s| s.bytes)),
    ];
    for (x, title, quantity, columns) in graphs {
        let top = columns.iter().copied().fold(1.0, f64::max);
        let place = PlotArea { x, y, width: WIDTH / 2.0, height: HEIGHT };
        let axis = Axis::exact(Quantity::Time, 0.0, end.0 as f64, 5);
        let mut panel = Panel::new(canvas, place, &title, axis, Axis::rounded(quantity, top, 5));
        panel.columns(TRAFFIC, &columns, width);
    }
    HEIGHT
}

fn largest(canvas: &mut Canvas, y: f32, series: &CaptureSeries) -> f32 {
    let largest = series.largest();
    let Some(max) = largest.first().map(|size| size.bytes.max(1)) else { return 0.0 };
    let title = match series.conversations() - largest.len() as u64 {
        0 => "Conversations by size".to_owned(),
        more => format!("The largest conversations; {more} smaller ones are not drawn", more = count(more)),
    };
    canvas.text("role", Point::new(58.0, y + 18.0), Anchor::Start, &title);
    for (index, size) in largest.iter().enumerate() {
        let row = y + 34.0 + index as f32 * ROW;
        let length = LONGEST * (size.bytes as f64 / max as f64) as f32;
        let ends = format!("{}  {} → {}", size.stream, size.ends.0, size.ends.1);
        canvas.text("mono small", Point::new(BAR - 12.0, row + 13.0), Anchor::End, &shortened(&ends));
        canvas.group("data", TRAFFIC.color);
        canvas.rect("size", Point::new(BAR, row + 2.0), length.max(1.5), ROW - 9.0, "currentColor");
        canvas.end();
        let text = format!("{}, {}", counted(size.bytes, "byte"), counted(size.packets, "packet"));
        canvas.text("small muted", Point::new(BAR + length + 10.0, row + 13.0), Anchor::Start, &text);
        canvas.newline();
    }
    34.0 + largest.len() as f32 * ROW + 10.0
}

/// At most as many characters as there is room for.
fn shortened(text: &str) -> String {
    const ROOM: usize = 64;
    match text.chars().count() {
        0..=ROOM => text.to_owned(),
        _ => text.chars().take(ROOM - 1).chain(['…']).collect(),
    }
}
